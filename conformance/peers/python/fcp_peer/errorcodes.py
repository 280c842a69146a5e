"""Error code ranges and symbolic names (§24.1, §23.2.1, D191)."""

import re

from .errors import BadRequest

# First thousand of each range; 8000..8999 is reserved by D191.
RANGES = {
    1: "protocol", 2: "auth", 3: "capability", 4: "zone", 5: "lifecycle", 6: "resource",
    7: "external", 8: "reserved", 9: "internal",
}
SYMBOLS = {
    1005: "FCP_ERR_UNSUPPORTED_VERSION",
    1007: "FCP_ERR_BAD_FLAGS",
    1008: "FCP_ERR_MAC_INVALID",
    1009: "FCP_ERR_AEAD_INVALID",
    1010: "FCP_ERR_REPLAY",
    2002: "FCP_ERR_TOKEN_EXPIRED",
    2003: "FCP_ERR_TOKEN_SIG_INVALID",
    2005: "FCP_ERR_TOKEN_NOT_YET_VALID",
    2006: "FCP_ERR_TOKEN_AUD_MISMATCH",
    2007: "FCP_ERR_ATTESTATION_EXPIRED",
    3001: "FCP_ERR_CAPABILITY_DENIED",
    4004: "FCP_ERR_ZONE_POLICY_VIOLATION",
    4005: "FCP_ERR_CHECKPOINT_STALE",
    7004: "FCP_ERR_EGRESS_DENIED",
    7005: "FCP_ERR_EGRESS_TIMEOUT",
}


def lookup(code):
    """(range, category, symbolic name or None) of an ``FCP-NNNN`` code."""
    if not re.fullmatch(r"FCP-[1-9][0-9]{3}", code):
        raise BadRequest("a code is `FCP-1000` to `FCP-9999`")
    number = int(code[4:])
    first = number // 1000
    span = f"FCP-{first}000..{first}999"
    return span, RANGES[first], SYMBOLS.get(number)
