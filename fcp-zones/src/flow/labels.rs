//! What a provenance is worth once its evidence is looked at (§6.1, §6.2, D94, D98, D99).

use fcp_core::id::ObjectId;
use fcp_core::object::{LabelAdjustment, Provenance, TaintFlags, TaintReduction};
use fcp_core::sign::Verified;
use fcp_core::time::Timestamp;

use super::SanitizerReceipt;
use crate::approval::{ApprovalScope, ApprovalToken, Elevation};

/// The approvals and receipts that a provenance may point to (D98).
///
/// Whoever implements it gives only objects that it fetched, verified, and knows not to be revoked; of a receipt also
/// that the sanitizer was authorized to run. Times, scopes and coverage are checked here.
pub trait Evidence {
    /// The approval of this id.
    fn approval(&self, id: &ObjectId) -> Option<&Verified<ApprovalToken>>;

    /// The sanitizer receipt of this id.
    fn receipt(&self, id: &ObjectId) -> Option<&Verified<SanitizerReceipt>>;
}

/// No approvals and no receipts: labels and taint count as they stand.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoEvidence;

impl Evidence for NoEvidence {
    fn approval(&self, _: &ObjectId) -> Option<&Verified<ApprovalToken>> {
        None
    }

    fn receipt(&self, _: &ObjectId) -> Option<&Verified<SanitizerReceipt>> {
        None
    }
}

impl<E: Evidence + ?Sized> Evidence for &E {
    fn approval(&self, id: &ObjectId) -> Option<&Verified<ApprovalToken>> {
        (**self).approval(id)
    }

    fn receipt(&self, id: &ObjectId) -> Option<&Verified<SanitizerReceipt>> {
        (**self).receipt(id)
    }
}

/// How data counts (§6.2): effective integrity, confidentiality and taint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Labels {
    /// How far it is trusted.
    pub integrity: u8,
    /// How secret it is.
    pub confidentiality: u8,
    /// What makes it dangerous.
    pub taint: TaintFlags,
}

impl Labels {
    /// The labels as they stand, without any evidence.
    #[must_use]
    pub const fn of(provenance: &Provenance) -> Self {
        Self {
            integrity: provenance.integrity_label,
            confidentiality: provenance.confidentiality_label,
            taint: provenance.taint,
        }
    }

    /// The labels that `evidence` backs, for the provenance of `subjects`: the ids of the objects that the labels and
    /// taints are attached to (§6.2, D98, D99).
    ///
    /// An adjustment or reduction counts only if its approval or receipt is there, was valid when it was applied, and
    /// covers exactly this: an elevation this very provenance, a declassification or receipt each of `subjects`.
    /// Without subjects, nothing is covered.
    #[must_use]
    pub fn resolve(provenance: &Provenance, subjects: &[ObjectId], evidence: &impl Evidence) -> Self {
        let mut labels = Self::of(provenance);
        for (index, adjustment) in provenance.label_adjustments.iter().enumerate() {
            match adjustment {
                LabelAdjustment::IntegrityElevated { to, by_approval, applied_at } => {
                    let approval = approval_at(evidence, by_approval, *applied_at);
                    let elevation = approval.and_then(|approval| match &approval.scope {
                        ApprovalScope::Elevation(elevation) => Some(elevation),
                        _ => None,
                    });
                    if elevation.is_some_and(|elevation| {
                        elevation.target_integrity == *to && approves(elevation, provenance, index)
                    }) {
                        labels.integrity = labels.integrity.max(*to);
                    }
                }
                LabelAdjustment::ConfidentialityDeclassified { to, by_approval, applied_at } => {
                    if approval_at(evidence, by_approval, *applied_at)
                        .is_some_and(|approval| declassifies(approval, *to, provenance, subjects))
                    {
                        labels.confidentiality = labels.confidentiality.min(*to);
                    }
                }
            }
        }
        for reduction in &provenance.taint_reductions {
            labels.taint = labels.taint.difference(cleared(reduction, subjects, evidence));
        }
        labels
    }

