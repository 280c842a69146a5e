//! One encoding of everything, and what the table of schemas says of it (D20): each type through the batteries of
//! `fcp-core`.

mod samples;

use fcp_core::id::NodeId;
use fcp_core::object::{MeshObject as _, check_object, check_signed};
use fcp_core::sign::NodeEncryptionKey;
use fcp_zones::manifest::{Recipient, ZoneKeyManifest};
use samples::{key, owner};

#[test]
fn zones() {
    check_object(&samples::definition(), &key());
    check_signed(samples::definition(), &[]);
    check_object(&samples::policy(), &key());
    check_signed(samples::policy(), &[]);
}

#[test]
fn zone_key_manifests() {
    let node_key = NodeEncryptionKey::from_bytes([5; 32]).public();
    let members = [Recipient { node_id: NodeId::new("nLaptop").unwrap(), key: node_key }];
    let first = samples::manifest(None, &members);
    check_object(&first, &key());
    let first = first.seal(&key()).unwrap().open::<ZoneKeyManifest>().unwrap().verify(&owner().public()).unwrap();
    let second = samples::manifest(Some(&first), &members);
    assert_eq!(second.header().refs, [first.id()]);
    check_object(&second, &key());
    check_signed(second, &[]);
}

#[test]
fn approvals() {
    for approval in samples::approvals() {
        check_object(&approval, &key());
        check_signed(approval, &[]);
    }
}

#[test]
fn members() {
    check_object(&samples::enrollment(), &key());
    check_signed(samples::enrollment(), &[]);
}

#[test]
fn what_nodes_say_of_data() {
    check_object(&samples::receipt(), &key());
    check_signed(samples::receipt(), &[]);
    check_object(&samples::resource(), &key());
    check_signed(samples::resource(), &[]);
}
