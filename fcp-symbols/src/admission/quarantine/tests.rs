#![expect(clippy::arithmetic_side_effects, reason = "a test counts with small numbers")]

use core::cmp::Reverse;

use fcp_core::error::Reason;
use fcp_core::id::{NodeId, ObjectId, ObjectIdKey, ZoneId};
use fcp_core::object::{MeshObject as _, ObjectHeader, Provenance, StoredObject};
use fcp_core::time::Timestamp;
use proptest::prelude::*;

use super::{Departed, Departure, Held, ObjectAdmissionPolicy, Quarantine};
use crate::admission::{Admitted, Frontier, ObjectAdmissionClass, Reputation, SchemaChecked, Unreachable};
use crate::chunk::{ChunkedObjectManifest, RawChunk};

const POLICY: ObjectAdmissionPolicy = ObjectAdmissionPolicy {
    max_quarantine_bytes_per_zone: 100,
    max_quarantine_objects_per_zone: 8,
    max_quarantine_bytes_per_peer: 60,
    max_quarantine_objects_per_peer: 4,
    quarantine_ttl_secs: 50,
};

const fn at(seconds: u64) -> Timestamp {
    Timestamp::from_secs(1_700_000_000 + seconds)
}

const fn id(byte: u8) -> ObjectId {
    ObjectId::from_bytes([byte; 32])
}

fn nobody(_: &NodeId) -> Reputation {
    Reputation::default()
}

mod made {
    use super::*;

    pub(super) fn node(name: &str) -> NodeId {
        NodeId::new(name).unwrap()
    }

    pub(super) fn chunk() -> StoredObject {
        let provenance = Provenance::of_zone(ZoneId::work(), 60, 60, at(0));
        let header = ObjectHeader::for_type::<RawChunk>(provenance);
        RawChunk { header, bytes: vec![7; 10] }.seal(&ObjectIdKey::from_bytes([1; 32])).unwrap()
    }
}
use made::{chunk, node};

fn left(departed: &[Departed]) -> Vec<(u8, &str, Departure)> {
    departed.iter().map(|gone| (gone.object.as_bytes()[0], gone.peer.as_str(), gone.why)).collect()
}

#[test]
fn a_peer_makes_room_for_itself_and_for_nobody_else() {
    let (mut quarantine, zone) = (Quarantine::new(POLICY), ZoneId::work());
    let (anna, ben) = (node("anna"), node("ben"));
    let mut add = |seconds, peer: &NodeId, object, bytes| {
        let departed = quarantine.add(at(seconds), &zone, peer, id(object), bytes, nobody);
        departed.map(|departed| {
            left(&departed).iter().map(|(object, peer, why)| (*object, (*peer).to_owned(), *why)).collect::<Vec<_>>()
        })
    };
    assert_eq!(add(0, &anna, 1, 30), Ok(vec![]));
    assert_eq!(add(1, &ben, 1, 30), Ok(vec![]), "each peer has its own of an object");
    assert_eq!(add(2, &anna, 2, 30), Ok(vec![]));
    assert_eq!(add(3, &anna, 3, 1), Ok(vec![(1, "anna".into(), Departure::PeerQuota)]));
    assert_eq!(add(4, &anna, 2, 30), Ok(vec![(2, "anna".into(), Departure::PeerQuota)]), "its own former bytes");
    assert_eq!(add(5, &anna, 2, 31), Err(super::OverQuota));
    assert_eq!(add(5, &ben, 4, 61).map_err(|error| error.reason().code()), Err("admission.quarantine_quota"));
    for object in 5..7 {
        assert_eq!(add(6, &anna, object, 1), Ok(vec![]));
    }
    assert_eq!(add(7, &anna, 7, 1), Ok(vec![(3, "anna".into(), Departure::PeerQuota)]), "a fifth object");

    assert_eq!(quarantine.of_peer(&zone, &anna), (33, 4));
    assert_eq!(quarantine.of_zone(&zone), (63, 5));
    let held = Held { received_at: at(1), bytes: 30 };
    assert_eq!(quarantine.of_object(&zone, id(1)).collect::<Vec<_>>(), [(&ben, held)]);
    assert_eq!(quarantine.class_of(&zone, id(1)), Some(ObjectAdmissionClass::Quarantined));
    assert_eq!(quarantine.class_of(&ZoneId::private(), id(1)), None);
    assert_eq!(left(&quarantine.forget_peer(&ben)), [(1, "ben", Departure::Forgotten)]);
    assert_eq!(left(&quarantine.forget(&zone, id(6))), [(6, "anna", Departure::Forgotten)]);
    assert_eq!(quarantine.of_zone(&zone), (32, 3));
}

