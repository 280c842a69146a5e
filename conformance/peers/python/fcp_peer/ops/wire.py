"""FCPS frames, datagrams, sessions and FCPC."""

from .. import fcpc, frames, session
from ..errors import BadRequest
from .registry import operation


@operation("fcps.encode")
def fcps_encode(f):
    return {
        "hex": frames.encode({
            "version": f.uint("version", 16),
            "flags": f.uint("flags", 16),
            "object_id": f.hex("object_id", 32),
            "symbol_size": f.uint("symbol_size", 16),
            "zone_key_id": f.hex("zone_key_id", 8),
            "zone_id_hash": f.hex("zone_id_hash", 32),
            "epoch": f.uint("epoch"),
            "instance": f.uint("instance"),
            "frame_seq": f.uint("frame_seq"),
            "symbols": [
                {
                    "esi": s.uint("esi", 32), "k": s.uint("k", 16),
                    "data": s.hex("data"), "tag": s.hex("tag", 16),
                }
                for s in f.objects("symbols")
            ],
        })
    }


@operation("fcps.decode")
def fcps_decode(f):
    limit = f.uint("max_bytes") if f.has("max_bytes") else frames.MAX_FRAME_BYTES
    return frames.decode(f.hex("hex"), limit)


def _mac_context(f):
    suite = f.uint("suite", 8)
    if suite not in frames.SUITES:
        raise BadRequest(f"no suite {suite}")
    limit = frames.DEFAULT_MAX_DATAGRAM
    if f.has("max_datagram_bytes"):
        limit = f.uint("max_datagram_bytes", 32)
    return suite, f.hex("key", 32), f.choice("direction", frames.DIRECTIONS), limit


@operation("datagram.seal")
def datagram_seal(f):
    suite, key, direction, limit = _mac_context(f)
    sealed = frames.seal_datagram(
        suite, key, direction, f.hex("session_id", 16), f.uint("seq"), f.hex("frame"), limit
    )
    return {"datagram": sealed}


@operation("datagram.open")
def datagram_open(f):
    suite, key, direction, limit = _mac_context(f)
    session_id = f.hex("session_id", 16) if f.has("session_id") else None
    seq, frame = frames.open_datagram(
        suite, key, direction, session_id, f.hex("datagram"), limit
    )
    return {"seq": seq, "frame": frame}


@operation("session.hello_transcript")
def session_hello_transcript(f):
    limit = None
    if f.has("transport_limits"):
        limit = f.object("transport_limits").uint("max_datagram_bytes", 16)
    return {
        "transcript": session.hello_transcript({
            "from": f.text("from"),
            "to": f.text("to"),
            "eph_pubkey": f.hex("eph_pubkey", 32),
            "nonce": f.hex("nonce", 16),
            "cookie": f.hex("cookie", 32) if f.has("cookie") else None,
            "timestamp": f.uint("timestamp"),
            "suites": f.uints("suites", 8),
            "max_datagram_bytes": limit,
        })
    }


@operation("session.ack_transcript")
def session_ack_transcript(f):
    return {
        "transcript": session.ack_transcript({
            "from": f.text("from"),
            "to": f.text("to"),
            "eph_pubkey": f.hex("eph_pubkey", 32),
            "nonce": f.hex("nonce", 16),
            "session_id": f.hex("session_id", 16),
            "suite": f.uint("suite", 8),
            "timestamp": f.uint("timestamp"),
            "hello_eph_pubkey": f.hex("hello_eph_pubkey", 32),
            "hello_nonce": f.hex("hello_nonce", 16),
        })
    }


@operation("session.keys")
def session_keys(f):
    i2r, r2i, ctx = session.keys(
        f.hex("shared_secret", 32), f.hex("session_id", 16), f.text("initiator"),
        f.text("responder"), f.hex("hello_nonce", 16), f.hex("ack_nonce", 16),
    )
    return {"k_mac_i2r": i2r, "k_mac_r2i": r2i, "k_ctx": ctx}


@operation("session.select_suite")
def session_select_suite(f):
    return {"suite": session.select_suite(f.uints("offered", 8), f.uints("supported", 8))}


@operation("replay.run")
def replay_run(f):
    window = f.uint("window")
    if not 1 <= window <= 4096:
        raise BadRequest("`window` is 1 to 4096")
    state = session.ReplayWindow(window)
    return {"accepted": [state.accept(seq) for seq in f.uints("seqs")]}


@operation("fcpc.seal")
def fcpc_seal(f):
    frame = fcpc.seal(
        f.hex("k_ctx", 32), f.hex("session_id", 16), f.choice("direction", frames.DIRECTIONS),
        f.uint("seq"), f.uint("flags", 16), f.hex("plaintext"),
    )
    return {"frame": frame}


@operation("fcpc.open")
def fcpc_open(f):
    plaintext, seq, flags = fcpc.open_frame(
        f.hex("k_ctx", 32), f.hex("session_id", 16), f.choice("direction", frames.DIRECTIONS),
        f.hex("frame"),
    )
    return {"plaintext": plaintext, "seq": seq, "flags": flags}
