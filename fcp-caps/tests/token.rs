//! Tokens: known answers from an independent implementation, and every way in which bytes are no token.

use std::collections::BTreeMap;

use fcp_caps::grant::CapabilityConstraints;
use fcp_caps::token::{CLAIMS, CapabilityGrant, CapabilityToken, CheckpointBinding, TokenClaims, TokenError};
use fcp_core::cbor::{self, Encode, Encoder};
use fcp_core::id::{Jti, ObjectId, ObjectIdKey};
use fcp_core::sign::{NodeIssuanceKey, Preimage, SigningKey as _};
use fcp_core::time::Timestamp;
use hex_literal::hex;
use proptest::prelude::*;

/// Seed 00 01 … 1f; made with Python's cbor2 (canonical) and cryptography from the claims of [`full`]; accepted by the
/// PyPI package `cwt` behind a tag 18.
const FULL: &[u8] = &hex!(
    "844da201270448a36c2f4feaad33e6a05901d8af01667a3a776f726b026c6167656e743a68656c70657203706578616d706c652e6e6f7465"
    "626f6f6b041a6553f22c061a6553f1000750000102030405060708090a0b0c0d0e0f1903e8476e4c6170746f701903e98258201111111111"
    "111111111111111111111111111111111111111111111111111111582022222222222222222222222222222222222222222222222222222222"
    "222222221903ea82a16a6361706162696c6974796d6e6f7465626f6f6b2e72656164a2696f7065726174696f6e66617070656e646a6361"
    "706162696c6974796f6e6f7465626f6f6b2e617070656e641903eba6696d61785f6279746573191000696d61785f63616c6c730a6d7265"
    "736f757263655f64656e79806e7265736f757263655f616c6c6f7781781c68747470733a2f2f6e6f7465732e6578616d706c652f706167"
    "65732f7063726564656e7469616c5f616c6c6f77816a637265643a6e6f746573716964656d706f74656e63795f73636f7065656e6f7465"
    "731903ec466e50686f6e651903ed582033333333333333333333333333333333333333333333333333333333333333331903ee182a1903"
    "ef582044444444444444444444444444444444444444444444444444444444444444441903f068696e73743a6f6e655840c46f8642e709"
    "44eb4c89025b4375a2a6a6392086fcc1465ecbf5f95ab6fe5f15c11eea70fbe763e20a367b31079318112598a966770813bf087604d9fd"
    "0ed906"
);

/// As [`FULL`], from the claims of [`least`].
const LEAST: &[u8] = &hex!(
    "844da201270448a36c2f4feaad33e6a05895a901687a3a7075626c69630269757365723a616e6e6103706578616d706c652e6e6f7465626f"
    "6f6b041a65554280061a6553f1000750abababababababababababababababab1903e8476e4c6170746f701903e981582011111111111111"
    "111111111111111111111111111111111111111111111111111903ea81a16a6361706162696c6974796d6e6f7465626f6f6b2e726561645840"
    "342da4ac3b4696ca54fba94f91d5cc30beba205a7bec40a0739fd1aeee4f8eb89f128b1bcf7745c8baf48bb231a9a0566de9e066ce943a32"
    "80d8aa0a3b6b4b04"
);

fn key() -> NodeIssuanceKey {
    let mut seed = [0; 32];
    seed.iter_mut().zip(0_u8..).for_each(|(byte, index)| *byte = index);
    NodeIssuanceKey::from_seed(seed)
}

mod sample {
    #![expect(clippy::unwrap_used, reason = "the texts are valid")]

    use super::{CapabilityConstraints, CapabilityGrant, CheckpointBinding, Jti, ObjectId, Timestamp, TokenClaims};

