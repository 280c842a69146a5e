"""JSON text <-> CBOR values (D28).

From text: a number token without `.`, `e` or `E` that fits i64 or u64 is an
integer, any other token is a float; keys are text and unique. To text: compact,
keys in the order of their CBOR encoding, byte strings as ``{"$hex":"..."}``.
"""

import json

from .errors import Reject

_INT_MIN, _INT_MAX = -(1 << 63), (1 << 64) - 1


def from_text(text, floats=True):
    """The value of a JSON text."""

    def parse_float(token):
        if not floats:
            raise Reject("cbor.float_not_allowed", f"`{token[:40]}`")
        return float(token)

    def parse_int(token):
        # 20 characters hold every i64 and u64; a longer token cannot fit.
        value = int(token) if len(token) <= 20 else None
        if value is not None and _INT_MIN <= value <= _INT_MAX:
            return value
        return parse_float(token)

    def parse_constant(token):
        raise Reject("cbor.json_syntax", f"`{token}` is not JSON")

    def parse_object(pairs):
        out = dict(pairs)
        if len(out) != len(pairs):
            raise Reject("cbor.duplicate_key", "an object repeats a key")
        return out

    try:
        return json.loads(
            text, parse_float=parse_float, parse_int=parse_int,
            parse_constant=parse_constant, object_pairs_hook=parse_object,
        )
    except RecursionError:
        raise Reject("cbor.too_deep", "nested too deeply") from None
    except ValueError as error:
        raise Reject("cbor.json_syntax", f"not JSON: {error}") from None


def to_text(value):
    """The JSON text of a decoded value."""
    out = []
    _write(value, out.append)
    return "".join(out)


def _write(value, put):
    if isinstance(value, bytes):
        put('{"$hex":"' + value.hex() + '"}')
    elif isinstance(value, float):
        put(float_token(value))
    elif isinstance(value, list):
        put("[")
        for index, item in enumerate(value):
            put("," if index else "")
            _write(item, put)
        put("]")
    elif isinstance(value, dict):
        put("{")
        for index, (key, item) in enumerate(value.items()):
            if not isinstance(key, str):
                raise Reject("cbor.key_type", f"key {key!r:.80}")
            put("," if index else "")
            put(json.dumps(key, ensure_ascii=False) + ":")
            _write(item, put)
        put("}")
    else:
        put(json.dumps(value, ensure_ascii=False))


def float_token(value):
    """Shortest digits that round-trip, always with `.` or `e` so that it stays a float.

    Plain notation from 1e-5 up to below 1e16, otherwise `1e16`, `1.5e-7`.
    """
    mantissa, _, exponent = repr(value).partition("e")
    if not exponent:
        return mantissa
    if int(exponent) == -5:
        sign = "-" if mantissa.startswith("-") else ""
        return f"{sign}0.0000{mantissa.lstrip('-').replace('.', '')}"
    return f"{mantissa}e{int(exponent)}"
