//! Capability tokens, and state that a node stored for itself.

use fcp_audit::checkpoint::Participant;
use fcp_caps::token::CapabilityToken;
use fcp_zones::keyring::ZoneKeyRing;

/// A token has one form only.
pub(super) fn token(bytes: &[u8]) {
    let Ok(token) = CapabilityToken::decode(bytes) else { return };
    assert_eq!(token.to_cwt(), bytes, "another encoding was accepted");
}

/// What comes back from disk is read strictly, too.
pub(super) fn persisted(bytes: &[u8]) {
    if let Ok(ring) = ZoneKeyRing::import(bytes) {
        let exported = ring.export();
        assert!(ZoneKeyRing::import(&exported).is_ok_and(|again| *again.export() == *exported));
    }
    let _ = Participant::restore(bytes);
}
