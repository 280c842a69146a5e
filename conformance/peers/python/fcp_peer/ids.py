"""Identifiers: canonical ids (§3.4.2), zones (D21), nodes (G1), tags (D6), schema ids (D19)."""

import re

from .errors import Reject

_ID_FIRST = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")
_ID_REST = _ID_FIRST | frozenset("._:-")
_ZONE_REST = _ID_FIRST | frozenset("_:-")
_NAMESPACE = re.compile(r"[a-z0-9][a-z0-9._-]*")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*")
_VERSION = re.compile(r"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)")


def _precheck_length(text, limit):
    """§3.4.2, in its written order: length, ASCII."""
    if not text:
        raise Reject("id.empty", "an empty identifier")
    if len(text.encode("utf-8", "surrogatepass")) > limit:
        raise Reject("id.too_long", f"more than {limit} bytes")
    if not text.isascii():
        raise Reject("id.not_ascii", "a character outside ASCII")


def _precheck(text, limit):
    """§3.4.2, in its written order: length, ASCII, case."""
    _precheck_length(text, limit)
    if any("A" <= char <= "Z" for char in text):
        raise Reject("id.uppercase", "an uppercase letter")


def _charset(text, rest):
    if not text or text[0] not in _ID_FIRST:
        raise Reject("id.bad_first", "the first character is a lowercase letter or a digit")
    for char in text[1:]:
        if char not in rest:
            raise Reject("id.bad_char", f"`{char}` is not allowed")


def canonical(text, limit=128):
    """§3.4.2: ``^[a-z0-9][a-z0-9._:-]*$``, 1 to 128 bytes."""
    _precheck(text, limit)
    _charset(text, _ID_REST)
    return text


def tag(text):
    """D6: as a canonical id, at most 64 bytes."""
    return canonical(text, 64)


def zone(text):
    """D21: ``^z:[a-z0-9][a-z0-9_:-]*$``, 3 to 64 bytes."""
    _precheck(text, 64)
    if not text.startswith("z:"):
        raise Reject("id.zone_prefix", "a zone id begins with `z:`")
    _charset(text[2:], _ZONE_REST)
    return text


def node(text):
    """G1, D2: 1 to 64 bytes of 0x21..0x7E."""
    _precheck_length(text, 64)
    if not all("\x21" <= char <= "\x7e" for char in text):
        raise Reject("id.bad_char", "a node id is printable ASCII without space")
    return text


def schema(namespace, name, version):
    """D19: the text ``namespace:name@version`` of a valid schema id."""
    text = f"{namespace}:{name}@{version}"
    _precheck_length(text, 256)
    if not (
        _NAMESPACE.fullmatch(namespace) and _NAME.fullmatch(name) and _VERSION.fullmatch(version)
    ):
        raise Reject("id.schema_syntax", f"`{text}` is not a schema id")
    return text


KINDS = {
    **dict.fromkeys(
        ("principal", "connector", "capability", "operation", "role", "secret",
         "credential", "instance"),
        canonical,
    ),
    "zone": zone,
    "node": node,
    "tag": tag,
}
