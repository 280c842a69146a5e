"""Strict deterministic CBOR (§3.5, D24, D25).

The reader accepts exactly one encoding of each value and says, for anything
else, which rule it breaks. Values are ``int``, ``bytes``, ``str``, ``list``,
``dict``, ``bool``, ``None`` and ``float``.
"""

import math
import struct

from .errors import Reject

MAX_SIZE = 64 * 1024 * 1024
MAX_DEPTH = 64
# Bound on values held in memory at once; `check` builds none and has no such bound.
MAX_ITEMS = 1 << 20

_KEY_MAJORS = (0, 1, 2, 3)
_FLOAT_FORMATS = {25: (">e", 0xF9), 26: (">f", 0xFA), 27: (">d", 0xFB)}


def check(data, floats=True):
    """Reject unless `data` is one canonically encoded item."""
    _Reader(data, floats, build=False).whole()


def decode(data, floats=True):
    """The value of one canonically encoded item."""
    return _Reader(data, floats, build=True).whole()


def decode_prefix(data):
    """The first item of `data` and the number of bytes it takes."""
    reader = _Reader(data, True, build=True)
    return reader.item(0), reader.pos


class _Reader:
    def __init__(self, data, floats, build):
        if len(data) > MAX_SIZE:
            raise Reject("cbor.too_large", "more than 64 MiB")
        self.data, self.floats, self.build = data, floats, build
        self.pos = self.items = 0

    def whole(self):
        value = self.item(0)
        if self.pos != len(self.data):
            raise Reject("cbor.trailing_bytes", f"bytes left at offset {self.pos}")
        return value

    def take(self, count):
        end = self.pos + count
        if end > len(self.data):
            raise Reject("cbor.unexpected_end", f"the input ends inside offset {self.pos}")
        part, self.pos = self.data[self.pos:end], end
        return part

    def head(self):
        """Initial byte and argument (RFC 8949 §3), shortest form only."""
        initial = self.take(1)[0]
        major, info = initial >> 5, initial & 31
        if 28 <= info <= 30:
            raise Reject("cbor.reserved_head", f"additional information {info}")
        if info == 31 and major in (2, 3, 4, 5, 7):
            raise Reject("cbor.indefinite_length", f"at offset {self.pos - 1}")
        if info == 31 and major in (0, 1):
            raise Reject("cbor.reserved_head", "31 has no meaning for integers")
        if major == 6:
            raise Reject("cbor.tag", f"at offset {self.pos - 1}")
        if info < 24:
            return major, info, info
        argument = int.from_bytes(self.take(1 << (info - 24)), "big")
        if major != 7 and argument < (24, 1 << 8, 1 << 16, 1 << 32)[info - 24]:
            raise Reject("cbor.non_shortest_int", f"{argument} in too many bytes")
        return major, info, argument

    def item(self, depth):
        self.items += 1
        if self.build and self.items > MAX_ITEMS:
            raise Reject("cbor.too_large", f"more than {MAX_ITEMS} items")
        major, info, argument = self.head()
        if major == 0:
            return argument
        if major == 1:
            return -1 - argument
        if major == 2:
            return self.take(argument)
        if major == 3:
            return self.text(argument)
        if major == 7:
            return self.simple(info, argument)
        if depth == MAX_DEPTH:
            raise Reject("cbor.too_deep", f"more than {MAX_DEPTH} levels")
        return self.array(argument, depth + 1) if major == 4 else self.map(argument, depth + 1)

    def text(self, length):
        try:
            return self.take(length).decode("utf-8")
        except UnicodeDecodeError as error:
            raise Reject("cbor.invalid_utf8", str(error)) from None

    def simple(self, info, argument):
        if info in (20, 21, 22):
            return (False, True, None)[info - 20]
        if info not in _FLOAT_FORMATS:
            raise Reject("cbor.simple_value", f"simple value {argument}")
        raw = argument.to_bytes(1 << (info - 24), "big")
        if not self.floats:
            raise Reject("cbor.float_not_allowed", "a float where none is allowed")
        layout, initial = _FLOAT_FORMATS[info]
        value = struct.unpack(layout, raw)[0]
        if encode_float(value) != bytes([initial]) + raw:
            raise Reject("cbor.non_shortest_float", f"{value!r} in too many bytes")
        return value

    def array(self, count, depth):
        out = []
        for _ in range(count):
            value = self.item(depth)
            if self.build:
                out.append(value)
        return out

    def map(self, count, depth):
        out, previous = {}, None
        for _ in range(count):
            start = self.pos
            if start < len(self.data) and self.data[start] >> 5 not in _KEY_MAJORS:
                raise Reject("cbor.key_type", "a map key is an integer, a byte or a text string")
            key = self.item(depth)
            encoded = self.data[start:self.pos]
            if previous is not None and encoded == previous:
                raise Reject("cbor.duplicate_key", f"key {key!r:.80}")
            if previous is not None and encoded < previous:
                raise Reject("cbor.unsorted_keys", f"key {key!r:.80}")
            previous = encoded
            value = self.item(depth)
            if self.build:
                out[key] = value
        return out


def encode(value, depth=0):
    """The one canonical encoding of `value`."""
    if value is None or isinstance(value, bool):
        return {False: b"\xf4", True: b"\xf5", None: b"\xf6"}[value]
    if isinstance(value, int):
        return _head(0, value) if value >= 0 else _head(1, -1 - value)
    if isinstance(value, bytes):
        return _head(2, len(value)) + value
    if isinstance(value, str):
        try:
            raw = value.encode("utf-8")
        except UnicodeEncodeError as error:
            raise Reject("cbor.invalid_utf8", str(error)) from None
        return _head(3, len(raw)) + raw
    if isinstance(value, float):
        return encode_float(value)
    if depth == MAX_DEPTH:
        raise Reject("cbor.too_deep", f"more than {MAX_DEPTH} levels")
    if isinstance(value, (list, tuple)):
        return _head(4, len(value)) + b"".join(encode(item, depth + 1) for item in value)
    if isinstance(value, dict):
        pairs = sorted((encode(k, depth + 1), encode(v, depth + 1)) for k, v in value.items())
        return _head(5, len(pairs)) + b"".join(k + v for k, v in pairs)
    raise TypeError(f"no CBOR form for {type(value).__name__}")


def encode_float(value):
    """Shortest of the three widths that keeps the value (§3.5 rule 5); no NaN, no infinity."""
    if math.isnan(value):
        raise Reject("cbor.nan", "not a number")
    if math.isinf(value):
        raise Reject("cbor.infinity", "an infinite number")
    for layout, initial in _FLOAT_FORMATS.values():
        try:
            raw = struct.pack(layout, value)
        except OverflowError:
            continue
        if struct.unpack(layout, raw)[0] == value:
            return bytes([initial]) + raw
    raise AssertionError("a float keeps its own width")


def _head(major, argument):
    for info, bits in ((24, 8), (25, 16), (26, 32), (27, 64)):
        if argument < 24:
            return bytes([major << 5 | argument])
        if argument < 1 << bits:
            return bytes([major << 5 | info]) + argument.to_bytes(bits // 8, "big")
    raise Reject("cbor.unexpected_type", "an integer beyond 64 bits")
