//! What a connector asks of the world, and what the world answers: data with CBOR forms.
//!
//! A connector opens nothing by itself. It hands its host an [`Effect`]; the host checks it against the grant under
//! which the call runs, performs it or not, and answers with an [`EffectResult`]. At most one effect of a call is
//! outstanding, so an answer needs no name of its own.

mod event;
mod file;
mod path;

pub use event::{Event, LogLevel};
pub use file::{FileEntry, FileKind, FileMetadata, WriteMode};
pub use path::{FileScope, PathError, RelativePath};

use fcp_core::cbor::{Decode, Encode, Value};
use fcp_core::error::{FcpError, Reason};
use fcp_core::time::Timestamp;

use crate::egress::{EgressHttpResponse, EgressRequest};

/// The most bytes of content that one effect or answer carries: a message's 4 MiB less room for the rest.
pub const MAX_CONTENT: usize = 4 * 1024 * 1024 - 64 * 1024;

/// The most random bytes that one effect asks for.
pub const MAX_RANDOM: u16 = 1024;

/// The longest key of an entry of the state, in bytes.
pub const MAX_KEY: usize = 256;

/// Something that a connector wants done.
///
/// ```cddl
/// effect = { file_read: { scope: tstr, path: tstr, offset: uint, length: uint } }
///        / { file_list: { scope: tstr, path: tstr, ? after: tstr } }
///        / { file_metadata: { scope: tstr, path: tstr } }
///        / { file_write: { scope: tstr, path: tstr, content: bstr, mode: write-mode } }
///        / { file_delete: { scope: tstr, path: tstr } }
///        / { egress: egress-request }
///        / { stream_read: { stream: uint, max: uint } } / { stream_write: { stream: uint, content: bstr } }
///        / { stream_close: { stream: uint } }
///        / { state_get: { key: tstr } } / { state_put: { key: tstr, ? value: any } }
///        / "now" / { random: { length: uint } } / { emit: event }
///        / { log: { level: log-level, message: tstr, fields: { * tstr => any } } }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[fcp(check = Effect::check)]
#[non_exhaustive]
pub enum Effect {
    /// Read part of a file. Answered with [`EffectResult::Content`].
    FileRead {
        /// The granted directory.
        scope: FileScope,
        /// The file, from there.
        path: RelativePath,
        /// How many bytes to skip.
        offset: u64,
        /// The most bytes to read, at most [`MAX_CONTENT`].
        length: u64,
    },
    /// List a directory, in the bytewise order of the names. Answered with [`EffectResult::Listing`].
    FileList {
        /// The granted directory.
        scope: FileScope,
        /// The directory to list, from there.
        path: RelativePath,
        /// Only names after this one: how a long listing goes on.
        after: Option<String>,
    },
    /// Look at a file or directory without opening it. Answered with [`EffectResult::Metadata`].
    FileMetadata {
        /// The granted directory.
        scope: FileScope,
        /// What to look at, from there.
        path: RelativePath,
    },
    /// Write a whole file, or append to one. Answered with [`EffectResult::Done`] when it is durable.
    FileWrite {
        /// The granted directory.
        scope: FileScope,
        /// The file, from there.
        path: RelativePath,
        /// The bytes.
        content: Vec<u8>,
        /// What to do with a file that is there already.
        mode: WriteMode,
    },
    /// Delete a file or an empty directory. Answered with [`EffectResult::Done`].
    FileDelete {
        /// The granted directory.
        scope: FileScope,
        /// What to delete, from there.
        path: RelativePath,
    },
    /// Ask the network guard for a request or a connection (§11.2.1). Answered with [`EffectResult::Response`] or
    /// [`EffectResult::Connected`].
    Egress(EgressRequest),
    /// Read from a connection. Answered with [`EffectResult::Content`].
    StreamRead {
        /// The connection.
        stream: u32,
        /// The most bytes to read, at most [`MAX_CONTENT`].
        max: u64,
    },
    /// Write to a connection. Answered with [`EffectResult::Done`] when all of it is written.
    StreamWrite {
        /// The connection.
        stream: u32,
        /// The bytes.
        content: Vec<u8>,
    },
    /// Close a connection. Answered with [`EffectResult::Done`].
    StreamClose {
        /// The connection.
        stream: u32,
    },
    /// Read from the connector's state in the mesh (§10.4). Answered with [`EffectResult::State`].
    StateGet {
        /// Which entry.
        key: String,
    },
    /// Change an entry of the connector's state, or remove it. Answered with [`EffectResult::Done`].
    StatePut {
        /// Which entry.
        key: String,
        /// Its new value; none removes it.
        value: Option<Value>,
    },
    /// Ask for the time. Answered with [`EffectResult::Time`].
    Now,
    /// Ask for random bytes. Answered with [`EffectResult::Random`].
    Random {
        /// How many, at most [`MAX_RANDOM`].
        length: u16,
    },
    /// Emit an event (§9.6). Answered with [`EffectResult::Emitted`].
    Emit(Event),
    /// Write a line to the node's log. Answered with [`EffectResult::Done`].
    Log {
        /// How much it matters.
        level: LogLevel,
        /// The line: constant text, never data.
        message: String,
        /// The data.
        fields: Value,
    },
}

