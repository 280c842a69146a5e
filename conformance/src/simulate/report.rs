//! What came of a simulation: a table for people, JSON for programs.

use serde_json::{Value, json};

use super::Report;

/// The table, and below it the first violation with the line that plays it again.
#[must_use]
pub fn text(report: &Report) -> String {
    let width = report.rows.iter().map(|row| row.scenario.name.len()).max().unwrap_or_default().max(8);
    let mut text = format!("{:width$}  {:>6} {:>10} {:>10}  violations\n", "scenario", "seeds", "events", "datagrams");
    for row in &report.rows {
        let line = format!(
            "{:width$}  {:>6} {:>10} {:>10}  {}\n",
            row.scenario.name, row.seeds, row.events, row.datagrams, row.violations
        );
        text.push_str(&line);
    }
    let (seeds, violations) = (report.seeds(), report.violations());
    text.push_str(&format!("\n{seeds} seeds, {violations} violations\n"));
    if let Some(first) = &report.first {
        for violation in &first.violations {
            let seconds = violation.at_ms / 1000;
            let thousandths = violation.at_ms % 1000;
            text.push_str(&format!(
                "  {} at {seconds}.{thousandths:03} s: {}\n",
                violation.check.name(),
                violation.what
            ));
        }
        text.push_str(&format!("again: {}\n", first.command()));
    }
    text
}

/// The same as one JSON object.
#[must_use]
pub fn json(report: &Report) -> Value {
    let rows: Vec<Value> = report
        .rows
        .iter()
        .map(|row| {
            json!({
                "scenario": row.scenario.name,
                "about": row.scenario.about,
                "seeds": row.seeds,
                "events": row.events,
                "datagrams": row.datagrams,
                "violations": row.violations,
            })
        })
        .collect();
    let first = report.first.as_ref().map(|first| {
        let violations: Vec<Value> = first
            .violations
            .iter()
            .map(|violation| {
                json!({ "check": violation.check.name(), "what": violation.what, "at_ms": violation.at_ms })
            })
            .collect();
        json!({
            "scenario": first.scenario.name,
            "seed": first.seed,
            "violations": violations,
            "again": first.command(),
        })
    });
    json!({ "scenarios": rows, "seeds": report.seeds(), "violations": report.violations(), "first": first })
}
