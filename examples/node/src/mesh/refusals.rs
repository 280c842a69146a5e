//! What zones refused lately, for the operator.

use std::collections::VecDeque;

use fcp_core::error::Reason;
use fcp_core::id::{NodeId, ZoneId};
use serde_json::{Value, json};

/// How many refusals are kept.
const MAX_KEPT: usize = 64;

/// The newest refusals. They are numbered from 1 since the node started, so that a new one is told from an old one however
/// many there were in between.
#[derive(Default)]
pub(crate) struct Refusals {
    newest: VecDeque<(ZoneId, NodeId, Reason)>,
    count: u64,
}

impl Refusals {
    /// Notes that `zone` refused something of `from`.
    pub(super) fn push(&mut self, zone: &ZoneId, from: &NodeId, reason: Reason) {
        if self.newest.len() >= MAX_KEPT {
            self.newest.pop_front();
        }
        self.newest.push_back((zone.clone(), from.clone(), reason));
        self.count = self.count.saturating_add(1);
    }

    /// How many there were, and the newest of them with their numbers.
    pub(super) fn to_json(&self) -> Value {
        let newest: Vec<Value> = (1..=self.count)
            .rev()
            .zip(self.newest.iter().rev())
            .map(|(number, (zone, from, reason))| {
                json!({"number": number, "zone": zone.as_str(), "from": from.as_str(), "reason": reason.code()})
            })
            .collect();
        json!({"count": self.count, "newest": newest})
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_KEPT, Refusals};
    use fcp_core::error::Reason;
    use fcp_core::id::{NodeId, ZoneId};

    #[test]
    fn numbers_go_on_where_the_list_ends() {
        let mut refusals = Refusals::default();
        let (zone, from) = (ZoneId::private(), NodeId::new("n1").unwrap());
        for _ in 0..=MAX_KEPT {
            refusals.push(&zone, &from, Reason::CheckpointRollback);
        }
        refusals.push(&zone, &NodeId::new("n2").unwrap(), Reason::SessionUnknown);
        let json = refusals.to_json();
        assert_eq!(json["count"], 66);
        assert_eq!(json["newest"].as_array().unwrap().len(), MAX_KEPT);
        let newest = serde_json::json!(
            {"number": 66, "zone": "z:private", "from": "n2", "reason": Reason::SessionUnknown.code()}
        );
        assert_eq!(json["newest"][0], newest);
        assert_eq!(json["newest"][63]["number"], 3);
    }
}
