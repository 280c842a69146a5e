//! The works whose growth is measured: the store logic of `fcp-symbols`.

use std::hint::black_box;
use std::time::Duration;

use clap::ValueEnum;
use fcp_core::device::NodeFacts;
use fcp_core::id::{NodeId, ObjectId};
use fcp_core::object::{ObjectPlacementPolicy, RetentionClass, StorageMeta};
use fcp_core::time::Timestamp;
use fcp_symbols::coverage::CoverageIndex;
use fcp_symbols::esi::EsiSet;
use fcp_symbols::gc::{self, GcObject, Inventory};
use fcp_symbols::placement;
use fcp_symbols::repair;

use super::Stopwatch;

/// Something that is done over many objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Work {
    /// Listing a zone's objects, and deciding what stays and what goes.
    Gc,
    /// Taking in where all symbols are, and evaluating each object.
    Coverage,
    /// One of five nodes is lost: every object is evaluated again, and those that fall short are put in order.
    Loss,
    /// Planning the repair of every object after that loss: what to fetch, and who gets which fresh symbols.
    Repair,
}

/// What a work was about.
pub(super) struct Done {
    /// How many objects.
    pub(super) objects: u64,
    /// How much of the time went into making up the input.
    pub(super) prepared: Duration,
}

const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);
/// Symbols of a chunk of 64 KiB.
const K: u16 = 66;

/// The id of an object, as evenly spread as a hash.
fn id(number: u32) -> ObjectId {
    let mut bytes = [0; 32];
    let mut state = u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    for word in bytes.as_chunks_mut::<8>().0 {
        state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb) ^ (state >> 31);
        *word = state.to_le_bytes();
    }
    ObjectId::from_bytes(bytes)
}

fn nodes() -> Vec<NodeFacts> {
    let facts = |name| {
        let node_id = NodeId::new(name).unwrap_or_else(|_| unreachable!("the names are well formed"));
        NodeFacts { node_id, tags: vec![], class: String::new(), zones: vec![], capabilities: vec![] }
    };
    ["nDesk", "nLaptop", "nPhone", "nServer", "nTablet"].map(facts).into()
}

fn policy() -> ObjectPlacementPolicy {
    ObjectPlacementPolicy {
        min_nodes: 3,
        max_node_fraction_bps: 3_000,
        preferred_devices: vec![],
        excluded_devices: vec![],
        target_coverage_bps: 15_000,
    }
}

/// What each node holds of an object.
fn holdings(nodes: &[NodeFacts]) -> Vec<(NodeId, EsiSet)> {
    let runs = placement::spread(&policy(), nodes, K).unwrap_or_else(|_| unreachable!("five nodes are enough"));
    runs.into_iter().map(|(node, run)| (node, EsiSet::from(run))).collect()
}

impl Work {
    /// Everything that is measured.
    pub const ALL: [Self; 4] = [Self::Gc, Self::Coverage, Self::Loss, Self::Repair];

    /// What it is called on the command line and in the table.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gc => "gc",
            Self::Coverage => "coverage",
            Self::Loss => "loss",
            Self::Repair => "repair",
        }
    }

    /// What it is called in the plot.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Gc => "garbage collection",
            Self::Coverage => "coverage, from nothing",
            Self::Loss => "loss of one of five nodes",
            Self::Repair => "repair planning after it",
        }
    }

    pub(super) fn run(self, objects: u32) -> Done {
        match self {
            Self::Gc => collection(objects),
            Self::Coverage => coverage(objects),
            Self::Loss => loss(objects),
            Self::Repair => repair(objects),
        }
    }
}

/// Of ten objects seven hang on the root, as a tree; one is leased; three are garbage. The quota lets a part of the rest go.
fn collection(objects: u32) -> Done {
    let reachable = objects / 10 * 7;
    let mut inventory = Inventory::with_capacity(objects as usize, 2 * objects as usize);
    let mut refs = Vec::with_capacity(2);
    for number in 0..objects {
        refs.clear();
        let children = [2 * u64::from(number) + 1, 2 * u64::from(number) + 2];
        refs.extend(
            children
                .into_iter()
                .filter_map(|child| u32::try_from(child).ok())
                .filter(|child| if number < reachable { *child < reachable } else { *child < objects })
                .map(id),
        );
        let retention = match number % 10 {
            3 => RetentionClass::Lease { expires_at: NOW.saturating_add(u64::from(number % 2)) },
            _ => RetentionClass::Ephemeral,
        };
        let received_at = NOW.saturating_sub(u64::from(number.wrapping_mul(0x9e37_79b9) >> 12));
        let meta = StorageMeta { retention, received_at };
        inventory.push(GcObject { refs: &refs, ..GcObject::new(id(number), meta, 1_000) });
    }
    let plan = gc::collect(inventory, &[id(0)], u64::from(objects) * 600, NOW);
    let done = plan.live.len() + plan.evicted.len();
    Done { objects: done as u64, prepared: Duration::ZERO }
}

fn filled(objects: u32) -> CoverageIndex {
    let (nodes, policy, mut index) = (nodes(), policy(), CoverageIndex::new());
    let held = holdings(&nodes);
    for facts in nodes {
        index.set_node(facts, true);
    }
    for number in 0..objects {
        index.insert(id(number), K, &policy, held.iter().map(|(node, esis)| (node, esis)));
    }
    index
}

fn coverage(objects: u32) -> Done {
    let index = filled(objects);
    assert_eq!(index.totals().satisfied, objects as usize, "all are well");
    Done { objects: index.totals().objects as u64, prepared: Duration::ZERO }
}

fn loss(objects: u32) -> Done {
    let stopwatch = Stopwatch::start();
    let mut index = filled(objects);
    let prepared = stopwatch.elapsed();
    let concerned = nodes().into_iter().nth(2).map_or(0, |facts| index.set_node(facts, false));
    assert_eq!(index.short().count(), concerned, "all are short");
    Done { objects: concerned as u64, prepared }
}

fn repair(objects: u32) -> Done {
    let stopwatch = Stopwatch::start();
    let mut index = filled(objects);
    let mut nodes = nodes();
    let lost = nodes.remove(2);
    index.set_node(lost, false);
    let this = nodes.first().map(|facts| facts.node_id.clone());
    let this = this.unwrap_or_else(|| unreachable!("four are left"));
    let prepared = stopwatch.elapsed();
    let mut planned = 0_u64;
    for urgency in index.short() {
        let (policy, held) = (index.policy(&urgency.object_id), index.distribution(&urgency.object_id));
        let Some((policy, held)) = policy.zip(held) else { continue };
        let plan = repair::plan(policy, &nodes, &held, &this, false);
        planned += u64::from(black_box(plan).is_ok_and(|plan| plan.rebalance.added() > 0 && !plan.fetch.is_empty()));
    }
    Done { objects: planned, prepared }
}
