"""Symbol encryption (§4.1): associated data, nonces and both AEADs."""

import nacl.bindings as sodium
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from nacl.exceptions import CryptoError

from .encode import u16, u32, u64
from .errors import Reject
from .zonekeys import subkey
from .zones import zone_hash

CHACHA, XCHACHA = "chacha20poly1305", "xchacha20poly1305"
ALGORITHMS = (CHACHA, XCHACHA)
TAG_LEN = 16


def aad(object_id, esi, k, zone, zone_key_id, epoch):
    """§4.1, D57: the 86 bytes that bind a symbol to its place."""
    return object_id + u32(esi) + u16(k) + zone_hash(zone) + zone_key_id + u64(epoch)


def nonce(algorithm, instance, frame_seq, esi):
    """§4.1: 12 bytes, or 24 with the sender instance first."""
    if algorithm == CHACHA:
        return u64(frame_seq) + u32(esi)
    return u64(instance) + u64(frame_seq) + u32(esi) + bytes(4)


def seal(zone_key, zone_key_id, sender, instance, algorithm, frame_seq, esi, associated, plaintext):
    """(data, tag) of one symbol under the sender's subkey (D55, D56)."""
    key = subkey(zone_key, zone_key_id, sender, instance)
    number = nonce(algorithm, instance, frame_seq, esi)
    if algorithm == CHACHA:
        sealed = ChaCha20Poly1305(key).encrypt(number, plaintext, associated)
    else:
        sealed = sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(
            plaintext, associated, number, key
        )
    return sealed[:-TAG_LEN], sealed[-TAG_LEN:]


def open_symbol(
    zone_key, zone_key_id, sender, instance, algorithm, frame_seq, esi, associated, data, tag
):
    """The plaintext of one symbol, or `symbol.aead_invalid`."""
    key = subkey(zone_key, zone_key_id, sender, instance)
    number = nonce(algorithm, instance, frame_seq, esi)
    try:
        if algorithm == CHACHA:
            return ChaCha20Poly1305(key).decrypt(number, data + tag, associated)
        return sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(
            data + tag, associated, number, key
        )
    except (InvalidTag, CryptoError):
        raise Reject("symbol.aead_invalid", "the symbol does not authenticate") from None
