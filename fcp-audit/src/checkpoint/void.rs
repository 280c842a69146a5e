//! When a sequence may be skipped (D172).

use alloc::collections::BTreeSet;

use fcp_core::id::NodeId;
use fcp_core::sign::SignatureSet;

use super::Signers;

/// Whether no proposal of a sequence can reach the quorum any more, so that the next sequence may follow in its place:
/// for every proposal, votes + unvoted + f < q (D172).
///
/// `proposals` are the verified votes of each known proposal of that sequence. A node that voted for two of them is
/// faulty, and counts for each. Proposals that are not known are covered: those who did not vote are taken to have
/// voted for them, and so are f of those who did.
#[must_use]
pub fn is_void<'v>(signers: &Signers, proposals: impl IntoIterator<Item = &'v SignatureSet>) -> bool {
    let mut voted: BTreeSet<&NodeId> = BTreeSet::new();
    let mut most = 0_u32;
    for votes in proposals {
        let eligible = votes.as_slice().iter().map(|vote| &vote.signer_node).filter(|node| signers.contains(node));
        let mut count = 0_u32;
        for node in eligible {
            count = count.saturating_add(1);
            voted.insert(node);
        }
        most = most.max(count);
    }
    let unvoted = signers.count().saturating_sub(u32::try_from(voted.len()).unwrap_or(u32::MAX));
    most.saturating_add(unvoted).saturating_add(u32::from(signers.max_faults())) < signers.quorum()
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use fcp_core::id::{Kid, NodeId};
    use fcp_core::sign::{QuorumSignature, Signature, SignatureSet};

    use super::{Signers, is_void};

    fn node(number: usize) -> NodeId {
        NodeId::new(&alloc::format!("n{number}")).unwrap()
    }

    fn void(nodes: usize, faults: u8, proposals: &[&[usize]]) -> bool {
        let signers = Signers::new((0..nodes).map(node), faults).unwrap();
        let votes: Vec<SignatureSet> = proposals
            .iter()
            .map(|voters| {
                let mut set = SignatureSet::new();
                for voter in *voters {
                    set.insert(QuorumSignature {
                        signer_node: node(*voter),
                        signer_kid: Kid::from_bytes([0; 8]),
                        sig: Signature::ABSENT,
                    });
                }
                set
            })
            .collect();
        is_void(&signers, &votes)
    }

    #[test]
    fn a_sequence_is_void_only_if_nothing_can_reach_the_quorum() {
        for (nodes, faults, proposals, expected) in [
            // n 4, f 1, q 3.
            (4, 1, &[][..], false),
            (4, 1, &[&[0][..], &[1], &[2], &[3]], true),
            (4, 1, &[&[0], &[1], &[2]], false),
            (4, 1, &[&[0, 1], &[2], &[3]], false),
            (4, 1, &[&[0, 1], &[2, 3]], false),
            (4, 1, &[&[0, 1, 2], &[3]], false),
            // A node that voted twice counts for both.
            (4, 1, &[&[0, 1], &[0, 2], &[3]], false),
            // n 7, f 2, q 5.
            (7, 2, &[&[0, 1], &[2, 3], &[4, 5], &[6]], true),
            (7, 2, &[&[0, 1], &[2, 3], &[4, 5]], false),
            (7, 2, &[&[0, 1, 2], &[3, 4, 5], &[6]], false),
            // Strangers do not count.
            (4, 1, &[&[0, 8], &[1, 9], &[2], &[3]], true),
            // n 1, f 0, q 1.
            (1, 0, &[], false),
            (1, 0, &[&[0]], false),
        ] {
            assert_eq!(void(nodes, faults, proposals), expected, "{nodes} {faults} {proposals:?}");
        }
    }

    /// Whatever honest nodes voted, a sequence that is void by the visible votes never had a quorum for any proposal,
    /// even if every faulty node voted for everything.
    #[test]
    fn void_and_quorum_exclude_each_other() {
        // Four nodes, node 3 faulty; each honest one voted for proposal 0, 1, 2 or for none.
        for votes in 0..4_usize.pow(3) {
            let choice = [votes % 4, votes / 4 % 4, votes / 16];
            let honest = |proposal| (0..3).filter(|node| choice[*node] == proposal).collect::<Vec<_>>();
            let full = (0..3).any(|proposal| honest(proposal).len() + 1 >= 3);
            // The faulty node shows its vote for one proposal, or none.
            for shown in 0..4 {
                let visible: Vec<Vec<usize>> = (0..3)
                    .map(|proposal| {
                        let mut voters = honest(proposal);
                        voters.extend((shown == proposal).then_some(3));
                        voters
                    })
                    .filter(|voters| !voters.is_empty())
                    .collect();
                let visible: Vec<&[usize]> = visible.iter().map(Vec::as_slice).collect();
                assert!(!(void(4, 1, &visible) && full), "{choice:?} {shown}");
            }
        }
    }
}
