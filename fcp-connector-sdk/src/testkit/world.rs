//! A world in memory that performs effects.

use std::collections::{BTreeMap, BTreeSet};

use fcp_core::cbor::Value;
use fcp_core::error::{FcpError, Reason};
use fcp_core::time::Timestamp;

use super::Perform;
use super::expected::part;
use crate::effect::{Effect, EffectResult, Event, FileEntry, FileKind, FileMetadata, LogLevel, WriteMode};
use crate::egress::{EgressHttpRequest, EgressHttpResponse, EgressRequest};
use crate::error::Error;
use crate::run::Step;

/// How many entries a listing has at most.
const PAGE: usize = 100;

type Service = Box<dyn FnMut(&EgressHttpRequest) -> Option<EgressHttpResponse>>;

/// Files, state, time and services that exist only here.
///
/// A directory exists if it is a scope's own or a file is below it. Random bytes count upwards.
#[derive(Default)]
pub struct World {
    scopes: BTreeMap<String, BTreeMap<String, Vec<u8>>>,
    state: BTreeMap<String, Value>,
    time: Timestamp,
    random: u8,
    services: Vec<Service>,
    events: Vec<Event>,
    log: Vec<(LogLevel, String, Value)>,
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("World")
            .field("scopes", &self.scopes)
            .field("state", &self.state)
            .field("time", &self.time)
            .field("events", &self.events)
            .field("log", &self.log)
            .finish_non_exhaustive()
    }
}

impl World {
    /// An empty world.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Grants an empty directory.
    #[must_use]
    pub fn with_scope(mut self, scope: &str) -> Self {
        self.scopes.entry(scope.to_owned()).or_default();
        self
    }

    /// Puts a file into a granted directory.
    #[must_use]
    pub fn with_file(mut self, scope: &str, path: &str, content: impl AsRef<[u8]>) -> Self {
        self.scopes.entry(scope.to_owned()).or_default().insert(path.to_owned(), content.as_ref().to_vec());
        self
    }

    /// Sets the clock.
    #[must_use]
    pub const fn at(mut self, time: Timestamp) -> Self {
        self.time = time;
        self
    }

    /// Adds a service that answers HTTP requests; what no service answers is denied.
    #[must_use]
    pub fn with_service(
        mut self,
        service: impl FnMut(&EgressHttpRequest) -> Option<EgressHttpResponse> + 'static,
    ) -> Self {
        self.services.push(Box::new(service));
        self
    }

    /// The content of a file.
    #[must_use]
    pub fn file(&self, scope: &str, path: &str) -> Option<&[u8]> {
        self.scopes.get(scope)?.get(path).map(Vec::as_slice)
    }

    /// An entry of the connector's state.
    #[must_use]
    pub fn state(&self, key: &str) -> Option<&Value> {
        self.state.get(key)
    }

    /// The events that were emitted.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// The lines that were logged.
    #[must_use]
    pub fn log(&self) -> &[(LogLevel, String, Value)] {
        &self.log
    }

    /// Performs the effects of a call until it ends.
    ///
    /// # Errors
    /// What the call answered.
    pub fn run<T>(&mut self, mut step: Step<T>) -> Result<T, Error> {
        loop {
            match step {
                Step::Done(result) => return result,
                Step::Effect(effect, call) => step = call.resume(self.perform(effect)),
            }
        }
    }

    fn scope(&mut self, scope: &str) -> Result<&mut BTreeMap<String, Vec<u8>>, Reason> {
        self.scopes.get_mut(scope).ok_or(Reason::ExecutionFileDenied)
    }

