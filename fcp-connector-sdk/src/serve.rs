//! Running a connector as a process: a loop around [`ConnectorSession`] over any reader and writer.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::process::ExitCode;

use fcp_core::error::Reason;

use crate::connector::Connector;
use crate::service::ServiceError;
use crate::session::{ConnectorSession, SessionError};

/// Why serving ended before `shutdown`.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The connector cannot run at all.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// The node does not keep to the protocol.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// Reading or writing failed.
    #[error("transport failed: {0}")]
    Transport(#[from] io::Error),
}

impl ServeError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(&self) -> Reason {
        match self {
            Self::Service(error) => error.reason(),
            Self::Session(error) => error.reason(),
            Self::Transport(_) => Reason::ExecutionProtocol,
        }
    }
}

/// How many bytes are read at once.
const BUFFER: usize = 64 * 1024;

/// Serves a connector until the node shuts it down or closes the transport between two messages.
///
/// # Errors
/// [`ServeError`] if the connector cannot run, the node does not keep to the protocol, or the transport fails.
pub fn serve<C: Connector>(mut reader: impl Read, mut writer: impl Write) -> Result<(), ServeError> {
    let mut session = ConnectorSession::<C>::new()?;
    let mut buffer = vec![0; BUFFER];
    while !session.is_finished() {
        let length = match reader.read(&mut buffer) {
            Ok(0) if session.is_at_boundary() => return Ok(()),
            Ok(0) => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error.into()),
        };
        let handled = session.handle_bytes(buffer.get(..length).unwrap_or_default());
        while let Some(bytes) = session.poll_output() {
            writer.write_all(&bytes)?;
        }
        writer.flush()?;
        handled?;
    }
    Ok(())
}

/// What a connector's `main` does: with `--manifest` it prints the manifest (appendix E), without arguments it serves.
///
/// [`connector_main!`](crate::connector_main) calls this with the process's arguments and standard streams.
pub fn run<C: Connector>(
    arguments: impl IntoIterator<Item = OsString>,
    reader: impl Read,
    mut writer: impl Write,
    mut diagnostics: impl Write,
) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().skip(1).collect();
    let result = match arguments.as_slice() {
        [] => serve::<C>(reader, writer),
        [only] if only == "--manifest" => {
            writer.write_all(C::MANIFEST.as_bytes()).and_then(|()| writer.flush()).map_err(ServeError::Transport)
        }
        _ => {
            let _ = writeln!(
                diagnostics,
                "usage: [--manifest]\nWithout arguments it speaks with its node over stdin and stdout."
            );
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(diagnostics, "{}: {error}", error.reason());
            ExitCode::FAILURE
        }
    }
}

/// The `main` of a connector: `connector_main!(Files);`.
///
/// Standard output belongs to the transport: a connector that prints there breaks it. It logs through
/// [`Cx::log`](crate::Cx::log).
#[macro_export]
macro_rules! connector_main {
    ($connector:ty) => {
        fn main() -> ::std::process::ExitCode {
            $crate::serve::run::<$connector>(
                ::std::env::args_os(),
                ::std::io::stdin().lock(),
                ::std::io::stdout().lock(),
                ::std::io::stderr().lock(),
            )
        }
    };
}
