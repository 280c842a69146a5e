//! The table of error codes (§23.2.1, §24.1, D191), and which code a refusal has on the wire.

use alloc::format;
use core::fmt;
use core::str::FromStr;

use super::Reason;
use crate::cbor::{Decode, DecodeError, Decoder, Encode, Encoder};

/// An error code, `FCP-1000` to `FCP-9999` without the reserved thousand 8000 (§24.1, D191).
///
/// Codes that the [`ERROR_CODES`] do not list are valid too: implementations may have more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ErrorCode(u16);

/// The text or number is no error code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("error code is not `FCP-1000` to `FCP-7999` or `FCP-9000` to `FCP-9999`")]
pub struct BadErrorCode;

impl BadErrorCode {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(self) -> Reason {
        Reason::CborOutOfRange
    }
}

/// What kind of error a code's thousand stands for (§24.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ErrorRange {
    /// 1000–1999: bytes, frames, sessions.
    Protocol,
    /// 2000–2999: who somebody is.
    Auth,
    /// 3000–3999: what somebody may do.
    Capability,
    /// 4000–4999: where data may go.
    Zone,
    /// 5000–5999: whether a part is in order.
    Lifecycle,
    /// 6000–6999: limits and conflicts.
    Resource,
    /// 7000–7999: what is outside of the mesh.
    External,
    /// 9000–9999: faults of the implementation.
    Internal,
}

impl ErrorRange {
    /// The range's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Protocol => "protocol",
            Self::Auth => "auth",
            Self::Capability => "capability",
            Self::Zone => "zone",
            Self::Lifecycle => "lifecycle",
            Self::Resource => "resource",
            Self::External => "external",
            Self::Internal => "internal",
        }
    }
}

impl ErrorCode {
    /// The code of this number.
    ///
    /// # Errors
    /// [`BadErrorCode`] outside of the ranges of §24.1.
    pub const fn new(number: u16) -> Result<Self, BadErrorCode> {
        match number {
            1000..=7999 | 9000..=9999 => Ok(Self(number)),
            _ => Err(BadErrorCode),
        }
    }

    /// The code's number.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.0
    }

    /// What kind of error it is.
    #[must_use]
    pub const fn range(self) -> ErrorRange {
        match self.0 {
            ..2000 => ErrorRange::Protocol,
            2000..3000 => ErrorRange::Auth,
            3000..4000 => ErrorRange::Capability,
            4000..5000 => ErrorRange::Zone,
            5000..6000 => ErrorRange::Lifecycle,
            6000..7000 => ErrorRange::Resource,
            7000..8000 => ErrorRange::External,
            8000.. => ErrorRange::Internal,
        }
    }

    /// The code's line in the table, if it has one.
    #[must_use]
    pub fn entry(self) -> Option<&'static ErrorEntry> {
        ERROR_CODES.iter().find(|entry| entry.code == self)
    }
}

/// One line of the table of error codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErrorEntry {
    /// The code.
    pub code: ErrorCode,
    /// Its symbolic name, which errors carry in `details.reason` (D191).
    pub symbol: &'static str,
    /// Whether the same request may succeed later without being changed.
    pub retryable: bool,
    /// What is the matter, in one clause.
    pub meaning: &'static str,
}

macro_rules! error_codes {
    ($($name:ident $number:literal $symbol:literal $retryable:literal $meaning:literal;)*) => {
        impl ErrorCode {
            $(
                #[doc = concat!("`FCP-", $number, "`, `", $symbol, "`: ", $meaning, ".")]
                pub const $name: Self = Self($number);
            )*
        }

        /// Every error code of the protocol, in rising order.
        pub const ERROR_CODES: &[ErrorEntry] = &[$(ErrorEntry {
            code: ErrorCode::$name,
            symbol: $symbol,
            retryable: $retryable,
            meaning: $meaning,
        }),*];
    };
}

