//! Device tags (D6) and the Tailscale ACL tags that stand for them (D22).

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;

use super::error::{self, IdError, text_id};
use crate::error::Reason;

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

/// A Tailscale ACL tag, such as `tag:fcp-private`: `^tag:[a-z0-9][a-z0-9-]*$`, at most 64 bytes behind `tag:` (D22).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TailscaleTag(String);

/// What every Tailscale tag begins with.
const TAILSCALE_PREFIX: &str = "tag:";

impl TailscaleTag {
    /// Reads the tag from its text, without any normalization.
    ///
    /// # Errors
    /// [`IdError`] with the rule that `text` breaks and where.
    pub fn new(text: &str) -> Result<Self, IdError> {
        error::ascii(text, 68)?;
        let name = text.strip_prefix(TAILSCALE_PREFIX).ok_or(IdError::new(Reason::IdTagPrefix, 0))?;
        error::lowercase(name, b"-", TAILSCALE_PREFIX.len())?;
        Ok(Self(text.to_owned()))
    }

    /// The device tag that an attestation names for it: what stands behind `tag:`.
    #[must_use]
    pub fn node_tag(&self) -> NodeTag {
        NodeTag(self.0.strip_prefix(TAILSCALE_PREFIX).unwrap_or_default().to_owned())
    }

    /// Whether `tag` is the device tag that this one stands for.
    #[must_use]
    pub fn is_of(&self, tag: &NodeTag) -> bool {
        self.0.strip_prefix(TAILSCALE_PREFIX) == Some(tag.as_str())
    }

    /// The ACL tag of a device tag.
    ///
    /// # Errors
    /// [`IdError`] if the device tag has a character that ACL tags do not have.
    pub fn of(tag: &NodeTag) -> Result<Self, IdError> {
        Self::new(&format!("{TAILSCALE_PREFIX}{tag}"))
    }
}

text_id!(TailscaleTag);

#[cfg(test)]
mod tests {
    use super::{NodeTag, TailscaleTag};

    #[test]
    fn device_tags_and_acl_tags_map_to_each_other() {
        let tag = TailscaleTag::new("tag:fcp-private").unwrap();
        let device = NodeTag::new("fcp-private").unwrap();
        assert_eq!(tag.node_tag(), device);
        assert!(tag.is_of(&device));
        assert_eq!(TailscaleTag::of(&device).unwrap(), tag);
        assert!(TailscaleTag::of(&NodeTag::new("fcp:private").unwrap()).is_err());
    }

    #[test]
    fn acl_tags_have_a_grammar() {
        for (text, code) in [
            ("fcp-private", "id.tag_prefix"),
            ("tag:", "id.bad_first"),
            ("tag:-a", "id.bad_first"),
            ("tag:a_b", "id.bad_char"),
            ("tag:A", "id.uppercase"),
            ("", "id.empty"),
        ] {
            assert_eq!(TailscaleTag::new(text).unwrap_err().reason().code(), code, "{text}");
        }
        assert!(TailscaleTag::new(&format!("tag:{}", "a".repeat(64))).is_ok());
        assert!(TailscaleTag::new(&format!("tag:{}", "a".repeat(65))).is_err());
    }
}