#[test]
fn a_zone_gives_up_what_is_oldest_worst_and_largest() {
    let (mut quarantine, zone) = (Quarantine::new(POLICY), ZoneId::work());
    let (anna, ben) = (node("anna"), node("ben"));
    let reputation = |peer: &NodeId| Reputation::new(if peer.as_str() == "ben" { -1 } else { 0 });
    for (seconds, peer, object, bytes) in
        [(1, &anna, 9, 10), (0, &anna, 1, 10), (0, &ben, 2, 5), (0, &ben, 3, 6), (0, &anna, 5, 11), (0, &anna, 4, 11)]
    {
        assert_eq!(quarantine.add(at(seconds), &zone, peer, id(object), bytes, reputation), Ok(vec![]));
    }
    let departed = quarantine.add(at(2), &zone, &node("carl"), id(10), 60, reputation).unwrap();
    assert_eq!(
        left(&departed),
        [(3, "ben", Departure::ZoneQuota), (2, "ben", Departure::ZoneQuota), (4, "anna", Departure::ZoneQuota)]
    );
    let departed = quarantine.add(at(2), &zone, &node("dora"), id(10), 40, reputation).unwrap();
    let all = Departure::ZoneQuota;
    assert_eq!(left(&departed), [(5, "anna", all), (1, "anna", all), (9, "anna", all)]);
}

#[test]
fn what_was_there_too_long_goes() {
    let mut quarantine = Quarantine::new(POLICY);
    let (anna, ben) = (node("anna"), node("ben"));
    assert_eq!(quarantine.poll_timeout(), None);
    quarantine.add(at(5), &ZoneId::work(), &anna, id(1), 1, nobody).unwrap();
    quarantine.add(at(3), &ZoneId::private(), &ben, id(2), 1, nobody).unwrap();
    quarantine.add(at(40), &ZoneId::private(), &ben, id(2), 1, nobody).unwrap();
    assert_eq!(quarantine.poll_timeout(), Some(at(53)));
    assert_eq!(quarantine.expire(at(52)), []);
    assert_eq!(left(&quarantine.expire(at(53))), [(2, "ben", Departure::Expired)]);
    assert_eq!((quarantine.zones.len(), quarantine.poll_timeout()), (1, Some(at(55))));
    assert_eq!(left(&quarantine.expire(at(1000))), [(1, "anna", Departure::Expired)]);
    assert_eq!(quarantine.poll_timeout(), None);
}

struct Wanted {
    reached: bool,
    pinned: bool,
}

impl Frontier for Wanted {
    fn reaches(&self, zone: &ZoneId, object: &ObjectId) -> bool {
        self.reached && *zone == ZoneId::work() && *object == chunk().id()
    }

    fn pins(&self, _: &ZoneId, object: &ObjectId) -> bool {
        self.pinned && *object == chunk().id()
    }
}

#[test]
fn an_object_is_admitted_when_it_is_checked_and_wanted() {
    let (mut quarantine, zone, object) = (Quarantine::new(POLICY), ZoneId::work(), chunk());
    for (peer, bytes) in [("anna", 10), ("ben", 20)] {
        quarantine.add(at(0), &zone, &node(peer), object.id(), bytes, nobody).unwrap();
    }
    quarantine.add(at(0), &zone, &node("ben"), id(1), 1, nobody).unwrap();
    let opens = |object: &StoredObject| object.open::<RawChunk>().map(drop).map_err(|error| error.reason());
    let other =
        |object: &StoredObject| object.open::<ChunkedObjectManifest>().map(drop).map_err(|error| error.reason());
    assert_eq!(SchemaChecked::new(&object, other), Err(Reason::ObjectSchemaMismatch));
    let checked = SchemaChecked::new(&object, opens).unwrap();
    assert_eq!((checked.id(), checked.zone()), (object.id(), &zone));

    let promote = |quarantine: &mut Quarantine, reached, pinned| {
        quarantine.promote(&checked, &Wanted { reached, pinned }).map(|(admitted, departed)| {
            assert_eq!((admitted.id(), admitted.zone()), (object.id(), &zone));
            departed
                .into_iter()
                .map(|gone| (gone.peer.as_str().to_owned(), gone.held.bytes, gone.why))
                .collect::<Vec<_>>()
        })
    };
    assert_eq!(promote(&mut quarantine, false, false), Err(Unreachable));
    assert_eq!(Unreachable.reason().code(), "admission.unreachable");
    assert_eq!(quarantine.of_zone(&zone), (31, 3), "a request or a try changes nothing");
    let gone = [("anna".to_owned(), 10, Departure::Promoted), ("ben".to_owned(), 20, Departure::Promoted)];
    assert_eq!(promote(&mut quarantine, true, false).as_deref(), Ok(&gone[..]));
    assert_eq!(promote(&mut quarantine, false, true), Ok(vec![]));
    assert_eq!(quarantine.of_zone(&zone), (1, 1));
    assert!(Admitted::new(&checked, &Wanted { reached: true, pinned: false }).is_ok());
    assert!(!ObjectAdmissionClass::Quarantined.is_gossiped() && ObjectAdmissionClass::Admitted.is_gossiped());
}

