//! The accounts of all sources.

use alloc::collections::{BTreeMap, BTreeSet};
use core::net::IpAddr;

use fcp_core::id::NodeId;
use fcp_core::time::Millis;

use super::account::Account;
use super::prefix::Prefix;
use super::window::{is_over, step_of};
use super::{AdmissionError, AdmissionLimits, AdmissionPolicy, DecodeGuard, Deed, PeerBudget, Reputation, Usage};
use crate::message::MAX_AMPLIFICATION;

/// How many accounts are looked at for one that nobody uses any more.
const TRIES: usize = 4;

/// Whom something is charged to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source<'a> {
    /// A node that a session or a signature vouches for.
    Peer(&'a NodeId),
    /// Whoever sends from this address: nobody vouches for it. It shares an account with its neighbors by
    /// [`AdmissionLimits::ipv4_prefix`] and [`AdmissionLimits::ipv6_prefix`].
    Stranger(IpAddr),
}

/// Who cost how much in the last minute (§8.4).
///
/// Each peer has an account of its own, and so has each address prefix whose senders nobody vouches for. When there are
/// as many as [`AdmissionLimits`] allows, a new one takes the place of the one that was not used for the longest time, if
/// that has used nothing within the minute and has no unfinished object; otherwise all further ones share one account, in
/// which nobody has a reputation. So no account can be emptied by making many others.
///
/// Refused amounts are not charged. Nothing here waits or wakes: the accounts are a function of what was charged and when.
#[derive(Debug)]
pub struct Admission {
    policy: AdmissionPolicy,
    limits: AdmissionLimits,
    peers: Accounts<NodeId>,
    strangers: Accounts<Prefix>,
}

impl Admission {
    /// Nobody cost anything yet.
    #[must_use]
    pub fn new(policy: AdmissionPolicy, limits: AdmissionLimits) -> Self {
        Self { policy, limits, peers: Accounts::new(limits.max_peers), strangers: Accounts::new(limits.max_addresses) }
    }

    /// What is admitted.
    #[must_use]
    pub const fn policy(&self) -> &AdmissionPolicy {
        &self.policy
    }

    /// Whether `bytes` more are taken from `source`. Ask before they are parsed.
    ///
    /// # Errors
    /// [`AdmissionError::Bytes`], [`AdmissionError::FailedAuth`].
    pub fn admit_bytes(&mut self, now: Millis, source: Source<'_>, bytes: u64) -> Result<(), AdmissionError> {
        let (account, budget) = self.account(now, source);
        account.admit_bytes(now, &budget, bytes)?;
        if matches!(source, Source::Stranger(_)) {
            account.earn(bytes, MAX_AMPLIFICATION);
        }
        Ok(())
    }

    /// Whether `count` more symbols are taken from `source`. Ask before they are opened.
    ///
    /// # Errors
    /// [`AdmissionError::Symbols`], [`AdmissionError::FailedAuth`].
    pub fn admit_symbols(&mut self, now: Millis, source: Source<'_>, count: u32) -> Result<(), AdmissionError> {
        let (account, budget) = self.account(now, source);
        account.admit_symbols(now, &budget, u64::from(count))
    }

    /// Something of `source` did not authenticate: a symbol in an authentic frame of a peer; anything else of whoever sends
    /// from the address, whatever name it bears.
    pub fn charge_failed_auth(&mut self, now: Millis, source: Source<'_>) {
        self.account(now, source).0.charge_failed_auth(now);
        if let Source::Peer(peer) = source {
            self.note(now, peer, Deed::FailedAuth);
        }
    }

    /// Whether `source` may begin one more object. Keep the guard as long as the object is unfinished.
    ///
    /// # Errors
    /// [`AdmissionError::InflightDecodes`], [`AdmissionError::DecodeCpu`], [`AdmissionError::FailedAuth`].
    pub fn begin_decode(&mut self, now: Millis, source: Source<'_>) -> Result<DecodeGuard, AdmissionError> {
        let (account, budget) = self.account(now, source);
        account.begin_decode(now, &budget)
    }

    /// How much work may be done for `source`, in units: the limit of a decoder.
    #[must_use]
    pub fn work_left(&self, now: Millis, source: Source<'_>) -> u64 {
        let (account, budget) = self.look(source);
        account.map_or(budget.max_work(), |account| account.work_left(now, &budget))
    }

    /// Charges work that was done for `source`, in units.
    pub fn charge_work(&mut self, now: Millis, source: Source<'_>, work: u64) {
        self.account(now, source).0.charge_work(now, work);
    }

    /// How many bytes may go to `source` in answer to what it sent.
    #[must_use]
    pub fn answer_left(&self, now: Millis, source: Source<'_>) -> u64 {
        let (account, budget) = self.look(source);
        let vouched = matches!(source, Source::Peer(_));
        let unused = if vouched { budget.max_bytes_per_min } else { 0 };
        account.map_or(unused, |account| account.answer_left(now, &budget, vouched))
    }

