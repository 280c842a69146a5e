//! Addresses where nobody is: what seems to come from there, and what is sent there in answer (§8.4, D134).

use std::collections::BTreeMap;
use std::net::SocketAddr;

use super::Check;

/// How many bytes go out for each that came in.
const MAX_AMPLIFICATION: u64 = 3;

#[derive(Debug, Default)]
pub(super) struct Strangers(BTreeMap<SocketAddr, Traffic>);

#[derive(Debug, Default, Clone, Copy)]
struct Traffic {
    received: u64,
    answered: u64,
}

impl Strangers {
    /// A datagram with this source reached a host.
    pub(super) fn sent(&mut self, from: SocketAddr, len: usize) {
        let traffic = self.0.entry(from).or_default();
        traffic.received = traffic.received.saturating_add(u64::try_from(len).unwrap_or(u64::MAX));
    }

    /// A host sends there. Addresses from which nothing came are not strangers' ones.
    pub(super) fn answered(&mut self, to: SocketAddr, len: usize) -> Option<(Check, String)> {
        let traffic = self.0.get_mut(&to)?;
        traffic.answered = traffic.answered.saturating_add(u64::try_from(len).unwrap_or(u64::MAX));
        let Traffic { received, answered } = *traffic;
        (answered > received.saturating_mul(MAX_AMPLIFICATION))
            .then(|| (Check::Amplification, format!("{answered} bytes went to {to}, from where {received} came")))
    }
}
