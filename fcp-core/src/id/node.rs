//! Node identifiers (G1).

use alloc::borrow::ToOwned;
use alloc::string::String;

use super::error::{self, IdError, text_id};
use crate::error::Reason;

/// A device of the mesh: its Tailscale stable node id (G1, D2).
///
/// 1 to 64 bytes of printable ASCII without space, case-sensitive, compared and ordered bytewise.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(String);

impl NodeId {
    /// Reads the identifier from its text, without any normalization.
    ///
    /// # Errors
    /// [`IdError`] with the rule that `text` breaks and where.
    pub fn new(text: &str) -> Result<Self, IdError> {
        error::ascii(text, 64)?;
        match text.bytes().position(|byte| !(0x21..=0x7e).contains(&byte)) {
            Some(offset) => Err(IdError::new(Reason::IdBadChar, offset)),
            None => Ok(Self(text.to_owned())),
        }
    }

    /// Reads the identifier from its bytes, as tokens carry it (D107).
    ///
    /// # Errors
    /// [`IdError`] with the rule that `bytes` break and where.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, IdError> {
        let text =
            core::str::from_utf8(bytes).map_err(|fault| IdError::new(Reason::IdNotAscii, fault.valid_up_to()))?;
        Self::new(text)
    }
}

text_id!(NodeId);
