//! `quorum.*`, `lease.*`: how many must agree, whether they did, and who goes first (§3.8, §15.1, §18.2, D14, D29–D32,
//! D171, D179, D201).

use fcp_audit::AttestedKeys;
use fcp_audit::checkpoint::{Signers, ZoneCheckpoint};
use fcp_audit::head::{AuditHead, RevocationHead};
use fcp_core::error::Reason;
use fcp_core::id::{NodeId, ObjectId, ObjectIdKey};
use fcp_core::object::{MeshObject, Message, ObjectHeader, QuorumSignatureSet};
use fcp_core::quorum::{self, ByzantineModel, OperationClass};
use fcp_core::sign::{Preimage, QuorumSigned};

use super::{Operation, audit, ids, object_types, objects, operation};
use crate::fields::{Answer, Fields, text_of};
use crate::refusal::Refusal;

pub(super) const OPERATIONS: &[Operation] = &[
    operation("quorum.required", required),
    operation("quorum.tally", tally),
    operation("lease.coordinator", coordinator),
];

const CLASSES: &[(&str, OperationClass)] = &[
    ("read_only", OperationClass::ReadOnly),
    ("normal_write", OperationClass::NormalWrite),
    ("critical_write", OperationClass::CriticalWrite),
    ("unanimous", OperationClass::Unanimous),
];

fn required(input: Fields<'_>) -> Result<Answer, Refusal> {
    let class = input.choice("class", CLASSES)?;
    let model = ByzantineModel::new(input.uint("n")?, input.uint("f")?)?;
    Ok(Answer::new().uint("signatures", model.required(class)))
}

/// What a quorum signs, as far as counting goes.
struct Target {
    header: ObjectHeader,
    id: ObjectId,
    preimage: Preimage,
}

impl Target {
    fn of<T: MeshObject + QuorumSigned>(body: &[u8], key: &ObjectIdKey) -> Result<Self, Refusal> {
        let object = T::from_body(body)?;
        let id = object.seal(key)?.id();
        Ok(Self { header: object.header().clone(), id, preimage: object.quorum_preimage() })
    }
}

fn tally(input: Fields<'_>) -> Result<Answer, Refusal> {
    let (body, key) = (input.bytes("obj")?, objects::key(input, "object_id_key")?);
    let set = QuorumSignatureSet::from_body(&input.bytes("set")?)?;
    set.check()?;
    let trust = audit::attested(input)?;
    let nodes = input.list("signers", |node, name| Ok(NodeId::new(text_of(node, name)?)?))?;
    let signers = Signers::new(nodes, input.uint("max_faults")?)?;
    let kind = object_types::by_body(&body)?;
    let (target, required) = if kind.hash == ZoneCheckpoint::SCHEMA_HASH {
        (Target::of::<ZoneCheckpoint>(&body, &key)?, signers.quorum())
    } else if kind.hash == RevocationHead::SCHEMA_HASH {
        (Target::of::<RevocationHead>(&body, &key)?, signers.quorum())
    } else if kind.hash == AuditHead::SCHEMA_HASH {
        (Target::of::<AuditHead>(&body, &key)?, signers.audit_quorum())
    } else {
        return Err(Refusal::bad("no quorum signs objects of that type"));
    };
    if set.header.zone_id != target.header.zone_id {
        return Err(Reason::ObjectZoneMismatch.into());
    }
    if set.target != target.id {
        return Err(Reason::ObjectIdMismatch.into());
    }
    let revocations = audit::registry(input, "revocations")?;
    let keys = AttestedKeys::new(&trust, &revocations, &target.header.zone_id);
    let tally = set.signatures.tally(&target.preimage, |node, kid| {
        let eligible = signers.contains(node);
        eligible.then(|| keys.key(node, kid, target.header.created_at)).flatten().map(|(key, _)| key)
    });
    let reason = if tally.count() >= required { Reason::Allow } else { Reason::CheckpointNoQuorum };
    let verified = tally.verified.as_slice().iter().map(|signature| signature.signer_node.as_str());
    let dropped = tally.dropped.iter().map(NodeId::as_str);
    Ok(Answer::new()
        .text("verdict", if reason == Reason::Allow { "allow" } else { "deny" })
        .text("reason", reason.code())
        .uint("required", required)
        .value("verified", verified.collect())
        .value("dropped", dropped.collect()))
}

fn coordinator(input: Fields<'_>) -> Result<Answer, Refusal> {
    let (zone, subject) = (ids::zone(input)?, ObjectId::from_bytes(input.array("subject")?));
    let nodes = input.list("nodes", |node, name| Ok(NodeId::new(text_of(node, name)?)?))?;
    let ranking = quorum::rendezvous(&zone, &subject, &nodes);
    let first = ranking.first().ok_or_else(|| Refusal::bad("`nodes` is empty"))?;
    Ok(Answer::new().text("node", first.as_str()))
}