    /// Whether `bytes` may go to `source` in answer to what it sent: a peer gets as many as it may send; a stranger never
    /// more than three times as many as were admitted from there, over all its messages (D134).
    ///
    /// # Errors
    /// [`AdmissionError::Bytes`], [`AdmissionError::Amplification`], [`AdmissionError::FailedAuth`].
    pub fn admit_answer(&mut self, now: Millis, source: Source<'_>, bytes: u64) -> Result<(), AdmissionError> {
        let (account, budget) = self.account(now, source);
        account.admit_answer(now, &budget, matches!(source, Source::Peer(_)), bytes)
    }

    /// Remembers what a peer did, if it has an account of its own.
    pub fn note(&mut self, now: Millis, peer: &NodeId, deed: Deed) {
        if let Some(account) = self.peers.own_account(now, peer) {
            account.standing.note(now, deed);
        }
    }

    /// What is thought of a peer.
    #[must_use]
    pub fn reputation(&self, now: Millis, peer: &NodeId) -> Reputation {
        self.peers.own.get(peer).map(|account| account.standing.at(now)).unwrap_or_default()
    }

    /// What `source` used; nothing if it has no account.
    #[must_use]
    pub fn usage(&self, now: Millis, source: Source<'_>) -> Usage {
        self.look(source).0.map(|account| account.usage(now)).unwrap_or_default()
    }

    /// What each peer with an account of its own used.
    pub fn peers(&self, now: Millis) -> impl Iterator<Item = (&NodeId, Usage)> {
        self.peers.own.iter().map(move |(peer, account)| (peer, account.usage(now)))
    }

    /// How many addresses have an account of their own.
    #[must_use]
    pub fn addresses(&self) -> usize {
        self.strangers.own.len()
    }

    fn account(&mut self, now: Millis, source: Source<'_>) -> (&mut Account, PeerBudget) {
        match source {
            Source::Peer(peer) => (self.peers.account(now, peer), self.policy.per_peer),
            Source::Stranger(address) => {
                (self.strangers.account(now, &Prefix::of(address, &self.limits)), self.limits.per_address)
            }
        }
    }

    fn look(&self, source: Source<'_>) -> (Option<&Account>, PeerBudget) {
        match source {
            Source::Peer(peer) => (self.peers.look(peer), self.policy.per_peer),
            Source::Stranger(address) => {
                (self.strangers.look(&Prefix::of(address, &self.limits)), self.limits.per_address)
            }
        }
    }
}

/// A bounded number of accounts.
#[derive(Debug)]
struct Accounts<K> {
    own: BTreeMap<K, Account>,
    /// The accounts by the step in which they were used last.
    by_use: BTreeSet<(u64, K)>,
    /// The account of everybody else.
    shared: Account,
    max: usize,
}

impl<K: Ord + Clone> Accounts<K> {
    fn new(max: usize) -> Self {
        Self { own: BTreeMap::new(), by_use: BTreeSet::new(), shared: Account::default(), max }
    }

    /// The account that `key` has, or the shared one when no more can be opened.
    fn look(&self, key: &K) -> Option<&Account> {
        let full = self.own.len() >= self.max;
        self.own.get(key).or_else(|| full.then_some(&self.shared))
    }

    fn account(&mut self, now: Millis, key: &K) -> &mut Account {
        self.open(now, key);
        self.own.get_mut(key).unwrap_or(&mut self.shared)
    }

    fn own_account(&mut self, now: Millis, key: &K) -> Option<&mut Account> {
        self.open(now, key);
        self.own.get_mut(key)
    }

    /// Opens an account for `key` if it has none and there is room, and notes that it is used.
    fn open(&mut self, now: Millis, key: &K) {
        let step = step_of(now);
        if let Some(account) = self.own.get_mut(key) {
            if account.used_in < step {
                self.by_use.remove(&(account.used_in, key.clone()));
                self.by_use.insert((step, key.clone()));
                account.used_in = step;
            }
            return;
        }
        if self.own.len() >= self.max {
            self.close_unused(step);
        }
        if self.own.len() < self.max {
            self.own.insert(key.clone(), Account::new(now));
            self.by_use.insert((step, key.clone()));
        }
    }

    /// Closes the account that was not used for the longest time, if nothing of it counts any more.
    fn close_unused(&mut self, step: u64) {
        for _ in 0..TRIES {
            let Some((used_in, _)) = self.by_use.first() else { return };
            if !is_over(*used_in, step) {
                return;
            }
            let Some((_, key)) = self.by_use.pop_first() else { return };
            let Some(account) = self.own.get_mut(&key) else { continue };
            if account.inflight() == 0 {
                self.own.remove(&key);
                return;
            }
            account.used_in = step;
            self.by_use.insert((step, key));
        }
    }
}

#[cfg(test)]
mod tests;
