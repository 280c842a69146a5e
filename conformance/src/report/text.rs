//! The report that people read: failures in full, then a table for each chapter.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::{rows, unconfirmed};
use crate::run::{Difference, Failure, Outcome, Run};

/// How much of a value is shown.
const SHOWN: usize = 600;

/// How many differences of one failure are shown.
const MOST_DIFFERENCES: usize = 5;

/// The report as text.
#[must_use]
pub fn text(run: &Run) -> String {
    let mut out = String::new();
    // Writing to a string does not fail.
    let _ = write(&mut out, run);
    out
}

fn write(out: &mut String, run: &Run) -> std::fmt::Result {
    write!(out, "{} {}, profile {}", run.hello.implementation, run.hello.version, run.hello.profile)?;
    if let Some(peer) = &run.peer {
        write!(out, "; sealed and opened across with {} {}", peer.implementation, peer.version)?;
    }
    writeln!(out)?;

    let rows = rows(run);
    let width = rows.iter().map(|row| row.op.len()).max().unwrap_or_default();
    let (mut passed, mut failed, mut unsupported) = (0_usize, 0_usize, 0_usize);
    let mut chapter = "";
    for row in &rows {
        if row.chapter != chapter {
            chapter = row.chapter;
            writeln!(out, "\n{:<width$}   passed  failed  unsupported", chapter)?;
        }
        let (op, unsupported_here) = (row.op, row.unsupported);
        writeln!(out, "{op:<width$}   {:>6}  {:>6}  {unsupported_here:>11}", row.passed, row.failed)?;
        passed = passed.saturating_add(row.passed);
        failed = failed.saturating_add(row.failed);
        unsupported = unsupported.saturating_add(row.unsupported);
        for (case, outcome) in &run.results {
            if let Outcome::Failed(failure) = outcome
                && (case.chapter, case.vector.op.as_str()) == (row.chapter, row.op)
            {
                let title = format!("{} ({})", case.name(), case.vector.section);
                write_failure(out, &title, case.vector.note.as_deref(), failure)?;
            }
        }
    }

    writeln!(out, "\n{passed} passed, {failed} failed, {unsupported} unsupported")?;
    let unconfirmed = unconfirmed(run);
    if !unconfirmed.is_empty() {
        writeln!(out, "confirmed by no independent implementation: {}", unconfirmed.join(", "))?;
    }
    Ok(())
}

fn write_failure(out: &mut String, title: &str, note: Option<&str>, failure: &Failure) -> std::fmt::Result {
    match failure.differences.first() {
        Some(Difference { place, parting: Some(parting), .. }) => {
            writeln!(out, "  {title}: the bytes of `{place}` part at offset {}", parting.offset)?;
        }
        Some(Difference { place, .. }) => writeln!(out, "  {title}: `{place}` differs")?,
        None => writeln!(out, "  {title}")?,
    }
    if let Some(note) = note {
        writeln!(out, "    {note}")?;
    }
    writeln!(out, "    asked     {}", failure.asked)?;
    writeln!(out, "    sent      {}", shown(&failure.sent))?;
    if failure.differences.is_empty() {
        writeln!(out, "    expected  {}", cut(&failure.expected))?;
        return writeln!(out, "    received  {}", cut(&failure.received));
    }
    for difference in failure.differences.iter().take(MOST_DIFFERENCES) {
        let (place, value) = (&difference.place, |value: &Option<Value>| match value {
            Some(value) => cut(&value.to_string()),
            None => "nothing".to_owned(),
        });
        match &difference.parting {
            Some(parting) => {
                writeln!(out, "    {place}, offset {}", parting.offset)?;
                writeln!(out, "      expected  {}", parting.expected)?;
                writeln!(out, "      received  {}", parting.received)?;
            }
            None => {
                writeln!(out, "    {place}")?;
                writeln!(out, "      expected  {}", value(&difference.expected))?;
                writeln!(out, "      received  {}", value(&difference.received))?;
            }
        }
    }
    let more = failure.differences.len().saturating_sub(MOST_DIFFERENCES);
    if more > 0 {
        writeln!(out, "    and {more} more differences")?;
    }
    Ok(())
}

fn shown(fields: &Map<String, Value>) -> String {
    cut(&serde_json::to_string(fields).unwrap_or_default())
}

fn cut(text: &str) -> String {
    let mut short: String = text.chars().take(SHOWN).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
