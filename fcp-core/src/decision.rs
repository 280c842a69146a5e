//! Decisions are values (§23.4): a verdict with its reason and its evidence, never an error.

use alloc::vec::Vec;

use crate::error::Reason;
use crate::id::ObjectId;

/// What a rule decided.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a decision that nobody reads decides nothing"]
pub enum Decision<T> {
    /// Allowed; `T` is the proof.
    Allow(T),
    /// Denied, with the reason.
    Deny(Denial),
}

/// Why something is denied, and which objects say so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    /// The stable reason code.
    pub reason: Reason,
    /// The ids of the objects that decided, sorted, each once.
    pub evidence: Vec<ObjectId>,
}

impl Denial {
    /// A denial for `reason` without evidence.
    #[must_use]
    pub const fn new(reason: Reason) -> Self {
        Self { reason, evidence: Vec::new() }
    }

    /// The same denial with more evidence.
    #[must_use]
    pub fn with_evidence(mut self, ids: impl IntoIterator<Item = ObjectId>) -> Self {
        self.evidence.extend(ids);
        self.evidence.sort_unstable();
        self.evidence.dedup();
        self
    }
}

impl From<Reason> for Denial {
    fn from(reason: Reason) -> Self {
        Self::new(reason)
    }
}

impl<T> Decision<T> {
    /// A denial for `reason` without evidence.
    pub const fn deny(reason: Reason) -> Self {
        Self::Deny(Denial::new(reason))
    }

    /// The proof, if allowed.
    ///
    /// # Errors
    /// The denial, so that a caller's chain of decisions can use `?`.
    pub fn into_result(self) -> Result<T, Denial> {
        match self {
            Self::Allow(proof) => Ok(proof),
            Self::Deny(denial) => Err(denial),
        }
    }

    /// Whether it is allowed.
    #[must_use]
    pub const fn is_allowed(&self) -> bool {
        matches!(self, Self::Allow(_))
    }

    /// The reason code: [`Reason::Allow`], or why not.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        match self {
            Self::Allow(_) => Reason::Allow,
            Self::Deny(denial) => denial.reason,
        }
    }

    /// The same verdict with another proof.
    pub fn map<U>(self, with: impl FnOnce(T) -> U) -> Decision<U> {
        match self {
            Self::Allow(proof) => Decision::Allow(with(proof)),
            Self::Deny(denial) => Decision::Deny(denial),
        }
    }
}

impl<T> From<Result<T, Denial>> for Decision<T> {
    fn from(result: Result<T, Denial>) -> Self {
        match result {
            Ok(proof) => Self::Allow(proof),
            Err(denial) => Self::Deny(denial),
        }
    }
}
