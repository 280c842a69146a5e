//! The claims of a token and their one encoding (§7.5.1, D107, D108, D111, D113).

use alloc::vec::Vec;

use fcp_core::cbor::{self, Decode, DecodeError, DecodeErrorKind, Decoder, Encode, Encoder};
use fcp_core::error::Reason;
use fcp_core::id::{CapabilityId, ConnectorId, InstanceId, Jti, NodeId, ObjectId, OperationId, PrincipalId, ZoneId};
use fcp_core::safety::SafetyTier;
use fcp_core::time::Timestamp;

use super::TokenError;
use crate::grant::CapabilityConstraints;

/// One claim of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// The integer key.
    pub key: u64,
    /// The field's name in the specification.
    pub name: &'static str,
    /// Whether every token has it.
    pub required: bool,
}

macro_rules! claims {
    ($($constant:ident $key:literal $name:literal $required:literal;)*) => {
        $(static $constant: Claim = Claim { key: $key, name: $name, required: $required };)*

        /// Every claim that a token may carry, by key (§7.5.1, D107, D108). There is no not-before claim (D113).
        pub static CLAIMS: &[&Claim] = &[$(&$constant),*];
    };
}

claims! {
    ISS 1 "iss_zone" true;
    SUB 2 "sub" true;
    AUD 3 "aud" true;
    EXP 4 "exp" true;
    IAT 6 "iat" true;
    CTI 7 "jti" true;
    ISS_NODE 1000 "iss_node" true;
    GRANTS 1001 "grant_object_ids" true;
    CAPS 1002 "caps" true;
    ATTENUATION 1003 "attenuation" false;
    HOLDER 1004 "holder_node" false;
    CHK_ID 1005 "chk_id" false;
    CHK_SEQ 1006 "chk_seq" false;
    AUD_BINARY 1007 "aud_binary" false;
    INSTANCE 1008 "instance" false;
}

/// What a token says (§7.5, §7.5.1).
///
/// ```cddl
/// claims = { 1: tstr, 2: tstr, 3: tstr, 4: uint, 6: uint, 7: bstr .size 16, 1000: bstr, 1001: [* bstr .size 32],
///   1002: [+ { capability: tstr, ? operation: tstr }], ? 1003: capability-constraints, ? 1004: bstr,
///   ? (1005: bstr .size 32, 1006: uint), ? 1007: bstr .size 32, ? 1008: tstr }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenClaims {
    /// The zone in which it authorizes.
    pub iss_zone: ZoneId,
    /// Whom it authorizes.
    pub sub: PrincipalId,
    /// The connector that it is meant for.
    pub aud: ConnectorId,
    /// When it expires.
    pub exp: Timestamp,
    /// When it was issued.
    pub iat: Timestamp,
    /// The token's own id, never used twice.
    pub jti: Jti,
    /// The node that issued it.
    pub iss_node: NodeId,
    /// The grants that it draws on, sorted, each once.
    pub grant_object_ids: Vec<ObjectId>,
    /// The capabilities that it gives: at least one, sorted by encoded bytes, each once.
    pub caps: Vec<CapabilityGrant>,
    /// Further bounds, which only restrict.
    pub attenuation: Option<CapabilityConstraints>,
    /// The node that may present it. Risky operations need it (D116).
    pub holder_node: Option<NodeId>,
    /// The checkpoint under which it was issued. Only safe operations in `z:public` go without (D111).
    pub checkpoint: Option<CheckpointBinding>,
    /// The build of the connector that it is meant for (D107). Risky operations need it (§7.5 rule 1).
    pub aud_binary: Option<ObjectId>,
    /// The instance of the connector that it is meant for.
    pub instance: Option<InstanceId>,
}

/// One capability that a token gives, wholly or for one operation.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct CapabilityGrant {
    /// The capability.
    pub capability: CapabilityId,
    /// The one operation that it is given for.
    pub operation: Option<OperationId>,
}

/// The checkpoint that an issuer saw (§7.5 rule 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckpointBinding {
    /// Its id.
    pub id: ObjectId,
    /// Its number.
    pub seq: u64,
}

impl TokenClaims {
    /// The longest life of a token, in seconds (D112).
    pub const MAX_LIFETIME_SECS: u64 = 86_400;
    /// The longest life of a token for Risky or Dangerous operations, in seconds (D112).
    pub const MAX_RISKY_LIFETIME_SECS: u64 = 900;
    /// How long tokens should live, in seconds (§7.5).
    pub const DEFAULT_TTL_SECS: u64 = 300;

