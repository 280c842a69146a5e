//! Figures that are no times: sizes and shares, each against a goal.

use crate::measure::Effort;

/// Which way a figure's goal points.
#[derive(Debug, Clone, Copy)]
pub enum Bound {
    /// The figure is at most this.
    AtMost(f64),
    /// The figure is at least this.
    AtLeast(f64),
}

/// Something to find out.
#[derive(Debug, Clone, Copy)]
pub struct Question {
    /// What is asked.
    pub name: &'static str,
    /// In what the answer is.
    pub unit: &'static str,
    /// How it is found out.
    pub measure: fn(Effort) -> f64,
    /// What is claimed.
    pub goal: Bound,
}

/// What came out.
#[derive(Debug, Clone, Copy)]
pub struct Figure {
    /// What was asked.
    pub question: Question,
    /// The answer.
    pub value: f64,
}

impl Question {
    /// Finds it out.
    #[must_use]
    pub fn answer(self, effort: Effort) -> Figure {
        Figure { question: self, value: (self.measure)(effort) }
    }
}

impl Figure {
    /// Whether the goal is held.
    #[must_use]
    pub fn held(&self) -> bool {
        match self.question.goal {
            Bound::AtMost(limit) => self.value <= limit,
            Bound::AtLeast(limit) => self.value >= limit,
        }
    }
}
