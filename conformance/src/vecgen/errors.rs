//! Error codes (§24.1, §23.2.1).

use serde_json::json;

use super::topic::Topic;

/// `error.lookup`.
pub(super) fn codes() -> Topic {
    let mut topic = Topic::new("24-errors", "codes");
    let op = "error.lookup";
    for (thousand, category) in [
        (1, "protocol"),
        (2, "auth"),
        (3, "capability"),
        (4, "zone"),
        (5, "lifecycle"),
        (6, "resource"),
        (7, "external"),
        (9, "internal"),
    ] {
        let out = json!({"range": format!("FCP-{thousand}000..{thousand}999"), "category": category});
        topic.gives(
            op,
            &format!("{category}-first"),
            "§24.1",
            json!({"code": format!("FCP-{thousand}000")}),
            out.clone(),
        );
        topic.gives(op, &format!("{category}-last"), "§24.1", json!({"code": format!("FCP-{thousand}999")}), out);
    }
    for (number, symbol) in [
        (1005, "UNSUPPORTED_VERSION"),
        (1007, "BAD_FLAGS"),
        (1008, "MAC_INVALID"),
        (1009, "AEAD_INVALID"),
        (1010, "REPLAY"),
        (2002, "TOKEN_EXPIRED"),
        (2003, "TOKEN_SIG_INVALID"),
        (2005, "TOKEN_NOT_YET_VALID"),
        (2006, "TOKEN_AUD_MISMATCH"),
        (2007, "ATTESTATION_EXPIRED"),
        (3001, "CAPABILITY_DENIED"),
        (4004, "ZONE_POLICY_VIOLATION"),
        (4005, "CHECKPOINT_STALE"),
        (7004, "EGRESS_DENIED"),
        (7005, "EGRESS_TIMEOUT"),
    ] {
        let (name, code) = (symbol.to_lowercase().replace('_', "-"), format!("FCP-{number}"));
        topic.gives(op, &name, "§23.2.1, D191", json!({"code": code}), json!({"symbol": format!("FCP_ERR_{symbol}")}));
    }
    topic
}
