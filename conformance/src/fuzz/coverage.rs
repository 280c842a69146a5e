//! Which target covers which entry point.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::find;

const OWN: &str = "writes what this node made itself";
const NAME: &str = "finds something by a name, in a table or in what was read before";
const PARTS: &str = "a primitive: `fcp-core SenderKey::open` is covered, which calls it";
const COMPARES: &str = "hashes bytes and compares";
const ROUNDS: &str =
    "seeded rounds of many participants drive it in the tests of fcp-audit; target objects reads its messages";

/// Entry points by the target that covers them, in the order of [`super::TARGETS`].
pub(super) const COVERS: &[(&str, &[&str])] = &[
    (
        "delivery",
        &[
            "fcp-symbols Receiver::handle_prompt",
            "fcp-symbols Receiver::handle_symbol",
            "fcp-symbols Receiver::handle_timeout",
            "fcp-symbols Sender::handle_ack",
            "fcp-symbols Sender::handle_status",
            "fcp-symbols Sender::handle_timeout",
            "fcp-symbols Sender::handle_unsent",
            "fcp-symbols Sender::handle_writable",
        ],
    ),
    (
        "cbor",
        &[
            "fcp-core Decoder::new",
            "fcp-core FieldCursor::field",
            "fcp-core cbor::decode",
            "fcp-core cbor::decode_prefix",
            "fcp-core check::check",
        ],
    ),
    ("control", &["fcp-core ControlPlaneObject::parse"]),
    ("datagram", &["fcp-symbols Datagram::parse", "fcp-symbols datagram::frame_number"]),
    (
        "fcps",
        &[
            "fcp-core SenderKey::open",
            "fcp-symbols Frame::parse",
            "fcp-symbols FrameMut::parse",
            "fcp-symbols FrameWriter::push_sealed",
            "fcp-symbols SymbolEnvelope::open",
        ],
    ),
    ("filter", &["fcp-symbols XorFilter::parse"]),
    ("glob", &["fcp-core Glob::from_str", "fcp-core Glob::matches", "fcp-core Glob::new"]),
    ("item", &["fcp-symbols GossipItem::parse"]),
    ("json", &["fcp-core json::from_json"]),
    ("manifest", &["fcp-connector-sdk Manifest::compute_interface_hash", "fcp-connector-sdk Manifest::parse"]),
    ("messages", &["fcp-connector-sdk Header::new"]),
    ("objects", &["fcp-audit CheckpointMessage::from_body"]),
    ("persisted", &["fcp-audit Participant::restore", "fcp-zones ZoneKeyRing::import"]),
    ("pointer", &["fcp-core JsonPointer::from_str", "fcp-core JsonPointer::new"]),
    ("signed_frame", &["fcp-symbols SignedFcpsFrame::parse"]),
    (
        "stored",
        &["fcp-core StoredObject::claimed_header", "fcp-core StoredObject::parse", "fcp-core StoredObject::parse_as"],
    ),
    ("table", &["fcp-symbols Iblt::parse"]),
    (
        "texts",
        &[
            "fcp-caps IdempotencyKey::from_str",
            "fcp-caps IdempotencyKey::new",
            "fcp-caps RateLimit::from_str",
            "fcp-caps ResourceUri::new",
            "fcp-caps resource::allows",
            "fcp-caps resource::denies",
            "fcp-connector-sdk FileScope::from_str",
            "fcp-connector-sdk FileScope::new",
            "fcp-connector-sdk InterfaceHash::from_str",
            "fcp-connector-sdk ProtocolFeature::from_text",
            "fcp-connector-sdk ProtocolVersion::from_str",
            "fcp-connector-sdk RelativePath::from_str",
            "fcp-connector-sdk RelativePath::new",
            "fcp-connector-sdk Version::from_str",
            "fcp-core $name::from_str",
            "fcp-core $name::new",
            "fcp-core ErrorCode::from_str",
            "fcp-core NodeId::from_bytes",
            "fcp-core NodeId::new",
            "fcp-core NodeTag::new",
            "fcp-core Reason::from_str",
            "fcp-core SchemaId::from_str",
            "fcp-core SchemaId::new",
            "fcp-core TailscaleTag::new",
            "fcp-core ZoneId::from_tailscale_tag",
            "fcp-core ZoneId::new",
        ],
    ),
    ("token", &["fcp-caps CapabilityToken::decode"]),
    (
        "verdicts",
        &[
            "fcp-audit AuditVerifier::push_bytes",
            "fcp-core $public::from_bytes",
            "fcp-zones ZoneKeyRing::accept",
            "fcp-core NodeEncryptionPublicKey::from_bytes",
        ],
    ),
    ("wire", &["fcp-symbols WireMessage::parse", "fcp-symbols wire::is_framed"]),
    (
        "chunks",
        &["fcp-symbols Download::handle_chunk", "fcp-symbols Download::handle_lacking", "fcp-symbols split::split"],
    ),
    ("connector_session", &["fcp-connector-sdk ConnectorSession::handle_bytes"]),
    (
        "fcpc",
        &[
            "fcp-symbols FcpcReader::handle_bytes",
            "fcp-symbols FcpcReceiver::handle_bytes",
            "fcp-symbols FcpcReceiver::handle_objects",
            "fcp-symbols frame::open_frame",
            "fcp-core ChaChaKey::open",
        ],
    ),
    ("gossip", &["fcp-symbols MeshGossip::handle", "fcp-symbols MeshGossip::handle_timeout"]),
    ("gossip", &["fcp-symbols MeshGossip::handle", "fcp-symbols MeshGossip::handle_timeout"]),
    ("host_session", &["fcp-connector-sdk HostSession::handle_bytes"]),
    ("raptor", &["fcp-symbols Decoder::receive", "fcp-symbols Encoder::write_symbol"]),
    (
        "reassembly",
        &[
            "fcp-symbols Reassembly::handle_symbol",
            "fcp-symbols Reassembly::handle_symbol_within",
            "fcp-symbols Reassembly::handle_timeout",
        ],
    ),
    (
        "repair",
        &[
            "fcp-symbols RepairController::handle_confirmed",
            "fcp-symbols RepairController::handle_distribution",
            "fcp-symbols RepairController::handle_gone",
            "fcp-symbols RepairController::handle_holding",
            "fcp-symbols RepairController::handle_node",
            "fcp-symbols RepairController::handle_not_whole",
            "fcp-symbols RepairController::handle_object",
            "fcp-symbols RepairController::handle_refused",
            "fcp-symbols RepairController::handle_timeout",
            "fcp-symbols RepairController::handle_whole",
        ],
    ),
    ("responder", &["fcp-symbols Responder::handle_status"]),
    (
        "sessions",
        &[
            "fcp-symbols HelloRetried::handle_ack",
            "fcp-symbols HelloSent::handle_ack",
            "fcp-symbols HelloSent::handle_retry",
            "fcp-symbols Session::receive",
            "fcp-symbols SessionId::from_bytes",
            "fcp-symbols SessionTable::handle_datagram",
            "fcp-symbols SessionTable::handle_timeout",
            "fcp-symbols SessionTable::seal",
        ],
    ),
];

