//! Checking that bytes are canonical without building anything from them.

use super::decode::Decoder;
use super::error::{DecodeError, DecodeErrorKind};
use super::head::major;

/// Checks that `bytes` are exactly one canonical item, of whatever type.
///
/// Map keys may be integers, byte strings or text, of any mix; `floats` says whether floats may occur.
///
/// # Errors
/// [`DecodeError`] with the first rule that `bytes` break.
pub fn check(bytes: &[u8], floats: bool) -> Result<(), DecodeError> {
    let mut decoder = Decoder::new(bytes)?;
    item(&mut decoder, floats)?;
    decoder.finish()
}

/// Passes over one item. Recursion is bounded by the decoder's depth limit.
pub(super) fn item(decoder: &mut Decoder<'_>, floats: bool) -> Result<(), DecodeError> {
    match decoder.peek_major() {
        None => Err(decoder.error(DecodeErrorKind::UnexpectedEnd)),
        Some(major::UINT | major::NEGATIVE) => decoder.integer().map(drop),
        Some(major::BYTES) => decoder.bytes().map(drop),
        Some(major::TEXT) => decoder.text().map(drop),
        Some(major::ARRAY) => {
            for _ in 0..decoder.array()? {
                item(decoder, floats)?;
            }
            decoder.leave();
            Ok(())
        }
        Some(major::MAP) => map(decoder, floats),
        Some(_) => simple(decoder, floats),
    }
}

fn map(decoder: &mut Decoder<'_>, floats: bool) -> Result<(), DecodeError> {
    let len = decoder.map()?;
    let mut previous: &[u8] = &[];
    for index in 0..len {
        let at = decoder.position();
        let before = decoder.remaining();
        match decoder.peek_major() {
            Some(major::UINT | major::NEGATIVE | major::BYTES | major::TEXT) => item(decoder, floats)?,
            Some(major::ARRAY | major::MAP) => return Err(decoder.error(DecodeErrorKind::KeyType)),
            // A tag, float or end of input as a key is refused for what it is; true, false and null as keys.
            _ => {
                item(decoder, floats)?;
                return Err(DecodeError::new(DecodeErrorKind::KeyType, at));
            }
        }
        let taken = decoder.position().saturating_sub(at);
        let key = before.get(..taken).unwrap_or_default();
        if index > 0 && key <= previous {
            let kind = if key == previous { DecodeErrorKind::DuplicateKey } else { DecodeErrorKind::UnsortedKeys };
            return Err(DecodeError::new(kind, at));
        }
        previous = key;
        item(decoder, floats)?;
    }
    decoder.leave();
    Ok(())
}

fn simple(decoder: &mut Decoder<'_>, floats: bool) -> Result<(), DecodeError> {
    match decoder.remaining().first().map(|initial| initial & 0x1f) {
        Some(20 | 21) => decoder.bool().map(drop),
        Some(25..=27) if floats => decoder.float().map(drop),
        // Null, or the refusal that fits.
        _ => decoder.null(),
    }
}
