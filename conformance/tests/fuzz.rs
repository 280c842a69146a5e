//! The fuzz targets on stable Rust: every seed is replayed, and everything that reads foreign bytes has a target.
#![expect(clippy::unwrap_used, reason = "a failure of a helper is a failure of its test")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use fcp_conformance::fuzz::{self, Kind, TARGETS, corpus};

fn kit() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What is in a folder, by name.
fn entries(folder: &Path) -> Vec<(String, PathBuf)> {
    let mut found: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), entry.path()))
        .collect();
    found.sort();
    found
}

/// Runs a target. An input that fails is kept, so that it can be looked at and become a seed.
fn check(target: &str, seed: &Path, bytes: &[u8]) {
    if let Err(panic) = std::panic::catch_unwind(|| fuzz::run(target, bytes)) {
        let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("fuzz-{target}"));
        fs::write(&kept, bytes).unwrap();
        println!("target {target} fails for {}, which comes from the seed {}", kept.display(), seed.display());
        std::panic::resume_unwind(panic);
    }
}

/// Small changes of an input, the same ones each time.
fn mutations(bytes: &[u8], count: usize, mut visit: impl FnMut(&[u8])) {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64 ^ bytes.len() as u64;
    let mut next = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % 0x1_0000_0000).unwrap().checked_rem(below.max(1)).unwrap_or(0)
    };
    for _ in 0..count {
        let mut changed = bytes.to_vec();
        match next(3) {
            0 => changed.truncate(next(bytes.len())),
            1 => changed.insert(next(bytes.len()), u8::try_from(next(256)).unwrap()),
            _ => {}
        }
        for _ in 0..next(3).saturating_add(1) {
            let at = next(changed.len());
            let mask = u8::try_from(next(256)).unwrap();
            if let Some(byte) = changed.get_mut(at) {
                *byte ^= mask;
            }
        }
        visit(&changed);
    }
}

#[test]
fn every_seed_is_replayed() {
    let folders = entries(&kit().join("fuzz/seeds"));
    let names: BTreeSet<&str> = folders.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, TARGETS.iter().map(|target| target.name).collect::<BTreeSet<_>>());
    for (target, folder) in &folders {
        let mut bytes_in_all = 0;
        for (_, path) in entries(&folder.clone()) {
            let bytes = fs::read(&path).unwrap();
            bytes_in_all += bytes.len();
            check(target, &path, &bytes);
            // A run of a machine takes longer.
            let is_machine = fuzz::find(target).is_some_and(|target| target.kind == Kind::Machine);
            mutations(&bytes, if is_machine { 4 } else { 24 }, |changed| check(target, &path, changed));
        }
        assert!((1..=64 * 1024).contains(&bytes_in_all), "{target}: seeds of {bytes_in_all} bytes");
    }
}

#[test]
fn nothing_at_all_is_an_input_too() {
    for target in TARGETS {
        for bytes in [&[][..], &[0], &[0xff], &[0; 64], &[0xff; 64]] {
            (target.run)(bytes);
        }
    }
}

/// They need not be fresh to be useful: changing a vector does not ask for new seeds.
#[test]
fn every_target_has_seeds_and_they_are_small() {
    for (target, seeds) in corpus::seeds() {
        assert!(!seeds.is_empty(), "{target} has no seed");
        assert!(seeds.values().all(|bytes| bytes.len() <= corpus::MAX_SEED));
    }
}

#[test]
fn the_fuzz_crate_has_a_binary_for_each_target() {
    let manifest = fs::read_to_string(kit().join("fuzz/Cargo.toml")).unwrap();
    let binaries: BTreeSet<&str> = manifest.lines().filter_map(|line| line.strip_prefix("path = \"")).collect();
    let files = entries(&kit().join("fuzz/fuzz_targets"));
    assert_eq!((binaries.len(), files.len()), (TARGETS.len(), TARGETS.len()));
    for target in TARGETS {
        assert!(binaries.contains(format!("fuzz_targets/{}.rs\"", target.name).as_str()), "{}", target.name);
        let source = fs::read_to_string(kit().join(format!("fuzz/fuzz_targets/{}.rs", target.name))).unwrap();
        assert!(source.contains(&format!("run(\"{}\", bytes)", target.name)), "{}", target.name);
    }
}

#[test]
fn whatever_reads_foreign_bytes_has_a_target() {
    let found = fuzz::sources::scan(kit().parent().unwrap()).unwrap();
    assert!(found.len() > 100 && found.contains("fcp-symbols Frame::parse"), "{found:?}");
    let listed = fuzz::list(&found);
    let wrong: Vec<_> = listed.iter().filter(|(_, covered)| !covered.is_right()).collect();
    assert!(wrong.is_empty(), "give each a target in conformance/src/fuzz/coverage.rs: {wrong:#?}");
}
