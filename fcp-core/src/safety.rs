//! Words that several layers share: how dangerous an operation is, and what a path crosses.

use crate::cbor::{Decode, Encode};

/// How much an operation can do (§7.2), in rising order. Enforcement goes by this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub enum SafetyTier {
    /// Reads, or nothing sensitive.
    Safe,
    /// Exposes private data or posts in public.
    Risky,
    /// Destroys, or reaches far.
    Dangerous,
    /// Never allowed.
    Forbidden,
}

impl SafetyTier {
    /// The tier of this name; any other name, `critical` included, is [`Forbidden`](Self::Forbidden) (D102).
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        match name {
            "safe" => Self::Safe,
            "risky" => Self::Risky,
            "dangerous" => Self::Dangerous,
            _ => Self::Forbidden,
        }
    }

    /// The tier's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Safe => "safe",
            Self::Risky => "risky",
            Self::Dangerous => "dangerous",
            Self::Forbidden => "forbidden",
        }
    }
}

/// How bad it is if an operation goes wrong (§7.2): for people and their attention, not for enforcement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub enum RiskLevel {
    /// Hardly matters.
    Low,
    /// Matters.
    Medium,
    /// Matters much.
    High,
    /// Cannot be made good.
    Critical,
}

/// What the way to a peer crosses (appendix G), best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub enum PathClass {
    /// The same local network.
    Lan,
    /// A direct tunnel through address translation.
    Direct,
    /// A relay.
    Derp,
    /// Public ingress.
    Funnel,
}
