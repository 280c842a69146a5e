//! All sessions of a node.

mod handshake;
mod peers;
mod types;

use alloc::collections::{BTreeMap, VecDeque};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::borrow::Borrow;
use core::net::SocketAddr;

use fcp_core::error::Reason;
use fcp_core::id::NodeId;
use fcp_core::rand_core::CryptoRng;
use fcp_core::sign::NodeSigningKey;
use fcp_core::time::{Millis, Timestamp};

use self::peers::{Live, Outbound, Peer};
pub use self::types::{CookieCounts, CookiePolicy, Output, ReceiveError, Received, TableConfig, TableLoad};
use super::responder::HelloCache;
use super::wire;
use super::{
    AttestedKey, AuthenticFrame, CookieKeys, HandshakeError, LocalNode, OpenError, PeerKeys, SendError, Session,
    SessionId, TransportLimits,
};
use crate::counter::{Exhausted, FrameNumber, SenderInstance};
use crate::datagram::{Datagram, frame_number};
use crate::datagram::{DatagramError, ENVELOPE_LEN};
use crate::fcpc::{FcpcReceiver, FcpcSender};
use crate::signed_frame::{SignedFcpsFrame, SignedFrameError, SignedFrameGate};

/// How long after a failed attempt to renew a session the next one begins, in milliseconds.
const RENEW_AGAIN_MS: u64 = 30_000;

/// How many outputs may wait; further messages are dropped, as a network might.
const MAX_OUTPUTS: usize = 4096;

/// All sessions of a node, and the handshakes that open them (§4.2). The [module](super) shows the loop around it.
///
/// Sessions renew themselves: before one reaches a threshold, the table begins the next with the same peer, and keeps the
/// older one until the first valid MAC on the newer (D47). Everything is bounded by [`TableConfig`], and what nobody
/// authenticated leaves no trace.
///
/// `K` holds this node's signing key, as in [`LocalNode`].
#[derive(Debug)]
pub struct SessionTable<K = NodeSigningKey> {
    local: LocalNode<K>,
    config: TableConfig,
    instance: SenderInstance,
    sessions: BTreeMap<SessionId, Live>,
    peers: BTreeMap<Arc<NodeId>, Peer>,
    /// How many handshakes of this node's own are under way.
    outbound: usize,
    answered: HelloCache,
    cookies: CookieKeys,
    cookie_counts: CookieCounts,
    /// The second that is counted, and how many hellos were checked in it.
    checked: (Timestamp, u32),
    signed_frames: SignedFrameGate,
    outputs: VecDeque<Output>,
    /// No later than anything is due.
    wake: Millis,
    announced: Option<Millis>,
}

impl<K: Borrow<NodeSigningKey>> SessionTable<K> {
    /// An empty table with a fresh sender instance.
    #[must_use]
    pub fn new(local: LocalNode<K>, config: TableConfig, now: Millis, rng: &mut impl CryptoRng) -> Self {
        Self {
            instance: SenderInstance::start(rng),
            sessions: BTreeMap::new(),
            peers: BTreeMap::new(),
            outbound: 0,
            answered: HelloCache::new(&config.terms, config.max_hellos),
            cookies: CookieKeys::new(now, rng),
            cookie_counts: CookieCounts::default(),
            checked: (now.timestamp(), 0),
            signed_frames: SignedFrameGate::new(&config.terms, now, config.max_signed_frames),
            outputs: VecDeque::new(),
            wake: Millis::NEVER,
            announced: None,
            local,
            config,
        }
    }

    /// The same table with a gate for signed frames that was restored after a restart (D70).
    #[must_use]
    pub fn with_signed_frames(mut self, gate: SignedFrameGate) -> Self {
        self.signed_frames = gate;
        self
    }

    /// The gate for signed frames, whose memory may be stored.
    #[must_use]
    pub const fn signed_frames(&self) -> &SignedFrameGate {
        &self.signed_frames
    }

    /// This node.
    #[must_use]
    pub const fn local(&self) -> &LocalNode<K> {
        &self.local
    }

    /// How many hellos passed with a cookie and without one.
    #[must_use]
    pub const fn cookie_counts(&self) -> CookieCounts {
        self.cookie_counts
    }

    /// What the table holds, by number.
    #[must_use]
    pub fn load(&self) -> TableLoad {
        TableLoad {
            peers: self.peers.len(),
            sessions: self.sessions.len(),
            handshakes: self.outbound,
            hellos: self.answered.remembered(),
            signed_frames: self.signed_frames.remembered(),
            outputs: self.outputs.len(),
        }
    }

    /// The open sessions.
    pub fn sessions(&self) -> impl Iterator<Item = &Session> {
        self.sessions.values().map(|live| &*live.session)
    }

