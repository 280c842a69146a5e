//! The connectors that the node's own binary contains.

use std::io;

use fcp_connector_files::Files;
use fcp_connector_sdk::connector::Connector;
use fcp_connector_sdk::effect::FileScope;
use fcp_connector_sdk::json;
use fcp_connector_sdk::manifest::{Manifest, ManifestError};
use fcp_connector_sdk::serve::{ServeError, serve};
use fcp_core::cbor::Value;

/// A connector that comes with the node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BuiltIn {
    /// The files of one granted directory.
    Files,
}

impl BuiltIn {
    /// The connector of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Files].into_iter().find(|connector| connector.name() == name)
    }

    /// Its name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Files => "files",
        }
    }

    /// Its manifest.
    ///
    /// # Errors
    /// [`ManifestError`] with its faults.
    pub fn manifest(self) -> Result<Manifest, ManifestError> {
        match self {
            Self::Files => Manifest::parse(Files::MANIFEST),
        }
    }

    /// Its settings, where its directory is granted under the name `scope`.
    pub(super) fn configuration(self, scope: &FileScope) -> Value {
        match self {
            Self::Files => json!({"scope": scope.as_str()}),
        }
    }

    /// Is the connector, until the node ends it.
    fn serve(self) -> Result<(), ServeError> {
        match self {
            Self::Files => serve::<Files>(io::stdin().lock(), io::stdout().lock()),
        }
    }
}

/// Is the connector of this name, on standard input and output: what a connector's process does.
///
/// # Errors
/// What went wrong, for the node's log.
pub fn serve_connector(name: &str) -> Result<(), String> {
    let connector = BuiltIn::from_name(name).ok_or_else(|| format!("there is no connector `{name}`"))?;
    connector.serve().map_err(|error| format!("{}: {error}", error.reason()))
}
