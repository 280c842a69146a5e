"""Capability tokens: CWT claims in COSE_Sign1 (§7.5, D107-D110, D111, D113)."""

from . import cbor, ids, objects, schema, sign
from .blake3 import blake3
from .errors import Reject
from .shapes import bstr, ident, seq, struct, uint

# §7.5.1, D107, D108: claim key -> name in the adapter's JSON.
CLAIMS = {
    1: "iss", 2: "sub", 3: "aud", 4: "exp", 6: "iat", 7: "cti",
    1000: "iss_node", 1001: "grant_object_ids", 1002: "caps", 1003: "attenuation",
    1004: "holder_node", 1005: "chk_id", 1006: "chk_seq", 1007: "aud_binary",
    1008: "instance",
}
KEYS = {name: key for key, name in CLAIMS.items()}
REQUIRED = (1, 2, 3, 4, 6, 7, 1000, 1001, 1002)
SIGNATURE_LEN = 64
MAX_LIFETIME = 86_400

_CAP = struct(capability=ident(ids.canonical), operation_=ident(ids.canonical))


def _node_bytes(value):
    """D107: a node id travels as a byte string of its text."""
    bstr()(value)
    ids.node(value.decode("latin-1"))


def _ascending(item, least=0):
    """An array of at least `least` elements, strictly ascending by their encoding."""
    array = seq(item, least)

    def shape(value):
        array(value)
        encoded = [cbor.encode(element) for element in value]
        if any(a >= b for a, b in zip(encoded, encoded[1:])):
            raise Reject("token.bad_claim", "not sorted and unique")

    return shape


_SHAPES = {
    1: ident(ids.zone), 2: ident(ids.canonical), 3: ident(ids.canonical),
    4: uint(64), 6: uint(64), 7: bstr(16), 1000: _node_bytes,
    1001: _ascending(bstr(32)), 1002: _ascending(_CAP, 1), 1003: schema.CONSTRAINTS,
    1004: _node_bytes, 1005: bstr(32), 1006: uint(64), 1007: bstr(32),
    1008: ident(ids.canonical),
}


def check_claims(claims):
    """D107, D108: known keys, their types, what is required; D111: chk_* both or neither."""
    if not isinstance(claims, dict):
        raise Reject("token.malformed", "the payload is not a map")
    for key, value in claims.items():
        if key not in _SHAPES:
            raise Reject("token.unknown_claim", f"claim {key!r:.80}")
        try:
            _SHAPES[key](value)
        except Reject as reject:
            message = f"claim `{CLAIMS[key]}`: {reject.message}"
            raise Reject("token.bad_claim", message) from None
    for key in REQUIRED:
        if key not in claims:
            raise Reject("token.missing_claim", f"`{CLAIMS[key]}`")
    if (1005 in claims) != (1006 in claims):
        raise Reject("token.missing_claim", "`chk_id` and `chk_seq` come together")


def protected_header(kid):
    """D109: exactly {1: -8, 4: kid}."""
    return cbor.encode({1: -8, 4: kid})


def sig_structure(protected, payload):
    """D109, RFC 9052 §4.4."""
    return cbor.encode(["Signature1", protected, b"", payload])


def mint(claims, kid, seed):
    """The COSE_Sign1 bytes of a claims map; lists are put in their order first."""
    claims = dict(claims)
    for key in (1001, 1002):
        if isinstance(claims.get(key), list):
            claims[key] = sorted(claims[key], key=cbor.encode)
    check_claims(claims)
    if not 0 < claims[4] - claims[6] <= MAX_LIFETIME:
        raise Reject("token.bad_lifetime", "no time, or more than a day")  # D112
    if 1005 not in claims and claims[1] != "z:public":
        raise Reject("token.checkpoint_missing", "only z:public goes without")  # D111
    protected, payload = protected_header(kid), cbor.encode(claims)
    signature = sign.sign(seed, sig_structure(protected, payload))
    return cbor.encode([protected, {}, payload, signature])


def decode(cwt):
    """(claims map, kid) of a token in the one form of D109; its signature is not judged."""
    parts = _canonical(cwt)
    if not isinstance(parts, list) or len(parts) != 4:
        raise Reject("token.malformed", "not an array of four")
    protected, unprotected, payload, signature = parts
    if not all(isinstance(part, bytes) for part in (protected, payload, signature)):
        raise Reject("token.malformed", "a part that is not a byte string")
    if unprotected != {}:
        raise Reject("token.malformed", "the unprotected header is not empty")
    if len(signature) != SIGNATURE_LEN:
        raise Reject("token.malformed", "a signature is 64 bytes")
    kid = protected[-8:]
    if len(protected) != len(protected_header(bytes(8))) or protected != protected_header(kid):
        raise Reject("token.malformed", "the protected header is not {1: -8, 4: kid}")
    claims = _canonical(payload)
    check_claims(claims)
    return claims, kid


def verify_signature(cwt, public_key):
    """D109: the issuer signs the Sig_structure of the bytes as received."""
    protected, _, payload, signature = cbor.decode(cwt)
    sign.verify(public_key, sig_structure(protected, payload), signature)


def token_id(cwt, key):
    """D110: the id of what is signed, in the token's zone."""
    protected, _, payload, _ = cbor.decode(cwt)
    content = cbor.encode([protected, payload])
    zone = cbor.decode(payload)[1]
    return objects.object_id(content, zone, objects.known("CapabilityToken"), key)


def pop_transcript(jti, request_object_id, nonce):
    """§7.5(4), D114: what the holder signs."""
    return blake3(b"fcp.token.pop.v2" + jti + request_object_id + nonce)


def _canonical(data):
    try:
        return cbor.decode(data, floats=False)
    except Reject as reject:
        raise Reject("token.malformed", f"{reject.code}: {reject.message}") from None
