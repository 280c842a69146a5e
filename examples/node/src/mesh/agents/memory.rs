//! What decisions must not forget: who was given what, how much is spent, which proofs were used. It is on disk before
//! it is in memory, and before anything that follows from it happens: what could not be written is tried again as a whole.

use std::collections::BTreeMap;

use fcp_caps::authorize::Budget;
use fcp_caps::grant::Spent;
use fcp_caps::pop::{HolderNonce, Proof, ReplayCache};
use fcp_core::cbor::{Decode, Encode};
use fcp_core::id::{Jti, ObjectId};
use fcp_core::object::Provenance;
use fcp_core::time::{TimePolicy, Timestamp};
use fcp_zones::flow::{Bearer, Marks, Source};

use crate::params::hex;
use crate::store::{StateKey, Store, StoreError};

/// How many proofs are remembered.
const MAX_PROOFS: usize = 65_536;

/// See the module.
pub(super) struct Memory {
    marks: Marks,
    used: ReplayCache,
    spent: BTreeMap<Budget, Spent>,
}

/// What was spent of a grant or, by an attenuated token, of the token's bounds.
#[derive(Encode, Decode)]
struct KeptSpent {
    grant: Option<ObjectId>,
    token: Option<Jti>,
    calls: u32,
    bytes: u64,
}

/// A proof that was used.
#[derive(Encode, Decode)]
struct KeptProof {
    jti: Jti,
    request: ObjectId,
    nonce: [u8; 16],
    expires_at: Timestamp,
}

fn marks_key() -> StateKey {
    StateKey::new("agents", "marks")
}

fn keep_spent(budget: Budget, own: &Spent) -> (StateKey, KeptSpent) {
    let (key, grant, token) = match budget {
        Budget::Grant(id) => (StateKey::new("spent", format_args!("grant-{id}")), Some(id), None),
        Budget::Token(jti) => (StateKey::new("spent", format_args!("token-{}", hex(jti.as_bytes()))), None, Some(jti)),
    };
    (key, KeptSpent { grant, token, calls: own.calls, bytes: own.bytes })
}

impl Default for Memory {
    fn default() -> Self {
        Self { marks: Marks::new(), used: ReplayCache::new(MAX_PROOFS), spent: BTreeMap::new() }
    }
}

impl Memory {
    /// What an earlier run knew.
    pub(super) fn load(store: &Store, now: Timestamp) -> Result<Self, StoreError> {
        let mut memory = Self { marks: store.state(&marks_key())?.unwrap_or_default(), ..Self::default() };
        for (_, kept) in store.states::<KeptSpent>("spent")? {
            let budget = match (kept.grant, kept.token) {
                (Some(id), None) => Budget::Grant(id),
                (None, Some(jti)) => Budget::Token(jti),
                _ => return Err(StoreError::Damaged("state")),
            };
            memory.spent.insert(budget, Spent { calls: kept.calls, bytes: kept.bytes });
        }
        for (subject, kept) in store.states::<KeptProof>("proof")? {
            if kept.expires_at.saturating_add(TimePolicy::DEFAULT_SKEW_SECS) < now {
                store.remove_state(&StateKey::new("proof", subject))?;
                continue;
            }
            let proof = Proof { jti: kept.jti, request: kept.request, nonce: HolderNonce::from_bytes(kept.nonce) };
            // No more were kept than fit.
            let _ = memory.used.insert(proof, kept.expires_at, now);
        }
        Ok(memory)
    }

    pub(super) const fn marks(&self) -> &Marks {
        &self.marks
    }

    /// Notes that data goes to somebody, before it goes.
    pub(super) fn deliver(
        &mut self,
        store: &Store,
        bearer: &Bearer,
        provenance: &Provenance,
    ) -> Result<(), StoreError> {
        let mut marks = self.marks.clone();
        if marks.deliver(bearer, Source::of(provenance)) {
            store.put_state(&marks_key(), &marks)?;
            self.marks = marks;
        }
        Ok(())
    }

    pub(super) fn spent(&self, budget: Budget) -> Spent {
        self.spent.get(&budget).copied().unwrap_or_default()
    }

    /// Counts what is spent: all of it or nothing.
    pub(super) fn charge(&mut self, store: &Store, charges: &[(Budget, Spent)]) -> Result<(), StoreError> {
        let mut charged: BTreeMap<Budget, Spent> = BTreeMap::new();
        for (budget, more) in charges {
            let own = charged.entry(*budget).or_insert_with(|| self.spent(*budget));
            own.calls = own.calls.saturating_add(more.calls);
            own.bytes = own.bytes.saturating_add(more.bytes);
        }
        let kept: Vec<(StateKey, KeptSpent)> = charged.iter().map(|(budget, own)| keep_spent(*budget, own)).collect();
        store.put_states(kept.iter().map(|(key, kept)| (key, kept)))?;
        self.spent.append(&mut charged);
        Ok(())
    }

    /// The proofs of this run and of earlier ones.
    pub(super) const fn used(&self) -> &ReplayCache {
        &self.used
    }

