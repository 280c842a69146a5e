//! Where data comes from (§6.1), as data. What follows from it is decided in `fcp-zones`.

use alloc::vec::Vec;

use crate::cbor::{Decode, DecodeError, Decoder, Encode, Encoder};
use crate::id::{ObjectId, PrincipalId, ZoneId};
use crate::time::Timestamp;

/// Where data comes from and what that means for its use (§6.1).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Provenance {
    /// The zone that it was born in.
    pub origin_zone: ZoneId,
    /// The zone that it is in.
    pub current_zone: ZoneId,
    /// How far it can be trusted: the lowest of everything that went into it.
    pub integrity_label: u8,
    /// How secret it is: the highest of everything that went into it.
    pub confidentiality_label: u8,
    /// Changes of the labels, each with the approval that it needs.
    pub label_adjustments: Vec<LabelAdjustment>,
    /// Who brought it in.
    pub origin_principal: Option<PrincipalId>,
    /// What makes it dangerous.
    pub taint: TaintFlags,
    /// Taints that were cleared, each with the receipt that it needs.
    pub taint_reductions: Vec<TaintReduction>,
    /// The zones that it crossed, in order.
    pub zone_crossings: Vec<ZoneCrossing>,
    /// When it was created.
    pub created_at: Timestamp,
}

impl Provenance {
    /// Untainted data of a zone, with the zone's own levels and no history (D72).
    #[must_use]
    pub fn of_zone(zone: ZoneId, integrity: u8, confidentiality: u8, created_at: Timestamp) -> Self {
        Self {
            origin_zone: zone.clone(),
            current_zone: zone,
            integrity_label: integrity,
            confidentiality_label: confidentiality,
            label_adjustments: Vec::new(),
            origin_principal: None,
            taint: TaintFlags::empty(),
            taint_reductions: Vec::new(),
            zone_crossings: Vec::new(),
            created_at,
        }
    }

    /// The same data, brought in by `principal`.
    #[must_use]
    pub fn by(mut self, principal: PrincipalId) -> Self {
        self.origin_principal = Some(principal);
        self
    }
}

/// A change of a label, which counts only with a valid approval (§6.1, D98).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum LabelAdjustment {
    /// Somebody reviewed it and vouches for it.
    IntegrityElevated {
        /// The new integrity.
        to: u8,
        /// The approval's id.
        by_approval: ObjectId,
        /// When it was applied.
        applied_at: Timestamp,
    },
    /// Somebody decided that it may be less secret.
    ConfidentialityDeclassified {
        /// The new confidentiality.
        to: u8,
        /// The approval's id.
        by_approval: ObjectId,
        /// When it was applied.
        applied_at: Timestamp,
    },
}

/// A clearing of taints, which counts only with a valid sanitizer receipt (§6.1, D98, D99).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct TaintReduction {
    /// The taints that are cleared.
    pub clears: TaintFlags,
    /// The receipt's id.
    pub by_receipt: ObjectId,
    /// When it was applied.
    pub applied_at: Timestamp,
}

/// A step from one zone to another (§6.1).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct ZoneCrossing {
    /// Where it came from.
    pub from_zone: ZoneId,
    /// Where it went.
    pub to_zone: ZoneId,
    /// When.
    pub crossed_at: Timestamp,
    /// The approval's id, where one was needed (D103).
    pub authorized_by: Option<ObjectId>,
}

bitflags::bitflags! {
    /// What makes data dangerous (§6.1): merged by or. Unknown bits are kept and treated as `PUBLIC_INPUT` (D94).
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
    pub struct TaintFlags: u32 {
        /// Anybody could have written it.
        const PUBLIC_INPUT = 1;
        /// From a paired outsider.
        const EXTERNAL_INPUT = 1 << 1;
        /// Links or attachments that nobody scanned.
        const UNVERIFIED_LINK = 1 << 2;
        /// Typed by a person.
        const USER_SUPPLIED = 1 << 3;
        /// Read by a language model.
        const PROMPT_SURFACE = 1 << 4;
    }
}

impl TaintFlags {
    /// Bits that this version does not know.
    #[must_use]
    pub const fn unknown(self) -> u32 {
        self.bits() & !Self::all().bits()
    }
}

/// An unsigned integer that keeps unknown bits (D94).
impl Encode for TaintFlags {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        encoder.uint(u64::from(self.bits()));
    }
}

impl<'b> Decode<'b> for TaintFlags {
    fn decode(decoder: &mut Decoder<'b>) -> Result<Self, DecodeError> {
        decoder.narrow().map(Self::from_bits_retain)
    }
}
