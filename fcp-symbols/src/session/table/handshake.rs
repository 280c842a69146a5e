//! How a table answers handshake messages.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::borrow::Borrow;
use core::net::SocketAddr;

use fcp_core::error::Reason;
use fcp_core::id::NodeId;
use fcp_core::rand_core::CryptoRng;
use fcp_core::sign::NodeSigningKey;
use fcp_core::time::Millis;

use super::peers::{Answer, Live, MAX_AMPLIFICATION, MAX_SESSIONS_PER_PEER, MAX_WRONG_ANSWERS, Outbound, State};
use super::{CookiePolicy, Output, ReceiveError, Received, SessionTable};
use crate::session::initiator::Refused;
use crate::session::responder::{AdmittedHello, CookieCheck, ReceivedHello};
use crate::session::wire::WireMessage;
use crate::session::{
    Agreement, HandshakeError, MeshSessionAck, MeshSessionHello, MeshSessionHelloRetry, PeerKeys, Session, SessionId,
};
use crate::signed_frame::{SignedFcpsFrame, SignedFrameError};

/// More than an ack takes without its attestations.
const ACK_LEN: usize = 448;

impl<K: Borrow<NodeSigningKey>> SessionTable<K> {
    pub(super) fn handle_message<'d>(
        &mut self,
        now: Millis,
        from: SocketAddr,
        bytes: &'d mut [u8],
        peers: &mut impl PeerKeys,
        rng: &mut impl CryptoRng,
    ) -> Result<Received<'d>, ReceiveError> {
        let message =
            WireMessage::parse(bytes).map_err(|error| ReceiveError::Handshake(HandshakeError::Wire(error)))?;
        match message {
            WireMessage::Hello(hello) => self.handle_hello(now, from, bytes.len(), hello, peers, rng),
            WireMessage::HelloRetry(retry) => self.handle_retry(now, from, &retry),
            WireMessage::Ack(ack) => self.handle_ack(now, from, &ack, peers),
            WireMessage::SignedFrame(body) => {
                let (source, len) = self.handle_signed_frame(now, body, peers).map_err(ReceiveError::SignedFrame)?;
                let frame_at = bytes.len().saturating_sub(len);
                return Ok(Received::SignedFrame { source, frame: bytes.get_mut(frame_at..).unwrap_or_default() });
            }
        }
        .map(|()| Received::Handshake)
        .map_err(ReceiveError::Handshake)
    }

    /// The source of a signed frame, and the length of the frame, which ends the message.
    fn handle_signed_frame(
        &mut self,
        now: Millis,
        body: &[u8],
        peers: &mut impl PeerKeys,
    ) -> Result<(NodeId, usize), SignedFrameError> {
        let signed = SignedFcpsFrame::parse(body)?;
        let has_session = self.has_session(now, signed.source());
        let (local, terms) = (self.local.node_id(), &self.config.terms);
        let (source, frame) = self.signed_frames.admit(signed, local, has_session, terms, peers, now)?;
        Ok((source, frame.len()))
    }

    fn handle_hello(
        &mut self,
        now: Millis,
        from: SocketAddr,
        len: usize,
        hello: MeshSessionHello,
        peers: &mut impl PeerKeys,
        rng: &mut impl CryptoRng,
    ) -> Result<(), HandshakeError> {
        let time = now.timestamp();
        let received = ReceivedHello::read(hello, self.local.node_id(), &self.config.terms, time)?;
        if self.answer_again(received.claimed(), from) {
            return Ok(());
        }
        let Some((admitted, shown)) = self.admit(now, from, len, received, rng)? else { return Ok(()) };
        let verified = admitted.verify(&self.answered, peers, time)?;

        let hello = verified.hello();
        let goes_ahead = *self.local.node_id() < hello.from;
        let entry = self.peers.get_mut(&hello.from);
        if let Some(outbound) = entry.and_then(|entry| entry.outbound.as_mut()).filter(|_| goes_ahead) {
            // Both said hello. The smaller id goes ahead, and now knows where the other one is.
            outbound.other_address = Some(from);
            let bytes = outbound.bytes().to_vec();
            self.send(from, bytes);
            return Err(HandshakeError::Collision);
        }
        if self.sessions.len() >= self.config.max_sessions {
            return Err(HandshakeError::Overloaded);
        }
        let mut answer = Answer::new(hello);
        let sessions = &self.sessions;
        let (agreement, ack) = verified.accept(
            &self.local,
            &self.config.terms,
            &mut self.answered,
            |id| sessions.contains_key(id),
            now,
            rng,
        )?;
        let bytes = WireMessage::Ack(ack).to_bytes().map_err(HandshakeError::Wire)?;
        let credit = len.saturating_mul(MAX_AMPLIFICATION).saturating_sub(bytes.len());
        answer.bytes.clone_from(&bytes);
        self.send(from, bytes);
        self.end_outbound(&agreement);
        let is_there = |live: &Live| live.credit.is_none() && live.address == from;
        let proven = shown || self.sessions_with(&agreement.peer).any(is_there);
        let credit = (!proven).then_some(credit);
        self.install(now, from, agreement, Some((Box::new(answer), credit)));
        Ok(())
    }

    /// Gives the same answer to the same hello from the same address, while the peer has not used the session: the answer
    /// got lost. Nothing else happens.
    fn answer_again(&mut self, hello: &MeshSessionHello, from: SocketAddr) -> bool {
        let Some(peer) = self.peers.get(&hello.from) else { return false };
        let again = peer.sessions.iter().find_map(|id| {
            let live = self.sessions.get_mut(id).filter(|live| live.address == from)?;
            live.answer.as_mut()?.repeat(hello)
        });
        let Some(bytes) = again else { return false };
        self.send(from, bytes);
        true
    }

    /// Lets a hello pass to the checks that cost something, or answers with a cookie. Tells whether it showed one.
    fn admit(
        &mut self,
        now: Millis,
        from: SocketAddr,
        len: usize,
        received: ReceivedHello,
        rng: &mut impl CryptoRng,
    ) -> Result<Option<(AdmittedHello, bool)>, HandshakeError> {
        let time = now.timestamp();
        if self.checked.0 != time {
            self.checked = (time, 0);
        }
        let demanded = match self.config.cookies {
            CookiePolicy::Always => true,
            CookiePolicy::Above { hellos_per_second } => {
                let attestations = self.local.attestations().map_or(0, super::super::Attestations::total_len);
                let answer = ACK_LEN.saturating_add(attestations);
                self.checked.1 >= hellos_per_second || answer > len.saturating_mul(MAX_AMPLIFICATION)
            }
            CookiePolicy::Never => false,
        };
        let admitted = if demanded {
            self.cookies.rotate(now, rng);
            match received.demand_cookie(&self.cookies, from, time)? {
                CookieCheck::Admitted(admitted) => {
                    self.cookie_counts.shown = self.cookie_counts.shown.saturating_add(1);
                    admitted
                }
                CookieCheck::Challenged(retry) => {
                    let bytes = WireMessage::HelloRetry(retry).to_bytes().map_err(HandshakeError::Wire)?;
                    self.send(from, bytes);
                    self.cookie_counts.demanded = self.cookie_counts.demanded.saturating_add(1);
                    return Ok(None);
                }
            }
        } else {
            self.cookie_counts.waived = self.cookie_counts.waived.saturating_add(1);
            received.admit()
        };
        self.checked.1 = self.checked.1.saturating_add(1);
        Ok(Some((admitted, demanded)))
    }

    fn handle_retry(
        &mut self,
        now: Millis,
        from: SocketAddr,
        retry: &MeshSessionHelloRetry,
    ) -> Result<(), HandshakeError> {
        let mut outbound = self.take_outbound(&retry.from, from)?;
        let (state, done) = match outbound.state {
            State::Sent(hello) => match hello.handle_retry(retry, &self.local, &self.config.terms, now.timestamp()) {
                Ok(retried) => (State::Retried(retried), Ok(())),
                Err(Refused { state, error }) => (State::Sent(state), Err(error)),
            },
            retried @ State::Retried(_) => (retried, Err(HandshakeError::Unexpected)),
        };
        outbound.state = state;
        if done.is_ok() {
            outbound.restart_timer(&self.config, now);
            self.send(from, outbound.bytes().to_vec());
            self.wake_by(outbound.due(&self.config));
        }
        self.put_back(&retry.from, outbound);
        done
    }

    fn handle_ack(
        &mut self,
        now: Millis,
        from: SocketAddr,
        ack: &MeshSessionAck,
        peers: &mut impl PeerKeys,
    ) -> Result<(), HandshakeError> {
        if self.sessions.len() >= self.config.max_sessions {
            return Err(HandshakeError::Overloaded);
        }
        let outbound = self.take_outbound(&ack.from, from)?;
        if outbound.wrong_answers >= MAX_WRONG_ANSWERS {
            self.put_back(&ack.from, outbound);
            return Err(HandshakeError::Unexpected);
        }
        let Outbound { state, .. } = outbound;
        let terms = &self.config.terms;
        let is_live = |id: &_| self.sessions.contains_key(id);
        let time = now.timestamp();
        let accepted = match state {
            State::Sent(hello) => hello
                .handle_ack(ack, terms, peers, is_live, time)
                .map_err(|refused| (State::Sent(refused.state), refused.error)),
            State::Retried(hello) => hello
                .handle_ack(ack, terms, peers, is_live, time)
                .map_err(|refused| (State::Retried(refused.state), refused.error)),
        };
        match accepted {
            Ok(agreement) => {
                self.outbound = self.outbound.saturating_sub(1);
                self.install(now, from, agreement, None);
                Ok(())
            }
            Err((state, error)) => {
                // What is refused for free may come as often as anybody likes: counting it would shut out the peer.
                let costs = matches!(
                    error,
                    HandshakeError::UnknownPeer | HandshakeError::Signature(_) | HandshakeError::ZeroSharedSecret(_)
                );
                let wrong_answers = outbound.wrong_answers.saturating_add(u8::from(costs));
                self.put_back(&ack.from, Outbound { state, wrong_answers, ..outbound });
                Err(error)
            }
        }
    }

    /// Takes this node's own handshake with `peer` out of the table, to be [put back](Self::put_back) unless it ends.
    fn take_outbound(&mut self, peer: &NodeId, from: SocketAddr) -> Result<Outbound, HandshakeError> {
        let slot = self.peers.get_mut(peer).map(|entry| &mut entry.outbound).ok_or(HandshakeError::Unexpected)?;
        slot.take_if(|outbound| outbound.expects_from(from)).ok_or(HandshakeError::Unexpected)
    }

    fn put_back(&mut self, peer: &NodeId, outbound: Outbound) {
        if let Some(entry) = self.peers.get_mut(peer) {
            entry.outbound = Some(outbound);
        }
    }

    /// The peer's hello was answered: this node's own, if it said one, is pointless.
    fn end_outbound(&mut self, agreement: &Agreement) {
        let slot = self.peers.get_mut(agreement.peer()).map(|entry| &mut entry.outbound);
        if slot.and_then(Option::take).is_some() {
            self.outbound = self.outbound.saturating_sub(1);
        }
    }

    /// Opens a session. A responder's comes with its answer, and with how many more bytes may go to the initiator's address
    /// before it has used the session.
    fn install(
        &mut self,
        now: Millis,
        address: SocketAddr,
        agreement: Agreement,
        answer: Option<(Box<Answer>, Option<usize>)>,
    ) {
        let limits = self.config.terms.limits();
        let session = Session::open(agreement, self.local.expires_at(), limits, self.config.replay, now);
        let (peer, id, role) = (session.peer().clone(), *session.id(), session.role());
        let key = session.peer_key().key;
        self.wake_by(session.ends_at().min(session.rekey_at()));

        let before = self.peers.get(&*peer).map(|entry| entry.sessions.clone()).unwrap_or_default();
        let is_foreign =
            |other: &SessionId| self.sessions.get(other).is_some_and(|live| live.session.peer_key().key != key);
        let (foreign, mut rest): (Vec<_>, Vec<_>) = before.into_iter().partition(is_foreign);
        for other in &foreign {
            self.remove(other, Reason::SessionKeyReplaced);
        }
        // A peer that begins session after session pushes out those that it never used, and then its oldest.
        while rest.len() >= MAX_SESSIONS_PER_PEER {
            let unused = rest.iter().position(|other| self.sessions.get(other).is_some_and(|live| !live.confirmed));
            let victim = rest.remove(unused.unwrap_or(0));
            self.remove(&victim, Reason::SessionReplaced);
        }
        self.peers.entry(Arc::clone(&peer)).or_default().sessions.push(id);
        let confirm_by = now.saturating_add(self.config.handshake_timeout_ms.saturating_mul(2));
        let (answer, credit) = answer.map_or((None, None), |(answer, credit)| (Some(answer), credit));
        let session = Box::new(session);
        let live = Live { session, address, detour: None, confirmed: false, confirm_by, credit, answer };
        self.sessions.insert(id, live);
        self.outputs.push_back(Output::Established { peer, session: id, role });
    }

    /// Says hellos again whose time has come, and gives up where no answer came at all.
    pub(super) fn resend_hellos(&mut self, now: Millis) {
        let (mut due, mut failed) = (Vec::new(), Vec::new());
        for (peer, entry) in &mut self.peers {
            let Some(outbound) = entry.outbound.as_mut() else { continue };
            if outbound.has_failed(&self.config, now) {
                failed.push(Arc::clone(peer));
            } else if outbound.resend(&self.config, now) {
                due.push((outbound.address, outbound.bytes().to_vec()));
            }
        }
        for (address, bytes) in due {
            self.send(address, bytes);
        }
        for peer in failed {
            if let Some(entry) = self.peers.get_mut(&*peer) {
                entry.outbound = None;
            }
            self.outbound = self.outbound.saturating_sub(1);
            self.forget_if_idle(&peer);
            let peer = NodeId::clone(&peer);
            self.outputs.push_back(Output::Failed { peer, reason: Reason::SessionTimedOut });
        }
    }
}
