//! The grant as an object (§7.3, D118, D119).

use fcp_core::cbor::{Decode, Encode};
use fcp_core::error::Reason;
use fcp_core::id::{CapabilityId, NodeTag, PrincipalId, ZoneId};
use fcp_core::object::{MeshObject, ObjectHeader};
use fcp_core::safety::SafetyTier;
use fcp_core::sign::{OwnerPublicKey, Signature};
use fcp_core::time::Timestamp;

use super::{CapabilityConstraints, PlacementPolicy};

/// The owner grants a capability (§7.3, D119).
///
/// ```cddl
/// capability-object = { header, capability_id: tstr, grantee: grantee, constraints: capability-constraints,
///   placement: placement-policy, valid_from: uint, valid_until: uint, signature: bstr .size 64 }
/// grantee = { "principal": tstr } / { "zone": tstr } / { "tag": tstr } / "bearer"
/// ```
#[derive(Debug, Clone, PartialEq, Eq, MeshObject)]
#[fcp(schema = "fcp.core:CapabilityObject@2.0.0", signer = OwnerPublicKey)]
pub struct CapabilityObject {
    /// The header.
    pub header: ObjectHeader,
    /// The capability.
    pub capability_id: CapabilityId,
    /// Who may use it.
    pub grantee: Grantee,
    /// Within which bounds.
    pub constraints: CapabilityConstraints,
    /// Where it may run.
    pub placement: PlacementPolicy,
    /// From when.
    pub valid_from: Timestamp,
    /// Until when.
    pub valid_until: Timestamp,
    /// The owner's signature.
    #[fcp(signature)]
    pub signature: Signature,
}

/// Who may use a granted capability (§7.3, D118).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Grantee {
    /// One principal.
    Principal(PrincipalId),
    /// Every principal of a zone.
    Zone(ZoneId),
    /// Every principal on a device with this attested tag.
    Tag(NodeTag),
    /// Whoever shows it; for safe operations only.
    Bearer,
}

/// For whom and for how long a token claims a grant, and what for.
#[derive(Debug, Clone, Copy)]
pub struct Holding<'a> {
    /// The token's subject.
    pub subject: &'a PrincipalId,
    /// The token's zone.
    pub zone: &'a ZoneId,
    /// When the token was issued.
    pub issued_at: Timestamp,
    /// When it expires.
    pub expires_at: Timestamp,
    /// The attested tags of the node that holds it; none without a holder.
    pub holder_tags: &'a [NodeTag],
    /// How much the operation can do.
    pub tier: SafetyTier,
}

impl CapabilityObject {
    /// Checks that this grant is meant for `holding` (D107, D118): zone, then time, then grantee.
    ///
    /// # Errors
    /// The reason of the first check that fails.
    pub fn check_holding(&self, holding: &Holding<'_>) -> Result<(), Reason> {
        if self.header.zone_id != *holding.zone {
            return Err(Reason::GrantWrongZone);
        }
        if holding.issued_at < self.valid_from || self.valid_until < holding.expires_at {
            return Err(Reason::GrantNotValid);
        }
        let meant = match &self.grantee {
            Grantee::Principal(principal) => principal == holding.subject,
            Grantee::Zone(zone) => zone == holding.zone,
            Grantee::Tag(tag) => holding.holder_tags.contains(tag),
            Grantee::Bearer if holding.tier > SafetyTier::Safe => return Err(Reason::GrantBearerNotSafe),
            Grantee::Bearer => true,
        };
        if meant { Ok(()) } else { Err(Reason::GrantWrongGrantee) }
    }
}

#[cfg(test)]
mod tests {
    use super::{CapabilityObject, Grantee, Holding};
    use crate::grant::{CapabilityConstraints, PlacementPolicy};
    use fcp_core::id::{CapabilityId, NodeTag, ObjectIdKey, PrincipalId, ZoneId};
    use fcp_core::object::{MeshObject as _, ObjectHeader, Provenance};
    use fcp_core::safety::SafetyTier;
    use fcp_core::sign::{OwnerKey, Signature, Signed as _};
    use fcp_core::time::Timestamp;

    const FROM: Timestamp = Timestamp::from_secs(1_700_000_000);
    const UNTIL: Timestamp = Timestamp::from_secs(1_700_001_000);

    fn grant(grantee: Grantee) -> CapabilityObject {
        CapabilityObject {
            header: ObjectHeader::for_type::<CapabilityObject>(Provenance::of_zone(ZoneId::work(), 60, 60, FROM)),
            capability_id: CapabilityId::new("files.read").unwrap(),
            grantee,
            constraints: CapabilityConstraints::open(),
            placement: PlacementPolicy::default(),
            valid_from: FROM,
            valid_until: UNTIL,
            signature: Signature::ABSENT,
        }
    }

    #[test]
    fn only_the_owner_makes_one() {
        let (owner, other) = (OwnerKey::from_seed([1; 32]), OwnerKey::from_seed([2; 32]));
        let key = ObjectIdKey::from_bytes([3; 32]);
        let signed = grant(Grantee::Bearer).signed_by(&owner);
        let opened = signed.seal(&key).unwrap().open::<CapabilityObject>().unwrap();
        assert_eq!(opened.clone().verify(&owner.public()).unwrap().get(), &signed);
        assert!(opened.verify(&other.public()).is_err());
    }

    #[test]
    fn zone_time_and_grantee() {
        let (anna, tag) = (PrincipalId::new("user:anna").unwrap(), NodeTag::new("fcp-work").unwrap());
        let (zone, other_zone, tags) = (ZoneId::work(), ZoneId::private(), [tag.clone()]);
        let holding = Holding {
            subject: &anna,
            zone: &zone,
            issued_at: FROM,
            expires_at: UNTIL,
            holder_tags: &tags,
            tier: SafetyTier::Risky,
        };
        let check = |grantee: Grantee, holding: Holding<'_>| {
            grant(grantee).check_holding(&holding).map_err(|reason| reason.code())
        };
        let hers = Grantee::Principal(anna.clone());
        assert_eq!(check(hers.clone(), holding), Ok(()));
        assert_eq!(check(Grantee::Zone(ZoneId::work()), holding), Ok(()));
        assert_eq!(check(Grantee::Tag(tag), holding), Ok(()));
        assert_eq!(check(Grantee::Bearer, Holding { tier: SafetyTier::Safe, ..holding }), Ok(()));

        assert_eq!(check(hers.clone(), Holding { zone: &other_zone, ..holding }), Err("grant.wrong_zone"));
        let early = Holding { issued_at: FROM.saturating_sub(1), ..holding };
        assert_eq!(check(hers.clone(), early), Err("grant.not_valid"));
        let late = Holding { expires_at: UNTIL.saturating_add(1), ..holding };
        assert_eq!(check(hers, late), Err("grant.not_valid"));
        let bob = Grantee::Principal(PrincipalId::new("user:bob").unwrap());
        assert_eq!(check(bob, holding), Err("grant.wrong_grantee"));
        assert_eq!(check(Grantee::Zone(ZoneId::private()), holding), Err("grant.wrong_grantee"));
        let other_tag = Grantee::Tag(NodeTag::new("fcp-private").unwrap());
        assert_eq!(check(other_tag, holding), Err("grant.wrong_grantee"));
        assert_eq!(check(Grantee::Bearer, holding), Err("grant.bearer_not_safe"));
    }
}