    /// An open session.
    #[must_use]
    pub fn session(&self, id: &SessionId) -> Option<&Session> {
        self.sessions.get(id).map(|live| &*live.session)
    }

    /// The session that datagrams to `peer` go out in, if one is open. One that the peer opened and has not used within
    /// twice the time of a handshake does not count until it does (D227).
    #[must_use]
    pub fn session_with(&self, now: Millis, peer: &NodeId) -> Option<&Session> {
        self.session(&self.sending_id(now, peer, 0)?)
    }

    /// The next thing to do. Call until it gives `None`, after every other call.
    pub fn poll_output(&mut self) -> Option<Output> {
        if let Some(output) = self.outputs.pop_front() {
            return Some(output);
        }
        if self.wake == Millis::NEVER || self.announced == Some(self.wake) {
            return None;
        }
        self.announced = Some(self.wake);
        Some(Output::Wake(self.wake))
    }

    /// Begins a session with `peer` at `address`, also beside one that is open. Does nothing if a handshake with it is
    /// under way.
    ///
    /// # Errors
    /// [`HandshakeError::WrongPeer`] for this node itself, [`HandshakeError::Overloaded`], [`HandshakeError::Wire`] if this
    /// node's attestations do not fit into a message.
    pub fn connect(
        &mut self,
        now: Millis,
        peer: &NodeId,
        address: SocketAddr,
        rng: &mut impl CryptoRng,
    ) -> Result<(), HandshakeError> {
        if peer == self.local.node_id() {
            return Err(HandshakeError::WrongPeer);
        }
        if self.peers.get(peer).is_some_and(|entry| entry.outbound.is_some()) {
            return Ok(());
        }
        if self.outbound >= self.config.max_handshakes {
            return Err(HandshakeError::Overloaded);
        }
        let outbound = Outbound::start(&self.local, peer, address, &self.config, now, rng)?;
        let (bytes, due) = (outbound.bytes().to_vec(), outbound.due(&self.config));
        self.send(address, bytes);
        self.wake_by(due);
        self.peers.entry(Arc::new(peer.clone())).or_default().outbound = Some(outbound);
        self.outbound = self.outbound.saturating_add(1);
        Ok(())
    }

