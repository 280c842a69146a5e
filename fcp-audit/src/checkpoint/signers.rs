//! Who signs a zone's checkpoints, and how many must (D32, D180).

use alloc::vec::Vec;

use fcp_core::cbor::{Decode, Encode};
use fcp_core::error::Reason;
use fcp_core::id::NodeId;
use fcp_core::quorum::{ByzantineModel, OperationClass, TooFewNodes};
use fcp_zones::policy::ZonePolicyObject;

/// The checkpoint signers of a zone and how many of them may be faulty, as its policy has it (D180, D200).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[fcp(check = enough)]
pub struct Signers {
    /// Sorted, each once.
    nodes: Vec<NodeId>,
    max_faults: u8,
}

fn enough(signers: &Signers) -> Result<(), Reason> {
    if !signers.nodes.is_sorted_by(|left, right| left < right) {
        return Err(Reason::QuorumSignatureOrder);
    }
    let nodes = u8::try_from(signers.nodes.len()).map_err(|_| Reason::CborOutOfRange)?;
    ByzantineModel::new(nodes, signers.max_faults).map(drop).map_err(TooFewNodes::reason)
}

impl Signers {
    /// These nodes, in any order, of which `max_faults` may be faulty.
    ///
    /// # Errors
    /// [`Reason::QuorumTooFewNodes`] for fewer than 3f + 1 distinct nodes, [`Reason::CborOutOfRange`] for more than
    /// 255.
    pub fn new(nodes: impl IntoIterator<Item = NodeId>, max_faults: u8) -> Result<Self, Reason> {
        let mut nodes: Vec<NodeId> = nodes.into_iter().collect();
        nodes.sort_unstable();
        nodes.dedup();
        let signers = Self { nodes, max_faults };
        enough(&signers)?;
        Ok(signers)
    }

    /// The signers of a zone's policy (D180).
    ///
    /// # Errors
    /// As [`new`](Self::new); a policy that opened has signers.
    pub fn of(policy: &ZonePolicyObject) -> Result<Self, Reason> {
        Self::new(policy.checkpoint_signers().iter().cloned(), policy.fault_model().faults())
    }

    /// The nodes, sorted.
    #[must_use]
    pub fn nodes(&self) -> &[NodeId] {
        &self.nodes
    }

    /// Whether `node` is one of them.
    #[must_use]
    pub fn contains(&self, node: &NodeId) -> bool {
        self.nodes.binary_search(node).is_ok()
    }

    /// How many nodes there are.
    #[must_use]
    pub fn count(&self) -> u32 {
        u32::try_from(self.nodes.len()).unwrap_or(u32::MAX)
    }

    /// How many may be faulty.
    #[must_use]
    pub const fn max_faults(&self) -> u8 {
        self.max_faults
    }

    /// How many must sign a checkpoint or a revocation head: ⌈(n + f + 1) / 2⌉ (D32, D179).
    #[must_use]
    pub fn quorum(&self) -> u32 {
        self.required(OperationClass::NormalWrite)
    }

    /// How many must sign an audit head: n − f (D32).
    #[must_use]
    pub fn audit_quorum(&self) -> u32 {
        self.required(OperationClass::CriticalWrite)
    }

    /// How many nodes are needed for an operation of this class. More than there are, should the model not hold.
    #[must_use]
    pub fn required(&self, class: OperationClass) -> u32 {
        u8::try_from(self.nodes.len())
            .ok()
            .and_then(|nodes| ByzantineModel::new(nodes, self.max_faults).ok())
            .map_or(u32::MAX, |model| model.required(class))
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use fcp_core::cbor;
    use fcp_core::id::NodeId;

    use super::Signers;

    fn nodes(count: usize) -> Vec<NodeId> {
        (0..count).map(|number| NodeId::new(&alloc::format!("n{number:03}")).unwrap()).collect()
    }

    #[test]
    fn thresholds_follow_the_model() {
        for (count, faults, quorum, audit) in [(1, 0, 1, 1), (4, 1, 3, 3), (5, 1, 4, 4), (7, 1, 5, 6), (7, 2, 5, 5)] {
            let signers = Signers::new(nodes(count).into_iter().rev(), faults).unwrap();
            assert_eq!((signers.quorum(), signers.audit_quorum()), (quorum, audit), "{count} {faults}");
            assert!(signers.nodes().is_sorted());
            assert_eq!(cbor::decode::<Signers>(&cbor::encode(&signers)).unwrap(), signers);
        }
        assert_eq!(Signers::new(nodes(3), 1).unwrap_err().code(), "quorum.too_few_nodes");
        assert_eq!(Signers::new(nodes(0), 0).unwrap_err().code(), "quorum.too_few_nodes");
        assert_eq!(Signers::new(nodes(256), 1).unwrap_err().code(), "cbor.out_of_range");
        let twice = [nodes(1), nodes(1), nodes(1), nodes(1)].concat();
        assert_eq!(Signers::new(twice, 1).unwrap_err().code(), "quorum.too_few_nodes");
    }
}
