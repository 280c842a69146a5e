#![expect(clippy::arithmetic_side_effects, reason = "the small numbers of tests")]

use fcp_core::cbor::Value;
use fcp_core::id::{ConnectorId, EpochId, ObjectIdKey, ZoneId};
use fcp_core::object::{MeshObject as _, Message as _, Provenance, StoredObject};
use fcp_core::time::Timestamp;
use proptest::prelude::*;

use super::{EpochBuffer, EventError, EventLimits, Offered};
use crate::events::{EventBatch, EventEnvelope, MAX_EVENTS};

const EPOCH: EpochId = EpochId::new(5_000_000);

fn event(topic: &str, seq: u64, second: u64) -> EventEnvelope {
    EventEnvelope {
        topic: topic.into(),
        timestamp: EPOCH.start().saturating_add(second),
        seq,
        cursor: format!("c{seq}"),
        requires_ack: seq.is_multiple_of(2),
        data: Value::map([("n", Value::from(seq))]),
    }
}

fn buffer(limits: EventLimits) -> EpochBuffer {
    EpochBuffer::new(ConnectorId::new("example.notebook").unwrap(), limits)
}

fn provenance() -> Provenance {
    Provenance::of_zone(ZoneId::work(), 60, 60, Timestamp::from_secs(7))
}

fn at(second: u64) -> Timestamp {
    EPOCH.start().saturating_add(second)
}

fn seal(batch: &EventBatch) -> StoredObject {
    batch.seal(&ObjectIdKey::public()).unwrap()
}

#[test]
fn an_epoch_becomes_a_batch_when_it_is_over() {
    let mut buffer = buffer(EventLimits::default());
    assert_eq!(buffer.poll_timeout(), None);
    assert_eq!(buffer.offer(at(1), event("b", 0, 1)), Ok(Offered::Taken));
    assert_eq!(buffer.offer(at(2), event("a", 1, 2)), Ok(Offered::Taken));
    assert_eq!(buffer.offer(at(2), event("a", 1, 2)), Ok(Offered::Known));
    assert_eq!(buffer.offer(at(301), event("a", 2, 301)), Ok(Offered::Taken));
    assert_eq!((buffer.poll_timeout(), buffer.waiting().0), (Some(at(330)), 3));
    assert_eq!(buffer.finalize(at(329), &provenance()), []);
    let batches = buffer.finalize(at(330), &provenance());
    assert_eq!(batches.len(), 1);
    let batch = &batches[0];
    assert_eq!((batch.epoch_id, batch.part, batch.header.created_at), (EPOCH, 0, at(300)));
    assert_eq!(batch.events, [event("a", 1, 2), event("b", 0, 1)]);
    assert_eq!((buffer.poll_timeout(), buffer.waiting().0), (Some(at(630)), 1));

    let sealed = seal(batch);
    let opened = sealed.open::<EventBatch>().unwrap();
    assert_eq!(opened.into_inner(), *batch);
    // What was in a batch is not taken again.
    assert_eq!(buffer.offer(at(340), event("a", 1, 2)), Ok(Offered::Known));
    assert_eq!(buffer.finalize(at(10_000), &provenance()).len(), 1);
    assert_eq!(buffer.waiting(), (0, 0));
}

#[test]
fn what_is_late_goes_into_a_further_part_until_it_is_too_late() {
    let mut buffer = buffer(EventLimits { late_epochs: 2, ..EventLimits::default() });
    buffer.offer(at(1), event("a", 0, 1)).unwrap();
    buffer.finalize(at(330), &provenance());
    // Late ones wait for each other until the current epoch is over.
    assert_eq!(buffer.offer(at(340), event("a", 2, 3)), Ok(Offered::Taken));
    assert_eq!(buffer.offer(at(500), event("a", 1, 2)), Ok(Offered::Taken));
    assert_eq!(buffer.poll_timeout(), Some(at(630)));
    let batches = buffer.finalize(at(630), &provenance());
    assert_eq!((batches.len(), batches[0].epoch_id, batches[0].part), (1, EPOCH, 1));
    assert_eq!(batches[0].events, [event("a", 1, 2), event("a", 2, 3)]);
    assert_eq!(buffer.offer(at(899), event("a", 3, 4)), Ok(Offered::Taken));
    assert_eq!(buffer.offer(at(900), event("a", 4, 4)), Err(EventError::TooLate));
    assert_eq!(buffer.offer(at(0), event("a", 5, 599)), Ok(Offered::Taken));
    assert_eq!(buffer.offer(at(0), event("a", 5, 600)), Err(EventError::TooEarly));
}

#[test]
fn of_two_events_in_one_place_the_order_decides_nothing() {
    let (one, mut other) = (event("a", 0, 1), event("a", 0, 1));
    other.data = Value::Null;
    let sealed = [[one.clone(), other.clone()], [other.clone(), one.clone()]].map(|events| {
        let mut buffer = buffer(EventLimits::default());
        let [first, second] = events.map(|event| buffer.offer(at(1), event).unwrap());
        assert_eq!(first, Offered::Taken);
        assert!(matches!(second, Offered::Conflict { .. }));
        seal(&buffer.finalize(at(330), &provenance())[0])
    });
    assert_eq!(sealed[0], sealed[1]);
}

