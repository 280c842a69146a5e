//! Patterns over names (§5.2.1, §5.3, D79): `*`, `?`, and nothing else.

use alloc::borrow::ToOwned;
use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use crate::cbor::{Decode, DecodeError, Decoder, Encode, Encoder};
use crate::error::Reason;

/// A pattern that a whole text matches or not: `*` stands for any bytes, also none and also `.`, `:` and `/`; `?` for
/// exactly one byte; every other byte for itself. There is no escape (D79).
///
/// At most 128 bytes of ASCII. Matching takes time linear in the text, whatever the pattern.
///
/// ```
/// use fcp_core::glob::Glob;
///
/// let pattern = Glob::new("connector:slack-*")?;
/// assert!(pattern.matches("connector:slack-work"));
/// assert!(!pattern.matches("a.connector:slack-work"));
/// # Ok::<(), fcp_core::glob::GlobError>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Glob(String);

/// Why a text is no pattern (D79).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GlobError {
    /// It is longer than [`Glob::MAX_LEN`].
    #[error("pattern is longer than 128 bytes")]
    TooLong,
    /// The byte at this offset is not ASCII.
    #[error("pattern is not ASCII at byte {0}")]
    NotAscii(usize),
}

impl GlobError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(self) -> Reason {
        Reason::GlobInvalidPattern
    }
}

impl Glob {
    /// The longest pattern, in bytes.
    pub const MAX_LEN: usize = 128;

    /// Reads a pattern, without any normalization.
    ///
    /// # Errors
    /// [`GlobError`] if `pattern` is too long or not ASCII.
    pub fn new(pattern: &str) -> Result<Self, GlobError> {
        if pattern.len() > Self::MAX_LEN {
            return Err(GlobError::TooLong);
        }
        match pattern.bytes().position(|byte| !byte.is_ascii()) {
            Some(offset) => Err(GlobError::NotAscii(offset)),
            None => Ok(Self(pattern.to_owned())),
        }
    }

    /// The pattern's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the whole of `text` matches.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        matches(self.0.as_bytes(), text.as_bytes(), || ())
    }
}

/// Whether `text` matches; `step` is called for each byte of either that is looked at.
fn matches(pattern: &[u8], text: &[u8], mut step: impl FnMut()) -> bool {
    let mut same = |own: &[u8], text: &[u8]| {
        own.iter().zip(text).all(|(own, byte)| {
            step();
            own == byte || *own == b'?'
        })
    };
    let Some(first) = pattern.iter().position(|byte| *byte == b'*') else {
        return pattern.len() == text.len() && same(pattern, text);
    };
    let last = pattern.iter().rposition(|byte| *byte == b'*').unwrap_or(first);
    // What stands before the first star and behind the last one has its place; only what is between is searched for.
    let head = pattern.get(..first).unwrap_or_default();
    let between = pattern.get(first..last).unwrap_or_default();
    let tail = pattern.get(last.saturating_add(1)..).unwrap_or_default();
    let Some((start, text)) = text.split_at_checked(head.len()) else { return false };
    let Some((text, end)) = text.len().checked_sub(tail.len()).and_then(|at| text.split_at_checked(at)) else {
        return false;
    };
    same(head, start) && same(tail, end) && contains_in_order(between, text, step)
}

/// Whether the stretches between the stars of `pattern`, which begins with one, occur in `text` one behind the other.
///
/// All states of the automaton stand in one word: bit i is set iff the text so far can be the first i bytes of the
/// pattern that are not stars. A byte of the text moves all of them at once.
fn contains_in_order(pattern: &[u8], text: &[u8], mut step: impl FnMut()) -> bool {
    // For each byte, the states that it moves on; beside them the states in which a star lets anything pass.
    let mut moved_by = [0_u128; 128];
    let (mut moved_by_any, mut held, mut goal) = (0_u128, 0_u128, 1_u128);
    for byte in pattern {
        step();
        match byte {
            b'*' => {
                held |= goal;
                continue;
            }
            b'?' => moved_by_any |= goal,
            byte => {
                if let Some(states) = moved_by.get_mut(usize::from(*byte)) {
                    *states |= goal;
                }
            }
        }
        // At most 126 bytes stand between two stars, so the goal stays in the word.
        goal <<= 1;
    }
    let mut states = 1_u128;
    for byte in text {
        if states & goal != 0 {
            break;
        }
        step();
        let moving = moved_by.get(usize::from(*byte)).unwrap_or(&0) | moved_by_any;
        states = ((states & moving) << 1) | (states & held);
    }
    // The star behind the pattern takes the rest of the text.
    states & goal != 0
}

