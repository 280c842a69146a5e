//! What must be true of everybody when a run has come to its end.

use fcp_core::id::ObjectId;
use fcp_core::store::ObjectStore as _;

use super::host::Host;
use super::ledger::Check;
use super::world::World;

impl World {
    /// Whether these hosts have an object.
    pub(super) fn have(&self, hosts: &[usize], id: &ObjectId) -> bool {
        hosts.iter().all(|host| self.host(*host).is_some_and(|host| host.has(id)))
    }

    /// All hosts.
    pub(super) fn everybody(&self) -> Vec<usize> {
        (0..self.hosts.len()).collect()
    }

    /// Waits until all these objects are at all these hosts, and notes where one is missing, or is not what was published.
    pub(super) fn must_arrive(&mut self, within_ms: u64, hosts: &[usize], ids: &[ObjectId]) {
        let all = |world: &Self| ids.iter().all(|id| world.have(hosts, id));
        self.run_until(within_ms, all);
        self.check_objects(hosts, ids);
    }

    /// Notes where an object is missing, or is not what was published.
    pub(super) fn check_objects(&mut self, hosts: &[usize], ids: &[ObjectId]) {
        let mut found = Vec::new();
        for host in hosts.iter().filter_map(|host| self.host(*host)) {
            for id in ids {
                let Ok(entry) = host.disk.objects.get(id);
                let published = self.published.get(id).map(|object| object.canonical_bytes());
                match entry {
                    None => found.push((Check::ObjectMissing, format!("host {} lacks {id}", host.index))),
                    Some(entry) if Some(entry.canonical.as_slice()) != published => {
                        found.push((Check::ObjectWrong, format!("host {} has other bytes as {id}", host.index)));
                    }
                    Some(_) => {}
                }
            }
        }
        found.into_iter().for_each(|(check, what)| self.ledger.violate(check, what));
    }

    /// Waits until every host that is up has a session with each of its peers that is up, and notes who has none.
    pub(super) fn must_connect(&mut self, within_ms: u64) {
        self.run_until(within_ms, |world| world.unconnected().is_empty());
        for (here, there) in self.unconnected() {
            self.ledger.violate(Check::NotConnected, format!("host {here} has no session with `{there}`"));
        }
    }

    /// Notes whether a host has a session, which it should not have.
    pub(super) fn must_have_no_session(&mut self, index: usize) {
        let life = self.host(index).and_then(|host| host.life.as_ref());
        let sessions = life.map_or(0, |life| life.table.sessions().count());
        if sessions > 0 {
            self.ledger.violate(Check::LetIn, format!("host {index} has {sessions} sessions and should have none"));
        }
    }

    /// Notes who else has an object that its host keeps in quarantine, or has heard of it.
    pub(super) fn must_stay_at(&mut self, index: usize, id: ObjectId) {
        let others = self.hosts.iter().filter(|host| host.index != index);
        let knows = others.filter(|host| host.has(&id) || host.has_heard_of(&id)).map(|host| host.index);
        for knows in knows.collect::<Vec<_>>() {
            let what = format!("host {knows} knows of {id}, which host {index} keeps in quarantine");
            self.ledger.violate(Check::Quarantine, what);
        }
    }

    fn unconnected(&self) -> Vec<(usize, String)> {
        let is_up = |host: &&Host| host.life.is_some();
        let mut missing = Vec::new();
        for host in self.hosts.iter().filter(is_up) {
            let local = host.local(self.now);
            for (peer, address) in &host.peers {
                let up = self.hosts.iter().filter(is_up).any(|other| other.address == *address);
                let table = host.life.as_ref().map(|life| &life.table);
                if up && table.is_some_and(|table| table.session_with(local, peer).is_none()) {
                    missing.push((host.index, peer.as_str().to_owned()));
                }
            }
        }
        missing
    }
}
