//! Data on its way from one zone to another (§6.2, D103).

use fcp_core::decision::{Decision, Denial};
use fcp_core::error::Reason;
use fcp_core::id::{ObjectId, OperationId, ZoneId};
use fcp_core::object::{LabelAdjustment, Provenance, ZoneCrossing};
use fcp_core::sign::Verified;
use fcp_core::time::Timestamp;

use super::{Evidence, Flow, Labels, flow};
use crate::approval::{ApprovalScope, ApprovalToken};
use crate::zone::{Levels, ZoneDirectory};

/// A copy of an object into another zone.
#[derive(Debug, Clone, Copy)]
pub struct Crossing<'a> {
    /// The object that is copied.
    pub object: ObjectId,
    /// Its provenance.
    pub provenance: &'a Provenance,
    /// The operation that copies it.
    pub operation: &'a OperationId,
    /// The zone that it goes to.
    pub to: &'a ZoneId,
    /// When.
    pub at: Timestamp,
}

/// Decides whether an object may be copied into another zone, and with which provenance (§5.1, §6.2, D103).
///
/// Going by the worse of the data's own labels and its zone's levels, a zone of higher integrity needs an elevation
/// approval for exactly this provenance and operation, and a zone of lower confidentiality a declassification approval
/// for this object; `approvals` are those that are verified, unrevoked and at hand. The copy's labels change only by
/// what an approval says, and the crossing names it. A zone without a valid definition takes nothing.
pub fn cross(
    crossing: &Crossing<'_>,
    zones: &ZoneDirectory,
    approvals: &[&Verified<ApprovalToken>],
    evidence: &impl Evidence,
) -> Decision<Provenance> {
    decide(crossing, zones, approvals, evidence).into()
}

fn decide(
    crossing: &Crossing<'_>,
    zones: &ZoneDirectory,
    approvals: &[&Verified<ApprovalToken>],
    evidence: &impl Evidence,
) -> Result<Provenance, Denial> {
    let provenance = crossing.provenance;
    let to = zones.get(crossing.to).map_err(|error| Denial::new(error.reason()))?.levels();
    let labels = Labels::resolve(provenance, &[crossing.object], evidence);
    let zone = zones.levels(&provenance.current_zone);
    let from = Levels::new(labels.integrity.min(zone.integrity), labels.confidentiality.max(zone.confidentiality));
    let needed = flow(from, to);
    let approved = |fits: &dyn Fn(&ApprovalToken) -> bool, otherwise: Reason| {
        let in_time = |token: &&&Verified<ApprovalToken>| token.window().check_strict(crossing.at).is_ok();
        let found = approvals.iter().filter(in_time).find(|token| fits(token)).map(|token| token.id());
        found.ok_or_else(|| Denial::new(otherwise).with_evidence([crossing.object]))
    };

    let mut copy = provenance.clone();
    let elevated = if needed.needs_elevation() {
        Some(approved(&|token| elevates(token, crossing, to), Reason::CrossingElevationRequired)?)
    } else {
        None
    };
    let declassified = if needed.needs_declassification() {
        Some(approved(&|token| declassifies(token, crossing, to), Reason::CrossingDeclassificationRequired)?)
    } else {
        None
    };
    if let Some(by_approval) = elevated {
        let adjustment = LabelAdjustment::IntegrityElevated { to: to.integrity, by_approval, applied_at: crossing.at };
        copy.label_adjustments.push(adjustment);
    }
    if let Some(by_approval) = declassified {
        // The output label rule of §6.1: the label itself falls, and the adjustment says by whose word.
        copy.confidentiality_label = to.confidentiality;
        let adjustment = LabelAdjustment::ConfidentialityDeclassified {
            to: to.confidentiality,
            by_approval,
            applied_at: crossing.at,
        };
        copy.label_adjustments.push(adjustment);
    }
    debug_assert!(needed != Flow::Allow || copy == *provenance, "a free crossing changes no label");
    copy.zone_crossings.push(ZoneCrossing {
        from_zone: provenance.current_zone.clone(),
        to_zone: crossing.to.clone(),
        crossed_at: crossing.at,
        authorized_by: declassified.or(elevated),
    });
    copy.current_zone = crossing.to.clone();
    Ok(copy)
}

/// An elevation by the zone that the data enters, for this operation and exactly this provenance, to the zone's level.
fn elevates(token: &ApprovalToken, crossing: &Crossing<'_>, to: Levels) -> bool {
    let ApprovalScope::Elevation(elevation) = &token.scope else { return false };
    token.zone_id() == crossing.to
        && elevation.operation == *crossing.operation
        && elevation.original_provenance == *crossing.provenance
        && elevation.target_integrity == to.integrity
}

/// A declassification by the zone that the data leaves, of this object, for that zone at its level (D83).
fn declassifies(token: &ApprovalToken, crossing: &Crossing<'_>, to: Levels) -> bool {
    let ApprovalScope::Declassification(scope) = &token.scope else { return false };
    *token.zone_id() == crossing.provenance.current_zone
        && scope.from_zone == crossing.provenance.current_zone
        && scope.to_zone == *crossing.to
        && scope.object_ids.contains(&crossing.object)
        && scope.target_confidentiality == to.confidentiality
}

#[cfg(test)]
mod tests;
