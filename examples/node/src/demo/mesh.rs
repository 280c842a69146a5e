//! The demo's four nodes together.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::Failure;
use super::link::{Addresses, Link};
use super::process::NodeProcess;
use crate::params::hex;

/// How often a condition is looked at.
const BETWEEN: Duration = Duration::from_millis(20);

/// The names of the devices, by the index that the steps use.
pub(super) const NAMES: [&str; 4] = ["desktop", "laptop", "phone", "server"];
pub(super) const DESKTOP: usize = 0;
pub(super) const LAPTOP: usize = 1;
pub(super) const PHONE: usize = 2;
pub(super) const SERVER: usize = 3;

/// The tags that the identity provider gives every device of the demo.
const TAGS: [&str; 4] = ["fcp-owner", "fcp-private", "fcp-work", "fcp-public"];

/// Four nodes.
pub(super) struct Devices {
    nodes: Vec<NodeProcess>,
    /// The way between the laptop and the server, once it is known where they are.
    link: Option<Link>,
}

impl Devices {
    /// Starts all four.
    pub(super) fn start(root: &Path) -> Result<Self, Failure> {
        let nodes = NAMES.iter().map(|name| NodeProcess::start(root, name, &TAGS).map_err(|error| error.to_string()));
        Ok(Self { nodes: nodes.collect::<Result<_, _>>()?, link: None })
    }

    /// One of them.
    pub(super) fn node(&mut self, index: usize) -> Result<&mut NodeProcess, Failure> {
        self.nodes.get_mut(index).ok_or_else(|| "there is no such device".to_owned())
    }

    /// Asks one of them.
    pub(super) fn call(&mut self, index: usize, method: &str, params: &Value) -> Result<Value, Failure> {
        self.node(index)?.call(method, params).map_err(|error| error.to_string())
    }

    /// The indices of those that run.
    pub(super) fn running(&self) -> Vec<usize> {
        self.nodes.iter().enumerate().filter(|(_, node)| node.is_running()).map(|(index, _)| index).collect()
    }

    /// The node ids, in order.
    pub(super) fn ids(&self) -> Vec<String> {
        self.nodes.iter().map(|node| node.node_id.clone()).collect()
    }

    /// The statuses of all.
    pub(super) fn statuses(&mut self) -> Result<Vec<Value>, Failure> {
        (0..self.nodes.len()).map(|index| self.call(index, "status", &json!({}))).collect()
    }

    /// Tells every running node where the others are, as a tailnet would: the laptop and the server at either end of the way
    /// between them.
    pub(super) fn announce(&mut self) -> Result<(), Failure> {
        let mut running = Vec::new();
        for index in self.running() {
            running.push((index, self.addresses(index)?));
        }
        let real = |wanted| running.iter().find(|(index, _)| *index == wanted).map(|(_, addresses)| *addresses);
        if let (None, Some(laptop), Some(server)) = (&self.link, real(LAPTOP), real(SERVER)) {
            self.link = Some(Link::between(laptop, server).map_err(|error| error.to_string())?);
        }
        let ids = self.ids();
        for (index, _) in &running {
            let mut peers = Vec::new();
            for (peer, addresses) in &running {
                let seen = match (&self.link, *index, *peer) {
                    (Some(link), LAPTOP, SERVER) => link.second,
                    (Some(link), SERVER, LAPTOP) => link.first,
                    _ => *addresses,
                };
                let (udp, quic) = (seen.udp.to_string(), seen.quic.to_string());
                peers.push(json!({"node_id": ids.get(*peer), "udp": udp, "quic": quic}));
            }
            self.call(*index, "peers", &json!({"peers": peers}))?;
        }
        Ok(())
    }

    fn addresses(&mut self, index: usize) -> Result<Addresses, Failure> {
        let status = self.call(index, "status", &json!({}))?;
        let address = |name: &str| {
            let text = status[name].as_str().unwrap_or_default();
            text.parse().map_err(|_| format!("a node listens on `{text}`"))
        };
        Ok(Addresses { udp: address("udp")?, quic: address("quic")? })
    }

    /// The way between the laptop and the server.
    pub(super) fn link(&self) -> Result<&Link, Failure> {
        self.link.as_ref().ok_or_else(|| "the devices were not told where the others are".to_owned())
    }

    /// Looks again and again until `condition` gives something, for `seconds` at most.
    #[expect(clippy::disallowed_methods, reason = "the demo waits for real processes")]
    pub(super) fn wait<T>(
        &mut self,
        what: &str,
        seconds: u64,
        mut condition: impl FnMut(&mut Self) -> Result<Option<T>, Failure>,
    ) -> Result<T, Failure> {
        let until = Instant::now().checked_add(Duration::from_secs(seconds));
        loop {
            if let Some(value) = condition(self)? {
                return Ok(value);
            }
            if until.is_none_or(|until| Instant::now() >= until) {
                return Err(format!("{what} did not happen within {seconds} s"));
            }
            std::thread::sleep(BETWEEN);
        }
    }

    /// Has the owner sign drafts: two of the three participants sign, and the demo carries what they say.
    pub(super) fn owner_signs(&mut self, signers: [usize; 2], drafts: &[Value]) -> Result<Vec<Value>, Failure> {
        let ids = self.ids();
        let id = |index: usize| ids.get(index).cloned().unwrap_or_default();
        let [coordinator, _] = signers;
        let mut slots = Vec::new();
        for signer in signers {
            let answer = self.call(signer, "owner.commit", &json!({"count": drafts.len()}))?;
            slots.push((signer, answer["slots"].as_array().cloned().unwrap_or_default()));
        }
        let mut signatures = Vec::new();
        for (number, draft) in drafts.iter().enumerate() {
            let slot = |slots: &[Value]| slots.get(number).cloned().unwrap_or_default();
            let commitments: Vec<Value> = slots
                .iter()
                .map(|(signer, slots)| json!({"node_id": id(*signer), "bytes": slot(slots)["commitment"]}))
                .collect();
            let package =
                self.call(coordinator, "owner.package", &json!({"draft": draft, "commitments": commitments}))?;
            let mut shares = Vec::new();
            for (signer, slots) in &slots {
                let params = json!({"slot": slot(slots)["slot"], "draft": draft, "package": package["package"]});
                let share = self.call(*signer, "owner.sign", &params)?;
                shares.push(json!({"node_id": id(*signer), "bytes": share["share"]}));
            }
            let params = json!({"draft": draft, "package": package["package"], "shares": shares});
            signatures.push(self.call(coordinator, "owner.aggregate", &params)?["signature"].clone());
        }
        Ok(signatures)
    }
}

/// A nonce of the operating system.
pub(super) fn nonce() -> Result<String, Failure> {
    let mut nonce = [0; 16];
    getrandom::fill(&mut nonce).map_err(|error| error.to_string())?;
    Ok(hex(&nonce))
}
