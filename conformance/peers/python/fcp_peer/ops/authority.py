"""Capability tokens and proof of possession."""

from .. import tokens
from ..errors import BadRequest, Reject
from ..fields import Fields, as_bytes, as_text, as_uint, to_json
from .registry import operation

# Claims by the form of their JSON; node ids are text here and byte strings inside.
_HEX = {"cti": 16, "chk_id": 32, "aud_binary": 32}
_UINTS = ("exp", "iat", "chk_seq")
_NODES = ("iss_node", "holder_node")
# 64-bit fields of CapabilityConstraints, which may arrive as decimal strings.
_WIDE = ("max_bytes", "max_response_bytes")


def claims_from_json(value):
    """The claims map of a request."""
    fields, claims = Fields(value, "claims"), {}
    for name in value:
        if name not in tokens.KEYS:
            raise Reject("token.unknown_claim", f"`{name:.40}`")
        if name in _HEX:
            claim = fields.hex(name, _HEX[name])
        elif name in _UINTS:
            claim = fields.uint(name)
        elif name in _NODES:
            claim = fields.text(name).encode()
        elif name == "grant_object_ids":
            claim = [as_bytes(item, 32, name) for item in fields.list(name)]
        elif name == "caps":
            claim = fields.list(name)
        elif name == "attenuation":
            claim = _constraints(fields.raw(name))
        else:
            claim = as_text(fields.raw(name), name)
        claims[tokens.KEYS[name]] = claim
    return claims


def claims_to_json(claims):
    """The names and forms of `claims_from_json`, in claim order."""
    out = {}
    for key, value in claims.items():
        name = tokens.CLAIMS[key]
        out[name] = value.decode() if name in _NODES else to_json(value)
    return out


def _constraints(value):
    if isinstance(value, dict):
        return {
            key: as_uint(item, 64, key) if key in _WIDE else _constraints(item)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_constraints(item) for item in value]
    return value


@operation("token.mint")
def token_mint(f):
    value = f.raw("claims")
    if not isinstance(value, dict):
        raise BadRequest("`claims` is not an object")
    cwt = tokens.mint(claims_from_json(value), f.hex("kid", 8), f.hex("secret", 32))
    return {"cwt": cwt}


@operation("token.decode")
def token_decode(f):
    claims, kid = tokens.decode(f.hex("cwt"))
    return {"claims": claims_to_json(claims), "kid": kid}


@operation("pop.transcript")
def pop_transcript(f):
    return {
        "transcript": tokens.pop_transcript(
            f.hex("jti", 16), f.hex("request_object_id", 32), f.hex("nonce", 16)
        )
    }
