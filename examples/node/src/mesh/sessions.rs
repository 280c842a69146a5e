//! Sessions with peers (§4.2): the table's outputs to sockets, datagrams to the table.

use std::net::SocketAddr;

use fcp_audit::revocation::RevocationRegistry;
use fcp_core::error::Reason;
use fcp_core::id::{NodeId, ObjectIdKey};
use fcp_core::object::StoredObject;
use fcp_core::time::Timestamp;
use fcp_symbols::raptor::RaptorQConfig;
use fcp_symbols::session::{
    Attestations, AttestedKey, CookiePolicy, LocalNode, Output, PeerKeys, Received, Role, SessionReplayPolicy,
    SessionTable, TableConfig,
};

use super::members::Members;
use super::{Control, Mesh, log};
use crate::clock;

/// The reorder window: one frame counter serves all sessions, so a session sees gaps (D53).
const WINDOW: u16 = 1024;

/// How long a node waits for a peer with a smaller id to greet, in milliseconds.
const ALONE_MS: u64 = 1_000;

/// Looks peers' keys up among those whom the owner attested, after taking in what a peer sent along.
struct Attested<'a> {
    trust: &'a mut fcp_core::identity::TrustAnchors,
    members: &'a mut Members,
    revocations: &'a RevocationRegistry,
}

impl PeerKeys for Attested<'_> {
    fn attested_key(&mut self, node: &NodeId, offered: &Attestations, now: Timestamp) -> Option<AttestedKey> {
        for bytes in offered.objects() {
            if let Ok(stored) = StoredObject::parse(bytes, &ObjectIdKey::public()) {
                self.members.offer(self.trust, &stored, Some(node), now);
            }
        }
        let member = self.members.member(self.trust, self.revocations, node, now)?;
        Some(AttestedKey { key: member.keys.signing, expires_at: member.expires_at })
    }
}

impl Mesh {
    /// Makes the session table, once this node is attested; or tells it of a new attestation.
    pub(crate) fn open_table(&mut self) {
        let now = clock::now_millis();
        let Some(trust) = &self.trust else { return };
        let own = self.members.member(trust, &self.revocations, &self.config.node_id, now.timestamp());
        let Some(own) = own else { return };
        let objects = self.members.objects_of(&self.config.node_id);
        let Ok(attestations) = Attestations::new(objects) else { return };
        let local = LocalNode::new(self.config.node_id.clone(), self.keys.clone(), own.expires_at)
            .with_attestations(attestations);
        match &mut self.table {
            Some(table) => table.local_attested(local),
            None => {
                let config = TableConfig {
                    replay: SessionReplayPolicy::default().with_window(WINDOW).unwrap_or_default(),
                    cookies: CookiePolicy::Always,
                    resend_after_ms: 150,
                    ..TableConfig::default()
                };
                self.table = Some(SessionTable::new(local, config, now, &mut self.rng));
            }
        }
        self.connect_peers();
    }

    /// Says hello to every peer that this node is to greet and has no session with: of two nodes the one with the
    /// smaller id greets, and the other one if nothing came of it. A peer does not know at once that this node was started
    /// again, and believes in the session that it had.
    pub(crate) fn connect_peers(&mut self) {
        let Some(table) = &mut self.table else { return };
        let now = clock::now_millis();
        for (peer, known) in &mut self.peers {
            if table.session_with(now, peer).is_some() {
                known.alone_since = None;
                continue;
            }
            let alone_since = *known.alone_since.get_or_insert(now);
            let waited = now.since(alone_since) >= ALONE_MS;
            if let Some(address) = known.udp
                && (self.config.node_id < *peer || waited)
            {
                // A handshake that cannot begin now is tried again.
                let _ = table.connect(now, peer, address, &mut self.rng);
            }
        }
    }

    /// Takes a datagram, whatever carried it.
    pub(crate) fn handle_datagram(&mut self, from: SocketAddr, bytes: &mut [u8]) {
        let (Some(table), Some(trust)) = (&mut self.table, &mut self.trust) else { return };
        let mut peers = Attested { trust, members: &mut self.members, revocations: &self.revocations };
        let now = clock::now_millis();
        match table.handle_datagram(now, from, bytes, &mut peers, &mut self.rng) {
            Ok(Received::Frame { peer, frame, .. }) => self.handle_frame(&peer, frame.frame),
            Ok(Received::SignedFrame { .. } | Received::Handshake) => {}
            Err(refusal) if refusal.reason() == Reason::SessionUnknown => {}
            Err(refusal) => log(format_args!("refused a datagram from {from}: {}", refusal.reason())),
        }
    }

    /// Carries out what the table says.
    pub(super) fn drain_sessions(&mut self) {
        while let Some(output) = self.table.as_mut().and_then(SessionTable::poll_output) {
            match output {
                Output::Send { to, bytes } => {
                    self.net.send_udp(to, &bytes);
                }
                Output::Wake(at) => self.session_wake = at,
                Output::Established { peer, session, role } => {
                    let streams = self.table.as_mut().and_then(|table| table.take_streams(&session));
                    log(format_args!("session {session} with {peer} is open"));
                    let known = self.peers.entry((*peer).clone()).or_default();
                    if let Some((sender, receiver)) = streams {
                        let opens = role == Role::Initiator;
                        known.control = Some(Control { session, sender, receiver, opens, stream: None });
                    }
                    if role == Role::Initiator {
                        self.open_control(&peer);
                    }
                }
                Output::Closed { peer, session, reason } => {
                    log(format_args!("session {session} with {peer} is over: {reason}"));
                    if let Some(known) = self.peers.get_mut(&*peer)
                        && known.control.as_ref().is_some_and(|control| control.session == session)
                    {
                        known.control = None;
                    }
                }
                Output::Failed { peer, reason } => log(format_args!("no session with {peer}: {reason}")),
            }
        }
    }

    /// Opens the control stream of the newest session, over a QUIC connection that may have to be made first.
    fn open_control(&mut self, peer: &NodeId) {
        if self.net.is_connected(peer) {
            self.handle_connected(peer);
        } else if let Some(address) = self.peers.get(peer).and_then(|known| known.quic) {
            self.net.dial(peer.clone(), address);
        }
    }

    pub(super) fn handle_connected(&mut self, peer: &NodeId) {
        let Some(control) = self.peers.get_mut(peer).and_then(|known| known.control.as_mut()) else { return };
        if control.opens && !control.is_ready() {
            control.stream = self.net.open_stream(peer);
            if control.is_ready() {
                self.greet(peer);
            }
        }
    }

    pub(super) fn handle_disconnected(&mut self, peer: &NodeId, why: &str) {
        log(format_args!("connection to {peer} is gone: {why}"));
        if let Some(known) = self.peers.get_mut(peer) {
            known.control = None;
            known.asked.clear();
        }
        if let Some(table) = &mut self.table {
            table.disconnect(peer, Reason::SessionClosed);
        }
    }

    /// How symbols are made.
    pub(crate) fn raptor_config() -> RaptorQConfig {
        RaptorQConfig::default()
    }
}
