#![expect(clippy::arithmetic_side_effects, reason = "a test counts with small numbers")]

use core::net::IpAddr;

use fcp_core::id::NodeId;
use fcp_core::time::Millis;
use proptest::prelude::*;

use super::{Admission, Source};
use crate::admission::{AdmissionError, AdmissionLimits, AdmissionPolicy, Deed, PeerBudget, Usage, WORK_PER_MS};

const BUDGET: PeerBudget = PeerBudget {
    max_bytes_per_min: 1000,
    max_symbols_per_min: 10,
    max_failed_auth_per_min: 3,
    max_inflight_decodes: 2,
    max_decode_cpu_ms_per_min: 5,
};

fn admission(max_peers: usize) -> Admission {
    let limits = AdmissionLimits { max_peers, max_addresses: 2, per_address: BUDGET, ..AdmissionLimits::default() };
    Admission::new(AdmissionPolicy { per_peer: BUDGET, ..AdmissionPolicy::default() }, limits)
}

const fn at(seconds: u64) -> Millis {
    Millis::from_millis(1_700_000_000_000 + 1000 * seconds)
}

mod names {
    use super::{IpAddr, NodeId};

    pub(super) fn node(name: &str) -> NodeId {
        NodeId::new(name).unwrap()
    }

    pub(super) fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }
}
use names::{address, node};

#[test]
fn every_budget_is_kept_for_itself() {
    let (mut admission, anna, ben) = (admission(8), node("anna"), node("ben"));
    let (anna, ben) = (Source::Peer(&anna), Source::Peer(&ben));
    assert_eq!(admission.admit_bytes(at(0), anna, 1001), Err(AdmissionError::Bytes));
    assert_eq!(admission.admit_bytes(at(0), anna, 1000), Ok(()), "what was refused was not charged");
    assert_eq!(admission.admit_bytes(at(59), anna, 1), Err(AdmissionError::Bytes));
    assert_eq!(admission.admit_symbols(at(0), anna, 10), Ok(()));
    assert_eq!(admission.admit_symbols(at(0), anna, 1), Err(AdmissionError::Symbols));
    let first = admission.begin_decode(at(0), anna).unwrap();
    let second = admission.begin_decode(at(0), anna).unwrap();
    assert_eq!(admission.begin_decode(at(0), anna).unwrap_err(), AdmissionError::InflightDecodes);
    drop(first);
    let third = admission.begin_decode(at(0), anna).unwrap();
    drop((second, third));
    assert_eq!(admission.work_left(at(0), anna), 5 * WORK_PER_MS);
    admission.charge_work(at(0), anna, 7 * WORK_PER_MS);
    assert_eq!((admission.work_left(at(0), anna), admission.work_left(at(0), ben)), (0, 5 * WORK_PER_MS));
    assert_eq!(admission.begin_decode(at(0), anna).unwrap_err(), AdmissionError::DecodeCpu);
    assert_eq!(admission.answer_left(at(0), anna), 1000);
    assert_eq!(admission.admit_answer(at(0), anna, 900), Ok(()));
    assert_eq!(admission.admit_answer(at(0), anna, 101), Err(AdmissionError::Bytes));
    assert_eq!(admission.answer_left(at(0), anna), 100);

    let expected = Usage {
        bytes: 1000,
        bytes_answered: 900,
        symbols: 10,
        failed_auth: 0,
        work: 7 * WORK_PER_MS,
        inflight_decodes: 0,
        refused: 6,
        ..Usage::default()
    };
    assert_eq!(admission.usage(at(0), anna), expected);
    assert_eq!(admission.usage(at(0), ben), Usage::default());
    assert_eq!(admission.usage(at(65), anna), Usage { refused: 6, ..Usage::default() });
    assert_eq!(admission.admit_bytes(at(65), anna, 1000), Ok(()));
    assert_eq!(admission.peers(at(65)).count(), 1);
}

#[test]
fn who_does_not_authenticate_is_not_heard_and_nobody_else_pays() {
    let (mut admission, peer) = (admission(8), node("anna"));
    let (anna, there, elsewhere) = (Source::Peer(&peer), Source::Stranger(address(1)), Source::Stranger(address(2)));
    for source in [anna, there] {
        for _ in 0..3 {
            assert_eq!(admission.admit_bytes(at(0), source, 1), Ok(()));
            admission.charge_failed_auth(at(0), source);
        }
        assert_eq!(admission.admit_bytes(at(1), source, 1), Err(AdmissionError::FailedAuth));
        assert_eq!(admission.admit_symbols(at(1), source, 1), Err(AdmissionError::FailedAuth));
        assert_eq!(admission.admit_answer(at(1), source, 1), Err(AdmissionError::FailedAuth));
        assert_eq!(admission.begin_decode(at(1), source).unwrap_err(), AdmissionError::FailedAuth);
        assert_eq!(admission.admit_bytes(at(1), elsewhere, 1), Ok(()));
        assert_eq!(admission.admit_bytes(at(65), source, 1), Ok(()));
    }
    assert_eq!(admission.reputation(at(1), &peer).points(), -30);
}

