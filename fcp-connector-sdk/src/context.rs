//! The context of a call: how `async` code of a connector asks for effects.
//!
//! Each method of [`Cx`] that waits becomes one [`Effect`] for the host. There is no executor and no other source of
//! wake-ups: a connector that awaits anything else stalls, and its call fails with `execution.stalled`.

mod files;
mod http;
mod slot;
mod stream;

use std::future::Future;
use std::rc::Rc;

use fcp_core::cbor::{Decode, Encode, Value};
use fcp_core::id::ZoneId;
use fcp_core::time::Timestamp;

pub use files::Files;
pub use http::{Http, HttpRequest, HttpResponseExt};
pub use stream::Stream;

pub(crate) use slot::Slot;

use crate::effect::{Effect, EffectResult, Event, FileScope, LogLevel};
use crate::egress::{EgressRequest, EgressTcpConnectRequest};
use crate::error::Error;
use crate::operation::{from_value, to_value};

/// What a call knows from its request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CallFacts {
    /// The zone that the connector is bound to.
    pub zone: Option<ZoneId>,
    /// The key under which the call happens at most once.
    pub idempotency_key: Option<String>,
    /// How many milliseconds the caller waits, if it says so.
    pub deadline_ms: Option<u64>,
}

/// What a connector sees of the world during one call: nothing but what it asks for.
///
/// Several futures of one call may ask at once (`join!` and the like); their effects then go out one after the other.
#[derive(Debug, Clone)]
pub struct Cx {
    slot: Rc<Slot>,
    facts: Rc<CallFacts>,
}

impl Cx {
    pub(crate) fn new(facts: CallFacts) -> Self {
        Self { slot: Rc::new(Slot::default()), facts: Rc::new(facts) }
    }

    pub(crate) const fn slot(&self) -> &Rc<Slot> {
        &self.slot
    }

    /// The zone that the connector is bound to, once it is.
    #[must_use]
    pub fn zone(&self) -> Option<&ZoneId> {
        self.facts.zone.as_ref()
    }

    /// The idempotency key of the call (§9.5), to be handed on to services that take one.
    #[must_use]
    pub fn idempotency_key(&self) -> Option<&str> {
        self.facts.idempotency_key.as_deref()
    }

    /// How many milliseconds the caller waits, if it said so.
    #[must_use]
    pub fn deadline_ms(&self) -> Option<u64> {
        self.facts.deadline_ms
    }

    /// Has `effect` performed. The other methods are easier to use.
    ///
    /// # Errors
    /// The error of [`EffectResult::Failed`].
    pub fn perform(&self, effect: Effect) -> impl Future<Output = Result<EffectResult, Error>> + use<> {
        let asked = Slot::ask(&self.slot, effect);
        async move {
            match asked.await {
                EffectResult::Failed(error) => Err(Error::from(error)),
                result => Ok(result),
            }
        }
    }

    async fn done(&self, effect: Effect) -> Result<(), Error> {
        match self.perform(effect).await? {
            EffectResult::Done => Ok(()),
            other => Err(Error::mismatch(&other)),
        }
    }

    /// The files of a granted directory.
    #[must_use]
    pub const fn files<'c>(&'c self, scope: &'c FileScope) -> Files<'c> {
        Files::new(self, scope)
    }

    /// Requests over HTTP, through the network guard.
    #[must_use]
    pub const fn http(&self) -> Http<'_> {
        Http::new(self)
    }

    /// Connects to a service that speaks another protocol than HTTP, through the network guard.
    ///
    /// # Errors
    /// What the guard says; `egress.…` where the network constraints forbid it.
    pub async fn connect(&self, request: EgressTcpConnectRequest) -> Result<Stream<'_>, Error> {
        match self.perform(Effect::Egress(EgressRequest::TcpConnect(request))).await? {
            EffectResult::Connected { stream } => Ok(Stream::new(self, stream)),
            other => Err(Error::mismatch(&other)),
        }
    }

    /// An entry of the connector's state (§10.4).
    ///
    /// # Errors
    /// What the host says; `execution.bad_state` if the entry is no `T`.
    pub async fn state<T: for<'b> Decode<'b>>(&self, key: &str) -> Result<Option<T>, Error> {
        match self.perform(Effect::StateGet { key: key.to_owned() }).await? {
            EffectResult::State { value: None } => Ok(None),
            EffectResult::State { value: Some(value) } => from_value(&value).map(Some).map_err(Error::bad_state),
            other => Err(Error::mismatch(&other)),
        }
    }

    /// Puts an entry into the connector's state. When this returns, the mesh holds it.
    ///
    /// # Errors
    /// What the host says.
    pub async fn set_state<T: Encode + ?Sized>(&self, key: &str, value: &T) -> Result<(), Error> {
        let value = Some(to_value(value).map_err(Error::bad_state)?);
        self.done(Effect::StatePut { key: key.to_owned(), value }).await
    }

    /// Removes an entry from the connector's state.
    ///
    /// # Errors
    /// What the host says.
    pub async fn remove_state(&self, key: &str) -> Result<(), Error> {
        self.done(Effect::StatePut { key: key.to_owned(), value: None }).await
    }

    /// The time.
    ///
    /// # Errors
    /// What the host says: a clock may not be granted (§10.1).
    pub async fn now(&self) -> Result<Timestamp, Error> {
        match self.perform(Effect::Now).await? {
            EffectResult::Time(time) => Ok(time),
            other => Err(Error::mismatch(&other)),
        }
    }

    /// `N` random bytes, `N` at most [`MAX_RANDOM`](crate::effect::MAX_RANDOM).
    ///
    /// # Errors
    /// What the host says.
    pub async fn random<const N: usize>(&self) -> Result<[u8; N], Error> {
        let length = u16::try_from(N).unwrap_or(u16::MAX);
        match self.perform(Effect::Random { length }).await? {
            EffectResult::Random(bytes) => {
                <[u8; N]>::try_from(bytes).map_err(|bytes| Error::mismatch(&EffectResult::Random(bytes)))
            }
            other => Err(Error::mismatch(&other)),
        }
    }

    /// Emits an event; returns its number in the topic and the cursor behind it.
    ///
    /// # Errors
    /// What the host says, for instance that the topic is not in the manifest.
    pub async fn emit(&self, event: Event) -> Result<(u64, String), Error> {
        match self.perform(Effect::Emit(event)).await? {
            EffectResult::Emitted { seq, cursor } => Ok((seq, cursor)),
            other => Err(Error::mismatch(&other)),
        }
    }

    /// Writes a line to the node's log: `message` is constant text, the data goes into `fields`.
    ///
    /// # Errors
    /// What the host says.
    pub async fn log(&self, level: LogLevel, message: &'static str, fields: Value) -> Result<(), Error> {
        self.done(Effect::Log { level, message: message.to_owned(), fields }).await
    }
}
