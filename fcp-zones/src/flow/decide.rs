//! What data may drive (§6.2).

use fcp_core::error::Reason;
use fcp_core::object::TaintFlags;
use fcp_core::safety::SafetyTier;

use super::Labels;
use crate::zone::Levels;

/// What data may drive (§6.2): a verdict that an elevation approval can still turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a decision that nobody reads decides nothing"]
pub enum TaintDecision {
    /// It may drive the operation.
    Allow,
    /// It may if somebody with the authority vouches for it.
    RequireElevation,
    /// It may not, whoever vouches for it.
    Deny(Reason),
}

impl TaintDecision {
    /// The reason code: [`Reason::Allow`], or why not.
    #[must_use]
    pub const fn reason(self) -> Reason {
        match self {
            Self::Allow => Reason::Allow,
            Self::RequireElevation => Reason::TaintElevationRequired,
            Self::Deny(reason) => reason,
        }
    }
}

impl Labels {
    /// Decides whether data with these labels may drive an operation of `tier` in a zone with the levels `zone`, which
    /// are those of its pinned definition (§6.2, D94, D101, D102).
    ///
    /// A forbidden operation is denied whatever drives it; public input, or input with a taint that this version does
    /// not know, drives nothing dangerous; and for anything above safe, input that is trusted less than the zone needs
    /// an elevation, tainted or not.
    pub const fn can_invoke(&self, tier: SafetyTier, zone: Levels) -> TaintDecision {
        match tier {
            SafetyTier::Forbidden => TaintDecision::Deny(Reason::TaintForbiddenTier),
            SafetyTier::Dangerous if self.is_public() => TaintDecision::Deny(Reason::TaintPublicInputDangerous),
            SafetyTier::Dangerous | SafetyTier::Risky if zone.integrity > self.integrity => {
                TaintDecision::RequireElevation
            }
            SafetyTier::Dangerous | SafetyTier::Risky | SafetyTier::Safe => TaintDecision::Allow,
        }
    }

    /// Whether anybody could have written the data, or it has a taint that this version does not know (D94).
    #[must_use]
    pub const fn is_public(&self) -> bool {
        self.taint.contains(TaintFlags::PUBLIC_INPUT) || self.taint.unknown() != 0
    }
}

#[cfg(test)]
mod tests {
    use fcp_core::object::TaintFlags;
    use fcp_core::safety::SafetyTier;

    use super::Labels;
    use crate::zone::Levels;

    fn decide(integrity: u8, taint: u32, tier: SafetyTier) -> &'static str {
        let labels = Labels { integrity, confidentiality: 50, taint: TaintFlags::from_bits_retain(taint) };
        labels.can_invoke(tier, Levels::new(80, 90)).reason().code()
    }

    #[test]
    fn decides_as_the_table_says() {
        use SafetyTier::{Dangerous, Forbidden, Risky, Safe};
        const ELEVATE: &str = "taint.elevation_required";
        const PUBLIC: &str = "taint.public_input_dangerous";
        for (integrity, taint, tier, expected) in [
            (255, 0, Forbidden, "taint.forbidden_tier"),
            (0, 1, Forbidden, "taint.forbidden_tier"),
            (80, 0, Dangerous, "allow"),
            (80, 1, Dangerous, PUBLIC),
            (255, 1, Dangerous, PUBLIC),
            (0, 1, Dangerous, PUBLIC),
            (255, 1 << 5, Dangerous, PUBLIC),
            (255, 1 << 31, Dangerous, PUBLIC),
            (255, 0b11110, Dangerous, "allow"),
            (79, 0, Dangerous, ELEVATE),
            (79, 0b01000, Dangerous, ELEVATE),
            (80, 1, Risky, "allow"),
            (79, 1, Risky, ELEVATE),
            (79, 0, Risky, ELEVATE),
            (0, 1, Safe, "allow"),
            (0, u32::MAX, Safe, "allow"),
        ] {
            assert_eq!(decide(integrity, taint, tier), expected, "integrity {integrity}, taint {taint:#b}, {tier:?}");
        }
    }

    #[test]
    fn worse_data_is_never_allowed_more() {
        use SafetyTier::{Dangerous, Forbidden, Risky, Safe};
        let rank = |code: &str| match code {
            "allow" => 0,
            "taint.elevation_required" => 1,
            _ => 2,
        };
        for tier in [Safe, Risky, Dangerous, Forbidden] {
            for integrity in 1..=255 {
                for taint in 0..64 {
                    let here = rank(decide(integrity, taint, tier));
                    assert!(rank(decide(integrity - 1, taint, tier)) >= here);
                    for bit in 0..6 {
                        assert!(rank(decide(integrity, taint | 1 << bit, tier)) >= here);
                    }
                }
            }
        }
    }
}