error_codes! {
    MALFORMED 1001 "FCP_ERR_MALFORMED" false "the bytes or the request are not of the form that the protocol has";
    BAD_IDENTIFIER 1002 "FCP_ERR_BAD_IDENTIFIER" false "an identifier is not canonical";
    BAD_OBJECT 1003 "FCP_ERR_BAD_OBJECT" false "an object contradicts its id, schema or header";
    BAD_FRAME 1004 "FCP_ERR_BAD_FRAME" false "a frame's layout or limits are wrong";
    UNSUPPORTED_VERSION 1005 "FCP_ERR_UNSUPPORTED_VERSION" false "the version is not supported";
    SESSION_REFUSED 1006 "FCP_ERR_SESSION_REFUSED" true "the session cannot be opened or has ended";
    BAD_FLAGS 1007 "FCP_ERR_BAD_FLAGS" false "flags are unknown or not allowed";
    MAC_INVALID 1008 "FCP_ERR_MAC_INVALID" false "the session's authenticator does not verify";
    AEAD_INVALID 1009 "FCP_ERR_AEAD_INVALID" false "authenticated decryption failed";
    REPLAY 1010 "FCP_ERR_REPLAY" false "the sequence number was seen before or is too old";
    BAD_SYMBOL 1011 "FCP_ERR_BAD_SYMBOL" false "symbols or chunks do not make up an object";
    BAD_GOSSIP 1012 "FCP_ERR_BAD_GOSSIP" false "a summary or filter is not acceptable";

    SIGNATURE_INVALID 2001 "FCP_ERR_SIGNATURE_INVALID" false "a signature or key is not acceptable";
    TOKEN_EXPIRED 2002 "FCP_ERR_TOKEN_EXPIRED" false "the capability token has expired";
    TOKEN_SIG_INVALID 2003 "FCP_ERR_TOKEN_SIG_INVALID" false "the capability token's signature does not verify";
    TOKEN_INVALID 2004 "FCP_ERR_TOKEN_INVALID" false "the capability token is not acceptable";
    TOKEN_NOT_YET_VALID 2005 "FCP_ERR_TOKEN_NOT_YET_VALID" true "the capability token is not valid yet";
    TOKEN_AUD_MISMATCH 2006 "FCP_ERR_TOKEN_AUD_MISMATCH" false "the capability token is for another connector";
    ATTESTATION_EXPIRED 2007 "FCP_ERR_ATTESTATION_EXPIRED" false "the node's attestation has expired";
    ATTESTATION_INVALID 2008 "FCP_ERR_ATTESTATION_INVALID" false "the node's attestation or enrollment is not acceptable";
    HOLDER_PROOF_INVALID 2009 "FCP_ERR_HOLDER_PROOF_INVALID" false "the proof of possession is not acceptable";
    UNSEAL_FAILED 2010 "FCP_ERR_UNSEAL_FAILED" false "a sealed box does not open";
    REVOKED 2011 "FCP_ERR_REVOKED" false "something that the request rests on is revoked";
    OWNER_KEY 2012 "FCP_ERR_OWNER_KEY" false "a step of the threshold owner key failed";

    CAPABILITY_DENIED 3001 "FCP_ERR_CAPABILITY_DENIED" false "the capability that is needed is not granted";
    TIER_DENIED 3002 "FCP_ERR_TIER_DENIED" false "the operation's safety tier forbids it";
    APPROVAL_REQUIRED 3003 "FCP_ERR_APPROVAL_REQUIRED" false "no approval covers the request";
    SECRET_DENIED 3004 "FCP_ERR_SECRET_DENIED" false "the secret is not released";
    CREDENTIAL_DENIED 3005 "FCP_ERR_CREDENTIAL_DENIED" false "the credential may not be used here";

    TAINTED 4001 "FCP_ERR_TAINTED" false "tainted data may not cause this";
    PROVENANCE_INVALID 4002 "FCP_ERR_PROVENANCE_INVALID" false "the data's provenance is not acceptable";
    CROSSING_DENIED 4003 "FCP_ERR_CROSSING_DENIED" false "the data may not flow to that zone";
    ZONE_POLICY_VIOLATION 4004 "FCP_ERR_ZONE_POLICY_VIOLATION" false "the zone's policy forbids it";
    CHECKPOINT_STALE 4005 "FCP_ERR_CHECKPOINT_STALE" true "the zone's checkpoint is missing, too old or behind";
    CHECKPOINT_INVALID 4006 "FCP_ERR_CHECKPOINT_INVALID" false "a checkpoint is not acceptable";
    CHAIN_INVALID 4007 "FCP_ERR_CHAIN_INVALID" false "an audit or revocation chain is broken";
    QUORUM_MISSED 4008 "FCP_ERR_QUORUM_MISSED" true "too few nodes agree";
    ZONE_KEY 4009 "FCP_ERR_ZONE_KEY" true "a zone key is missing or not usable now";

    MANIFEST_INVALID 5001 "FCP_ERR_MANIFEST_INVALID" false "the connector's manifest or binary is not acceptable";
    OUTCOME_UNKNOWN 5002 "FCP_ERR_OUTCOME_UNKNOWN" false "the execution failed or nobody knows whether it took effect";
    NOT_READY 5003 "FCP_ERR_NOT_READY" true "the connector is not ready";
    CONNECTOR_FAILED 5004 "FCP_ERR_CONNECTOR_FAILED" false "the connector could not do what it was asked";

    LIMIT_EXCEEDED 6001 "FCP_ERR_LIMIT_EXCEEDED" true "a limit is used up";
    LEASE_CONFLICT 6002 "FCP_ERR_LEASE_CONFLICT" true "somebody else holds the lease";
    IDEMPOTENCY_CONFLICT 6003 "FCP_ERR_IDEMPOTENCY_CONFLICT" false "the idempotency key was used with another input";
    NOT_FOUND 6004 "FCP_ERR_NOT_FOUND" false "what the request names does not exist";
    EXISTS 6005 "FCP_ERR_EXISTS" false "what the request would make exists already";

    REMOTE_FAILED 7001 "FCP_ERR_REMOTE_FAILED" false "the remote service refused or failed";
    EGRESS_DENIED 7004 "FCP_ERR_EGRESS_DENIED" false "the network constraints forbid the connection";
    EGRESS_TIMEOUT 7005 "FCP_ERR_EGRESS_TIMEOUT" true "the remote service did not answer in time";

    INTERNAL 9001 "FCP_ERR_INTERNAL" false "the implementation failed";
}