/// What came of an [`Effect`].
///
/// ```cddl
/// effect-result = "done" / { content: { content: bstr, end: bool } } / { listing: { entries: [* file-entry], end: bool } }
///               / { metadata: file-metadata } / { response: egress-http-response } / { connected: { stream: uint } }
///               / { state: { ? value: any } } / { time: uint } / { random: bstr }
///               / { emitted: { seq: uint, cursor: tstr } } / { failed: fcp-error }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[non_exhaustive]
pub enum EffectResult {
    /// It is done, and there is nothing to say.
    Done,
    /// Bytes of a file or connection.
    Content {
        /// The bytes.
        content: Vec<u8>,
        /// Whether nothing follows them.
        end: bool,
    },
    /// Part of a directory.
    Listing {
        /// What is in it, in the bytewise order of the names.
        entries: Vec<FileEntry>,
        /// Whether nothing follows them.
        end: bool,
    },
    /// What a file or directory is.
    Metadata(FileMetadata),
    /// What the remote service answered.
    Response(EgressHttpResponse),
    /// A connection is open.
    Connected {
        /// Its number, which means something within this call only.
        stream: u32,
    },
    /// An entry of the state.
    State {
        /// The value, if there is one.
        value: Option<Value>,
    },
    /// The time.
    Time(Timestamp),
    /// Random bytes.
    Random(Vec<u8>),
    /// The event is queued.
    Emitted {
        /// Its number in the topic.
        seq: u64,
        /// Where a reader resumes behind it.
        cursor: String,
    },
    /// It was refused or failed.
    Failed(FcpError),
}

impl Effect {
    /// Whether it keeps to the limits, so that a host need not look at them again.
    fn check(&self) -> Result<(), Reason> {
        let content = |length: u64| (1..=MAX_CONTENT as u64).contains(&length);
        let within = match self {
            Self::FileRead { length, .. } => content(*length),
            Self::StreamRead { max, .. } => content(*max),
            Self::FileWrite { content, .. } | Self::StreamWrite { content, .. } => content.len() <= MAX_CONTENT,
            Self::StateGet { key } | Self::StatePut { key, .. } => (1..=MAX_KEY).contains(&key.len()),
            Self::Random { length } => (1..=MAX_RANDOM).contains(length),
            _ => true,
        };
        if within { Ok(()) } else { Err(Reason::CborOutOfRange) }
    }

    /// The effect's name on the wire.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::FileRead { .. } => "file_read",
            Self::FileList { .. } => "file_list",
            Self::FileMetadata { .. } => "file_metadata",
            Self::FileWrite { .. } => "file_write",
            Self::FileDelete { .. } => "file_delete",
            Self::Egress(_) => "egress",
            Self::StreamRead { .. } => "stream_read",
            Self::StreamWrite { .. } => "stream_write",
            Self::StreamClose { .. } => "stream_close",
            Self::StateGet { .. } => "state_get",
            Self::StatePut { .. } => "state_put",
            Self::Now => "now",
            Self::Random { .. } => "random",
            Self::Emit(_) => "emit",
            Self::Log { .. } => "log",
        }
    }
}

