//! Where the request's data comes from and where it would go (§6, D83, D94–D104, D130).

use alloc::vec::Vec;

use fcp_core::error::Reason;
use fcp_core::id::{ObjectId, ZoneId};
use fcp_core::object::{LabelAdjustment, Provenance};
use fcp_core::safety::SafetyTier;
use fcp_core::sign::Verified;
use fcp_core::time::Timestamp;
use fcp_zones::approval::{ApprovalScope, ApprovalToken};
use fcp_zones::flow::{self, Bearer, Labels, ProvenanceError, RequestSources, SanitizerReceipt, TaintDecision};
use fcp_zones::resource::Sink;
use fcp_zones::zone::Levels;

use super::approvals::{Approvals, NotApproved};
use super::{Reach, View};
use crate::binding::{Call, check_declassification, check_elevation};
use crate::evidence::{Evidence, Step};
use crate::invoke::Invoke;

/// The approvals and receipts that provenances may point to, as far as nothing of them is revoked (D98, D165).
struct Unrevoked<'a, V: ?Sized> {
    view: &'a V,
    zone: &'a ZoneId,
    now: Timestamp,
}

impl<V: View + ?Sized> Unrevoked<'_, V> {
    fn is_revoked(&self, id: &ObjectId) -> bool {
        self.view.revocations().revoked_by(id, self.zone, self.now).is_some()
    }
}

impl<V: View + ?Sized> flow::Evidence for Unrevoked<'_, V> {
    fn approval(&self, id: &ObjectId) -> Option<&Verified<ApprovalToken>> {
        self.view.applied_approval(id).filter(|_| !self.is_revoked(id))
    }

    /// A receipt counts if its sanitizer can clear what it says, and its node was attested when it ran and is not
    /// revoked since.
    fn receipt(&self, id: &ObjectId) -> Option<&Verified<SanitizerReceipt>> {
        let receipt = self.view.sanitizer_receipt(id).filter(|_| !self.is_revoked(id))?;
        let clears = self.view.sanitizes(&receipt.sanitizer_connector, &receipt.sanitizer_operation);
        let attested = self.view.trust().all(&receipt.executed_by).iter().any(|attestation| {
            attestation.window().check(receipt.executed_at).is_ok() && !self.is_revoked(&attestation.id())
        });
        (clears.contains(receipt.clears) && attested).then_some(receipt)
    }
}

/// The request's data on its way through the checks.
pub(super) struct DataFlow<'a, V: ?Sized> {
    pub(super) view: &'a V,
    pub(super) invoke: &'a Invoke,
    pub(super) bearer: &'a Bearer,
    pub(super) levels: Levels,
    pub(super) call: Call<'a>,
    pub(super) now: Timestamp,
}

