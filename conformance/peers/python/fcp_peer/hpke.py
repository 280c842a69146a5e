"""HPKE sealed boxes (§3.6.1, D36, D38): mode Base, X25519, HKDF-SHA256, ChaCha20-Poly1305."""

from cryptography.hazmat.primitives.asymmetric.x25519 import (
    X25519PrivateKey,
    X25519PublicKey,
)
from pyhpke import AEADId, CipherSuite, KDFId, KEMId
from pyhpke.exceptions import PyHPKEError

from . import cbor, ids, zones
from .errors import Reject
from .shapes import bstr, struct, uint

INFO = b"FCP2-HPKE"
SUITE_IDS = {"kem_id": 0x0020, "kdf_id": 0x0001, "aead_id": 0x0003}
_SUITE = CipherSuite.new(
    KEMId.DHKEM_X25519_HKDF_SHA256, KDFId.HKDF_SHA256, AEADId.CHACHA20_POLY1305
)
# `enc` is of its suite's width, so the suite is judged before it.
_BOX = struct(kem_id=uint(16), kdf_id=uint(16), aead_id=uint(16), enc=bstr(), ct=bstr())


def aad(zone, recipient, purpose, issued_at):
    """D36: the canonical CBOR map that binds a box to its context."""
    return cbor.encode({
        "purpose": purpose,
        "zone_id_hash": zones.zone_hash(zone),
        "issued_at": issued_at,
        "recipient_node_id": ids.node(recipient),
    })


def seal(recipient_public, associated, plaintext):
    """A box as its CBOR value, under a fresh ephemeral key."""
    _refuse_low_order(X25519PrivateKey.generate(), recipient_public)
    key = _SUITE.kem.deserialize_public_key(recipient_public)
    enc, context = _SUITE.create_sender_context(key, info=INFO)
    return {**SUITE_IDS, "enc": enc, "ct": context.seal(plaintext, aad=associated)}


def open_box(recipient_secret, associated, box):
    """The plaintext of a decoded box."""
    _BOX(box)
    if any(box[name] != number for name, number in SUITE_IDS.items()):
        raise Reject("hpke.unsupported_suite", "not the suite of D38")
    if len(box["enc"]) != 32:
        raise Reject("cbor.out_of_range", "`enc` is not 32 bytes")
    _refuse_low_order(X25519PrivateKey.from_private_bytes(recipient_secret), box["enc"])
    try:
        key = _SUITE.kem.deserialize_private_key(recipient_secret)
        context = _SUITE.create_recipient_context(box["enc"], key, info=INFO)
        return context.open(box["ct"], aad=associated)
    except PyHPKEError:
        raise Reject("hpke.open_failed", "the box does not open") from None


def x25519_public(secret):
    """The public key of a 32-byte X25519 secret."""
    return X25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()


def _refuse_low_order(secret, public):
    """D38: an all-zero shared secret rejects (`cryptography` reports it as an error)."""
    try:
        secret.exchange(X25519PublicKey.from_public_bytes(public))
    except ValueError:
        raise Reject("hpke.low_order", "the shared secret is all zero") from None
