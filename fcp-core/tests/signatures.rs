//! Keys and signatures: what verifies, and all that does not (D8).

use fcp_core::cbor;
use fcp_core::sign::{
    ApproverKey, NodeEncryptionKey, NodeEncryptionPublicKey, NodeSigningKey, OwnerKey, OwnerPublicKey, Preimage,
    Signature, SignatureError, SigningKey as _, VerifyingKey as _,
};
use hex_literal::hex;
use proptest::prelude::*;

fn verify(key: [u8; 32], message: &[u8], signature: [u8; 64]) -> Result<(), SignatureError> {
    let preimage = Preimage::transcript("", &[message]);
    let key = OwnerPublicKey::from_bytes(&key).map_err(|_| SignatureError::Malformed)?;
    key.verify(&preimage, &Signature::from_bytes(signature))
}

/// RFC 8032, section 7.1, tests 1 to 3 and SHA(abc).
#[test]
fn rfc_8032_vectors() {
    /// Seed, public key, message, signature.
    type Case = ([u8; 32], [u8; 32], &'static [u8], [u8; 64]);
    let cases: [Case; 4] = [
        (
            hex!("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"),
            hex!("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"),
            b"",
            hex!(
                "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
            ),
        ),
        (
            hex!("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"),
            hex!("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"),
            &hex!("72"),
            hex!(
                "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
            ),
        ),
        (
            hex!("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7"),
            hex!("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025"),
            &hex!("af82"),
            hex!(
                "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
            ),
        ),
        (
            hex!("833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42"),
            hex!("ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf"),
            &hex!(
                "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
            ),
            hex!(
                "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704"
            ),
        ),
    ];
    for (seed, public, message, signature) in cases {
        let key = OwnerKey::from_seed(seed);
        assert_eq!(*key.public().as_bytes(), public);
        assert_eq!(*key.sign(&Preimage::transcript("", &[message])).as_bytes(), signature);
        assert_eq!(verify(public, message, signature), Ok(()));
    }
}

/// Signatures over `test` ‖ one byte, computed with integers alone: a = SHA-512(`a`) and r = SHA-512(`r`) modulo L,
/// T the point of order 8 whose encoding begins with 26.
#[test]
fn the_equation_is_cofactorless_and_torsion_does_not_slip_through() {
    /// What it is, A, message, R, S, outcome.
    type Case = (&'static str, [u8; 32], &'static [u8], [u8; 32], [u8; 32], Result<(), SignatureError>);
    let plain = hex!("88aa55e6afeed8960a3191de78600347db8acd0a3795412f275f049b86260488");
    let mixed = hex!("ef2a32ce8d9c67056724a53f63c0c182a6e021dc6e708741f63a7d50c730982c");
    let r = hex!("3e54c441927f9f0ee5e13e34f0b0404c5043651a8f4b7ef087a1c42262a85d0a");
    let join = |r: [u8; 32], s: [u8; 32]| -> [u8; 64] { [r, s].concat().try_into().unwrap() };
    let cases: [Case; 8] = [
        (
            "A = aB, R = rB, S = r + ha",
            plain,
            b"test\0",
            r,
            hex!("165cb766ce407d8fdcc9eb7293aa73ad88b3756d20f8c51990285293df4f2204"),
            Ok(()),
        ),
        (
            "the same with S + L",
            plain,
            b"test\0",
            r,
            hex!("0330adc3e8a38fe7b266e31572a452c288b3756d20f8c51990285293df4f2214"),
            Err(SignatureError::Malformed),
        ),
        (
            "A = aB + T where 8 divides h: the equation without cofactor holds",
            mixed,
            b"test\0",
            r,
            hex!("0375fd138bc2366971cfb6c79bceb7a61ef32ef449bfdc6b145c89080c2bfd00"),
            Ok(()),
        ),
        (
            "A = aB + T where it does not: only the equation with cofactor holds",
            mixed,
            b"test\x01",
            r,
            hex!("8674a6b6ae76842fe035d3cfd8f9ee2103ade4889a25b28b0080e6fc8170a702"),
            Err(SignatureError::Mismatch),
        ),
        (
            "R = rB + T: only the equation with cofactor holds",
            plain,
            b"test\0",
            hex!("607055ca3d4aa8af26961afb12b1e60a75fac88f9c260ff25806631dbb269159"),
            hex!("262fce369533ec61ee7e6f343240937f2e6c7b7fb90c45e17726db1568c56502"),
            Err(SignatureError::Mismatch),
        ),
        (
            "R = 0, S = ha: the equation holds, and R has small order",
            plain,
            b"test\0",
            hex!("0100000000000000000000000000000000000000000000000000000000000000"),
            hex!("84fe35a19c2c8212a0f9be78b9e382d7607f23dd626744769c3eb81ac323b70e"),
            Err(SignatureError::Malformed),
        ),
        (
            "R = T, S = ha",
            plain,
            b"test\0",
            hex!("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
            hex!("205ab9de61e23eea48164375f2ff799b1d7ddbae2fc84a00aa1002ebe388390f"),
            Err(SignatureError::Malformed),
        ),
        (
            "R = 0 with y + p, S = ha",
            plain,
            b"test\0",
            hex!("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
            hex!("a2a69b7623c8c10ca8567eacd62f89f33082dbf3f7644f6e37465bd6bee41702"),
            Err(SignatureError::Malformed),
        ),
    ];
    for (case, key, message, r, s, expected) in cases {
        assert_eq!(verify(key, message, join(r, s)), expected, "{case}");
    }
}

#[test]
fn bytes_that_are_no_key_are_refused() {
    for bytes in [
        // y = 2 is on no point of the curve.
        hex!("0200000000000000000000000000000000000000000000000000000000000000"),
        // y = p, p + 1 and 2^255 - 1.
        hex!("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
        hex!("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
        hex!("ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
        // x = 0 with a sign.
        hex!("0100000000000000000000000000000000000000000000000000000000000080"),
    ] {
        assert!(OwnerPublicKey::from_bytes(&bytes).is_err(), "{bytes:02x?}");
        let error = cbor::decode::<OwnerPublicKey>(&cbor::encode(&bytes)).unwrap_err();
        assert_eq!(error.reason().code(), "sign.malformed");
    }
    // RFC 7748's points of small order, of which the exchange gives zero.
    for bytes in [
        hex!("0000000000000000000000000000000000000000000000000000000000000000"),
        hex!("0100000000000000000000000000000000000000000000000000000000000000"),
        hex!("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
        hex!("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
        hex!("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
    ] {
        assert!(NodeEncryptionPublicKey::from_bytes(&bytes).is_err(), "{bytes:02x?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn any_changed_bit_is_refused(seed in any::<[u8; 32]>(), message in prop::collection::vec(any::<u8>(), 1..32)) {
        let key = NodeSigningKey::from_seed(seed);
        let preimage = Preimage::transcript("test", &[&message]);
        let signature = key.sign(&preimage);
        prop_assert_eq!(key.public().verify(&preimage, &signature), Ok(()));
        for bit in 0..512_usize {
            let mut bytes = *signature.as_bytes();
            if let Some(byte) = bytes.get_mut(bit / 8) {
                *byte ^= 1 << (bit % 8);
            }
            prop_assert!(key.public().verify(&preimage, &Signature::from_bytes(bytes)).is_err());
        }
        for index in 0..message.len() {
            let mut changed = message.clone();
            if let Some(byte) = changed.get_mut(index) {
                *byte ^= 1;
            }
            let other = Preimage::transcript("test", &[&changed]);
            prop_assert_eq!(key.public().verify(&other, &signature), Err(SignatureError::Mismatch));
        }
    }

    #[test]
    fn keys_survive_their_forms(seed in any::<[u8; 32]>()) {
        let owner = OwnerKey::from_seed(seed);
        let public = owner.public();
        prop_assert_eq!(cbor::decode::<OwnerPublicKey>(&cbor::encode(&public)).unwrap(), public);
        prop_assert_eq!(OwnerKey::from_seed(*owner.expose_seed()).public(), public);
        prop_assert_eq!(public.kid(), fcp_core::id::Kid::of(public.as_bytes()));
        prop_assert_eq!(format!("{owner:?}"), "OwnerKey(..)");
        // Roles differ in type, not in bytes: the type system keeps them apart.
        let approver = ApproverKey::from_seed(seed).public();
        prop_assert_eq!(approver.as_bytes(), public.as_bytes());

        let encryption = NodeEncryptionKey::from_bytes(seed);
        let public = encryption.public();
        prop_assert_eq!(NodeEncryptionPublicKey::from_bytes(public.as_bytes()).unwrap(), public);
        prop_assert_eq!(NodeEncryptionKey::from_bytes(*encryption.expose_bytes()).public(), public);
    }

    /// Random bytes are a key or not; they never verify what they did not sign, and nothing panics.
    #[test]
    fn random_bytes_verify_nothing(key in any::<[u8; 32]>(), halves in any::<([u8; 32], [u8; 32])>()) {
        let signature: [u8; 64] = [halves.0, halves.1].concat().try_into().unwrap();
        if let Ok(public) = OwnerPublicKey::from_bytes(&key) {
            let preimage = Preimage::transcript("test", &[]);
            prop_assert!(public.verify(&preimage, &Signature::from_bytes(signature)).is_err());
        }
    }
}
