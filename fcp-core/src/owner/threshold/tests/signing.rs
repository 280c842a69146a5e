//! Signing.

use super::*;

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
        let committed = commitments(&mut table, &roster, &too_few);
        let list: Vec<_> = committed.into_iter().map(|(.., commitment)| commitment).collect();
        let refused = sign::package(&roster, group.owner(), &list, &some_preimage());
        assert_eq!(refused, Err(SigningError::TooFew));
    }
}

#[test]
fn a_signer_signs_only_what_it_was_asked_and_agreed_to() {
    let mut table = Table::new(2, 3, 17);
    let shares = keygen(&mut table);
    let roster = table.roster.clone();
    let signers = [(node(0), &shares[0].1), (node(1), &shares[1].1)];
    let owner = *shares[0].1.owner();
    let mut refuse = |spoil: &dyn Fn(&mut SigningPackage), preimage: &Preimage| {
        let committed = commitments(&mut table, &roster, &signers);
        let list: Vec<_> = committed.iter().map(|(.., commitment)| commitment.clone()).collect();
        let mut package = sign::package(&roster, &owner, &list, &some_preimage()).unwrap();
        spoil(&mut package);
        let (id, share, nonces, _) = committed.into_iter().next().unwrap();
        sign::sign_share(&table.member(&roster, &id), share, nonces, &package, preimage).map(drop)
    };
    assert_eq!(refuse(&|_| (), &some_preimage()), Ok(()));
    let other = Preimage::transcript("FCP2-TEST", &[b"something else"]);
    assert_eq!(refuse(&|_| (), &other), Err(SigningError::OtherPreimage));
    let stranger = OwnerKey::from_seed([1; 32]).public();
    assert_eq!(refuse(&|package| package.group_key = stranger, &some_preimage()), Err(SigningError::OtherKey));
    let fewer = |package: &mut SigningPackage| package.commitments.truncate(1);
    assert_eq!(refuse(&fewer, &some_preimage()), Err(SigningError::TooFew));
    let unknown = |package: &mut SigningPackage| package.commitments[1].share_id = 9;
    assert_eq!(refuse(&unknown, &some_preimage()), Err(SigningError::UnknownSigner));
    let not_mine = |package: &mut SigningPackage| package.commitments[0].share_id = 3;
    assert_eq!(refuse(&not_mine, &some_preimage()), Err(SigningError::OtherCommitment));
    let changed = |package: &mut SigningPackage| package.commitments[0].hiding = package.commitments[1].hiding;
    assert_eq!(refuse(&changed, &some_preimage()), Err(SigningError::OtherCommitment));
    let no_point = |package: &mut SigningPackage| package.commitments[1].binding = [2; 32];
    assert_eq!(refuse(&no_point, &some_preimage()), Err(SigningError::Malformed(node(1))));

    let unsorted = |package: &mut SigningPackage| package.commitments.reverse();
    let mut package = sign_package(&mut table, &roster, &signers);
    unsorted(&mut package);
    let error = SigningPackage::from_body(&package.to_body()).unwrap_err();
    assert_eq!(error.reason().code(), "owner.bad_package");
}

fn sign_package(table: &mut Table, roster: &Roster, signers: &[(NodeId, &KeyShare)]) -> SigningPackage {
    signing(table, roster, signers, &some_preimage()).package
}

#[test]
fn the_coordinator_names_who_spoils_a_signature() {
    let mut table = Table::new(2, 3, 18);
    let shares = keygen(&mut table);
    let (roster, group) = (table.roster.clone(), shares[0].2.clone());
    let signers = [(node(0), &shares[0].1), (node(1), &shares[1].1)];
    let sign_as = |index: usize, share: SignatureShare| share.signed_by(&table.nodes[index].1.signing);
    let zero = |share: &SignatureShare| SignatureShare { share: [0; 32], ..share.clone() };

    let mut rng_table = Table::new(2, 3, 18);
    rng_table.rng = ChaCha20Rng::seed_from_u64(5);
    let honest = signing(&mut rng_table, &roster, &signers, &some_preimage());
    let aggregate =
        |shares: Vec<SignatureShare>| sign::aggregate(&roster, &group, &honest.package, &honest.preimage, &shares);
    let [first, second] = [honest.shares[0].clone(), honest.shares[1].clone()];
    assert!(aggregate(vec![second.clone(), first.clone()]).is_ok());

    let wrong = aggregate(vec![first.clone(), sign_as(1, zero(&second))]).unwrap_err();
    assert_eq!(wrong, SigningError::BadShare(node(1)));
    assert_eq!((wrong.culprit(), wrong.reason().code()), (Some(&node(1)), "owner.bad_share"));
    let framed = aggregate(vec![first.clone(), zero(&second)]);
    assert_eq!(framed, Err(SigningError::Signature(node(1), SignatureError::Mismatch)));
    assert_eq!(aggregate(vec![first.clone()]), Err(SigningError::Missing(node(1))));
    assert_eq!(aggregate(vec![first.clone(), first.clone()]), Err(SigningError::Duplicate(node(0))));
    let outsider = sign_as(2, SignatureShare { sender: node(2), ..second.clone() });
    assert_eq!(aggregate(vec![first.clone(), outsider]), Err(SigningError::OtherPackage(node(2))));
    let stranger = SignatureShare { sender: node(9), ..second.clone() };
    assert_eq!(aggregate(vec![first.clone(), stranger]), Err(SigningError::NotInRoster(node(9))));
    let other = sign_as(1, SignatureShare { package: [0; 32], ..second.clone() });
    assert_eq!(aggregate(vec![first.clone(), other]), Err(SigningError::OtherPackage(node(1))));
    let malformed = sign_as(1, SignatureShare { share: [0xff; 32], ..second.clone() });
    assert_eq!(aggregate(vec![first.clone(), malformed]), Err(SigningError::Malformed(node(1))));

    let other = Preimage::transcript("FCP2-TEST", &[]);
    let refused = sign::aggregate(&roster, &group, &honest.package, &other, &honest.shares);
    assert_eq!(refused, Err(SigningError::OtherPreimage));

    let (_, commitment) = sign::commit(&table.member(&roster, &node(0)), &shares[0].1, &mut rng_table.rng).unwrap();
    let package = |list: &[SigningCommitment]| sign::package(&roster, group.owner(), list, &some_preimage());
    let twice = package(&[commitment.clone(), commitment.clone()]);
    assert_eq!(twice, Err(SigningError::Duplicate(node(0))));
    let forged = SigningCommitment { hiding: commitment.binding, ..commitment.clone() };
    assert_eq!(package(&[forged]), Err(SigningError::Signature(node(0), SignatureError::Mismatch)));
    let no_point = SigningCommitment { hiding: [2; 32], ..commitment.clone() }.signed_by(&table.nodes[0].1.signing);
    assert_eq!(package(&[no_point]), Err(SigningError::Malformed(node(0))));
    let stranger = OwnerKey::from_seed([1; 32]).public();
    let other = SigningCommitment { group_key: stranger, ..commitment }.signed_by(&table.nodes[0].1.signing);
    assert_eq!(package(&[other]), Err(SigningError::OtherPackage(node(0))));
    let own = table.member(&roster, &node(1));
    let refused = sign::commit(&own, &shares[0].1, &mut rng_table.rng).map(drop);
    assert_eq!(refused, Err(SigningError::NotInRoster(node(1))));
}
