//! Steps 4 to 7: a file is spread, a device is lost and made up for, then datagrams are lost, and nothing else is.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use fcp_core::id::NodeId;
use fcp_symbols::coverage::CoverageEvaluation;
use serde_json::{Value, json};

use super::super::Failure;
use super::super::mesh::{DESKTOP, Devices, LAPTOP, NAMES, SERVER};
use super::{Proof, State};

/// How large the file is that the demo makes.
const FILE_LEN: usize = 1024 * 1024;
const TARGET_COVERAGE_BPS: u32 = 15_000;
const MAX_NODE_FRACTION_BPS: u16 = 3_000;
/// How many of a hundred datagrams are lost in step 7.
const LOSS_PERCENT: u32 = 20;

/// The user's file, or one of random bytes.
pub(super) fn prepare(file: Option<&Path>, root: &Path) -> Result<PathBuf, Failure> {
    if let Some(file) = file {
        return file.canonicalize().map_err(|error| format!("cannot read `{}`: {error}", file.display()));
    }
    let mut bytes = vec![0; FILE_LEN];
    getrandom::fill(&mut bytes).map_err(|error| error.to_string())?;
    let path = root.join("file.bin");
    std::fs::write(&path, bytes).map_err(|error| error.to_string())?;
    Ok(path)
}

/// The worst coverage of any object, over the nodes that run, and the largest share of one node.
fn coverage(devices: &mut Devices, objects: &[String]) -> Result<(u32, u16), Failure> {
    let ids = devices.ids();
    let mut held: BTreeMap<&str, (u16, BTreeMap<NodeId, BTreeSet<u32>>)> = BTreeMap::new();
    for index in devices.running() {
        let node = ids.get(index).and_then(|id| id.parse().ok()).ok_or("a node has no id")?;
        let answer = devices.call(index, "holdings", &json!({"objects": objects}))?;
        for object in objects {
            let entry = held.entry(object).or_default();
            let holding = &answer[object];
            if let Some(k) = holding["k"].as_u64().and_then(|k| u16::try_from(k).ok()) {
                entry.0 = k;
            }
            let esis = holding["esis"].as_array().into_iter().flatten();
            let esis: BTreeSet<u32> = esis.filter_map(|esi| u32::try_from(esi.as_u64()?).ok()).collect();
            let node: &NodeId = &node;
            entry.1.insert(node.clone(), esis);
        }
    }
    let evaluated: Vec<CoverageEvaluation> =
        held.values().map(|(k, nodes)| CoverageEvaluation::of(*k, nodes)).collect();
    let worst = evaluated.iter().map(|coverage| coverage.coverage_bps).min().unwrap_or_default();
    let share = evaluated.iter().map(|coverage| coverage.max_node_fraction_bps).max().unwrap_or_default();
    Ok((worst, share))
}

/// Step 4.
pub(super) fn spread(devices: &mut Devices, state: &mut State, proof: &mut Proof) -> Result<(), Failure> {
    let params = json!({
        "zone": "z:private", "path": state.file,
        "target_coverage_bps": TARGET_COVERAGE_BPS, "max_node_fraction_bps": MAX_NODE_FRACTION_BPS,
    });
    let answer = devices.call(DESKTOP, "file.put", &params)?;
    state.root = answer["root"].as_str().unwrap_or_default().to_owned();
    let objects = answer["objects"].as_array().into_iter().flatten();
    state.objects = objects.filter_map(|id| id.as_str().map(str::to_owned)).collect();
    let objects = state.objects.clone();
    let (reached, share) = devices.wait("the symbols on the nodes' disks", 15, |devices| {
        let (reached, share) = coverage(devices, &objects)?;
        Ok((reached >= TARGET_COVERAGE_BPS).then_some((reached, share)))
    })?;
    proof.line(format!(
        "{} bytes in {} objects of z:private, manifest {}",
        answer["bytes"],
        objects.len(),
        state.root.get(..6).unwrap_or_default()
    ));
    proof
        .line(format!("coverage {reached} bps of {TARGET_COVERAGE_BPS}; the largest share of one node is {share} bps"));
    proof.fact("root", state.root.clone()).fact("coverage_bps", reached).fact("max_node_fraction_bps", share);
    if share > MAX_NODE_FRACTION_BPS {
        return Err(format!("one node holds {share} bps of an object's symbols"));
    }
    Ok(())
}

