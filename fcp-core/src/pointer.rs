//! JSON Pointers (RFC 6901) into open fields (§5.2.1, D85, D86).

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::slice;
use core::str::FromStr;

use jsonptr::index::Index;
use jsonptr::{PointerBuf, Token};

use crate::cbor::{Decode, DecodeError, Decoder, Encode, Encoder, Value};
use crate::error::Reason;

/// The way from the root of a [`Value`] to a value inside of it, such as `/items/0/name` (RFC 6901).
///
/// ```
/// use fcp_core::cbor::from_json;
/// use fcp_core::pointer::JsonPointer;
///
/// let order = from_json(r#"{"items":[{"name":"milk"}]}"#).unwrap();
/// let name = JsonPointer::new("/items/0/name")?;
/// assert_eq!(name.resolve(&order)?.as_text(), Some("milk"));
/// assert_eq!(JsonPointer::new("/items/1")?.resolve(&order).unwrap_err().reason().code(), "pointer.not_found");
/// # Ok::<(), fcp_core::pointer::PointerError>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JsonPointer(PointerBuf);

/// Why a pointer leads nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PointerError {
    /// The text is no RFC 6901 pointer; the fault is in the token that begins at this byte.
    #[error("not a JSON pointer at byte {0}")]
    Syntax(usize),
    /// The value has nothing at this place.
    #[error("nothing is at the pointer's place")]
    NotFound,
}

impl PointerError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(self) -> Reason {
        match self {
            Self::Syntax(_) => Reason::PointerSyntax,
            Self::NotFound => Reason::PointerNotFound,
        }
    }
}

impl JsonPointer {
    /// Reads a pointer from its text: empty for the root, else tokens that each begin with `/`.
    ///
    /// # Errors
    /// [`PointerError::Syntax`] if `text` does not begin with `/`, or has a `~` that neither `0` nor `1` follows.
    pub fn new(text: &str) -> Result<Self, PointerError> {
        match jsonptr::Pointer::parse(text) {
            Ok(pointer) => Ok(Self(pointer.to_buf())),
            Err(fault) => Err(PointerError::Syntax(fault.offset())),
        }
    }

    /// The pointer to the whole value.
    #[must_use]
    pub fn root() -> Self {
        Self(PointerBuf::new())
    }

    /// The pointer's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The tokens, unescaped, from the root on.
    pub fn tokens(&self) -> impl Iterator<Item = Cow<'_, str>> {
        // A token without escapes is borrowed from the pointer itself; only the others are written anew.
        self.0.tokens().map(|token| match token.decoded() {
            Cow::Borrowed(_) => token.into_encoded(),
            Cow::Owned(text) => Cow::Owned(text),
        })
    }

    /// Whether `other` is below this place: further down the same way. No pointer is its own ancestor.
    #[must_use]
    pub fn is_ancestor_of(&self, other: &Self) -> bool {
        other.as_str().strip_prefix(self.as_str()).is_some_and(|rest| rest.starts_with('/'))
    }

    /// What stands at this place of `value`: a map's entry by its key, an array's item by its number.
    ///
    /// # Errors
    /// [`PointerError::NotFound`] if nothing does; `-`, the place behind an array's last item, holds nothing.
    pub fn resolve<'v>(&self, value: &'v Value) -> Result<&'v Value, PointerError> {
        let step = |value: &'v Value, token: Token<'_>| match value {
            Value::Map(entries) => entries.get(&token.decoded()),
            Value::Array(items) => match token.to_index() {
                Ok(Index::Num(index)) => items.get(index),
                _ => None,
            },
            _ => None,
        };
        self.0.tokens().try_fold(value, step).ok_or(PointerError::NotFound)
    }
}

/// The pointers of all leaves of `value`, in order (D85): of everything that holds no other value, so of scalars and of
/// empty arrays and maps.
///
/// Pointers are made one by one; who looks for the first uncovered leaf can stop there.
#[must_use]
pub fn leaves(value: &Value) -> Leaves<'_> {
    Leaves { root: Some(value), open: Vec::new(), path: String::new() }
}

/// The iterator that [`leaves`] returns.
#[derive(Debug, Clone)]
pub struct Leaves<'v> {
    root: Option<&'v Value>,
    /// The arrays and maps that lead to the next leaf, the root first.
    open: Vec<Open<'v>>,
    /// The pointer to the value that was looked at last.
    path: String,
}

/// An array or map whose children are being looked at.
#[derive(Debug, Clone)]
struct Open<'v> {
    children: Children<'v>,
    /// How long its own pointer is.
    path_len: usize,
}

#[derive(Debug, Clone)]
enum Children<'v> {
    Items(core::iter::Enumerate<slice::Iter<'v, Value>>),
    Entries(slice::Iter<'v, (String, Value)>),
}

impl<'v> Leaves<'v> {
    /// Looks into `value`, which stands at the path; whether it is a leaf.
    fn is_leaf(&mut self, value: &'v Value) -> bool {
        let children = match value {
            Value::Array(items) if !items.is_empty() => Children::Items(items.iter().enumerate()),
            Value::Map(entries) if !entries.is_empty() => Children::Entries(entries.as_slice().iter()),
            _ => return true,
        };
        self.open.push(Open { children, path_len: self.path.len() });
        false
    }

    /// Puts the path to the next value, in the order of a walk that visits parents before children.
    fn advance(&mut self) -> Option<&'v Value> {
        loop {
            let open = self.open.last_mut()?;
            self.path.truncate(open.path_len);
            let child = match &mut open.children {
                Children::Items(items) => items.next().map(|(index, value)| (Token::from(index), value)),
                Children::Entries(entries) => entries.next().map(|(key, value)| (Token::new(key.as_str()), value)),
            };
            if let Some((token, value)) = child {
                self.path.push('/');
                self.path.push_str(token.encoded());
                return Some(value);
            }
            self.open.pop();
        }
    }
}