impl<'a, V: View + ?Sized> DataFlow<'a, V> {
    fn backing(&self) -> Unrevoked<'a, V> {
        Unrevoked { view: self.view, zone: &self.bearer.zone, now: self.now }
    }

    /// The provenance of a request with these inputs that says this of itself (D100).
    fn provenance(&self, inputs: &[ObjectId], claimed: &Provenance) -> Result<Provenance, ProvenanceError> {
        let sources = RequestSources {
            bearer: self.bearer,
            levels: self.levels,
            client: self.view.client(self.bearer),
            ingress: self.view.ingress(&self.invoke.id()),
            inputs,
            claimed,
            at: self.now,
        };
        sources.recompute(self.view.marks(), |id| self.view.provenance(id), &self.backing())
    }

    /// The provenance that counts (D100).
    pub(super) fn recompute(&self, evidence: &mut Evidence) -> Step<Provenance> {
        let inputs = self.invoke.inputs();
        let claimed = &self.invoke.request().provenance;
        evidence.extend(inputs.iter().copied());
        evidence.extend(claimed.taint_reductions.iter().map(|reduction| reduction.by_receipt));
        self.provenance(&inputs, claimed).map_err(|error| evidence.deny(error.reason()))
    }

    /// How secret the request is without what it names: its inline input and, for an agent, everything that it was
    /// given before.
    fn inline_confidentiality(&self) -> u8 {
        let Levels { integrity, confidentiality } = self.levels;
        let silent = Provenance::of_zone(self.bearer.zone.clone(), integrity, confidentiality, self.now);
        // Without inputs none can be missing; if it were, the request would count as most secret.
        self.provenance(&[], &silent).map_or(u8::MAX, |provenance| provenance.confidentiality_label)
    }

    /// Tier, taint and integrity (§6.2, D101, D102, D130).
    pub(super) fn may_drive(
        &self,
        computed: &Provenance,
        approvals: &mut Approvals<'a, V>,
        evidence: &mut Evidence,
    ) -> Step<()> {
        match Labels::of(computed).can_invoke(self.call.tier, self.levels) {
            TaintDecision::Allow => Ok(()),
            TaintDecision::Deny(reason) => Err(evidence.deny(reason)),
            TaintDecision::RequireElevation => {
                let claimed = &self.invoke.request().provenance;
                let found = approvals.find(Reason::TaintElevationRequired, |approval| {
                    let ApprovalScope::Elevation(elevation) = &approval.scope else { return None };
                    let checked = check_elevation(elevation, &self.call, claimed, computed);
                    let high_enough = elevation.target_integrity >= self.levels.integrity;
                    Some(checked.and(if high_enough { Ok(()) } else { Err(Reason::ApprovalWrongTarget) }))
                });
                approved(found, evidence).map(drop)
            }
        }
    }

    /// What is secret leaves for a less secret place only if somebody decided so (§8.1, D83): first each input on its
    /// way into the zone, then the call on its way out of it. Gives the provenance of what is in the zone then.
    pub(super) fn may_leave(
        &self,
        computed: &Provenance,
        reach: Reach,
        approvals: &mut Approvals<'a, V>,
        evidence: &mut Evidence,
    ) -> Step<Provenance> {
        let zone = &self.bearer.zone;
        let into_zone = Sink::Zone(zone, self.levels);
        let backing = self.backing();
        let mut inside = computed.clone();
        let mut named = 0;
        for id in self.invoke.inputs() {
            let Some(provenance) = self.view.provenance(&id) else { continue };
            let labels = Labels::resolve(provenance, &[id], &backing);
            named = labels.confidentiality.max(named);
            if into_zone.needs_declassification(&labels) {
                let approval = self.declassified(&provenance.current_zone, &into_zone, id, approvals, evidence)?;
                self.note(&mut inside, approval);
            }
        }
        // What an agent was given before may be in the request, and so is whatever is more secret than all it names.
        let (whole, own) = (computed.confidentiality_label, self.levels.confidentiality);
        if self.inline_confidentiality() > own || (whole > named && whole > own) {
            let approval = self.declassified(zone, &into_zone, self.call.request, approvals, evidence)?;
            self.note(&mut inside, approval);
        }
        if reach == Reach::Outside && self.call.tier > SafetyTier::Safe {
            let labels = Labels::of(&inside);
            for sink in self.sinks() {
                if sink.needs_declassification(&labels) {
                    self.declassified(zone, &sink, self.call.request, approvals, evidence)?;
                }
            }
        }
        Ok(inside)
    }

    /// What was declassified counts as that from here on, and says by whose word (§6.1, output label rule).
    fn note(&self, inside: &mut Provenance, by_approval: ObjectId) {
        let to = self.levels.confidentiality;
        inside.confidentiality_label = inside.confidentiality_label.min(to);
        let adjustment = LabelAdjustment::ConfidentialityDeclassified { to, by_approval, applied_at: self.now };
        if !inside.label_adjustments.contains(&adjustment) {
            inside.label_adjustments.push(adjustment);
        }
    }

    /// The resources that the request names; if it names none, nobody knows where it goes (D104).
    fn sinks(&self) -> Vec<Sink<'a>> {
        let resources = &self.invoke.request().resources;
        if resources.is_empty() {
            return Vec::from([Sink::Unknown]);
        }
        resources.iter().map(|id| self.view.resource(id).map_or(Sink::Unknown, Sink::Resource)).collect()
    }

    fn declassified(
        &self,
        from: &ZoneId,
        sink: &Sink<'_>,
        written: ObjectId,
        approvals: &mut Approvals<'a, V>,
        evidence: &mut Evidence,
    ) -> Step<ObjectId> {
        let found = approvals.find(Reason::CrossingDeclassificationRequired, |approval| {
            let ApprovalScope::Declassification(scope) = &approval.scope else { return None };
            Some(check_declassification(scope, &self.call, from, sink, written))
        });
        approved(found, evidence)
    }
}

/// Takes note of the approval that fits, or denies.
pub(super) fn approved(found: Result<ObjectId, NotApproved>, evidence: &mut Evidence) -> Step<ObjectId> {
    match found {
        Ok(id) => {
            evidence.add(id);
            Ok(id)
        }
        Err((id, reason)) => {
            evidence.extend(id);
            Err(evidence.deny(reason))
        }
    }
}
