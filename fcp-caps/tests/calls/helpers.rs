//! What the tests of calls share.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "everything in here is known to be there")]

use fcp_caps::authorize::Authorized;
use fcp_caps::grant::{CapabilityConstraints, CapabilityObject, Grantee};
use fcp_caps::invoke::Invoke;
use fcp_core::cbor::Value;
use fcp_core::decision::Decision;
use fcp_core::glob::Glob;
use fcp_core::id::{ObjectId, ZoneId};
use fcp_core::identity::{NodeKeyAttestation, TrustAnchors};
use fcp_core::object::{Provenance, TaintFlags};
use fcp_zones::approval::{ConstraintOp, InputConstraint};

use crate::mesh::{self, Case, NOW, PRIVATE};

/// The reason for which a call is denied, or `allow`.
pub(crate) fn reason(case: &Case) -> &'static str {
    let decision = case.decide();
    if let Decision::Deny(denial) = &decision {
        assert!(denial.evidence.is_sorted_by(|left, right| left < right), "evidence is sorted, each id once");
    }
    decision.reason().code()
}

/// Breaks a call that is in order, in one place, and compares the reason.
pub(crate) fn denied(operation: &str, expected: &str, what: &str, break_it: impl FnOnce(&mut Case)) {
    let mut case = Case::new(operation);
    assert_eq!(reason(&case), "allow", "{what}: before");
    break_it(&mut case);
    assert_eq!(reason(&case), expected, "{what}");
}

pub(crate) fn provenance(integrity: u8, confidentiality: u8) -> Provenance {
    Provenance::of_zone(ZoneId::private(), integrity, confidentiality, NOW)
}

/// Trust in these attestations, whenever they were issued.
pub(crate) fn trusting(attestations: &[NodeKeyAttestation]) -> TrustAnchors {
    let mut trust = TrustAnchors::new(mesh::owner().public());
    for attestation in attestations {
        let received = NodeKeyAttestation::open(&attestation.seal()).unwrap();
        trust.install_historic(received).unwrap();
    }
    trust
}

/// Puts another grant in the place of the call's own.
pub(crate) fn regrant(case: &mut Case, change: impl FnOnce(&mut CapabilityObject)) {
    let capability = case.claims.caps[0].capability.to_string();
    let grantee = Grantee::Principal(mesh::principal("agent:helper"));
    let mut grant = mesh::grant(&capability, grantee, CapabilityConstraints::open());
    change(&mut grant);
    case.claims.grant_object_ids = vec![case.mesh.granted(grant)];
}

pub(crate) fn glob(pattern: &str) -> Glob {
    Glob::new(pattern).unwrap()
}

pub(crate) fn public_input() -> Provenance {
    let mut provenance = Provenance::of_zone(ZoneId::public(), 20, 10, NOW);
    provenance.taint = TaintFlags::PUBLIC_INPUT;
    provenance
}

/// A call of `delete` that names a message from z:public among its inputs.
pub(crate) fn asked_by_the_public() -> (Case, ObjectId) {
    let mut case = Case::new("delete");
    let message = case.mesh.stored(0x91, public_input());
    case.header.foreign_refs = vec![message];
    (case, message)
}

/// What an honest caller says of such a call: the worst of the message and of what it adds itself.
pub(crate) fn stated() -> Provenance {
    let mut provenance = public_input();
    provenance.confidentiality_label = PRIVATE.confidentiality;
    provenance.taint |= TaintFlags::USER_SUPPLIED;
    provenance
}

pub(crate) fn path_is(path: &str) -> InputConstraint {
    let json_pointer = "/path".parse().unwrap();
    InputConstraint { json_pointer, op: ConstraintOp::Eq, value: Value::from(path) }
}

/// The approvals that an authorized call needed.
pub(crate) fn approved(authorized: &Authorized<Invoke>) -> Vec<ObjectId> {
    authorized.approvals().iter().map(|approval| approval.id).collect()
}
