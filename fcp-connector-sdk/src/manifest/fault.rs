//! What is wrong with a manifest, and where.

use std::fmt;

use fcp_core::error::Reason;

/// One fault of a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestFault {
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) path: String,
    pub(super) reason: Reason,
    pub(super) message: String,
}

impl ManifestFault {
    /// The line, from 1.
    #[must_use]
    pub const fn line(&self) -> usize {
        self.line
    }

    /// The column, from 1, in characters.
    #[must_use]
    pub const fn column(&self) -> usize {
        self.column
    }

    /// The dotted path of the key, such as `connector.id`; empty for the text as a whole.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(&self) -> Reason {
        self.reason
    }

    /// What is the matter.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for ManifestFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.line, self.column)?;
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        write!(f, "{} ({})", self.message, self.reason)
    }
}

/// The faults of a manifest, in the order of its text; at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestError {
    pub(super) first: ManifestFault,
    pub(super) others: Vec<ManifestFault>,
}

impl ManifestError {
    /// The faults.
    pub fn iter(&self) -> impl Iterator<Item = &ManifestFault> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// The stable reason code of the first fault.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        self.first.reason
    }
}

impl fmt::Display for ManifestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.first.fmt(f)?;
        self.others.iter().try_for_each(|fault| write!(f, "\n{fault}"))
    }
}

impl std::error::Error for ManifestError {}