    /// Takes one datagram from the network: a frame of a session, a handshake message, or a signed frame.
    ///
    /// `peers` is asked only for keys of peers whose messages passed every cheaper check, `rng` is used only to answer a
    /// hello.
    ///
    /// # Errors
    /// [`ReceiveError`] with the first check that fails, in the order of D52. Who sends much of what is refused can be
    /// charged for it; an answer is never due.
    pub fn handle_datagram<'d>(
        &mut self,
        now: Millis,
        from: SocketAddr,
        bytes: &'d mut [u8],
        peers: &mut impl PeerKeys,
        rng: &mut impl CryptoRng,
    ) -> Result<Received<'d>, ReceiveError> {
        if wire::is_framed(bytes) {
            return self.handle_message(now, from, bytes, peers, rng);
        }
        let datagram = Datagram::parse(bytes, usize::from(TransportLimits::MAX)).map_err(ReceiveError::Datagram)?;
        let live = self.sessions.get_mut(datagram.session_id()).ok_or(ReceiveError::UnknownSession)?;
        let id = *live.session.id();
        let number = match live.session.receive_parsed(now, &datagram, bytes.len()) {
            Ok(number) => number,
            Err(error) => {
                if error == OpenError::Expired {
                    self.end_if_over(now, &id);
                }
                return Err(ReceiveError::Session(error));
            }
        };
        if live.session.is_newest(number) {
            live.heard_from(from, bytes.len());
        }
        let peer = live.session.peer().clone();
        let due = live.session.ends_at().min(live.session.rekey_at());
        let confirmed = live.confirmed;
        self.wake_by(due);
        if !confirmed {
            self.confirm(&id);
        }
        Ok(Received::Frame { peer, session: id, frame: AuthenticFrame::of(bytes, number) })
    }

    /// Does what is due: says hellos again, gives up, renews and ends sessions.
    pub fn handle_timeout(&mut self, now: Millis, rng: &mut impl CryptoRng) {
        self.resend_hellos(now);
        let over: Vec<(SessionId, Reason)> =
            self.sessions.iter().filter_map(|(id, live)| Some((*id, live.session.over(now)?))).collect();
        for (id, reason) in over {
            self.remove(&id, reason);
        }
        self.renew(now, rng);
        let sessions = self.sessions.values().map(|live| live.session.ends_at().min(live.session.rekey_at()));
        let outbound = self.peers.values().filter_map(|peer| Some(peer.outbound.as_ref()?.due(&self.config)));
        self.wake = sessions.chain(outbound).min().unwrap_or(Millis::NEVER);
        self.announced = None;
    }

    /// Begins the next session with each peer whose newest session is near to a threshold.
    fn renew(&mut self, now: Millis, rng: &mut impl CryptoRng) {
        let mut due = Vec::new();
        for live in self.sessions.values_mut().filter(|live| live.session.rekey_at() <= now) {
            // Whether or not something comes of it: not again at once.
            live.session.postpone_rekey(now.saturating_add(RENEW_AGAIN_MS));
            due.push((live.session.peer().clone(), *live.session.id(), live.address));
        }
        for (peer, id, address) in due {
            let newest = self.peers.get(&*peer).and_then(|entry| entry.sessions.last());
            if newest == Some(&id) {
                // A full table is tried again later.
                let _ = self.connect(now, &peer, address, rng);
            }
        }
    }

    /// The number of the next frame, in whatever session and zone it goes out (D50).
    ///
    /// # Errors
    /// [`Exhausted`]: call [`reset`](Self::reset).
    pub fn next_frame(&mut self) -> Result<FrameNumber, Exhausted> {
        self.instance.next_frame()
    }

    /// Writes the envelope of the frame that stands in `buffer` behind [`ENVELOPE_LEN`] bytes of room, in the session with
    /// `peer`, and tells where to send the datagram.
    ///
    /// # Errors
    /// [`SendError`]; nothing is to be sent then.
    pub fn seal(&mut self, now: Millis, peer: &NodeId, buffer: &mut [u8]) -> Result<SocketAddr, SendError> {
        let id = self.sending_id(now, peer, buffer.len()).ok_or(SendError::NoSession)?;
        let frame = buffer.get(ENVELOPE_LEN..).unwrap_or_default();
        let (instance, seq) = frame_number(frame).map_err(SendError::Datagram)?;
        if !self.instance.has_drawn(instance, seq) {
            return Err(SendError::ForeignNumber);
        }
        let live = self.sessions.get_mut(&id).ok_or(SendError::NoSession)?;
        let sealed = live.session.seal(now, buffer);
        let to = if sealed.is_ok() { live.route(buffer.len()) } else { live.address };
        let due = live.session.rekey_at();
        self.wake_by(due);
        if sealed == Err(SendError::Expired) {
            self.end_if_over(now, &id);
        }
        sealed.map(|()| to)
    }

    /// Signs a frame for a peer with whom no session is open (D70): the whole message.
    ///
    /// # Errors
    /// [`SignedFrameError::SessionExists`] if there is a session, otherwise as [`SignedFcpsFrame::seal`].
    pub fn seal_signed(&self, now: Millis, dest: &NodeId, frame: &[u8]) -> Result<Vec<u8>, SignedFrameError> {
        if self.has_session(now, dest) {
            return Err(SignedFrameError::SessionExists);
        }
        let (instance, seq) = frame_number(frame).map_err(|_: DatagramError| SignedFrameError::TooShort)?;
        if !self.instance.has_drawn(instance, seq) {
            return Err(SignedFrameError::ForeignNumber);
        }
        SignedFcpsFrame::seal(&self.local, dest, now.timestamp(), frame)
    }

    /// Takes the two ends of a session's control-plane stream (§9.4), once. After the first frame that authenticates,
    /// call [`confirm`](Self::confirm); when the session is [`Closed`](Output::Closed), drop them: they know nothing of its
    /// end.
    pub fn take_streams(&mut self, id: &SessionId) -> Option<(FcpcSender, FcpcReceiver)> {
        self.sessions.get_mut(id)?.session.take_streams()
    }

    /// The peer has shown that it has the session's keys: older sessions with it end (D47). Datagrams do this by
    /// themselves; control-plane frames are opened elsewhere.
    pub fn confirm(&mut self, id: &SessionId) {
        let Some(live) = self.sessions.get_mut(id) else { return };
        live.confirmed = true;
        live.credit = None;
        live.answer = None;
        let Some(peer) = self.peers.get(live.session.peer()) else { return };
        let older: Vec<SessionId> = peer.sessions.iter().take_while(|other| *other != id).copied().collect();
        for other in older {
            self.remove(&other, Reason::SessionReplaced);
        }
    }

    /// Ends a session, for a reason of the caller's such as a broken control-plane stream (D140).
    pub fn close(&mut self, id: &SessionId, reason: Reason) {
        self.remove(id, reason);
    }

    /// Ends every session and handshake with `peer`: at once when its attestation or enrollment is revoked (D54).
    pub fn disconnect(&mut self, peer: &NodeId, reason: Reason) {
        let Some(entry) = self.peers.get_mut(peer) else { return };
        if entry.outbound.take().is_some() {
            self.outbound = self.outbound.saturating_sub(1);
            self.outputs.push_back(Output::Failed { peer: peer.clone(), reason });
        }
        for id in entry.sessions.clone() {
            self.remove(&id, reason);
        }
        self.forget_if_idle(peer);
    }

    /// A new attestation of `peer` was installed: sessions under the same key live on, others end (D54).
    pub fn peer_attested(&mut self, peer: &NodeId, attested: AttestedKey) {
        let Some(entry) = self.peers.get(peer) else { return };
        for id in entry.sessions.clone() {
            let Some(live) = self.sessions.get_mut(&id) else { continue };
            if live.session.peer_key().key == attested.key {
                live.session.attested(attested, self.local.expires_at());
                let due = live.session.ends_at();
                self.wake_by(due);
            } else {
                self.remove(&id, Reason::SessionKeyReplaced);
            }
        }
    }

    /// This node was attested anew: sessions live on if its id and key are the same, and end otherwise (D54).
    pub fn local_attested(&mut self, local: LocalNode<K>) {
        let same = local.node_id() == self.local.node_id() && local.public_key() == self.local.public_key();
        self.local = local;
        if !same {
            return self.remove_all(Reason::SessionKeyReplaced);
        }
        let mut due = Millis::NEVER;
        for live in self.sessions.values_mut() {
            let peer_key = *live.session.peer_key();
            live.session.attested(peer_key, self.local.expires_at());
            due = due.min(live.session.ends_at());
        }
        self.wake_by(due);
    }

    /// Ends everything and starts a new sender instance: after a change of boot id, VM generation id or process id, a
    /// clock that jumped by more than 2 s, or 2^64 − 2 frames (D50).
    pub fn reset(&mut self, now: Millis, rng: &mut impl CryptoRng) {
        self.remove_all(Reason::SessionReset);
        self.instance = SenderInstance::start(rng);
        self.cookies = CookieKeys::new(now, rng);
        self.signed_frames.close_again(&self.config.terms, now);
    }

    fn remove_all(&mut self, reason: Reason) {
        let peers: Vec<Arc<NodeId>> = self.peers.keys().cloned().collect();
        for peer in peers {
            self.disconnect(&peer, reason);
        }
    }

    /// The session that a datagram of `len` bytes to `peer` goes out in: the newest that the peer certainly has and that
    /// may still send, or else the newest that counts.
    fn sending_id(&self, now: Millis, peer: &NodeId, len: usize) -> Option<SessionId> {
        let good = |live: &&Live| live.is_known_to_peer() && live.session.may_send(now, len);
        let known = self.sessions_with(peer).find(good);
        let any = || self.sessions_with(peer).find(|live| live.counts(now, len));
        known.or_else(any).map(|live| *live.session.id())
    }

    fn has_session(&self, now: Millis, peer: &NodeId) -> bool {
        self.sessions_with(peer).any(|live| live.counts(now, 0))
    }

    /// The sessions with a peer, the newest first.
    fn sessions_with(&self, peer: &NodeId) -> impl Iterator<Item = &Live> {
        let ids = self.peers.get(peer).map(|entry| entry.sessions.iter().rev()).into_iter().flatten();
        ids.filter_map(|id| self.sessions.get(id))
    }

    fn end_if_over(&mut self, now: Millis, id: &SessionId) {
        if let Some(reason) = self.session(id).and_then(|session| session.over(now)) {
            self.remove(id, reason);
        }
    }

    /// Ends a session: its keys are erased with it.
    fn remove(&mut self, id: &SessionId, reason: Reason) {
        let Some(live) = self.sessions.remove(id) else { return };
        let peer = live.session.peer().clone();
        if let Some(entry) = self.peers.get_mut(&*peer) {
            entry.sessions.retain(|other| other != id);
        }
        self.forget_if_idle(&peer);
        self.outputs.push_back(Output::Closed { peer, session: *id, reason });
    }

    fn forget_if_idle(&mut self, peer: &NodeId) {
        if self.peers.get(peer).is_some_and(|entry| entry.sessions.is_empty() && entry.outbound.is_none()) {
            self.peers.remove(peer);
        }
    }

    fn send(&mut self, to: SocketAddr, bytes: Vec<u8>) {
        if self.outputs.len() < MAX_OUTPUTS {
            self.outputs.push_back(Output::Send { to, bytes });
        }
    }

    fn wake_by(&mut self, time: Millis) {
        self.wake = self.wake.min(time);
    }
}
