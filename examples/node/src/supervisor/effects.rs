//! What a connector asks of the world, performed or refused.
//!
//! Performing an effect may wait for the disk, so the caller does it where waiting is allowed. Sizes were checked when
//! the effect was decoded.

mod files;
mod state;

use std::io;
use std::path::Path;
use std::sync::Arc;

use fcp_connector_sdk::Value;
use fcp_connector_sdk::effect::{Effect, EffectResult, FileScope, LogLevel};
use fcp_core::cbor::to_json;
use fcp_core::error::{FcpError, Reason};
use fcp_core::id::ConnectorId;

use self::files::Directory;
pub use self::state::{MemoryState, StateStore};
use super::log::log_line;
use crate::{clock, random};

/// What one connector is granted.
pub(super) struct Effects {
    connector: ConnectorId,
    scope: FileScope,
    directory: Directory,
    /// None if the connector's manifest says that it has no state.
    state: Option<Arc<dyn StateStore>>,
}

impl Effects {
    /// Grants `directory` under the name `scope`.
    pub(super) fn new(
        connector: ConnectorId,
        scope: FileScope,
        directory: &Path,
        state: Option<Arc<dyn StateStore>>,
    ) -> io::Result<Self> {
        Ok(Self { connector, scope, directory: Directory::open(directory)?, state })
    }

    /// Performs the effect, or says why not.
    pub(super) fn perform(&self, effect: Effect) -> EffectResult {
        self.attempt(effect).unwrap_or_else(|reason| EffectResult::Failed(FcpError::from(reason)))
    }

    fn attempt(&self, effect: Effect) -> Result<EffectResult, Reason> {
        match effect {
            Effect::FileRead { scope, path, offset, length } => self.granted(&scope)?.read(&path, offset, length),
            Effect::FileList { scope, path, after } => self.granted(&scope)?.list(&path, after.as_deref()),
            Effect::FileMetadata { scope, path } => self.granted(&scope)?.metadata(&path),
            Effect::FileWrite { scope, path, content, mode } => {
                let mut token = [0; 8];
                fill_random(&mut token)?;
                self.granted(&scope)?.write(&path, &content, mode, token)
            }
            Effect::FileDelete { scope, path } => self.granted(&scope)?.delete(&path),
            Effect::StateGet { key } => {
                self.state()?.get(&self.connector, &key).map(|value| EffectResult::State { value })
            }
            Effect::StatePut { key, value } => {
                self.state()?.put(&self.connector, &key, value).map(|()| EffectResult::Done)
            }
            Effect::Now => Ok(EffectResult::Time(clock::now())),
            Effect::Random { length } => {
                let mut bytes = vec![0; usize::from(length)];
                fill_random(&mut bytes)?;
                Ok(EffectResult::Random(bytes))
            }
            Effect::Log { level, message, fields } => {
                self.log(level, &message, &fields);
                Ok(EffectResult::Done)
            }
            // Without a guard that holds the request against the operation's network constraints nothing goes out.
            Effect::Egress(_) | Effect::StreamRead { .. } | Effect::StreamWrite { .. } | Effect::StreamClose { .. } => {
                Err(Reason::EgressUnavailable)
            }
            // Events and whatever the protocol has later.
            _ => Err(Reason::ExecutionEffectUnsupported),
        }
    }

    fn granted(&self, scope: &FileScope) -> Result<&Directory, Reason> {
        if *scope == self.scope { Ok(&self.directory) } else { Err(Reason::ExecutionFileDenied) }
    }

    fn state(&self) -> Result<&dyn StateStore, Reason> {
        self.state.as_deref().ok_or(Reason::ExecutionEffectUnsupported)
    }

    fn log(&self, level: LogLevel, message: &str, fields: &Value) {
        let level = match level {
            LogLevel::Debug => "debug",
            LogLevel::Info => "info",
            LogLevel::Warn => "warn",
            LogLevel::Error => "error",
        };
        log_line(&self.connector, &format!("{level}: {message} {}", to_json(fields)));
    }
}

/// Whether performing it changes something that outlives the call.
pub(super) const fn changes(effect: &Effect) -> bool {
    match effect {
        Effect::FileRead { .. }
        | Effect::FileList { .. }
        | Effect::FileMetadata { .. }
        | Effect::StateGet { .. }
        | Effect::Now
        | Effect::Random { .. }
        | Effect::Log { .. } => false,
        // Also what this node does not know yet.
        _ => true,
    }
}

/// Whether the effect certainly did not happen.
pub(super) fn is_refusal(result: &EffectResult) -> bool {
    match result {
        EffectResult::Failed(error) => error.reason() != Some(Reason::ExecutionStorageFailed),
        _ => false,
    }
}

