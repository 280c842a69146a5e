//! The strict decoder.

use alloc::vec::Vec;

use super::error::{DecodeError, DecodeErrorKind};
use super::head::{self, Head, major};
use super::{MAX_DEPTH, MAX_SIZE, check};
use crate::error::Reason;

/// A value that can be read from its one canonical encoding.
pub trait Decode<'b>: Sized {
    /// Reads one item.
    ///
    /// # Errors
    /// [`DecodeError`] with the first rule that the bytes break.
    fn decode(decoder: &mut Decoder<'b>) -> Result<Self, DecodeError>;

    /// The value of a field whose key is left out: `Some` only for options (G4).
    #[must_use]
    fn absent() -> Option<Self> {
        None
    }

    /// Reads a sequence: an array, except that bytes are one byte string (G4).
    ///
    /// # Errors
    /// [`DecodeError`] with the first rule that the bytes break.
    fn decode_sequence(decoder: &mut Decoder<'b>) -> Result<Vec<Self>, DecodeError> {
        let len = decoder.array()?;
        // Each item takes at least one byte, so the claim is bounded by what was received.
        let mut items = Vec::with_capacity(len.min(decoder.remaining().len()).min(4096));
        for _ in 0..len {
            items.push(Self::decode(decoder)?);
        }
        decoder.leave();
        Ok(items)
    }
}

/// Reads canonical items from a slice, and nothing else.
#[derive(Debug, Clone)]
pub struct Decoder<'b> {
    input: &'b [u8],
    position: usize,
    depth: u8,
}

impl<'b> Decoder<'b> {
    /// A decoder at the start of `input`.
    ///
    /// # Errors
    /// [`DecodeErrorKind::TooLarge`] if `input` is longer than [`MAX_SIZE`].
    pub fn new(input: &'b [u8]) -> Result<Self, DecodeError> {
        if input.len() > MAX_SIZE {
            return Err(DecodeError::new(DecodeErrorKind::TooLarge, MAX_SIZE));
        }
        Ok(Self { input, position: 0, depth: 0 })
    }

    /// The offset of the next item, in bytes from the start of the input.
    #[must_use]
    pub const fn position(&self) -> usize {
        self.position
    }

