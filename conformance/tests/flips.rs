//! Flipping any byte of anything signed or sealed gets it refused.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a failure of a helper is a failure of its test"
)]

use fcp_caps::token::CapabilityToken;
use fcp_conformance::Fields;
use fcp_conformance::adapter::perform;
use fcp_conformance::run;
use fcp_conformance::vectors::{Expect, Profile, Vector};
use fcp_core::object::{Message, QuorumSignatureSet};
use fcp_core::sign::NodeIssuanceKey;
use fcp_core::sign::{NodeSigningKey, Preimage, Signature, SigningKey as _, VerifyingKey as _};
use fcp_symbols::session::{MeshSessionAck, MeshSessionHello};
use serde_json::Value;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(value: &Value) -> Vec<u8> {
    let digits = value.as_str().unwrap();
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}

/// The accepted vectors of an operation.
fn accepted(op: &str) -> impl Iterator<Item = Vector> {
    let cases = run::select(Profile::Full, None).unwrap().into_iter().map(|case| case.vector);
    cases.filter(move |vector| vector.op == op && matches!(vector.expect, Expect::Out(_)))
}

/// Some bytes with each of them flipped.
fn flips(bytes: &[u8]) -> impl Iterator<Item = (usize, Vec<u8>)> {
    (0..bytes.len()).map(move |at| {
        let mut flipped = bytes.to_vec();
        flipped[at] ^= 1;
        (at, flipped)
    })
}

/// Flips each byte of the field `name` in every accepted vector of `op`; each must be refused. Gives how many were.
fn refuses(op: &str, name: &str) -> usize {
    let mut count = 0;
    for vector in accepted(op) {
        let mut input = vector.input.clone();
        for (at, flipped) in flips(&unhex(&vector.input[name])) {
            input.insert(name.to_owned(), hex(&flipped).into());
            let refused = perform(op, Fields::new(&input)).is_err() || is_sequenced(&vector, &flipped);
            assert!(refused, "{op}/{}: byte {at} of `{name}` may be anything", vector.name);
            count += 1;
        }
    }
    count
}

/// Whether the flip hit what the sequencer of the audit chain fills in after the event is signed: its place, which the
/// event's id covers instead (D185).
fn is_sequenced(vector: &Vector, flipped: &[u8]) -> bool {
    let preimage = |body: &str| {
        let Value::Object(input) = serde_json::json!({"obj": body}) else { unreachable!() };
        perform("sign.preimage", Fields::new(&input)).map(|answer| answer.into_fields()["preimage"].clone())
    };
    vector.name.ends_with("audit-event")
        && preimage(&hex(flipped)).unwrap() == preimage(vector.input["obj"].as_str().unwrap()).unwrap()
}

#[test]
fn signed_objects() {
    assert!(refuses("sign.verify", "obj") > 10_000);
}

#[test]
fn raw_signatures_and_what_they_cover() {
    assert!(refuses("sign.raw_verify", "signature") > 300);
    assert!(refuses("sign.raw_verify", "message") > 20);
    assert!(refuses("frost.verify_group", "signature") >= 64);
    assert!(refuses("frost.verify_group", "message") >= 4);
}

#[test]
fn sealed_boxes_and_manifests() {
    assert!(refuses("hpke.open", "box") > 200);
    assert!(refuses("manifest_key.unwrap", "manifest") > 1_000);
}

#[test]
fn symbols_datagrams_and_control_frames() {
    assert!(refuses("symbol.open", "data") >= 512);
    assert!(refuses("symbol.open", "tag") >= 32);
    assert!(refuses("datagram.open", "datagram") > 2_000);
    assert!(refuses("fcpc.open", "frame") > 4_000);
}

/// The form of a changed token may still be right; its signature is not.
#[test]
fn tokens() {
    let mut count = 0;
    for vector in accepted("token.mint") {
        let Expect::Out(out) = &vector.expect else { continue };
        let issuer = NodeIssuanceKey::from_seed(unhex(&vector.input["secret"]).try_into().unwrap()).public();
        let verifies =
            |bytes: &[u8]| CapabilityToken::decode(bytes).is_ok_and(|token| token.verify_signature(&issuer).is_ok());
        let token = unhex(&out["cwt"]);
        assert!(verifies(&token), "{}", vector.name);
        for (at, flipped) in flips(&token) {
            // The key id names the key and is covered by the signature, which another key made.
            assert!(!verifies(&flipped), "{}: byte {at} may be anything", vector.name);
            count += 1;
        }
    }
    assert!(count > 500, "{count}");
}

/// The messages of the handshake, whose signatures cover a transcript and not the message as it stands.
trait Handshake: Message + Clone + PartialEq {
    fn transcript(&self) -> Preimage;
    fn signature(&mut self) -> &mut Signature;
    /// Without what no signature covers: the sender's papers, which verify themselves (D46).
    fn without_attestations(&self) -> Self;
}

macro_rules! handshake {
    ($($message:ident($self:ident) $transcript:expr;)*) => {$(
        impl Handshake for $message {
            fn transcript(&$self) -> Preimage {
                $transcript
            }

            fn signature(&mut self) -> &mut Signature {
                &mut self.signature
            }

            fn without_attestations(&self) -> Self {
                Self { attestations: None, ..self.clone() }
            }
        }
    )*};
}

