//! Every type of this crate, through the batteries.

use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

use super::{check_message, check_object, check_signed};
use crate::hpke::{self, Purpose, SealContext, SealedBox};
use crate::id::{Kid, NodeId, NodeTag, ObjectId, ObjectIdKey, PrincipalId, ZoneId};
use crate::identity::{
    AttestationTerms, DevicePostureAttestation, DevicePostureKind, NodeKeyAttestation, NodeSecretKeys,
};
use crate::object::{
    DeviceSelector, LabelAdjustment, MeshObject, Message, ObjectHeader, ObjectPlacementPolicy, Provenance,
    QuorumSignatureSet, StoredObject, TaintFlags, TaintReduction, ZoneCrossing,
};
use crate::owner::{KeygenRound1, KeygenRound2, OwnerKeyShare};
use crate::sign::{OwnerKey, OwnerPublicKey, QuorumSignature, Signature, SignatureSet, Signed as _};
use crate::time::Timestamp;

const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

fn id(byte: u8) -> ObjectId {
    ObjectId::from_bytes([byte; 32])
}

fn node(name: &str) -> NodeId {
    NodeId::new(name).unwrap()
}

fn rng() -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(1)
}

fn key() -> ObjectIdKey {
    ObjectIdKey::from_bytes([7; 32])
}

/// A header with everything in it that a header can have.
fn full_header<T: Message>(zone: ZoneId) -> ObjectHeader {
    let mut provenance = Provenance::of_zone(zone.clone(), 60, 70, NOW).by(PrincipalId::new("user:anna").unwrap());
    provenance.taint = TaintFlags::from_bits_retain(0x8000_0003);
    provenance.label_adjustments = vec![
        LabelAdjustment::IntegrityElevated { to: 80, by_approval: id(1), applied_at: NOW },
        LabelAdjustment::ConfidentialityDeclassified { to: 10, by_approval: id(2), applied_at: NOW },
    ];
    provenance.taint_reductions =
        vec![TaintReduction { clears: TaintFlags::PUBLIC_INPUT, by_receipt: id(3), applied_at: NOW }];
    provenance.zone_crossings = vec![
        ZoneCrossing {
            from_zone: ZoneId::public(),
            to_zone: zone.clone(),
            crossed_at: NOW,
            authorized_by: Some(id(4)),
        },
        ZoneCrossing { from_zone: zone, to_zone: ZoneId::public(), crossed_at: NOW, authorized_by: None },
    ];
    let placement = ObjectPlacementPolicy {
        min_nodes: 3,
        max_node_fraction_bps: 5000,
        preferred_devices: vec![
            DeviceSelector::Tag(NodeTag::new("fcp-work").unwrap()),
            DeviceSelector::Class("desktop".into()),
        ],
        excluded_devices: vec![
            DeviceSelector::NodeId(node("nPhone")),
            DeviceSelector::Zone(ZoneId::public()),
            DeviceSelector::HasCapability(crate::id::CapabilityId::new("files.read").unwrap()),
        ],
        target_coverage_bps: 15_000,
    };
    let mut header = ObjectHeader::for_type::<T>(provenance).with_ttl(60).with_placement(placement);
    header.foreign_refs = vec![id(5), id(6)];
    header
}

fn signature(name: &str, byte: u8) -> QuorumSignature {
    QuorumSignature {
        signer_node: node(name),
        signer_kid: Kid::from_bytes([byte; 8]),
        sig: Signature::from_bytes([byte; 64]),
    }
}

fn sealed(plaintext: &[u8]) -> SealedBox {
    let keys = NodeSecretKeys::generate(&mut rng());
    let context = SealContext {
        purpose: Purpose::OwnerShare,
        zone: ZoneId::owner().hash(),
        recipient: node("nLaptop"),
        issued_at: NOW,
    };
    hpke::seal(&keys.encryption.public(), &context, plaintext, &mut rng()).unwrap()
}

#[test]
fn quorum_signature_set() {
    let signatures = SignatureSet::from_sorted(vec![signature("nA", 1), signature("nB", 2)]).unwrap();
    let header = full_header::<QuorumSignatureSet>(ZoneId::work()).with_refs(vec![id(9)]);
    check_object(&QuorumSignatureSet { header, target: id(9), signatures }, &key());
}

#[test]
fn owner_key_share() {
    let owner = OwnerKey::from_seed([1; 32]);
    let share = OwnerKeyShare {
        header: full_header::<OwnerKeyShare>(ZoneId::owner()),
        share_id: 2,
        node_id: node("nLaptop"),
        sealed_share: sealed(&[2; 33]),
        issued_at: NOW,
        verifying_share: [4; 32],
        group_key: owner.public(),
        signature: Signature::ABSENT,
    };
    let share = share.signed_by(&owner);
    check_object(&share, &key());
    check_signed(share, &[]);
}

