//! The two axes of a zone (§5.1).

/// A point of the two-axis lattice: how far input is trusted, how secret data is (§5.1 rule 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Levels {
    /// From 0, anybody's word, to 255.
    pub integrity: u8,
    /// From 0, public, to 255.
    pub confidentiality: u8,
}

impl Levels {
    /// What a zone without a valid definition has: its input is worth nothing, its data must not leave (D74).
    pub const UNKNOWN: Self = Self { integrity: 0, confidentiality: 255 };

    /// The point with these two levels.
    #[must_use]
    pub const fn new(integrity: u8, confidentiality: u8) -> Self {
        Self { integrity, confidentiality }
    }

    /// Whether a child zone may have these levels under a parent that has `parent`: neither is above it (§5.1 rule 2).
    #[must_use]
    pub const fn within(self, parent: Self) -> bool {
        self.integrity <= parent.integrity && self.confidentiality <= parent.confidentiality
    }
}
