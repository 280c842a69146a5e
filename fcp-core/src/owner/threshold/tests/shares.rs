//! Shares as objects, and splitting a key.

use super::*;

#[test]
fn a_key_that_one_device_has_is_split_and_stays() {
    let mut table = Table::new(2, 3, 9);
    let owner = OwnerKey::from_seed([42; 32]);
    let public = owner.public();
    let roster = table.roster.clone();
    let (sealed, group) = dealer::split(owner, &roster, &owner_provenance(), &mut table.rng).unwrap();
    assert_eq!(group.owner(), &public);

    let objects: Vec<Verified<OwnerKeyShare>> = sealed.iter().map(|share| verified(share, &public)).collect();
    let shares: Vec<KeyShare> = objects
        .iter()
        .map(|share| KeyShare::open(share, &public, &table.member(&roster, &share.node_id)).unwrap())
        .collect();
    assert_eq!(GroupKeys::from_shares(&roster, &public, &objects).unwrap(), group);
    let signers = [(node(0), &shares[0]), (node(2), &shares[2])];
    let done = signing(&mut table, &roster, &signers, &some_preimage());
    assert!(done.aggregate(&roster, &group).is_ok());

    assert_eq!(GroupKeys::from_shares(&roster, &public, &objects[..2]).unwrap_err(), KeyShareError::Missing(node(2)));
    let other = OwnerKey::from_seed([43; 32]).public();
    assert_eq!(GroupKeys::from_shares(&roster, &other, &objects).unwrap_err(), KeyShareError::OtherGroup);
    let remaining = roster.without(&node(0)).unwrap();
    assert_eq!(GroupKeys::from_shares(&remaining, &public, &objects).unwrap_err(), KeyShareError::NotInRoster(node(0)));
}

/// What a node holds after the object went through bytes.
fn verified(share: &OwnerKeyShare, owner: &OwnerPublicKey) -> Verified<OwnerKeyShare> {
    let key = ObjectIdKey::from_bytes([1; 32]);
    let stored = share.seal(&key).unwrap();
    stored.open::<OwnerKeyShare>().unwrap().verify(owner).unwrap()
}

#[test]
fn a_share_survives_as_an_object_that_the_group_signs() {
    let mut table = Table::new(2, 3, 10);
    let shares = keygen(&mut table);
    let (roster, group) = (table.roster.clone(), shares[0].2.clone());
    let holder = roster.participants()[0].clone();
    let draft = shares[0].1.seal(&holder, owner_provenance(), &mut table.rng).unwrap();
    assert_eq!(Some(draft.verifying_share), group.verifying_share(1));

    let signers = [(node(1), &shares[1].1), (node(2), &shares[2].1)];
    let done = signing(&mut table, &roster, &signers, &draft.preimage());
    let signed = draft.clone().with_signature(done.aggregate(&roster, &group).unwrap());
    let object = verified(&signed, group.owner());
    let member = table.member(&roster, &node(0));
    let opened = KeyShare::open(&object, group.owner(), &member).unwrap();
    assert_eq!((opened.share_id(), opened.owner()), (1, group.owner()));
    assert_eq!(format!("{opened:?}"), "KeyShare(..)");

    let open = |share: &OwnerKeyShare| KeyShare::open(share, group.owner(), &member).unwrap_err();
    let other_zone = OwnerKeyShare {
        header: crate::object::ObjectHeader::for_type::<OwnerKeyShare>(Provenance::of_zone(ZoneId::work(), 1, 1, NOW)),
        ..draft.clone()
    };
    assert_eq!(open(&other_zone), KeyShareError::Zone);
    let sealed = other_zone.seal(&ObjectIdKey::from_bytes([1; 32]));
    assert_eq!(sealed.unwrap_err().reason().code(), "object.zone_rule");
    let other_group = OwnerKeyShare { group_key: OwnerKey::from_seed([1; 32]).public(), ..draft.clone() };
    assert_eq!(open(&other_group), KeyShareError::OtherGroup);
    assert_eq!(open(&OwnerKeyShare { share_id: 2, ..draft.clone() }), KeyShareError::NotInRoster(node(0)));
    let later = OwnerKeyShare { issued_at: Timestamp::from_secs(1), ..draft.clone() };
    assert_eq!(open(&later), KeyShareError::Sealed(SealError::Open));
    let other_half = OwnerKeyShare { verifying_share: group.verifying_share(2).unwrap(), ..draft.clone() };
    assert_eq!(open(&other_half), KeyShareError::VerifyingShareMismatch);
    let mut plaintext = super::super::key_share::plaintext(2, shares[0].1.inner().signing_share());
    let mut resealed = draft.clone();
    let public = holder.node_enc_pubkey;
    resealed.sealed_share = crate::hpke::seal(&public, &draft.seal_context(), &*plaintext, &mut table.rng).unwrap();
    let member = table.member(&roster, &node(0));
    let open = |share: &OwnerKeyShare| KeyShare::open(share, group.owner(), &member).unwrap_err();
    assert_eq!(open(&resealed), KeyShareError::ShareIdMismatch);
    plaintext[1..].fill(0xff);
    resealed.sealed_share =
        crate::hpke::seal(&public, &draft.seal_context(), &*plaintext, &mut ChaCha20Rng::seed_from_u64(1)).unwrap();
    assert_eq!(open(&resealed), KeyShareError::Malformed);
    let work = Provenance::of_zone(ZoneId::work(), 1, 1, NOW);
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    assert_eq!(shares[0].1.seal(&holder, work, &mut rng), Err(KeyShareError::Zone));
    let other_holder = &roster.participants()[1];
    let refused = shares[0].1.seal(other_holder, owner_provenance(), &mut rng);
    assert_eq!(refused, Err(KeyShareError::NotInRoster(node(1))));
}