impl EffectResult {
    /// The result's name on the wire.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Content { .. } => "content",
            Self::Listing { .. } => "listing",
            Self::Metadata(_) => "metadata",
            Self::Response(_) => "response",
            Self::Connected { .. } => "connected",
            Self::State { .. } => "state",
            Self::Time(_) => "time",
            Self::Random(_) => "random",
            Self::Emitted { .. } => "emitted",
            Self::Failed(_) => "failed",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Effect, EffectResult, FileScope, MAX_CONTENT, MAX_KEY, MAX_RANDOM, RelativePath, WriteMode};
    use fcp_core::cbor::{self, Value};

    fn scope() -> FileScope {
        FileScope::new("notes").unwrap()
    }

    /// By hand from the CDDL: `{"file_write": {mode, path, scope, content}}`, keys in canonical order.
    #[test]
    fn the_form_is_that_of_the_cddl() {
        let effect = Effect::FileWrite {
            scope: scope(),
            path: RelativePath::new("a/b").unwrap(),
            content: vec![1, 2],
            mode: WriteMode::CreateNew,
        };
        let expected =
            b"\xa1\x6afile_write\xa4\x64mode\x6acreate_new\x64path\x63a/b\x65scope\x65notes\x67content\x42\x01\x02";
        assert_eq!(cbor::encode(&effect), expected);
        assert_eq!(cbor::decode::<Effect>(expected).unwrap(), effect);
        assert_eq!(cbor::encode(&Effect::Now), b"\x63now");
        assert_eq!(cbor::encode(&EffectResult::State { value: None }), b"\xa1\x65state\xa0");
    }

    #[test]
    fn names_are_those_of_the_wire() {
        let effects = [
            Effect::FileList { scope: scope(), path: RelativePath::root(), after: None },
            Effect::FileMetadata { scope: scope(), path: RelativePath::root() },
            Effect::StreamClose { stream: 1 },
            Effect::StatePut { key: "k".into(), value: Some(Value::Null) },
            Effect::Random { length: 4 },
            Effect::Now,
        ];
        for effect in effects {
            let encoded = cbor::encode(&effect);
            match cbor::decode::<Value>(&encoded).unwrap() {
                Value::Map(entries) => assert_eq!(entries.iter().next().unwrap().0, effect.name()),
                text => assert_eq!(text.as_text(), Some(effect.name())),
            }
            assert_eq!(cbor::decode::<Effect>(&encoded).unwrap(), effect);
        }
    }

    #[test]
    fn limits_are_those_of_the_decoder() {
        for effect in [
            Effect::FileRead { scope: scope(), path: RelativePath::root(), offset: 0, length: 0 },
            Effect::StreamRead { stream: 0, max: MAX_CONTENT as u64 + 1 },
            Effect::StreamWrite { stream: 0, content: vec![0; MAX_CONTENT + 1] },
            Effect::StateGet { key: String::new() },
            Effect::StatePut { key: "k".repeat(MAX_KEY + 1), value: None },
            Effect::Random { length: 0 },
            Effect::Random { length: MAX_RANDOM + 1 },
        ] {
            let refused = cbor::decode::<Effect>(&cbor::encode(&effect)).unwrap_err();
            assert_eq!(refused.reason().code(), "cbor.out_of_range", "{}", effect.name());
        }
    }

    #[test]
    fn a_path_that_leaves_the_scope_does_not_decode() {
        let hostile = b"\xa1\x6bfile_delete\xa2\x64path\x64../a\x65scope\x65notes";
        assert_eq!(cbor::decode::<Effect>(hostile).unwrap_err().reason().code(), "execution.file_path");
    }
}
