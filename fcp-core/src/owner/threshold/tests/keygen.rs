//! Key generation and refresh.

use super::*;

#[test]
fn a_lost_device_is_left_out_and_the_key_stays() {
    let mut table = Table::new(2, 4, 8);
    let old = keygen(&mut table);
    let owner = *old[0].2.owner();
    let roster = table.roster.without(&node(1)).unwrap();
    let ceremony = Ceremony::refresh(roster.clone(), owner, [2; 16]);
    let first = round1(&mut table, &ceremony);
    let second = round2(&mut table, &ceremony, first);
    let mut new = Vec::new();
    for (id, secret) in second.secrets {
        let member = table.member(&roster, &id);
        let accepted = accepted2(&table, &ceremony, &second.messages, &id);
        let round1 = accepted1(&ceremony, &second.round1, &id);
        let (_, share, group) = old.iter().find(|(own, ..)| *own == id).unwrap();
        let (share, group) = refresh::part3(&ceremony, &member, secret, &round1, accepted, share, group).unwrap();
        new.push((id, share, group));
    }
    assert!(new.iter().all(|(_, share, group)| *share.owner() == owner && *group.owner() == owner));
    assert!(new.iter().all(|(.., group)| *group == new[0].2));
    assert_eq!(new.iter().map(|(_, share, _)| share.share_id()).collect::<Vec<_>>(), [1, 3, 4]);

    let signers = [(node(0), &new[0].1), (node(3), &new[2].1)];
    let done = signing(&mut table, &roster, &signers, &some_preimage());
    assert!(done.aggregate(&roster, &new[0].2).is_ok());

    // A share from before the refresh fits no more, and its use is found out.
    let mixed = [(node(0), &new[0].1), (node(3), &old[3].1)];
    let done = signing(&mut table, &roster, &mixed, &some_preimage());
    assert_eq!(done.aggregate(&roster, &new[0].2), Err(SigningError::BadShare(node(3))));
    // The lost device is in no roster any more.
    let (_, commitments) = committed(&mut table, &[(node(0), &new[0].1), (node(1), &old[1].1)]);
    let refused = sign::package(&roster, &owner, sent(&commitments), &some_preimage());
    assert_eq!(refused, Err(SigningError::NotInRoster(node(1))));
}

#[test]
fn round_1_packages_are_checked_against_the_roster() {
    let mut table = Table::new(2, 3, 11);
    let ceremony = Ceremony::keygen(table.roster.clone(), [1; 16]);
    let other = Ceremony::keygen(table.roster.clone(), [2; 16]);
    let first = round1(&mut table, &ceremony);
    let message = &first.messages[1];
    let sign = |draft: KeygenRound1| draft.signed_by(&table.keys(&node(1)).signing);
    let accept = |message: KeygenRound1| dkg::accept_round1(&ceremony, message).unwrap_err();

    let stranger = KeygenRound1 { sender: node(9), ..message.clone() };
    assert_eq!(accept(stranger), KeygenError::NotInRoster(node(9)));
    let framed = KeygenRound1 { sender: node(0), ..message.clone() };
    assert_eq!(accept(framed), KeygenError::Signature(node(0), SignatureError::Mismatch));
    assert_eq!(dkg::accept_round1(&other, message.clone()).unwrap_err(), KeygenError::OtherCeremony(node(1)));
    for commitment in [vec![], message.commitment[..1].to_vec(), [message.commitment.clone(), vec![[1; 32]]].concat()] {
        assert_eq!(accept(sign(KeygenRound1 { commitment, ..message.clone() })), KeygenError::Malformed(node(1)));
    }
    // The neutral element, a point of small order and no point at all.
    let mut identity = [0; 32];
    identity[0] = 1;
    for point in [identity, [0; 32], [2; 32]] {
        let commitment = vec![point, message.commitment[1]];
        assert_eq!(accept(sign(KeygenRound1 { commitment, ..message.clone() })), KeygenError::Malformed(node(1)));
    }
    assert_eq!(accept(sign(KeygenRound1 { proof: [0xff; 64], ..message.clone() })), KeygenError::Malformed(node(1)));
}

