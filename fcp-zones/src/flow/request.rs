//! What a request is made from (D100): computed again by the node that runs it, never believed.

use alloc::vec::Vec;

use fcp_core::id::{ObjectId, ZoneId};
use fcp_core::object::{Provenance, TaintFlags, TaintReduction};
use fcp_core::time::Timestamp;

use super::{Bearer, Client, Evidence, Labels, Marks, ProvenanceError, Source, merge};
use crate::zone::Levels;

/// Where text that nobody stored came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ingress {
    /// From somebody whom the zone knows.
    User,
    /// From anybody, through public ingress.
    Public,
}

/// The provenance of what somebody typed into a zone: the zone's labels, and the taint of its ingress (D100).
#[must_use]
pub fn inline_input(ingress: Ingress, zone: ZoneId, levels: Levels, at: Timestamp) -> Provenance {
    let mut provenance = Provenance::of_zone(zone, levels.integrity, levels.confidentiality, at);
    provenance.taint = match ingress {
        Ingress::User => TaintFlags::USER_SUPPLIED,
        Ingress::Public => TaintFlags::PUBLIC_INPUT,
    };
    provenance
}

/// Everything that a request is made from, as the node that runs it sees it (D100).
#[derive(Debug, Clone, Copy)]
pub struct RequestSources<'a> {
    /// Who asks: the zone and principal of the token, and the node that holds it.
    pub bearer: &'a Bearer,
    /// The levels of the zone, from its pinned definition.
    pub levels: Levels,
    /// Whether the mark applies to it.
    pub client: Client,
    /// Where the request's inline input came in.
    pub ingress: Ingress,
    /// The objects that the request names: its refs, its foreign refs and its resources.
    pub inputs: &'a [ObjectId],
    /// What the request says of itself.
    pub claimed: &'a Provenance,
    /// When the node decides.
    pub at: Timestamp,
}

impl RequestSources<'_> {
    /// The provenance that counts (D100): the merge of every input that the request names, of its inline input and, for
    /// an agent, of everything that was delivered to it before.
    ///
    /// `stored` gives the provenance of a named input as it is stored. The request's own word may add taint, lower
    /// integrity and raise confidentiality, and nothing else. The reductions that it presents count for each input that
    /// their receipts cover, and against its own taint if they cover every input.
    ///
    /// # Errors
    /// [`ProvenanceError::UnknownInput`] if an input is not held: whoever names what nobody knows gets no provenance.
    pub fn recompute<'p>(
        &self,
        marks: &Marks,
        stored: impl Fn(&ObjectId) -> Option<&'p Provenance>,
        evidence: &impl Evidence,
    ) -> Result<Provenance, ProvenanceError> {
        let inline = inline_input(self.ingress, self.bearer.zone.clone(), self.levels, self.at);
        let mark = match self.client {
            Client::Agent => marks.inherited(self.bearer),
            Client::Person => None,
        };
        let mut sources: Vec<Source<'_>> = Vec::with_capacity(self.inputs.len().saturating_add(2));
        for id in self.inputs {
            let provenance = stored(id).ok_or(ProvenanceError::UnknownInput(*id))?;
            let source = Source::resolved(provenance, &[*id], evidence);
            let taint = reduced(source.labels(), &self.claimed.taint_reductions, &[*id], evidence);
            sources.push(source.with_labels(Labels { taint, ..source.labels() }));
        }
        sources.push(Source::of(&inline));
        sources.extend(mark.iter().map(Source::of));
        let merged = merge(&sources)?;

        // Its own adjustments do not count: an elevation works on the decision, not on what is decided about.
        let claimed = Labels::of(self.claimed);
        let taint = reduced(claimed, &self.claimed.taint_reductions, self.inputs, evidence);
        let labels = Labels::of(&merged).join(Labels { taint, ..claimed });
        Ok(Provenance {
            current_zone: self.bearer.zone.clone(),
            integrity_label: labels.integrity,
            confidentiality_label: labels.confidentiality,
            taint: labels.taint,
            created_at: self.at,
            ..merged
        })
    }
}

/// The taint that is left of `labels` after the reductions whose receipts cover all of `subjects`.
fn reduced(
    labels: Labels,
    reductions: &[TaintReduction],
    subjects: &[ObjectId],
    evidence: &impl Evidence,
) -> TaintFlags {
    reductions
        .iter()
        .fold(labels.taint, |taint, reduction| taint.difference(super::labels::cleared(reduction, subjects, evidence)))
}

#[cfg(test)]
mod tests;