    fn attempt(&mut self, effect: Effect) -> Result<EffectResult, Reason> {
        Ok(match effect {
            Effect::FileRead { scope, path, offset, length } => {
                let files = self.scope(scope.as_str())?;
                match files.get(path.as_str()) {
                    Some(content) => part(content, offset, length),
                    None => return Err(missing(files, path.as_str())),
                }
            }
            Effect::FileList { scope, path, after } => {
                list(self.scope(scope.as_str())?, path.as_str(), after.as_deref())?
            }
            Effect::FileMetadata { scope, path } => {
                let files = self.scope(scope.as_str())?;
                let (kind, size) = match files.get(path.as_str()) {
                    Some(content) => (FileKind::File, content.len() as u64),
                    None if is_directory(files, path.as_str()) => (FileKind::Directory, 0),
                    None => return Err(Reason::ExecutionFileNotFound),
                };
                EffectResult::Metadata(FileMetadata { kind, size, modified: None })
            }
            Effect::FileWrite { scope, path, content, mode } => {
                let files = self.scope(scope.as_str())?;
                if is_directory(files, path.as_str()) {
                    return Err(Reason::ExecutionFileKind);
                }
                let own = files.get_mut(path.as_str());
                match (mode, own) {
                    (WriteMode::CreateNew, Some(_)) => return Err(Reason::ExecutionFileExists),
                    (WriteMode::Append, Some(own)) => own.extend(content),
                    _ => {
                        files.insert(path.as_str().to_owned(), content);
                    }
                }
                EffectResult::Done
            }
            Effect::FileDelete { scope, path } => {
                let files = self.scope(scope.as_str())?;
                match files.remove(path.as_str()) {
                    Some(_) => EffectResult::Done,
                    None => return Err(missing(files, path.as_str())),
                }
            }
            Effect::Egress(EgressRequest::Http(request)) => {
                let answer = self.services.iter_mut().find_map(|service| service(&request));
                EffectResult::Response(answer.ok_or(Reason::ExecutionEffectUnsupported)?)
            }
            Effect::StateGet { key } => EffectResult::State { value: self.state.get(&key).cloned() },
            Effect::StatePut { key, value } => {
                match value {
                    Some(value) => self.state.insert(key, value),
                    None => self.state.remove(&key),
                };
                EffectResult::Done
            }
            Effect::Now => EffectResult::Time(self.time),
            Effect::Random { length } => {
                let mut next = || {
                    self.random = self.random.wrapping_add(1);
                    self.random
                };
                EffectResult::Random((0..length).map(|_| next()).collect())
            }
            Effect::Emit(event) => {
                let seq = self.events.iter().filter(|own| own.topic == event.topic).count() as u64;
                let cursor = event.cursor.clone().unwrap_or_else(|| seq.to_string());
                self.events.push(event);
                EffectResult::Emitted { seq, cursor }
            }
            Effect::Log { level, message, fields } => {
                self.log.push((level, message, fields));
                EffectResult::Done
            }
            Effect::Egress(EgressRequest::TcpConnect(_))
            | Effect::StreamRead { .. }
            | Effect::StreamWrite { .. }
            | Effect::StreamClose { .. } => return Err(Reason::ExecutionEffectUnsupported),
        })
    }
}

impl Perform for World {
    fn perform(&mut self, effect: Effect) -> EffectResult {
        self.attempt(effect).unwrap_or_else(|reason| EffectResult::Failed(FcpError::from(reason)))
    }
}

/// What `directory` is called in the paths below it.
fn prefix(directory: &str) -> String {
    if directory.is_empty() { String::new() } else { format!("{directory}/") }
}

fn is_directory(files: &BTreeMap<String, Vec<u8>>, path: &str) -> bool {
    let prefix = prefix(path);
    path.is_empty() || files.keys().any(|own| own.starts_with(&prefix))
}

fn missing(files: &BTreeMap<String, Vec<u8>>, path: &str) -> Reason {
    if is_directory(files, path) { Reason::ExecutionFileKind } else { Reason::ExecutionFileNotFound }
}

fn list(files: &BTreeMap<String, Vec<u8>>, directory: &str, after: Option<&str>) -> Result<EffectResult, Reason> {
    if files.contains_key(directory) {
        return Err(Reason::ExecutionFileKind);
    }
    if !is_directory(files, directory) {
        return Err(Reason::ExecutionFileNotFound);
    }
    let prefix = prefix(directory);
    let mut seen = BTreeSet::new();
    let mut entries = Vec::new();
    for (path, content) in files.iter().filter(|(path, _)| path.starts_with(&prefix)) {
        let rest = path.get(prefix.len()..).unwrap_or_default();
        let (name, kind, size) = match rest.split_once('/') {
            Some((name, _)) => (name, FileKind::Directory, 0),
            None => (rest, FileKind::File, content.len() as u64),
        };
        if after.is_none_or(|after| name > after) && seen.insert(name.to_owned()) {
            let metadata = FileMetadata { kind, size, modified: None };
            entries.push(FileEntry { name: name.to_owned(), metadata });
        }
    }
    entries.sort_by(|left, right| left.name.cmp(&right.name));
    let end = entries.len() <= PAGE;
    entries.truncate(PAGE);
    Ok(EffectResult::Listing { entries, end })
}
