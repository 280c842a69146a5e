use fcp_core::id::{ObjectId, PrincipalId, ZoneId};
use fcp_core::object::{LabelAdjustment, Provenance, TaintFlags, TaintReduction, ZoneCrossing};
use fcp_core::safety::SafetyTier;
use fcp_core::time::Timestamp;
use proptest::prelude::*;

use super::super::{Labels, TaintDecision};
use super::{MAX_CROSSINGS, ProvenanceError, Source, merge};
use crate::zone::Levels;

fn zone() -> impl Strategy<Value = ZoneId> {
    prop::sample::select(vec![
        ZoneId::owner(),
        ZoneId::private(),
        ZoneId::work(),
        ZoneId::community(),
        ZoneId::public(),
    ])
}

fn time() -> impl Strategy<Value = Timestamp> {
    (1_700_000_000_u64..1_700_000_100).prop_map(Timestamp::from_secs)
}

fn crossing() -> impl Strategy<Value = ZoneCrossing> {
    (zone(), zone(), time(), prop::option::of(any::<[u8; 1]>())).prop_map(|(from_zone, to_zone, crossed_at, by)| {
        let authorized_by = by.map(|[byte]| ObjectId::from_bytes([byte; 32]));
        ZoneCrossing { from_zone, to_zone, crossed_at, authorized_by }
    })
}

fn adjustment() -> impl Strategy<Value = LabelAdjustment> {
    (any::<bool>(), any::<u8>(), time()).prop_map(|(elevated, to, applied_at)| {
        let by_approval = ObjectId::from_bytes([to; 32]);
        if elevated {
            LabelAdjustment::IntegrityElevated { to, by_approval, applied_at }
        } else {
            LabelAdjustment::ConfidentialityDeclassified { to, by_approval, applied_at }
        }
    })
}

fn reduction() -> impl Strategy<Value = TaintReduction> {
    (any::<u32>(), time()).prop_map(|(bits, applied_at)| TaintReduction {
        clears: TaintFlags::from_bits_retain(bits),
        by_receipt: ObjectId::from_bytes([9; 32]),
        applied_at,
    })
}

prop_compose! {
    fn provenance()(
        zones in (zone(), zone()),
        labels in any::<(u8, u8)>(),
        taint in 0_u32..256,
        principal in prop::option::of(prop::sample::select(vec!["user:anna", "user:ben"])),
        created_at in time(),
        label_adjustments in prop::collection::vec(adjustment(), 0..3),
        taint_reductions in prop::collection::vec(reduction(), 0..3),
        zone_crossings in prop::collection::vec(crossing(), 0..40),
    ) -> Provenance {
        Provenance {
            origin_zone: zones.0,
            current_zone: zones.1,
            integrity_label: labels.0,
            confidentiality_label: labels.1,
            label_adjustments,
            origin_principal: principal.map(|name| PrincipalId::new(name).unwrap()),
            taint: TaintFlags::from_bits_retain(taint),
            taint_reductions,
            zone_crossings,
            created_at,
        }
    }
}

fn merged(inputs: &[Provenance]) -> Provenance {
    merge(&inputs.iter().map(Source::of).collect::<Vec<_>>()).unwrap()
}

fn inputs() -> impl Strategy<Value = Vec<Provenance>> {
    prop::collection::vec(provenance(), 1..6)
}

proptest! {
    #[test]
    fn the_order_does_not_matter(inputs in inputs(), by in 0_usize..6) {
        let mut turned = inputs.clone();
        turned.rotate_left(by.checked_rem(inputs.len()).unwrap());
        prop_assert_eq!(merged(&turned), merged(&inputs));
        turned.reverse();
        prop_assert_eq!(merged(&turned), merged(&inputs));
    }

    #[test]
    fn the_worst_of_every_label_stays(inputs in inputs()) {
        let all = Labels::of(&merged(&inputs));
        for input in &inputs {
            prop_assert!(Labels::of(input).no_worse_than(all));
        }
        prop_assert!(inputs.iter().any(|input| input.integrity_label == all.integrity));
        prop_assert!(inputs.iter().any(|input| input.confidentiality_label == all.confidentiality));
    }

    #[test]
    fn nothing_is_laundered(inputs in inputs(), more in inputs(), integrity: u8) {
        let zone = Levels::new(integrity, 0);
        let rank = |provenance: &Provenance, tier| match Labels::of(provenance).can_invoke(tier, zone) {
            TaintDecision::Allow => 0,
            TaintDecision::RequireElevation => 1,
            TaintDecision::Deny(_) => 2,
        };
        let fewer = merged(&inputs);
        let all = merged(&[inputs, more].concat());
        for tier in [SafetyTier::Safe, SafetyTier::Risky, SafetyTier::Dangerous, SafetyTier::Forbidden] {
            prop_assert!(rank(&all, tier) >= rank(&fewer, tier));
        }
        // What is merged can be merged again, and no adjustment or reduction of an input reaches it.
        prop_assert!(all.label_adjustments.is_empty() && all.taint_reductions.is_empty());
    }

    #[test]
    fn merging_in_steps_gives_the_same_labels(left in inputs(), right in inputs()) {
        let at_once = merged(&[left.clone(), right.clone()].concat());
        let in_steps = merged(&[merged(&left), merged(&right)]);
        prop_assert_eq!(Labels::of(&in_steps), Labels::of(&at_once));
        prop_assert_eq!(&in_steps.origin_zone, &at_once.origin_zone);
        prop_assert_eq!(&in_steps.origin_principal, &at_once.origin_principal);
        prop_assert_eq!(&in_steps.zone_crossings, &at_once.zone_crossings);
        prop_assert_eq!(in_steps.created_at, at_once.created_at);
    }

    #[test]
    fn crossings_are_sorted_bounded_and_the_newest(inputs in inputs()) {
        let kept = merged(&inputs).zone_crossings;
        prop_assert!(kept.len() <= MAX_CROSSINGS);
        prop_assert!(kept.is_sorted_by_key(|crossing| crossing.crossed_at));
        if let Some(oldest) = kept.first() {
            let dropped = inputs.iter().flat_map(|input| &input.zone_crossings).filter(|crossing| !kept.contains(crossing));
            prop_assert!(dropped.into_iter().all(|crossing| crossing.crossed_at <= oldest.crossed_at));
        }
    }
}

#[test]
fn nothing_comes_from_nothing() {
    assert_eq!(merge(&[]).unwrap_err(), ProvenanceError::Empty);
    assert_eq!(ProvenanceError::Empty.reason().code(), "provenance.empty");
}

#[test]
fn the_origin_is_that_of_the_least_trusted() {
    let at = Timestamp::from_secs(1_700_000_000);
    let low = Provenance::of_zone(ZoneId::public(), 20, 10, at);
    let tie = Provenance::of_zone(ZoneId::community(), 20, 40, at.saturating_add(5));
    let high = Provenance::of_zone(ZoneId::private(), 80, 90, at).by(PrincipalId::new("user:anna").unwrap());
    let all = merged(&[high.clone(), low, tie]);
    assert_eq!(all.origin_zone, ZoneId::community());
    assert_eq!((all.integrity_label, all.confidentiality_label), (20, 90));
    assert_eq!(all.created_at, at.saturating_add(5));
    assert_eq!(all.origin_principal, None);
    assert_eq!(merged(&[high.clone(), high.clone()]).origin_principal, high.origin_principal);
}