/// Which code the reasons of a family have.
const FAMILIES: &[(&str, ErrorCode)] = &[
    ("adapter", ErrorCode::MALFORMED),
    ("admission", ErrorCode::LIMIT_EXCEEDED),
    ("approval", ErrorCode::APPROVAL_REQUIRED),
    ("attestation", ErrorCode::ATTESTATION_INVALID),
    ("audit", ErrorCode::CHAIN_INVALID),
    ("capability", ErrorCode::CAPABILITY_DENIED),
    ("cbor", ErrorCode::MALFORMED),
    ("checkpoint", ErrorCode::CHECKPOINT_INVALID),
    ("chunk", ErrorCode::BAD_SYMBOL),
    ("credential", ErrorCode::CREDENTIAL_DENIED),
    ("crossing", ErrorCode::CROSSING_DENIED),
    ("diversity", ErrorCode::QUORUM_MISSED),
    ("egress", ErrorCode::EGRESS_DENIED),
    ("enrollment", ErrorCode::ATTESTATION_INVALID),
    ("event", ErrorCode::BAD_OBJECT),
    ("execution", ErrorCode::OUTCOME_UNKNOWN),
    ("fcpc", ErrorCode::BAD_FRAME),
    ("frame", ErrorCode::BAD_FRAME),
    ("glob", ErrorCode::MALFORMED),
    ("gossip", ErrorCode::BAD_GOSSIP),
    ("grant", ErrorCode::CAPABILITY_DENIED),
    ("holder_proof", ErrorCode::HOLDER_PROOF_INVALID),
    ("hpke", ErrorCode::UNSEAL_FAILED),
    ("id", ErrorCode::BAD_IDENTIFIER),
    ("idempotency", ErrorCode::IDEMPOTENCY_CONFLICT),
    ("lease", ErrorCode::LEASE_CONFLICT),
    ("manifest", ErrorCode::MANIFEST_INVALID),
    ("object", ErrorCode::BAD_OBJECT),
    ("owner", ErrorCode::OWNER_KEY),
    ("pointer", ErrorCode::MALFORMED),
    ("provenance", ErrorCode::PROVENANCE_INVALID),
    ("quorum", ErrorCode::QUORUM_MISSED),
    ("resource", ErrorCode::BAD_OBJECT),
    ("revocation", ErrorCode::REVOKED),
    ("role", ErrorCode::CAPABILITY_DENIED),
    ("secret", ErrorCode::SECRET_DENIED),
    ("session", ErrorCode::SESSION_REFUSED),
    ("sign", ErrorCode::SIGNATURE_INVALID),
    ("symbol", ErrorCode::BAD_SYMBOL),
    ("taint", ErrorCode::TAINTED),
    ("tier", ErrorCode::TIER_DENIED),
    ("token", ErrorCode::TOKEN_INVALID),
    ("zone", ErrorCode::ZONE_POLICY_VIOLATION),
    ("zone_key", ErrorCode::ZONE_KEY),
    ("zone_policy", ErrorCode::ZONE_POLICY_VIOLATION),
];

