use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use fcp_core::id::{ObjectId, ObjectIdKey, ZoneId};
use fcp_core::object::StoredObject;
use fcp_core::object::{MeshObject as _, ObjectHeader, Provenance, QuorumSignatureSet, RetentionClass, StorageMeta};
use fcp_core::time::Timestamp;
use proptest::prelude::*;

use crate::admission::Reputation;

use super::{Collector, EvictionReason, GcObject, GcPlan, Inventory, Links, collect};

const NOW: Timestamp = Timestamp::from_secs(1000);
const EPHEMERAL: RetentionClass = RetentionClass::Ephemeral;

fn id(byte: u8) -> ObjectId {
    ObjectId::from_bytes([byte; 32])
}

fn leased(until: u64) -> RetentionClass {
    RetentionClass::Lease { expires_at: Timestamp::from_secs(until) }
}

/// An object of a test: number, links, and the rest.
#[derive(Debug, Clone)]
struct Held {
    id: u8,
    links: Links,
    retention: RetentionClass,
    bytes: u64,
    received_at: u64,
    reputation: i32,
}

fn held(number: u8, refs: &[u8]) -> Held {
    let links = Links { refs: refs.iter().copied().map(id).collect(), ..Links::default() };
    Held { id: number, links, retention: EPHEMERAL, bytes: 10, received_at: u64::from(number), reputation: 0 }
}

fn inventory(objects: &[Held]) -> Inventory {
    let object = |held: &Held| {
        let meta = StorageMeta { retention: held.retention, received_at: Timestamp::from_secs(held.received_at) };
        GcObject { reputation: Reputation::new(held.reputation), ..GcObject::new(id(held.id), meta, held.bytes) }
    };
    let mut inventory = Inventory::new();
    for held in objects {
        inventory.push(object(held).with_links(&held.links));
    }
    inventory
}

fn run(objects: &[Held], roots: &[u8], quota: u64) -> GcPlan {
    let roots: Vec<_> = roots.iter().copied().map(id).collect();
    collect(inventory(objects), &roots, quota, NOW)
}

fn evicted(plan: &GcPlan) -> Vec<(u8, EvictionReason)> {
    plan.evicted.iter().map(|evicted| (evicted.id.as_bytes()[0], evicted.reason)).collect()
}

fn live(plan: &GcPlan) -> Vec<u8> {
    plan.live.iter().map(|id| id.as_bytes()[0]).collect()
}

#[test]
fn a_pin_is_never_evicted_and_makes_reachable() {
    let pinned = Held { retention: RetentionClass::Pinned, ..held(5, &[6]) };
    let plan = run(&[held(1, &[2]), held(2, &[]), held(3, &[]), pinned.clone(), held(6, &[])], &[1], 1000);
    assert_eq!(live(&plan), [1, 2, 5, 6]);
    assert_eq!(evicted(&plan), [(3, EvictionReason::Unreachable)]);
    // Under pressure the pin and the root stay, and what they reference does not.
    let plan = run(&[held(1, &[2]), held(2, &[]), pinned, held(6, &[])], &[1], 0);
    assert_eq!(live(&plan), [1, 5]);
    assert_eq!(evicted(&plan), [(2, EvictionReason::OverQuota), (6, EvictionReason::OverQuota)]);
    assert_eq!((plan.kept_bytes, plan.freed_bytes, plan.over_quota_bytes), (20, 20, 20));
}

#[test]
fn a_lease_holds_what_it_references_until_its_last_second_is_over() {
    let with = |until| [Held { retention: leased(until), ..held(1, &[2]) }, held(2, &[3]), held(3, &[])];
    assert_eq!(live(&run(&with(1001), &[], 0)), [1, 2, 3]);
    assert_eq!(live(&run(&with(1000), &[], 1000)), []);
    // An expired lease that is reachable is as good as ephemeral.
    assert_eq!(live(&run(&with(1000), &[1], 1000)), [1, 2, 3]);
    let reachable = [held(9, &[1]), Held { retention: leased(1000), ..held(1, &[]) }];
    assert_eq!(evicted(&run(&reachable, &[9], 10)), [(1, EvictionReason::OverQuota)]);
}

#[test]
fn goes_in_order_of_age_reputation_size_and_id() {
    let at = |number: u8, received_at, reputation, bytes| Held { received_at, reputation, bytes, ..held(number, &[]) };
    let objects = [at(7, 5, 0, 10), at(6, 5, 0, 10), at(5, 5, 0, 20), at(4, 5, -1, 1), at(3, 5, 1, 99), at(2, 4, 9, 1)];
    let order: Vec<u8> = evicted(&run(&objects, &[], 1000)).into_iter().map(|(id, _)| id).collect();
    assert_eq!(order, [2, 4, 5, 6, 7, 3]);
    // The same order when all are reachable, and no more than needed: 141 − 1 − 1 − 20 = 119.
    let mut objects = objects.to_vec();
    objects.push(Held { bytes: 0, ..held(1, &[2, 3, 4, 5, 6, 7]) });
    let plan = run(&objects, &[1], 119);
    assert_eq!(evicted(&plan).into_iter().map(|(id, _)| id).collect::<Vec<_>>(), [2, 4, 5]);
    assert_eq!((plan.kept_bytes, plan.over_quota_bytes), (119, 0));
}

