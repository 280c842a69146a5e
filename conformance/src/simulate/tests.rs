//! Runs repeat, and each check can fail.

use fcp_symbols::session::CookiePolicy;

use super::cast::{address_of, cast};
use super::dice::Dice;
use super::host::{Conduct, Settings};
use super::ledger::{Budgets, Check, Thresholds};
use super::network::Conditions;
use super::scenarios::{hostile, losses};
use super::world::{Brief, World};
use super::{Options, SCENARIOS, play, run, text};

const BRIEF: Brief = Brief { seed: 1, nodes: Some(3) };

fn found(world: &World) -> Vec<Check> {
    let mut found: Vec<Check> = world.ledger.violations().iter().map(|violation| violation.check).collect();
    found.sort_unstable();
    found.dedup();
    found
}

#[track_caller]
fn finds(world: &World, check: Check) {
    assert!(found(world).contains(&check), "{:?}", world.ledger.violations());
}

/// Three nodes that know each other, over a good network.
fn three(settings: Settings) -> World {
    World::new(BRIEF, (3, 3), settings).mesh()
}

#[test]
fn a_seed_gives_the_same_run() {
    for scenario in SCENARIOS {
        let (first, second) = (play(scenario, 7, Some(3)), play(scenario, 7, Some(3)));
        assert_eq!(first.trace, second.trace, "{}", scenario.name);
        assert_eq!(first.violations, [], "{}", scenario.name);
        assert_ne!(first.trace, play(scenario, 8, Some(3)).trace, "{}", scenario.name);
    }
}

#[test]
fn an_unknown_scenario_is_an_error() {
    let error = run(&Options { scenario: Some("quake".into()), ..Options::default() }).unwrap_err();
    assert!(error.to_string().starts_with("no scenario is called `quake`; there are handshake, skew, "));
}

#[test]
fn a_report_says_how_to_play_a_violation_again() {
    let options = Options { scenario: Some("transfer".into()), seeds: 3, from: 40, nodes: Some(2) };
    let mut report = run(&options).unwrap();
    assert_eq!((report.seeds(), report.violations()), (3, 0));
    let scenario = report.rows[0].scenario;
    let violations = vec![super::Violation { check: Check::Budget, what: "too much".into(), at_ms: 12_034 }];
    report.rows[0].violations = 1;
    report.first = Some(super::Failure { scenario, seed: 41, nodes: Some(2), violations });
    let text = text(&report);
    assert!(text.contains("\n  budget at 12.034 s: too much\n"), "{text}");
    assert!(text.ends_with("fcp-conformance simulate --scenario transfer --from 41 --seeds 1 --nodes 2\n"), "{text}");
    assert_eq!(super::json(&report)["first"]["seed"], 41);
}

#[test]
fn a_restored_random_generator_reuses_nonces() {
    let mut world = three(Settings::default()).started();
    let same = || Dice::new(5).split();
    for _ in 0..2 {
        world.crash(0);
        world.start_with(0, same());
        world.must_connect(20_000);
        let id = world.publish(0, 3000);
        world.everybody_wants(id);
        world.run_ms(5000);
    }
    finds(&world, Check::NonceReuse);
}

#[test]
fn a_node_that_checks_nothing_accepts_copies_and_changes() {
    let mut world = three(Settings::default());
    world.hosts[1].conduct = Conduct::Blind;
    world.network.common = Conditions { duplicates: 300, corrupted: 300, ..Conditions::GOOD };
    let mut world = world.started();
    world.must_connect(20_000);
    let id = world.publish(0, 20_000);
    world.everybody_wants(id);
    world.run_ms(20_000);
    finds(&world, Check::AcceptedTwice);
    finds(&world, Check::AcceptedForeign);
    // It never puts anything together, either.
    world.check_objects(&[1], &[id]);
    finds(&world, Check::ObjectMissing);
}

#[test]
fn whoever_believes_everybody_talks_to_somebody_else() {
    let mut world = three(Settings::default());
    world.hosts[0].conduct = Conduct::Gullible;
    // In the place of the second node sits somebody with its name and another key.
    let impostor = world.add(|host| {
        host.identity = cast().impostor();
        host.true_name = cast().stranger.name.clone();
    });
    world.hosts[0].peers = vec![(cast().node(1).name.clone(), address_of(impostor))];
    let mut world = world.started();
    world.run_ms(5000);
    finds(&world, Check::SessionDisagreement);
}

