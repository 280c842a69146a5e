"""FCPC control-plane framing (§9.4, D138, D139)."""

import struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from .encode import u8, u16, u64
from .errors import Reject
from .frames import DIRECTIONS
from .session import session_id as check_session_id

MAGIC, VERSION, FLAGS = b"FCPC", 1, 0x0001
TAG_LEN, MAX_LEN = 16, 4 * 1024 * 1024
_HEADER = struct.Struct("<4sH16sQHI")


def _crypt(session_id, direction, seq, flags):
    nonce = u8(DIRECTIONS[direction]) + bytes(3) + u64(seq)
    return nonce, session_id + u64(seq) + u16(flags)


def _check_seq(seq):
    """D140: sequence numbers start at 1."""
    if seq == 0:
        raise Reject("fcpc.bad_sequence", "sequence numbers begin at 1")


def seal(k_ctx, session_id, direction, seq, flags, plaintext):
    """The 36-byte header, the ciphertext and its tag."""
    check_session_id(session_id)
    if flags != FLAGS:
        raise Reject("fcpc.bad_flags", f"flags {flags:#06x}")
    if len(plaintext) > MAX_LEN:
        raise Reject("fcpc.too_large", "more than 4 MiB")
    _check_seq(seq)
    nonce, aad = _crypt(session_id, direction, seq, flags)
    sealed = ChaCha20Poly1305(k_ctx).encrypt(nonce, plaintext, aad)
    return _HEADER.pack(MAGIC, VERSION, session_id, seq, flags, len(plaintext)) + sealed


def open_frame(k_ctx, session_id, direction, frame):
    """(plaintext, seq, flags) of one whole frame of the given session."""
    check_session_id(session_id)
    if len(frame) < _HEADER.size + TAG_LEN:
        raise Reject("fcpc.too_short", f"{len(frame)} bytes")
    magic, version, _, seq, flags, length = _HEADER.unpack_from(frame)
    if magic != MAGIC:
        raise Reject("fcpc.bad_magic", "not an FCPC frame")
    if version != VERSION:
        raise Reject("fcpc.unsupported_version", f"version {version}")
    if flags != FLAGS:
        raise Reject("fcpc.bad_flags", f"flags {flags:#06x}")
    if length > MAX_LEN:
        raise Reject("fcpc.too_large", "more than 4 MiB")
    if len(frame) != _HEADER.size + length + TAG_LEN:
        raise Reject("fcpc.length_mismatch", f"{length} bytes announced")
    if frame[6:22] != session_id:
        raise Reject("fcpc.wrong_session", "a frame of another session")
    nonce, aad = _crypt(session_id, direction, seq, flags)
    try:
        plaintext = ChaCha20Poly1305(k_ctx).decrypt(nonce, frame[_HEADER.size:], aad)
    except InvalidTag:
        raise Reject("fcpc.aead_invalid", "the frame does not authenticate") from None
    _check_seq(seq)
    return plaintext, seq, flags
