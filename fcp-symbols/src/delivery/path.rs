//! Paths, as the caller names them.

/// A path to or from a peer: a number of the caller's, who knows what is behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PathId(u32);

impl PathId {
    /// The path with this number.
    #[must_use]
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

/// What a path is (§4.5, App. G).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PathKind {
    /// The local network.
    Lan,
    /// A direct connection.
    Direct,
    /// A relay in between.
    Relay,
    /// A peer that keeps symbols, which are fetched from it: nothing is pushed there.
    Stored,
}

impl PathKind {
    /// How much of what is wanted is asked for over such a path, as long as nothing is known of it.
    pub(super) const fn weight(self) -> u32 {
        match self {
            Self::Lan => 4,
            Self::Direct => 3,
            Self::Relay => 1,
            Self::Stored => 2,
        }
    }
}

/// A path to a peer, which the caller has found to be allowed (§5.2, transport policy).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Path {
    /// The caller's number for it.
    pub id: PathId,
    /// What it is.
    pub kind: PathKind,
    /// The largest datagram that it carries, envelope included: that of the session, or less.
    pub max_datagram_bytes: usize,
}
