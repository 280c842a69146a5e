use fcp_core::cbor;
use fcp_core::id::{OperationId, ZoneId};
use fcp_core::object::{Provenance, TaintFlags};

use super::super::{Ingress, Labels, Source, inline_input};
use super::{Bearer, Marks};
use crate::approval::{ApprovalScope, Elevation};
use crate::fixtures::{NOW, approval, levels, node, principal};

fn bearer(zone: ZoneId, sub: &str, holder: Option<&str>) -> Bearer {
    Bearer { zone, sub: principal(sub), holder_node: holder.map(node) }
}

fn agent() -> Bearer {
    bearer(ZoneId::private(), "agent:scout", Some("n1"))
}

fn public_text() -> Provenance {
    inline_input(Ingress::Public, ZoneId::public(), levels(&ZoneId::public()), NOW)
}

fn private_text() -> Provenance {
    inline_input(Ingress::User, ZoneId::private(), levels(&ZoneId::private()), NOW)
}

fn elevation(original_provenance: Provenance) -> ApprovalScope {
    ApprovalScope::Elevation(Elevation {
        operation: OperationId::new("files.delete").unwrap(),
        original_provenance,
        target_integrity: 80,
        request_object_id: None,
        input_hash: None,
    })
}

#[test]
fn whatever_is_delivered_stays() {
    let mut marks = Marks::new();
    assert!(marks.inherited(&agent()).is_none());
    assert!(marks.deliver(&agent(), Source::of(&private_text())));
    assert!(marks.deliver(&agent(), Source::of(&public_text())));
    assert!(!marks.deliver(&agent(), Source::of(&private_text())), "nothing new");
    let mark = marks.get(&agent()).unwrap();
    let expected =
        Labels { integrity: 20, confidentiality: 90, taint: TaintFlags::PUBLIC_INPUT | TaintFlags::USER_SUPPLIED };
    assert_eq!(Labels::of(mark), expected);
    assert_eq!(mark.current_zone, ZoneId::private());
}

#[test]
fn it_follows_the_principal_on_its_node_through_zones_and_tokens() {
    let mut marks = Marks::new();
    let reader = bearer(ZoneId::public(), "agent:scout", Some("n1"));
    assert!(marks.deliver(&reader, Source::of(&public_text())));
    let is_marked = |bearer: &Bearer| marks.inherited(bearer).is_some();
    assert!(is_marked(&agent()), "another zone");
    assert!(is_marked(&bearer(ZoneId::private(), "agent:scout", None)), "a token without holder");
    assert!(!is_marked(&bearer(ZoneId::private(), "agent:other", Some("n1"))), "another principal");
    assert!(!is_marked(&bearer(ZoneId::private(), "agent:scout", Some("n2"))), "another node");
    let mut marks = Marks::new();
    assert!(marks.deliver(&bearer(ZoneId::public(), "agent:scout", None), Source::of(&public_text())));
    assert!(marks.inherited(&agent()).is_some(), "read with a token without holder");
}

#[test]
fn only_an_elevation_of_exactly_the_mark_clears_it() {
    let mut marks = Marks::new();
    assert!(marks.deliver(&agent(), Source::of(&public_text())));
    let mark = marks.get(&agent()).unwrap().clone();
    let private = ZoneId::private();
    assert!(!marks.clear(&agent(), &approval(&private, elevation(public_text()))), "of what was delivered");
    let other_zone = Elevation {
        target_integrity: 60,
        ..match elevation(mark.clone()) {
            ApprovalScope::Elevation(elevation) => elevation,
            _ => unreachable!(),
        }
    };
    assert!(!marks.clear(&agent(), &approval(&ZoneId::work(), ApprovalScope::Elevation(other_zone))));
    assert!(!marks.clear(&bearer(private.clone(), "agent:scout", None), &approval(&private, elevation(mark.clone()))));
    let approval = approval(&private, elevation(mark));
    assert!(marks.clear(&agent(), &approval));
    assert!(marks.inherited(&agent()).is_none());
    // What comes afterwards marks it again, and the old approval is of no use.
    assert!(marks.deliver(&agent(), Source::of(&private_text())));
    assert!(!marks.clear(&agent(), &approval));
}

#[test]
fn survives_a_restart() {
    let mut marks = Marks::new();
    assert!(marks.deliver(&agent(), Source::of(&public_text())));
    assert!(marks.deliver(&bearer(ZoneId::work(), "user:anna", None), Source::of(&private_text())));
    let bytes = cbor::encode(&marks);
    assert_eq!(cbor::decode::<Marks>(&bytes).unwrap(), marks);
    assert_eq!(bytes.first(), Some(&0x82));
}
