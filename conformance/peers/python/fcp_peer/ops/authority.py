"""Capability tokens and proof of possession."""

from .. import ids, objects, tokens, verdicts
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


@operation("token.verify")
def token_verify(f):
    shown, trust = f.object("audience"), read_trust(f.object("trust"))
    audience = {
        "zone": shown.text("zone"), "connector": shown.text("connector"),
        "instance": shown.text("instance") if shown.has("instance") else None,
        "binary": shown.hex("binary", 32) if shown.has("binary") else None,
        "tier": shown.text("tier"),
    }
    verdict, reason, mode = verdicts.verify(f.hex("cwt"), f.uint("now"), audience, trust)
    out = {"verdict": verdict, "reason": reason}
    return {**out, "mode": mode} if mode else out


def read_trust(f):
    owned = verdicts.Owned(f.hex("owner_key", 32), f.hex("object_id_key", 32))
    definition, _ = owned.read("ZoneDefinitionObject", f.hex("definition"))
    policy, policy_id = owned.read("ZonePolicyObject", f.hex("policy"))
    manifest, manifest_id = owned.read("ZoneKeyManifest", f.hex("manifest"))
    if not definition["zone_id"] == policy["zone_id"] == manifest["zone_id"]:
        raise Reject("zone.heads_mismatch", "heads of different zones")
    grants = [owned.read("CapabilityObject", body) for body in f.hexes("grants")]
    freshness = f.object("freshness")
    return {
        "object_id_key": owned.key, "definition": definition, "policy": policy,
        "manifest_id": manifest_id, "policy_id": policy_id, "owner_key": owned.owner_key,
        "attestations": [
            owned.read("NodeKeyAttestation", body, objects.PUBLIC_KEY)
            for body in f.hexes("attestations")
        ],
        "enrollments": [
            owned.read("DeviceEnrollment", body, objects.PUBLIC_KEY)
            for body in f.hexes("enrollments")
        ],
        "revocations": [
            owned.read("RevocationObject", body)[0] for body in f.hexes("revocations")
        ],
        "grants": {name: value for value, name in grants},
        "capabilities": dict(_capability(item) for item in f.objects("capabilities")),
        "checkpoint": _checkpoint(f.object("checkpoint")) if f.has("checkpoint") else None,
        "known_checkpoints": [
            (item.uint("seq"), item.hex("id", 32)) for item in _objects(f, "known_checkpoints")
        ],
        "forks": [as_bytes(item, 32, "forks") for item in f.list("forks")] if f.has("forks") else [],
        "freshness": {
            "max_checkpoint_age_secs": freshness.uint("max_checkpoint_age_secs"),
            "allow_safe_ops_in_degraded_mode": freshness.bool(
                "allow_safe_ops_in_degraded_mode", None
            ),
            "allow_risky_ops_with_interactive_override": freshness.bool(
                "allow_risky_ops_with_interactive_override", None
            ),
        },
    }


def _objects(f, name):
    return f.objects(name) if f.has(name) else []


def _checkpoint(f):
    return {
        "id": f.hex("id", 32), "seq": f.uint("seq"), "created_at": f.uint("created_at"),
        "complete": f.bool("complete", True),
    }


def _capability(f):
    conflicts = [as_text(item) for item in f.list("conflicts_with")] if f.has("conflicts_with") else []
    for name in (f.text("id"), *conflicts):
        ids.canonical(name)
    return f.text("id"), {"safety_tier": f.text("safety_tier"), "conflicts_with": conflicts}


@operation("pop.transcript")
def pop_transcript(f):
    return {
        "transcript": tokens.pop_transcript(
            f.hex("jti", 16), f.hex("request_object_id", 32), f.hex("nonce", 16)
        )
    }
