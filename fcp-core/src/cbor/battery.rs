//! What a strict decoder must refuse, as a function that any decoder can be put through.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a battery panics at the first fault, and its own bytes are canonical"
)]

use alloc::vec;
use alloc::vec::Vec;

use super::{Value, check, encode};

/// An item of canonical bytes: where it stands and what is inside of it.
struct Item {
    start: usize,
    /// Where its content begins.
    body: usize,
    end: usize,
    major: u8,
    argument: u64,
    /// Arrays: one item each. Maps: key and value in turn.
    children: Vec<Item>,
}

/// Reads an item of bytes that were checked to be canonical.
fn item(bytes: &[u8], start: usize) -> Item {
    let (major, info) = (bytes[start] >> 5, bytes[start] & 0x1f);
    let width = if info < 24 { 0 } else { 1_usize << (info - 24) };
    let body = start + 1 + width;
    let big_endian = bytes[start + 1..body].iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
    let argument = if width == 0 { u64::from(info) } else { big_endian };
    let len = usize::try_from(argument).unwrap_or(0);
    let (count, mut end) = match major {
        2 | 3 => (0, body + len),
        4 => (len, body),
        5 => (2 * len, body),
        _ => (0, body),
    };
    let mut children = Vec::with_capacity(count);
    for _ in 0..count {
        let child = item(bytes, end);
        end = child.end;
        children.push(child);
    }
    Item { start, body, end, major, argument, children }
}

impl Item {
    fn walk<'i>(&'i self, visit: &mut impl FnMut(&'i Self)) {
        visit(self);
        self.children.iter().for_each(|child| child.walk(visit));
    }
}

/// A head with this argument in its shortest form.
fn head(major: u8, argument: u64) -> Vec<u8> {
    let bytes = argument.to_be_bytes();
    let width = match argument {
        0..24 => return vec![major << 5 | bytes[7]],
        24..0x100 => 0,
        0x100..0x1_0000 => 1,
        0x1_0000..0x1_0000_0000 => 2,
        _ => 3,
    };
    [&[major << 5 | (24 + width)], &bytes[8 - (1 << width)..]].concat()
}

/// The same head in each longer form.
fn longer_heads(major: u8, argument: u64) -> Vec<Vec<u8>> {
    let shortest = head(major, argument).len();
    let bytes = argument.to_be_bytes();
    (0..4_u8)
        .map(|width| [&[major << 5 | (24 + width)], &bytes[8 - (1 << width)..]].concat())
        .filter(|longer| longer.len() > shortest)
        .collect()
}

/// The decoder that is put through the battery: what it reads it encodes again, and what it refuses is nothing.
struct Subject<'s> {
    bytes: &'s [u8],
    recode: &'s dyn Fn(&[u8]) -> Option<Vec<u8>>,
}

