//! Control streams (§9.4): objects to and from peers, and who deals with which.

use fcp_audit::bootstrap::{BootstrapBundle, BootstrapRequest, Wanted};
use fcp_core::error::Reason;
use fcp_core::id::{NodeId, ZoneId};
use fcp_core::object::{ControlPlaneObject, Message};
use fcp_core::sign::NodeSigningPublicKey;
use fcp_symbols::fcpc::{FrameHeader, check_zone};
use fcp_symbols::message::{DecodeStatus, SymbolRequest};

use super::{Control, Mesh, log};
use crate::clock;
use crate::net::StreamNumber;

/// How many objects may wait for a control stream to a peer.
const MAX_WAITING: usize = 1024;

impl Mesh {
    /// The peers with a control stream.
    pub(crate) fn connected_peers(&self) -> Vec<NodeId> {
        let ready = self.peers.iter().filter(|(_, peer)| peer.control.as_ref().is_some_and(Control::is_ready));
        ready.map(|(node, _)| node.clone()).collect()
    }

    /// The signing key of a peer that belongs.
    pub(crate) fn peer_key(&self, peer: &NodeId) -> Option<NodeSigningPublicKey> {
        let trust = self.trust.as_ref()?;
        self.members.member(trust, &self.revocations, peer, clock::now()).map(|member| member.keys.signing)
    }

    /// The zones of a node.
    pub(crate) fn zones_of(&self, node: &NodeId) -> Vec<ZoneId> {
        let trust = self.trust.as_ref();
        let member = trust.and_then(|trust| self.members.member(trust, &self.revocations, node, clock::now()));
        member.map(|member| member.zones.into_iter().collect()).unwrap_or_default()
    }

    /// Sends a message about a zone to a peer.
    pub(crate) fn send_message<T: Message>(&mut self, peer: &NodeId, zone: &ZoneId, message: &T) {
        let header = self.message_header::<T>(zone);
        self.send_object(peer, ControlPlaneObject::new(header, message));
    }

    /// Sends an object to a peer, now or as soon as there is a control stream.
    pub(crate) fn send_object(&mut self, peer: &NodeId, object: ControlPlaneObject) {
        let Some(known) = self.peers.get_mut(peer) else { return };
        match &mut known.control {
            Some(control) if control.is_ready() => match control.sender.seal(&object) {
                Ok(bytes) => {
                    let session = control.session;
                    if !self.net.send_stream(peer, bytes)
                        && let Some(table) = &mut self.table
                    {
                        // What was sealed and not sent is missing in the stream for good.
                        log(format_args!("the control stream to {peer} takes no more"));
                        table.close(&session, Reason::SessionClosed);
                    }
                }
                Err(error) => log(format_args!("an object for {peer} was not sent: {error}")),
            },
            _ => {
                if known.waiting.len() < MAX_WAITING {
                    known.waiting.push(object);
                }
            }
        }
    }

    /// The first words on a control stream: what holds in each zone? Then whatever waited.
    pub(super) fn greet(&mut self, peer: &NodeId) {
        for zone in self.members.allowed_zones(&self.config.node_id) {
            self.ask_peer(peer, &zone, Wanted::Heads);
        }
        self.greet_with_gossip(peer);
        let waiting = self.peers.get_mut(peer).map(|known| std::mem::take(&mut known.waiting)).unwrap_or_default();
        for object in waiting {
            self.send_object(peer, object);
        }
    }

    /// Takes bytes of a peer's stream, if it is the control stream of the session that is open: an older session's may
    /// still have some to say.
    pub(super) fn handle_stream(&mut self, peer: &NodeId, stream: StreamNumber, bytes: &[u8]) {
        let mut input = bytes;
        let mut objects = Vec::new();
        let mut answered = false;
        {
            let Some(control) = self.peers.get_mut(peer).and_then(|known| known.control.as_mut()) else { return };
            if control.stream != Some(stream) {
                let of_this_session = |header: FrameHeader| header.session_id == *control.session.as_bytes();
                let begins = bytes.first_chunk().and_then(|header| FrameHeader::parse(header).ok());
                let is_it = !control.is_ready() && !control.opens && begins.is_some_and(of_this_session);
                if !is_it || !self.net.take_stream(peer, stream) {
                    return;
                }
                control.stream = Some(stream);
                answered = true;
            }
            loop {
                match control.receiver.handle_objects(&mut input) {
                    Ok(Some(object)) => objects.push(object),
                    Ok(None) => break,
                    Err(error) => {
                        let session = control.session;
                        log(format_args!("closed the session with {peer}: {}", error.reason()));
                        if let Some(table) = &mut self.table {
                            table.close(&session, error.reason());
                        }
                        return;
                    }
                }
            }
            if !objects.is_empty()
                && let Some(table) = &mut self.table
            {
                table.confirm(&control.session);
            }
        }
        if answered {
            self.greet(peer);
        }
        for object in objects {
            self.handle_object(peer, &object);
        }
    }

    /// Gives an object of a peer to whoever deals with its type (D140, D141).
    fn handle_object(&mut self, peer: &NodeId, object: &ControlPlaneObject) {
        let (ours, theirs) = (self.zones_of(&self.config.node_id.clone()), self.zones_of(peer));
        if check_zone(object.header(), &ours, &theirs).is_err() {
            return log(format_args!("dropped an object of {peer}: {}", Reason::SessionNotAMember));
        }
        if self.handle_gossip(peer, object) {
            return;
        }
        let zone = object.header().zone_id.clone();
        let schema = object.schema_hash();
        if schema == SymbolRequest::SCHEMA_HASH {
            self.handle_symbol_request(peer, object);
        } else if schema == DecodeStatus::SCHEMA_HASH {
            self.handle_decode_status(peer, object);
        } else if schema == BootstrapRequest::SCHEMA_HASH {
            if let Ok(request) = object.message::<BootstrapRequest>() {
                self.handle_bootstrap_request(peer, &request);
            }
        } else if schema == BootstrapBundle::SCHEMA_HASH {
            if let Ok(bundle) = object.message::<BootstrapBundle>() {
                self.handle_bootstrap_bundle(peer, &bundle);
            }
        } else {
            self.handle_zone_message(peer, &zone, object);
        }
    }
}