/// The reasons that have another code than their family (D191).
const REASONS: &[(&str, ErrorCode)] = &[
    ("admission.replayed", ErrorCode::REPLAY),
    ("admission.unauthenticated", ErrorCode::ZONE_POLICY_VIOLATION),
    ("admission.unreachable", ErrorCode::CHECKPOINT_STALE),
    ("attestation.expired", ErrorCode::ATTESTATION_EXPIRED),
    ("attestation.revoked", ErrorCode::REVOKED),
    ("checkpoint.behind", ErrorCode::CHECKPOINT_STALE),
    ("checkpoint.missing", ErrorCode::CHECKPOINT_STALE),
    ("checkpoint.no_anchor", ErrorCode::CHECKPOINT_STALE),
    ("checkpoint.no_quorum", ErrorCode::QUORUM_MISSED),
    ("enrollment.revoked", ErrorCode::REVOKED),
    ("event.buffer_full", ErrorCode::LIMIT_EXCEEDED),
    ("execution.bad_configuration", ErrorCode::MALFORMED),
    ("execution.bad_input", ErrorCode::MALFORMED),
    ("execution.bad_response", ErrorCode::REMOTE_FAILED),
    ("execution.busy", ErrorCode::LIMIT_EXCEEDED),
    ("execution.connector_failed", ErrorCode::CONNECTOR_FAILED),
    ("execution.effect_unsupported", ErrorCode::CAPABILITY_DENIED),
    ("execution.file_denied", ErrorCode::CAPABILITY_DENIED),
    ("execution.file_exists", ErrorCode::EXISTS),
    ("execution.file_kind", ErrorCode::MALFORMED),
    ("execution.file_not_found", ErrorCode::NOT_FOUND),
    ("execution.file_path", ErrorCode::MALFORMED),
    ("execution.file_too_large", ErrorCode::MALFORMED),
    ("execution.http_status", ErrorCode::REMOTE_FAILED),
    ("execution.http_syntax", ErrorCode::MALFORMED),
    ("execution.message_too_large", ErrorCode::MALFORMED),
    ("execution.not_ready", ErrorCode::NOT_READY),
    ("execution.not_started", ErrorCode::NOT_READY),
    ("execution.protocol", ErrorCode::MALFORMED),
    ("execution.stalled", ErrorCode::CONNECTOR_FAILED),
    ("execution.storage_failed", ErrorCode::CONNECTOR_FAILED),
    ("execution.storage_full", ErrorCode::LIMIT_EXCEEDED),
    ("execution.unknown_operation", ErrorCode::NOT_FOUND),
    ("fcpc.aead_invalid", ErrorCode::AEAD_INVALID),
    ("fcpc.bad_flags", ErrorCode::BAD_FLAGS),
    ("fcpc.bad_sequence", ErrorCode::REPLAY),
    ("fcpc.unsupported_version", ErrorCode::UNSUPPORTED_VERSION),
    ("frame.bad_flags", ErrorCode::BAD_FLAGS),
    ("frame.mac_invalid", ErrorCode::MAC_INVALID),
    ("frame.replay", ErrorCode::REPLAY),
    ("frame.unsupported_version", ErrorCode::UNSUPPORTED_VERSION),
    ("grant.bytes_spent", ErrorCode::LIMIT_EXCEEDED),
    ("grant.calls_spent", ErrorCode::LIMIT_EXCEEDED),
    ("idempotency.bad_key", ErrorCode::MALFORMED),
    ("revocation.bad_head", ErrorCode::CHAIN_INVALID),
    ("revocation.bad_sequence", ErrorCode::CHAIN_INVALID),
    ("revocation.bad_signature", ErrorCode::CHAIN_INVALID),
    ("revocation.broken_link", ErrorCode::CHAIN_INVALID),
    ("revocation.incomplete", ErrorCode::CHECKPOINT_STALE),
    ("revocation.object_missing", ErrorCode::CHAIN_INVALID),
    ("revocation.stale_frontier", ErrorCode::CHECKPOINT_STALE),
    ("session.overloaded", ErrorCode::LIMIT_EXCEEDED),
    ("session.unsupported_version", ErrorCode::UNSUPPORTED_VERSION),
    ("symbol.aead_invalid", ErrorCode::AEAD_INVALID),
    ("symbol.budget", ErrorCode::LIMIT_EXCEEDED),
    ("symbol.source_budget", ErrorCode::LIMIT_EXCEEDED),
    ("token.aud_mismatch", ErrorCode::TOKEN_AUD_MISMATCH),
    ("token.expired", ErrorCode::TOKEN_EXPIRED),
    ("token.not_yet_valid", ErrorCode::TOKEN_NOT_YET_VALID),
    ("token.signature_invalid", ErrorCode::TOKEN_SIG_INVALID),
    ("zone_key.revoked", ErrorCode::REVOKED),
];

