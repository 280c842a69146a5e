//! Somebody on the network who is no member: listens, repeats, forges and floods.

use std::net::SocketAddr;

use fcp_core::id::NodeId;
use fcp_core::rand_core::CryptoRng;
use fcp_core::time::Timestamp;
use fcp_symbols::session::initiator::HelloSent;
use fcp_symbols::session::{LocalNode, Terms};

use super::cast::{Identity, attested_until, nowhere};
use super::world::World;

/// A hello of `from` to `to` that is well-formed and signed by `from`'s own key.
pub(super) fn hello(from: &Identity, to: &NodeId, now: Timestamp, rng: &mut impl CryptoRng) -> Vec<u8> {
    let node = LocalNode::new(from.name.clone(), from.key.as_ref(), attested_until());
    HelloSent::start(&node, to, &Terms::default(), now, rng).map(|hello| hello.bytes().to_vec()).unwrap_or_default()
}

impl World {
    /// Plays `count` of the recorded datagrams again, from where they came or from anywhere else, to where they went or to
    /// anybody else.
    pub(super) fn replay(&mut self, count: u64) {
        for _ in 0..count {
            let Some(tap) = &self.tap else { return };
            let Some(packet) = tap.get(self.dice.index(tap.len())).cloned() else { continue };
            let from = if self.dice.permille(500) { packet.from } else { nowhere(self.dice.below(1000)) };
            let other = self.dice.index(self.hosts.len());
            let other = self.host(other).map_or(packet.to, |host| host.address);
            let to = if self.dice.permille(800) { packet.to } else { other };
            let delay = self.dice.between(0, 500);
            self.inject(delay, from, to, packet.bytes);
        }
    }

    /// Sends `count` datagrams of garbage to a host: random bytes, and bytes that begin or end like messages.
    pub(super) fn litter(&mut self, to: SocketAddr, count: u64) {
        for _ in 0..count {
            let len = usize::try_from(self.dice.below(1400)).unwrap_or_default();
            let mut bytes = self.dice.bytes(len);
            let kind = self.dice.below(4);
            if kind == 0 {
                let body = u32::try_from(len.saturating_sub(11)).unwrap_or_default().to_le_bytes();
                let message = u8::try_from(self.dice.between(1, 4)).unwrap_or(1);
                let head = [&b"FCPH\x01\x00"[..], &[message], &body].concat();
                bytes.iter_mut().zip(head).for_each(|(byte, head)| *byte = head);
            } else if let Some(packet) = self.tap.as_ref().and_then(|tap| tap.get(self.dice.index(tap.len())))
                && kind == 1
            {
                // A true beginning with a false end: sessions are found by it.
                let keep = self.dice.index(packet.bytes.len());
                bytes.iter_mut().zip(packet.bytes.iter().take(keep)).for_each(|(byte, true_byte)| *byte = *true_byte);
            }
            let from = nowhere(self.dice.below(100));
            let delay = self.dice.between(0, 200);
            self.inject(delay, from, to, bytes);
        }
    }
}
