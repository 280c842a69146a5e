//! The data folder: nobody but the node's user may enter it, and no connector may be granted it.

use std::fs::DirBuilder;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// Why a folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FolderError {
    /// The data folder cannot be made or looked at.
    #[error("cannot use the data folder `{path}`: {source}")]
    Data {
        /// The folder.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// Others may enter the data folder. It was there before, perhaps for something else, so its mode is the operator's to
    /// change.
    #[error(
        "the data folder `{path}` is open to other users (mode {mode:03o}): \
         close it with `chmod 700`, or choose a folder that the node can make"
    )]
    Open {
        /// The folder.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// The granted directory cannot be looked at.
    #[error("cannot grant the directory `{path}` to the connector `files`: {source}")]
    Granted {
        /// The directory.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// The granted directory and the data folder overlap.
    #[error(
        "the directory `{granted}` of `[files]` and the data folder `{data}` overlap: \
         an agent could read the node's keys; choose a directory outside of it that does not contain it"
    )]
    Overlap {
        /// The granted directory, with symbolic links resolved.
        granted: PathBuf,
        /// The data folder, with symbolic links resolved.
        data: PathBuf,
    },
}

/// Makes the data folder for its user alone, or makes sure that it is closed to everybody else.
pub(crate) fn open(path: &Path) -> Result<(), FolderError> {
    let failed = |source| FolderError::Data { path: path.to_owned(), source };
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(failed)?;
    let mode = std::fs::metadata(path).map_err(failed)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(FolderError::Open { path: path.to_owned(), mode });
    }
    Ok(())
}

/// Makes sure that neither of the two folders contains the other, wherever symbolic links lead.
pub(crate) fn keep_apart(data: &Path, granted: &Path) -> Result<(), FolderError> {
    let data = data.canonicalize().map_err(|source| FolderError::Data { path: data.to_owned(), source })?;
    let granted = granted.canonicalize().map_err(|source| FolderError::Granted { path: granted.to_owned(), source })?;
    if data.starts_with(&granted) || granted.starts_with(&data) {
        return Err(FolderError::Overlap { granted, data });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{FolderError, keep_apart, open};
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    #[test]
    fn is_made_for_its_user_alone_and_refused_if_others_may_enter() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("new").join("data");
        let mode = || std::fs::metadata(&data).unwrap().permissions().mode() & 0o777;
        open(&data).unwrap();
        assert_eq!(mode(), 0o700);
        open(&data).unwrap();
        for others in [0o750, 0o701, 0o755] {
            std::fs::set_permissions(&data, std::fs::Permissions::from_mode(others)).unwrap();
            let refused = open(&data).unwrap_err();
            assert!(matches!(refused, FolderError::Open { mode, .. } if mode == others), "{refused}");
            assert!(refused.to_string().contains("chmod 700"), "{refused}");
            assert_eq!(mode(), others, "a folder that was there is left as it is");
        }
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        assert!(matches!(open(&file), Err(FolderError::Data { .. })));
    }

    #[test]
    fn is_never_granted() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["data/inside", "data-beside", "shared"] {
            std::fs::create_dir_all(at(name)).unwrap();
        }
        symlink(at("data"), at("link")).unwrap();
        for apart in ["data-beside", "shared"] {
            keep_apart(&at("data"), &at(apart)).unwrap();
        }
        for overlapping in ["data", "data/inside", "", "link", "link/inside", "shared/../data"] {
            let refused = keep_apart(&at("data"), &at(overlapping)).unwrap_err();
            assert!(matches!(refused, FolderError::Overlap { .. }), "{overlapping}: {refused}");
        }
        assert!(matches!(keep_apart(&at("data"), &at("missing")), Err(FolderError::Granted { .. })));
    }
}