handshake! {
    MeshSessionHello(self) self.transcript();
    MeshSessionAck(self) self.transcript(&[1; 32], &[2; 16]);
}

/// Flips each byte of every accepted vector of the message `T`, signed anew. Gives how many flips were refused, and how
/// many were in the papers.
fn refuses_handshake<T: Handshake>() -> (usize, usize) {
    let key = NodeSigningKey::from_seed([7; 32]);
    let verifies = |message: &mut T| {
        let signature = *message.signature();
        key.public().verify(&message.transcript(), &signature).is_ok()
    };
    let (mut refused, mut papers) = (0, 0);
    for vector in accepted("object.decode") {
        let Ok(mut message) = T::from_body(&unhex(&vector.input["body"])) else { continue };
        *message.signature() = key.sign(&message.transcript());
        assert!(verifies(&mut message));
        for (at, flipped) in flips(&message.to_body()) {
            match T::from_body(&flipped) {
                Ok(flipped) if flipped.without_attestations() == message.without_attestations() => papers += 1,
                Ok(mut flipped) => {
                    assert!(!verifies(&mut flipped), "{}: byte {at} may be anything", vector.name);
                    refused += 1;
                }
                Err(_) => refused += 1,
            }
        }
    }
    (refused, papers)
}

#[test]
fn handshakes() {
    let (refused, papers) = refuses_handshake::<MeshSessionHello>();
    assert!(refused > 500 && papers < 40, "{refused} {papers}");
    let (refused, papers) = refuses_handshake::<MeshSessionAck>();
    assert!(refused > 250 && papers == 0, "{refused} {papers}");
}

/// What the verdict about a token stands on: a flip in any of the owner's objects gets the request refused.
#[test]
fn what_a_token_is_trusted_for() {
    let vector = accepted("token.verify").find(|vector| vector.name == "usual").unwrap();
    let verdict = |trust: Value| {
        let mut input = vector.input.clone();
        input.insert("trust".to_owned(), trust);
        perform("token.verify", Fields::new(&input)).map(|answer| answer.into_fields()["verdict"].clone())
    };
    let trust = &vector.input["trust"];
    assert_eq!(verdict(trust.clone()).unwrap(), "allow");
    let single = ["definition", "policy", "manifest"].map(|name| (name, None));
    let lists = ["attestations", "enrollments", "grants"].map(|name| (name, Some(0)));
    let mut count = 0;
    for (name, index) in single.into_iter().chain(lists) {
        let place = |trust: &Value| index.map_or(trust[name].clone(), |index: usize| trust[name][index].clone());
        for (at, flipped) in flips(&unhex(&place(trust))) {
            let mut changed = trust.clone();
            match index {
                None => changed[name] = hex(&flipped).into(),
                Some(index) => changed[name][index] = hex(&flipped).into(),
            }
            let verdict = verdict(changed);
            assert!(verdict.is_err(), "{name}: byte {at} may be anything: {verdict:?}");
            count += 1;
        }
    }
    assert!(count > 3_000, "{count}");
}

/// A quorum that has no signature to spare: every byte of the object and of the signatures counts.
#[test]
fn quorums() {
    let mut count = 0;
    for name in ["checkpoint", "revocation-head", "audit-head"] {
        let vector = accepted("quorum.tally").find(|vector| vector.name == name).unwrap();
        let set = QuorumSignatureSet::from_body(&unhex(&vector.input["set"])).unwrap();
        for field in ["obj", "set"] {
            for (at, flipped) in flips(&unhex(&vector.input[field])) {
                // The sidecar's own header is evidence of nothing.
                let same = QuorumSignatureSet::from_body(&flipped)
                    .is_ok_and(|flipped| flipped.target == set.target && flipped.signatures == set.signatures);
                if same {
                    continue;
                }
                let mut input = vector.input.clone();
                input.insert(field.to_owned(), hex(&flipped).into());
                let answer = perform("quorum.tally", Fields::new(&input)).map(|answer| answer.into_fields());
                let denied = answer.as_ref().map_or(true, |answer| answer["verdict"] == "deny");
                assert!(denied, "{name}: byte {at} of `{field}` may be anything: {answer:?}");
                count += 1;
            }
        }
    }
    assert!(count > 3_000, "{count}");
}

/// A chain answers with a verdict: the fault is found, and in the event that was changed.
#[test]
fn audit_chains() {
    for vector in accepted("audit.verify_chain").filter(|vector| vector.name == "three-events-of-two-nodes") {
        for place in 0..3 {
            let canonical = unhex(&vector.input["events"][place]["canonical"]);
            for at in 0..canonical.len() {
                let mut flipped = canonical.clone();
                flipped[at] ^= 1;
                let mut input = vector.input.clone();
                input.get_mut("events").unwrap()[place]["canonical"] = hex(&flipped).into();
                let answer = perform("audit.verify_chain", Fields::new(&input)).unwrap().into_fields();
                assert_eq!((&answer["verdict"], &answer["seq"]), (&"deny".into(), &(place + 1).into()), "byte {at}");
            }
        }
    }
}