#[test]
fn is_bounded() {
    let mut small = buffer(EventLimits { max_events: 2, ..EventLimits::default() });
    small.offer(at(1), event("a", 0, 1)).unwrap();
    small.offer(at(1), event("a", 1, 1)).unwrap();
    assert_eq!(small.offer(at(1), event("a", 2, 1)), Err(EventError::Full));
    let (_, bytes) = small.waiting();
    let mut narrow = buffer(EventLimits { max_bytes: bytes, ..EventLimits::default() });
    narrow.offer(at(1), event("a", 0, 1)).unwrap();
    narrow.offer(at(1), event("a", 1, 1)).unwrap();
    assert_eq!(narrow.offer(at(1), event("a", 2, 1)), Err(EventError::Full));
    // What was in batches is remembered within bounds, and what is forgotten is not taken anew.
    small.finalize(at(330), &provenance());
    small.offer(at(331), event("b", 0, 301)).unwrap();
    small.finalize(at(630), &provenance());
    assert_eq!(small.offer(at(631), event("a", 0, 1)), Err(EventError::TooLate));
    assert_eq!(small.offer(at(631), event("b", 0, 301)), Ok(Offered::Known));
    let long = EventEnvelope { topic: "t".repeat(257), ..event("a", 0, 1) };
    assert_eq!(small.offer(at(631), long).unwrap_err().reason().code(), "cbor.out_of_range");
}

#[test]
fn a_large_epoch_is_cut() {
    let mut buffer = buffer(EventLimits::default());
    for seq in 0..MAX_EVENTS as u64 + 1 {
        buffer.offer(at(1), event("a", seq, 1)).unwrap();
    }
    let batches = buffer.finalize(at(330), &provenance());
    let counts: Vec<_> = batches.iter().map(|batch| (batch.part, batch.events.len())).collect();
    assert_eq!(counts.iter().map(|(_, count)| count).sum::<usize>(), MAX_EVENTS + 1);
    assert!(counts.len() >= 2 && counts.iter().zip(0..).all(|((part, _), index)| *part == index));
    for batch in &batches {
        let sealed = seal(batch);
        assert!(sealed.canonical_bytes().len() < 256 * 1024);
        sealed.open::<EventBatch>().unwrap();
    }
}

#[test]
fn other_batches_are_refused() {
    let mut buffer = buffer(EventLimits::default());
    for seq in 0..3 {
        buffer.offer(at(1), event("a", seq, 1)).unwrap();
    }
    let batch = buffer.finalize(at(330), &provenance()).remove(0);
    let code = |change: &dyn Fn(&mut EventBatch)| {
        let mut changed = batch.clone();
        change(&mut changed);
        EventBatch::from_body(&changed.to_body()).map(drop).map_err(|error| error.reason().code())
    };
    assert_eq!(code(&|_| {}), Ok(()));
    assert_eq!(code(&|batch| batch.events.clear()), Err("event.count"));
    assert_eq!(code(&|batch| batch.events.swap(0, 1)), Err("event.order"));
    assert_eq!(code(&|batch| batch.events[1] = batch.events[0].clone()), Err("event.order"));
    assert_eq!(code(&|batch| batch.events[2].timestamp = at(300)), Err("event.epoch"));
    assert_eq!(code(&|batch| batch.epoch_id = EPOCH.saturating_add(1)), Err("event.epoch"));
    assert_eq!(code(&|batch| batch.header.created_at = at(301)), Err("event.epoch"));
    assert_eq!(code(&|batch| batch.events[0].cursor = "c".repeat(257)), Err("cbor.out_of_range"));
    let many = |batch: &mut EventBatch| {
        batch.events = (0..=MAX_EVENTS as u64).map(|seq| event("a", seq, 1)).collect();
    };
    assert_eq!(code(&many), Err("event.count"));
}

proptest! {
    #[test]
    fn any_order_of_arrival_gives_the_same_bytes(
        events in prop::collection::vec((0_usize..3, 0_u64..12, 0_u64..300, any::<bool>()), 1..40),
        shuffle in any::<u64>(),
    ) {
        let events: Vec<_> = events
            .into_iter()
            .map(|(topic, seq, second, ack)| {
                EventEnvelope { requires_ack: ack, ..event(["a", "b", "ab"][topic], seq, second) }
            })
            .collect();
        let mut shuffled = events.clone();
        let mut random = shuffle;
        for at in (1..shuffled.len()).rev() {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            shuffled.swap(at, usize::try_from(random >> 33).unwrap() % (at + 1));
        }
        let sealed = [events, shuffled].map(|events| {
            let mut buffer = buffer(EventLimits::default());
            for (at_second, event) in (0..).zip(events) {
                buffer.offer(at(at_second % 330), event).unwrap();
            }
            buffer.finalize(at(330), &provenance()).iter().map(seal).collect::<Vec<_>>()
        });
        prop_assert_eq!(&sealed[0], &sealed[1]);
        prop_assert_eq!(sealed[0].len(), 1);
    }
}