impl Subject<'_> {
    fn replaced(&self, start: usize, end: usize, with: &[u8]) -> Vec<u8> {
        [&self.bytes[..start], with, &self.bytes[end..]].concat()
    }

    /// No decoder of this protocol takes bytes that are not canonical.
    fn refuses(&self, changed: &[u8], what: &str) {
        assert!((self.recode)(changed).is_none(), "{what} is accepted: {changed:02x?}");
    }

    /// Changed bytes may be another value; then they are its one encoding.
    fn tells_apart(&self, changed: &[u8], what: &str) {
        if let Some(recoded) = (self.recode)(changed) {
            assert_eq!(recoded, changed, "{what}: accepted, but encoded otherwise");
            assert_eq!(check(changed, true), Ok(()), "{what}: accepted, but not canonical");
        }
    }

    fn forms(&self, item: &Item) {
        let Self { bytes, .. } = *self;
        let (start, body, end) = (item.start, item.body, item.end);
        let inside = &bytes[body..end];
        self.refuses(&self.replaced(start, start, &[0xc1]), "a tag");
        if item.major < 6 {
            for longer in longer_heads(item.major, item.argument) {
                self.refuses(&self.replaced(start, body, &longer), "a head that is not the shortest");
            }
        }
        match item.major {
            2 | 3 => {
                let chunk = &bytes[start..end];
                let chunked = [&[item.major << 5 | 31], chunk, &[0xff]].concat();
                self.refuses(&self.replaced(start, end, &chunked), "a string in chunks");
            }
            4 | 5 => {
                let open = [&[item.major << 5 | 31], inside, &[0xff]].concat();
                self.refuses(&self.replaced(start, end, &open), "an indefinite length");
            }
            _ => {}
        }
        if item.major == 3 && body < end {
            self.refuses(&self.replaced(body, body + 1, &[0xff]), "text that is not UTF-8");
        }
        for value in [0xf7, 0xf0, 0xe0, 0xfc, 0xff] {
            self.refuses(&self.replaced(start, end, &[value]), "a simple value");
        }
        for float in [&[0xf9, 0x7e, 0x00][..], &[0xf9, 0x7c, 0x00], &[0xfa, 0x3f, 0x80, 0, 0], &[0xf8, 0x20]] {
            self.refuses(&self.replaced(start, end, float), "a float that is none, or too long");
        }
    }

    /// Takes the place of each item: of the right type, of another, too long, too deep.
    fn values(&self, item: &Item) {
        let numbers = [0, 1, 23, 24, 255, 256, 0xffff, 0x1_0000, u64::from(u32::MAX), 1 << 32, u64::MAX];
        let mut palette: Vec<Vec<u8>> = numbers.iter().map(encode).collect();
        palette
            .extend([&[0x20][..], &[0x40], &[0x60], &[0x80], &[0xa0], &[0xf4], &[0xf5], &[0xf6]].map(<[u8]>::to_vec));
        palette.extend([&[0xf9, 0x3c, 0x00][..], &[0x61, 0x20], &[0x63, 0xe2, 0x82, 0xac]].map(<[u8]>::to_vec));
        palette.push([vec![0x81; 70], vec![0]].concat());
        palette.push(head(2, u64::MAX));
        palette.push(head(4, 1 << 40));
        palette.push(head(5, 1 << 40));
        for value in palette {
            self.tells_apart(&self.replaced(item.start, item.end, &value), "another value");
        }
    }

    fn lists(&self, item: &Item) {
        let with_count = |count: u64, parts: &[&[u8]]| {
            self.replaced(item.start, item.end, &[head(item.major, count), parts.concat()].concat())
        };
        let part = |child: &Item| &self.bytes[child.start..child.end];
        let parts: Vec<&[u8]> = item.children.iter().map(part).collect();
        let (step, is_map) = if item.major == 5 { (2, true) } else { (1, false) };
        let entries: Vec<Vec<u8>> = parts.chunks(step).map(<[_]>::concat).collect();
        let entries: Vec<&[u8]> = entries.iter().map(Vec::as_slice).collect();
        for index in 0..entries.len() {
            let (before, after) = (&entries[..index], &entries[index + 1..]);
            let without = [before, after].concat();
            self.tells_apart(&with_count(item.argument - 1, &without), "an entry fewer");
            let twice = [before, &[entries[index], entries[index]], after].concat();
            let twice = with_count(item.argument + 1, &twice);
            if is_map {
                self.refuses(&twice, "a key twice")
            } else {
                self.tells_apart(&twice, "an item twice")
            }
            if index > 0 {
                let mut swapped = entries.clone();
                swapped.swap(index - 1, index);
                let swapped = with_count(item.argument, &swapped);
                if is_map {
                    self.refuses(&swapped, "unsorted keys")
                } else {
                    self.tells_apart(&swapped, "another order")
                }
            }
            if is_map {
                // A key just above this one, so that it stands in its place.
                let above = [parts[2 * index], &[0xf5]].concat();
                let above = super::decode::<Value>(parts[2 * index])
                    .ok()
                    .and_then(|key| {
                        let longer = [key.as_text()?, "\u{1}"].concat();
                        Some([encode(longer.as_str()), vec![0xf5]].concat())
                    })
                    .unwrap_or(above);
                let mut more: Vec<&[u8]> = [&entries[..=index], &[&above], after].concat();
                more.sort_unstable();
                self.tells_apart(&with_count(item.argument + 1, &more), "an unknown key");
            }
        }
        self.refuses(&with_count(item.argument + 1, &entries), "a claim of more than there is");
    }

    fn bytes(&self) {
        let Self { bytes, .. } = *self;
        for len in 0..bytes.len() {
            self.refuses(&bytes[..len], "a part of the bytes");
        }
        for more in [0x00, 0xf6, 0xff] {
            self.refuses(&[bytes, &[more]].concat(), "a byte too many");
        }
        for index in 0..bytes.len() {
            for mask in [0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xff] {
                let mut changed = bytes.to_vec();
                changed[index] ^= mask;
                self.tells_apart(&changed, "a changed byte");
            }
        }
        // Several changes at once, in an order that is the same each time.
        let mut state = 0x9e37_79b9_7f4a_7c15_u64 ^ bytes.len() as u64;
        let mut draw = |below: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            usize::try_from(state % below.max(1) as u64).unwrap()
        };
        for _ in 0..2000 {
            let mut changed = bytes.to_vec();
            for _ in 0..=draw(3) {
                let at = draw(changed.len());
                match draw(4) {
                    0 => changed[at] = draw(256).to_le_bytes()[0],
                    1 => drop(changed.remove(at)),
                    2 => changed.insert(at, draw(256).to_le_bytes()[0]),
                    _ => {
                        let (from, len) = (draw(changed.len()), draw(9));
                        let piece: Vec<u8> = changed[from..].iter().take(len).copied().collect();
                        changed.splice(at..at, piece);
                    }
                }
                if changed.is_empty() {
                    changed.push(0);
                }
            }
            self.tells_apart(&changed, "random changes");
        }
    }
}