#[test]
fn a_stranger_gets_three_times_what_it_sent_over_all_its_messages() {
    let mut admission = admission(8);
    let (there, elsewhere) = (Source::Stranger(address(1)), Source::Stranger(address(2)));
    assert_eq!(admission.admit_answer(at(0), there, 1), Err(AdmissionError::Amplification));
    assert_eq!(admission.admit_bytes(at(0), there, 100), Ok(()));
    assert_eq!((admission.answer_left(at(0), there), admission.answer_left(at(0), elsewhere)), (300, 0));
    assert_eq!(admission.admit_answer(at(0), there, 299), Ok(()));
    assert_eq!(admission.admit_answer(at(0), there, 2), Err(AdmissionError::Amplification));
    assert_eq!(admission.admit_answer(at(70), there, 1), Ok(()));
    assert_eq!(admission.admit_answer(at(200), there, 1), Err(AdmissionError::Amplification));
    // Bytes that are refused earn nothing, and answers have a budget, too.
    assert_eq!(admission.admit_bytes(at(200), there, 1001), Err(AdmissionError::Bytes));
    assert_eq!(admission.answer_left(at(200), there), 0);
    assert_eq!(admission.admit_bytes(at(200), there, 1000), Ok(()));
    assert_eq!(admission.answer_left(at(200), there), 1000);
}

#[test]
fn whoever_finds_no_room_shares_an_account_until_one_is_unused() {
    let mut admission = admission(2);
    let nodes = [node("anna"), node("ben"), node("carl"), node("dora")];
    let [anna, ben, carl, dora] = [&nodes[0], &nodes[1], &nodes[2], &nodes[3]].map(Source::Peer);
    let decode = admission.begin_decode(at(0), anna).unwrap();
    assert_eq!(admission.admit_bytes(at(5), ben, 1000), Ok(()));
    assert_eq!(admission.admit_bytes(at(5), carl, 600), Ok(()));
    assert_eq!(admission.admit_bytes(at(5), dora, 600), Err(AdmissionError::Bytes), "carl and dora share");
    admission.note(at(5), &nodes[2], Deed::WrongSymbols);
    assert_eq!(admission.reputation(at(5), &nodes[2]).points(), 0);
    assert_eq!(admission.usage(at(5), anna).inflight_decodes, 1, "an account that is in use stays");

    // Ben's account was not used for a minute. Anna's neither, but she has an unfinished object.
    assert_eq!(admission.admit_bytes(at(70), carl, 1000), Ok(()));
    admission.note(at(70), &nodes[2], Deed::WrongSymbols);
    assert_eq!(admission.reputation(at(70), &nodes[2]).points(), -100);
    assert_eq!(admission.admit_bytes(at(70), ben, 1000), Ok(()), "in the shared account, which is empty again");
    assert_eq!(admission.usage(at(70), anna).inflight_decodes, 1);
    drop(decode);
    assert_eq!(admission.peers(at(70)).map(|(peer, _)| peer.as_str()).collect::<Vec<_>>(), ["anna", "carl"]);
}

#[test]
fn no_shared_account_of_strangers_is_more_than_one() {
    let mut admission = admission(2);
    let admitted =
        (0..=255).filter(|last| admission.admit_bytes(at(0), Source::Stranger(address(*last)), 1000).is_ok()).count();
    assert_eq!((admitted, admission.addresses()), (3, 2));
}

proptest! {
    /// Whoever sends whatever: in no minute is more admitted of anybody than its budget, and nobody who stays within its
    /// budget is ever refused for what others do.
    #[test]
    fn no_minute_has_more_than_a_minute(
        sent in proptest::collection::vec((0_u64..3_000, 0_usize..3, 1_u64..400), 1..200),
    ) {
        let mut admission = admission(3);
        let nodes = ["anna", "ben", "carl"].map(node);
        let mut admitted: Vec<(u64, usize, u64)> = Vec::new();
        let mut now = 1_700_000_000_000;
        for (pause, who, bytes) in sent {
            now += pause;
            let of = |since: u64| -> u64 {
                admitted.iter().filter(|(then, sender, _)| *then > since && *sender == who).map(|(_, _, bytes)| bytes).sum()
            };
            let (minute, longer) = (of(now - 60_000), of(now - 65_000));
            let outcome = admission.admit_bytes(Millis::from_millis(now), Source::Peer(&nodes[who]), bytes);
            if outcome.is_ok() {
                prop_assert!(minute + bytes <= 1000);
                admitted.push((now, who, bytes));
            } else {
                prop_assert!(longer + bytes > 1000);
            }
        }
    }
}
