//! Whose key could have signed something then (D201).

use fcp_core::id::{Kid, NodeId, ObjectId, ZoneId};
use fcp_core::identity::{NodeKeyAttestation, TrustAnchors};
use fcp_core::revoked::Revoked as _;
use fcp_core::sign::{NodeSigningPublicKey, Verified};
use fcp_core::time::Timestamp;

use crate::revocation::RevocationRegistry;

/// The signing keys that the owner attested, as of any time, in one zone (D201).
///
/// A key counts at a time if its attestation was issued by then, had not expired, and no revocation of it was in
/// effect; the window has the skew of D7, the revocation has none.
#[derive(Debug, Clone, Copy)]
pub struct AttestedKeys<'a> {
    trust: &'a TrustAnchors,
    revocations: &'a RevocationRegistry,
    zone: &'a ZoneId,
}

impl<'a> AttestedKeys<'a> {
    /// The keys that count in `zone`.
    #[must_use]
    pub const fn new(trust: &'a TrustAnchors, revocations: &'a RevocationRegistry, zone: &'a ZoneId) -> Self {
        Self { trust, revocations, zone }
    }

    /// The zone.
    #[must_use]
    pub const fn zone(&self) -> &'a ZoneId {
        self.zone
    }

    /// The owner and everybody whom the owner attested.
    #[must_use]
    pub const fn trust(&self) -> &'a TrustAnchors {
        self.trust
    }

    /// What is revoked.
    #[must_use]
    pub const fn revocations(&self) -> &'a RevocationRegistry {
        self.revocations
    }

    /// The signing key of `node` with this key id, with the id of its attestation.
    #[must_use]
    pub fn key(&self, node: &NodeId, kid: &Kid, at: Timestamp) -> Option<(NodeSigningPublicKey, ObjectId)> {
        self.of(node, at)
            .find(|attestation| attestation.signing_kid() == *kid)
            .map(|attestation| (attestation.keys().signing, attestation.id()))
    }

    /// Every signing key of `node` that counted at `at`, the newest first.
    pub fn of(&self, node: &NodeId, at: Timestamp) -> impl Iterator<Item = &'a Verified<NodeKeyAttestation>> + use<'a> {
        let Self { trust, revocations, zone } = *self;
        trust.all(node).iter().filter(move |attestation| {
            attestation.window().check(at).is_ok() && !revocations.was_revoked(&attestation.id(), zone, at)
        })
    }

    /// Every signing key that counted at `at`, with its node.
    pub fn all(&self, at: Timestamp) -> impl Iterator<Item = (&'a NodeId, NodeSigningPublicKey)> + use<'a> {
        let keys = *self;
        keys.trust
            .nodes()
            .flat_map(move |node| keys.of(node, at).map(move |attestation| (node, attestation.keys().signing)))
    }
}
