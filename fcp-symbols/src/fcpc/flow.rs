//! Back-pressure: how much may wait at the ends of a stream (§9.4).

/// How many bytes may wait at one end of a stream before it says [`Flow::Stop`], and to how few they must fall before it
/// says [`Flow::Go`] again. At most one frame goes beyond.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlowLimits {
    high: usize,
    low: usize,
}

impl FlowLimits {
    /// These two marks; the high one is 1 at least, and the low one below it.
    #[must_use]
    pub fn new(high: usize, low: usize) -> Self {
        let high = high.max(1);
        Self { high, low: low.min(high.saturating_sub(1)) }
    }

    /// From how many bytes on it is to stop.
    #[must_use]
    pub const fn high(self) -> usize {
        self.high
    }

    /// From how few bytes on it may go on.
    #[must_use]
    pub const fn low(self) -> usize {
        self.low
    }
}

impl Default for FlowLimits {
    /// 1 MiB, and 256 KiB.
    fn default() -> Self {
        Self { high: 1024 * 1024, low: 256 * 1024 }
    }
}

/// Whether whoever feeds this end may go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// There is room.
    Go,
    /// Not now: bring no more until this end says so.
    Stop,
}

impl Flow {
    /// Whether to go on.
    #[must_use]
    pub const fn is_go(self) -> bool {
        matches!(self, Self::Go)
    }
}

/// The state between the two marks.
#[derive(Debug)]
pub(super) struct Gauge {
    limits: FlowLimits,
    flow: Flow,
}

impl Gauge {
    pub(super) const fn new(limits: FlowLimits) -> Self {
        Self { limits, flow: Flow::Go }
    }

    pub(super) const fn limits(&self) -> FlowLimits {
        self.limits
    }

    pub(super) const fn flow(&self) -> Flow {
        self.flow
    }

    /// So many bytes wait now.
    pub(super) const fn set(&mut self, waiting: usize) -> Flow {
        if waiting >= self.limits.high {
            self.flow = Flow::Stop;
        } else if waiting <= self.limits.low {
            self.flow = Flow::Go;
        }
        self.flow
    }
}

#[cfg(test)]
mod tests {
    use super::{Flow, FlowLimits, Gauge};

    #[test]
    fn between_the_marks_it_stays_as_it_is() {
        let mut gauge = Gauge::new(FlowLimits::new(100, 40));
        let seen = [99, 100, 500, 41, 40, 99, 0].map(|waiting| gauge.set(waiting));
        use Flow::{Go, Stop};
        assert_eq!(seen, [Go, Stop, Stop, Stop, Go, Go, Go]);
        assert_eq!((FlowLimits::new(0, 9).high(), FlowLimits::new(0, 9).low()), (1, 0));
        assert_eq!((FlowLimits::new(5, 9).high(), FlowLimits::new(5, 9).low()), (5, 4));
    }
}
