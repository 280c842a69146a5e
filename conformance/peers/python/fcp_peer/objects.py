"""Object addressing and bodies (§3.1, §3.3, §3.5, §3.6, D12-D14)."""

from . import cbor, ids, rules, schema
from .blake3 import blake3
from .errors import Reject

OBJECT_PREFIX = b"FCP2-OBJECT-V1"
ATTESTATION_ID = ("fcp.core", "NodeKeyAttestation", "2.0.0")
# D4: attestations and enrollments have ids that everybody can compute.
PUBLIC_KEY = blake3(b"FCP2-PUBLIC-OBJECTID-KEY-V1")


def schema_hash(namespace, name, version):
    """§3.3: BLAKE3-256("FCP2-SCHEMA-V1" ‖ "namespace:name@version")."""
    return blake3(b"FCP2-SCHEMA-V1" + ids.schema(namespace, name, version).encode())


def schema_id_hash(schema_id):
    """The SchemaHash of a SchemaId map (G7)."""
    return schema_hash(schema_id["namespace"], schema_id["name"], schema_id["version"])


def object_id(content, zone, schema_hash32, key):
    """§3.1, D12: keyed BLAKE3 of "FCP2-OBJECT-V2" ‖ zone ‖ SchemaHash ‖ content."""
    return blake3(b"FCP2-OBJECT-V2" + ids.zone(zone).encode() + schema_hash32 + content, key)


def split(body):
    """A body's SchemaHash and its decoded CBOR value."""
    if len(body) < 32:
        raise Reject("object.schema_mismatch", "shorter than a schema hash")
    return body[:32], cbor.decode(body[32:])


def expect_schema(body, wanted):
    """§3.5: the body's first 32 bytes are the hash of the expected schema."""
    if body[:32] != wanted:
        raise Reject("object.schema_mismatch", "the body is of another schema")


def header(encoded):
    """An ObjectHeader from its canonical CBOR."""
    value = cbor.decode(encoded)
    schema.HEADER(value)
    return value


def derive(header_bytes, body, key):
    """§3.6: (object id, canonical bytes) of a stored object.

    D13: SchemaHash equals the header's, an embedded header equals the given
    one, `zone_id` equals the header's. D14: no inline quorum signatures. D4:
    the one header of an attestation.
    """
    head = header(header_bytes)
    expect_schema(body, schema_id_hash(head["schema"]))
    schema_id = tuple(head["schema"][part] for part in ("namespace", "name", "version"))
    value = decode(schema_id, body) if schema_id in schema.OBJECTS else split(body)[1]
    if schema_id == ATTESTATION_ID and head != _attestation_header(value):
        raise Reject("attestation.bad_header", "not the one header of an attestation")
    if isinstance(value, dict):
        if "header" in value and cbor.encode(value["header"]) != header_bytes:
            raise Reject("object.header_mismatch", "the body embeds another header")
        _check_zone(value, head)
        _check_inline_signatures(body[:32], value)
    canonical = OBJECT_PREFIX + header_bytes + body
    return object_id(canonical, head["zone_id"], body[:32], key), canonical


def id_of(body, value, key):
    """The object id of a decoded body: its header is embedded, or fixed by D4."""
    head = value["header"] if "header" in value else _attestation_header(value)
    return derive(cbor.encode(head), body, key)[0]


def decode(schema_id, body):
    """The value of a body of the given (namespace, name, version).

    §3.5 schema hash, D25 strict CBOR, then the fields that the schema table
    lists; a schema outside the table is decoded without floats (D27) only.
    """
    expect_schema(body, schema_hash(*schema_id))
    fields = schema.OBJECTS.get(schema_id)
    value = cbor.decode(body[32:], floats=fields is not None)
    if fields is not None:
        fields(value)
        rules.RULES.get(schema_id[1], lambda _: None)(value)
    if isinstance(value, dict) and isinstance(value.get("header"), dict) and fields is not None:
        head = value["header"]
        if schema_id_hash(head["schema"]) != body[:32]:
            raise Reject("object.schema_mismatch", "the header names another schema")
        _check_zone(value, head)
        _check_inline_signatures(body[:32], value)
        if schema_id[1] in rules.OF_THE_OWNER and head["zone_id"] != "z:owner":
            raise Reject("object.zone_rule", "lives in z:owner alone")
        if not rules.strong_refs(schema_id[1], value):
            raise Reject("object.refs_mismatch", "not the references of the type")
    return value


def stored(header_value, body_value):
    """(header bytes, body) of an object whose body embeds its header."""
    head = cbor.encode(header_value)
    return head, schema_id_hash(header_value["schema"]) + cbor.encode(body_value)


def split_canonical(canonical):
    """(header bytes, body) of canonical object bytes (§3.6)."""
    if not canonical.startswith(OBJECT_PREFIX):
        raise Reject("object.prefix", "canonical bytes begin with `FCP2-OBJECT-V1`")
    rest = canonical[len(OBJECT_PREFIX):]
    _, length = cbor.decode_prefix(rest)
    return rest[:length], rest[length:]


def known(name, namespace="fcp.core"):
    """The SchemaHash of a 2.0.0 schema of this protocol (D20)."""
    return schema_hash(namespace, name, "2.0.0")


def _attestation_header(value):
    """D4, D72: all of it follows from the attestation."""
    return {
        "schema": dict(zip(("namespace", "name", "version"), ATTESTATION_ID)),
        "zone_id": "z:owner", "created_at": value["issued_at"], "refs": [], "foreign_refs": [],
        "provenance": {
            "origin_zone": "z:owner", "current_zone": "z:owner", "integrity_label": 100,
            "confidentiality_label": 100, "label_adjustments": [], "taint": 0,
            "taint_reductions": [], "zone_crossings": [], "created_at": value["issued_at"],
        },
    }


def _check_zone(value, head):
    if "zone_id" in value and value["zone_id"] != head["zone_id"]:
        raise Reject("object.zone_mismatch", "`zone_id` differs from the header's")


def _check_inline_signatures(hash32, value):
    if value.get("quorum_signatures") and hash32 in _SIDECAR_SIGNED:
        raise Reject("object.inline_signatures", "signatures travel in a QuorumSignatureSet")


CHECKPOINT = known("ZoneCheckpoint")
_SIDECAR_SIGNED = frozenset(
    {CHECKPOINT, known("RevocationHead"), known("AuditHead"), known("Lease")}
)
