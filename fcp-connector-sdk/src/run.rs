//! Stepping through a call without an executor.
//!
//! A call is a future that waits for nothing but its own effects. [`Step::start`] runs it up to its first effect;
//! [`Suspended::resume`] hands in the answer and runs it up to the next. Both states are values that are used up by the
//! step, so an answer cannot be given twice or to a call that asked nothing.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use fcp_core::cbor::Value;
use fcp_core::error::Reason;

use crate::context::{CallFacts, Cx, Slot};
use crate::effect::{Effect, EffectResult};
use crate::error::Error;

/// How far a call has come.
#[derive(Debug)]
#[must_use = "a call goes on only if somebody performs its effects"]
pub enum Step<T = Value> {
    /// It wants something done.
    Effect(Effect, Suspended<T>),
    /// It has ended.
    Done(Result<T, Error>),
}

/// A call that waits for the answer to its effect.
pub struct Suspended<T = Value> {
    future: Pin<Box<dyn Future<Output = Result<T, Error>>>>,
    slot: Rc<Slot>,
}

impl<T> std::fmt::Debug for Suspended<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Suspended(..)")
    }
}

/// Remembers that something woke the call while it was being polled.
#[derive(Default)]
struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl<T> Step<T> {
    /// Starts a call and runs it up to its first effect.
    pub fn start<F>(facts: CallFacts, call: impl FnOnce(Cx) -> F) -> Self
    where
        F: Future<Output = Result<T, Error>> + 'static,
    {
        let cx = Cx::new(facts);
        let slot = Rc::clone(cx.slot());
        Suspended { future: Box::pin(call(cx)), slot }.poll()
    }
}

impl<T> Suspended<T> {
    /// Hands in what came of the effect and runs the call up to its next one.
    pub fn resume(self, result: EffectResult) -> Step<T> {
        self.slot.answer(result);
        self.poll()
    }

