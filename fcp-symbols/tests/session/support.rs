//! What the tests of sessions share.

use core::convert::Infallible;
use std::collections::VecDeque;

use fcp_core::id::NodeId;
use fcp_core::rand_core::{TryCryptoRng, TryRng};
use fcp_core::sign::NodeSigningKey;
use fcp_core::time::Timestamp;
use fcp_symbols::session::{Attestations, AttestedKey, LocalNode};

/// When everything begins.
pub(crate) const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

/// Randomness that was written down before.
pub(crate) struct Scripted(pub(crate) VecDeque<u8>);

impl Scripted {
    pub(crate) fn new(pieces: &[&[u8]]) -> Self {
        Self(pieces.concat().into())
    }
}

impl TryRng for Scripted {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(0)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(0)
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        for byte in out {
            *byte = self.0.pop_front().unwrap_or_default();
        }
        Ok(())
    }
}

impl TryCryptoRng for Scripted {}

pub(crate) fn node(name: &str) -> NodeId {
    name.parse().unwrap_or_else(|_| unreachable!("names in tests are valid"))
}

pub(crate) fn signing_key(seed: u8) -> NodeSigningKey {
    NodeSigningKey::from_seed([seed; 32])
}

/// A node that is attested for a day.
pub(crate) fn local(name: &str, seed: u8) -> LocalNode {
    LocalNode::new(node(name), signing_key(seed), NOW.saturating_add(86_400))
}

pub(crate) fn attested(seed: u8) -> AttestedKey {
    AttestedKey { key: signing_key(seed).public(), expires_at: NOW.saturating_add(86_400) }
}

/// Knows the laptop by seed 1 and the server by seed 2.
pub(crate) fn known(node: &NodeId, _: &Attestations, _: Timestamp) -> Option<AttestedKey> {
    match node.as_str() {
        "nLaptop" => Some(attested(1)),
        "nServer01" => Some(attested(2)),
        _ => None,
    }
}

/// A frame's header with these numbers, and a body: as much of a frame as sessions look at.
pub(crate) fn frame(instance: u64, seq: u64, len: usize) -> Vec<u8> {
    let mut frame = vec![0xab; 98];
    frame.extend_from_slice(&instance.to_le_bytes());
    frame.extend_from_slice(&seq.to_le_bytes());
    frame.resize(frame.len().max(len), 0xcd);
    frame
}