/// Puts a decoder through everything that could be a second encoding of something: other heads, orders, lengths and
/// types of every item of `bytes`, cut, extended and changed bytes.
///
/// `bytes` are canonical and accepted. `recode` decodes what it is given, and encodes it again; nothing stands for a
/// refusal. What it accepts must come back as it was, and whatever is not canonical must be refused.
///
/// # Panics
/// At the first bytes that are accepted although they should not be.
pub fn check_one_encoding(bytes: &[u8], recode: impl Fn(&[u8]) -> Option<Vec<u8>>) {
    assert_eq!(check(bytes, true), Ok(()), "the sample is not canonical");
    assert_eq!(recode(bytes).as_deref(), Some(bytes), "the sample does not come back");
    let subject = Subject { bytes, recode: &recode };
    item(bytes, 0).walk(&mut |item| {
        subject.forms(item);
        subject.values(item);
        if matches!(item.major, 4 | 5) {
            subject.lists(item);
        }
    });
    subject.bytes();
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::{check_one_encoding, encode};
    use crate::cbor::{Decode, Encode, Value, decode, from_json};

    #[test]
    fn the_open_form_passes() {
        let value = from_json(r#"{"a":[1,-1,{"b":"c"},null,true,1.5,70000],"bb":{},"cc":"longer than twenty-three"}"#);
        check_one_encoding(&encode(&value.unwrap()), |bytes| decode::<Value>(bytes).ok().map(|value| encode(&value)));
    }

    /// What each lenience would look like: the battery must find all of them.
    #[test]
    fn lenient_decoders_are_found() {
        #[derive(Encode, Decode)]
        struct Page {
            title: u8,
            lines: Vec<u16>,
        }
        let sample = encode(&Page { title: 1, lines: [1, 2, 300].into() });
        let strict = |bytes: &[u8]| decode::<Page>(bytes).ok().map(|page| encode(&page));
        check_one_encoding(&sample, strict);
        let found = |lenient: &dyn Fn(&[u8]) -> Option<Vec<u8>>| {
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| check_one_encoding(&sample, lenient))).is_err()
        };
        let ignores_the_rest = |bytes: &[u8]| {
            let (page, _) = crate::cbor::decode_prefix::<Page>(bytes).ok()?;
            Some(encode(&page))
        };
        assert!(found(&ignores_the_rest));
        let takes_long_heads = |bytes: &[u8]| {
            strict(bytes).or_else(|| {
                let at = bytes.windows(2).position(|pair| pair == [0x18, 0x01])?;
                strict(&[&bytes[..at], &[1], &bytes[at + 2..]].concat())
            })
        };
        assert!(found(&takes_long_heads));
        let takes_any_order = |bytes: &[u8]| {
            strict(bytes).or_else(|| {
                let rest = bytes.strip_prefix(b"\xa2\x65title\x01")?;
                strict(&[b"\xa2", rest, b"\x65title\x01"].concat())
            })
        };
        assert!(found(&takes_any_order));
    }
}
