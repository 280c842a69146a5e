//! One expected effect and its answer.

use std::marker::PhantomData;

use fcp_core::cbor::{Value, to_json};
use fcp_core::error::{FcpError, Reason};
use fcp_core::time::Timestamp;

use super::TestRun;
use crate::effect::{Effect, EffectResult, Event, FileEntry, FileKind, FileMetadata, LogLevel};
use crate::egress::{EgressHttpRequest, EgressHttpResponse, EgressRequest};
use crate::run::{Step, Suspended};

/// What kinds of effects can be expected.
pub mod kind {
    macro_rules! kinds {
        ($($(#[$doc:meta])* $name:ident,)*) => {$(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy)]
            pub struct $name;
        )*};
    }

    kinds! {
        /// Anything.
        Any,
        /// A file is read.
        FileRead,
        /// A directory is listed.
        FileList,
        /// A file is looked at.
        FileMetadata,
        /// A file is written.
        FileWrite,
        /// A file is deleted.
        FileDelete,
        /// An HTTP request goes out.
        Http,
        /// The state is read.
        StateGet,
        /// The state is changed.
        StatePut,
        /// The time is asked for.
        Now,
        /// Random bytes are asked for.
        Random,
        /// An event is emitted.
        Emit,
        /// A line is logged.
        Log,
    }
}

/// An effect that the call wants, and that the test now answers.
#[must_use = "the call waits for an answer"]
pub struct Expected<'r, T, K> {
    run: &'r mut TestRun<T>,
    effect: Effect,
    call: Suspended<T>,
    kind: PhantomData<K>,
}

impl<T, K> std::fmt::Debug for Expected<'_, T, K> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Expected({:?})", self.effect)
    }
}

impl<'r, T, K> Expected<'r, T, K> {
    pub(super) const fn new(run: &'r mut TestRun<T>, effect: Effect, call: Suspended<T>) -> Self {
        Self { run, effect, call, kind: PhantomData }
    }

    fn is<L>(self) -> Expected<'r, T, L> {
        Expected { run: self.run, effect: self.effect, call: self.call, kind: PhantomData }
    }

    /// The effect.
    #[must_use]
    pub const fn effect(&self) -> &Effect {
        &self.effect
    }

    /// Answers with `result`.
    pub fn answer(self, result: EffectResult) {
        let step: Step<T> = self.call.resume(result);
        self.run.step = Some(step);
    }

    /// Refuses the effect for `reason`.
    pub fn refuse(self, reason: Reason) {
        self.answer(EffectResult::Failed(FcpError::from(reason)));
    }

    fn done(self) {
        self.answer(EffectResult::Done);
    }
}

/// Panics because the call wants something else.
#[track_caller]
fn unexpected(wanted: &str, got: &Effect) -> ! {
    panic!("expected {wanted}, but the call wants {got:?}")
}

