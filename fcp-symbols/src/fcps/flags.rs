//! The flags of a frame (§4.4).

bitflags::bitflags! {
    /// What a frame is (§4.4, D65). Bits 12 to 15 are reserved.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
    pub struct FrameFlags: u16 {
        /// The sender waits for an acknowledgment.
        const REQUIRES_ACK = 1;
        /// Compressed: never in version 1 (D64).
        const COMPRESSED = 1 << 1;
        /// Symbols are sealed for the zone: always in version 1 (D66).
        const ENCRYPTED = 1 << 2;
        /// Answers a request.
        const RESPONSE = 1 << 3;
        /// Answers with an error.
        const ERROR = 1 << 4;
        /// Belongs to a stream.
        const STREAMING = 1 << 5;
        /// Ends a stream.
        const STREAM_END = 1 << 6;
        /// Carries a capability token: never in version 1 (D67).
        const HAS_CAP_TOKEN = 1 << 7;
        /// Crosses zones: never in version 1 (D67).
        const ZONE_CROSSING = 1 << 8;
        /// Goes first.
        const PRIORITY = 1 << 9;
        /// Symbols are RaptorQ's; without it they are the source symbols themselves (D63).
        const RAPTORQ = 1 << 10;
        /// The object is one of the control plane.
        const CONTROL_PLANE = 1 << 11;
    }
}

impl FrameFlags {
    /// What a frame of ordinary RaptorQ symbols has: `ENCRYPTED` and `RAPTORQ`.
    pub const SYMBOLS: Self = Self::ENCRYPTED.union(Self::RAPTORQ);

    /// What no frame of version 1 has.
    const NEVER: Self = Self::COMPRESSED.union(Self::HAS_CAP_TOKEN).union(Self::ZONE_CROSSING);

    /// Whether a frame of version 1 may have these flags (D64–D67).
    #[must_use]
    pub const fn is_version_1(self) -> bool {
        Self::from_bits(self.bits()).is_some() && self.contains(Self::ENCRYPTED) && !self.intersects(Self::NEVER)
    }

    /// The flags of version 1 that `bits` are, if they are.
    #[must_use]
    pub(super) fn of_version_1(bits: u16) -> Option<Self> {
        Self::from_bits(bits).filter(|flags| flags.is_version_1())
    }
}

#[cfg(test)]
mod tests {
    use super::FrameFlags;

    #[test]
    fn bits_are_those_of_the_specification() {
        assert_eq!(FrameFlags::SYMBOLS.bits(), 0b0100_0000_0100);
        assert_eq!(FrameFlags::CONTROL_PLANE.bits(), 0b1000_0000_0000);
        assert_eq!(FrameFlags::all().bits(), 0x0fff);
    }

    #[test]
    fn exactly_the_flags_of_version_1_are_accepted() {
        for bits in 0..=u16::MAX {
            let expected = bits & 0b1111_0001_1000_0010 == 0 && bits & 0b100 != 0;
            assert_eq!(FrameFlags::of_version_1(bits).is_some(), expected, "{bits:#018b}");
        }
    }
}