#[test]
fn part_2_wants_every_package_once_and_a_proof_in_each() {
    let mut table = Table::new(2, 3, 12);
    let ceremony = Ceremony::keygen(table.roster.clone(), [1; 16]);
    let roster = table.roster.clone();
    let mut part2 = |packages: &dyn Fn(Vec<AcceptedRound1>, &Table) -> Vec<AcceptedRound1>| {
        let first = round1(&mut table, &ceremony);
        let accepted = packages(accepted1(&ceremony, &first.messages, &node(0)), &table);
        let (id, secret) = first.secrets.into_iter().next().unwrap();
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        dkg::part2(&ceremony, &table.member(&roster, &id), secret, &accepted, NOW, &mut rng).map(drop)
    };
    assert_eq!(part2(&|packages, _| packages), Ok(()));
    assert_eq!(part2(&|packages, _| packages[..1].to_vec()), Err(KeygenError::Missing(node(2))));
    let twice = |packages: Vec<AcceptedRound1>, _: &Table| [packages.clone(), packages[..1].to_vec()].concat();
    assert_eq!(part2(&twice), Err(KeygenError::Duplicate(node(1))));

    // A participant who puts a proof for one secret beside the commitment to another.
    let lie = |packages: Vec<AcceptedRound1>, table: &Table| {
        let (_, honest) =
            dkg::part1(&ceremony, &table.member(&roster, &node(2)), &mut ChaCha20Rng::seed_from_u64(99)).unwrap();
        let (_, other) =
            dkg::part1(&ceremony, &table.member(&roster, &node(2)), &mut ChaCha20Rng::seed_from_u64(98)).unwrap();
        let mixed = KeygenRound1 { proof: other.proof, ..honest }.signed_by(&table.keys(&node(2)).signing);
        vec![packages[0].clone(), dkg::accept_round1(&ceremony, mixed).unwrap()]
    };
    assert_eq!(part2(&lie), Err(KeygenError::Proof(node(2))));
    assert_eq!(KeygenError::Proof(node(2)).culprit(), Some(&node(2)));
    assert_eq!(KeygenError::NotInRoster(node(2)).culprit(), None);
}

#[test]
fn round_2_packages_are_checked_against_the_roster() {
    let mut table = Table::new(2, 3, 13);
    let ceremony = Ceremony::keygen(table.roster.clone(), [1; 16]);
    let first = round1(&mut table, &ceremony);
    let second = round2(&mut table, &ceremony, first);
    let message =
        second.messages.iter().find(|message| message.sender == node(1) && message.recipient == node(0)).unwrap();
    let roster = table.roster.clone();
    let member = table.member(&roster, &node(0));
    let sign = |draft: KeygenRound2| draft.signed_by(&table.keys(&node(1)).signing);
    let accept = |message: &KeygenRound2| dkg::accept_round2(&ceremony, &member, message).unwrap_err();

    let framed = KeygenRound2 { round1: [0; 32], ..message.clone() };
    assert_eq!(accept(&framed), KeygenError::Signature(node(1), SignatureError::Mismatch));
    assert_eq!(accept(&KeygenRound2 { sender: node(9), ..message.clone() }), KeygenError::NotInRoster(node(9)));
    let other_run = sign(KeygenRound2 { ceremony: [0; 32], ..message.clone() });
    assert_eq!(accept(&other_run), KeygenError::OtherCeremony(node(1)));
    let to_other = sign(KeygenRound2 { recipient: node(2), ..message.clone() });
    assert_eq!(accept(&to_other), KeygenError::OtherRecipient(node(1)));
    let later = sign(KeygenRound2 { issued_at: Timestamp::from_secs(1), ..message.clone() });
    assert_eq!(accept(&later), KeygenError::Sealed(node(1), SealError::Open));

    let reseal = |plaintext: &[u8]| {
        let public = &roster.participants()[0].node_enc_pubkey;
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let sealed_share = crate::hpke::seal(public, &message.seal_context(), plaintext, &mut rng).unwrap();
        sign(KeygenRound2 { sealed_share, ..message.clone() })
    };
    let scalar = [&[1][..], &[0; 32]].concat();
    assert!(dkg::accept_round2(&ceremony, &member, &reseal(&scalar)).is_ok());
    for plaintext in [vec![], scalar[..32].to_vec(), [&[2][..], &[0; 32]].concat(), [&[1][..], &[0xff; 32]].concat()] {
        assert_eq!(accept(&reseal(&plaintext)), KeygenError::Malformed(node(1)));
    }
}

#[test]
fn part_3_finds_wrong_shares_and_two_faced_participants() {
    let mut table = Table::new(2, 3, 14);
    let ceremony = Ceremony::keygen(table.roster.clone(), [1; 16]);
    let roster = table.roster.clone();
    let mut part3 = |spoil: &dyn Fn(&mut KeygenRound2)| {
        let first = round1(&mut table, &ceremony);
        let mut second = round2(&mut table, &ceremony, first);
        for message in second.messages.iter_mut().filter(|message| message.recipient == node(0)) {
            if message.sender == node(2) {
                spoil(message);
                *message = message.clone().signed_by(&table.keys(&node(2)).signing);
            }
        }
        let (id, secret) = second.secrets.into_iter().next().unwrap();
        let member = table.member(&roster, &id);
        let accepted = accepted2(&table, &ceremony, &second.messages, &id);
        let round1 = accepted1(&ceremony, &second.round1, &id);
        dkg::part3(&ceremony, &member, secret, &round1, accepted).map(drop)
    };
    assert_eq!(part3(&|_| ()), Ok(()));
    assert_eq!(part3(&|message| message.round1 = [0; 32]), Err(KeygenError::OtherView(node(2))));
    assert_eq!(part3(&|message| message.recipient = node(1)), Err(KeygenError::Missing(node(2))));
    let public = roster.participants()[0].node_enc_pubkey;
    let wrong_share = |message: &mut KeygenRound2| {
        let plaintext = [&[1, 1][..], &[0; 31]].concat();
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        message.sealed_share = crate::hpke::seal(&public, &message.seal_context(), &plaintext, &mut rng).unwrap();
    };
    assert_eq!(part3(&wrong_share), Err(KeygenError::BadShare(node(2))));
}

