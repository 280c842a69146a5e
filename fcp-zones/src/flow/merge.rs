//! What is made from several inputs (§6.2, D95–D97).

use alloc::vec::Vec;

use fcp_core::cbor;
use fcp_core::error::Reason;
use fcp_core::id::ObjectId;
use fcp_core::object::{Provenance, ZoneCrossing};

use super::{Evidence, Labels};

/// How many crossings a merged provenance keeps: the newest (D97).
const MAX_CROSSINGS: usize = 64;

/// Why a provenance cannot be computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProvenanceError {
    /// Nothing comes from nothing (D97).
    #[error("nothing to merge")]
    Empty,
    /// An input that is named is not held, so nobody knows where it comes from (D100).
    #[error("input {} is not held", .0.short())]
    UnknownInput(ObjectId),
}

impl ProvenanceError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(&self) -> Reason {
        match self {
            Self::Empty => Reason::ProvenanceEmpty,
            Self::UnknownInput(_) => Reason::ProvenanceUnknownInput,
        }
    }
}

/// One input of a merge: a provenance, and how it counts.
#[derive(Debug, Clone, Copy)]
pub struct Source<'p> {
    provenance: &'p Provenance,
    labels: Labels,
}

impl<'p> Source<'p> {
    /// An input that counts as it stands, without evidence.
    #[must_use]
    pub const fn of(provenance: &'p Provenance) -> Self {
        Self { provenance, labels: Labels::of(provenance) }
    }

    /// The provenance of `subjects`, which counts as far as `evidence` backs it, see [`Labels::resolve`].
    #[must_use]
    pub fn resolved(provenance: &'p Provenance, subjects: &[ObjectId], evidence: &impl Evidence) -> Self {
        Self { provenance, labels: Labels::resolve(provenance, subjects, evidence) }
    }

    /// How it counts.
    #[must_use]
    pub const fn labels(&self) -> Labels {
        self.labels
    }

    /// The same input with less taint, because receipts cover it.
    #[must_use]
    pub(super) const fn with_labels(self, labels: Labels) -> Self {
        Self { labels, ..self }
    }
}

/// The provenance of what is made from all of `inputs` (§6.2, D95–D97).
///
/// Integrity is the lowest, confidentiality the highest, taint the union of what counts; adjustments and reductions end
/// here, so that none of them can reach from one input to another. The result does not depend on the inputs' order.
///
/// # Errors
/// [`ProvenanceError::Empty`] without inputs.
pub fn merge(inputs: &[Source<'_>]) -> Result<Provenance, ProvenanceError> {
    let labels = inputs.iter().map(Source::labels).reduce(Labels::join).ok_or(ProvenanceError::Empty)?;
    let provenances = || inputs.iter().map(|input| input.provenance);
    let first = provenances().min_by_key(|provenance| cbor::encode(*provenance)).ok_or(ProvenanceError::Empty)?;
    let origin = inputs
        .iter()
        .min_by_key(|input| (input.labels.integrity, &input.provenance.origin_zone))
        .ok_or(ProvenanceError::Empty)?;
    let principal = &first.origin_principal;
    let same_principal = provenances().all(|provenance| provenance.origin_principal == *principal);
    Ok(Provenance {
        origin_zone: origin.provenance.origin_zone.clone(),
        current_zone: first.current_zone.clone(),
        integrity_label: labels.integrity,
        confidentiality_label: labels.confidentiality,
        label_adjustments: Vec::new(),
        origin_principal: principal.clone().filter(|_| same_principal),
        taint: labels.taint,
        taint_reductions: Vec::new(),
        zone_crossings: newest_crossings(provenances().flat_map(|provenance| &provenance.zone_crossings)),
        created_at: provenances().map(|provenance| provenance.created_at).max().unwrap_or(first.created_at),
    })
}

/// The crossings by time and then by their bytes, each once, the newest of them (D97).
fn newest_crossings<'p>(crossings: impl Iterator<Item = &'p ZoneCrossing>) -> Vec<ZoneCrossing> {
    let mut keyed: Vec<_> =
        crossings.map(|crossing| ((crossing.crossed_at, cbor::encode(crossing)), crossing)).collect();
    keyed.sort_unstable_by(|(left, _), (right, _)| left.cmp(right));
    keyed.dedup_by(|(left, _), (right, _)| left == right);
    let newest = keyed.len().saturating_sub(MAX_CROSSINGS);
    keyed.into_iter().skip(newest).map(|(_, crossing)| crossing.clone()).collect()
}

#[cfg(test)]
mod tests;
