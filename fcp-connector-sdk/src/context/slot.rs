//! The one outstanding effect of a call.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use crate::effect::{Effect, EffectResult};

/// Where a call and its host meet: an effect lies here until the host takes it, its answer until the call takes it.
#[derive(Default)]
pub(crate) struct Slot {
    content: Cell<Content>,
    tickets: Cell<u64>,
    /// Futures that could not go on when they were polled last.
    waiting: RefCell<Vec<Waker>>,
}

#[derive(Default)]
enum Content {
    /// Nothing is outstanding.
    #[default]
    Free,
    /// The host has not seen it yet.
    Asked(u64, Effect),
    /// The host is at it.
    Taken(u64),
    /// The host is at it, and nobody waits for the answer any more.
    Abandoned,
    /// The call has not seen it yet.
    Answered(u64, EffectResult),
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Slot(..)")
    }
}

impl Slot {
    /// A future that asks for `effect` as soon as nothing else is outstanding.
    pub(crate) fn ask(slot: &Rc<Self>, effect: Effect) -> Ask {
        Ask { slot: Rc::clone(slot), state: AskState::New(effect) }
    }

    /// The effect that the host shall perform, once.
    pub(crate) fn take_effect(&self) -> Option<Effect> {
        match self.content.take() {
            Content::Asked(ticket, effect) => {
                self.content.set(Content::Taken(ticket));
                Some(effect)
            }
            other => {
                self.content.set(other);
                None
            }
        }
    }

    /// Hands the answer to the effect that was taken last.
    pub(crate) fn answer(&self, result: EffectResult) {
        match self.content.take() {
            Content::Taken(ticket) => self.content.set(Content::Answered(ticket, result)),
            Content::Abandoned => {}
            other => self.content.set(other),
        }
        self.wake();
    }

    fn wake(&self) {
        for waker in self.waiting.take() {
            waker.wake();
        }
    }

    fn wait(&self, context: &Context<'_>) {
        self.waiting.borrow_mut().push(context.waker().clone());
    }

    fn put(&self, effect: Effect) -> Result<u64, Effect> {
        match self.content.take() {
            Content::Free => {
                let ticket = self.tickets.get();
                self.tickets.set(ticket.wrapping_add(1));
                self.content.set(Content::Asked(ticket, effect));
                Ok(ticket)
            }
            other => {
                self.content.set(other);
                Err(effect)
            }
        }
    }

    fn take_answer(&self, own: u64) -> Option<EffectResult> {
        match self.content.take() {
            Content::Answered(ticket, result) if ticket == own => {
                self.wake();
                Some(result)
            }
            other => {
                self.content.set(other);
                None
            }
        }
    }

    fn abandon(&self, own: u64) {
        match self.content.take() {
            Content::Asked(ticket, _) | Content::Answered(ticket, _) if ticket == own => self.wake(),
            Content::Taken(ticket) if ticket == own => self.content.set(Content::Abandoned),
            other => self.content.set(other),
        }
    }
}

/// Waits for its turn, then for its answer.
pub(crate) struct Ask {
    slot: Rc<Slot>,
    state: AskState,
}

enum AskState {
    New(Effect),
    Asked(u64),
    Finished,
}

impl Future for Ask {
    type Output = EffectResult;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<EffectResult> {
        match mem::replace(&mut self.state, AskState::Finished) {
            AskState::New(effect) => match self.slot.put(effect) {
                Ok(ticket) => self.state = AskState::Asked(ticket),
                Err(effect) => self.state = AskState::New(effect),
            },
            AskState::Asked(ticket) => match self.slot.take_answer(ticket) {
                Some(result) => return Poll::Ready(result),
                None => self.state = AskState::Asked(ticket),
            },
            AskState::Finished => return Poll::Pending,
        }
        self.slot.wait(context);
        Poll::Pending
    }
}

impl Drop for Ask {
    fn drop(&mut self) {
        if let AskState::Asked(ticket) = self.state {
            self.slot.abandon(ticket);
        }
    }
}
