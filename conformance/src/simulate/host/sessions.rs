//! Sessions of a node: whom it calls, what its table says, and the streams that go with them.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use fcp_core::error::Reason;
use fcp_core::id::NodeId;
use fcp_core::object::ControlPlaneObject;
use fcp_core::rand_core::Rng as _;
use fcp_core::time::Millis;
use fcp_symbols::fcpc::{FcpcError, FcpcReceiver, FcpcSender};
use fcp_symbols::session::wire::{self, WireMessage};
use fcp_symbols::session::{Output, ReceiveError, Received, Role, SessionId};

#[cfg(test)]
use super::Conduct;
use super::{Host, Outside};
use crate::simulate::cast::cast;
use crate::simulate::ledger::{Established, fingerprint};

/// Calls to peers, and the streams of open sessions.
#[derive(Debug, Default)]
pub(super) struct Calls {
    /// When a peer without a session is called next.
    next: BTreeMap<NodeId, Millis>,
    streams: BTreeMap<SessionId, Stream>,
}

#[derive(Debug)]
struct Stream {
    peer: NodeId,
    address: SocketAddr,
    role: Role,
    sender: FcpcSender,
    receiver: FcpcReceiver,
}

impl Host {
    /// Calls every peer with whom no session is open.
    pub(super) fn call_peers(&mut self, out: &mut Outside<'_>) {
        let local = self.local(out.now);
        let Some(life) = &mut self.life else { return };
        for (peer, address) in &self.peers {
            let due = life.calls.next.get(peer).is_none_or(|next| *next <= local);
            if !due || life.table.session_with(local, peer).is_some() {
                continue;
            }
            let pause = 2000_u64.saturating_add(u64::from(life.rng.next_u32()) % 2000);
            life.calls.next.insert(peer.clone(), local.saturating_add(pause));
            // A full table is tried again later.
            let _ = life.table.connect(local, peer, *address, &mut life.rng);
        }
        self.drain(out, None);
    }

    /// Takes a datagram from the network.
    pub(in crate::simulate) fn datagram(&mut self, out: &mut Outside<'_>, from: SocketAddr, mut bytes: Vec<u8>) {
        #[cfg(test)]
        if self.misconducts(out, from, &bytes) {
            return;
        }
        let local = self.local(out.now);
        let Some(life) = &mut self.life else { return };
        let hello = hello_nonce(&bytes);
        let datagram = (fingerprint(&bytes), bytes.len());
        #[cfg(test)]
        let gullible = self.conduct == Conduct::Gullible;
        let mut keys = |node: &NodeId, _: &_, _| {
            #[cfg(test)]
            if gullible && *node == cast().node(1).name {
                let key = cast().stranger.key.public();
                return cast().attested(node).map(|attested| fcp_symbols::session::AttestedKey { key, ..attested });
            }
            cast().attested(node)
        };
        match life.table.handle_datagram(local, from, &mut bytes, &mut keys, &mut life.rng) {
            Ok(Received::Frame { peer, session, frame }) => {
                let number = (frame.instance, frame.seq);
                out.ledger.accepts(life.id, datagram, number, *session.as_bytes(), local);
                let frame = frame.frame.to_vec();
                self.frame(out, &peer, frame);
            }
            Ok(Received::SignedFrame { source, frame }) => {
                out.ledger.accepts_signed(life.id, datagram.0);
                let frame = frame.to_vec();
                self.frame(out, &source, frame);
            }
            Ok(Received::Handshake) => {}
            Err(error) => self.refuse(&error),
        }
        self.drain(out, Some((from, hello)));
    }

    fn refuse(&mut self, error: &ReceiveError) {
        if let Some(life) = &mut self.life {
            life.refused.push(error.reason().code());
        }
    }

