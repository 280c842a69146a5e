//! Sessions as both ends see them, what they carry, and how long (§4.2, D47, D52–D54).

use std::collections::{BTreeMap, HashSet};

use fcp_core::time::Millis;

use super::{Check, LifeId};

/// The thresholds that all nodes are set to (D54), as the ledger understands them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::simulate) struct Thresholds {
    pub(in crate::simulate) frames: u64,
    pub(in crate::simulate) seconds: u64,
    pub(in crate::simulate) bytes: u64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self { frames: 1_000_000_000, seconds: 86_400, bytes: 1 << 40 }
    }
}

/// How long after a threshold a receiver still takes what was sent, in milliseconds.
const GRACE_MS: u64 = 60_000;

/// One end of a session was opened.
#[derive(Debug, Clone)]
pub(in crate::simulate) struct Established {
    pub(in crate::simulate) life: LifeId,
    /// Who the host really is.
    pub(in crate::simulate) name: String,
    /// Whom it takes the other end for.
    pub(in crate::simulate) peer: String,
    pub(in crate::simulate) session: [u8; 16],
    pub(in crate::simulate) initiator: bool,
    /// The time by its own clock.
    pub(in crate::simulate) local: Millis,
    /// The nonce of the hello that was answered, at the responder.
    pub(in crate::simulate) hello: Option<[u8; 16]>,
}

/// What went one way.
#[derive(Debug, Clone, Copy, Default)]
struct Carried {
    frames: u64,
    bytes: u64,
}

impl Carried {
    fn add(&mut self, len: usize) {
        self.frames = self.frames.saturating_add(1);
        self.bytes = self.bytes.saturating_add(u64::try_from(len).unwrap_or(u64::MAX));
    }

    const fn is_over(self, thresholds: Thresholds) -> bool {
        self.frames > thresholds.frames || self.bytes > thresholds.bytes
    }

    const fn has_reached(self, thresholds: Thresholds) -> bool {
        self.frames >= thresholds.frames || self.bytes >= thresholds.bytes
    }
}

/// One end.
#[derive(Debug, Clone)]
struct End {
    life: LifeId,
    name: String,
    peer: String,
    since: Millis,
    sent: Carried,
    received: Carried,
    /// When as much had come as a session may carry.
    full_since: Option<Millis>,
}

#[derive(Debug, Clone, Default)]
struct Ends {
    initiator: Option<End>,
    responder: Option<End>,
}

impl Ends {
    fn of(&mut self, life: LifeId) -> Option<&mut End> {
        [&mut self.initiator, &mut self.responder].into_iter().flatten().find(|end| end.life == life)
    }
}

#[derive(Debug)]
pub(super) struct Sessions {
    thresholds: Thresholds,
    sessions: BTreeMap<[u8; 16], Ends>,
    /// Hellos that a life answered with a session.
    answered: HashSet<(LifeId, [u8; 16])>,
    /// Datagrams that somebody accepted.
    accepted: HashSet<u64>,
    /// Numbers that an end accepted in a session.
    numbers: HashSet<(LifeId, [u8; 16], (u64, u64))>,
    signed: HashSet<(usize, u64)>,
}

type Found = Option<(Check, String)>;

impl Sessions {
    pub(super) fn new(thresholds: Thresholds) -> Self {
        Self {
            thresholds,
            sessions: BTreeMap::new(),
            answered: HashSet::new(),
            accepted: HashSet::new(),
            numbers: HashSet::new(),
            signed: HashSet::new(),
        }
    }

    pub(super) fn established(&mut self, established: Established) -> Found {
        let Established { life, name, peer, session, initiator, local, hello } = established;
        if hello.is_some_and(|nonce| !self.answered.insert((life, nonce))) {
            let what = format!("host {} answered one hello of `{peer}` with two sessions", life.host);
            return Some((Check::AcceptedTwice, what));
        }
        let ends = self.sessions.entry(session).or_default();
        let slot = if initiator { &mut ends.initiator } else { &mut ends.responder };
        if let Some(first) = slot {
            let what = format!("hosts {} and {} hold the same end of a session", first.life.host, life.host);
            return Some((Check::SessionDisagreement, what));
        }
        let (sent, received) = (Carried::default(), Carried::default());
        *slot = Some(End { life, name, peer, since: local, sent, received, full_since: None });
        let (Some(here), Some(there)) = (&ends.initiator, &ends.responder) else { return None };
        if here.peer == there.name && there.peer == here.name {
            return None;
        }
        let what = format!(
            "`{}` takes its session for one with `{}`, and `{}` for one with `{}`",
            here.name, here.peer, there.name, there.peer
        );
        Some((Check::SessionDisagreement, what))
    }

    pub(super) fn sends(&mut self, life: LifeId, datagram: &[u8], local: Millis) -> Found {
        let session = *datagram.first_chunk::<16>()?;
        let thresholds = self.thresholds;
        let end = self.sessions.get_mut(&session)?.of(life)?;
        end.sent.add(datagram.len());
        let late = local > end.since.saturating_add_secs(thresholds.seconds);
        let over = end.sent.is_over(thresholds);
        (late || over).then(|| {
            let what = format!(
                "host {} sent frame {} ({} bytes so far) in a session {} ms old",
                life.host,
                end.sent.frames,
                end.sent.bytes,
                local.since(end.since)
            );
            (Check::SessionOverdue, what)
        })
    }

    /// Whether the host that sent a datagram is the peer that the receiver takes it for.
    pub(super) fn check_sender(&mut self, life: LifeId, session: [u8; 16], sender: usize) -> Found {
        let ends = self.sessions.get(&session)?;
        let both = [&ends.initiator, &ends.responder];
        let other = both.into_iter().flatten().find(|end| end.life != life);
        match other {
            Some(end) if end.life.host == sender => None,
            _ => {
                let what = format!("host {} accepted a frame of host {sender} in a session with another", life.host);
                Some((Check::AcceptedForeign, what))
            }
        }
    }

    pub(super) fn accepts(
        &mut self,
        life: LifeId,
        (datagram, len): (u64, usize),
        number: (u64, u64),
        session: [u8; 16],
        local: Millis,
    ) -> Found {
        let again = !self.accepted.insert(datagram);
        if !self.numbers.insert((life, session, number)) || again {
            return Some((Check::AcceptedTwice, format!("host {} accepted frame {} twice", life.host, number.1)));
        }
        let thresholds = self.thresholds;
        let Some(end) = self.sessions.get_mut(&session).and_then(|ends| ends.of(life)) else {
            let what = format!("host {} accepted a frame in a session that it never opened", life.host);
            return Some((Check::AcceptedForeign, what));
        };
        end.received.add(len);
        if end.received.has_reached(thresholds) {
            end.full_since.get_or_insert(local);
        }
        let by_time = end.since.saturating_add_secs(thresholds.seconds);
        let threshold = end.full_since.map_or(by_time, |full| full.min(by_time));
        (local > threshold.saturating_add(GRACE_MS)).then(|| {
            let what = format!("host {} accepted a frame {} ms after a threshold", life.host, local.since(threshold));
            (Check::SessionOverdue, what)
        })
    }

    pub(super) fn accepts_signed(&mut self, host: usize, message: u64) -> Found {
        let again = !self.signed.insert((host, message));
        again.then(|| (Check::AcceptedTwice, format!("host {host} accepted a signed frame twice")))
    }
}