    /// The bytes that were not read yet.
    #[inline]
    #[must_use]
    pub fn remaining(&self) -> &'b [u8] {
        self.input.get(self.position..).unwrap_or_default()
    }

    /// Ends decoding.
    ///
    /// # Errors
    /// [`DecodeErrorKind::TrailingBytes`] if bytes are left.
    pub fn finish(self) -> Result<(), DecodeError> {
        if self.remaining().is_empty() { Ok(()) } else { Err(self.error(DecodeErrorKind::TrailingBytes)) }
    }

    /// A refusal at the next item.
    #[cold]
    #[must_use]
    pub const fn error(&self, kind: DecodeErrorKind) -> DecodeError {
        DecodeError::new(kind, self.position)
    }

    /// A refusal of the item that began at `offset`, for a rule of its own.
    #[cold]
    #[must_use]
    pub const fn invalid(offset: usize, reason: Reason) -> DecodeError {
        DecodeError::new(DecodeErrorKind::Invalid(reason), offset)
    }

    #[inline]
    fn head(&self) -> Result<Head, DecodeError> {
        head::read(self.remaining()).map_err(|kind| self.error(kind))
    }

    /// A refusal because another type stands here: floats and disallowed simple values keep their own reason.
    #[cold]
    fn unexpected(&self, head: Head) -> DecodeError {
        let kind = match (head.major, head.argument) {
            (major::SIMPLE, 25..=27) => DecodeErrorKind::FloatNotAllowed,
            (major::SIMPLE, 20..=22) => DecodeErrorKind::UnexpectedType,
            (major::SIMPLE, 28..=30) => DecodeErrorKind::ReservedHead,
            (major::SIMPLE, 31) => DecodeErrorKind::IndefiniteLength,
            (major::SIMPLE, _) => DecodeErrorKind::SimpleValue,
            _ => DecodeErrorKind::UnexpectedType,
        };
        self.error(kind)
    }

    #[inline]
    fn expect(&self, major: u8) -> Result<Head, DecodeError> {
        let head = self.head()?;
        if head.major == major { Ok(head) } else { Err(self.unexpected(head)) }
    }

    #[inline]
    const fn advance(&mut self, by: usize) {
        self.position = self.position.saturating_add(by);
    }

    /// The major type of the next item (0 to 7), if there is one.
    #[must_use]
    pub fn peek_major(&self) -> Option<u8> {
        self.remaining().first().map(|initial| initial >> 5)
    }

    /// An unsigned integer.
    ///
    /// # Errors
    /// [`DecodeError`] if the next item is anything else or not canonical; so for each of the following.
    #[inline]
    pub fn uint(&mut self) -> Result<u64, DecodeError> {
        let head = self.expect(major::UINT)?;
        self.advance(head.len);
        Ok(head.argument)
    }

    /// An unsigned integer that fits `T`.
    ///
    /// # Errors
    /// As [`uint`](Self::uint), and [`DecodeErrorKind::OutOfRange`] if it does not fit.
    #[inline]
    pub fn narrow<T: TryFrom<u64>>(&mut self) -> Result<T, DecodeError> {
        let head = self.expect(major::UINT)?;
        let value = T::try_from(head.argument).map_err(|_| self.error(DecodeErrorKind::OutOfRange))?;
        self.advance(head.len);
        Ok(value)
    }

    /// An integer of either sign.
    ///
    /// # Errors
    /// [`DecodeError`] if the next item is anything else or not canonical.
    pub fn integer(&mut self) -> Result<super::Integer, DecodeError> {
        let head = self.head()?;
        let value = match head.major {
            major::UINT => super::Integer::from(head.argument),
            major::NEGATIVE => super::Integer::negative(head.argument),
            _ => return Err(self.unexpected(head)),
        };
        self.advance(head.len);
        Ok(value)
    }

    #[inline]
    fn string(&mut self, head: Head) -> Result<&'b [u8], DecodeError> {
        let body = self.remaining().get(head.len..).unwrap_or_default();
        let bytes = usize::try_from(head.argument)
            .ok()
            .and_then(|len| body.get(..len))
            .ok_or_else(|| self.error(DecodeErrorKind::UnexpectedEnd))?;
        self.advance(head.len);
        self.advance(bytes.len());
        Ok(bytes)
    }

    /// A byte string, borrowed from the input.
    ///
    /// # Errors
    /// [`DecodeError`] if the next item is anything else or not canonical.
    #[inline]
    pub fn bytes(&mut self) -> Result<&'b [u8], DecodeError> {
        let head = self.expect(major::BYTES)?;
        self.string(head)
    }

    /// A byte string of exactly `N` bytes.
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes), and [`DecodeErrorKind::OutOfRange`] for another length.
    #[inline]
    pub fn byte_array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let offset = self.position;
        let bytes = self.bytes()?;
        bytes.try_into().map_err(|_| DecodeError::new(DecodeErrorKind::OutOfRange, offset))
    }

    /// A text string, borrowed from the input.
    ///
    /// # Errors
    /// [`DecodeError`] if the next item is anything else or not canonical.
    #[inline]
    pub fn text(&mut self) -> Result<&'b str, DecodeError> {
        let offset = self.position;
        let head = self.expect(major::TEXT)?;
        let bytes = self.string(head)?;
        core::str::from_utf8(bytes).map_err(|_| DecodeError::new(DecodeErrorKind::InvalidUtf8, offset))
    }

    /// A truth value.
    ///
    /// # Errors
    /// [`DecodeError`] if the next item is anything else.
    pub fn bool(&mut self) -> Result<bool, DecodeError> {
        let head = self.expect(major::SIMPLE)?;
        let value = match head.argument {
            20 => false,
            21 => true,
            _ => return Err(self.unexpected(head)),
        };
        self.advance(head.len);
        Ok(value)
    }

    /// Null.
    ///
    /// # Errors
    /// [`DecodeError`] if the next item is anything else.
    pub fn null(&mut self) -> Result<(), DecodeError> {
        let head = self.expect(major::SIMPLE)?;
        if head.argument != 22 {
            return Err(self.unexpected(head));
        }
        self.advance(head.len);
        Ok(())
    }

    /// A finite float in its shortest form, for schemas that allow floats (D28).
    ///
    /// # Errors
    /// [`DecodeError`] if the next item is anything else, NaN, infinite, or has a shorter form.
    pub fn float(&mut self) -> Result<f64, DecodeError> {
        let head = self.expect(major::SIMPLE)?;
        let mut source = minicbor::Decoder::new(self.remaining());
        let value = match head.argument {
            25 => source.f16().map(f64::from),
            26 => source.f32().map(f64::from),
            27 => source.f64(),
            _ => return Err(self.unexpected(head)),
        }
        .map_err(|_| self.error(DecodeErrorKind::UnexpectedEnd))?;
        if value.is_nan() {
            return Err(self.error(DecodeErrorKind::Nan));
        }
        if value.is_infinite() {
            return Err(self.error(DecodeErrorKind::Infinity));
        }
        let mut shortest = Vec::with_capacity(9);
        super::Encoder::new(&mut shortest).float(value);
        if shortest.len() != source.position() {
            return Err(self.error(DecodeErrorKind::NonShortestFloat));
        }
        self.advance(source.position());
        Ok(value)
    }

    #[inline]
    fn enter(&mut self, major: u8) -> Result<usize, DecodeError> {
        let head = self.expect(major)?;
        if self.depth >= MAX_DEPTH {
            return Err(self.error(DecodeErrorKind::TooDeep));
        }
        // No item is shorter than a byte, so a larger count than bytes left cannot be met.
        let left = self.remaining().len().saturating_sub(head.len);
        let len = usize::try_from(head.argument)
            .ok()
            .filter(|len| *len <= left)
            .ok_or_else(|| self.error(DecodeErrorKind::UnexpectedEnd))?;
        self.depth = self.depth.saturating_add(1);
        self.advance(head.len);
        Ok(len)
    }

    /// Enters an array and returns how many items follow. The caller reads them and then calls [`leave`](Self::leave).
    ///
    /// # Errors
    /// [`DecodeError`] if the next item is no array, claims more items than bytes are left, or is nested too deeply.
    #[inline]
    pub fn array(&mut self) -> Result<usize, DecodeError> {
        self.enter(major::ARRAY)
    }

    /// As [`array`](Self::array), for an array of at most `max` items.
    ///
    /// # Errors
    /// As [`array`](Self::array), and [`DecodeErrorKind::OutOfRange`] for more items.
    pub fn array_of_at_most(&mut self, max: usize) -> Result<usize, DecodeError> {
        let offset = self.position;
        let len = self.array()?;
        if len > max { Err(DecodeError::new(DecodeErrorKind::OutOfRange, offset)) } else { Ok(len) }
    }

    /// Enters a map and returns how many entries follow. The caller reads them and then calls [`leave`](Self::leave).
    ///
    /// # Errors
    /// As [`array`](Self::array).
    #[inline]
    pub fn map(&mut self) -> Result<usize, DecodeError> {
        self.enter(major::MAP)
    }

    /// Leaves the array or map that was entered last.
    #[inline]
    pub const fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// Enters the one-entry map of an enum's variant with data (G5); its name and payload follow.
    ///
    /// # Errors
    /// As [`map`](Self::map), and [`DecodeErrorKind::UnexpectedType`] for any other number of entries.
    pub fn variant_payload(&mut self) -> Result<(), DecodeError> {
        let start = self.clone();
        if self.map()? == 1 {
            return Ok(());
        }
        let mut whole = start.clone();
        whole.skip()?;
        Err(start.error(DecodeErrorKind::UnexpectedType))
    }

    /// Enters a map whose keys are fields in canonical order.
    ///
    /// # Errors
    /// As [`map`](Self::map).
    #[inline]
    pub fn fields(&mut self) -> Result<FieldCursor, DecodeError> {
        let start = self.position;
        let left = self.map()?;
        Ok(FieldCursor { start, left })
    }

    /// Skips one item of any kind, checking that it is canonical. Floats are accepted.
    ///
    /// # Errors
    /// [`DecodeError`] with the first rule that the item breaks.
    pub fn skip(&mut self) -> Result<(), DecodeError> {
        check::item(self, true)
    }
}

