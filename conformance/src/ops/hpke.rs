//! `hpke.*`: sealed boxes (§3.6.1, D36–D38).

use fcp_core::cbor;
use fcp_core::hpke::{self, Purpose, SealContext, SealedBox};
use fcp_core::id::NodeId;
use fcp_core::rand_core::UnwrapErr;
use fcp_core::sign::{NodeEncryptionKey, NodeEncryptionPublicKey};
use fcp_core::time::Timestamp;

use super::{Operation, ids, operation};
use crate::fields::{Answer, Fields};
use crate::refusal::Refusal;

pub(super) const OPERATIONS: &[Operation] =
    &[operation("hpke.aad", aad), operation("hpke.seal", seal), operation("hpke.open", open)];

/// The purposes of D36.
const PURPOSES: &[(&str, Purpose)] = &[
    ("FCP2-ZONE-KEY", Purpose::ZoneKey),
    ("FCP2-OBJECTID-KEY", Purpose::ObjectIdKey),
    ("FCP2-OWNER-SHARE", Purpose::OwnerShare),
    ("FCP2-SECRET-SHARE", Purpose::SecretShare),
    ("FCP2-DKG", Purpose::KeyGeneration),
];

fn context(input: Fields<'_>) -> Result<SealContext, Refusal> {
    Ok(SealContext {
        purpose: input.choice("purpose", PURPOSES)?,
        zone: ids::zone(input)?.hash(),
        recipient: NodeId::new(input.text("recipient")?)?,
        issued_at: Timestamp::from_secs(input.uint("issued_at")?),
    })
}

fn aad(input: Fields<'_>) -> Result<Answer, Refusal> {
    Ok(Answer::new().bytes("aad", &context(input)?.aad()))
}

fn seal(input: Fields<'_>) -> Result<Answer, Refusal> {
    let (context, plaintext) = (context(input)?, input.bytes("plaintext")?);
    let recipient = NodeEncryptionPublicKey::from_bytes(&input.array("recipient_public")?)
        .map_err(|_| hpke::SealError::LowOrder)?;
    let sealed = hpke::seal(&recipient, &context, &plaintext, &mut UnwrapErr(getrandom::SysRng))?;
    Ok(Answer::new().bytes("box", &cbor::encode(&sealed)))
}

fn open(input: Fields<'_>) -> Result<Answer, Refusal> {
    let (context, sealed) = (context(input)?, input.bytes("box")?);
    let secret = NodeEncryptionKey::from_bytes(input.array("recipient_secret")?);
    let sealed: SealedBox = cbor::decode(&sealed)?;
    Ok(Answer::new().bytes("plaintext", &sealed.open(&secret, &context)?))
}
