"""Reading a request's fields and writing an answer's (the adapter protocol's form).

Bytes are lowercase hex strings; integers are JSON numbers up to 2^53-1 and
decimal strings above; an absent optional field is left out. Anything else is
`adapter.bad_request`. Fields that an operation does not know are ignored.
"""

import re

from .errors import BadRequest

MAX_NUMBER = (1 << 53) - 1
_HEX = re.compile(r"[0-9a-f]*")
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,19}")


def as_bytes(value, size=None, name="value"):
    """Bytes of a lowercase hex string, of exactly `size` when given."""
    if not isinstance(value, str) or len(value) % 2 or not _HEX.fullmatch(value):
        raise BadRequest(f"`{name}` is not a lowercase hex string")
    if size is not None and len(value) != 2 * size:
        raise BadRequest(f"`{name}` is not {size} bytes")
    return bytes.fromhex(value)


def as_uint(value, bits=64, name="value"):
    """An unsigned integer below 2^bits."""
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        value = int(value)
    elif not isinstance(value, int) or isinstance(value, bool) or value > MAX_NUMBER:
        raise BadRequest(f"`{name}` is not an unsigned integer of the protocol's form")
    if not 0 <= value < 1 << bits:
        raise BadRequest(f"`{name}` does not fit {bits} bits")
    return value


def as_text(value, name="value"):
    """A string of Unicode scalar values."""
    if not isinstance(value, str):
        raise BadRequest(f"`{name}` is not a string")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise BadRequest(f"`{name}` has a lone surrogate") from None
    return value


class Fields:
    """One JSON object of a request."""

    def __init__(self, value, name="in"):
        if not isinstance(value, dict):
            raise BadRequest(f"`{name}` is not an object")
        self._value = value

    def has(self, name):
        return name in self._value

    def raw(self, name):
        if name not in self._value:
            raise BadRequest(f"`{name}` is missing")
        return self._value[name]

    def hex(self, name, size=None):
        return as_bytes(self.raw(name), size, name)

    def uint(self, name, bits=64):
        return as_uint(self.raw(name), bits, name)

    def text(self, name):
        return as_text(self.raw(name), name)

    def bool(self, name, default):
        value = self._value.get(name, default)
        if not isinstance(value, bool):
            raise BadRequest(f"`{name}` is not a boolean")
        return value

    def choice(self, name, choices):
        value = self.text(name)
        if value not in choices:
            raise BadRequest(f"`{name}` is not one of {', '.join(choices)}")
        return value

    def list(self, name):
        value = self.raw(name)
        if not isinstance(value, list):
            raise BadRequest(f"`{name}` is not an array")
        return value

    def object(self, name):
        return Fields(self.raw(name), name)

    def texts(self, name):
        return [as_text(item, name) for item in self.list(name)]

    def uints(self, name, bits=64):
        return [as_uint(item, bits, name) for item in self.list(name)]

    def hexes(self, name, size=None):
        return [as_bytes(item, size, name) for item in self.list(name)]

    def objects(self, name):
        return [Fields(item, name) for item in self.list(name)]

    def one_of(self, *names):
        """The first of several spellings that is present."""
        return next((name for name in names if name in self._value), names[0])


def to_json(value):
    """An answer's value: bytes as hex, integers above 2^53-1 as decimal strings."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > MAX_NUMBER:
        return str(value)
    if isinstance(value, dict):
        return {key: to_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_json(item) for item in value]
    return value