#[test]
fn cycles_and_missing_references_do_no_harm() {
    let plan = run(&[held(1, &[2]), held(2, &[1, 9]), held(3, &[4]), held(4, &[3])], &[1, 8], 1000);
    assert_eq!((live(&plan), plan.missing_links), (vec![1, 2], 1));
    assert_eq!(evicted(&plan).len(), 2);
    assert_eq!(run(&[], &[1], 0), GcPlan::default());
}

#[test]
fn an_id_counts_once() {
    let plan = run(&[held(1, &[]), Held { bytes: 99, ..held(1, &[2]) }, held(2, &[])], &[1], 1000);
    assert_eq!((live(&plan), plan.kept_bytes, plan.freed_bytes), (vec![1], 10, 10));
}

#[test]
fn a_signature_set_lives_and_dies_with_its_target() {
    let of = |target: u8| Held {
        links: Links { target: Some(id(target)), refs: vec![id(target)], prev: None },
        ..held(7, &[])
    };
    assert_eq!(live(&run(&[held(1, &[2]), held(2, &[]), of(2)], &[1], 1000)), [1, 2, 7]);
    assert_eq!(live(&run(&[held(1, &[]), held(2, &[]), of(2)], &[1], 1000)), [1]);
    assert_eq!(live(&run(&[held(1, &[]), of(9)], &[1], 1000)), [1]);
    let plan = run(&[held(1, &[2]), held(2, &[]), of(2)], &[1], 10);
    assert_eq!(evicted(&plan), [(2, EvictionReason::OverQuota), (7, EvictionReason::WithTarget)]);
    assert_eq!(live(&run(&[Held { retention: leased(2000), ..held(2, &[]) }, of(2)], &[], 0)), [2, 7]);
}

#[test]
fn a_chain_of_a_hundred_thousand_needs_no_stack() {
    let name = |number: u32| {
        let mut bytes = [0; 32];
        bytes[..4].copy_from_slice(&number.to_le_bytes());
        ObjectId::from_bytes(bytes)
    };
    let meta = StorageMeta { retention: EPHEMERAL, received_at: NOW };
    let mut inventory = Inventory::with_capacity(100_000, 100_000);
    for number in 0..100_000 {
        inventory.push(GcObject { prev: Some(name(number + 1)), ..GcObject::new(name(number), meta, 1) });
    }
    let plan = collect(inventory, &[name(0)], u64::MAX, NOW);
    assert_eq!((plan.live.len(), plan.missing_links, plan.evicted.len()), (100_000, 1, 0));
}

#[test]
fn links_of_the_two_special_types_are_read() {
    let key = ObjectIdKey::public();
    let provenance = Provenance::of_zone(ZoneId::work(), 60, 60, NOW);
    let header = ObjectHeader::for_type::<QuorumSignatureSet>(provenance.clone()).with_refs(vec![id(4)]);
    let set = QuorumSignatureSet { header, target: id(4), signatures: Default::default() }.seal(&key).unwrap();
    assert_eq!(Links::of(&set), Links { refs: vec![id(4)], prev: None, target: Some(id(4)) });

    // An event of which only `prev` is written down: nothing else is looked at.
    let schema = fcp_core::id::SchemaId::new("fcp.core:AuditEvent@2.0.0").unwrap();
    let header = ObjectHeader::new(schema.clone(), provenance).with_refs(vec![id(1)]);
    let body = [&schema.hash().as_bytes()[..], b"\xa1\x64prev\x58\x20", &[7; 32]].concat();
    let event = StoredObject::from_parts(header, &body, &key);
    assert_eq!(Links::of(&event), Links { refs: vec![id(1)], prev: Some(id(7)), target: None });
}

