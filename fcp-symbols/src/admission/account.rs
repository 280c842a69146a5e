//! What one source cost.

use alloc::sync::Arc;

use fcp_core::time::Millis;

use super::reputation::Standing;
use super::window::{Window, step_of};
use super::{AdmissionError, PeerBudget, Reputation};

/// Room for one unfinished object (§8.4). It is given back when this is dropped.
#[derive(Debug)]
#[must_use = "dropping it gives the room back"]
pub struct DecodeGuard(#[expect(dead_code, reason = "counts by being there")] Arc<()>);

/// What a source used of its budget in the last minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Bytes in.
    pub bytes: u64,
    /// Bytes of answers out.
    pub bytes_answered: u64,
    /// Symbols in.
    pub symbols: u64,
    /// What did not authenticate.
    pub failed_auth: u64,
    /// Decoding and encoding, in units of work.
    pub work: u64,
    /// Unfinished objects now.
    pub inflight_decodes: usize,
    /// What was refused since the account was opened, however much it was each time.
    pub refused: u64,
    /// The reputation now.
    pub reputation: Reputation,
}

/// What one source cost.
#[derive(Debug, Default)]
pub(super) struct Account {
    bytes: Window,
    answered: Window,
    symbols: Window,
    failed_auth: Window,
    work: Window,
    /// Each [`DecodeGuard`] holds it once more.
    decodes: Arc<()>,
    /// How many bytes may go to an address that nobody vouches for.
    credit: u64,
    refused: u64,
    pub(super) standing: Standing,
    /// The step in which it was used last.
    pub(super) used_in: u64,
}

impl Account {
    pub(super) fn new(now: Millis) -> Self {
        Self { used_in: step_of(now), ..Self::default() }
    }

    pub(super) fn inflight(&self) -> usize {
        Arc::strong_count(&self.decodes).saturating_sub(1)
    }

    pub(super) fn usage(&self, now: Millis) -> Usage {
        Usage {
            bytes: self.bytes.used(now),
            bytes_answered: self.answered.used(now),
            symbols: self.symbols.used(now),
            failed_auth: self.failed_auth.used(now),
            work: self.work.used(now),
            inflight_decodes: self.inflight(),
            refused: self.refused,
            reputation: self.standing.at(now),
        }
    }

    /// Whether anything of the source is looked at.
    fn check_failures(&self, now: Millis, budget: &PeerBudget) -> Result<(), AdmissionError> {
        let over = self.failed_auth.used(now) >= u64::from(budget.max_failed_auth_per_min);
        if over { Err(AdmissionError::FailedAuth) } else { Ok(()) }
    }

    pub(super) fn admit_bytes(&mut self, now: Millis, budget: &PeerBudget, more: u64) -> Result<(), AdmissionError> {
        let within = self.bytes.used(now).saturating_add(more) <= budget.max_bytes_per_min;
        let checked = self.check_failures(now, budget).and(if within { Ok(()) } else { Err(AdmissionError::Bytes) });
        self.settle(checked)?;
        self.bytes.add(now, more);
        Ok(())
    }

    pub(super) fn admit_symbols(&mut self, now: Millis, budget: &PeerBudget, more: u64) -> Result<(), AdmissionError> {
        let within = self.symbols.used(now).saturating_add(more) <= u64::from(budget.max_symbols_per_min);
        let checked = self.check_failures(now, budget).and(if within { Ok(()) } else { Err(AdmissionError::Symbols) });
        self.settle(checked)?;
        self.symbols.add(now, more);
        Ok(())
    }

    pub(super) fn begin_decode(&mut self, now: Millis, budget: &PeerBudget) -> Result<DecodeGuard, AdmissionError> {
        let room = u64::try_from(self.inflight()).unwrap_or(u64::MAX) < u64::from(budget.max_inflight_decodes);
        let checked = self
            .check_failures(now, budget)
            .and(if room { Ok(()) } else { Err(AdmissionError::InflightDecodes) })
            .and(if self.work_left(now, budget) > 0 { Ok(()) } else { Err(AdmissionError::DecodeCpu) });
        self.settle(checked)?;
        Ok(DecodeGuard(Arc::clone(&self.decodes)))
    }

    pub(super) fn work_left(&self, now: Millis, budget: &PeerBudget) -> u64 {
        budget.max_work().saturating_sub(self.work.used(now))
    }

    pub(super) fn charge_work(&mut self, now: Millis, work: u64) {
        self.work.add(now, work);
    }

    pub(super) fn charge_failed_auth(&mut self, now: Millis) {
        self.failed_auth.add(now, 1);
    }

    /// Bytes came that nobody vouches for: so many times as many may go back.
    pub(super) fn earn(&mut self, bytes: u64, times: u64) {
        self.credit = self.credit.saturating_add(bytes.saturating_mul(times));
    }

    /// How many bytes of answers may go out.
    pub(super) fn answer_left(&self, now: Millis, budget: &PeerBudget, vouched: bool) -> u64 {
        let left = budget.max_bytes_per_min.saturating_sub(self.answered.used(now));
        if vouched { left } else { left.min(self.credit) }
    }

    pub(super) fn admit_answer(
        &mut self,
        now: Millis,
        budget: &PeerBudget,
        vouched: bool,
        bytes: u64,
    ) -> Result<(), AdmissionError> {
        let within = self.answered.used(now).saturating_add(bytes) <= budget.max_bytes_per_min;
        let checked = self
            .check_failures(now, budget)
            .and(if within { Ok(()) } else { Err(AdmissionError::Bytes) })
            .and(if vouched || bytes <= self.credit { Ok(()) } else { Err(AdmissionError::Amplification) });
        self.settle(checked)?;
        self.answered.add(now, bytes);
        if !vouched {
            self.credit = self.credit.saturating_sub(bytes);
        }
        Ok(())
    }

    fn settle(&mut self, checked: Result<(), AdmissionError>) -> Result<(), AdmissionError> {
        if checked.is_err() {
            self.refused = self.refused.saturating_add(1);
        }
        checked
    }
}
