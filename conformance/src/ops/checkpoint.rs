//! `checkpoint.verify`: whether a checkpoint holds in a zone (§3.8, D32, D33, D201, D213).

use fcp_audit::AttestedKeys;
use fcp_audit::chain::Tip;
use fcp_audit::checkpoint::{ChainKind, CheckpointState, HeldInMemory, Judgement, Offer, View, Wanted, ZoneAnchor};
use fcp_core::cbor;
use fcp_core::error::Reason;
use fcp_core::id::{ObjectId, ObjectIdKey};
use fcp_core::object::{MeshObject as _, Message as _, ObjectError, QuorumSignatureSet, StoredObject};
use fcp_core::sign::{OwnerPublicKey, SignatureSet, Verified};
use serde_json::{Value, json};

use super::verdicts::Owned;
use super::{Operation, audit, ids, objects, operation};
use crate::fields::{self, Answer, Fields, bytes_of};
use crate::hexadecimal;
use crate::refusal::Refusal;

pub(super) const OPERATIONS: &[Operation] = &[operation("checkpoint.verify", verify)];

fn verify(input: Fields<'_>) -> Result<Answer, Refusal> {
    let (zone, key) = (ids::zone(input)?, objects::key(input, "object_id_key")?);
    let (owner, trust) = (audit::owner(input)?, audit::attested(input)?);
    let (revocations, now) = (audit::registry(input, "revocations")?, audit::time(input, "now")?);
    let keys = AttestedKeys::new(&trust, &revocations, &zone);
    let mut held = HeldInMemory::new(key.clone());
    for body in input.list("objects", bytes_of)? {
        held.admit(&stored(&body, &key)?, &keys, now).map_err(|error| Refusal::from(error.reason()))?;
    }
    let view = View { keys, held: &held };
    let earlier = input.optional("earlier", |input, name| {
        input.list(name, |offer, name| Received::read(Fields::of(offer, name)?, &owner, &key))
    })?;
    let received = Received::read(input, &owner, &key)?;
    let mut state = CheckpointState::new(zone.clone());
    for offer in earlier.unwrap_or_default() {
        match state.judge(&offer.offer(), &view, now) {
            Judgement::Accept(acceptance) => state.apply(*acceptance),
            Judgement::Fork(fork) => state.freeze(fork),
            Judgement::Known | Judgement::Wait(_) | Judgement::Refuse(_) => {}
        }
    }
    Ok(answer(&state.judge(&received.offer(), &view, now)))
}

/// An object whose header is in its body, whatever else is.
fn stored(body: &[u8], key: &ObjectIdKey) -> Result<StoredObject, Refusal> {
    let encoded = body.get(32..).ok_or(ObjectError::SchemaMismatch)?;
    let whole: cbor::Value = cbor::decode(encoded)?;
    let header = whole.get("header").map(cbor::encode).ok_or(Reason::CborMissingKey)?;
    Ok(StoredObject::parse(&[b"FCP2-OBJECT-V1", &header[..], body].concat(), key)?)
}

/// A checkpoint with what speaks for it.
struct Received {
    checkpoint: StoredObject,
    signatures: SignatureSet,
    anchor: Option<Verified<ZoneAnchor>>,
}

impl Received {
    fn read(input: Fields<'_>, owner: &OwnerPublicKey, key: &ObjectIdKey) -> Result<Self, Refusal> {
        let checkpoint = stored(&input.bytes("obj")?, key)?;
        let set = input.optional("set", Fields::bytes)?.map(|body| QuorumSignatureSet::from_body(&body)).transpose()?;
        if let Some(set) = &set {
            set.check()?;
            if set.header.zone_id != checkpoint.header().zone_id {
                return Err(Reason::ObjectZoneMismatch.into());
            }
            if set.target != checkpoint.id() {
                return Err(Reason::ObjectIdMismatch.into());
            }
        }
        let owned = Owned { owner: *owner, key };
        let anchor = input.optional("anchor", Fields::bytes)?.map(|body| owned.object(&body)).transpose()?;
        Ok(Self { checkpoint, signatures: set.map(|set| set.signatures).unwrap_or_default(), anchor })
    }

    const fn offer(&self) -> Offer<'_> {
        Offer { checkpoint: &self.checkpoint, signatures: &self.signatures, anchor: self.anchor.as_ref() }
    }
}

fn answer(judgement: &Judgement) -> Answer {
    let answer = Answer::new().text("reason", judgement.reason().code());
    match judgement {
        Judgement::Accept(acceptance) => answer
            .text("verdict", "accept")
            .value("anchored", acceptance.is_anchored().into())
            .bytes("policy_step", acceptance.accepted().policy_step().as_bytes()),
        Judgement::Known => answer.text("verdict", "known"),
        Judgement::Wait(wanted) => {
            answer.text("verdict", "wait").value("missing", wanted.iter().map(missing).collect())
        }
        Judgement::Refuse(_) => answer.text("verdict", "refuse"),
        Judgement::Fork(fork) => answer
            .text("verdict", "fork")
            .uint("seq", fork.seq)
            .bytes("ours", fork.ours.as_bytes())
            .bytes("theirs", fork.theirs.as_bytes()),
    }
}

fn missing(wanted: &Wanted) -> Value {
    let hex = |id: &ObjectId| hexadecimal::encode(id.as_bytes());
    match wanted {
        Wanted::Object(id) => json!({"object": hex(id)}),
        Wanted::Signed(id) => json!({"signed": hex(id)}),
        Wanted::Revocation(id) => json!({"revocation": hex(id)}),
        Wanted::Events { chain, tip: Tip { event, seq }, after } => {
            let chain = match chain {
                ChainKind::Audit => "audit",
                ChainKind::Revocation => "revocation",
            };
            json!({"events": {
                "chain": chain, "tip": hex(event), "seq": fields::uint(*seq), "after": fields::uint(*after),
            }})
        }
    }
}