impl FromStr for Glob {
    type Err = GlobError;

    fn from_str(pattern: &str) -> Result<Self, GlobError> {
        Self::new(pattern)
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Glob({})", self.0)
    }
}

impl Encode for Glob {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        encoder.text(&self.0);
    }
}

impl<'b> Decode<'b> for Glob {
    fn decode(decoder: &mut Decoder<'b>) -> Result<Self, DecodeError> {
        let offset = decoder.position();
        let pattern = decoder.text()?;
        Self::new(pattern).map_err(|error| Decoder::invalid(offset, error.reason()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Glob, GlobError, matches};
    use crate::cbor;

    /// The definition, as slowly as it reads.
    fn naive(pattern: &[u8], text: &[u8]) -> bool {
        match (pattern.split_first(), text.split_first()) {
            (None, None) => true,
            (Some((b'*', rest)), byte) => naive(rest, text) || byte.is_some_and(|(_, later)| naive(pattern, later)),
            (Some((own, rest)), Some((byte, later))) => (own == byte || *own == b'?') && naive(rest, later),
            _ => false,
        }
    }

    #[test]
    fn examples() {
        let cases: [(&str, &str, bool); 22] = [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("*", "a.b:c/d", true),
            ("***", "x", true),
            ("?", "", false),
            ("?", "a", true),
            ("?", "ab", false),
            ("a*", "a", true),
            ("*a", "ba", true),
            ("*a", "ab", false),
            ("a*a", "a", false),
            ("a*a", "aa", true),
            ("user:*", "user:anna", true),
            ("user:*", "xuser:anna", false),
            ("*.read.*", "files.read.all", true),
            ("*.read.*", "files.read", false),
            ("a*b?d*e", "axbcdxe", true),
            ("a*bc*bc*d", "abcbd", false),
            ("User", "user", false),
            ("??", "é", true),
            ("?", "é", false),
        ];
        for (pattern, text, expected) in cases {
            assert_eq!(Glob::new(pattern).unwrap().matches(text), expected, "{pattern} {text}");
        }
        let longest = format!("*{}*", "a".repeat(126));
        assert!(Glob::new(&longest).unwrap().matches(&"a".repeat(126)));
        assert!(!Glob::new(&longest).unwrap().matches(&"a".repeat(125)));
        assert!(Glob::new(&"a".repeat(128)).unwrap().matches(&"a".repeat(128)));
    }

    #[test]
    fn refuses_what_is_no_pattern() {
        assert_eq!(Glob::new(&"a".repeat(129)), Err(GlobError::TooLong));
        assert_eq!(Glob::new("a*é"), Err(GlobError::NotAscii(2)));
        let encoded = cbor::encode("é*");
        assert_eq!(cbor::decode::<Glob>(&encoded).unwrap_err().reason().code(), "glob.invalid_pattern");
        let glob = Glob::new("a?*").unwrap();
        assert_eq!(cbor::decode::<Glob>(&cbor::encode(&glob)).unwrap(), glob);
    }

    #[test]
    fn no_pattern_makes_a_byte_cost_more_than_a_step() {
        let patterns = [
            "*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b",
            "*aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab*",
            "*?*?*?*?*?*?*?*?b*?",
            "*a*b",
        ];
        for pattern in patterns {
            for len in [10_usize, 1000, 100_000] {
                let text = vec![b'a'; len];
                let mut steps = 0_usize;
                assert!(!matches(pattern.as_bytes(), &text, || steps += 1), "{pattern}");
                assert!(steps <= pattern.len() + len, "{pattern}: {steps} steps for {len} bytes");
            }
        }
    }

    proptest! {
        #[test]
        fn agrees_with_the_definition(pattern in "[ab?*]{0,10}", text in "[abé]{0,12}") {
            let glob = Glob::new(&pattern).unwrap();
            prop_assert_eq!(glob.matches(&text), naive(pattern.as_bytes(), text.as_bytes()));
        }

        #[test]
        fn a_text_matches_itself_with_parts_left_out(
            parts in prop::collection::vec(("[a-c]{1,4}", "[a-c.]{0,4}"), 1..6),
        ) {
            let pattern: String = parts.iter().map(|(kept, _)| format!("{kept}*")).collect();
            let text: String = parts.iter().map(|(kept, gone)| format!("{kept}{gone}")).collect();
            prop_assert!(Glob::new(&pattern).unwrap().matches(&text));
        }
    }
}