fn fill_random(bytes: &mut [u8]) -> Result<(), Reason> {
    random::fill(bytes).map_err(|_| Reason::ExecutionStorageFailed)
}

#[cfg(test)]
mod tests {
    use super::{Effects, MemoryState, StateStore, changes, is_refusal};
    use fcp_connector_sdk::effect::{Effect, EffectResult, Event, FileScope, LogLevel, RelativePath, WriteMode};
    use fcp_connector_sdk::egress::{EgressHttpRequest, EgressRequest};
    use fcp_connector_sdk::{Value, json};
    use fcp_core::error::Reason;
    use std::sync::Arc;
    use tempfile::TempDir;

    fn effects(state: Option<Arc<dyn StateStore>>) -> (Effects, TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let (connector, scope) = ("example.files".parse().unwrap(), "documents".parse().unwrap());
        (Effects::new(connector, scope, folder.path(), state).unwrap(), folder)
    }

    fn refused(effects: &Effects, effect: Effect) -> Reason {
        match effects.perform(effect) {
            EffectResult::Failed(error) => error.reason().unwrap(),
            other => panic!("{other:?}"),
        }
    }

    fn write(scope: &str) -> Effect {
        Effect::FileWrite {
            scope: FileScope::new(scope).unwrap(),
            path: RelativePath::new("a").unwrap(),
            content: b"x".to_vec(),
            mode: WriteMode::CreateNew,
        }
    }

    #[test]
    fn only_the_granted_scope_is_there() {
        let (effects, folder) = effects(None);
        assert_eq!(refused(&effects, write("other")), Reason::ExecutionFileDenied);
        assert_eq!(effects.perform(write("documents")), EffectResult::Done);
        assert_eq!(refused(&effects, write("documents")), Reason::ExecutionFileExists);
        assert_eq!(std::fs::read(folder.path().join("a")).unwrap(), b"x");
    }

    #[test]
    fn nothing_leaves_the_device_without_a_guard() {
        let (effects, _folder) = effects(None);
        let request = EgressHttpRequest {
            method: "GET".to_owned(),
            url: "https://example.org/".to_owned(),
            headers: vec![],
            body: None,
            credential: None,
        };
        for effect in [
            Effect::Egress(EgressRequest::Http(request)),
            Effect::StreamRead { stream: 0, max: 1 },
            Effect::StreamWrite { stream: 0, content: vec![] },
            Effect::StreamClose { stream: 0 },
        ] {
            assert_eq!(refused(&effects, effect).code(), "egress.unavailable");
        }
    }

    #[test]
    fn state_is_for_connectors_that_have_some() {
        let get = || Effect::StateGet { key: "k".to_owned() };
        let put = Effect::StatePut { key: "k".to_owned(), value: Some(json!(7)) };
        let (without, _folder) = effects(None);
        assert_eq!(refused(&without, get()), Reason::ExecutionEffectUnsupported);
        assert_eq!(refused(&without, put.clone()), Reason::ExecutionEffectUnsupported);
        let (with, _folder) = effects(Some(Arc::new(MemoryState::default())));
        assert_eq!(with.perform(get()), EffectResult::State { value: None });
        assert_eq!(with.perform(put), EffectResult::Done);
        assert_eq!(with.perform(get()), EffectResult::State { value: Some(json!(7)) });
    }

    #[test]
    fn time_randomness_and_log_are_for_everybody() {
        let (effects, _folder) = effects(None);
        assert!(matches!(effects.perform(Effect::Now), EffectResult::Time(time) if time.as_secs() > 1_700_000_000));
        let random = || effects.perform(Effect::Random { length: 32 });
        assert!(matches!(random(), EffectResult::Random(bytes) if bytes.len() == 32));
        assert_ne!(random(), random());
        let log = Effect::Log { level: LogLevel::Info, message: "line".to_owned(), fields: json!({"a": 1}) };
        assert_eq!(effects.perform(log), EffectResult::Done);
        let event = Event { topic: "t".to_owned(), data: Value::Null, requires_ack: false, cursor: None };
        assert_eq!(refused(&effects, Effect::Emit(event)), Reason::ExecutionEffectUnsupported);
    }

    #[test]
    fn a_refusal_is_certain_and_a_failed_disk_is_not() {
        assert!(changes(&write("documents")));
        assert!(!changes(&Effect::Now));
        assert!(is_refusal(&EffectResult::Failed(Reason::ExecutionFileExists.into())));
        assert!(!is_refusal(&EffectResult::Failed(Reason::ExecutionStorageFailed.into())));
        assert!(!is_refusal(&EffectResult::Done));
    }
}
