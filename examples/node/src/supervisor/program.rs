//! The executable that a connector's process runs.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use fcp_caps::token::binary_audience;
use fcp_connector_sdk::manifest::Manifest;
use fcp_core::id::ObjectId;
use tokio::process::{Child, Command};

use super::BuiltIn;

/// An executable that contains connectors: a build of this node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    path: PathBuf,
}

/// What a build is known by: BLAKE3-256 of the executable file (D154). The node's binary has no manifest section whose
/// bytes would be left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BinaryDigest([u8; 32]);

impl BinaryDigest {
    /// The digest.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// What tokens call a connector of this build (`aud_binary`, D107).
    #[must_use]
    pub fn audience(&self, manifest: &Manifest) -> ObjectId {
        binary_audience(&self.0, &manifest.hash())
    }
}

impl Program {
    /// The executable of this very process: so node and connector are one build.
    ///
    /// # Errors
    /// [`io::Error`] if the system does not say where it is.
    pub fn own() -> io::Result<Self> {
        // On Linux this names what runs even after the file was replaced by a newer build.
        #[cfg(target_os = "linux")]
        let path = PathBuf::from("/proc/self/exe");
        #[cfg(not(target_os = "linux"))]
        let path = std::env::current_exe()?;
        Ok(Self { path })
    }

    /// The executable at this path.
    #[must_use]
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its digest. This reads the whole file.
    ///
    /// # Errors
    /// [`io::Error`] if it cannot be read.
    pub fn digest(&self) -> io::Result<BinaryDigest> {
        let mut hasher = blake3::Hasher::new();
        hasher.update_reader(File::open(&self.path)?)?;
        Ok(BinaryDigest(*hasher.finalize().as_bytes()))
    }

    /// Starts a process that is the connector. It gets an empty environment, the root directory to stand in and no file
    /// but its three pipes, and is killed when it is dropped.
    pub(super) fn spawn(&self, connector: BuiltIn) -> io::Result<Child> {
        // Everything that this process opens itself is closed in children; this is for what it was started with.
        close_fds::set_fds_cloexec_threadsafe(3, &[]);
        Command::new(&self.path)
            .arg0("fcp")
            .args(["connector", connector.name()])
            .env_clear()
            .current_dir("/")
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
    }
}

#[cfg(test)]
mod tests {
    use super::Program;

    /// The empty input's digest from the published test vectors of BLAKE3.
    #[test]
    fn the_digest_is_that_of_the_file() {
        let empty = tempfile::NamedTempFile::new().unwrap();
        let digest = Program::at(empty.path()).digest().unwrap();
        let hex = crate::params::hex(digest.as_bytes());
        assert_eq!(hex, "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262");
        assert!(Program::at("/nonexistent").digest().is_err());
        Program::own().unwrap().digest().unwrap();
    }
}