#[test]
fn later_thresholds_than_agreed_are_noticed() {
    let low = Thresholds { frames: 20, ..Thresholds::default() };
    let mut world = three(Settings { thresholds: low, ..Settings::default() });
    world.hosts.iter_mut().for_each(|host| host.settings.thresholds = Thresholds::default());
    let mut world = world.started();
    let id = world.publish(0, 30_000);
    world.everybody_wants(id);
    world.run_ms(20_000);
    finds(&world, Check::SessionOverdue);

    let short = Thresholds { seconds: 20, ..Thresholds::default() };
    let mut world = three(Settings { thresholds: short, ..Settings::default() });
    world.hosts.iter_mut().for_each(|host| host.settings.thresholds = Thresholds::default());
    let mut world = world.started();
    world.run_ms(100_000);
    let id = world.publish(0, 3000);
    world.everybody_wants(id);
    world.run_ms(5000);
    finds(&world, Check::SessionOverdue);
}

#[test]
fn four_bytes_for_one_are_too_many() {
    let mut world = three(Settings::default());
    world.hosts[0].conduct = Conduct::Chatty;
    let mut world = world.started();
    let to = address_of(0);
    world.litter(to, 10);
    world.run_ms(1000);
    finds(&world, Check::Amplification);
}

#[test]
fn without_cookies_a_stolen_key_fills_tables() {
    finds(&hostile::flood_under(BRIEF, CookiePolicy::Never), Check::Memory);
}

#[test]
fn a_larger_budget_than_agreed_is_noticed() {
    let low = Budgets { source_bytes: 2000, ..Budgets::default() };
    let mut world = three(Settings { budgets: low, ..Settings::default() });
    world.hosts.iter_mut().for_each(|host| host.settings.budgets = Budgets::default());
    let mut world = world.started();
    let id = world.publish(0, 30_000);
    world.everybody_wants(id);
    world.run_ms(20_000);
    finds(&world, Check::Budget);
}

#[test]
fn an_object_that_nobody_has_any_more_is_missed() {
    let mut world = three(Settings::default()).started();
    world.must_connect(20_000);
    let id = world.publish(0, 30_000);
    world.hosts[0].disk = super::host::Disk::default();
    world.everybody_wants(id);
    world.must_arrive(10_000, &[1, 2], &[id]);
    finds(&world, Check::ObjectMissing);
}

#[test]
fn other_bytes_under_an_id_are_noticed() {
    let mut world = three(Settings::default()).started();
    let (first, second) = (world.publish(0, 100), world.publish(0, 100));
    let other = world.published[&second].clone();
    world.published.insert(first, other);
    world.check_objects(&[0], &[first]);
    assert_eq!(found(&world), [Check::ObjectWrong]);
}

#[test]
fn a_partition_that_stays_is_no_connection() {
    let mut world = three(Settings::default());
    world.network.strand(address_of(2), 1);
    let mut world = world.started();
    world.must_connect(20_000);
    assert_eq!(found(&world), [Check::NotConnected]);

    let mut world = three(Settings::default());
    world.network.cut(address_of(0), address_of(2));
    let mut world = world.started();
    world.must_connect(20_000);
    assert_eq!(found(&world), [Check::NotConnected]);
}

#[test]
fn who_tells_the_truth_must_not_be_blamed() {
    let mut world = three(Settings::default());
    world.hosts[0].conduct = Conduct::Liar;
    let mut world = world.started();
    let id = world.publish(0, 100);
    world.everybody_wants(id);
    world.run_ms(10_000);
    finds(&world, Check::Blame);
}

#[test]
fn whoever_has_a_session_was_let_in() {
    let mut world = three(Settings::default()).started();
    world.must_connect(20_000);
    world.must_have_no_session(1);
    assert_eq!(found(&world), [Check::LetIn]);
}

#[test]
fn machines_that_never_rest_are_stopped() {
    let mut world = three(Settings::default()).started();
    world.max_events = 5;
    world.must_connect(20_000);
    finds(&world, Check::Unrest);
}

#[test]
fn a_quarantine_that_is_told_of_is_noticed() {
    let mut world = three(Settings { gossips: true, ..Settings::default() }).started();
    world.must_connect(20_000);
    let id = world.quarantine(0, 100);
    world.run_ms(60_000);
    world.must_stay_at(0, id);
    assert_eq!(found(&world), []);
    let told = world.publish(0, 100);
    world.run_ms(60_000);
    world.must_stay_at(0, told);
    assert_eq!(found(&world), [Check::Quarantine]);
}

#[test]
fn a_loss_that_nobody_repairs_leaves_coverage_short() {
    let world = losses::loss_repaired_within(Brief { seed: 1, nodes: Some(5) }, 1000);
    finds(&world, Check::Coverage);
}
