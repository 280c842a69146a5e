//! What can be wrong with received CBOR.

use crate::error::Reason;

/// A refusal of the strict decoder: which rule, and at which byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{kind} at byte {offset}")]
pub struct DecodeError {
    offset: usize,
    kind: DecodeErrorKind,
}

impl DecodeError {
    /// A refusal of `kind` at `offset` bytes from the start of the decoded input.
    #[must_use]
    pub const fn new(kind: DecodeErrorKind, offset: usize) -> Self {
        Self { offset, kind }
    }

    /// The offset, in bytes from the start of the input, of the head that breaks the rule.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// The rule that was broken.
    #[must_use]
    pub const fn kind(&self) -> DecodeErrorKind {
        self.kind
    }

    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(&self) -> Reason {
        self.kind.reason()
    }
}

/// The rules of canonical CBOR (§3.5, D25, D28), each with its own reason code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// The input ends inside an item.
    #[error("input ends inside an item")]
    UnexpectedEnd,
    /// Bytes follow the item.
    #[error("bytes follow the item")]
    TrailingBytes,
    /// An array, map or string of indefinite length, or a stray break.
    #[error("indefinite length")]
    IndefiniteLength,
    /// A head that has a shorter form.
    #[error("head is not in its shortest form")]
    NonShortestHead,
    /// Additional information 28, 29 or 30, which RFC 8949 reserves.
    #[error("reserved additional information")]
    ReservedHead,
    /// Map keys that are not in bytewise order of their encodings.
    #[error("map keys are not sorted")]
    UnsortedKeys,
    /// A map key that occurs twice.
    #[error("map key occurs twice")]
    DuplicateKey,
    /// A map key of a kind that this map does not have.
    #[error("map key has the wrong type")]
    KeyType,
    /// A map key that the schema does not know.
    #[error("unknown map key")]
    UnknownKey,
    /// A field that the schema requires is missing.
    #[error("missing key `{0}`")]
    MissingKey(&'static str),
    /// A name that the enumeration does not have.
    #[error("unknown variant")]
    UnknownVariant,
    /// A tag.
    #[error("tag")]
    Tag,
    /// A simple value other than `true`, `false` and `null`.
    #[error("simple value other than true, false and null")]
    SimpleValue,
    /// A float where the schema allows none.
    #[error("float where none is allowed")]
    FloatNotAllowed,
    /// Not a number.
    #[error("not a number")]
    Nan,
    /// Positive or negative infinity.
    #[error("infinite float")]
    Infinity,
    /// A float that fits a shorter form without loss.
    #[error("float is not in its shortest form")]
    NonShortestFloat,
    /// A text string that is not UTF-8.
    #[error("text is not UTF-8")]
    InvalidUtf8,
    /// Arrays and maps nested deeper than [`MAX_DEPTH`](super::MAX_DEPTH).
    #[error("nested too deeply")]
    TooDeep,
    /// The input is longer than [`MAX_SIZE`](super::MAX_SIZE).
    #[error("input is too large")]
    TooLarge,
    /// Another type than the schema has here.
    #[error("unexpected type")]
    UnexpectedType,
    /// A byte string, array or number outside of the schema's bounds.
    #[error("length or number out of range")]
    OutOfRange,
    /// A well-formed item that breaks a rule of its own, such as the grammar of an identifier.
    #[error("{}", .0.meaning())]
    Invalid(Reason),
}

impl DecodeErrorKind {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(self) -> Reason {
        match self {
            Self::UnexpectedEnd => Reason::CborUnexpectedEnd,
            Self::TrailingBytes => Reason::CborTrailingBytes,
            Self::IndefiniteLength => Reason::CborIndefiniteLength,
            Self::NonShortestHead => Reason::CborNonShortestInt,
            Self::ReservedHead => Reason::CborReservedHead,
            Self::UnsortedKeys => Reason::CborUnsortedKeys,
            Self::DuplicateKey => Reason::CborDuplicateKey,
            Self::KeyType => Reason::CborKeyType,
            Self::UnknownKey => Reason::CborUnknownKey,
            Self::MissingKey(_) => Reason::CborMissingKey,
            Self::UnknownVariant => Reason::CborUnknownVariant,
            Self::Tag => Reason::CborTag,
            Self::SimpleValue => Reason::CborSimpleValue,
            Self::FloatNotAllowed => Reason::CborFloatNotAllowed,
            Self::Nan => Reason::CborNan,
            Self::Infinity => Reason::CborInfinity,
            Self::NonShortestFloat => Reason::CborNonShortestFloat,
            Self::InvalidUtf8 => Reason::CborInvalidUtf8,
            Self::TooDeep => Reason::CborTooDeep,
            Self::TooLarge => Reason::CborTooLarge,
            Self::UnexpectedType => Reason::CborUnexpectedType,
            Self::OutOfRange => Reason::CborOutOfRange,
            Self::Invalid(reason) => reason,
        }
    }
}
