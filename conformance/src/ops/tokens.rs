//! `token.*`, `pop.*`: capability tokens and proof of possession (§7.5, D107–D114).

use std::str::FromStr;

use fcp_caps::pop::{HolderNonce, Proof};
use fcp_caps::token::{CapabilityGrant, CapabilityToken, CheckpointBinding, TokenClaims};
use fcp_core::error::Reason;
use fcp_core::id::{Jti, ObjectId};
use fcp_core::sign::NodeIssuanceKey;
use fcp_core::time::Timestamp;
use serde_json::{Map, Value};

use super::{Operation, data, operation};
use crate::fields::{self, Answer, Fields, array_of};
use crate::hexadecimal;
use crate::refusal::Refusal;

pub(super) const OPERATIONS: &[Operation] =
    &[operation("token.mint", mint), operation("token.decode", decode), operation("pop.transcript", pop_transcript)];

/// The names that claims have in requests and answers.
const NAMES: [&str; 15] = [
    "iss",
    "sub",
    "aud",
    "exp",
    "iat",
    "cti",
    "iss_node",
    "grant_object_ids",
    "caps",
    "attenuation",
    "holder_node",
    "chk_id",
    "chk_seq",
    "aud_binary",
    "instance",
];

fn mint(input: Fields<'_>) -> Result<Answer, Refusal> {
    let key = NodeIssuanceKey::from_seed(input.array("secret")?);
    if *key.public().kid().as_bytes() != input.array("kid")? {
        return Err(Refusal::bad("`kid` is not the key id of `secret`"));
    }
    let token = CapabilityToken::mint(claims_of(input.object("claims")?)?, &key)?;
    Ok(Answer::new().bytes("cwt", &token.to_cwt()))
}

fn decode(input: Fields<'_>) -> Result<Answer, Refusal> {
    let token = CapabilityToken::decode(&input.bytes("cwt")?)?;
    Ok(Answer::new().value("claims", written(token.claims())?).bytes("kid", token.kid().as_bytes()))
}

fn pop_transcript(input: Fields<'_>) -> Result<Answer, Refusal> {
    let proof = Proof {
        jti: Jti::from_bytes(input.array("jti")?),
        request: ObjectId::from_bytes(input.array("request_object_id")?),
        nonce: HolderNonce::from_bytes(input.array("nonce")?),
    };
    Ok(Answer::new().bytes("transcript", proof.transcript().as_bytes()))
}

/// A claim's text as the identifier that it must be; any other is a bad claim.
fn id<T: FromStr>(claims: Fields<'_>, name: &str) -> Result<T, Refusal> {
    claims.text(name)?.parse().map_err(|_| Reason::TokenBadClaim.into())
}

fn object_id(value: &Value, name: &str) -> Result<ObjectId, Refusal> {
    array_of(value, name).map(ObjectId::from_bytes)
}

fn claims_of(claims: Fields<'_>) -> Result<TokenClaims, Refusal> {
    if let Some(unknown) = claims.names().find(|name| !NAMES.contains(name)) {
        return Err(Refusal::Rejected {
            reason: Reason::TokenUnknownClaim,
            message: format!("no claim has the name `{unknown}`"),
        });
    }
    let missing = |name: &&str| !claims.has(name);
    if ["iss", "sub", "aud", "exp", "iat", "cti", "iss_node", "grant_object_ids", "caps"].iter().any(missing)
        || claims.has("chk_id") != claims.has("chk_seq")
    {
        return Err(Reason::TokenMissingClaim.into());
    }
    let checkpoint = match claims.optional("chk_id", Fields::array)? {
        None => None,
        Some(id) => Some(CheckpointBinding { id: ObjectId::from_bytes(id), seq: claims.uint("chk_seq")? }),
    };
    Ok(TokenClaims {
        iss_zone: id(claims, "iss")?,
        sub: id(claims, "sub")?,
        aud: id(claims, "aud")?,
        exp: Timestamp::from_secs(claims.uint("exp")?),
        iat: Timestamp::from_secs(claims.uint("iat")?),
        jti: Jti::from_bytes(claims.array("cti")?),
        iss_node: id(claims, "iss_node")?,
        grant_object_ids: claims.list("grant_object_ids", object_id)?,
        caps: claims.list("caps", capability)?,
        attenuation: claims.optional("attenuation", |claims, name| {
            data::CONSTRAINTS.read(claims.value(name)?, name).map_err(bad_claim)
        })?,
        holder_node: claims.optional("holder_node", id)?,
        checkpoint,
        aud_binary: claims.optional("aud_binary", Fields::array)?.map(ObjectId::from_bytes),
        instance: claims.optional("instance", id)?,
    })
}

fn capability(value: &Value, name: &str) -> Result<CapabilityGrant, Refusal> {
    data::PLAIN.read(value, name).map_err(bad_claim)
}

/// What is wrong inside of a claim makes the claim bad.
fn bad_claim(refusal: Refusal) -> Refusal {
    Refusal::Rejected { reason: Reason::TokenBadClaim, message: refusal.message().to_owned() }
}

fn written(claims: &TokenClaims) -> Result<Value, Refusal> {
    let mut out = Map::new();
    let mut put = |name: &str, value: Value| out.insert(name.to_owned(), value);
    let hex = |bytes: &[u8]| Value::from(hexadecimal::encode(bytes));
    put("iss", claims.iss_zone.as_str().into());
    put("sub", claims.sub.as_str().into());
    put("aud", claims.aud.as_str().into());
    put("exp", fields::uint(claims.exp.as_secs()));
    put("iat", fields::uint(claims.iat.as_secs()));
    put("cti", hex(claims.jti.as_bytes()));
    put("iss_node", claims.iss_node.as_str().into());
    put("grant_object_ids", claims.grant_object_ids.iter().map(|id| hex(id.as_bytes())).collect());
    put("caps", data::written(&claims.caps)?);
    if let Some(attenuation) = &claims.attenuation {
        put("attenuation", data::written(attenuation)?);
    }
    if let Some(holder) = &claims.holder_node {
        put("holder_node", holder.as_str().into());
    }
    if let Some(checkpoint) = &claims.checkpoint {
        put("chk_id", hex(checkpoint.id.as_bytes()));
        put("chk_seq", fields::uint(checkpoint.seq));
    }
    if let Some(binary) = &claims.aud_binary {
        put("aud_binary", hex(binary.as_bytes()));
    }
    if let Some(instance) = &claims.instance {
        put("instance", instance.as_str().into());
    }
    Ok(Value::Object(out))
}
