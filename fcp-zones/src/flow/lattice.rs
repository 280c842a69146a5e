//! Where data may go (§5.1).

use crate::zone::Levels;

/// What data needs on its way between two points of the lattice (§5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Flow {
    /// Nothing: it becomes no more trusted and no less secret.
    Allow,
    /// Somebody has to vouch for it.
    NeedsElevation,
    /// Somebody has to decide that it may be less secret.
    NeedsDeclassification,
    /// Both.
    NeedsBoth,
}

/// What data at `from` needs to get to `to`: integrity may fall freely, confidentiality may rise freely (§5.1).
///
/// ```
/// use fcp_zones::flow::{Flow, flow};
/// use fcp_zones::zone::Levels;
///
/// let (private, public) = (Levels::new(80, 90), Levels::new(20, 10));
/// assert_eq!(flow(private, public), Flow::NeedsDeclassification);
/// assert_eq!(flow(public, private), Flow::NeedsElevation);
/// ```
#[must_use]
pub const fn flow(from: Levels, to: Levels) -> Flow {
    match (to.integrity > from.integrity, to.confidentiality < from.confidentiality) {
        (false, false) => Flow::Allow,
        (true, false) => Flow::NeedsElevation,
        (false, true) => Flow::NeedsDeclassification,
        (true, true) => Flow::NeedsBoth,
    }
}

impl Flow {
    /// Whether somebody has to vouch for the data.
    #[must_use]
    pub const fn needs_elevation(self) -> bool {
        matches!(self, Self::NeedsElevation | Self::NeedsBoth)
    }

    /// Whether somebody has to decide that the data may be less secret.
    #[must_use]
    pub const fn needs_declassification(self) -> bool {
        matches!(self, Self::NeedsDeclassification | Self::NeedsBoth)
    }
}

#[cfg(test)]
mod tests {
    use super::{Flow, flow};
    use crate::zone::Levels;

    #[test]
    fn every_pair_of_levels_on_each_axis() {
        for from in 0..=255 {
            for to in 0..=255 {
                let up = flow(Levels::new(from, 7), Levels::new(to, 7));
                assert_eq!(up.needs_elevation(), to > from);
                assert!(!up.needs_declassification());
                let down = flow(Levels::new(7, from), Levels::new(7, to));
                assert_eq!(down.needs_declassification(), to < from);
                assert!(!down.needs_elevation());
            }
        }
    }

    /// Every fifth level on both axes at once, the ends included: 52⁴ pairs.
    #[test]
    fn the_axes_are_independent_and_flow_is_transitive() {
        let levels = || (0..=255).step_by(5);
        for integrity in levels() {
            for confidentiality in levels() {
                let from = Levels::new(integrity, confidentiality);
                for to_integrity in levels() {
                    for to_confidentiality in levels() {
                        let to = Levels::new(to_integrity, to_confidentiality);
                        let expected = match (to_integrity > integrity, to_confidentiality < confidentiality) {
                            (false, false) => Flow::Allow,
                            (true, false) => Flow::NeedsElevation,
                            (false, true) => Flow::NeedsDeclassification,
                            (true, true) => Flow::NeedsBoth,
                        };
                        assert_eq!(flow(from, to), expected);
                    }
                }
            }
        }
        let few = [0, 1, 40, 100, 255].map(|i| [0, 10, 90, 255].map(|c| Levels::new(i, c)));
        let few = few.as_flattened();
        for (a, b, c) in few.iter().flat_map(|a| few.iter().flat_map(move |b| few.iter().map(move |c| (a, b, c)))) {
            if flow(*a, *b) == Flow::Allow && flow(*b, *c) == Flow::Allow {
                assert_eq!(flow(*a, *c), Flow::Allow, "{a:?} {b:?} {c:?}");
            }
        }
    }
}