/// A list that is sorted anew for every question.
#[derive(Default)]
struct Model {
    entries: Vec<(Timestamp, u64, ObjectId, usize)>,
}

impl Model {
    fn sums(&self, peer: Option<usize>) -> (u64, u32) {
        let of = self.entries.iter().filter(|entry| peer.is_none_or(|peer| entry.3 == peer));
        of.fold((0, 0), |(bytes, count), entry| (bytes + entry.1, count + 1))
    }

    fn evict(&mut self, peer: Option<usize>, reputations: &[i32]) -> Option<(ObjectId, usize)> {
        let key = |entry: &(Timestamp, u64, ObjectId, usize)| {
            (entry.0, reputations.get(entry.3).copied(), Reverse(entry.1), entry.2, entry.3)
        };
        let of = self.entries.iter().enumerate().filter(|(_, entry)| peer.is_none_or(|peer| entry.3 == peer));
        let (index, _) = of.min_by_key(|(_, entry)| key(entry))?;
        let (_, _, object, peer) = self.entries.remove(index);
        Some((object, peer))
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn the_shelf_is_a_sorted_list(
        steps in proptest::collection::vec((0_u64..3, 0_usize..4, 0_u8..12, 1_u64..40, -2_i32..2), 1..120),
    ) {
        let (mut quarantine, mut model, zone) = (Quarantine::new(POLICY), Model::default(), ZoneId::work());
        let peers = ["a", "b", "c", "d"].map(node);
        let mut reputations = [0; 4];
        let mut now = at(0);
        for (pause, peer, object, bytes, reputation) in steps {
            now = now.saturating_add(pause);
            reputations[peer] = reputation;
            let mut gone = Vec::new();
            while let Some(index) = model.entries.iter().position(|entry| entry.0.saturating_add(50) <= now) {
                gone.push((model.entries[index].2, model.entries[index].3));
                model.entries.remove(index);
            }
            let place = |peer: &NodeId| peers.iter().position(|other| other == peer).unwrap();
            let mut expired: Vec<_> = quarantine.expire(now).iter().map(|gone| (gone.object, place(&gone.peer))).collect();
            expired.sort();
            gone.sort();
            prop_assert_eq!(expired, gone);

            let own = |model: &Model| model.entries.iter().position(|entry| entry.2 == id(object) && entry.3 == peer);
            let outcome = quarantine.add(now, &zone, &peers[peer], id(object), bytes, |peer| {
                Reputation::new(reputations[place(peer)])
            });
            let before = own(&model).map_or(0, |index| model.entries[index].1);
            if before + bytes > 60 {
                prop_assert_eq!(outcome, Err(super::OverQuota));
                continue;
            }
            let mut gone = Vec::new();
            for (of, max_bytes, max_objects) in [(Some(peer), 60, 4), (None, 100, 8)] {
                loop {
                    let (sum, count) = model.sums(of);
                    if sum + bytes <= max_bytes && count + u32::from(own(&model).is_none()) <= max_objects {
                        break;
                    }
                    gone.extend(model.evict(of, &reputations));
                }
            }
            match own(&model) {
                Some(index) => model.entries[index].1 += bytes,
                None => model.entries.push((now, bytes, id(object), peer)),
            }
            let departed: Vec<_> = outcome.unwrap().iter().map(|gone| (gone.object, place(&gone.peer))).collect();
            prop_assert_eq!(departed, gone);
            prop_assert_eq!(quarantine.of_zone(&zone), model.sums(None));
            for (index, peer) in peers.iter().enumerate() {
                prop_assert_eq!(quarantine.of_peer(&zone, peer), model.sums(Some(index)));
            }
        }
    }
}

#[test]
fn a_full_zone_stays_quick() {
    let (mut quarantine, zone) = (Quarantine::new(ObjectAdmissionPolicy::default()), ZoneId::work());
    let peers: Vec<NodeId> = (0..8).map(|number| node(&format!("n{number}"))).collect();
    let mut departed = 0;
    for number in 0_u32..120_000 {
        let mut bytes = [0; 32];
        bytes[..4].copy_from_slice(&number.wrapping_mul(0x9e37_79b9).to_be_bytes());
        let peer = &peers[number as usize % 8];
        let object = ObjectId::from_bytes(bytes);
        departed += quarantine.add(at(u64::from(number) / 100), &zone, peer, object, 1152, nobody).unwrap().len();
    }
    assert_eq!((departed, quarantine.of_zone(&zone).1), (20_000, 100_000));
    assert_eq!(quarantine.expire(at(5000)).len(), 100_000);
}
