//! The bytes of each signed object of this crate, against another implementation.
//!
//! An object's id is the keyed hash of its header, body and signature, so one value binds every byte. The ids below were
//! computed from the CDDL of D200 and the structs of §5.2.1, §6.1 and §19.4 with the Python peer's CBOR, Ed25519 and
//! BLAKE3: created at 1700000000, object-id key 32 × 07, owner seed 32 × 01, approver seed 32 × 02, node seed 32 × 03.

mod samples;

use fcp_core::object::MeshObject as _;
use hex_literal::hex;
use samples::key;

#[test]
fn zone_definition() {
    let expected = hex!("eb7deb4e004b719417c62e4f1cb836186329e4d6a3769ec60ed3c2edf7b6354f");
    assert_eq!(samples::definition().seal(&key()).unwrap().id().as_bytes(), &expected);
}

#[test]
fn zone_policy() {
    let expected = hex!("afdacbb6ba7e2f419e7546d086d11926d4a1871a1c4605eccdfea18970189cbb");
    assert_eq!(samples::policy().seal(&key()).unwrap().id().as_bytes(), &expected);
}

#[test]
fn zone_key_manifest() {
    let expected = hex!("e6b2b0d37d200f4359ccbdd129817d0cad538e66b7c1145eec869646705150ed");
    assert_eq!(samples::manifest(None, &[]).seal(&key()).unwrap().id().as_bytes(), &expected);
}

#[test]
fn approvals() {
    let expected = [
        hex!("56979b8289b4e6d79e82cb0ac62b9e8240014575d343e5b4b4bc794d3d196f22"),
        hex!("7305e15f1008dd01da8eed3ed4fa4ad26cb1771455c7b63ac15a7ed0f65823fd"),
        hex!("3889f0384bc4395c136f72c5ed9528772314d486417d4d0772390b33158bbc3f"),
    ];
    for (token, expected) in samples::approvals().iter().zip(expected) {
        assert_eq!(token.seal(&key()).unwrap().id().as_bytes(), &expected);
    }
}

#[test]
fn device_enrollment() {
    let expected = hex!("71188cc2e25d158cbb7f3f0883812cefba459aa15a4a9a8c344b6210746bd14d");
    assert_eq!(samples::enrollment().seal_public().unwrap().id().as_bytes(), &expected);
}

#[test]
fn sanitizer_receipt() {
    let expected = hex!("ae1cd053b53d225db69c9c755f176a1c942af9dadf439cfc3db0acf5b5e72ed7");
    assert_eq!(samples::receipt().seal(&key()).unwrap().id().as_bytes(), &expected);
}

#[test]
fn resource() {
    let expected = hex!("2ea69079e2376dddf0baf1146503b9d8e2129fa29860573ad687f1396d5cafd4");
    assert_eq!(samples::resource().seal(&key()).unwrap().id().as_bytes(), &expected);
}
