//! What everybody did, seen from outside, and which rules it breaks.
//!
//! The ledger trusts no node: it writes down every seal, every datagram and every acceptance itself, across crashes, lives
//! and snapshots, and compares them with each other.

mod budgets;
mod seals;
mod sessions;
mod strangers;

use std::collections::{BTreeSet, HashMap};
use std::net::SocketAddr;

use fcp_core::time::Millis;

pub(super) use self::budgets::{Budgets, Holdings};
use self::seals::Seals;
use self::sessions::Sessions;
pub(super) use self::sessions::{Established, Thresholds};
use self::strangers::Strangers;

/// How many violations of one check are kept of a run.
const MAX_VIOLATIONS: usize = 8;

/// A rule that was broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Which rule.
    pub check: Check,
    /// What happened.
    pub what: String,
    /// When, in milliseconds since the run began.
    pub at_ms: u64,
}

/// What is checked of every run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Check {
    /// No key and nonce seal twice.
    NonceReuse,
    /// No frame is accepted a second time, and no hello answered with a second session.
    AcceptedTwice,
    /// What is accepted was sent like that, by the peer of its session.
    AcceptedForeign,
    /// The two ends of a session name each other, in opposite roles.
    SessionDisagreement,
    /// A session carries nothing beyond its thresholds.
    SessionOverdue,
    /// Who has proved nothing gets at most three times the bytes that came from there.
    Amplification,
    /// What strangers send leaves tables as they are.
    Memory,
    /// No source holds more than its budget.
    Budget,
    /// Every object is where it should be.
    ObjectMissing,
    /// What is stored under an id is its object.
    ObjectWrong,
    /// Objects that are spread over the mesh are covered as their policies ask.
    Coverage,
    /// Nodes that should have a session have one.
    NotConnected,
    /// Who must not be let in is not.
    LetIn,
    /// What is in quarantine is told to nobody.
    Quarantine,
    /// Who sent wrong symbols is named, and nobody else.
    Blame,
    /// The machines come to rest.
    Unrest,
}

impl Check {
    /// The check's name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NonceReuse => "nonce-reuse",
            Self::AcceptedTwice => "accepted-twice",
            Self::AcceptedForeign => "accepted-foreign",
            Self::SessionDisagreement => "session-disagreement",
            Self::SessionOverdue => "session-overdue",
            Self::Amplification => "amplification",
            Self::Memory => "memory",
            Self::Budget => "budget",
            Self::ObjectMissing => "object-missing",
            Self::ObjectWrong => "object-wrong",
            Self::Coverage => "coverage",
            Self::NotConnected => "not-connected",
            Self::LetIn => "let-in",
            Self::Quarantine => "quarantine",
            Self::Blame => "blame",
            Self::Unrest => "unrest",
        }
    }
}

/// One life of one host: from a start to the next crash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct LifeId {
    pub(super) host: usize,
    pub(super) life: u32,
}

/// Everything that was seen.
#[derive(Debug)]
pub(super) struct Ledger {
    violations: Vec<Violation>,
    began: Millis,
    now: Millis,
    trace: Trace,
    seals: Seals,
    sessions: Sessions,
    strangers: Strangers,
    budgets: Budgets,
    /// Which host sent a datagram, by its fingerprint.
    sent: HashMap<u64, usize>,
    /// Members that send wrong symbols on purpose.
    liars: BTreeSet<String>,
}

impl Ledger {
    pub(super) fn new(began: Millis, thresholds: Thresholds, budgets: Budgets) -> Self {
        Self {
            violations: Vec::new(),
            began,
            now: began,
            trace: Trace::default(),
            seals: Seals::default(),
            sessions: Sessions::new(thresholds),
            budgets,
            strangers: Strangers::default(),
            sent: HashMap::new(),
            liars: BTreeSet::new(),
        }
    }

    /// Time goes on; what happens is part of the trace.
    pub(super) fn happens(&mut self, now: Millis, what: &[&[u8]]) {
        self.now = now;
        self.trace.add(&now.as_millis().to_le_bytes());
        what.iter().for_each(|part| self.trace.add(part));
    }

    /// A number that two runs share only if the same happened in both.
    pub(super) const fn trace(&self) -> u64 {
        self.trace.0
    }

    pub(super) fn violations(&self) -> &[Violation] {
        &self.violations
    }

