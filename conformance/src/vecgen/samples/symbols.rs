//! The messages about symbols of §4.4 and §9.2.1.

use fcp_core::object::ObjectHeader;
use serde_json::{Value as Json, json};

use super::{Sample, blob, drawn, json_of, vectors};
use crate::vecgen::identity::NOW;
use crate::vecgen::topic::Topic;

/// Requests, hints and feedback.
pub(in crate::vecgen) fn topic() -> Topic {
    let mut topic = Topic::new("04-symbols", "messages");
    vectors(&mut topic, vec![request(), small_request(), hint(), small_hint()]);
    vectors(&mut topic, vec![status(), status_in_a_session(), ack(), ack_in_a_session()]);
    topic
}

impl Sample {
    /// An ephemeral message (D72).
    fn ephemeral(mut self) -> Self {
        self.ttl_secs = Some(60);
        self
    }

    /// Feedback is signed outside of sessions, and only there (D71).
    fn outside_of_sessions(mut self) -> Self {
        self.signed = true;
        self.unsigned_code = "symbol.signature";
        self
    }
}

/// Missing symbols as a hint has them.
fn missing(esis: &[u32]) -> Json {
    blob(esis.iter().flat_map(|esi| esi.to_le_bytes()).collect::<Vec<u8>>())
}

/// What a status says of the object that `object` labels; nothing signs it.
fn status_fields(object: &str) -> Json {
    json!({
        "object_id": drawn::<32>(object), "zone_id": "z:work", "zone_key_id": drawn::<8>("zone key id"),
        "epoch_id": NOW / 300, "received_unique": 60, "required": 65, "missing_hint": missing(&[3, 258, 16_777_215]),
    })
}

/// A status inside of a request, with its header.
fn inner_status(object: &str) -> Json {
    let sample = Sample::unsigned("", "fcp.mesh:DecodeStatus", "", json!({})).ephemeral();
    let mut fields = status_fields(object);
    fields["header"] = sample.header().map_or(Json::Null, |header: ObjectHeader| json_of(&header));
    fields
}

/// The rules for the header of an ephemeral message, each broken.
fn header_faults() -> Vec<super::Fault> {
    let code = "symbol.message_header";
    vec![
        ("lives-longer", "D72", &["header", "ttl_secs"], Some(json!(61)), code),
        ("lives-for-ever", "D72", &["header", "ttl_secs"], None, code),
        ("tainted", "D72", &["header", "provenance", "taint"], Some(json!(1)), code),
        ("of-another-origin", "D72", &["header", "provenance", "origin_zone"], Some(json!("z:public")), code),
        ("of-a-principal", "D72", &["header", "provenance", "origin_principal"], Some(json!("user:anna")), code),
        ("with-a-reference", "D72", &["header", "refs"], Some(json!([drawn::<32>("wanted")])), code),
        ("with-a-foreign-reference", "D72", &["header", "foreign_refs"], Some(json!([drawn::<32>("wanted")])), code),
    ]
}

fn request() -> Sample {
    let mut faults = header_faults();
    faults.extend::<Vec<super::Fault>>(vec![
        ("of-another-zone", "D13", &["zone_id"], Some(json!("z:private")), "object.zone_mismatch"),
        ("wants-out-of-order", "§9.2.1, D200", &["want_esi"], Some(json!([7, 2])), "symbol.bad_want"),
        ("wants-twice", "§9.2.1, D200", &["want_esi"], Some(json!([2, 2])), "symbol.bad_want"),
        ("wants-more-than-it-takes", "§9.2.1", &["max_symbols"], Some(json!(3)), "symbol.bad_want"),
        ("wants-beyond-the-code", "D61", &["want_esi"], Some(json!([16_777_216])), "symbol.bad_want"),
        ("wants-beyond-32-bits", "§9.2.1", &["want_esi"], Some(json!([4_294_967_296_u64])), "cbor.out_of_range"),
        ("wants-1025", "D134", &["want_esi"], Some((0..1_025).collect()), "symbol.bad_want"),
        (
            "status-of-another-object",
            "§9.2.1",
            &["decode_status"],
            Some(inner_status("other")),
            "symbol.foreign_status",
        ),
        (
            "status-of-another-key",
            "§9.2.1",
            &["decode_status", "zone_key_id"],
            Some(blob([9; 8])),
            "symbol.foreign_status",
        ),
        ("signed-status", "D71", &["decode_status", "signature"], Some(drawn::<64>("signature")), "symbol.signature"),
        (
            "status-that-lives-longer",
            "D72",
            &["decode_status", "header", "ttl_secs"],
            Some(json!(61)),
            "symbol.message_header",
        ),
        ("without-requester", "§9.2.1", &["requester"], None, "cbor.missing_key"),
        ("delivery-hint-without-an-end", "D221", &["delivery_hint", "stop_after_symbols"], None, "cbor.missing_key"),
        ("null-for-an-absent-delivery-hint", "G4", &["delivery_hint"], Some(json!(null)), "cbor.unexpected_type"),
        ("max-beyond-32-bits", "§9.2.1", &["max_symbols"], Some(json!(4_294_967_296_u64)), "cbor.out_of_range"),
    ]);
    Sample::signed(
        "symbol-request",
        "fcp.mesh:SymbolRequest",
        "§9.2.1, D71, D72, D221",
        json!({
            "object_id": drawn::<32>("wanted"), "zone_id": "z:work", "zone_key_id": drawn::<8>("zone key id"),
            "max_symbols": 1_024, "want_esi": [0, 3, 258, 16_777_215], "decode_status": inner_status("wanted"),
            "delivery_hint": {"stop_after_symbols": 70, "preferred_symbol_size": 1_024},
            "requested_at": NOW, "requester": "nLaptop",
        }),
    )
    .ephemeral()
    .faults(faults)
}