#[test]
fn refresh_names_whose_share_is_wrong() {
    let mut table = Table::new(2, 3, 15);
    let old = keygen(&mut table);
    let roster = table.roster.clone();
    let ceremony = Ceremony::refresh(roster.clone(), *old[0].2.owner(), [2; 16]);
    let first = round1(&mut table, &ceremony);
    let mut second = round2(&mut table, &ceremony, first);
    for message in &mut second.messages {
        if message.sender == node(2) && message.recipient == node(0) {
            let plaintext = [&[1, 1][..], &[0; 31]].concat();
            let public = roster.participants()[0].node_enc_pubkey;
            message.sealed_share =
                crate::hpke::seal(&public, &message.seal_context(), &plaintext, &mut table.rng).unwrap();
            *message = message.clone().signed_by(&table.keys(&node(2)).signing);
        }
    }
    let (id, secret) = second.secrets.into_iter().next().unwrap();
    let member = table.member(&roster, &id);
    let accepted = accepted2(&table, &ceremony, &second.messages, &id);
    let round1 = accepted1(&ceremony, &second.round1, &id);
    let (share, group) = (&old[0].1, &old[0].2);
    let refused = refresh::part3(&ceremony, &member, secret, &round1, accepted, share, group).map(drop);
    assert_eq!(refused, Err(KeygenError::BadShare(node(2))));
}

#[test]
fn parts_of_different_runs_do_not_mix() {
    let mut table = Table::new(2, 3, 16);
    let roster = table.roster.clone();
    let ceremony = Ceremony::keygen(roster.clone(), [1; 16]);
    let other = Ceremony::keygen(roster.clone(), [2; 16]);
    let owner = OwnerKey::from_seed([1; 32]).public();
    let refreshing = Ceremony::refresh(roster.clone(), owner, [1; 16]);
    assert_ne!(ceremony.id(), other.id());
    assert_ne!(ceremony.id(), refreshing.id());

    let member = table.member(&roster, &node(0));
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    assert_eq!(dkg::part1(&refreshing, &member, &mut rng).unwrap_err(), KeygenError::MixedUp);
    assert_eq!(refresh::part1(&ceremony, &member, &mut rng).unwrap_err(), KeygenError::MixedUp);
    let smaller = Ceremony::keygen(roster.without(&node(2)).unwrap(), [1; 16]);
    assert_eq!(dkg::part1(&smaller, &member, &mut rng).unwrap_err(), KeygenError::MixedUp);

    let first = round1(&mut table, &ceremony);
    let accepted = accepted1(&ceremony, &first.messages, &node(0));
    let second = round1(&mut table, &other);
    let (id, secret) = second.secrets.into_iter().next().unwrap();
    let member = table.member(&roster, &id);
    let mixed = dkg::part2(&other, &member, secret, &accepted, NOW, &mut rng).map(drop);
    assert_eq!(mixed, Err(KeygenError::MixedUp));
}

#[test]
fn what_travels_is_registered_and_strict() {
    let mut table = Table::new(2, 2, 20);
    let ceremony = Ceremony::keygen(table.roster.clone(), [1; 16]);
    let first = round1(&mut table, &ceremony);
    let body = first.messages[0].to_body();
    for index in 0..body.len() {
        let mut changed = body.clone();
        changed[index] ^= 1;
        let accepted =
            KeygenRound1::from_body(&changed).is_ok_and(|message| dkg::accept_round1(&ceremony, message).is_ok());
        assert!(!accepted, "byte {index}");
    }
    for schema in [
        KeygenRound1::SCHEMA,
        KeygenRound2::SCHEMA,
        SigningCommitment::SCHEMA,
        SigningPackage::SCHEMA,
        SignatureShare::SCHEMA,
        OwnerKeyShare::SCHEMA,
    ] {
        assert!(crate::object::SCHEMAS.iter().any(|entry| entry.schema == schema), "{schema}");
    }
    assert_eq!(cbor::decode::<Roster>(&cbor::encode(&table.roster)).unwrap(), table.roster);
}