    /// The labels of what is made from data with these and with `other` labels (D95, D96).
    #[must_use]
    pub fn join(self, other: Self) -> Self {
        Self {
            integrity: self.integrity.min(other.integrity),
            confidentiality: self.confidentiality.max(other.confidentiality),
            taint: self.taint | other.taint,
        }
    }

    /// Whether whoever accepts data with `other` labels accepts this too: no more taint, no less integrity, no more
    /// secrecy (D130).
    #[must_use]
    pub fn no_worse_than(self, other: Self) -> bool {
        other.taint.contains(self.taint)
            && self.integrity >= other.integrity
            && self.confidentiality <= other.confidentiality
    }
}

fn approval_at<'e>(evidence: &'e impl Evidence, id: &ObjectId, at: Timestamp) -> Option<&'e Verified<ApprovalToken>> {
    evidence.approval(id).filter(|approval| approval.id() == *id && approval.window().check_strict(at).is_ok())
}

/// Whether the elevation was given for `provenance` as it stood before its adjustment number `index`: what was appended
/// since is left out, everything else is the same.
fn approves(elevation: &Elevation, provenance: &Provenance, index: usize) -> bool {
    let original = &elevation.original_provenance;
    let before = provenance.label_adjustments.get(..index) == Some(&original.label_adjustments[..]);
    let reductions = provenance.taint_reductions.starts_with(&original.taint_reductions);
    let Some(later) = provenance.zone_crossings.strip_prefix(&original.zone_crossings[..]) else { return false };
    // The label of secrecy changes when the data is declassified (§6.1), and not otherwise.
    let confidentiality = original.confidentiality_label == provenance.confidentiality_label
        || provenance.label_adjustments.iter().skip(index).any(|adjustment| {
            matches!(adjustment, LabelAdjustment::ConfidentialityDeclassified { to, .. }
                if *to == provenance.confidentiality_label)
        });
    let zone_then = later.first().map_or(&provenance.current_zone, |crossing| &crossing.from_zone);
    before
        && reductions
        && original.current_zone == *zone_then
        && original.origin_zone == provenance.origin_zone
        && original.origin_principal == provenance.origin_principal
        && original.created_at == provenance.created_at
        && original.integrity_label == provenance.integrity_label
        && confidentiality
        && original.taint == provenance.taint
}

/// Whether the approval declassifies each of `subjects` to `to`, and for a crossing that the provenance has.
fn declassifies(approval: &Verified<ApprovalToken>, to: u8, provenance: &Provenance, subjects: &[ObjectId]) -> bool {
    let ApprovalScope::Declassification(scope) = &approval.scope else { return false };
    let crossed = provenance.zone_crossings.iter().any(|crossing| {
        crossing.authorized_by == Some(approval.id())
            && crossing.from_zone == scope.from_zone
            && crossing.to_zone == scope.to_zone
    });
    crossed && scope.target_confidentiality == to && covers(&scope.object_ids, subjects)
}

/// What a reduction clears of the taint of `subjects`: nothing, unless a receipt covers them all; never a taint that
/// this version does not know (D94, D99).
pub(super) fn cleared(reduction: &TaintReduction, subjects: &[ObjectId], evidence: &impl Evidence) -> TaintFlags {
    let receipt = evidence.receipt(&reduction.by_receipt).filter(|receipt| {
        receipt.id() == reduction.by_receipt
            && receipt.executed_at <= reduction.applied_at
            && receipt.clears.contains(reduction.clears)
            && covers(&receipt.inputs, subjects)
    });
    receipt.map_or(TaintFlags::empty(), |_| reduction.clears.intersection(TaintFlags::all()))
}

/// Whether `list` names each of `subjects`, of which there is at least one.
fn covers(list: &[ObjectId], subjects: &[ObjectId]) -> bool {
    !subjects.is_empty() && subjects.iter().all(|subject| list.contains(subject))
}