/// The sealed plaintext by hand: k = 2 shares of seed 2a…2a interpolate to its RFC 8032 scalar.
#[test]
fn shares_are_little_endian_scalars_of_the_owner_key() {
    let mut table = Table::new(2, 2, 19);
    let roster = table.roster.clone();
    let owner = OwnerKey::from_seed([42; 32]);
    let expected = owner.expose_scalar();
    let (sealed, _) = dealer::split(owner, &roster, &owner_provenance(), &mut table.rng).unwrap();
    let scalars: Vec<Vec<u8>> = sealed
        .iter()
        .map(|share| {
            let opened = share.sealed_share.open(&table.keys(&share.node_id).encryption, &share.seal_context());
            let opened = opened.unwrap();
            assert_eq!((opened[0], opened.len()), (share.share_id, 33));
            opened[1..].to_vec()
        })
        .collect();
    // f(0) = 2·f(1) − f(2) modulo the group order, with 32-byte little-endian numbers.
    let double = add(&scalars[0], &scalars[0]);
    assert_eq!(sub(&double, &scalars[1]), *expected);
}

/// The group order L, little-endian.
const ORDER: [u8; 32] = hex_literal::hex!("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");

/// a + b mod L.
fn add(a: &[u8], b: &[u8]) -> Vec<u8> {
    let mut carry = 0_u16;
    let sum: Vec<u8> = a
        .iter()
        .zip(b)
        .map(|(a, b)| {
            let digit = u16::from(*a).wrapping_add(u16::from(*b)).wrapping_add(carry);
            carry = digit >> 8;
            digit.to_le_bytes()[0]
        })
        .collect();
    if sum.iter().rev().lt(ORDER.iter().rev()) { sum } else { raw_sub(&sum, &ORDER) }
}

/// a − b mod L.
fn sub(a: &[u8], b: &[u8]) -> Vec<u8> {
    add(a, &raw_sub(&ORDER, b))
}

/// a − b for a ≥ b.
fn raw_sub(a: &[u8], b: &[u8]) -> Vec<u8> {
    let mut borrow = 0_i16;
    a.iter()
        .zip(b)
        .map(|(a, b)| {
            let digit = i16::from(*a).wrapping_sub(i16::from(*b)).wrapping_sub(borrow);
            borrow = i16::from(digit < 0);
            digit.to_le_bytes()[0]
        })
        .collect()
}