    /// Carries out what the table says.
    pub(super) fn drain(&mut self, out: &mut Outside<'_>, arrival: Option<(SocketAddr, Option<[u8; 16]>)>) {
        let local = self.local(out.now);
        let Some(life) = &mut self.life else { return };
        while let Some(output) = life.table.poll_output() {
            match output {
                Output::Send { to, bytes } => out.effects.datagrams.push((to, bytes)),
                Output::Wake(at) => life.table_wake = at,
                Output::Established { peer, session, role } => {
                    let (address, hello) = arrival.unwrap_or((self.address, None));
                    out.ledger.established(Established {
                        life: life.id,
                        name: self.true_name.as_str().to_owned(),
                        peer: peer.as_str().to_owned(),
                        session: *session.as_bytes(),
                        initiator: role == Role::Initiator,
                        local,
                        hello: hello.filter(|_| role == Role::Responder),
                    });
                    if let Some((sender, receiver)) = life.table.take_streams(&session) {
                        let peer = NodeId::clone(&peer);
                        life.calls.streams.insert(session, Stream { peer, address, role, sender, receiver });
                    }
                    if let Some(gossip) = &mut life.gossip {
                        gossip.greet(&peer);
                    }
                    // There is somebody to ask for what is wanted.
                    life.tick = life.tick.min(local.saturating_add(1));
                }
                Output::Closed { session, .. } => {
                    life.calls.streams.remove(&session);
                    life.tick = life.tick.min(local.saturating_add(1));
                }
                Output::Failed { .. } => {}
            }
        }
    }

    /// Takes bytes of a session's control-plane stream.
    pub(in crate::simulate) fn stream(&mut self, out: &mut Outside<'_>, from: SocketAddr, id: [u8; 16], bytes: &[u8]) {
        let mut rest = bytes;
        loop {
            let Some(life) = &mut self.life else { return };
            let found = life.calls.streams.iter_mut().find(|(session, _)| *session.as_bytes() == id);
            let Some((session, stream)) = found else {
                out.effects.resets.push((from, id));
                return;
            };
            let (session, peer) = (*session, stream.peer.clone());
            match stream.receiver.handle_objects(&mut rest) {
                Ok(Some(object)) => {
                    life.table.confirm(&session);
                    self.drain(out, None);
                    self.message(out, &peer, &object);
                }
                Ok(None) => return,
                Err(FcpcError::Object(_)) => {}
                Err(error) => {
                    life.refused.push(error.reason().code());
                    life.table.close(&session, error.reason());
                    out.effects.resets.push((from, id));
                    return self.drain(out, None);
                }
            }
        }
    }

    /// The other end does not know the session, or is not to be reached any more.
    pub(in crate::simulate) fn reset(&mut self, out: &mut Outside<'_>, id: [u8; 16]) {
        let Some(life) = &mut self.life else { return };
        if let Ok(session) = SessionId::from_bytes(id) {
            life.table.close(&session, Reason::SessionClosed);
            self.drain(out, None);
        }
    }

    /// Sends a message on the stream of the session with `peer`.
    pub(super) fn say(&mut self, out: &mut Outside<'_>, peer: &NodeId, object: &ControlPlaneObject) {
        let local = self.local(out.now);
        let Some(life) = &mut self.life else { return };
        let Some(session) = life.table.session_with(local, peer).map(|session| *session.id()) else { return };
        let Some(stream) = life.calls.streams.get_mut(&session) else { return };
        if let Ok(frame) = stream.sender.seal(object) {
            out.ledger.sealed_control(&frame, stream.role == Role::Initiator);
            out.effects.streams.push((stream.address, session, frame));
        }
    }

    #[cfg(test)]
    fn misconducts(&mut self, out: &mut Outside<'_>, from: SocketAddr, bytes: &[u8]) -> bool {
        let local = self.local(out.now);
        match (self.conduct, &self.life) {
            (Conduct::Chatty, _) => out.effects.datagrams.push((from, bytes.repeat(4))),
            (Conduct::Blind, Some(life)) if !wire::is_framed(bytes) => {
                let frame = bytes.get(fcp_symbols::datagram::ENVELOPE_LEN..).unwrap_or_default();
                let number = fcp_symbols::datagram::frame_number(frame).unwrap_or_default();
                let session = bytes.first_chunk().copied().unwrap_or_default();
                out.ledger.accepts(life.id, (fingerprint(bytes), bytes.len()), number, session, local);
                return true;
            }
            _ => {}
        }
        false
    }
}

/// The nonce of a hello, if these bytes are one.
fn hello_nonce(bytes: &[u8]) -> Option<[u8; 16]> {
    if !wire::is_framed(bytes) {
        return None;
    }
    match WireMessage::parse(bytes) {
        Ok(WireMessage::Hello(hello)) => Some(hello.nonce),
        _ => None,
    }
}
