"""Building blocks of the schema table: checks of decoded values (G4, G5, G7).

A shape is a function that takes a value and rejects it or returns nothing:
`cbor.unexpected_type` for a value of another type, `cbor.out_of_range` for one
of another width or range, `cbor.unknown_variant` for an enum (G5),
`cbor.unknown_key` and `cbor.missing_key` for a map's fields (D25), the `id.*`
code of a malformed identifier.
"""

import ipaddress

from .errors import Reject


def _typed(value, kind, wanted):
    if isinstance(value, float):
        raise Reject("cbor.float_not_allowed", f"a float instead of {wanted}")
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise Reject("cbor.unexpected_type", f"not {wanted}")


def _out_of_range(text):
    return Reject("cbor.out_of_range", text)


def _unsigned(value, least, most):
    _typed(value, int, "an unsigned integer")
    if value < 0:
        raise Reject("cbor.unexpected_type", "a negative integer")
    if not least <= value <= most:
        raise _out_of_range(f"{value} is not in {least}..{most}")


def uint(bits, most=None):
    """An unsigned integer below 2^bits, at most `most`."""
    most = (1 << bits) - 1 if most is None else most

    def shape(value):
        _unsigned(value, 0, most)

    return shape


def within(least, most):
    """An unsigned integer of a range."""

    def shape(value):
        _unsigned(value, least, most)

    return shape


def bstr(size=None):
    """A byte string, of exactly `size` bytes when given."""

    def shape(value):
        _typed(value, bytes, "a byte string")
        if size is not None and len(value) != size:
            raise _out_of_range(f"{len(value)} bytes instead of {size}")

    return shape


def text(value):
    _typed(value, str, "a text string")


def boolean(value):
    _typed(value, bool, "a boolean")


def ident(check):
    """A text string that is an identifier."""

    def shape(value):
        _typed(value, str, "a text string")
        check(value)

    return shape


def ip_address(value):
    """G7: an IP address as text."""
    _typed(value, str, "a text string")
    try:
        canonical = str(ipaddress.ip_address(value))
    except ValueError:
        raise Reject("id.ip_address", "not an IP address") from None
    if canonical != value:
        raise Reject("id.ip_address", f"`{canonical}` in another form")


def any_value(value):
    """A `Value` field (D28): anything, floats too, with text keys."""
    if isinstance(value, list):
        for item in value:
            any_value(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise Reject("cbor.key_type", f"key {key!r:.80}")
            any_value(item)


def seq(item, least=0, most=None):
    """An array."""

    def shape(value):
        _typed(value, list, "an array")
        if len(value) < least or (most is not None and len(value) > most):
            raise _out_of_range(f"{len(value)} elements")
        for element in value:
            item(element)

    return shape


def unique(item, code):
    """An array that holds no element twice."""
    array = seq(item)

    def shape(value):
        array(value)
        if len(set(value)) != len(value):
            raise Reject(code, "an element stands twice")

    return shape


def ascending(item, key, code):
    """An array that is strictly ascending by `key` of each element."""
    array = seq(item)

    def shape(value):
        array(value)
        keys = [key(element) for element in value]
        if any(a >= b for a, b in zip(keys, keys[1:])):
            raise Reject(code, "not in strictly rising order")

    return shape


def both(first, then):
    """Two shapes, one after the other."""

    def shape(value):
        first(value)
        then(value)

    return shape


def mapping(key, item):
    """A map from identifiers to one shape (G7), never empty (D200)."""

    def shape(value):
        _typed(value, dict, "a map")
        if not value:
            raise _out_of_range("an empty map")
        for name, element in value.items():
            _typed(name, str, "a text key")
            key(name)
            item(element)

    return shape


def struct(**fields):
    """A map of named fields (G4); a trailing underscore marks an optional field."""
    required = {name for name in fields if not name.endswith("_")}
    shapes = {name.rstrip("_"): shape for name, shape in fields.items()}

    def shape(value):
        _typed(value, dict, "a map")
        for name, element in value.items():
            if name not in shapes:
                raise Reject("cbor.unknown_key", f"key {name!r:.80}")
            shapes[name](element)
        for name in sorted(required):
            if name not in value:
                raise Reject("cbor.missing_key", f"`{name}`")

    return shape


def enum(*units, **variants):
    """G5: a unit variant is its name, a variant with data a one-entry map."""

    def shape(value):
        if isinstance(value, dict) and len(value) == 1:
            name, payload = next(iter(value.items()))
            if name in variants:
                return variants[name](payload)
            raise Reject("cbor.unknown_variant", f"{name!r:.80}")
        _typed(value, str, "a variant")
        if value not in units:
            raise Reject("cbor.unknown_variant", f"`{value:.80}`")

    return shape