    pub(super) fn violate(&mut self, check: Check, what: impl Into<String>) {
        if self.violations.iter().filter(|violation| violation.check == check).count() < MAX_VIOLATIONS {
            let at_ms = self.now.since(self.began);
            self.violations.push(Violation { check, what: what.into(), at_ms });
        }
    }

    fn note(&mut self, found: Option<(Check, String)>) {
        if let Some((check, what)) = found {
            self.violate(check, what);
        }
    }

    /// A frame was sealed, whether or not it is ever sent. `sender` is the name under which it was.
    pub(super) fn sealed_frame(&mut self, sender: &str, frame: &[u8]) {
        let found = self.seals.frame(sender, frame);
        self.note(found);
    }

    /// A control-plane frame was sealed.
    pub(super) fn sealed_control(&mut self, frame: &[u8], initiator: bool) {
        let found = self.seals.control(frame, initiator);
        self.note(found);
    }

    /// A host sends a datagram.
    pub(super) fn sends(&mut self, host: usize, to: SocketAddr, bytes: &[u8]) {
        let found = self.strangers.answered(to, bytes.len());
        self.note(found);
        self.sent.insert(fingerprint(bytes), host);
    }

    /// A host sealed a datagram in a session, at this time of its own clock.
    pub(super) fn sends_in_session(&mut self, life: LifeId, sender: &str, datagram: &[u8], local: Millis) {
        let found = self.sessions.sends(life, datagram, local);
        self.note(found);
        let found = self.seals.datagram(sender, datagram);
        self.note(found);
    }

    /// A datagram reaches a host from an address where no host is.
    pub(super) fn reaches_from_nowhere(&mut self, from: SocketAddr, len: usize) {
        self.strangers.sent(from, len);
    }

    /// A host accepts a frame of a session, at this time of its own clock.
    pub(super) fn accepts(
        &mut self,
        life: LifeId,
        datagram: (u64, usize),
        number: (u64, u64),
        session: [u8; 16],
        local: Millis,
    ) {
        match self.sent.get(&datagram.0) {
            None => self.violate(
                Check::AcceptedForeign,
                format!("host {} accepted frame {} of a session, which nobody sent like that", life.host, number.1),
            ),
            Some(sender) => {
                let found = self.sessions.check_sender(life, session, *sender);
                self.note(found);
            }
        }
        let found = self.sessions.accepts(life, datagram, number, session, local);
        self.note(found);
    }

    /// A host took a signed frame.
    pub(super) fn accepts_signed(&mut self, life: LifeId, message: u64) {
        if !self.sent.contains_key(&message) {
            self.violate(
                Check::AcceptedForeign,
                format!("host {} accepted a signed frame that nobody sent", life.host),
            );
        }
        let found = self.sessions.accepts_signed(life.host, message);
        self.note(found);
    }

    /// A member sends wrong symbols on purpose, and may be blamed for it.
    pub(super) fn lies(&mut self, name: &str) {
        self.liars.insert(name.to_owned());
    }

    /// A host blames a source for wrong symbols.
    pub(super) fn blames(&mut self, host: usize, source: &str) {
        if !self.liars.contains(source) {
            self.violate(Check::Blame, format!("host {host} blames `{source}`, which sent nothing wrong"));
        }
    }

    /// A host opened a session.
    pub(super) fn established(&mut self, established: Established) {
        let found = self.sessions.established(established);
        self.note(found);
    }
}

/// The trace of a run, as one number.
#[derive(Debug, Clone, Copy)]
struct Trace(u64);

impl Default for Trace {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Trace {
    /// FNV-1a over words of eight bytes, with the length at the end.
    fn add(&mut self, bytes: &[u8]) {
        let mut mix = |word: u64| {
            self.0 = (self.0 ^ word).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(29);
        };
        let (words, rest) = bytes.as_chunks::<8>();
        words.iter().for_each(|word| mix(u64::from_le_bytes(*word)));
        let mut last = [0; 8];
        last.iter_mut().zip(rest).for_each(|(byte, part)| *byte = *part);
        mix(u64::from_le_bytes(last));
        mix(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
    }
}

/// A number by which bytes are known.
pub(super) fn fingerprint(bytes: &[u8]) -> u64 {
    let mut trace = Trace::default();
    trace.add(bytes);
    trace.0
}
