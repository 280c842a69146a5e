//! Which kind of key the owner has (§2.2.1).

use alloc::vec;
use alloc::vec::Vec;

use super::RosterError;
use crate::cbor::{Decode, Encode};
use crate::error::Reason;
use crate::id::NodeId;

/// How the owner's key is kept (§2.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum OwnerKeyScheme {
    /// The whole key on one device. Not recommended.
    Single,
    /// Shares on n devices, of which any k sign. Recommended.
    Threshold,
}

/// How the owner's key is kept, and by whom (§2.2.1).
///
/// Consistent by construction: a threshold policy has 2 ≤ k ≤ n participants, a single one has 1; they are sorted, each
/// once.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[fcp(check = consistent)]
pub struct OwnerKeyPolicy {
    scheme: OwnerKeyScheme,
    threshold_k: u8,
    total_n: u8,
    participants: Vec<NodeId>,
    max_skew_secs: u64,
}

fn consistent(policy: &OwnerKeyPolicy) -> Result<(), Reason> {
    let (k, n) = (policy.threshold_k, policy.total_n);
    let sizes = match policy.scheme {
        OwnerKeyScheme::Single => k == 1 && n == 1,
        OwnerKeyScheme::Threshold => 2 <= k && k <= n,
    };
    let listed =
        policy.participants.len() == usize::from(n) && policy.participants.is_sorted_by(|left, right| left < right);
    if sizes && listed { Ok(()) } else { Err(Reason::OwnerBadRoster) }
}

impl OwnerKeyPolicy {
    /// The whole key on `node`.
    #[must_use]
    pub fn single(node: NodeId, max_skew_secs: u64) -> Self {
        let participants = vec![node];
        Self { scheme: OwnerKeyScheme::Single, threshold_k: 1, total_n: 1, participants, max_skew_secs }
    }

    /// Shares on the `participants`, in any order, of which `threshold_k` sign.
    ///
    /// # Errors
    /// [`RosterError`] unless 2 ≤ k ≤ n ≤ 255 and each node is listed once.
    pub fn threshold(threshold_k: u8, mut participants: Vec<NodeId>, max_skew_secs: u64) -> Result<Self, RosterError> {
        participants.sort_unstable();
        let total_n = u8::try_from(participants.len()).map_err(|_| RosterError::Size)?;
        if threshold_k < 2 || threshold_k > total_n {
            return Err(RosterError::Size);
        }
        if let Some(twice) = participants.windows(2).find_map(|pair| match pair {
            [left, right] if left == right => Some(left.clone()),
            _ => None,
        }) {
            return Err(RosterError::DuplicateNode(twice));
        }
        Ok(Self { scheme: OwnerKeyScheme::Threshold, threshold_k, total_n, participants, max_skew_secs })
    }

    /// How the key is kept.
    #[must_use]
    pub const fn scheme(&self) -> OwnerKeyScheme {
        self.scheme
    }

    /// How many sign together: k.
    #[must_use]
    pub const fn threshold_k(&self) -> u8 {
        self.threshold_k
    }

    /// How many hold the key or a share: n.
    #[must_use]
    pub const fn total_n(&self) -> u8 {
        self.total_n
    }

    /// Who holds it, sorted.
    #[must_use]
    pub fn participants(&self) -> &[NodeId] {
        &self.participants
    }

    /// How far the participants' clocks may differ, in seconds.
    #[must_use]
    pub const fn max_skew_secs(&self) -> u64 {
        self.max_skew_secs
    }
}

#[cfg(test)]
mod tests {
    use super::{OwnerKeyPolicy, OwnerKeyScheme, RosterError};
    use crate::cbor::{self, Value};
    use crate::id::NodeId;

    fn nodes(names: &[&str]) -> Vec<NodeId> {
        names.iter().map(|name| NodeId::new(name).unwrap()).collect()
    }

    #[test]
    fn is_consistent_or_refused() {
        let policy = OwnerKeyPolicy::threshold(2, nodes(&["nC", "nA", "nB"]), 120).unwrap();
        assert_eq!(policy.participants(), nodes(&["nA", "nB", "nC"]));
        assert_eq!((policy.scheme(), policy.total_n()), (OwnerKeyScheme::Threshold, 3));
        assert_eq!(cbor::decode::<OwnerKeyPolicy>(&cbor::encode(&policy)).unwrap(), policy);
        let single = OwnerKeyPolicy::single(NodeId::new("nA").unwrap(), 120);
        assert_eq!(cbor::decode::<OwnerKeyPolicy>(&cbor::encode(&single)).unwrap(), single);

        assert_eq!(OwnerKeyPolicy::threshold(1, nodes(&["nA", "nB"]), 0), Err(RosterError::Size));
        assert_eq!(OwnerKeyPolicy::threshold(3, nodes(&["nA", "nB"]), 0), Err(RosterError::Size));
        let twice = OwnerKeyPolicy::threshold(2, nodes(&["nA", "nB", "nA"]), 0);
        assert_eq!(twice, Err(RosterError::DuplicateNode(NodeId::new("nA").unwrap())));
    }

    #[test]
    fn inconsistent_bytes_are_refused() {
        let encoded = |scheme: &str, k: u64, n: u64, participants: &[&str]| {
            let participants: Vec<Value> = participants.iter().map(|node| Value::from(*node)).collect();
            cbor::encode(&Value::map([
                ("scheme", Value::from(scheme)),
                ("threshold_k", Value::from(k)),
                ("total_n", Value::from(n)),
                ("participants", Value::from(participants)),
                ("max_skew_secs", Value::from(120_u64)),
            ]))
        };
        assert!(cbor::decode::<OwnerKeyPolicy>(&encoded("threshold", 2, 3, &["nA", "nB", "nC"])).is_ok());
        for bytes in [
            encoded("threshold", 1, 3, &["nA", "nB", "nC"]),
            encoded("threshold", 4, 3, &["nA", "nB", "nC"]),
            encoded("threshold", 2, 2, &["nA", "nB", "nC"]),
            encoded("threshold", 2, 3, &["nA", "nC", "nB"]),
            encoded("threshold", 2, 3, &["nA", "nA", "nB"]),
            encoded("single", 1, 2, &["nA", "nB"]),
            encoded("single", 2, 1, &["nA"]),
        ] {
            let error = cbor::decode::<OwnerKeyPolicy>(&bytes).unwrap_err();
            assert_eq!(error.reason().code(), "owner.bad_roster");
        }
    }
}
