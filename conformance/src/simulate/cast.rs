//! Who takes part: names and keys, the same in every run, because keys cost more than all the rest.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use fcp_core::id::{NodeId, ObjectIdKey, ZoneId, ZoneKeyId};
use fcp_core::sign::NodeSigningKey;
use fcp_core::time::{Millis, Timestamp};
use fcp_core::zone_key::{ZoneKey, ZoneKeyAlgorithm};
use fcp_symbols::session::AttestedKey;

/// How many nodes a run has at most.
pub(crate) const MAX_NODES: usize = 50;

/// When every run begins.
pub(super) const START: Timestamp = Timestamp::from_secs(1_700_000_000);

/// When every attestation expires.
const ATTESTED_UNTIL: Timestamp = START.saturating_add(30 * 86_400);

/// A name with its key.
#[derive(Debug)]
pub(super) struct Identity {
    pub(super) name: NodeId,
    pub(super) key: Arc<NodeSigningKey>,
}

/// Everybody.
#[derive(Debug)]
pub(super) struct Cast {
    nodes: Vec<Identity>,
    /// The keys of all members, by name.
    members: BTreeMap<NodeId, AttestedKey>,
    /// Somebody with a key who is a member of nothing.
    pub(super) stranger: Identity,
    #[cfg(test)]
    impostor: Identity,
    /// The key that object ids of the zone are made with.
    pub(super) object_id_key: ObjectIdKey,
    zone_keys: [ZoneKey; 2],
}

impl Cast {
    fn new() -> Self {
        let nodes: Vec<Identity> = (0..MAX_NODES).map(|index| Identity::new(&format!("n{index:02}"), index)).collect();
        let attested = |identity: &Identity| {
            let attested = AttestedKey { key: identity.key.public(), expires_at: ATTESTED_UNTIL };
            (identity.name.clone(), attested)
        };
        let zone_key = |id: u8, algorithm| ZoneKey::new(zone(), ZoneKeyId::from_bytes([id; 8]), algorithm, [id; 32]);
        Self {
            members: nodes.iter().map(attested).collect(),
            stranger: Identity::new("stranger", MAX_NODES),
            #[cfg(test)]
            impostor: Identity::new("n01", MAX_NODES),
            nodes,
            object_id_key: ObjectIdKey::from_bytes([7; 32]),
            zone_keys: [
                zone_key(1, ZoneKeyAlgorithm::ChaCha20Poly1305),
                zone_key(2, ZoneKeyAlgorithm::XChaCha20Poly1305),
            ],
        }
    }

    /// The node of this number.
    pub(super) fn node(&self, index: usize) -> &Identity {
        self.nodes.get(index).unwrap_or(&self.stranger)
    }

    /// Somebody with the name of the second node and a key of its own.
    #[cfg(test)]
    pub(super) const fn impostor(&self) -> &Identity {
        &self.impostor
    }

    /// The attested key of a member.
    pub(super) fn attested(&self, name: &NodeId) -> Option<AttestedKey> {
        self.members.get(name).copied()
    }

    /// The zone's key: of either algorithm.
    pub(super) fn zone_key(&self, extended: bool) -> &ZoneKey {
        let [plain, x] = &self.zone_keys;
        if extended { x } else { plain }
    }
}

impl Identity {
    fn new(name: &str, index: usize) -> Self {
        let mut seed = [0x5e; 32];
        seed.iter_mut().zip(index.to_le_bytes()).for_each(|(byte, part)| *byte = part);
        #[expect(clippy::expect_used, reason = "the names above are letters and digits")]
        let name = NodeId::new(name).expect("a valid name");
        Self { name, key: Arc::new(NodeSigningKey::from_seed(seed)) }
    }
}

/// Everybody, made once in a process.
pub(super) fn cast() -> &'static Cast {
    static CAST: OnceLock<Cast> = OnceLock::new();
    CAST.get_or_init(Cast::new)
}

/// The zone that all nodes are members of.
pub(super) fn zone() -> ZoneId {
    ZoneId::work()
}

/// When every run begins.
pub(super) fn start() -> Millis {
    Millis::from(START)
}

/// When the attestations of all nodes expire.
pub(super) const fn attested_until() -> Timestamp {
    ATTESTED_UNTIL
}

/// The address of a host.
pub(super) fn address_of(host: usize) -> SocketAddr {
    let number = u8::try_from(host).unwrap_or(u8::MAX);
    SocketAddr::from(([10, 0, 0, number], 4000))
}

/// An address where nobody is.
pub(super) fn nowhere(number: u64) -> SocketAddr {
    let [low, middle, ..] = number.to_le_bytes();
    SocketAddr::from(([198, 18, middle, low], 4000))
}