#[test]
fn packages_of_key_generation() {
    let keys = NodeSecretKeys::generate(&mut rng());
    let round1 = KeygenRound1 {
        ceremony: [1; 32],
        sender: node("nLaptop"),
        commitment: vec![[2; 32], [3; 32]],
        proof: [4; 64],
        signature: Signature::ABSENT,
    };
    let round1 = round1.signed_by(&keys.signing);
    check_message(&round1);
    check_signed(round1, &[]);
    let round2 = KeygenRound2 {
        ceremony: [1; 32],
        sender: node("nLaptop"),
        recipient: node("nPhone"),
        round1: [5; 32],
        issued_at: NOW,
        sealed_share: sealed(&[6; 33]),
        signature: Signature::ABSENT,
    };
    let round2 = round2.signed_by(&keys.signing);
    check_message(&round2);
    check_signed(round2, &[]);
}

#[test]
fn node_key_attestation() {
    let owner = OwnerKey::from_seed([1; 32]);
    let terms = AttestationTerms {
        node_id: node("nLaptop"),
        owner: owner.public(),
        tags: vec![NodeTag::new("fcp-work").unwrap(), NodeTag::new("fcp-private").unwrap()],
        issued_at: NOW,
        expires_at: NOW.saturating_add(30 * 86_400),
        nonce: [9; 32],
        posture: Some(DevicePostureAttestation {
            kind: DevicePostureKind::Custom("example.attest".into()),
            payload: vec![1, 2, 3],
            issued_at: NOW,
            expires_at: NOW.saturating_add(86_400),
            nonce: [8; 32],
        }),
    };
    let keys = NodeSecretKeys::generate(&mut rng());
    let attestation = NodeKeyAttestation::draft(terms, &keys.public()).unwrap().signed_by(&owner);
    check_message(&attestation);
    check_signed(attestation.clone(), &[]);

    // Its header is no field of its own, and one alone is right (D4).
    let stored = attestation.seal();
    assert_eq!(NodeKeyAttestation::open(&stored).unwrap().id(), attestation.id());
    let changes: [fn(&mut ObjectHeader); 9] = [
        |header| header.zone_id = ZoneId::work(),
        |header| header.created_at = NOW.saturating_add(1),
        |header| header.provenance.integrity_label = 99,
        |header| header.provenance.origin_zone = ZoneId::work(),
        |header| header.provenance.taint = TaintFlags::PUBLIC_INPUT,
        |header| header.refs = vec![id(1)],
        |header| header.foreign_refs = vec![id(1)],
        |header| header.ttl_secs = Some(60),
        |header| header.placement = full_header::<NodeKeyAttestation>(ZoneId::owner()).placement,
    ];
    for change in changes {
        let mut header = stored.header().clone();
        change(&mut header);
        let other = StoredObject::from_parts(header, stored.body(), &ObjectIdKey::public());
        assert_eq!(NodeKeyAttestation::open(&other).unwrap_err().reason().code(), "attestation.bad_header");
    }
}

/// The batteries find what they are for.
#[test]
fn wrong_types_are_found() {
    fn found(check: impl FnOnce()) -> bool {
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(check)).is_err()
    }
    /// Refers to nothing, though the table says that it refers to its target.
    #[derive(Debug, Clone, MeshObject)]
    #[fcp(schema = "fcp.core:QuorumSignatureSet@2.0.0")]
    struct Loose {
        header: ObjectHeader,
        target: ObjectId,
    }
    let header = ObjectHeader::for_type::<Loose>(Provenance::of_zone(ZoneId::work(), 1, 1, NOW));
    assert!(found(|| check_object(&Loose { header, target: id(1) }, &key())));

    /// Is in no table.
    #[derive(Debug, Clone, MeshObject)]
    #[fcp(schema = "fcp.core:Stranger@2.0.0")]
    struct Stranger {
        header: ObjectHeader,
    }
    let header = ObjectHeader::for_type::<Stranger>(Provenance::of_zone(ZoneId::work(), 1, 1, NOW));
    assert!(found(|| check_object(&Stranger { header }, &key())));

    /// Is signed, though the table says otherwise, and leaves a field out of what is signed.
    #[derive(Debug, Clone, Message)]
    #[fcp(schema = "fcp.core:OwnerSigningPackage@2.0.0", signer = OwnerPublicKey)]
    struct Signed {
        #[fcp(signature)]
        signature: Signature,
    }
    assert!(found(|| check_signed(Signed { signature: Signature::ABSENT }, &[])));
    #[derive(Debug, Clone, Message)]
    #[fcp(schema = "com.example:Partly@1.0.0", signer = OwnerPublicKey)]
    struct Partly {
        #[fcp(unsigned)]
        seq: u64,
        #[fcp(signature)]
        signature: Signature,
    }
    let partly = Partly { seq: 1, signature: Signature::ABSENT };
    assert!(found(|| check_signed(partly.clone(), &[])));
    check_signed(partly, &["seq"]);
}
