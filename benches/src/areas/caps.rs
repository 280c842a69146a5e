//! `fcp-caps`: tokens.

use std::hint::black_box;

use fcp_caps::token::{CapabilityGrant, CapabilityToken, CheckpointBinding, TokenClaims};
use fcp_core::cbor::Decoder;
use fcp_core::id::{Jti, ObjectId};
use fcp_core::sign::{NodeIssuanceKey, Preimage};
use fcp_core::time::Timestamp;

use crate::measure::{Goal, Pair};

const SEED: [u8; 32] = [7; 32];

/// What a token for a risky operation says: bound to holder, checkpoint and build.
fn claims() -> Option<TokenClaims> {
    let capability = |name: &str, operation: Option<&str>| {
        Some(CapabilityGrant { capability: name.parse().ok()?, operation: operation.map(str::parse).transpose().ok()? })
    };
    Some(TokenClaims {
        iss_zone: "z:work".parse().ok()?,
        sub: "agent:helper".parse().ok()?,
        aud: "example.notebook".parse().ok()?,
        exp: Timestamp::from_secs(1_700_000_300),
        iat: Timestamp::from_secs(1_700_000_000),
        jti: Jti::from_bytes([1; 16]),
        iss_node: "nLaptop".parse().ok()?,
        grant_object_ids: vec![ObjectId::from_bytes([0x11; 32]), ObjectId::from_bytes([0x22; 32])],
        caps: vec![capability("notebook.read", None)?, capability("notebook.append", Some("append"))?],
        attenuation: None,
        holder_node: Some("nPhone".parse().ok()?),
        checkpoint: Some(CheckpointBinding { id: ObjectId::from_bytes([0x33; 32]), seq: 42 }),
        aud_binary: Some(ObjectId::from_bytes([0x44; 32])),
        instance: None,
    })
}

/// What a token's signature covers, and the signature.
fn signed(cwt: &[u8]) -> Option<(Preimage, [u8; 64])> {
    let mut decoder = Decoder::new(cwt).ok()?;
    decoder.array().ok()?;
    let protected = decoder.bytes().ok()?;
    decoder.map().ok()?;
    decoder.leave();
    let payload = decoder.bytes().ok()?;
    Some((Preimage::cose_sign1(protected, payload), decoder.byte_array().ok()?))
}

/// Decoding a token and checking its signature against checking the signature alone.
#[must_use]
pub fn tokens() -> Vec<Pair> {
    prepare().unwrap_or_else(|| unreachable!("the claims are valid, and both sides agree"))
}

fn prepare() -> Option<Vec<Pair>> {
    let key = NodeIssuanceKey::from_seed(SEED);
    let cwt = CapabilityToken::mint(claims()?, &key).ok()?.to_cwt();
    let public = key.public();

    let (preimage, signature) = signed(&cwt)?;
    let (message, signature) = (preimage.as_bytes().to_vec(), ed25519_dalek::Signature::from_bytes(&signature));
    let bare = ed25519_dalek::SigningKey::from_bytes(&SEED).verifying_key();
    assert!(bare.verify_strict(&message, &signature).is_ok(), "both must verify the same signature");

    Some(vec![Pair {
        name: "token, decode and verify",
        ours: Box::new(move || {
            let token = CapabilityToken::decode(black_box(&cwt));
            black_box(token.is_ok_and(|token| token.verify_signature(&public).is_ok()));
        }),
        peer_name: "ed25519-dalek verify_strict",
        peer: Box::new(move || {
            black_box(bare.verify_strict(black_box(&message), &signature).is_ok());
        }),
        goal: Goal::AtMost(1.1),
    }])
}

/// The pairs of this layer.
#[must_use]
pub fn pairs() -> Vec<Pair> {
    tokens()
}