    /// The longest life of a token that is used for operations of `tier`, in seconds (D112).
    #[must_use]
    pub const fn max_lifetime_secs(tier: SafetyTier) -> u64 {
        match tier {
            SafetyTier::Safe => Self::MAX_LIFETIME_SECS,
            _ => Self::MAX_RISKY_LIFETIME_SECS,
        }
    }

    /// Whether the token gives `capability` for `operation`: by exact ids (D123).
    #[must_use]
    pub fn gives(&self, capability: &CapabilityId, operation: &OperationId) -> bool {
        self.caps
            .iter()
            .any(|cap| cap.capability == *capability && cap.operation.as_ref().is_none_or(|own| own == operation))
    }

    /// How long it lives, in seconds; 0 if it expires before it is issued.
    #[must_use]
    pub const fn lifetime_secs(&self) -> u64 {
        self.exp.since(self.iat)
    }

    /// Puts the lists into their one order and leaves out what stands twice.
    pub(super) fn sort(&mut self) {
        self.grant_object_ids.sort_unstable();
        self.grant_object_ids.dedup();
        self.caps.sort_by_cached_key(cbor::encode);
        self.caps.dedup();
    }

    /// The canonical claims map.
    pub(super) fn to_payload(&self) -> Vec<u8> {
        let optional = [
            self.attenuation.is_some(),
            self.holder_node.is_some(),
            self.checkpoint.is_some(),
            self.checkpoint.is_some(),
            self.aud_binary.is_some(),
            self.instance.is_some(),
        ];
        let required = CLAIMS.iter().filter(|claim| claim.required).count();
        let present = optional.iter().filter(|present| **present).count();
        let mut payload = Vec::with_capacity(512);
        let mut encoder = Encoder::new(&mut payload);
        encoder.map(required.saturating_add(present));
        let mut claim = |claim: &Claim, value: &dyn Encode| {
            encoder.uint(claim.key);
            value.encode(&mut encoder);
        };
        claim(&ISS, &self.iss_zone);
        claim(&SUB, &self.sub);
        claim(&AUD, &self.aud);
        claim(&EXP, &self.exp);
        claim(&IAT, &self.iat);
        claim(&CTI, &self.jti);
        claim(&ISS_NODE, &NodeBytes(&self.iss_node));
        claim(&GRANTS, &self.grant_object_ids);
        claim(&CAPS, &self.caps);
        if let Some(attenuation) = &self.attenuation {
            claim(&ATTENUATION, attenuation);
        }
        if let Some(holder) = &self.holder_node {
            claim(&HOLDER, &NodeBytes(holder));
        }
        if let Some(checkpoint) = &self.checkpoint {
            claim(&CHK_ID, &checkpoint.id);
            claim(&CHK_SEQ, &checkpoint.seq);
        }
        if let Some(binary) = &self.aud_binary {
            claim(&AUD_BINARY, binary);
        }
        if let Some(instance) = &self.instance {
            claim(&INSTANCE, instance);
        }
        payload
    }

    /// Reads the claims map.
    ///
    /// What is not canonical is malformed, whatever else is wrong with it; the first bad or unknown claim by key comes
    /// before a missing one.
    pub(super) fn from_payload(payload: &[u8]) -> Result<Self, TokenError> {
        read(payload).map_err(|error| match cbor::check(payload, false) {
            Err(malformed) => TokenError::Malformed(malformed),
            Ok(()) => error,
        })
    }
}

/// Node ids stand in claims as byte strings of their text (D107).
struct NodeBytes<'a>(&'a NodeId);

impl Encode for NodeBytes<'_> {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        encoder.bytes(self.0.as_bytes());
    }
}

fn read(payload: &[u8]) -> Result<TokenClaims, TokenError> {
    let mut decoder = Decoder::new(payload).map_err(TokenError::Malformed)?;
    let len = decoder.map().map_err(TokenError::Malformed)?;
    let mut claims = Partial::default();
    let mut previous = None;
    for _ in 0..len {
        let Ok(key) = decoder.uint() else { return Err(TokenError::UnknownClaim(None)) };
        if previous >= Some(key) {
            return Err(TokenError::Malformed(decoder.error(DecodeErrorKind::UnsortedKeys)));
        }
        previous = Some(key);
        let index = CLAIMS.binary_search_by_key(&key, |claim| claim.key);
        let claim = index.ok().and_then(|index| CLAIMS.get(index)).ok_or(TokenError::UnknownClaim(Some(key)))?;
        claims.read(claim, &mut decoder).map_err(|cause| TokenError::BadClaim { claim, cause })?;
    }
    decoder.finish().map_err(TokenError::Malformed)?;
    claims.finish()
}