/// Step 5.
pub(super) fn lose(devices: &mut Devices, state: &mut State, proof: &mut Proof) -> Result<(), Failure> {
    let (before, _) = coverage(devices, &state.objects)?;
    let pid = devices.node(DESKTOP)?.pid().unwrap_or_default();
    devices.node(DESKTOP)?.kill().map_err(|error| error.to_string())?;
    let (after, _) = coverage(devices, &state.objects)?;
    proof.line(format!("process {pid} got SIGKILL; coverage {before} bps before, {after} bps after"));
    if after < 10_000 {
        return Err("too few symbols are left".into());
    }
    let restored = restore(devices, LAPTOP, state)?;
    shares(devices, &restored.sources, proof);
    proof.line(format!("the laptop restored the file from what is left, byte for byte, {}", restored.pace()));
    proof.fact("coverage_before_bps", before).fact("coverage_after_bps", after);
    proof.fact("sources", restored.sources.clone()).fact("bytes_per_second", restored.bytes_per_second());
    Ok(())
}

/// The coverage of the file's objects, as one node sees it.
struct Coverage {
    /// How many of them it looks after.
    objects: usize,
    /// How many are covered as well as their policy asks for.
    met: usize,
    /// That of the worst.
    worst_bps: u64,
    /// How many repairs the node finished.
    repaired: u64,
}

impl Coverage {
    fn seen_by(devices: &mut Devices, index: usize, state: &State) -> Result<Self, Failure> {
        let answer = devices.call(index, "repair.status", &json!({"zone": "z:private"}))?;
        let of_file = |status: &&Value| state.objects.iter().any(|id| status["object"] == *id.as_str());
        let objects: Vec<&Value> = answer["objects"].as_array().into_iter().flatten().filter(of_file).collect();
        Ok(Self {
            objects: objects.len(),
            met: objects
                .iter()
                .filter(|status| status["coverage_bps"].as_u64() >= Some(TARGET_COVERAGE_BPS.into()))
                .count(),
            worst_bps: objects.iter().filter_map(|status| status["coverage_bps"].as_u64()).min().unwrap_or_default(),
            repaired: answer["repaired"].as_u64().unwrap_or_default(),
        })
    }
}

/// Step 6.
pub(super) fn mend(devices: &mut Devices, state: &mut State, proof: &mut Proof) -> Result<(), Failure> {
    let all = state.objects.len();
    let before = devices.wait("the laptop's noticing of the loss", 15, |devices| {
        let seen = Coverage::seen_by(devices, LAPTOP, state)?;
        // Before it has heard of the others, it knows of its own symbols only.
        let knows = seen.objects == all && seen.worst_bps >= 10_000;
        Ok((knows && seen.met < all).then_some(seen))
    })?;
    proof.line(format!(
        "the laptop sees {} of {all} objects below {TARGET_COVERAGE_BPS} bps, the worst at {} bps",
        all.saturating_sub(before.met),
        before.worst_bps
    ));
    let after = devices.wait("the repair of every object", 30, |devices| {
        let mut worst = None;
        for index in devices.running() {
            let seen = Coverage::seen_by(devices, index, state)?;
            if seen.objects < all || seen.met < all {
                return Ok(None);
            }
            worst = worst.min(Some(seen.worst_bps)).or(Some(seen.worst_bps));
        }
        Ok(worst)
    })?;
    for index in devices.running() {
        let seen = Coverage::seen_by(devices, index, state)?;
        let name = NAMES.get(index).copied().unwrap_or_default();
        proof.line(format!("{name:<8} repaired {} objects", seen.repaired));
    }
    proof.line(format!("all {all} objects are covered as their policy asks for, the worst at {after} bps"));
    proof.fact("coverage_before_bps", before.worst_bps).fact("coverage_after_bps", after);
    Ok(())
}

