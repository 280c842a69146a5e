"""Globs and zone policy evaluation (§5.3, D76-D79)."""

from . import ids
from .errors import Reject

MAX_PATTERN = 128
# (dimension, allow list, deny list) in the order of D78.
DIMENSIONS = (
    ("principal", "principals_allow", "principals_deny"),
    ("connector", "connectors_allow", "connectors_deny"),
    ("capability", "cap_allow", "cap_deny"),
)


def check_pattern(pattern):
    """D79: at most 128 bytes of ASCII."""
    if not pattern.isascii() or len(pattern) > MAX_PATTERN:
        raise Reject("glob.invalid_pattern", "a pattern is at most 128 bytes of ASCII")


def glob_match(pattern, text):
    """D79: anchored and bytewise; `*` is any bytes, `?` is one byte.

    Backtracks to the last `*` only, so it takes at most |pattern| * |text| steps.
    """
    check_pattern(pattern)
    pat, data = pattern.encode(), text.encode("utf-8", "surrogatepass")
    p = d = 0
    star = mark = -1
    while d < len(data):
        if p < len(pat) and pat[p] == 0x2A:
            star, mark, p = p, d, p + 1
        elif p < len(pat) and pat[p] in (0x3F, data[d]):
            p, d = p + 1, d + 1
        elif star >= 0:
            mark += 1
            p, d = star + 1, mark
        else:
            return False
    return all(byte == 0x2A for byte in pat[p:])


def evaluate(policy, request):
    """D76-D78: ("allow" or "deny", reason) for {principal, connector, capability}."""
    for _, allow, deny in DIMENSIONS:
        for pattern in policy[allow] + policy[deny]:
            check_pattern(pattern)
    subjects = {name: ids.canonical(request[name]) for name, _, _ in DIMENSIONS}
    for dimension, allow, deny in DIMENSIONS:
        subject = subjects[dimension]
        if any(glob_match(pattern, subject) for pattern in policy[deny]):
            return "deny", f"zone_policy.{dimension}_denied"
        if not policy[allow] and not policy.get("default_deny", True):
            continue
        if not any(glob_match(pattern, subject) for pattern in policy[allow]):
            return "deny", f"zone_policy.{dimension}_not_allowed"
    return "allow", "allow"
