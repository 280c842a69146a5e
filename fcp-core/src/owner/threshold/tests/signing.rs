//! Signing.

use super::*;
use crate::owner::threshold::signing::{NoncePoint, ShareScalar, Signer, Signers};

/// What the coordinator is given, to be spoiled.
type Shares = Vec<(NodeId, SignatureShare)>;

/// What the coordinator is given first, to be spoiled.
type Commitments = Vec<(NodeId, SigningCommitment)>;

#[test]
fn any_k_of_n_sign_as_the_owner_and_fewer_do_not() {
    for (k, n) in [(2, 2), (2, 3), (3, 5)] {
        let mut table = Table::new(k, n, 7);
        let shares = keygen(&mut table);
        let (roster, group, k) = (table.roster.clone(), shares[0].2.clone(), usize::from(k));
        for first in 0..=(n - k) {
            let signers: Vec<_> = shares[first..first + k].iter().map(|(id, share, _)| (id.clone(), share)).collect();
            let done = signing(&mut table, &roster, &signers, &some_preimage());
            let signature = done.aggregate(&roster, &group).unwrap();
            assert_eq!(group.owner().verify(&some_preimage(), &signature), Ok(()));
            assert!(group.owner().verify(&Preimage::transcript("FCP2-TEST", &[]), &signature).is_err());
        }
        let too_few: Vec<_> = shares[..k - 1].iter().map(|(id, share, _)| (id.clone(), share)).collect();
        let (_, commitments) = committed(&mut table, &too_few);
        let refused = sign::package(&roster, group.owner(), sent(&commitments), &some_preimage());
        assert_eq!(refused, Err(SigningError::TooFew));
    }
}

#[test]
fn a_signer_signs_only_what_it_was_asked_and_agreed_to() {
    let mut table = Table::new(2, 3, 17);
    let shares = keygen(&mut table);
    let roster = table.roster.clone();
    let signers = [(node(0), &shares[0].1), (node(1), &shares[1].1)];
    let mut refuse = |spoil: &dyn Fn(&mut SigningPackage), preimage: &Preimage| {
        let (nonces, commitments) = committed(&mut table, &signers);
        let owner = shares[0].1.owner();
        let mut package = sign::package(&roster, owner, sent(&commitments), &some_preimage()).unwrap();
        spoil(&mut package);
        let nonces = nonces.into_iter().next().unwrap();
        sign::sign_share(&roster, &shares[0].1, nonces, &package, preimage).map(drop)
    };
    assert_eq!(refuse(&|_| (), &some_preimage()), Ok(()));
    let other = Preimage::transcript("FCP2-TEST", &[b"something else"]);
    assert_eq!(refuse(&|_| (), &other), Err(SigningError::OtherPreimage));
    let stranger = OwnerKey::from_seed([1; 32]).public();
    assert_eq!(refuse(&|package| package.group_key = stranger, &some_preimage()), Err(SigningError::OtherKey));
    let fewer = |package: &mut SigningPackage| package.commitments.0.truncate(1);
    assert_eq!(refuse(&fewer, &some_preimage()), Err(SigningError::TooFew));
    let unknown = |package: &mut SigningPackage| package.commitments.0[1].share_id = 9;
    assert_eq!(refuse(&unknown, &some_preimage()), Err(SigningError::UnknownSigner));
    let not_mine = |package: &mut SigningPackage| package.commitments.0[0].share_id = 3;
    assert_eq!(refuse(&not_mine, &some_preimage()), Err(SigningError::OtherCommitment));
    let changed = |package: &mut SigningPackage| package.commitments.0[0].hiding = package.commitments.0[1].hiding;
    assert_eq!(refuse(&changed, &some_preimage()), Err(SigningError::OtherCommitment));
}