/// Walks the entries of a struct's map in canonical key order, one pass, comparing encoded keys.
#[derive(Debug)]
pub struct FieldCursor {
    start: usize,
    left: usize,
}

impl FieldCursor {
    /// Reads the field whose encoded key is `key` and whose name is `name`, if it stands next; otherwise the field is
    /// absent, which only options may be.
    ///
    /// # Errors
    /// [`DecodeError`]: of the value, or that the map is not canonical, or that the key is missing or unknown.
    #[inline]
    pub fn field<'b, T: Decode<'b>>(
        &mut self,
        decoder: &mut Decoder<'b>,
        key: &[u8],
        name: &'static str,
    ) -> Result<T, DecodeError> {
        if self.left > 0 && decoder.remaining().starts_with(key) {
            decoder.advance(key.len());
            self.left = self.left.saturating_sub(1);
            return T::decode(decoder);
        }
        match T::absent() {
            Some(value) => Ok(value),
            // Keys are sorted: what stands before the place of this one is no field at all.
            None if self.left > 0 && decoder.remaining() < key => {
                Err(self.refuse(decoder, DecodeErrorKind::UnknownKey))
            }
            None => Err(self.refuse(decoder, DecodeErrorKind::MissingKey(name))),
        }
    }

    /// Ends the struct: no entry may be left.
    ///
    /// # Errors
    /// [`DecodeErrorKind::UnknownKey`], or what makes the map not canonical.
    #[inline]
    pub fn finish(self, decoder: &mut Decoder<'_>) -> Result<(), DecodeError> {
        if self.left > 0 {
            return Err(self.refuse(decoder, DecodeErrorKind::UnknownKey));
        }
        decoder.leave();
        Ok(())
    }

    /// Why this map is refused: the first rule of canonical form that it breaks, or else `kind`.
    #[cold]
    fn refuse(&self, decoder: &Decoder<'_>, kind: DecodeErrorKind) -> DecodeError {
        let mut whole = decoder.clone();
        whole.position = self.start;
        whole.leave();
        match whole.skip() {
            Err(error) => error,
            Ok(()) => decoder.error(kind),
        }
    }
}