/// What the scan finds and what reads nothing foreign, with the reason.
pub(super) const EXEMPT: &[(&str, &str)] = &[
    ("fcp-connector-sdk Cx::remove_state", OWN),
    ("fcp-connector-sdk Cx::set_state", OWN),
    ("fcp-connector-sdk Cx::state", OWN),
    ("fcp-connector-sdk Files::list", OWN),
    ("fcp-connector-sdk RelativePath::join", OWN),
    ("fcp-connector-sdk Stream::write", OWN),
    ("fcp-core hpke::seal", OWN),
    ("fcp-symbols ChunkedObjectManifest::remake_chunk", OWN),
    ("fcp-symbols Encoder::new", OWN),
    ("fcp-symbols Encoder::write_repair", OWN),
    ("fcp-symbols Encoder::with_coding", OWN),
    ("fcp-symbols FcpcSender::seal_into", OWN),
    ("fcp-symbols FcpcWriter::push", OWN),
    ("fcp-symbols FrameWriter::new", OWN),
    ("fcp-symbols FrameWriter::seal", OWN),
    ("fcp-symbols Session::seal", OWN),
    ("fcp-symbols SessionTable::seal_signed", OWN),
    ("fcp-symbols SignedFcpsFrame::seal", OWN),
    ("fcp-symbols Splitter::write", OWN),
    ("fcp-symbols SymbolEnvelope::seal", OWN),
    ("fcp-symbols datagram::seal", OWN),
    ("fcp-symbols frame::seal_frame", OWN),
    ("fcp-caps ApprovalMode::from_name", NAME),
    ("fcp-caps IdempotencyClass::from_name", NAME),
    ("fcp-connector-sdk $enum::from_name", NAME),
    ("fcp-connector-sdk EgressHttpResponse::header", NAME),
    ("fcp-connector-sdk Manifest::event", NAME),
    ("fcp-core Entries::get", NAME),
    ("fcp-core Value::get", NAME),
    ("fcp-core XChaChaKey::open", PARTS),
    ("fcp-zones ResourceObject::matches", COMPARES),
    ("fcp-audit Participant::handle_anchor", ROUNDS),
    ("fcp-audit Participant::handle_event", ROUNDS),
    ("fcp-audit Participant::handle_held", ROUNDS),
    ("fcp-audit Participant::handle_message", ROUNDS),
    ("fcp-audit Participant::handle_persisted", ROUNDS),
    ("fcp-audit Participant::handle_start", ROUNDS),
    ("fcp-audit Participant::handle_timeout", ROUNDS),
];

/// An entry point, and what covers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Covered {
    /// This target.
    By(&'static str),
    /// It reads nothing foreign, for this reason.
    Exempt(&'static str),
    /// Nothing.
    Nothing,
    /// It is listed here and not in the sources.
    Gone,
}

impl Covered {
    /// Whether all is well.
    #[must_use]
    pub const fn is_right(&self) -> bool {
        matches!(self, Self::By(_) | Self::Exempt(_))
    }
}

impl fmt::Display for Covered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::By(target) => write!(f, "target {target}"),
            Self::Exempt(reason) => write!(f, "needs none: {reason}"),
            Self::Nothing => f.write_str("HAS NO TARGET"),
            Self::Gone => f.write_str("IS NOT IN THE SOURCES ANY MORE"),
        }
    }
}

/// Every entry point of `scanned`, and every one that is listed here, with what covers it.
#[must_use]
pub fn list(scanned: &BTreeSet<String>) -> BTreeMap<String, Covered> {
    let mut listed = BTreeMap::new();
    for (target, entries) in COVERS {
        for entry in *entries {
            let covered = if find(target).is_some() { Covered::By(target) } else { Covered::Nothing };
            listed.insert((*entry).to_owned(), covered);
        }
    }
    listed.extend(EXEMPT.iter().map(|(entry, reason)| ((*entry).to_owned(), Covered::Exempt(reason))));
    for (entry, covered) in &mut listed {
        if !scanned.contains(entry) {
            *covered = Covered::Gone;
        }
    }
    for entry in scanned {
        listed.entry(entry.clone()).or_insert(Covered::Nothing);
    }
    listed
}