    fn poll(mut self) -> Step<T> {
        let flag = Arc::new(Flag::default());
        let waker = Waker::from(Arc::clone(&flag));
        loop {
            if let Poll::Ready(result) = self.future.as_mut().poll(&mut Context::from_waker(&waker)) {
                return Step::Done(result);
            }
            // A waker that was called means that a part of the call can go on at once.
            if flag.0.swap(false, Ordering::Relaxed) {
                continue;
            }
            return match self.slot.take_effect() {
                Some(effect) => Step::Effect(effect, self),
                None => Step::Done(Err(Error::from(Reason::ExecutionStalled))),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Step, Suspended};
    use crate::context::{CallFacts, Cx};
    use crate::effect::{Effect, EffectResult};
    use crate::error::Error;
    use fcp_core::error::Reason;
    use fcp_core::time::Timestamp;
    use std::future::{Future, poll_fn};
    use std::pin::pin;
    use std::task::Poll;

    fn start<T, F: Future<Output = Result<T, Error>> + 'static>(call: impl FnOnce(Cx) -> F) -> Step<T> {
        Step::start(CallFacts::default(), call)
    }

    fn suspended<T>(step: Step<T>) -> (Effect, Suspended<T>) {
        match step {
            Step::Effect(effect, suspended) => (effect, suspended),
            Step::Done(_) => panic!("the call has ended"),
        }
    }

    fn done<T>(step: Step<T>) -> Result<T, Error> {
        match step {
            Step::Done(result) => result,
            Step::Effect(effect, _) => panic!("the call wants {}", effect.name()),
        }
    }

    const TIME: EffectResult = EffectResult::Time(Timestamp::from_secs(7));

    #[test]
    fn each_await_is_one_effect() {
        let step = start(|cx| async move {
            let first = cx.now().await?;
            let bytes = cx.random::<2>().await?;
            Ok((first, bytes))
        });
        let (effect, call) = suspended(step);
        assert_eq!(effect, Effect::Now);
        let (effect, call) = suspended(call.resume(TIME));
        assert_eq!(effect, Effect::Random { length: 2 });
        assert_eq!(done(call.resume(EffectResult::Random(vec![1, 2]))).unwrap(), (Timestamp::from_secs(7), [1, 2]));
    }

    #[test]
    fn another_kind_of_answer_is_refused() {
        for answer in [EffectResult::Done, EffectResult::Random(vec![])] {
            let (_, call) = suspended(start(|cx| async move { cx.now().await }));
            assert_eq!(done(call.resume(answer)).unwrap_err().reason(), Some(Reason::ExecutionEffectMismatch));
        }
        let (_, call) = suspended(start(|cx| async move { cx.random::<4>().await }));
        let short = call.resume(EffectResult::Random(vec![1]));
        assert_eq!(done(short).unwrap_err().reason(), Some(Reason::ExecutionEffectMismatch));
    }

    #[test]
    fn a_refused_effect_is_an_error_of_the_call() {
        let (_, call) = suspended(start(|cx| async move { cx.now().await }));
        let refused = call.resume(EffectResult::Failed(Reason::ExecutionEffectUnsupported.into()));
        assert_eq!(done(refused).unwrap_err().reason(), Some(Reason::ExecutionEffectUnsupported));
    }

    #[test]
    fn waiting_for_anything_else_stalls() {
        let step = start(|_| async { std::future::pending::<Result<(), Error>>().await });
        assert_eq!(done(step).unwrap_err().reason(), Some(Reason::ExecutionStalled));
    }

    /// Polls both, the second first, until both are ready: what `join!` does, in its less convenient order.
    async fn both<A: Future, B: Future>(first: A, second: B) -> (A::Output, B::Output) {
        let (mut first, mut second) = (pin!(first), pin!(second));
        let (mut one, mut two) = (None, None);
        poll_fn(move |context| {
            if two.is_none()
                && let Poll::Ready(value) = second.as_mut().poll(context)
            {
                two = Some(value);
            }
            if one.is_none()
                && let Poll::Ready(value) = first.as_mut().poll(context)
            {
                one = Some(value);
            }
            match (one.take(), two.take()) {
                (Some(one), Some(two)) => Poll::Ready((one, two)),
                (left, right) => {
                    (one, two) = (left, right);
                    Poll::Pending
                }
            }
        })
        .await
    }

    #[test]
    fn effects_of_joined_futures_go_out_one_by_one() {
        let step = start(|cx| async move {
            let (time, bytes) = both(cx.now(), both(cx.random::<1>(), cx.random::<2>())).await;
            Ok((time?, bytes.0?, bytes.1?))
        });
        let mut step = step;
        let mut asked = Vec::new();
        let result = loop {
            match step {
                Step::Done(result) => break result,
                Step::Effect(effect, call) => {
                    step = call.resume(match effect {
                        Effect::Random { length } => EffectResult::Random(vec![9; usize::from(length)]),
                        _ => TIME,
                    });
                    asked.push(effect.name());
                }
            }
        };
        assert_eq!(asked.len(), 3);
        assert_eq!(result.unwrap(), (Timestamp::from_secs(7), [9], [9, 9]));
    }

    #[test]
    fn an_effect_that_nobody_waits_for_is_retracted_or_its_answer_dropped() {
        // Dropped before the host saw it: only the second effect goes out.
        let step = start(|cx| async move {
            let mut first = Box::pin(cx.now());
            poll_fn(|context| {
                let _ = first.as_mut().poll(context);
                Poll::Ready(())
            })
            .await;
            drop(first);
            cx.random::<1>().await
        });
        let (effect, call) = suspended(step);
        assert_eq!(effect, Effect::Random { length: 1 });
        assert_eq!(done(call.resume(EffectResult::Random(vec![3]))).unwrap(), [3]);

        // Dropped while the host is at it: the next effect waits until the answer is there, and does not get it.
        let step = start(|cx| async move {
            let mut first = Some(Box::pin(cx.now()));
            let mut second = Box::pin(cx.random::<1>());
            let mut polls = 0_u8;
            poll_fn(move |context| {
                polls += 1;
                if let Some(future) = &mut first {
                    let _ = future.as_mut().poll(context);
                }
                if polls > 1 {
                    first = None;
                }
                second.as_mut().poll(context)
            })
            .await
        });
        let (effect, call) = suspended(step);
        assert_eq!(effect, Effect::Now);
        let (effect, call) = suspended(call.resume(TIME));
        assert_eq!(effect, Effect::Random { length: 1 });
        assert_eq!(done(call.resume(EffectResult::Random(vec![5]))).unwrap(), [5]);
    }
}
