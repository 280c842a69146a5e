//! One run of key generation or refresh.

use super::Roster;
use crate::sign::OwnerPublicKey;

/// One run of key generation, or of the refresh of a key that exists: its packages fit into no other run.
///
/// Its id is BLAKE3-256(`FCP2-DKG-CEREMONY-V1` ‖ 0, or 1 ‖ group key ‖ nonce ‖ roster digest). The nonce is drawn by
/// whoever calls the participants together and told to all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ceremony {
    roster: Roster,
    refreshes: Option<OwnerPublicKey>,
    id: [u8; 32],
}

impl Ceremony {
    /// A run that makes a new key.
    #[must_use]
    pub fn keygen(roster: Roster, nonce: [u8; 16]) -> Self {
        Self::new(roster, None, nonce)
    }

    /// A run that gives everybody in `roster` a new share of the key `group`, and nobody else. The roster is that of
    /// the key without who is lost.
    #[must_use]
    pub fn refresh(roster: Roster, group: OwnerPublicKey, nonce: [u8; 16]) -> Self {
        Self::new(roster, Some(group), nonce)
    }

    fn new(roster: Roster, refreshes: Option<OwnerPublicKey>, nonce: [u8; 16]) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"FCP2-DKG-CEREMONY-V1");
        match &refreshes {
            None => hasher.update(&[0]),
            Some(group) => hasher.update(&[1]).update(group.as_bytes()),
        };
        hasher.update(&nonce);
        hasher.update(&roster.digest());
        let id = *hasher.finalize().as_bytes();
        Self { roster, refreshes, id }
    }

    /// Who takes part.
    #[must_use]
    pub const fn roster(&self) -> &Roster {
        &self.roster
    }

    /// The key whose shares are refreshed; `None` if a new key is made.
    #[must_use]
    pub const fn refreshes(&self) -> Option<&OwnerPublicKey> {
        self.refreshes.as_ref()
    }

    /// What each package of the run carries.
    #[must_use]
    pub const fn id(&self) -> &[u8; 32] {
        &self.id
    }
}
