//! What the demo shows: a step at a time, for people or as JSON lines.

use std::io::Write as _;
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

/// Writes the steps as they go.
pub(super) struct Reporter {
    json: bool,
    next: u32,
}

/// What one step proved.
pub(super) struct Proof {
    lines: Vec<String>,
    facts: Map<String, Value>,
}

impl Proof {
    /// Nothing proved yet.
    pub(super) fn new() -> Self {
        Self { lines: Vec::new(), facts: Map::new() }
    }

    /// One line for people.
    pub(super) fn line(&mut self, line: impl Into<String>) -> &mut Self {
        self.lines.push(line.into());
        self
    }

    /// One fact for programs.
    pub(super) fn fact(&mut self, name: &str, value: impl Into<Value>) -> &mut Self {
        self.facts.insert(name.to_owned(), value.into());
        self
    }
}

/// A step that is under way.
pub(super) struct Running {
    number: u32,
    title: String,
    started: Instant,
}

impl Reporter {
    pub(super) const fn new(json: bool) -> Self {
        Self { json, next: 1 }
    }

    /// A line that belongs to no step.
    pub(super) fn say(&self, line: &str) {
        if !self.json {
            println!("{line}");
        }
    }

    /// Says why there is no first step.
    pub(super) fn not_begun(&self, why: &str) {
        if self.json {
            println!("{}", json!({"step": 0, "title": "Set-up", "ok": false, "error": why}));
        } else {
            println!("\nThe demo cannot begin: {why}");
        }
    }

    /// Announces the next step.
    #[expect(clippy::disallowed_methods, reason = "a step's duration is shown to a person, nothing depends on it")]
    pub(super) fn begin(&mut self, title: &str) -> Running {
        let number = self.next;
        self.next = self.next.saturating_add(1);
        if !self.json {
            print!("\n{number}. {title} … ");
            let _ = std::io::stdout().flush();
        }
        Running { number, title: title.to_owned(), started: Instant::now() }
    }

    /// Shows how a step went.
    pub(super) fn end(&self, step: &Running, outcome: Result<&Proof, &str>) {
        let took = step.started.elapsed();
        if self.json {
            let line = match outcome {
                Ok(proof) => json!({
                    "step": step.number, "title": step.title, "ok": true, "ms": millis(took), "facts": proof.facts,
                }),
                Err(why) => json!({
                    "step": step.number, "title": step.title, "ok": false, "ms": millis(took), "error": why,
                }),
            };
            println!("{line}");
            return;
        }
        match outcome {
            Ok(proof) => {
                println!("{} ms", millis(took));
                for line in &proof.lines {
                    println!("   {line}");
                }
            }
            Err(why) => println!("FAILED after {} ms\n   {why}", millis(took)),
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
