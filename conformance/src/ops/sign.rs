//! `kid.*`, `sign.*`: key ids and signatures (§2.2, §3.5.1, D3, D8, D9).

use fcp_core::id::Kid;
use fcp_core::sign::{OwnerPublicKey, Preimage, Signature, VerifyingKey as _};

use super::{Operation, object_types, operation};
use crate::fields::{Answer, Fields};
use crate::refusal::Refusal;

pub(super) const OPERATIONS: &[Operation] = &[
    operation("kid.derive", kid),
    operation("sign.preimage", preimage),
    operation("sign.verify", verify),
    operation("sign.raw_verify", raw_verify),
    operation("frost.verify_group", verify_group),
];

fn kid(input: Fields<'_>) -> Result<Answer, Refusal> {
    Ok(Answer::new().bytes("kid", Kid::of(&input.array("public_key")?).as_bytes()))
}

fn preimage(input: Fields<'_>) -> Result<Answer, Refusal> {
    let body = input.bytes("obj")?;
    let signatures = object_types::by_body(&body)?.signatures.ok_or_else(unsigned)?;
    Ok(Answer::new().bytes("preimage", &(signatures.preimage)(&body)?))
}

fn verify(input: Fields<'_>) -> Result<Answer, Refusal> {
    let (key, body) = (input.array("public_key")?, input.bytes("obj")?);
    let verify = object_types::by_body(&body)?.signatures.and_then(|signatures| signatures.verify);
    verify.ok_or_else(unsigned)?(&key, &body)?;
    Ok(Answer::new())
}

fn unsigned() -> Refusal {
    Refusal::bad("objects of this schema carry no signature")
}

fn raw_verify(input: Fields<'_>) -> Result<Answer, Refusal> {
    verify_bytes(input, "public_key")
}

/// A group's signature is an ordinary one (D202).
fn verify_group(input: Fields<'_>) -> Result<Answer, Refusal> {
    verify_bytes(input, "group_key")
}

fn verify_bytes(input: Fields<'_>, key: &str) -> Result<Answer, Refusal> {
    let (key, message) = (input.array(key)?, input.bytes("message")?);
    let signature = Signature::from_bytes(input.array("signature")?);
    // Every role checks alike; a preimage without a domain is the message itself.
    OwnerPublicKey::from_bytes(&key)?.verify(&Preimage::transcript("", &[&message]), &signature)?;
    Ok(Answer::new())
}
