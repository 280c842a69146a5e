//! The encoder: writes canonical items straight into the caller's buffer.

use alloc::vec::Vec;

/// A value that has exactly one canonical encoding.
///
/// Derive it for structs and enums; implement it by hand only for types whose form is not G4 or G5.
pub trait Encode {
    /// Writes the canonical encoding.
    fn encode(&self, encoder: &mut Encoder<'_>);

    /// Whether the value is an option that is absent, so that a struct leaves out its key (G4).
    fn is_absent(&self) -> bool {
        false
    }

    /// Writes a sequence of values: an array, except that bytes make one byte string (G4).
    fn encode_sequence(items: &[Self], encoder: &mut Encoder<'_>)
    where
        Self: Sized,
    {
        encoder.array(items.len());
        for item in items {
            item.encode(encoder);
        }
    }
}

/// Encodes `value` into a new buffer.
#[must_use]
pub fn encode<T: Encode + ?Sized>(value: &T) -> Vec<u8> {
    let mut out = Vec::new();
    encode_into(value, &mut out);
    out
}

/// Appends the encoding of `value` to `out`.
pub fn encode_into<T: Encode + ?Sized>(value: &T, out: &mut Vec<u8>) {
    value.encode(&mut Encoder::new(out));
}

/// Appends canonical items to a buffer. It cannot fail: memory is the only resource that it needs.
pub struct Encoder<'a> {
    inner: minicbor::Encoder<&'a mut Vec<u8>>,
}

/// Writing into memory has no error to report.
fn infallible<T>(written: Result<T, minicbor::encode::Error<core::convert::Infallible>>) {
    debug_assert!(written.is_ok(), "writing into memory cannot fail");
}

impl<'a> Encoder<'a> {
    /// An encoder that appends to `out`.
    pub fn new(out: &'a mut Vec<u8>) -> Self {
        Self { inner: minicbor::Encoder::new(out) }
    }

    /// An unsigned integer.
    #[inline]
    pub fn uint(&mut self, value: u64) {
        infallible(self.inner.u64(value));
    }

    /// A signed integer.
    #[inline]
    pub fn int(&mut self, value: i64) {
        infallible(self.inner.i64(value));
    }

    /// The negative integer −1 − `argument`.
    #[inline]
    pub fn negative(&mut self, argument: u64) {
        if let Ok(int) = minicbor::data::Int::try_from(!i128::from(argument)) {
            infallible(self.inner.int(int));
        }
    }

    /// A byte string.
    #[inline]
    pub fn bytes(&mut self, value: &[u8]) {
        infallible(self.inner.bytes(value));
    }

    /// A text string.
    #[inline]
    pub fn text(&mut self, value: &str) {
        infallible(self.inner.str(value));
    }

    /// A truth value.
    #[inline]
    pub fn bool(&mut self, value: bool) {
        infallible(self.inner.bool(value));
    }

    /// Null.
    #[inline]
    pub fn null(&mut self) {
        infallible(self.inner.null());
    }

    /// A float in the shortest of the three forms that holds it without loss. The caller has excluded NaN.
    pub fn float(&mut self, value: f64) {
        #[expect(clippy::cast_possible_truncation, reason = "the loss, if any, is what the comparison finds")]
        let single = value as f32;
        if f64::from(single).to_bits() != value.to_bits() {
            return infallible(self.inner.f64(value));
        }
        let mut half = [0_u8; 3];
        let written = minicbor::Encoder::new(&mut half[..]).f16(single).is_ok();
        let read = minicbor::Decoder::new(&half).f16();
        match read {
            Ok(back) if written && back.to_bits() == single.to_bits() => infallible(self.inner.f16(single)),
            _ => infallible(self.inner.f32(single)),
        }
    }

    /// The head of an array of `len` items, which the caller writes next.
    #[inline]
    pub fn array(&mut self, len: usize) {
        infallible(self.inner.array(len as u64));
    }

    /// The head of a map of `len` entries, which the caller writes next in canonical key order.
    #[inline]
    pub fn map(&mut self, len: usize) {
        infallible(self.inner.map(len as u64));
    }

    /// One item that is already in canonical form, such as a key that the derive encoded at compile time.
    #[inline]
    pub fn encoded_item(&mut self, item: &[u8]) {
        self.inner.writer_mut().extend_from_slice(item);
    }
}
