//! Small pieces of text.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Display;

use fcp_core::id::ObjectId;

/// Several things with commas between them, or `otherwise` if there are none.
pub(super) fn list<T: Display>(items: impl IntoIterator<Item = T>, otherwise: &str) -> String {
    let items: Vec<String> = items.into_iter().map(|item| format!("{item}")).collect();
    if items.is_empty() { otherwise.into() } else { items.join(", ") }
}

/// The short forms of several ids.
pub(super) fn ids<'i>(ids: impl IntoIterator<Item = &'i ObjectId>) -> String {
    list(ids.into_iter().map(ObjectId::short), "nothing")
}

/// The text with a capital letter, unless it begins with a name, which is written as it is.
pub(super) fn sentence(text: &str) -> String {
    let word = text.split(' ').next().unwrap_or_default();
    let mut letters = text.chars();
    match letters.next() {
        Some(first) if word.bytes().all(|byte| byte.is_ascii_lowercase()) => {
            first.to_uppercase().chain(letters).collect()
        }
        _ => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::{list, sentence};

    #[test]
    fn words() {
        for (text, written) in [
            ("the token", "The token"),
            ("nLaptop may", "nLaptop may"),
            ("https://a.example/x is", "https://a.example/x is"),
            ("files.delete is", "files.delete is"),
            ("", ""),
        ] {
            assert_eq!(sentence(text), written);
        }
        assert_eq!((list([1, 2], "nobody"), list::<u8>([], "nobody")), ("1, 2".into(), "nobody".into()));
    }
}