fn small_request() -> Sample {
    Sample::signed(
        "symbol-request-without-options",
        "fcp.mesh:SymbolRequest",
        "§9.2.1",
        json!({
            "object_id": drawn::<32>("wanted"), "zone_id": "z:work", "zone_key_id": drawn::<8>("zone key id"),
            "max_symbols": 0, "requested_at": NOW, "requester": "nLaptop",
        }),
    )
    .ephemeral()
}

fn hint() -> Sample {
    let fields = json!({"stop_after_symbols": 4_294_967_295_u64, "preferred_symbol_size": 1_024});
    Sample::message("delivery-hint", "fcp.mesh:SymbolDeliveryHint", "§9.2.1", fields).faults(vec![
        ("size-65536", "§9.2.1", &["preferred_symbol_size"], Some(json!(65_536)), "cbor.out_of_range"),
        ("without-an-end", "§9.2.1", &["stop_after_symbols"], None, "cbor.missing_key"),
        ("null-for-an-absent-size", "G4", &["preferred_symbol_size"], Some(json!(null)), "cbor.unexpected_type"),
    ])
}

fn small_hint() -> Sample {
    let fields = json!({"stop_after_symbols": 0});
    Sample::message("delivery-hint-without-size", "fcp.mesh:SymbolDeliveryHint", "§9.2.1", fields)
}

fn status() -> Sample {
    let many: Vec<u32> = (0..257).collect();
    let mut faults = header_faults();
    faults.extend::<Vec<super::Fault>>(vec![
        ("hint-unsorted", "D71", &["missing_hint"], Some(missing(&[258, 3])), "symbol.bad_hint"),
        ("hint-twice", "D71", &["missing_hint"], Some(missing(&[3, 3])), "symbol.bad_hint"),
        ("hint-of-257", "D71", &["missing_hint"], Some(missing(&many)), "symbol.bad_hint"),
        ("hint-beyond-the-code", "D61, D71", &["missing_hint"], Some(missing(&[16_777_216])), "symbol.bad_hint"),
        ("hint-of-half-a-number", "D71", &["missing_hint"], Some(blob([3, 0])), "symbol.bad_hint"),
        ("hint-as-a-list", "D71", &["missing_hint"], Some(json!([3])), "cbor.unexpected_type"),
        ("short-signature", "G7", &["signature"], Some(blob([1; 63])), "cbor.out_of_range"),
    ]);
    Sample::unsigned("decode-status", "fcp.mesh:DecodeStatus", "§4.4, D71", status_fields("wanted"))
        .ephemeral()
        .outside_of_sessions()
        .faults(faults)
}

fn status_in_a_session() -> Sample {
    let mut fields = status_fields("wanted");
    fields["missing_hint"] = blob([]);
    Sample::unsigned("decode-status-in-a-session", "fcp.mesh:DecodeStatus", "§4.4, D71", fields).ephemeral()
}

fn ack_fields() -> Json {
    json!({
        "object_id": drawn::<32>("wanted"), "zone_id": "z:work", "zone_key_id": drawn::<8>("zone key id"),
        "epoch_id": NOW / 300, "reconstructed_object_id": drawn::<32>("wanted"),
    })
}

fn ack() -> Sample {
    let mut faults = header_faults();
    faults.extend::<Vec<super::Fault>>(vec![
        ("of-another-zone", "D13", &["zone_id"], Some(json!("z:private")), "object.zone_mismatch"),
        ("of-a-short-object", "G7", &["reconstructed_object_id"], Some(blob([1; 31])), "cbor.out_of_range"),
        ("without-epoch", "§4.4", &["epoch_id"], None, "cbor.missing_key"),
    ]);
    Sample::unsigned("symbol-ack", "fcp.mesh:SymbolAck", "§4.4, D71", ack_fields())
        .ephemeral()
        .outside_of_sessions()
        .faults(faults)
}

fn ack_in_a_session() -> Sample {
    let mut fields = ack_fields();
    fields["reconstructed_object_id"] = Json::Null;
    let fields =
        super::object(fields).into_iter().filter(|(_, value)| !value.is_null()).collect::<serde_json::Map<_, _>>();
    Sample::unsigned("symbol-ack-in-a-session", "fcp.mesh:SymbolAck", "§4.4, D71", Json::Object(fields)).ephemeral()
}
