//! Hardware attestations of a device (§2.2).

use alloc::string::String;
use alloc::vec::Vec;

use crate::cbor::{Decode, Encode};
use crate::error::Reason;
use crate::time::Timestamp;

/// The longest window of a posture attestation, in seconds (D5).
pub(super) const MAX_WINDOW_SECS: u64 = 86_400;

/// A hardware-backed statement about a device's state (§2.2). What is in `payload` is judged by a verifier of its kind.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[fcp(check = window)]
pub struct DevicePostureAttestation {
    /// Which hardware says so.
    pub kind: DevicePostureKind,
    /// The platform's own attestation.
    pub payload: Vec<u8>,
    /// When it was generated.
    pub issued_at: Timestamp,
    /// When it expires: after `issued_at`, at most a day later (D5).
    pub expires_at: Timestamp,
    /// Drawn at random.
    pub nonce: [u8; 32],
}

pub(super) fn window(posture: &DevicePostureAttestation) -> Result<(), Reason> {
    let too_long = posture.expires_at.since(posture.issued_at) > MAX_WINDOW_SECS;
    if posture.expires_at <= posture.issued_at || too_long { Err(Reason::AttestationPostureWindow) } else { Ok(()) }
}

/// Kinds of hardware attestation (§2.2).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum DevicePostureKind {
    /// A TPM 2.0 quote.
    TpmQuote,
    /// Apple's Secure Enclave.
    SecureEnclave,
    /// Android's hardware-backed key store.
    AndroidKeystore,
    /// Another platform's.
    Custom(String),
}
