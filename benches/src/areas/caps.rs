//! `fcp-caps`: tokens.

mod view;

use std::hint::black_box;

use fcp_caps::token::{CapabilityGrant, CapabilityToken, CheckpointBinding, TokenClaims};
use fcp_caps::verify::Audience;
use fcp_core::cbor::Decoder;
use fcp_core::decision::Decision;
use fcp_core::id::{ConnectorId, Jti, NodeId, ObjectId, ObjectIdKey, ZoneId};
use fcp_core::safety::SafetyTier;
use fcp_core::sign::{NodeIssuanceKey, Preimage};
use fcp_core::time::Timestamp;

use crate::measure::{Goal, Pair};
use view::View;

const SEED: [u8; 32] = [7; 32];
const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);
const BINARY: ObjectId = ObjectId::from_bytes([0x44; 32]);
const CHECKPOINT: ObjectId = ObjectId::from_bytes([0x33; 32]);
const CAPABILITIES: [&str; 2] = ["notebook.append", "notebook.read"];

/// What a token for a risky operation says: bound to holder, checkpoint and build.
fn claims([issuer, holder]: [&NodeId; 2], grant_object_ids: Vec<ObjectId>) -> Option<TokenClaims> {
    let capability = |name: &&str| Some(CapabilityGrant { capability: name.parse().ok()?, operation: None });
    Some(TokenClaims {
        iss_zone: ZoneId::private(),
        sub: "agent:helper".parse().ok()?,
        aud: "example.notebook".parse().ok()?,
        exp: NOW.saturating_add(300),
        iat: NOW,
        jti: Jti::from_bytes([1; 16]),
        iss_node: issuer.clone(),
        grant_object_ids,
        caps: CAPABILITIES.iter().map(capability).collect::<Option<_>>()?,
        attenuation: None,
        holder_node: Some(holder.clone()),
        checkpoint: Some(CheckpointBinding { id: CHECKPOINT, seq: 42 }),
        aud_binary: Some(BINARY),
        instance: None,
    })
}

/// A token's bytes with all that is needed to verify them.
struct Shown {
    cwt: Vec<u8>,
    view: View,
    connector: ConnectorId,
    id_key: ObjectIdKey,
}

impl Shown {
    /// Decodes the token and decides whether it counts.
    fn verify(&self) -> bool {
        let Ok(token) = CapabilityToken::decode(&self.cwt) else { return false };
        let audience = Audience {
            zone: &ZoneId::private(),
            connector: &self.connector,
            instance: None,
            binary: Some(BINARY),
            tier: SafetyTier::Risky,
        };
        matches!(
            CapabilityToken::verify(token.identified(&self.id_key), &self.view, &audience, NOW),
            Decision::Allow(_)
        )
    }
}

/// What a signature is checked over, and with.
#[derive(Clone)]
struct Bare {
    key: ed25519_dalek::VerifyingKey,
    message: Vec<u8>,
    signature: ed25519_dalek::Signature,
}

impl Bare {
    fn of(cwt: &[u8]) -> Option<Self> {
        let mut decoder = Decoder::new(cwt).ok()?;
        decoder.array().ok()?;
        let protected = decoder.bytes().ok()?;
        decoder.map().ok()?;
        decoder.leave();
        let payload = decoder.bytes().ok()?;
        Some(Self {
            key: ed25519_dalek::SigningKey::from_bytes(&SEED).verifying_key(),
            message: Preimage::cose_sign1(protected, payload).as_bytes().to_vec(),
            signature: ed25519_dalek::Signature::from_bytes(&decoder.byte_array().ok()?),
        })
    }

    fn verify(&self) -> bool {
        self.key.verify_strict(&self.message, &self.signature).is_ok()
    }
}

/// Checking a token against checking its signature alone.
#[must_use]
pub fn tokens() -> Vec<Pair> {
    prepare().unwrap_or_else(|| unreachable!("everything in this mesh is in order"))
}

fn prepare() -> Option<Vec<Pair>> {
    let key = NodeIssuanceKey::from_seed(SEED);
    let public = key.public();
    let nodes = [&NodeId::new("nLaptop").ok()?, &NodeId::new("nPhone").ok()?];
    let view = View::new(nodes, public, &CAPABILITIES, CHECKPOINT, NOW)?;
    let cwt = CapabilityToken::mint(claims(nodes, view.grant_ids())?, &key).ok()?.to_cwt();
    let bare = Bare::of(&cwt)?;
    let shown = Shown {
        cwt: cwt.clone(),
        view,
        connector: "example.notebook".parse().ok()?,
        id_key: ObjectIdKey::from_bytes([0x55; 32]),
    };
    assert!(shown.verify() && bare.verify(), "both must accept the token");

    let peer_name = "ed25519-dalek verify_strict";
    let peer = || {
        let bare = bare.clone();
        Box::new(move || {
            black_box(black_box(&bare).verify());
        })
    };
    Some(vec![
        Pair {
            name: "token, decode and signature",
            ours: Box::new(move || {
                let token = CapabilityToken::decode(black_box(&cwt));
                black_box(token.is_ok_and(|token| token.verify_signature(&public).is_ok()));
            }),
            peer_name,
            peer: peer(),
            goal: Goal::AtMost(1.1),
        },
        Pair {
            name: "token, every rule",
            ours: Box::new(move || {
                black_box(black_box(&shown).verify());
            }),
            peer_name,
            peer: peer(),
            goal: Goal::AtMost(1.1),
        },
    ])
}

/// The pairs of this layer.
#[must_use]
pub fn pairs() -> Vec<Pair> {
    tokens()
}
