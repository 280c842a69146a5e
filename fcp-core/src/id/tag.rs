//! Device tags (D6).

use alloc::borrow::ToOwned;
use alloc::string::String;

use super::error::{self, IdError, text_id};

/// An ACL tag of a device, such as `fcp-private`: the grammar of §3.4.2, at most 64 bytes (D6).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeTag(String);

impl NodeTag {
    /// Reads the tag from its text, without any normalization.
    ///
    /// # Errors
    /// [`IdError`] with the rule that `text` breaks and where.
    pub fn new(text: &str) -> Result<Self, IdError> {
        error::ascii(text, 64)?;
        error::lowercase(text, b"._:-", 0)?;
        Ok(Self(text.to_owned()))
    }
}

text_id!(NodeTag);