/// The rules as they are written, without any thought of speed.
fn naive(objects: &[Held], roots: &[u8], quota: u64) -> (BTreeSet<u8>, Vec<u8>) {
    let by_id: BTreeMap<u8, &Held> = objects.iter().map(|held| (held.id, held)).collect();
    let closure = |mut set: BTreeSet<u8>| loop {
        let before = set.len();
        for held in objects {
            let number = |id: &ObjectId| id.as_bytes()[0];
            if set.contains(&held.id) {
                let links = held.links.refs.iter().chain(&held.links.prev).chain(&held.links.target);
                set.extend(links.map(number).filter(|id| by_id.contains_key(id)));
            }
            if held.links.target.as_ref().is_some_and(|target| set.contains(&number(target))) {
                set.insert(held.id);
            }
        }
        if set.len() == before {
            break set;
        }
    };
    let pinned = |held: &&Held| held.retention == RetentionClass::Pinned;
    let is_leased = |held: &&Held| matches!(held.retention, RetentionClass::Lease { expires_at } if NOW < expires_at);
    let is_root: BTreeSet<u8> = objects
        .iter()
        .filter(pinned)
        .map(|held| held.id)
        .chain(roots.iter().copied().filter(|id| by_id.contains_key(id)))
        .collect();
    let lease: BTreeSet<u8> = closure(objects.iter().filter(is_leased).map(|held| held.id).collect());
    let reachable = closure(is_root.union(&lease).copied().collect());
    fn in_order(mut held: Vec<&Held>) -> Vec<&Held> {
        held.sort_by_key(|held| (held.received_at, held.reputation, Reverse(held.bytes), held.id));
        held
    }
    let mut gone: Vec<u8> = in_order(objects.iter().filter(|held| !reachable.contains(&held.id)).collect())
        .iter()
        .map(|held| held.id)
        .collect();
    let mut stays = reachable;
    let size = |stays: &BTreeSet<u8>| stays.iter().map(|id| by_id[id].bytes).sum::<u64>();
    for held in in_order(objects.iter().collect()) {
        let may_go = stays.contains(&held.id) && !lease.contains(&held.id) && !is_root.contains(&held.id);
        if size(&stays) <= quota || !may_go || held.links.target.is_some() {
            continue;
        }
        stays.remove(&held.id);
        gone.push(held.id);
        for sidecar in objects {
            let free = stays.contains(&sidecar.id) && !lease.contains(&sidecar.id) && !is_root.contains(&sidecar.id);
            if sidecar.links.target == Some(id(held.id)) && free {
                stays.remove(&sidecar.id);
                gone.push(sidecar.id);
            }
        }
    }
    (stays, gone)
}

fn arbitrary() -> impl Strategy<Value = Vec<Held>> {
    let retention = prop_oneof![
        6 => Just(EPHEMERAL),
        1 => Just(RetentionClass::Pinned),
        2 => (998_u64..1003).prop_map(leased),
    ];
    let links = (
        prop::collection::vec(1_u8..24, 0..4),
        prop::option::weighted(0.2, 1_u8..24),
        prop::option::weighted(0.1, 1_u8..24),
    );
    let one = (links, retention, 0_u64..50, 0_u64..4, -1_i32..2);
    prop::collection::vec(one, 0..20).prop_map(|objects| {
        let held = |(index, ((refs, prev, target), retention, bytes, received_at, reputation)): (usize, _)| {
            let refs: Vec<u8> = refs;
            let links = Links {
                refs: refs.into_iter().map(id).collect(),
                prev: Option::map(prev, id),
                target: Option::map(target, id),
            };
            let id = u8::try_from(index).unwrap().saturating_add(1);
            Held { id, links, retention, bytes, received_at, reputation }
        };
        objects.into_iter().enumerate().map(held).collect()
    })
}

proptest! {
    #[test]
    fn keeps_exactly_what_the_rules_say(
        objects in arbitrary(),
        roots in prop::collection::vec(1_u8..24, 0..3),
        quota in prop_oneof![Just(u64::MAX), 0_u64..400],
        budget in 1_usize..5,
    ) {
        let plan = run(&objects, &roots, quota);
        let (stays, gone) = naive(&objects, &roots, quota);
        prop_assert_eq!(live(&plan), stays.into_iter().collect::<Vec<_>>());
        let order: Vec<u8> = plan.evicted.iter().map(|evicted| evicted.id.as_bytes()[0]).collect();
        prop_assert_eq!(order, gone);
        let sum: u64 = objects.iter().map(|held| held.bytes).sum();
        prop_assert_eq!(plan.kept_bytes.saturating_add(plan.freed_bytes), sum);

        // In steps, however small, the same.
        let roots: Vec<_> = roots.iter().copied().map(id).collect();
        let mut collector = Collector::new(inventory(&objects), &roots, quota, NOW);
        while !collector.step(budget) {}
        prop_assert_eq!(collector.finish(), plan);
    }

    #[test]
    fn what_is_shaded_stays(objects in arbitrary(), shaded in 1_u8..20) {
        let mut collector = Collector::new(inventory(&objects), &[], u64::MAX, NOW);
        collector.step(2);
        collector.shade(&id(shaded));
        let plan = collector.finish();
        let is_held = objects.iter().any(|held| held.id == shaded);
        prop_assert_eq!(plan.live.contains(&id(shaded)), is_held);
        prop_assert_eq!(&plan.live, &run(&objects, &[shaded], u64::MAX).live);
    }
}
