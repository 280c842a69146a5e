"""HKDF-SHA256 (RFC 5869), with its two steps apart because D40 and D91 need them so."""

import hmac


def extract(salt, ikm):
    """HKDF-Extract."""
    return hmac.digest(salt or bytes(32), ikm, "sha256")


def expand(prk, info, length):
    """HKDF-Expand."""
    out, block, counter = b"", b"", 1
    while len(out) < length:
        block = hmac.digest(prk, block + info + bytes([counter]), "sha256")
        out += block
        counter += 1
    return out[:length]


def hkdf(salt, ikm, info, length=32):
    """Extract, then expand."""
    return expand(extract(salt, ikm), info, length)