impl Reason {
    /// The family: what stands before the dot.
    #[must_use]
    pub fn family(self) -> &'static str {
        self.code().split_once('.').map_or(self.code(), |(family, _)| family)
    }

    /// The code that an error for this reason has (D191); `None` for [`Reason::Allow`], which is no error.
    #[must_use]
    pub fn error_code(self) -> Option<ErrorCode> {
        let find = |table: &[(&str, ErrorCode)], name: &str| {
            table.iter().find(|(listed, _)| *listed == name).map(|(_, code)| *code)
        };
        find(REASONS, self.code()).or_else(|| find(FAMILIES, self.family()))
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FCP-{}", self.0)
    }
}

impl FromStr for ErrorCode {
    type Err = BadErrorCode;

    fn from_str(text: &str) -> Result<Self, BadErrorCode> {
        let digits = text.strip_prefix("FCP-").filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
        let number = digits.filter(|digits| digits.len() == 4).and_then(|digits| digits.parse().ok());
        Self::new(number.ok_or(BadErrorCode)?)
    }
}

impl Encode for ErrorCode {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        encoder.text(&format!("{self}"));
    }
}

impl<'b> Decode<'b> for ErrorCode {
    fn decode(decoder: &mut Decoder<'b>) -> Result<Self, DecodeError> {
        let offset = decoder.position();
        decoder.text()?.parse().map_err(|error: BadErrorCode| Decoder::invalid(offset, error.reason()))
    }
}

