//! The replay window against D53 word for word.

use std::collections::{BTreeMap, BTreeSet};

use fcp_symbols::replay::{ReplayError, ReplayWindows};

use super::input::Input;

/// All windows of a session: the same numbers are taken as by a set of all that was seen.
pub(super) fn replay(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let size = input.u16() % 4096 + 1;
    let mut windows = ReplayWindows::new(size).expect("a size");
    let mut model: BTreeMap<u64, BTreeSet<u64>> = BTreeMap::new();
    let mut at = match input.below(4) {
        0 => 1,
        1 => u64::MAX - u64::from(input.u16()),
        _ => input.u64(),
    };
    for _ in 0..2000 {
        if input.is_empty() {
            break;
        }
        let instance = u64::from(input.u8() % 6);
        let seq = match input.below(6) {
            0 => at.saturating_add(u64::from(input.u8())),
            1 => at.saturating_sub(u64::from(input.u16())),
            2 => at.saturating_add(u64::from(input.u16())),
            3 => input.u64(),
            4 => at,
            _ => at.saturating_add(1),
        };
        let known = model.contains_key(&instance);
        let full = !known && model.len() >= ReplayWindows::MAX_INSTANCES;
        let seen = model.get(&instance);
        let highest = seen.and_then(BTreeSet::last).copied().unwrap_or(0);
        let fits = seq > highest || highest - seq < u64::from(size);
        let expected = if seq == 0 {
            Err(ReplayError::Zero)
        } else if full {
            Err(ReplayError::Instances)
        } else if !fits || seen.is_some_and(|seen| seen.contains(&seq)) {
            Err(ReplayError::Replayed)
        } else {
            Ok(())
        };
        assert_eq!(windows.accept(instance, seq), expected, "{seq} of {instance}, window {size}");
        if expected.is_ok() {
            model.entry(instance).or_default().insert(seq);
            at = seq;
        }
        assert_eq!(windows.highest(instance), highest.max(if expected.is_ok() { seq } else { 0 }));
    }
}
