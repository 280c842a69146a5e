//! How many nodes must agree (§18.2, D179), and which one goes first (§15.1, D171).

use alloc::vec::Vec;

use crate::error::Reason;
use crate::id::{EpochId, NodeId, ObjectId, ZoneId};

/// There are too few nodes for the faults to be tolerated: n < 3f + 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{n} nodes cannot tolerate {f} faults")]
pub struct TooFewNodes {
    n: u8,
    f: u8,
}

impl TooFewNodes {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(self) -> Reason {
        Reason::QuorumTooFewNodes
    }
}

/// `n` nodes of which at most `f` are faulty in any way: n ≥ 3f + 1 (§18.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByzantineModel {
    n: u8,
    f: u8,
}

/// What kind of agreement an operation needs (§18.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OperationClass {
    /// One node.
    ReadOnly,
    /// Any two quorums share an honest node: ⌈(n + f + 1) / 2⌉.
    NormalWrite,
    /// All but the faulty: n − f.
    CriticalWrite,
    /// Everybody.
    Unanimous,
}

impl ByzantineModel {
    /// The largest model that there is: 255 nodes of which 84 may be faulty.
    pub const LARGEST: Self = Self { n: 255, f: 84 };

    /// A model of `n` nodes and at most `f` faults.
    ///
    /// # Errors
    /// [`TooFewNodes`] unless n ≥ 3f + 1.
    pub fn new(n: u8, f: u8) -> Result<Self, TooFewNodes> {
        let needed = u32::from(f).saturating_mul(3).saturating_add(1);
        if u32::from(n) < needed { Err(TooFewNodes { n, f }) } else { Ok(Self { n, f }) }
    }

    /// How many nodes there are.
    #[must_use]
    pub const fn nodes(self) -> u8 {
        self.n
    }

    /// How many of them may be faulty.
    #[must_use]
    pub const fn faults(self) -> u8 {
        self.f
    }

    /// How many distinct signatures an operation of this class needs (D179).
    #[must_use]
    pub fn required(self, class: OperationClass) -> u32 {
        let (n, f) = (u32::from(self.n), u32::from(self.f));
        match class {
            OperationClass::ReadOnly => 1,
            OperationClass::NormalWrite => n.saturating_add(f).saturating_add(1).div_ceil(2),
            OperationClass::CriticalWrite => n.saturating_sub(f),
            OperationClass::Unanimous => n,
        }
    }
}

/// The nodes by rendezvous hashing, best first (§15.1, D171): rank 0 is the coordinator.
///
/// The score is LE64 of BLAKE3-256(`FCP2-HRW-V1` ‖ lp(zone) ‖ subject ‖ lp(node)); the highest wins, ties go to the
/// smallest node id.
#[must_use]
pub fn rendezvous<'n>(
    zone: &ZoneId,
    subject: &ObjectId,
    nodes: impl IntoIterator<Item = &'n NodeId>,
) -> Vec<&'n NodeId> {
    let mut scored: Vec<(u64, &NodeId)> = nodes.into_iter().map(|node| (score(zone, subject, node), node)).collect();
    scored.sort_unstable_by(|(left, left_node), (right, right_node)| {
        right.cmp(left).then_with(|| left_node.cmp(right_node))
    });
    scored.dedup();
    scored.into_iter().map(|(_, node)| node).collect()
}

fn score(zone: &ZoneId, subject: &ObjectId, node: &NodeId) -> u64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"FCP2-HRW-V1");
    hasher.update(&crate::lp::prefix(zone.as_bytes()));
    hasher.update(zone.as_bytes());
    hasher.update(subject.as_bytes());
    hasher.update(&crate::lp::prefix(node.as_bytes()));
    hasher.update(node.as_bytes());
    let mut score = [0; 8];
    hasher.finalize_xof().fill(&mut score);
    u64::from_le_bytes(score)
}

/// The subject by which an epoch's checkpoint and audit coordinator is chosen (D171):
/// BLAKE3-256(`FCP2-HRW-CHECKPOINT-V1` ‖ epoch u64 LE).
#[must_use]
pub fn checkpoint_subject(epoch: EpochId) -> ObjectId {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"FCP2-HRW-CHECKPOINT-V1");
    hasher.update(&epoch.get().to_le_bytes());
    ObjectId::from_bytes(*hasher.finalize().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::{ByzantineModel, OperationClass};

    #[test]
    fn any_two_write_quorums_share_an_honest_node() {
        for n in 1..=255_u8 {
            for f in 0..=84_u8 {
                let Ok(model) = ByzantineModel::new(n, f) else {
                    assert!(u32::from(n) < 3 * u32::from(f) + 1);
                    continue;
                };
                let (n, f) = (u32::from(n), u32::from(f));
                let write = model.required(OperationClass::NormalWrite);
                assert!(2 * write > n + f, "n {n}, f {f}: two quorums of {write} may share only faulty nodes");
                assert!(2 * (write - 1) <= n + f, "n {n}, f {f}: {write} is more than needed");
                assert!(write <= n - f, "n {n}, f {f}: the honest alone must be able to write");
            }
        }
        assert_eq!(ByzantineModel::new(5, 1).unwrap().required(OperationClass::NormalWrite), 4);
        assert!(ByzantineModel::new(3, 1).is_err());
    }
}