/// Step 7.
pub(super) fn arrive(devices: &mut Devices, state: &mut State, proof: &mut Proof) -> Result<(), Failure> {
    let (passed, dropped) = devices.link()?.counts();
    devices.link()?.lose(LOSS_PERCENT);
    let restored = restore(devices, SERVER, state);
    let after = devices.link()?.counts();
    devices.link()?.lose(0);
    let restored = restored?;
    let (passed, dropped) = (after.0.saturating_sub(passed), after.1.saturating_sub(dropped));
    if dropped == 0 {
        return Err("nothing was lost between the laptop and the server".into());
    }
    shares(devices, &restored.sources, proof);
    proof
        .line(format!("{dropped} of {} datagrams between laptop and server were lost", passed.saturating_add(dropped)));
    proof.line(format!("the server restored the file all the same, byte for byte, {}", restored.pace()));
    proof.fact("passed", passed).fact("dropped", dropped).fact("sources", restored.sources.clone());
    proof.fact("bytes_per_second", restored.bytes_per_second());
    Ok(())
}

/// How a file was restored.
struct Restored {
    bytes: u64,
    took: Duration,
    /// How many symbols each node gave.
    sources: Value,
}

impl Restored {
    fn bytes_per_second(&self) -> u64 {
        let millis = u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX).max(1);
        self.bytes.saturating_mul(1000).checked_div(millis).unwrap_or_default()
    }

    fn pace(&self) -> String {
        format!("in {} ms: {} kB/s", self.took.as_millis(), self.bytes_per_second() / 1000)
    }
}

/// One line for each device that gave symbols, with its share.
fn shares(devices: &Devices, sources: &Value, proof: &mut Proof) {
    let counts: Vec<(&str, u64)> =
        NAMES.into_iter().zip(devices.ids()).filter_map(|(name, id)| Some((name, sources[id].as_u64()?))).collect();
    let all = counts.iter().fold(0_u64, |sum, (_, count)| sum.saturating_add(*count)).max(1);
    for (name, count) in counts {
        let percent = count.saturating_mul(100).checked_div(all).unwrap_or_default();
        proof.line(format!("{name:<8} gave {count} symbols, {percent} %"));
    }
}

/// Gathers every object of the file on one node, writes the file there and compares it.
#[expect(clippy::disallowed_methods, reason = "the demo tells how long real processes took")]
fn restore(devices: &mut Devices, index: usize, state: &State) -> Result<Restored, Failure> {
    let copy = devices.node(index)?.folder().join("restored.bin");
    let started = Instant::now();
    gather(devices, index, state, &copy)?;
    let took = started.elapsed();
    match (std::fs::read(&state.file), std::fs::read(&copy)) {
        (Ok(original), Ok(restored)) if original == restored => {}
        _ => return Err("the restored file differs from the original".into()),
    }
    let sources = devices.call(index, "gathered", &json!({"objects": []}))?["sources"].clone();
    let bytes = std::fs::metadata(&copy).map_or(0, |metadata| metadata.len());
    Ok(Restored { bytes, took, sources })
}

/// Gathers every object of the file on one node and writes the file there.
fn gather(devices: &mut Devices, index: usize, state: &State, copy: &Path) -> Result<(), Failure> {
    let objects = json!({"zone": "z:private", "objects": state.objects});
    devices.call(index, "gather", &objects)?;
    devices.wait("all objects of the file", 15, |devices| {
        let done = devices.call(index, "gathered", &objects)?["done"].as_array().map_or(0, Vec::len);
        Ok((done == state.objects.len()).then_some(()))
    })?;
    devices.call(index, "file.save", &json!({"root": state.root, "path": copy}))?;
    Ok(())
}
