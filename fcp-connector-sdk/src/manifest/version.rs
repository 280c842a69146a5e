//! Versions (§11.1 rules 1 and 2, D156).

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use fcp_core::error::Reason;

/// A version by SemVer 2.0.0, compared by precedence: build metadata does not count (D156).
#[derive(Debug, Clone)]
pub struct Version(semver::Version);

/// The text is no version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VersionError {
    /// Not `MAJOR.MINOR.PATCH` with its optional parts.
    #[error("not a version by SemVer 2.0.0")]
    SemVer,
    /// Not `name/MAJOR.MINOR`.
    #[error("not a protocol such as `fcp2-sym/2.0`")]
    Protocol,
}

impl VersionError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(self) -> Reason {
        Reason::ManifestBadVersion
    }
}

impl FromStr for Version {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        semver::Version::parse(text).map(Self).map_err(|_| VersionError::SemVer)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Version {}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp_precedence(&other.0)
    }
}

/// A protocol with its version, such as `fcp2-sym/2.0` (D156).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProtocolVersion {
    name: String,
    major: u32,
    minor: u32,
}

impl ProtocolVersion {
    /// The protocol of this specification.
    #[must_use]
    pub fn current() -> Self {
        Self { name: "fcp2-sym".to_owned(), major: 2, minor: 0 }
    }

    /// Whether whoever speaks this protocol can serve who requires `required`: the same name, the same major version
    /// and no smaller minor version (D156).
    #[must_use]
    pub fn satisfies(&self, required: &Self) -> bool {
        self.name == required.name && self.major == required.major && self.minor >= required.minor
    }
}

impl FromStr for ProtocolVersion {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        let number = |digits: &str| {
            let plain = digits == "0" || (!digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit()));
            digits.parse().ok().filter(|_| plain)
        };
        let named = |name: &str| {
            let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
            name.bytes().enumerate().all(|(at, byte)| letter(byte) || (at > 0 && byte == b'-')) && !name.is_empty()
        };
        let parts = || {
            let (name, version) = text.split_once('/')?;
            let (major, minor) = version.split_once('.')?;
            Some(Self {
                name: Some(name).filter(|name| named(name))?.to_owned(),
                major: number(major)?,
                minor: number(minor)?,
            })
        };
        parts().ok_or(VersionError::Protocol)
    }
}

impl fmt::Display for ProtocolVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}.{}", self.name, self.major, self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::{ProtocolVersion, Version};

    #[test]
    fn precedence_is_that_of_semver() {
        // The chain of SemVer 2.0.0 §11.4.
        let chain = [
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-alpha.beta",
            "1.0.0-beta",
            "1.0.0-beta.2",
            "1.0.0-beta.11",
            "1.0.0-rc.1",
            "1.0.0",
            "2.0.0",
            "2.1.0",
            "2.1.1",
            "2.10.0",
        ];
        let versions: Vec<Version> = chain.iter().map(|text| text.parse().unwrap()).collect();
        assert!(versions.is_sorted_by(|left, right| left < right));
        assert_eq!("1.0.0+a".parse::<Version>(), "1.0.0+b".parse::<Version>());
        for text in ["1.0", "1.0.0.0", "01.0.0", "v1.0.0", "1.0.0-", "", "1.0.0-01"] {
            assert!(text.parse::<Version>().is_err(), "{text}");
        }
    }

    #[test]
    fn protocols() {
        let current = ProtocolVersion::current();
        let required = |text: &str| text.parse::<ProtocolVersion>().unwrap();
        assert!(current.satisfies(&required("fcp2-sym/2.0")));
        for other in ["fcp2-sym/2.1", "fcp2-sym/1.0", "fcp2-sym/3.0", "fcp2/2.0"] {
            assert!(!current.satisfies(&required(other)), "{other}");
        }
        for text in
            ["fcp2-sym", "fcp2-sym/2", "fcp2-sym/2.0.0", "fcp2-sym/02.0", "FCP/2.0", "/2.0", "-a/1.0", "a/+1.0", "a/1."]
        {
            assert!(text.parse::<ProtocolVersion>().is_err(), "{text}");
        }
    }
}
