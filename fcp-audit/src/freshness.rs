//! How old a zone's checkpoint may be before it is no ground to decide on (§14.3.1, D111, D162, D163).

use fcp_core::cbor::{Decode, Encode};
use fcp_core::decision::{Decision, Denial};
use fcp_core::error::Reason;
use fcp_core::id::ObjectId;
use fcp_core::safety::SafetyTier;
use fcp_core::time::{TimePolicy, Timestamp};

/// When a stale checkpoint is still good enough (§14.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct RevocationFreshnessPolicy {
    /// The greatest age of the accepted checkpoint, in seconds.
    pub max_checkpoint_age_secs: u64,
    /// Whether Safe operations go ahead with a stale checkpoint, or without one.
    pub allow_safe_ops_in_degraded_mode: bool,
    /// Whether Risky operations go ahead with a stale checkpoint if somebody approved that very execution.
    pub allow_risky_ops_with_interactive_override: bool,
}

impl Default for RevocationFreshnessPolicy {
    /// The specification's defaults: 300 s, Safe goes ahead, Risky does not.
    fn default() -> Self {
        Self {
            max_checkpoint_age_secs: 300,
            allow_safe_ops_in_degraded_mode: true,
            allow_risky_ops_with_interactive_override: false,
        }
    }
}

/// The accepted checkpoint, as far as freshness goes by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frontier {
    /// The checkpoint.
    pub checkpoint: ObjectId,
    /// Its sequence.
    pub checkpoint_seq: u64,
    /// When it was created.
    pub created_at: Timestamp,
    /// Whether every revocation up to it is held: without that its age counts as infinite (D162).
    pub complete: bool,
}

impl Frontier {
    /// The checkpoint's age in seconds (D163); nothing for an infinite one, which is also that of a checkpoint from
    /// the future.
    #[must_use]
    pub fn age(&self, now: Timestamp) -> Option<u64> {
        let future = self.created_at > now.saturating_add(TimePolicy::DEFAULT_SKEW_SECS);
        (self.complete && !future).then(|| now.since(self.created_at))
    }
}

/// Why what is known is fresh enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// The checkpoint is new enough.
    Fresh,
    /// It is not, but the operation is Safe: the node records the event `revocation.degraded_mode` (§14.3.1).
    Degraded,
    /// It is not, but this approval lets the Risky operation go ahead.
    Overridden(ObjectId),
}

/// Decides whether the revocations that this node knows are fresh enough for an operation (D162).
///
/// `needed` is the checkpoint sequence that the token names, if it names one. `approval` is an Execution approval that
/// is bound to exactly this request (D88); binding it is the caller's part.
///
/// A Risky or Dangerous operation needs the named sequence in any case (D111); a Safe one goes ahead without, if the
/// policy lets it. Dangerous and Forbidden operations have no exception.
pub fn decide(
    tier: SafetyTier,
    frontier: Option<&Frontier>,
    needed: Option<u64>,
    approval: Option<ObjectId>,
    policy: &RevocationFreshnessPolicy,
    now: Timestamp,
) -> Decision<Freshness> {
    let Some(reason) = stale(frontier, needed, policy, now) else { return Decision::Allow(Freshness::Fresh) };
    let behind = needed > frontier.map(|frontier| frontier.checkpoint_seq);
    match (tier, approval) {
        (SafetyTier::Safe, _) if policy.allow_safe_ops_in_degraded_mode => Decision::Allow(Freshness::Degraded),
        (SafetyTier::Risky, Some(approval)) if policy.allow_risky_ops_with_interactive_override && !behind => {
            Decision::Allow(Freshness::Overridden(approval))
        }
        _ => Decision::Deny(Denial::new(reason).with_evidence(frontier.map(|frontier| frontier.checkpoint))),
    }
}

/// Why what is known is not fresh, in the order of D162; nothing if it is.
fn stale(
    frontier: Option<&Frontier>,
    needed: Option<u64>,
    policy: &RevocationFreshnessPolicy,
    now: Timestamp,
) -> Option<Reason> {
    let Some(frontier) = frontier else { return Some(Reason::RevocationStaleFrontier) };
    if needed.is_some_and(|needed| frontier.checkpoint_seq < needed) {
        return Some(Reason::CheckpointBehind);
    }
    if !frontier.complete {
        return Some(Reason::RevocationIncomplete);
    }
    match frontier.age(now) {
        Some(age) if age <= policy.max_checkpoint_age_secs => None,
        _ => Some(Reason::RevocationStaleFrontier),
    }
}