    pub(super) const fn used_mut(&mut self) -> &mut ReplayCache {
        &mut self.used
    }

    /// Keeps a proof that was used.
    pub(super) fn keep_proof(store: &Store, proof: &Proof, expires_at: Timestamp) -> Result<(), StoreError> {
        let key = StateKey::new("proof", format_args!("{}-{}", hex(proof.jti.as_bytes()), hex(proof.nonce.as_bytes())));
        let (jti, request, nonce) = (proof.jti, proof.request, *proof.nonce.as_bytes());
        store.put_state(&key, &KeptProof { jti, request, nonce, expires_at })
    }
}

#[cfg(test)]
mod tests {
    use fcp_caps::authorize::Budget;
    use fcp_caps::grant::Spent;
    use fcp_caps::pop::{HolderNonce, Proof};
    use fcp_core::id::{Jti, ObjectId, PrincipalId, ZoneId};
    use fcp_core::object::{Provenance, TaintFlags};
    use fcp_core::time::Timestamp;
    use fcp_zones::flow::Bearer;

    use super::Memory;
    use crate::store::Store;

    #[test]
    fn a_restart_forgets_nothing_that_still_counts() {
        let folder = tempfile::tempdir().unwrap();
        let at = Timestamp::from_secs;
        let (budget, other) = (Budget::Grant(ObjectId::from_bytes([1; 32])), Budget::Token(Jti::from_bytes([2; 16])));
        let proof = |nonce| Proof {
            jti: Jti::from_bytes([2; 16]),
            request: ObjectId::from_bytes([3; 32]),
            nonce: HolderNonce::from_bytes([nonce; 16]),
        };
        let bearer =
            Bearer { zone: ZoneId::private(), sub: PrincipalId::new("agent:assistant").unwrap(), holder_node: None };
        let mut public = Provenance::of_zone(ZoneId::public(), 10, 10, at(1_000));
        public.taint = TaintFlags::PUBLIC_INPUT;
        let marks = {
            let store = Store::open(&folder.path().join("store.redb")).unwrap();
            let mut memory = Memory::load(&store, at(1_000)).unwrap();
            let charge = Spent { calls: 1, bytes: 10 };
            memory.charge(&store, &[(budget, charge), (other, charge)]).unwrap();
            memory.charge(&store, &[(budget, charge)]).unwrap();
            for (nonce, expires_at) in [(1, 1_300), (2, 1_100)] {
                memory.used_mut().insert(proof(nonce), at(expires_at), at(1_000)).unwrap();
                Memory::keep_proof(&store, &proof(nonce), at(expires_at)).unwrap();
            }
            memory.deliver(&store, &bearer, &public).unwrap();
            memory.marks().clone()
        };
        let store = Store::open(&folder.path().join("store.redb")).unwrap();
        let memory = Memory::load(&store, at(1_221)).unwrap();
        assert_eq!(memory.spent(budget), Spent { calls: 2, bytes: 20 });
        assert_eq!(memory.spent(other), Spent { calls: 1, bytes: 10 });
        assert!(memory.used().contains(&proof(1)) && !memory.used().contains(&proof(2)));
        assert_eq!(memory.marks(), &marks);
        assert_ne!(memory.marks(), &fcp_zones::flow::Marks::new());
    }

    #[test]
    fn what_was_not_written_is_not_known_either() {
        let folder = tempfile::tempdir().unwrap();
        let at = Timestamp::from_secs;
        let store = Store::open(&folder.path().join("store.redb")).unwrap();
        let mut memory = Memory::load(&store, at(1_000)).unwrap();
        let bearer =
            Bearer { zone: ZoneId::private(), sub: PrincipalId::new("agent:assistant").unwrap(), holder_node: None };
        let mut public = Provenance::of_zone(ZoneId::public(), 10, 10, at(1_000));
        public.taint = TaintFlags::PUBLIC_INPUT;
        let (grant, token) = (Budget::Grant(ObjectId::from_bytes([1; 32])), Budget::Token(Jti::from_bytes([2; 16])));
        let charge = Spent { calls: 1, bytes: 10 };
        let charges = [(grant, charge), (token, charge), (grant, charge)];

        store.set_full(true);
        for _ in 0..2 {
            memory.deliver(&store, &bearer, &public).unwrap_err();
            memory.charge(&store, &charges).unwrap_err();
        }
        assert_eq!(memory.marks(), &fcp_zones::flow::Marks::new());
        assert_eq!((memory.spent(grant), memory.spent(token)), (Spent::default(), Spent::default()));

        store.set_full(false);
        memory.deliver(&store, &bearer, &public).unwrap();
        memory.charge(&store, &charges).unwrap();
        let again = Memory::load(&store, at(1_000)).unwrap();
        assert_ne!(memory.marks(), &fcp_zones::flow::Marks::new());
        for memory in [&memory, &again] {
            assert_eq!(memory.spent(grant), Spent { calls: 2, bytes: 20 });
            assert_eq!(memory.spent(token), charge);
        }
        assert_eq!(memory.marks(), again.marks());
    }
}
