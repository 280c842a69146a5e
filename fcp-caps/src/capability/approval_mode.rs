//! What an operation demands of its callers (§7.2).

use fcp_core::cbor::{Decode, Encode};

/// What happens if an operation is asked for twice (§7.2), in rising order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub enum IdempotencyClass {
    /// It happens twice.
    None,
    /// The connector tries to notice within a short while.
    BestEffort,
    /// It happens once per idempotency key. Dangerous operations are always of this class (§9.5).
    Strict,
}

impl IdempotencyClass {
    /// The class of this name, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::None, Self::BestEffort, Self::Strict].into_iter().find(|class| class.name() == name)
    }

    /// The class's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::BestEffort => "best_effort",
            Self::Strict => "strict",
        }
    }
}

/// Whether somebody must agree before an operation runs (§7.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
pub enum ApprovalMode {
    /// Nobody.
    None,
    /// The zone's policy agrees or not, without a token.
    Policy,
    /// A person agrees to this very call: an approval of scope `execution`.
    Interactive,
    /// An approval is presented: of scope `execution`, or an elevation that is bound to this call.
    ApprovalRequired,
}

impl ApprovalMode {
    /// The mode of this name, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let modes = [Self::None, Self::Policy, Self::Interactive, Self::ApprovalRequired];
        modes.into_iter().find(|mode| mode.name() == name)
    }

    /// The mode's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Policy => "policy",
            Self::Interactive => "interactive",
            Self::ApprovalRequired => "approval_required",
        }
    }

    /// Whether a call must present an approval token.
    #[must_use]
    pub const fn needs_token(self) -> bool {
        matches!(self, Self::Interactive | Self::ApprovalRequired)
    }
}

/// How much of a capability's use is recorded (§7.2). What the protocol makes mandatory is recorded at any level (D190).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub enum AuditLevel {
    /// Nothing beyond what is mandatory.
    Low,
    /// Each use.
    Medium,
    /// Each use with the decision that allowed it.
    High,
}

#[cfg(test)]
mod tests {
    use super::{ApprovalMode, IdempotencyClass};
    use fcp_core::cbor;

    #[test]
    fn names_are_those_of_the_wire() {
        for class in [IdempotencyClass::None, IdempotencyClass::BestEffort, IdempotencyClass::Strict] {
            assert_eq!(cbor::encode(&class), cbor::encode(class.name()));
            assert_eq!(IdempotencyClass::from_name(class.name()), Some(class));
        }
        for mode in
            [ApprovalMode::None, ApprovalMode::Policy, ApprovalMode::Interactive, ApprovalMode::ApprovalRequired]
        {
            assert_eq!(cbor::encode(&mode), cbor::encode(mode.name()));
            assert_eq!(ApprovalMode::from_name(mode.name()), Some(mode));
        }
        assert_eq!(IdempotencyClass::from_name("Strict"), None);
        assert_eq!(ApprovalMode::from_name(""), None);
    }
}
