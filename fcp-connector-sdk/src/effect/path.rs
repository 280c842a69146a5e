//! Where files are: a granted directory and a path inside of it.

use std::fmt;
use std::str::FromStr;

use fcp_core::cbor::{Decode, DecodeError, Decoder, Encode, Encoder};
use fcp_core::error::Reason;
use fcp_core::id::{IdError, InstanceId};

/// The name of a directory that the host granted. Only the host knows where it is.
///
/// Grammar: that of §3.4.2, `^[a-z0-9][a-z0-9._:-]*$`, at most 128 bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileScope(String);

impl FileScope {
    /// The scope of this name.
    ///
    /// # Errors
    /// [`IdError`] with the rule that `name` breaks and where.
    pub fn new(name: &str) -> Result<Self, IdError> {
        InstanceId::new(name).map(|_| Self(name.to_owned()))
    }

    /// The scope's name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A path inside of a [`FileScope`], with `/` between its parts; empty for the directory itself.
///
/// No part is empty, `.` or `..`, and there is no NUL, no control character and no backslash; a path does not begin
/// with `/` or a drive letter. So a path names something below the scope on every system, or nothing. Symbolic links
/// are the host's to refuse: it resolves the path beneath the directory.
///
/// ```
/// use fcp_connector_sdk::effect::RelativePath;
///
/// assert_eq!(RelativePath::new("2026/may.txt")?.parts().count(), 2);
/// assert_eq!(RelativePath::new("2026/../../etc").unwrap_err().reason().code(), "execution.file_path");
/// # Ok::<(), fcp_connector_sdk::effect::PathError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RelativePath(String);

/// The longest path, in bytes.
const MAX_PATH: usize = 4096;

/// The longest part of a path, in bytes.
const MAX_PART: usize = 255;

/// The rule of a relative path that a text breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// Longer than 4,096 bytes, or a part longer than 255.
    #[error("path is too long")]
    TooLong,
    /// Begins with `/` or a drive letter.
    #[error("path is absolute")]
    Absolute,
    /// Has an empty part or one that is `.`.
    #[error("path has an empty part or `.`")]
    EmptyPart,
    /// Has a part that is `..`.
    #[error("path has a part `..`")]
    Parent,
    /// Has a NUL, another control character or a backslash.
    #[error("path has a control character or a backslash")]
    Character,
}

impl PathError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(self) -> Reason {
        Reason::ExecutionFilePath
    }
}

impl RelativePath {
    /// Reads a path, without any repair.
    ///
    /// # Errors
    /// [`PathError`] with the rule that `text` breaks.
    pub fn new(text: &str) -> Result<Self, PathError> {
        if text.len() > MAX_PATH {
            return Err(PathError::TooLong);
        }
        if text.chars().any(|character| character.is_control() || character == '\\') {
            return Err(PathError::Character);
        }
        let drive = matches!(text.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic());
        if drive || text.starts_with('/') {
            return Err(PathError::Absolute);
        }
        if text.is_empty() {
            return Ok(Self::root());
        }
        for part in text.split('/') {
            match part {
                "" | "." => return Err(PathError::EmptyPart),
                ".." => return Err(PathError::Parent),
                long if long.len() > MAX_PART => return Err(PathError::TooLong),
                _ => {}
            }
        }
        Ok(Self(text.to_owned()))
    }

    /// The scope's directory itself.
    #[must_use]
    pub const fn root() -> Self {
        Self(String::new())
    }

    /// The path below this one that ends in `name`.
    ///
    /// # Errors
    /// [`PathError`] if the longer path is none.
    pub fn join(&self, name: &str) -> Result<Self, PathError> {
        if self.0.is_empty() { Self::new(name) } else { Self::new(&format!("{}/{name}", self.0)) }
    }

    /// The parts from the scope on; none for the scope itself.
    pub fn parts(&self) -> impl Iterator<Item = &str> {
        self.0.split('/').filter(|part| !part.is_empty())
    }

    /// The path's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RelativePath {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        Self::new(text)
    }
}

impl fmt::Display for RelativePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Encode for RelativePath {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        encoder.text(&self.0);
    }
}

impl<'b> Decode<'b> for RelativePath {
    fn decode(decoder: &mut Decoder<'b>) -> Result<Self, DecodeError> {
        let offset = decoder.position();
        Self::new(decoder.text()?).map_err(|error| Decoder::invalid(offset, error.reason()))
    }
}

impl FromStr for FileScope {
    type Err = IdError;

    fn from_str(name: &str) -> Result<Self, IdError> {
        Self::new(name)
    }
}

impl fmt::Display for FileScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Encode for FileScope {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        encoder.text(&self.0);
    }
}

impl<'b> Decode<'b> for FileScope {
    fn decode(decoder: &mut Decoder<'b>) -> Result<Self, DecodeError> {
        let offset = decoder.position();
        Self::new(decoder.text()?).map_err(|error| Decoder::invalid(offset, error.reason()))
    }
}

#[cfg(test)]
mod tests {
    use super::{FileScope, PathError, RelativePath};

    #[test]
    fn only_paths_below_the_scope() {
        for text in ["", "a", "a/b.txt", ".hidden", "..a", "a../b", "10:30.log", "ä/ö"] {
            assert_eq!(RelativePath::new(text).unwrap().as_str(), text);
        }
        let (long, deep) = ("a".repeat(256), "a/".repeat(2049));
        for (text, error) in [
            ("/etc/passwd", PathError::Absolute),
            ("C:/windows", PathError::Absolute),
            ("c:", PathError::Absolute),
            ("..", PathError::Parent),
            ("a/../b", PathError::Parent),
            ("a/..", PathError::Parent),
            (".", PathError::EmptyPart),
            ("a//b", PathError::EmptyPart),
            ("a/", PathError::EmptyPart),
            ("a/./b", PathError::EmptyPart),
            ("a\0b", PathError::Character),
            ("a\nb", PathError::Character),
            ("..\\a", PathError::Character),
            (&long, PathError::TooLong),
            (&deep, PathError::TooLong),
        ] {
            assert_eq!(RelativePath::new(text), Err(error), "{text:?}");
        }
    }

    #[test]
    fn joining_checks_again() {
        let root = RelativePath::root();
        let child = root.join("a").unwrap();
        assert_eq!(child.join("b").unwrap().as_str(), "a/b");
        assert_eq!(child.join("../.."), Err(PathError::Parent));
        assert_eq!(root.parts().count(), 0);
    }

    #[test]
    fn scopes_are_canonical_identifiers() {
        assert_eq!(FileScope::new("notes").unwrap().as_str(), "notes");
        assert_eq!(FileScope::new("/home").unwrap_err().reason().code(), "id.bad_first");
        assert_eq!(FileScope::new("").unwrap_err().reason().code(), "id.empty");
    }
}
