//! What survives a restart.

use alloc::vec::Vec;

use fcp_core::cbor::{Decode, Encode};

use crate::checkpoint::{CheckpointState, Votes};

/// All of it in one piece, so that it is replaced in one piece.
#[derive(Debug, Clone, Encode, Decode)]
pub(super) struct Record {
    pub(super) state: CheckpointState,
    pub(super) votes: Votes,
    pub(super) proof: Proof,
}

/// What shows others that the accepted checkpoint holds.
#[derive(Debug, Clone, Default, Encode, Decode)]
pub(super) struct Proof {
    /// The accepted checkpoint's canonical bytes.
    pub(super) checkpoint: Vec<u8>,
    /// Its `QuorumSignatureSet`.
    pub(super) signatures: Option<Vec<u8>>,
    /// The last anchor.
    pub(super) anchor: Option<AnchorProof>,
}

/// An anchor with the checkpoint that it names, as canonical bytes.
#[derive(Debug, Clone, Encode, Decode)]
pub(super) struct AnchorProof {
    pub(super) anchor: Vec<u8>,
    pub(super) checkpoint: Vec<u8>,
    pub(super) checkpoint_seq: u64,
}
