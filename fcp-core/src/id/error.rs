//! Why a text is no identifier.

use crate::error::Reason;

/// The rule of an identifier's grammar that a text breaks, and at which byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{} at byte {offset}", .reason.meaning())]
pub struct IdError {
    reason: Reason,
    offset: usize,
}

impl IdError {
    pub(crate) const fn new(reason: Reason, offset: usize) -> Self {
        Self { reason, offset }
    }

    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(&self) -> Reason {
        self.reason
    }

    /// The offset of the byte that breaks the rule; for a length, the first byte too many.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.offset
    }
}

/// The checks that every textual identifier shares: not empty, at most `max` bytes, ASCII.
pub(super) fn ascii(text: &str, max: usize) -> Result<(), IdError> {
    if text.is_empty() {
        return Err(IdError::new(Reason::IdEmpty, 0));
    }
    if text.len() > max {
        return Err(IdError::new(Reason::IdTooLong, max));
    }
    match text.bytes().position(|byte| !byte.is_ascii()) {
        Some(offset) => Err(IdError::new(Reason::IdNotAscii, offset)),
        None => Ok(()),
    }
}

/// The grammar `^[a-z0-9][a-z0-9…]*$`, with `others` beside letters and digits, for `text` at `offset` of the whole.
pub(super) fn lowercase(text: &str, others: &[u8], offset: usize) -> Result<(), IdError> {
    let at = |index: usize| offset.saturating_add(index);
    if let Some(index) = text.bytes().position(|byte| byte.is_ascii_uppercase()) {
        return Err(IdError::new(Reason::IdUppercase, at(index)));
    }
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    match text.bytes().enumerate().find(|&(index, byte)| !letter(byte) && (index == 0 || !others.contains(&byte))) {
        Some((0, _)) => Err(IdError::new(Reason::IdBadFirst, offset)),
        Some((index, _)) => Err(IdError::new(Reason::IdBadChar, at(index))),
        None if text.is_empty() => Err(IdError::new(Reason::IdBadFirst, offset)),
        None => Ok(()),
    }
}

/// The shared traits of an identifier that is text inside: display, parsing, CBOR.
macro_rules! text_id {
    ($name:ident) => {
        impl $name {
            /// The identifier's text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The identifier's bytes.
            #[must_use]
            pub fn as_bytes(&self) -> &[u8] {
                self.0.as_bytes()
            }
        }

        impl core::str::FromStr for $name {
            type Err = $crate::id::IdError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::new(text)
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl core::fmt::Debug for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl $crate::cbor::Encode for $name {
            #[inline]
            fn encode(&self, encoder: &mut $crate::cbor::Encoder<'_>) {
                encoder.text(&self.0);
            }
        }

        impl<'b> $crate::cbor::Decode<'b> for $name {
            fn decode(decoder: &mut $crate::cbor::Decoder<'b>) -> Result<Self, $crate::cbor::DecodeError> {
                let offset = decoder.position();
                let text = decoder.text()?;
                Self::new(text).map_err(|error| $crate::cbor::Decoder::invalid(offset, error.reason()))
            }
        }
    };
}

pub(super) use text_id;