    pub(super) fn full() -> TokenClaims {
        let mut jti = [0; 16];
        jti.iter_mut().zip(0_u8..).for_each(|(byte, index)| *byte = index);
        TokenClaims {
            iss_zone: "z:work".parse().unwrap(),
            sub: "agent:helper".parse().unwrap(),
            aud: "example.notebook".parse().unwrap(),
            exp: Timestamp::from_secs(1_700_000_300),
            iat: Timestamp::from_secs(1_700_000_000),
            jti: Jti::from_bytes(jti),
            iss_node: "nLaptop".parse().unwrap(),
            // In the wrong order, and one twice: minting sorts.
            grant_object_ids: vec![
                ObjectId::from_bytes([0x22; 32]),
                ObjectId::from_bytes([0x11; 32]),
                ObjectId::from_bytes([0x22; 32]),
            ],
            caps: vec![
                CapabilityGrant {
                    capability: "notebook.append".parse().unwrap(),
                    operation: Some("append".parse().unwrap()),
                },
                CapabilityGrant { capability: "notebook.read".parse().unwrap(), operation: None },
            ],
            attenuation: Some(CapabilityConstraints {
                resource_allow: vec!["https://notes.example/pages/".into()],
                resource_deny: vec![],
                max_calls: Some(10),
                max_bytes: Some(4096),
                idempotency_scope: Some("notes".into()),
                network: None,
                credential_allow: vec!["cred:notes".parse().unwrap()],
            }),
            holder_node: Some("nPhone".parse().unwrap()),
            checkpoint: Some(CheckpointBinding { id: ObjectId::from_bytes([0x33; 32]), seq: 42 }),
            aud_binary: Some(ObjectId::from_bytes([0x44; 32])),
            instance: Some("inst:one".parse().unwrap()),
        }
    }

    pub(super) fn least() -> TokenClaims {
        TokenClaims {
            iss_zone: "z:public".parse().unwrap(),
            sub: "user:anna".parse().unwrap(),
            aud: "example.notebook".parse().unwrap(),
            exp: Timestamp::from_secs(1_700_086_400),
            iat: Timestamp::from_secs(1_700_000_000),
            jti: Jti::from_bytes([0xab; 16]),
            iss_node: "nLaptop".parse().unwrap(),
            grant_object_ids: vec![ObjectId::from_bytes([0x11; 32])],
            caps: vec![CapabilityGrant { capability: "notebook.read".parse().unwrap(), operation: None }],
            attenuation: None,
            holder_node: None,
            checkpoint: None,
            aud_binary: None,
            instance: None,
        }
    }
}
use sample::{full, least};

#[test]
fn tokens_have_the_bytes_that_others_compute() {
    let object_id_key = ObjectIdKey::from_bytes([0x55; 32]);
    for (claims, cwt, id) in [
        (full(), FULL, hex!("36053e8ced0eac4207028d62f80349f87926535c72e84f9b5330c99c5aca22c1")),
        (least(), LEAST, hex!("20fd8af33ae9bb719dfca0d397e929bc340c321a4ac841de03622e25305831b9")),
    ] {
        let minted = CapabilityToken::mint(claims, &key()).unwrap();
        assert_eq!(minted.to_cwt(), cwt);
        let received = CapabilityToken::decode(cwt).unwrap();
        assert_eq!(received, minted);
        assert_eq!(received.kid().as_bytes(), &hex!("a36c2f4feaad33e6"));
        assert_eq!(received.id(&object_id_key).as_bytes(), &id);
        assert!(received.verify_signature(&key().public()).is_ok());
        assert!(received.verify_signature(&NodeIssuanceKey::from_seed([9; 32]).public()).is_err());
    }
}

#[test]
fn every_changed_byte_is_refused() {
    for cwt in [FULL, LEAST] {
        for index in 0..cwt.len() {
            for change in [1_u8, 0x80] {
                let mut changed = cwt.to_vec();
                changed[index] ^= change;
                // The key id is a hint: with another one the signature, which covers it, fails.
                let accepted = CapabilityToken::decode(&changed)
                    .is_ok_and(|token| token.verify_signature(&key().public()).is_ok());
                assert!(!accepted, "byte {index}");
            }
            assert!(CapabilityToken::decode(&cwt[..index]).is_err(), "cut at {index}");
        }
        let mut longer = cwt.to_vec();
        longer.push(0);
        assert_eq!(CapabilityToken::decode(&longer).unwrap_err().reason().code(), "token.malformed");
    }
}