impl<T> TestRun<T> {
    /// A read of the file `path` in `scope`.
    ///
    /// # Panics
    /// If the call wants anything else; so for each of the following.
    #[track_caller]
    pub fn expect_file_read(&mut self, scope: &str, path: &str) -> Expected<'_, T, kind::FileRead> {
        let expected = self.expect_effect();
        match expected.effect() {
            Effect::FileRead { scope: own, path: place, .. } if own.as_str() == scope && place.as_str() == path => {
                expected.is()
            }
            other => unexpected(&format!("a read of `{path}` in `{scope}`"), other),
        }
    }

    /// A listing of the directory `path` in `scope`.
    ///
    /// # Panics
    /// If the call wants anything else.
    #[track_caller]
    pub fn expect_file_list(&mut self, scope: &str, path: &str) -> Expected<'_, T, kind::FileList> {
        let expected = self.expect_effect();
        match expected.effect() {
            Effect::FileList { scope: own, path: place, .. } if own.as_str() == scope && place.as_str() == path => {
                expected.is()
            }
            other => unexpected(&format!("a listing of `{path}` in `{scope}`"), other),
        }
    }

    /// A look at `path` in `scope`.
    ///
    /// # Panics
    /// If the call wants anything else.
    #[track_caller]
    pub fn expect_file_metadata(&mut self, scope: &str, path: &str) -> Expected<'_, T, kind::FileMetadata> {
        let expected = self.expect_effect();
        match expected.effect() {
            Effect::FileMetadata { scope: own, path: place } if own.as_str() == scope && place.as_str() == path => {
                expected.is()
            }
            other => unexpected(&format!("a look at `{path}` in `{scope}`"), other),
        }
    }

    /// A write of the file `path` in `scope`.
    ///
    /// # Panics
    /// If the call wants anything else.
    #[track_caller]
    pub fn expect_file_write(&mut self, scope: &str, path: &str) -> Expected<'_, T, kind::FileWrite> {
        let expected = self.expect_effect();
        match expected.effect() {
            Effect::FileWrite { scope: own, path: place, .. } if own.as_str() == scope && place.as_str() == path => {
                expected.is()
            }
            other => unexpected(&format!("a write of `{path}` in `{scope}`"), other),
        }
    }

    /// A deletion of `path` in `scope`.
    ///
    /// # Panics
    /// If the call wants anything else.
    #[track_caller]
    pub fn expect_file_delete(&mut self, scope: &str, path: &str) -> Expected<'_, T, kind::FileDelete> {
        let expected = self.expect_effect();
        match expected.effect() {
            Effect::FileDelete { scope: own, path: place } if own.as_str() == scope && place.as_str() == path => {
                expected.is()
            }
            other => unexpected(&format!("a deletion of `{path}` in `{scope}`"), other),
        }
    }

    /// A request of `method` to `url`, whose scheme and host may be left out.
    ///
    /// # Panics
    /// If the call wants anything else.
    #[track_caller]
    pub fn expect_http(&mut self, method: &str, url: &str) -> Expected<'_, T, kind::Http> {
        let expected = self.expect_effect();
        match expected.effect() {
            Effect::Egress(EgressRequest::Http(request))
                if request.method == method && (request.url == url || target(&request.url) == url) =>
            {
                expected.is()
            }
            other => unexpected(&format!("{method} {url}"), other),
        }
    }

    /// A look into the state at `key`.
    ///
    /// # Panics
    /// If the call wants anything else.
    #[track_caller]
    pub fn expect_state_get(&mut self, key: &str) -> Expected<'_, T, kind::StateGet> {
        let expected = self.expect_effect();
        match expected.effect() {
            Effect::StateGet { key: own } if own == key => expected.is(),
            other => unexpected(&format!("a look into the state at `{key}`"), other),
        }
    }

    /// A change of the state at `key`.
    ///
    /// # Panics
    /// If the call wants anything else.
    #[track_caller]
    pub fn expect_state_put(&mut self, key: &str) -> Expected<'_, T, kind::StatePut> {
        let expected = self.expect_effect();
        match expected.effect() {
            Effect::StatePut { key: own, .. } if own == key => expected.is(),
            other => unexpected(&format!("a change of the state at `{key}`"), other),
        }
    }

    /// A look at the clock.
    ///
    /// # Panics
    /// If the call wants anything else.
    #[track_caller]
    pub fn expect_now(&mut self) -> Expected<'_, T, kind::Now> {
        let expected = self.expect_effect();
        match expected.effect() {
            Effect::Now => expected.is(),
            other => unexpected("a look at the clock", other),
        }
    }

    /// A draw of random bytes.
    ///
    /// # Panics
    /// If the call wants anything else.
    #[track_caller]
    pub fn expect_random(&mut self) -> Expected<'_, T, kind::Random> {
        let expected = self.expect_effect();
        match expected.effect() {
            Effect::Random { .. } => expected.is(),
            other => unexpected("random bytes", other),
        }
    }

    /// An event of `topic`.
    ///
    /// # Panics
    /// If the call wants anything else.
    #[track_caller]
    pub fn expect_emit(&mut self, topic: &str) -> Expected<'_, T, kind::Emit> {
        let expected = self.expect_effect();
        match expected.effect() {
            Effect::Emit(event) if event.topic == topic => expected.is(),
            other => unexpected(&format!("an event of `{topic}`"), other),
        }
    }

    /// A log line of `level`.
    ///
    /// # Panics
    /// If the call wants anything else.
    #[track_caller]
    pub fn expect_log(&mut self, level: LogLevel) -> Expected<'_, T, kind::Log> {
        let expected = self.expect_effect();
        match expected.effect() {
            Effect::Log { level: own, .. } if *own == level => expected.is(),
            other => unexpected(&format!("a log line of level {level:?}"), other),
        }
    }
}

/// Path and query of an absolute URL.
fn target(url: &str) -> &str {
    let authority = url.split_once("://").map_or(url, |(_, rest)| rest);
    authority.find('/').and_then(|at| authority.get(at..)).unwrap_or_default()
}

impl<T> Expected<'_, T, kind::FileRead> {
    /// Answers with the part that was asked for of a file of this `content`.
    pub fn reply(self, content: impl AsRef<[u8]>) {
        let (offset, length) = match &self.effect {
            Effect::FileRead { offset, length, .. } => (*offset, *length),
            _ => (0, 0),
        };
        self.answer(part(content.as_ref(), offset, length));
    }
}

/// At most `length` bytes of `content` from `offset` on.
pub(super) fn part(content: &[u8], offset: u64, length: u64) -> EffectResult {
    let start = usize::try_from(offset).unwrap_or(usize::MAX).min(content.len());
    let end = start.saturating_add(usize::try_from(length).unwrap_or(usize::MAX)).min(content.len());
    EffectResult::Content { content: content.get(start..end).unwrap_or_default().to_vec(), end: end == content.len() }
}

