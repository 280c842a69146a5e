//! A node's secret keys on disk: one file that only its user may read.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use fcp_core::cbor::{self, Decode, Encode};
use fcp_core::identity::NodeSecretKeys;
use fcp_core::rand_core::CryptoRng;
use fcp_core::sign::{NodeEncryptionKey, NodeIssuanceKey, NodeSigningKey};
use zeroize::Zeroizing;

/// Why the keys cannot be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyFileError {
    /// The file cannot be read or written.
    #[error("cannot use the key file `{path}`: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// Others may read the file.
    #[error("the key file `{path}` may be read by others: make it readable by its owner only (mode 600)")]
    Permissions {
        /// The file.
        path: PathBuf,
    },
    /// The file is no key file.
    #[error("the key file `{path}` is damaged: restore it from a backup; the node is not itself without it")]
    Damaged {
        /// The file.
        path: PathBuf,
    },
}

/// What the file holds.
#[derive(Encode, Decode)]
struct KeyFile {
    signing: [u8; 32],
    encryption: [u8; 32],
    issuance: [u8; 32],
}

/// Reads the keys in `path`, or makes new ones and writes them there.
pub(crate) fn load_or_create(path: &Path, rng: &mut impl CryptoRng) -> Result<NodeSecretKeys, KeyFileError> {
    let io = |source| KeyFileError::Io { path: path.to_owned(), source };
    match File::open(path) {
        Ok(file) => read(path, file),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let keys = NodeSecretKeys::generate(rng);
            write(path, &keys).map_err(io)?;
            Ok(keys)
        }
        Err(error) => Err(io(error)),
    }
}

fn read(path: &Path, mut file: File) -> Result<NodeSecretKeys, KeyFileError> {
    let io = |source| KeyFileError::Io { path: path.to_owned(), source };
    if file.metadata().map_err(io)?.permissions().mode() & 0o077 != 0 {
        return Err(KeyFileError::Permissions { path: path.to_owned() });
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(256));
    std::io::Read::by_ref(&mut file).take(4096).read_to_end(&mut bytes).map_err(io)?;
    let stored: KeyFile = cbor::decode(&bytes).map_err(|_| KeyFileError::Damaged { path: path.to_owned() })?;
    Ok(NodeSecretKeys {
        signing: NodeSigningKey::from_seed(stored.signing),
        encryption: NodeEncryptionKey::from_bytes(stored.encryption),
        issuance: NodeIssuanceKey::from_seed(stored.issuance),
    })
}

/// Writes the file beside its place first, so that a crash leaves the old keys or the new ones.
fn write(path: &Path, keys: &NodeSecretKeys) -> std::io::Result<()> {
    let stored = KeyFile {
        signing: *keys.signing.expose_seed(),
        encryption: *keys.encryption.expose_bytes(),
        issuance: *keys.issuance.expose_seed(),
    };
    let bytes = Zeroizing::new(cbor::encode(&stored));
    let draft = path.with_extension("new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    file.write_all(&bytes)?;
    file.sync_all()?;
    std::fs::rename(&draft, path)?;
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

#[cfg(test)]
mod tests {
    use super::load_or_create;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn keys_survive_and_stay_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        let mut rng = crate::random::Generator::new().unwrap();
        let made = load_or_create(&path, &mut rng).unwrap().public();
        assert_eq!(load_or_create(&path, &mut rng).unwrap().public(), made);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(load_or_create(&path, &mut rng).unwrap_err().to_string().contains("mode 600"));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        std::fs::write(&path, b"nonsense").unwrap();
        assert!(load_or_create(&path, &mut rng).unwrap_err().to_string().contains("damaged"));
    }
}
