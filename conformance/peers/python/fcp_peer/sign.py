"""Ed25519 signatures, key ids and signing preimages (§2.2, §3.5.1, §3.8)."""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from . import cbor, edwards, objects
from .blake3 import blake3
from .errors import BadRequest, Reject
from .schema import kid  # noqa: F401

ATTESTATION = objects.known("NodeKeyAttestation")
AUDIT_EVENT = objects.known("AuditEvent")
# D71: signed outside of sessions only.
_FEEDBACK = frozenset(objects.known(name, "fcp.mesh") for name in ("DecodeStatus", "SymbolAck"))
# Signed over a transcript instead of §3.5.1 (§4.2).
_HANDSHAKE = frozenset(
    objects.known(name, "fcp.mesh") for name in ("MeshSessionHello", "MeshSessionAck")
)


def verify(public_key, message, signature):
    """D8: strict, cofactorless Ed25519."""
    if len(public_key) != 32 or len(signature) != 64:
        raise Reject("sign.malformed", "a key is 32 bytes and a signature 64")
    if int.from_bytes(signature[32:], "little") >= edwards.L:
        raise Reject("sign.malformed", "S is not below the group order")
    key_point = edwards.decompress(public_key)
    if key_point is None:
        raise Reject("sign.malformed", "the public key is not on the curve")
    commitment = edwards.decompress(signature[:32])
    for point in (key_point, commitment):
        if point is not None and edwards.is_small_order(point):
            raise Reject("sign.malformed", "a point of small order")
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except InvalidSignature:
        raise Reject("sign.bad_signature", "the signature does not verify") from None


def sign(seed, message):
    """Ed25519 with a 32-byte seed (RFC 8032)."""
    return Ed25519PrivateKey.from_private_bytes(seed).sign(message)


def public_key(seed):
    """The public key of a 32-byte seed."""
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def preimage(obj):
    """The bytes that a signature of `obj` (SchemaHash ‖ CBOR) covers.

    §3.5.1: SchemaHash ‖ CBOR without `signature` and `quorum_signatures`, but
    D3: NodeKeyAttestation keeps `signature` = h''; D31: a ZoneCheckpoint signs
    a digest; D185: an AuditEvent is signed before `prev` and `seq` exist.
    """
    hash32, view = _map(obj)
    if hash32 == objects.CHECKPOINT:
        return checkpoint_preimage(obj)
    if hash32 in _HANDSHAKE:
        raise BadRequest("a handshake message signs its transcript")
    if hash32 == ATTESTATION:
        view["signature"] = b""
        return hash32 + cbor.encode(view)
    if hash32 not in _FEEDBACK and "signature" not in view and "quorum_signatures" not in view:
        raise Reject("cbor.missing_key", "`signature`")
    unsigned = {"signature", "quorum_signatures"}
    if hash32 == AUDIT_EVENT:
        unsigned |= {"prev", "seq"}
    return hash32 + cbor.encode({k: v for k, v in view.items() if k not in unsigned})


def checkpoint_preimage(obj):
    """§3.8(1), D3, D31: BLAKE3-256("fcp.zonecheckpoint.v2" ‖ SchemaHash ‖ CBOR with [])."""
    objects.expect_schema(obj, objects.CHECKPOINT)
    hash32, view = _map(obj)
    view["quorum_signatures"] = []
    return blake3(b"fcp.zonecheckpoint.v2" + hash32 + cbor.encode(view))


def verify_object(public_key32, obj):
    """The single `signature` of an object over its preimage."""
    hash32, value = _map(obj)
    if "signature" not in value and hash32 in _FEEDBACK:
        raise Reject("symbol.signature", "not signed outside of a session")
    if "signature" not in value:
        raise Reject("cbor.missing_key", "`signature`")
    if not isinstance(value["signature"], bytes):
        raise Reject("cbor.unexpected_type", "`signature` is not a byte string")
    verify(public_key32, preimage(obj), value["signature"])


def _map(obj):
    hash32, value = objects.split(obj)
    if not isinstance(value, dict):
        raise Reject("cbor.unexpected_type", "the object is not a map")
    return hash32, value