impl<T> Expected<'_, T, kind::FileList> {
    /// Answers with files of these names and sizes, and nothing behind them.
    pub fn reply<'n>(self, files: impl IntoIterator<Item = (&'n str, u64)>) {
        let entries = files.into_iter().map(|(name, size)| FileEntry {
            name: name.to_owned(),
            metadata: FileMetadata { kind: FileKind::File, size, modified: None },
        });
        let entries = entries.collect();
        self.answer(EffectResult::Listing { entries, end: true });
    }
}

impl<T> Expected<'_, T, kind::FileMetadata> {
    /// Answers that a file of this size is there.
    pub fn reply(self, size: u64) {
        self.answer(EffectResult::Metadata(FileMetadata { kind: FileKind::File, size, modified: None }));
    }
}

impl<T> Expected<'_, T, kind::FileWrite> {
    /// The bytes to write.
    #[must_use]
    pub fn content(&self) -> &[u8] {
        match &self.effect {
            Effect::FileWrite { content, .. } => content,
            _ => &[],
        }
    }

    /// Answers that it is written.
    pub fn reply(self) {
        self.done();
    }
}

impl<T> Expected<'_, T, kind::FileDelete> {
    /// Answers that it is deleted.
    pub fn reply(self) {
        self.done();
    }
}

/// The body of a made-up response.
pub trait Body {
    /// Its bytes.
    fn into_bytes(self) -> Vec<u8>;
}

impl Body for () {
    fn into_bytes(self) -> Vec<u8> {
        Vec::new()
    }
}

/// As JSON.
impl Body for Value {
    fn into_bytes(self) -> Vec<u8> {
        to_json(&self).into_bytes()
    }
}

impl Body for &str {
    fn into_bytes(self) -> Vec<u8> {
        self.as_bytes().to_vec()
    }
}

impl Body for Vec<u8> {
    fn into_bytes(self) -> Vec<u8> {
        self
    }
}

impl<T> Expected<'_, T, kind::Http> {
    /// The request.
    ///
    /// # Panics
    /// Never: only an HTTP request becomes a value of this type.
    #[must_use]
    pub fn request(&self) -> &EgressHttpRequest {
        match &self.effect {
            Effect::Egress(EgressRequest::Http(request)) => request,
            other => unexpected("an HTTP request", other),
        }
    }

    /// Answers with a status and a body.
    pub fn reply(self, status: u16, body: impl Body) {
        let response = EgressHttpResponse { status, headers: Vec::new(), body: body.into_bytes() };
        self.answer(EffectResult::Response(response));
    }
}

impl<T> Expected<'_, T, kind::StateGet> {
    /// Answers with the entry, or that there is none.
    pub fn reply(self, value: impl Into<Option<Value>>) {
        self.answer(EffectResult::State { value: value.into() });
    }
}

impl<T> Expected<'_, T, kind::StatePut> {
    /// The new value; none if the entry is removed.
    #[must_use]
    pub fn value(&self) -> Option<&Value> {
        match &self.effect {
            Effect::StatePut { value, .. } => value.as_ref(),
            _ => None,
        }
    }

    /// Answers that the mesh holds it.
    pub fn reply(self) {
        self.done();
    }
}

impl<T> Expected<'_, T, kind::Now> {
    /// Answers with the time, in seconds since the Unix epoch.
    pub fn reply(self, seconds: u64) {
        self.answer(EffectResult::Time(Timestamp::from_secs(seconds)));
    }
}

impl<T> Expected<'_, T, kind::Random> {
    /// Answers with these bytes.
    pub fn reply(self, bytes: impl AsRef<[u8]>) {
        self.answer(EffectResult::Random(bytes.as_ref().to_vec()));
    }
}

impl<T> Expected<'_, T, kind::Emit> {
    /// The event.
    ///
    /// # Panics
    /// Never: only an event becomes a value of this type.
    #[must_use]
    pub fn event(&self) -> &Event {
        match &self.effect {
            Effect::Emit(event) => event,
            other => unexpected("an event", other),
        }
    }

    /// Answers with the event's number in the topic; the cursor is the number's text.
    pub fn reply(self, seq: u64) {
        self.answer(EffectResult::Emitted { seq, cursor: seq.to_string() });
    }
}

impl<T> Expected<'_, T, kind::Log> {
    /// The line and its fields.
    #[must_use]
    pub fn line(&self) -> (&str, &Value) {
        match &self.effect {
            Effect::Log { message, fields, .. } => (message, fields),
            _ => ("", &Value::Null),
        }
    }

    /// Answers that it is logged.
    pub fn reply(self) {
        self.done();
    }
}
