//! The types of events that the protocol itself records (§23.3); others are free to add their own.

/// A secret was used.
pub const SECRET_ACCESS: &str = "secret.access";
/// A Risky or Dangerous operation was executed.
pub const CAPABILITY_INVOKE: &str = "capability.invoke";
/// An approval was used to execute something.
pub const EXECUTION_APPROVED: &str = "execution.approved";
/// An approval raised the integrity of data.
pub const ELEVATION_GRANTED: &str = "elevation.granted";
/// An approval lowered the confidentiality of data.
pub const DECLASSIFICATION_GRANTED: &str = "declassification.granted";
/// Data crossed from one zone into another.
pub const ZONE_CROSSING: &str = "zone.crossing";
/// Somebody broke a rule that protects others.
pub const SECURITY_VIOLATION: &str = "security.violation";
/// A Safe operation went ahead although the checkpoint was stale (§14.3.1).
pub const REVOCATION_DEGRADED_MODE: &str = "revocation.degraded_mode";
/// The zone's definition and its checkpoint named different policies (§5.2.1, D81).
pub const POLICY_DEGRADED_MODE: &str = "policy.degraded_mode";
/// An owner's anchor was accepted (D201).
pub const CHECKPOINT_ANCHORED: &str = "checkpoint.anchored";
/// Two checkpoints with a quorum contradict each other (D33).
pub const CHECKPOINT_FORK: &str = "checkpoint.fork";
/// Two leases overlapped (§15.1, D169).
pub const LEASE_CONFLICT: &str = "lease.conflict";