#[cfg(test)]
mod tests {
    use super::{BadErrorCode, ERROR_CODES, ErrorCode, FAMILIES, REASONS};
    use crate::cbor;
    use crate::error::Reason;

    #[test]
    fn codes_rise_and_symbols_stand_once() {
        assert!(ERROR_CODES.is_sorted_by(|left, right| left.code < right.code));
        for entry in ERROR_CODES {
            assert_eq!(ErrorCode::new(entry.code.number()), Ok(entry.code));
            assert_eq!(entry.code.to_string().parse(), Ok(entry.code));
            assert_eq!(cbor::decode(&cbor::encode(&entry.code)), Ok(entry.code));
            assert_eq!(entry.code.entry(), Some(entry));
            let name = entry.symbol.strip_prefix("FCP_ERR_").unwrap();
            assert!(name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_'), "{name}");
            assert_eq!(ERROR_CODES.iter().filter(|other| other.symbol == entry.symbol).count(), 1, "{name}");
        }
    }

    /// The baseline of §23.2.1 with the numbers of D191.
    #[test]
    fn the_baseline_has_its_numbers() {
        for (symbol, number) in [
            ("UNSUPPORTED_VERSION", 1005),
            ("BAD_FLAGS", 1007),
            ("MAC_INVALID", 1008),
            ("AEAD_INVALID", 1009),
            ("REPLAY", 1010),
            ("TOKEN_EXPIRED", 2002),
            ("TOKEN_SIG_INVALID", 2003),
            ("TOKEN_NOT_YET_VALID", 2005),
            ("TOKEN_AUD_MISMATCH", 2006),
            ("ATTESTATION_EXPIRED", 2007),
            ("CAPABILITY_DENIED", 3001),
            ("ZONE_POLICY_VIOLATION", 4004),
            ("CHECKPOINT_STALE", 4005),
            ("IDEMPOTENCY_CONFLICT", 6003),
            ("EGRESS_DENIED", 7004),
            ("EGRESS_TIMEOUT", 7005),
        ] {
            let entry = ErrorCode::new(number).unwrap().entry().unwrap();
            assert_eq!(entry.symbol, format!("FCP_ERR_{symbol}"));
        }
    }

    #[test]
    fn every_refusal_has_a_code() {
        for reason in Reason::ALL {
            assert_eq!(reason.error_code().is_none(), *reason == Reason::Allow, "{reason}");
        }
        assert!(FAMILIES.is_sorted_by(|left, right| left.0 < right.0));
        assert!(REASONS.is_sorted_by(|left, right| left.0 < right.0));
        for (code, _) in REASONS {
            assert!(code.parse::<Reason>().is_ok(), "{code} is no reason");
        }
        assert_eq!(Reason::AttestationExpired.error_code(), Some(ErrorCode::ATTESTATION_EXPIRED));
        assert_eq!(Reason::AttestationBadTags.error_code(), Some(ErrorCode::ATTESTATION_INVALID));
    }

    #[test]
    fn other_texts_and_the_reserved_thousand_are_refused() {
        for text in ["FCP-0999", "FCP-8000", "FCP-8999", "FCP-10000", "FCP-+100", "fcp-1001", "FCP-01001", "1001", ""] {
            assert_eq!(text.parse::<ErrorCode>(), Err(BadErrorCode), "{text}");
            assert_eq!(
                cbor::decode::<ErrorCode>(&cbor::encode(text)).unwrap_err().reason().code(),
                "cbor.out_of_range"
            );
        }
        assert_eq!("FCP-1999".parse::<ErrorCode>().unwrap().entry(), None);
    }
}
