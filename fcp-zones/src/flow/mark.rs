//! What an agent was given stays with it (D100).

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use fcp_core::cbor::{Decode, DecodeError, Decoder, Encode, Encoder};
use fcp_core::id::{NodeId, PrincipalId, ZoneId};
use fcp_core::object::Provenance;
use fcp_core::sign::Verified;

use super::{Source, merge};
use crate::approval::{ApprovalScope, ApprovalToken};

/// Who holds a token: the zone and principal that it is for, and the node that may present it (D100).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct Bearer {
    /// The token's zone.
    pub zone: ZoneId,
    /// Its principal.
    pub sub: PrincipalId,
    /// The node that it is bound to; a token for safe operations alone may be bound to none (D116).
    pub holder_node: Option<NodeId>,
}

impl Bearer {
    /// Whether what was given to `other` may be in this one's hands: it is the same principal, and not on two different
    /// nodes.
    fn may_know_from(&self, other: &Self) -> bool {
        let apart = self.holder_node.is_some() && other.holder_node.is_some() && self.holder_node != other.holder_node;
        self.sub == other.sub && !apart
    }
}

/// What stands behind a principal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Client {
    /// A person's own client: what it is shown does not come back, but by reference.
    Person,
    /// An agent: whatever it was given may be in anything that it sends.
    Agent,
}

/// The marks of a node: for each bearer the merge of the provenance of every result and resource that was delivered to
/// it (D100).
///
/// It has to survive restarts: store its encoding after each delivery and before the result goes out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Marks(BTreeMap<Bearer, Provenance>);

impl Marks {
    /// No marks.
    #[must_use]
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// Notes that data was delivered to `bearer`, before it is. Says whether the mark changed.
    #[must_use = "marks that changed have to be stored before the data goes out"]
    pub fn deliver(&mut self, bearer: &Bearer, data: Source<'_>) -> bool {
        let mark = self.0.get(bearer);
        let sources: Vec<Source<'_>> = mark.map(Source::of).into_iter().chain([data]).collect();
        let Ok(mut merged) = merge(&sources) else { return false };
        merged.current_zone = bearer.zone.clone();
        let changed = mark != Some(&merged);
        if changed {
            self.0.insert(bearer.clone(), merged);
        }
        changed
    }

    /// The mark of exactly this bearer.
    #[must_use]
    pub fn get(&self, bearer: &Bearer) -> Option<&Provenance> {
        self.0.get(bearer)
    }

    /// What raw input from `bearer` inherits: the merge of the marks of its principal on its node.
    ///
    /// The zones of the marks do not matter, because an agent that was given text in one zone can paste it into
    /// another; nor does it matter which of its tokens were bound to the node.
    #[must_use]
    pub fn inherited(&self, bearer: &Bearer) -> Option<Provenance> {
        let known = self.0.iter().filter(|(other, _)| bearer.may_know_from(other));
        let sources: Vec<Source<'_>> = known.map(|(_, mark)| Source::of(mark)).collect();
        merge(&sources).ok()
    }

    /// Removes the mark of `bearer`, because somebody with the authority looked at exactly what it was given: the
    /// approval elevates this very mark, in the same zone. Says whether it did.
    #[must_use = "marks that changed have to be stored"]
    pub fn clear(&mut self, bearer: &Bearer, approval: &Verified<ApprovalToken>) -> bool {
        let ApprovalScope::Elevation(elevation) = &approval.scope else { return false };
        let fits = *approval.zone_id() == bearer.zone && self.0.get(bearer) == Some(&elevation.original_provenance);
        fits && self.0.remove(bearer).is_some()
    }
}

/// An array of `{mark, bearer}`, in the bearers' order.
impl Encode for Marks {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        encoder.array(self.0.len());
        for (bearer, mark) in &self.0 {
            encoder.map(2);
            encoder.text("mark");
            mark.encode(encoder);
            encoder.text("bearer");
            bearer.encode(encoder);
        }
    }
}

#[derive(Decode)]
struct Entry {
    bearer: Bearer,
    mark: Provenance,
}

impl<'b> Decode<'b> for Marks {
    fn decode(decoder: &mut Decoder<'b>) -> Result<Self, DecodeError> {
        let entries: Vec<Entry> = Vec::decode(decoder)?;
        Ok(Self(entries.into_iter().map(|entry| (entry.bearer, entry.mark)).collect()))
    }
}

#[cfg(test)]
mod tests;