#[cfg(test)]
mod tests {
    use fcp_core::id::ObjectId;
    use fcp_core::safety::SafetyTier::{Dangerous, Forbidden, Risky, Safe};
    use fcp_core::time::Timestamp;

    use super::{Freshness, Frontier, RevocationFreshnessPolicy, decide};

    const CREATED: u64 = 10_000;

    fn frontier() -> Frontier {
        Frontier {
            checkpoint: ObjectId::from_bytes([7; 32]),
            checkpoint_seq: 5,
            created_at: Timestamp::from_secs(CREATED),
            complete: true,
        }
    }

    #[test]
    fn age_is_measured_from_creation() {
        let policy = RevocationFreshnessPolicy::default();
        let verdict = |now| {
            decide(Dangerous, Some(&frontier()), Some(5), None, &policy, Timestamp::from_secs(now)).reason().code()
        };
        assert_eq!(verdict(CREATED), "allow");
        assert_eq!(verdict(CREATED + 300), "allow");
        assert_eq!(verdict(CREATED + 301), "revocation.stale_frontier");
        assert_eq!(verdict(CREATED - 120), "allow");
        assert_eq!(verdict(CREATED - 121), "revocation.stale_frontier", "from the future");
    }

    #[test]
    fn tiers_differ_when_it_is_stale() {
        let approval = Some(ObjectId::from_bytes([9; 32]));
        let late = Timestamp::from_secs(CREATED + 1_000);
        let strict = RevocationFreshnessPolicy {
            max_checkpoint_age_secs: 300,
            allow_safe_ops_in_degraded_mode: false,
            allow_risky_ops_with_interactive_override: false,
        };
        let normal = RevocationFreshnessPolicy::default();
        let lax = RevocationFreshnessPolicy { allow_risky_ops_with_interactive_override: true, ..normal };
        let incomplete = Frontier { complete: false, created_at: late, ..frontier() };
        let stale = "revocation.stale_frontier";
        for (tier, policy, frontier, needed, approval, expected) in [
            (Safe, strict, Some(frontier()), None, None, stale),
            (Safe, normal, Some(frontier()), None, None, "allow"),
            (Safe, normal, None, Some(1), None, "allow"),
            (Safe, strict, None, None, None, stale),
            (Safe, normal, Some(frontier()), Some(6), None, "allow"),
            (Risky, normal, Some(frontier()), Some(5), approval, stale),
            (Risky, lax, Some(frontier()), Some(5), None, stale),
            (Risky, lax, Some(frontier()), Some(5), approval, "allow"),
            (Risky, lax, Some(frontier()), Some(6), approval, "checkpoint.behind"),
            (Risky, lax, None, Some(6), approval, stale),
            (Risky, lax, None, None, approval, "allow"),
            (Risky, normal, Some(incomplete), Some(5), None, "revocation.incomplete"),
            (Risky, lax, Some(incomplete), Some(5), approval, "allow"),
            (Dangerous, lax, Some(frontier()), Some(5), approval, stale),
            (Dangerous, lax, Some(incomplete), Some(5), approval, "revocation.incomplete"),
            (Forbidden, lax, Some(frontier()), Some(5), approval, stale),
        ] {
            let decision = decide(tier, frontier.as_ref(), needed, approval, &policy, late);
            assert_eq!(decision.reason().code(), expected, "{tier:?} {policy:?} {frontier:?} {needed:?} {approval:?}");
        }
    }

    #[test]
    fn says_in_which_way_it_is_allowed() {
        let policy = RevocationFreshnessPolicy {
            allow_risky_ops_with_interactive_override: true,
            ..RevocationFreshnessPolicy::default()
        };
        let approval = ObjectId::from_bytes([9; 32]);
        let decided = |tier, now| {
            decide(tier, Some(&frontier()), None, Some(approval), &policy, Timestamp::from_secs(now)).into_result()
        };
        assert_eq!(decided(Risky, CREATED), Ok(Freshness::Fresh));
        assert_eq!(decided(Risky, CREATED + 301), Ok(Freshness::Overridden(approval)));
        assert_eq!(decided(Safe, CREATED + 301), Ok(Freshness::Degraded));
        assert_eq!(decided(Dangerous, CREATED + 301).unwrap_err().evidence, [frontier().checkpoint]);
    }
}