/// The claims that were read so far.
#[derive(Default)]
struct Partial {
    iss_zone: Option<ZoneId>,
    sub: Option<PrincipalId>,
    aud: Option<ConnectorId>,
    exp: Option<Timestamp>,
    iat: Option<Timestamp>,
    jti: Option<Jti>,
    iss_node: Option<NodeId>,
    grants: Option<Vec<ObjectId>>,
    caps: Option<Vec<CapabilityGrant>>,
    attenuation: Option<CapabilityConstraints>,
    holder: Option<NodeId>,
    chk_id: Option<ObjectId>,
    chk_seq: Option<u64>,
    aud_binary: Option<ObjectId>,
    instance: Option<InstanceId>,
}

impl Partial {
    fn read(&mut self, claim: &Claim, decoder: &mut Decoder<'_>) -> Result<(), DecodeError> {
        match claim.key {
            1 => self.iss_zone = Some(Decode::decode(decoder)?),
            2 => self.sub = Some(Decode::decode(decoder)?),
            3 => self.aud = Some(Decode::decode(decoder)?),
            4 => self.exp = Some(Decode::decode(decoder)?),
            6 => self.iat = Some(Decode::decode(decoder)?),
            7 => self.jti = Some(Decode::decode(decoder)?),
            1000 => self.iss_node = Some(node(decoder)?),
            1001 => self.grants = Some(ascending(decoder, 0)?),
            1002 => self.caps = Some(ascending(decoder, 1)?),
            1003 => self.attenuation = Some(Decode::decode(decoder)?),
            1004 => self.holder = Some(node(decoder)?),
            1005 => self.chk_id = Some(Decode::decode(decoder)?),
            1006 => self.chk_seq = Some(Decode::decode(decoder)?),
            1007 => self.aud_binary = Some(Decode::decode(decoder)?),
            // 1008 is the last of the table.
            _ => self.instance = Some(Decode::decode(decoder)?),
        }
        Ok(())
    }

    fn finish(self) -> Result<TokenClaims, TokenError> {
        let missing = |claim: &'static Claim| move || TokenError::MissingClaim(claim);
        Ok(TokenClaims {
            iss_zone: self.iss_zone.ok_or_else(missing(&ISS))?,
            sub: self.sub.ok_or_else(missing(&SUB))?,
            aud: self.aud.ok_or_else(missing(&AUD))?,
            exp: self.exp.ok_or_else(missing(&EXP))?,
            iat: self.iat.ok_or_else(missing(&IAT))?,
            jti: self.jti.ok_or_else(missing(&CTI))?,
            iss_node: self.iss_node.ok_or_else(missing(&ISS_NODE))?,
            grant_object_ids: self.grants.ok_or_else(missing(&GRANTS))?,
            caps: self.caps.ok_or_else(missing(&CAPS))?,
            attenuation: self.attenuation,
            holder_node: self.holder,
            checkpoint: match (self.chk_id, self.chk_seq) {
                (Some(id), Some(seq)) => Some(CheckpointBinding { id, seq }),
                (None, None) => None,
                (Some(_), None) => return Err(TokenError::MissingClaim(&CHK_SEQ)),
                (None, Some(_)) => return Err(TokenError::MissingClaim(&CHK_ID)),
            },
            aud_binary: self.aud_binary,
            instance: self.instance,
        })
    }
}

fn node(decoder: &mut Decoder<'_>) -> Result<NodeId, DecodeError> {
    let offset = decoder.position();
    let bytes = decoder.bytes()?;
    NodeId::from_bytes(bytes).map_err(|error| Decoder::invalid(offset, error.reason()))
}

/// An array of at least `least` items in strictly rising order of their encodings.
fn ascending<'b, T: Decode<'b>>(decoder: &mut Decoder<'b>, least: usize) -> Result<Vec<T>, DecodeError> {
    let start = decoder.position();
    let len = decoder.array()?;
    if len < least {
        return Err(DecodeError::new(DecodeErrorKind::OutOfRange, start));
    }
    let mut items = Vec::with_capacity(len.min(64));
    let mut previous: &[u8] = &[];
    for _ in 0..len {
        let (at, before) = (decoder.position(), decoder.remaining());
        items.push(T::decode(decoder)?);
        let encoded = before.get(..decoder.position().saturating_sub(at)).unwrap_or_default();
        if encoded <= previous {
            return Err(Decoder::invalid(at, Reason::ObjectListOrder));
        }
        previous = encoded;
    }
    decoder.leave();
    Ok(items)
}
