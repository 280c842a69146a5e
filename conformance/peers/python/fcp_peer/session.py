"""Session handshake and replay window (§4.2, D40-D44, D53, D73)."""

from . import ids
from .encode import lp, opt, u8, u16, u64
from .errors import Reject
from .kdf import expand, hkdf

DEFINED_SUITES = (1, 2)
MAX_OFFER = 8
MIN_DATAGRAM, MAX_DATAGRAM = 432, 65507


def check_limit(limit):
    """D73."""
    if not MIN_DATAGRAM <= limit <= MAX_DATAGRAM:
        raise Reject("session.bad_limits", f"a datagram limit of {limit}")


def hello_transcript(hello):
    """§4.2, D42: what the initiator signs."""
    check_offer(hello["suites"])
    limit = hello["max_datagram_bytes"]
    if limit is not None:
        check_limit(limit)
    return b"".join((
        b"FCP2-HELLO-V1", lp(ids.node(hello["from"])), lp(ids.node(hello["to"])),
        hello["eph_pubkey"], hello["nonce"], opt(hello["cookie"]), u64(hello["timestamp"]),
        u8(len(hello["suites"])), bytes(hello["suites"]),
        opt(None if limit is None else u16(limit)),
    ))


def session_id(raw):
    """D46, D47: not all zero, and not like the start of another message."""
    if not any(raw) or raw[:4] in (b"FCPH", b"FCPS", b"FCPC"):
        raise Reject("session.bad_session_id", "zero, or like another message")
    return raw


def ack_transcript(ack):
    """§4.2, D42, D43: what the responder signs."""
    session_id(ack["session_id"])
    return b"".join((
        b"FCP2-ACK-V1", lp(ids.node(ack["from"])), lp(ids.node(ack["to"])),
        ack["eph_pubkey"], ack["nonce"], ack["session_id"], u8(ack["suite"]),
        u64(ack["timestamp"]), ack["hello_eph_pubkey"], ack["hello_nonce"],
    ))


def keys(shared_secret, session, initiator, responder, hello_nonce, ack_nonce):
    """D40, D41: (k_mac_i2r, k_mac_r2i, k_ctx); the second step has no Extract."""
    session_id(session)
    if not any(shared_secret):
        raise Reject("session.zero_shared_secret", "an all-zero shared secret")
    info = (
        b"FCP2-SESSION-V1" + lp(ids.node(initiator)) + lp(ids.node(responder))
        + hello_nonce + ack_nonce
    )
    prk = hkdf(session, shared_secret, info)
    okm = expand(prk, b"FCP2-SESSION-KEYS-V1", 96)
    return okm[:32], okm[32:64], okm[64:]


def check_offer(offered):
    """D44: one to eight suites, none twice."""
    if not 1 <= len(offered) <= MAX_OFFER or len(set(offered)) != len(offered):
        raise Reject("session.bad_offer", "an offer names one to eight different suites")


def select_suite(offered, supported):
    """D44: the first suite of the offer that both have; unknown ids are skipped."""
    check_offer(offered)
    for suite in offered:
        if suite in DEFINED_SUITES and suite in supported:
            return suite
    raise Reject("session.no_common_suite", "no suite in common")


class ReplayWindow:
    """D53: accept seq iff unseen and above the highest or less than `window` below it."""

    def __init__(self, window):
        self.window, self.highest, self.seen = window, 0, set()

    def accept(self, seq):
        if seq == 0 or seq in self.seen:
            return False
        if seq <= self.highest and self.highest - seq >= self.window:
            return False
        self.seen.add(seq)
        if seq > self.highest:
            self.highest = seq
            if len(self.seen) > 2 * self.window:
                self.seen = {s for s in self.seen if seq - s < self.window}
        return True