impl Iterator for Leaves<'_> {
    type Item = JsonPointer;

    fn next(&mut self) -> Option<JsonPointer> {
        loop {
            let value = match self.root.take() {
                Some(root) => root,
                None => self.advance()?,
            };
            if self.is_leaf(value) {
                return JsonPointer::new(&self.path).ok();
            }
        }
    }
}

impl FromStr for JsonPointer {
    type Err = PointerError;

    fn from_str(text: &str) -> Result<Self, PointerError> {
        Self::new(text)
    }
}

impl fmt::Display for JsonPointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for JsonPointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JsonPointer({})", self.as_str())
    }
}

impl Encode for JsonPointer {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        encoder.text(self.as_str());
    }
}

impl<'b> Decode<'b> for JsonPointer {
    fn decode(decoder: &mut Decoder<'b>) -> Result<Self, DecodeError> {
        let offset = decoder.position();
        let text = decoder.text()?;
        Self::new(text).map_err(|error| Decoder::invalid(offset, error.reason()))
    }
}

#[cfg(test)]
mod tests {
    use super::{JsonPointer, PointerError, leaves};
    use crate::cbor::{self, Value, from_json};

    /// The document and the table of RFC 6901, section 5.
    const DOCUMENT: &str =
        r#"{"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4,"i\\j":5,"k\"l":6," ":7,"m~n":8}"#;

    #[test]
    fn rfc_6901_examples() {
        let document = from_json(DOCUMENT).unwrap();
        let resolve = |text: &str| JsonPointer::new(text).unwrap().resolve(&document).cloned();
        assert_eq!(resolve(""), Ok(document.clone()));
        assert_eq!(resolve("/foo"), Ok(Value::from(vec![Value::from("bar"), Value::from("baz")])));
        assert_eq!(resolve("/foo/0"), Ok(Value::from("bar")));
        for (text, number) in [
            ("/", 0_u64),
            ("/a~1b", 1),
            ("/c%d", 2),
            ("/e^f", 3),
            ("/g|h", 4),
            ("/i\\j", 5),
            ("/k\"l", 6),
            ("/ ", 7),
            ("/m~0n", 8),
        ] {
            assert_eq!(resolve(text), Ok(Value::from(number)), "{text}");
        }
        for text in
            ["/foo/2", "/foo/-", "/foo/00", "/foo/+1", "/foo/01", "/foo/0/x", "/bar", "/foo/99999999999999999999"]
        {
            assert_eq!(resolve(text), Err(PointerError::NotFound), "{text}");
        }
    }

    #[test]
    fn syntax() {
        for (text, offset) in [("a", 0), ("/a~", 0), ("/a/b~2", 2), ("/a/~/", 2), ("#/a", 0)] {
            let error = JsonPointer::new(text).unwrap_err();
            assert_eq!(error, PointerError::Syntax(offset), "{text}");
            assert_eq!(cbor::decode::<JsonPointer>(&cbor::encode(text)).unwrap_err().reason().code(), "pointer.syntax");
        }
        let pointer = JsonPointer::new("/a~1b/~0/~01/").unwrap();
        assert_eq!(pointer.tokens().collect::<Vec<_>>(), ["a/b", "~", "~1", ""]);
        assert_eq!(cbor::decode::<JsonPointer>(&cbor::encode(&pointer)).unwrap(), pointer);
    }

    #[test]
    fn ancestors_are_strict_and_end_at_a_token() {
        let pointer = |text: &str| JsonPointer::new(text).unwrap();
        assert!(JsonPointer::root().is_ancestor_of(&pointer("/a")));
        assert!(pointer("/a").is_ancestor_of(&pointer("/a/b")));
        for (left, right) in [("/a", "/a"), ("/a", "/ab"), ("/a/b", "/a"), ("", ""), ("/a", "")] {
            assert!(!pointer(left).is_ancestor_of(&pointer(right)), "{left} {right}");
        }
    }

    #[test]
    fn leaves_are_all_places_that_hold_no_other() {
        let of = |json: &str| {
            let value = from_json(json).unwrap();
            let found: Vec<String> = leaves(&value).map(|leaf| leaf.to_string()).collect();
            for leaf in &found {
                assert!(JsonPointer::new(leaf).unwrap().resolve(&value).is_ok(), "{leaf}");
            }
            found
        };
        assert_eq!(of("1"), [""]);
        assert_eq!(of("{}"), [""]);
        assert_eq!(
            of(r#"{"b":[1,[],{"x/y":null}],"a":{"~":{}},"cc":2}"#),
            ["/a/~0", "/b/0", "/b/1", "/b/2/x~1y", "/cc"]
        );
    }
}
