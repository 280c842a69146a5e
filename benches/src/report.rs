//! The table.

use serde_json::json;

use fcp_benches::figure::{Bound, Figure};
use fcp_benches::measure::{Goal, Ratio};

/// Prints rows as they come.
pub(crate) struct Report {
    json: bool,
    headed: bool,
    figures_headed: bool,
}

impl Report {
    pub(crate) const fn new(json: bool) -> Self {
        Self { json, headed: false, figures_headed: false }
    }

    /// Prints a row and says whether its goal is held.
    pub(crate) fn row(&mut self, ratio: &Ratio) -> bool {
        let (held, lacks) = (ratio.held(), ratio.goal.lacks());
        if self.json {
            let goal = match ratio.goal {
                Goal::AtMost(limit) => json!({ "at_most": limit }),
                Goal::AtLeast(factor) => json!({ "at_least": factor }),
                Goal::AtLeastWith(cpu, factor) => json!({ "at_least": factor, "needs": cpu.name() }),
            };
            println!(
                "{}",
                json!({
                    "name": ratio.name, "peer": ratio.peer_name,
                    "ours_ns": ratio.ours_min, "peer_ns": ratio.peer_min,
                    "ratio_minima": ratio.of_minima(), "ratio_medians": ratio.of_medians(),
                    "goal": goal, "held": if lacks.is_some() { None } else { Some(held) },
                })
            );
            return held;
        }
        if !self.headed {
            self.headed = true;
            println!(
                "{:<34} {:>11} {:>11}  {:<28} {:>7} {:>7}  {:<9} result",
                "what", "ours ns", "peer ns", "peer", "minima", "medians", "goal"
            );
        }
        let (minima, medians, goal) = match ratio.goal {
            Goal::AtMost(limit) => (ratio.of_minima(), ratio.of_medians(), format!("<= {limit:.2}x")),
            Goal::AtLeast(factor) | Goal::AtLeastWith(_, factor) => {
                (1.0 / ratio.of_minima(), 1.0 / ratio.of_medians(), format!(">= {factor:.2}x"))
            }
        };
        println!(
            "{:<34} {:>11.1} {:>11.1}  {:<28} {:>6.2}x {:>6.2}x  {:<9} {}",
            ratio.name,
            ratio.ours_min,
            ratio.peer_min,
            ratio.peer_name,
            minima,
            medians,
            goal,
            match lacks {
                Some(cpu) => format!("n/a (needs {})", cpu.name()),
                None if held => "held".into(),
                None => "SHORT".into(),
            },
        );
        held
    }

    /// Prints a figure and says whether its goal is held.
    pub(crate) fn figure(&mut self, figure: &Figure) -> bool {
        let (held, question) = (figure.held(), &figure.question);
        if self.json {
            let goal = match question.goal {
                Bound::AtMost(limit) => json!({ "at_most": limit }),
                Bound::AtLeast(limit) => json!({ "at_least": limit }),
            };
            let row = json!({
                "name": question.name, "value": figure.value, "unit": question.unit, "goal": goal, "held": held,
            });
            println!("{row}");
            return held;
        }
        if !self.figures_headed {
            self.figures_headed = true;
            println!("\n{:<46} {:>11}  {:<28} {:<10} result", "what", "figure", "unit", "goal");
        }
        let goal = match question.goal {
            Bound::AtMost(limit) => format!("<= {limit}"),
            Bound::AtLeast(limit) => format!(">= {limit}"),
        };
        let result = if held { "held" } else { "SHORT" };
        println!("{:<46} {:>11.3}  {:<28} {:<10} {result}", question.name, figure.value, question.unit, goal);
        held
    }
}
