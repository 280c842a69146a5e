//! Reports of a run: text for people, JSON for programs, JUnit for CI.

mod json;
mod junit;
mod text;

pub use json::json;
pub use junit::junit;
pub use text::text;

use crate::ops::WITHOUT_PEER;
use crate::run::{Outcome, Run};

/// How the cases of one operation, in one chapter, went.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Row<'r> {
    chapter: &'r str,
    op: &'r str,
    passed: usize,
    failed: usize,
    unsupported: usize,
}

impl Row<'_> {
    const fn count(&mut self, outcome: &Outcome) {
        let counter = match outcome {
            Outcome::Passed => &mut self.passed,
            Outcome::Failed(_) => &mut self.failed,
            Outcome::Unsupported => &mut self.unsupported,
        };
        *counter = counter.saturating_add(1);
    }
}

/// The rows of a run, in the order in which chapters and operations first occur.
fn rows(run: &Run) -> Vec<Row<'_>> {
    let mut rows: Vec<Row<'_>> = Vec::new();
    for (case, outcome) in &run.results {
        let (chapter, op) = (case.chapter, case.vector.op.as_str());
        let mut known = rows.iter_mut().find(|row| (row.chapter, row.op) == (chapter, op));
        match &mut known {
            Some(row) => row.count(outcome),
            None => {
                let mut row = Row { chapter, op, passed: 0, failed: 0, unsupported: 0 };
                row.count(outcome);
                rows.push(row);
            }
        }
    }
    // A chapter's topics may share an operation with another chapter's; each chapter stays together.
    rows.sort_by_key(|row| row.chapter);
    rows
}

/// The operations of the run that no implementation independent of ours answers.
fn unconfirmed(run: &Run) -> Vec<&'static str> {
    let used = |op: &&&str| run.results.iter().any(|(case, _)| case.vector.op == **op);
    WITHOUT_PEER.iter().filter(used).copied().collect()
}
