"""FCPS frames and the datagrams that carry them (§4.2.2, §4.3, §4.4)."""

import hmac
import struct

from .blake3 import blake3
from .encode import u8, u16, u32, u64
from .errors import Reject
from .session import session_id as check_session_id

MAGIC, VERSION = b"FCPS", 1
HEADER_LEN, RECORD_OVERHEAD = 114, 22
MAX_FRAME_BYTES = 4 * 1024 * 1024
MAX_SYMBOLS, MIN_SYMBOL_SIZE, MAX_SYMBOL_SIZE = 256, 256, 16384
MAX_K, MAX_ESI = 56403, (1 << 24) - 1
# §4.4, D65: bit numbers in listed order.
COMPRESSED, ENCRYPTED, HAS_CAP_TOKEN, ZONE_CROSSING, RAPTORQ = (1 << n for n in (1, 2, 7, 8, 10))
# D64, D65, D67: bits that version 1 rejects.
FORBIDDEN = COMPRESSED | HAS_CAP_TOKEN | ZONE_CROSSING | 0xF000

DATAGRAM_HEADER_LEN, MAC_LEN, DEFAULT_MAX_DATAGRAM = 40, 16, 1200
DIRECTIONS = {"i2r": 0, "r2i": 1}
SUITES = (1, 2)

_HEADER = struct.Struct("<4sHHII32sH8s32sQQQ")


def encode(frame):
    """§4.3: the bytes of a frame, rejected as `decode` would reject them."""
    symbols = frame["symbols"]
    size = frame["symbol_size"]
    if any(len(symbol["data"]) != size for symbol in symbols):
        raise Reject("symbol.wrong_length", "a symbol is not of the frame's symbol size")
    encoded = _HEADER.pack(
        MAGIC, frame["version"], frame["flags"], len(symbols),
        len(symbols) * (RECORD_OVERHEAD + size), frame["object_id"], size,
        frame["zone_key_id"], frame["zone_id_hash"], frame["epoch"], frame["instance"],
        frame["frame_seq"],
    ) + b"".join(u32(s["esi"]) + u16(s["k"]) + s["data"] + s["tag"] for s in symbols)
    decode(encoded)
    return encoded


def decode(data, max_bytes=MAX_FRAME_BYTES):
    """§4.3 in its written order, then D51, D61 and D63 for each symbol."""
    if len(data) < HEADER_LEN:
        raise Reject("frame.too_short", f"{len(data)} bytes")
    (magic, version, flags, count, payload_len, object_id, size, zone_key_id, zone_id_hash,
     epoch, instance, frame_seq) = _HEADER.unpack_from(data)
    if magic != MAGIC:
        raise Reject("frame.bad_magic", "not an FCPS frame")
    if version != VERSION:
        raise Reject("frame.unsupported_version", f"version {version}")
    if flags & FORBIDDEN or not flags & ENCRYPTED:
        raise Reject("frame.bad_flags", f"flags {flags:#06x}")
    if not 1 <= count <= MAX_SYMBOLS:
        raise Reject("frame.symbol_count", f"{count} symbols")
    if not MIN_SYMBOL_SIZE <= size <= MAX_SYMBOL_SIZE or size % 8:
        raise Reject("frame.symbol_size", f"{size} bytes")
    expected = count * (RECORD_OVERHEAD + size)
    if payload_len != expected or len(data) - HEADER_LEN != expected:
        raise Reject("frame.length_mismatch", f"{expected} bytes of symbols expected")
    if len(data) > max_bytes:
        raise Reject("frame.too_large", f"{len(data)} bytes")
    return {
        "version": version, "flags": flags, "object_id": object_id, "symbol_size": size,
        "zone_key_id": zone_key_id, "zone_id_hash": zone_id_hash, "epoch": epoch,
        "instance": instance, "frame_seq": frame_seq,
        "symbols": _symbols(data, count, size, flags),
    }


def _symbols(data, count, size, flags):
    symbols, seen, at = [], set(), HEADER_LEN
    for _ in range(count):
        esi, k = struct.unpack_from("<IH", data, at)
        if not 1 <= k <= MAX_K:
            raise Reject("frame.bad_k", f"K of {k}")
        if esi > MAX_ESI or (not flags & RAPTORQ and esi >= k):
            raise Reject("frame.bad_esi", f"ESI {esi}")
        if esi in seen:
            raise Reject("frame.duplicate_esi", f"ESI {esi}")
        seen.add(esi)
        end = at + RECORD_OVERHEAD + size
        symbols.append({
            "esi": esi, "k": k, "data": data[at + 6:end - 16], "tag": data[end - 16:end],
        })
        at = end
    return symbols


def mac(suite, key, direction, session_id, seq, frame):
    """§4.2.2, D48: 16 bytes of HMAC-SHA256 (suite 1) or keyed BLAKE3 (suite 2)."""
    message = session_id + u8(DIRECTIONS[direction]) + u64(seq) + frame
    full = hmac.digest(key, message, "sha256") if suite == 1 else blake3(message, key)
    return full[:MAC_LEN]


def seal_datagram(suite, key, direction, session_id, seq, frame, limit=DEFAULT_MAX_DATAGRAM):
    """§4.2.2: session_id ‖ seq ‖ mac ‖ frame."""
    check_session_id(session_id)
    if len(frame) < HEADER_LEN:
        raise Reject("frame.too_short", f"a frame of {len(frame)} bytes")
    if DATAGRAM_HEADER_LEN + len(frame) > limit:
        raise Reject("frame.too_large", f"more than {limit} bytes")
    _check_seq(seq, frame)
    tag = mac(suite, key, direction, session_id, seq, frame)
    return session_id + u64(seq) + tag + frame


def open_datagram(suite, key, direction, session_id, datagram, limit=DEFAULT_MAX_DATAGRAM):
    """D52 as far as the datagram alone decides: length, MAC, seq; (seq, frame).

    The session is the expected one when given, otherwise the datagram's.
    """
    if len(datagram) > limit:
        raise Reject("frame.too_large", f"more than {limit} bytes")
    if len(datagram) < DATAGRAM_HEADER_LEN + HEADER_LEN:
        raise Reject("frame.too_short", f"{len(datagram)} bytes")
    session_id = datagram[:16] if session_id is None else session_id
    seq = int.from_bytes(datagram[16:24], "little")
    frame = datagram[DATAGRAM_HEADER_LEN:]
    expected = mac(suite, key, direction, session_id, seq, frame)
    if session_id != datagram[:16] or not hmac.compare_digest(expected, datagram[24:40]):
        raise Reject("frame.mac_invalid", "the datagram does not authenticate")
    _check_seq(seq, frame)
    return seq, frame


def _check_seq(seq, frame):
    """§4.3(4), D49."""
    if seq == 0:
        raise Reject("frame.seq_zero", "sequence numbers begin at 1")
    if seq != int.from_bytes(frame[106:114], "little"):
        raise Reject("frame.seq_mismatch", "the datagram's seq is not the frame's")