#[test]
fn minting_refuses_what_nobody_accepts() {
    type Change = fn(&mut TokenClaims);
    let changes: [(Change, &str); 5] = [
        (|claims| claims.exp = claims.iat, "token.bad_lifetime"),
        (|claims| claims.exp = claims.iat.saturating_sub(1), "token.bad_lifetime"),
        (|claims| claims.exp = claims.iat.saturating_add(86_401), "token.bad_lifetime"),
        (|claims| claims.checkpoint = None, "token.checkpoint_missing"),
        (|claims| claims.caps.clear(), "token.bad_claim"),
    ];
    for (change, code) in changes {
        let mut claims = full();
        change(&mut claims);
        assert_eq!(CapabilityToken::mint(claims, &key()).unwrap_err().reason().code(), code);
    }
}

/// Encoded claims by encoded key, put together, signed and wrapped as they are.
#[derive(Clone)]
struct Raw {
    claims: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl Raw {
    fn of(claims: &TokenClaims) -> Self {
        let mut map = BTreeMap::new();
        let mut put = |key: u64, value: &dyn Encode| {
            map.insert(cbor::encode(&key), cbor::encode(value));
        };
        put(1, &claims.iss_zone);
        put(2, &claims.sub);
        put(3, &claims.aud);
        put(4, &claims.exp);
        put(6, &claims.iat);
        put(7, &claims.jti);
        put(1000, &claims.iss_node.as_bytes().to_vec());
        let mut grants = claims.grant_object_ids.clone();
        grants.sort_unstable();
        grants.dedup();
        put(1001, &grants);
        let mut caps = claims.caps.clone();
        caps.sort_by_key(cbor::encode);
        put(1002, &caps);
        put(1003, &claims.attenuation.clone().unwrap_or_default());
        put(1004, &b"nPhone".to_vec());
        put(1005, &ObjectId::from_bytes([0x33; 32]));
        put(1006, &42_u64);
        put(1007, &ObjectId::from_bytes([0x44; 32]));
        put(1008, &"inst:one".to_owned());
        Self { claims: map }
    }

    fn with(mut self, key: impl Encode, value: impl Encode) -> Self {
        self.claims.insert(cbor::encode(&key), cbor::encode(&value));
        self
    }

    fn with_encoded(mut self, key: u64, value: &[u8]) -> Self {
        self.claims.insert(cbor::encode(&key), value.to_vec());
        self
    }

    fn without(mut self, key: u64) -> Self {
        self.claims.remove(&cbor::encode(&key));
        self
    }

    fn payload(&self) -> Vec<u8> {
        let mut payload = Vec::new();
        let mut encoder = Encoder::new(&mut payload);
        encoder.map(self.claims.len());
        for (key, value) in &self.claims {
            encoder.encoded_item(key);
            encoder.encoded_item(value);
        }
        payload
    }

    fn decode(&self) -> Result<CapabilityToken, TokenError> {
        CapabilityToken::decode(&wrap(&protected(), b"\xa0", &self.payload()))
    }
}

fn protected() -> Vec<u8> {
    [&hex!("a201270448")[..], key().public().kid().as_bytes()].concat()
}

fn wrap(protected: &[u8], unprotected: &[u8], payload: &[u8]) -> Vec<u8> {
    let signature = key().sign(&Preimage::cose_sign1(protected, payload));
    let mut cwt = Vec::new();
    let mut encoder = Encoder::new(&mut cwt);
    encoder.array(4);
    encoder.bytes(protected);
    encoder.encoded_item(unprotected);
    encoder.bytes(payload);
    encoder.bytes(signature.as_bytes());
    cwt
}

#[test]
fn each_claim_has_its_type() {
    let raw = Raw::of(&full());
    assert_eq!(raw.decode().unwrap().to_cwt(), FULL);

    let unsorted_grants = vec![ObjectId::from_bytes([2; 32]), ObjectId::from_bytes([1; 32])];
    let twice = vec![ObjectId::from_bytes([1; 32]), ObjectId::from_bytes([1; 32])];
    let mut unsorted_caps = full().caps;
    unsorted_caps.sort_by_key(cbor::encode);
    unsorted_caps.reverse();
    let bytes = |len: usize| vec![0x41_u8; len];
    for (what, changed, claim) in [
        ("zone as bytes", raw.clone().with(1_u64, b"z:work".to_vec()), 1),
        ("zone out of grammar", raw.clone().with(1_u64, "work"), 1),
        ("subject out of grammar", raw.clone().with(2_u64, "user@home"), 2),
        ("audience as a number", raw.clone().with(3_u64, 3_u64), 3),
        ("negative expiry", raw.clone().with(4_u64, -1_i64), 4),
        ("issue time as text", raw.clone().with(6_u64, "1700000000"), 6),
        ("short jti", raw.clone().with(7_u64, bytes(15)), 7),
        ("node as text", raw.clone().with(1000_u64, "nLaptop"), 1000),
        ("node with a space", raw.clone().with(1000_u64, b"n Laptop".to_vec()), 1000),
        ("node that is not ASCII", raw.clone().with(1000_u64, vec![0xff_u8]), 1000),
        ("grants out of order", raw.clone().with(1001_u64, unsorted_grants), 1001),
        ("a grant twice", raw.clone().with(1001_u64, twice), 1001),
        ("a short grant", raw.clone().with(1001_u64, vec![bytes(31)]), 1001),
        ("no capability", raw.clone().with(1002_u64, Vec::<CapabilityGrant>::new()), 1002),
        ("capabilities out of order", raw.clone().with(1002_u64, unsorted_caps), 1002),
        ("capabilities as flags", raw.clone().with_encoded(1002, &hex!("a16d6e6f7465626f6f6b2e72656164f5")), 1002),
        ("attenuation with a field missing", raw.clone().with_encoded(1003, &hex!("a0")), 1003),
        ("null for an absent attenuation", raw.clone().with_encoded(1003, &hex!("f6")), 1003),
        ("empty holder", raw.clone().with(1004_u64, Vec::<u8>::new()), 1004),
        ("long checkpoint", raw.clone().with(1005_u64, bytes(33)), 1005),
        ("checkpoint number as bytes", raw.clone().with(1006_u64, bytes(8)), 1006),
        ("binary as text", raw.clone().with(1007_u64, "binary"), 1007),
        ("instance as bytes", raw.clone().with(1008_u64, bytes(4)), 1008),
    ] {
        let error = changed.decode().unwrap_err();
        assert_eq!(error.reason().code(), "token.bad_claim", "{what}");
        assert!(matches!(error, TokenError::BadClaim { claim: found, .. } if found.key == claim), "{what}: {error}");
    }
}

#[test]
fn each_required_claim_is_missed() {
    let raw = Raw::of(&full());
    for claim in CLAIMS {
        let decoded = raw.clone().without(claim.key).decode();
        let paired = [1005, 1006].contains(&claim.key);
        match decoded {
            Ok(_) => assert!(!claim.required && !paired, "{}", claim.name),
            Err(error) => {
                assert!(claim.required || paired, "{}", claim.name);
                assert_eq!(error, TokenError::MissingClaim(claim), "{}", claim.name);
                assert_eq!(error.reason().code(), "token.missing_claim");
            }
        }
    }
    assert!(raw.without(1005).without(1006).decode().is_ok());
}

#[test]
fn no_other_claim_exists() {
    let raw = Raw::of(&full());
    for (what, changed) in [
        ("not before", raw.clone().with(5_u64, 1_700_000_000_u64)),
        ("key 0", raw.clone().with(0_u64, 1_u64)),
        ("confirmation", raw.clone().with(8_u64, 1_u64)),
        ("key 1009", raw.clone().with(1009_u64, 1_u64)),
        ("negative key", raw.clone().with(-1_i64, 1_u64)),
        ("text key", raw.clone().with("iss", "z:work")),
        ("byte key", raw.clone().with(vec![1_u8], "z:work")),
    ] {
        assert_eq!(changed.decode().unwrap_err().reason().code(), "token.unknown_claim", "{what}");
    }
}

#[test]
fn only_one_encoding_is_a_token() {
    let raw = Raw::of(&full());
    let payload = raw.payload();
    let header = protected();
    let kid = &header[5..];

    let mut unsorted = payload.clone();
    // The first entries are 1 → "z:work" (1 + 7 bytes) and 2 → "agent:helper" (1 + 13 bytes).
    let (first, second) = (payload[1..9].to_vec(), payload[9..23].to_vec());
    unsorted.splice(1..23, [second, first].concat());
    let mut twice = payload.clone();
    twice[0] += 1;
    twice.splice(1..1, payload[1..9].to_vec());
    let mut long_key = payload.clone();
    long_key.splice(1..2, [0x18, 0x01]);
    let mut float = payload.clone();
    let at = payload.windows(2).position(|pair| pair == [0x04, 0x1a]).unwrap();
    float.splice(at + 1..at + 6, hex!("fb41d954fc8b000000"));
    let mut indefinite = payload.clone();
    indefinite[0] = 0xbf;
    indefinite.push(0xff);

    let whole = |header: &[u8], payload: &[u8]| wrap(header, b"\xa0", payload);
    let mut tagged = vec![0xd2];
    tagged.extend_from_slice(FULL);
    let mut five = FULL.to_vec();
    five[0] = 0x85;
    five.push(0xa0);
    for (what, cwt) in [
        ("unsorted claims", whole(&header, &unsorted)),
        ("a claim twice", whole(&header, &twice)),
        ("a claim key in two bytes", whole(&header, &long_key)),
        ("a float", whole(&header, &float)),
        ("indefinite length", whole(&header, &indefinite)),
        ("bytes behind the claims", whole(&header, &[payload.clone(), vec![0]].concat())),
        ("claims that are a list", whole(&header, b"\x80")),
        ("no claims at all", whole(&header, b"")),
        ("tag 18", tagged),
        ("five parts", five),
        ("empty", Vec::new()),
        ("an unprotected header", wrap(&header, &hex!("a10442abcd"), &payload)),
        ("unprotected bytes", wrap(&header, b"\x40", &payload)),
        ("another algorithm", whole(&[&hex!("a201260448")[..], kid].concat(), &payload)),
        ("no key id", whole(&hex!("a10127"), &payload)),
        ("short key id", whole(&[&hex!("a201270447")[..], &kid[1..]].concat(), &payload)),
        ("a third header", whole(&[&hex!("a301270448")[..], kid, &hex!("0500")].concat(), &payload)),
        ("unsorted header", whole(&[&hex!("a20448")[..], kid, &hex!("0127")].concat(), &payload)),
        ("empty header", whole(b"", &payload)),
    ] {
        assert_eq!(CapabilityToken::decode(&cwt).unwrap_err().reason().code(), "token.malformed", "{what}");
    }
    assert_eq!(whole(&header, &payload), FULL);
}

#[test]
fn capabilities_are_given_by_exact_ids() {
    let claims = full();
    let gives =
        |capability: &str, operation: &str| claims.gives(&capability.parse().unwrap(), &operation.parse().unwrap());
    assert!(gives("notebook.read", "read") && gives("notebook.read", "list") && gives("notebook.append", "append"));
    assert!(!gives("notebook.append", "append-all") && !gives("notebook", "read") && !gives("notebook.rea", "read"));
}

proptest! {
    /// Whatever bytes come, decoding ends with a token or a reason, and a token has exactly the bytes that it was read
    /// from.
    #[test]
    fn hostile_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(token) = CapabilityToken::decode(&bytes) {
            prop_assert_eq!(token.to_cwt(), bytes);
        }
    }

    /// Tokens with a few changed bytes reach the deeper checks.
    #[test]
    fn nearly_tokens_never_panic(changes in prop::collection::vec((0..FULL.len(), any::<u8>()), 1..6)) {
        let mut bytes = FULL.to_vec();
        for (index, byte) in changes {
            bytes[index] = byte;
        }
        if let Ok(token) = CapabilityToken::decode(&bytes) {
            prop_assert_eq!(token.to_cwt(), bytes);
        }
    }
}
