//! Zone identifiers (§3.4, D21) and their Tailscale tags (D22).

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;

use super::ZoneIdHash;
use super::error::{self, IdError, text_id};
use crate::error::Reason;

/// A zone: `^z:[a-z0-9][a-z0-9_:-]*$`, 3 to 64 bytes (§3.4, D21).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ZoneId(String);

/// What a derived tag begins with.
const TAG_PREFIX: &str = "tag:fcp-";

impl ZoneId {
    /// Reads the identifier from its text, without any normalization.
    ///
    /// # Errors
    /// [`IdError`] with the rule that `text` breaks and where.
    pub fn new(text: &str) -> Result<Self, IdError> {
        error::ascii(text, 64)?;
        let suffix = text.strip_prefix("z:").ok_or(IdError::new(Reason::IdZonePrefix, 0))?;
        error::lowercase(suffix, b"_:-", 2)?;
        Ok(Self(text.to_owned()))
    }

    /// `z:owner`, the owner's own zone.
    #[must_use]
    pub fn owner() -> Self {
        Self("z:owner".to_owned())
    }

    /// `z:private`, personal data.
    #[must_use]
    pub fn private() -> Self {
        Self("z:private".to_owned())
    }

    /// `z:work`, the context of work.
    #[must_use]
    pub fn work() -> Self {
        Self("z:work".to_owned())
    }

    /// `z:community`, trusted outsiders.
    #[must_use]
    pub fn community() -> Self {
        Self("z:community".to_owned())
    }

    /// `z:public`, input from anybody.
    #[must_use]
    pub fn public() -> Self {
        Self("z:public".to_owned())
    }

    /// Whether this is `z:owner`.
    #[must_use]
    pub fn is_owner(&self) -> bool {
        self.0 == "z:owner"
    }

    /// The fixed-size form that frames and associated data carry: BLAKE3-256(`FCP2-ZONE-ID-V1` ‖ text).
    #[must_use]
    pub fn hash(&self) -> ZoneIdHash {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"FCP2-ZONE-ID-V1");
        hasher.update(self.as_bytes());
        ZoneIdHash::from_bytes(*hasher.finalize().as_bytes())
    }

    /// The Tailscale ACL tag that follows from the zone's name (D22).
    ///
    /// # Errors
    /// [`Reason::IdTagNotDerivable`] for a name with `:` or `_`, which tags cannot hold: such a zone's definition
    /// carries an explicit tag.
    pub fn to_tailscale_tag(&self) -> Result<String, IdError> {
        let suffix = self.0.strip_prefix("z:").unwrap_or_default();
        match suffix.bytes().position(|byte| matches!(byte, b':' | b'_')) {
            Some(index) => Err(IdError::new(Reason::IdTagNotDerivable, index.saturating_add(2))),
            None => Ok(format!("{TAG_PREFIX}{suffix}")),
        }
    }

    /// The zone whose derived tag is `tag` (D22).
    ///
    /// # Errors
    /// [`IdError`] if `tag` is not the derived tag of any zone.
    pub fn from_tailscale_tag(tag: &str) -> Result<Self, IdError> {
        let suffix = tag.strip_prefix(TAG_PREFIX).ok_or(IdError::new(Reason::IdTagNotDerivable, 0))?;
        let zone = Self::new(&format!("z:{suffix}"))?;
        zone.to_tailscale_tag()?;
        Ok(zone)
    }
}

text_id!(ZoneId);

#[cfg(test)]
mod tests {
    use super::ZoneId;

    #[test]
    fn tags_map_both_ways_or_not_at_all() {
        let private = ZoneId::private();
        assert_eq!(private.to_tailscale_tag().unwrap(), "tag:fcp-private");
        assert_eq!(ZoneId::from_tailscale_tag("tag:fcp-private").unwrap(), private);
        for zone in ["z:a:b", "z:a_b"] {
            assert!(ZoneId::new(zone).unwrap().to_tailscale_tag().is_err(), "{zone}");
        }
        for tag in ["tag:fcp-a_b", "tag:fcp-", "tag:other", "fcp-private", "tag:fcp-A"] {
            assert!(ZoneId::from_tailscale_tag(tag).is_err(), "{tag}");
        }
    }

    #[test]
    fn grammar() {
        for (text, code) in [
            ("private", "id.zone_prefix"),
            ("z:", "id.bad_first"),
            ("z:-a", "id.bad_first"),
            ("z:a.b", "id.bad_char"),
            ("z:Work", "id.uppercase"),
            ("", "id.empty"),
        ] {
            assert_eq!(ZoneId::new(text).unwrap_err().reason().code(), code, "{text}");
        }
        assert!(ZoneId::new(&format!("z:{}", "a".repeat(62))).is_ok());
        assert!(ZoneId::new(&format!("z:{}", "a".repeat(63))).is_err());
    }
}