#[test]
fn the_coordinator_names_who_spoils_a_signature() {
    let mut table = Table::new(2, 3, 18);
    let shares = keygen(&mut table);
    let (roster, group) = (table.roster.clone(), shares[0].2.clone());
    let honest = signing(&mut table, &roster, &[(node(0), &shares[0].1), (node(1), &shares[1].1)], &some_preimage());
    let aggregate = |spoil: &dyn Fn(&mut Shares)| {
        let mut shares = honest.shares.clone();
        spoil(&mut shares);
        sign::aggregate(&roster, &group, &honest.package, &honest.preimage, sent(&shares)).map(drop)
    };
    assert_eq!(aggregate(&|shares| shares.reverse()), Ok(()));
    let wrong = aggregate(&|shares| shares[1].1.share = shares[0].1.share).unwrap_err();
    assert_eq!((wrong.culprit(), wrong.reason().code()), (Some(&node(1)), "owner.bad_share"));
    assert_eq!(aggregate(&|shares| shares.truncate(1)), Err(SigningError::Missing(node(1))));
    assert_eq!(aggregate(&|shares| shares[1].0 = node(0)), Err(SigningError::Duplicate(node(0))));
    assert_eq!(aggregate(&|shares| shares[1].0 = node(2)), Err(SigningError::OtherPackage(node(2))));
    assert_eq!(aggregate(&|shares| shares[1].0 = node(9)), Err(SigningError::NotInRoster(node(9))));
    assert_eq!(aggregate(&|shares| shares[1].1.package = [0; 32]), Err(SigningError::OtherPackage(node(1))));

    let other = Preimage::transcript("FCP2-TEST", &[]);
    let refused = sign::aggregate(&roster, &group, &honest.package, &other, sent(&honest.shares));
    assert_eq!(refused, Err(SigningError::OtherPreimage));
    let mut other = Table::new(2, 3, 19);
    let other_group = keygen(&mut other)[0].2.clone();
    let refused = sign::aggregate(&roster, &other_group, &honest.package, &honest.preimage, sent(&honest.shares));
    assert_eq!(refused, Err(SigningError::OtherKey));
}

#[test]
fn commitments_are_of_participants_for_this_key_once() {
    let mut table = Table::new(2, 3, 21);
    let shares = keygen(&mut table);
    let owner = *shares[0].1.owner();
    let (_, list) = committed(&mut table, &[(node(0), &shares[0].1), (node(1), &shares[1].1)]);
    let package = |spoil: &dyn Fn(&mut Commitments)| {
        let mut list = list.clone();
        spoil(&mut list);
        sign::package(&table.roster, &owner, sent(&list), &some_preimage()).map(drop)
    };
    assert_eq!(package(&|_| ()), Ok(()));
    assert_eq!(package(&|list| list[1].0 = node(0)), Err(SigningError::Duplicate(node(0))));
    assert_eq!(package(&|list| list[1].0 = node(9)), Err(SigningError::NotInRoster(node(9))));
    let stranger = OwnerKey::from_seed([1; 32]).public();
    assert_eq!(package(&|list| list[0].1.group_key = stranger), Err(SigningError::OtherPackage(node(0))));
    assert_eq!(package(&|list| list.truncate(1)), Err(SigningError::TooFew));
}

/// The neutral element, a point of small order, no point at all, and scalars from the group order up.
#[test]
fn only_proper_points_and_scalars_are_decoded() {
    let mut identity = [0; 32];
    identity[0] = 1;
    for bytes in [identity, [0; 32], [2; 32], [0xff; 32]] {
        let error = cbor::decode::<NoncePoint>(&cbor::encode(&bytes)).unwrap_err();
        assert_eq!(error.reason().code(), "owner.bad_package", "{bytes:02x?}");
    }
    for bytes in [ORDER, [0xff; 32]] {
        let error = cbor::decode::<ShareScalar>(&cbor::encode(&bytes)).unwrap_err();
        assert_eq!(error.reason().code(), "owner.bad_package", "{bytes:02x?}");
    }
}

/// The group order L, little-endian.
const ORDER: [u8; 32] = hex_literal::hex!("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");

#[test]
fn signers_are_sorted_once_each_and_few() {
    let mut table = Table::new(2, 2, 22);
    let shares = keygen(&mut table);
    let (_, list) = committed(&mut table, &[(node(0), &shares[0].1)]);
    let SigningCommitment { hiding, binding, .. } = list[0].1.clone();
    let decode = |share_ids: &[u8]| {
        let signers = share_ids.iter().map(|share_id| Signer { share_id: *share_id, hiding, binding });
        let encoded = cbor::encode(&Signers(signers.collect()));
        cbor::decode::<Signers>(&encoded).map(|signers| signers.0.len()).map_err(|error| error.reason().code())
    };
    assert_eq!(decode(&[1, 2, 9]), Ok(3));
    for share_ids in [&[0, 1][..], &[2, 1], &[1, 1]] {
        assert_eq!(decode(share_ids), Err("owner.bad_package"), "{share_ids:?}");
    }
    assert_eq!(decode(&[1; 256]), Err("cbor.out_of_range"));
}

#[test]
fn messages_have_one_encoding() {
    let mut table = Table::new(2, 3, 19);
    let shares = keygen(&mut table);
    let roster = table.roster.clone();
    let signers = [(node(0), &shares[0].1), (node(1), &shares[1].1)];
    let (_, commitments) = committed(&mut table, &signers);
    check_message(&commitments[0].1);
    let done = signing(&mut table, &roster, &signers, &some_preimage());
    check_message(&done.package);
    check_message(&done.shares[0].1);
}
