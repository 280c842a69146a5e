"""The decision about a whole call."""

from .. import calls, ids, objects, sign, verdicts
from ..errors import Reject
from .authority import read_trust
from .decisions import provenance_of
from .registry import operation

_CLASSES = ("none", "best_effort", "strict")
_MODES = ("none", "policy", "interactive", "approval_required")


@operation("authorize")
def authorize(f):
    header, body = f.hex("header"), f.hex("request")
    node = _node(f)
    head = objects.header(header)
    objects.expect_schema(body, objects.known("InvokeRequest"))
    request = objects.decode(("fcp.core", "InvokeRequest", "2.0.0"), body)
    name = calls.request_id(header, request, node["trust"]["object_id_key"])
    verdict, found = calls.authorize({"header": head, "request": request, "id": name}, node)
    if verdict == "deny":
        return {"verdict": verdict, "reason": found}
    return {"verdict": verdict, "reason": "allow", **found}


def _node(f):
    trust = read_trust(f.object("trust"))
    key = trust["object_id_key"]
    approvals = [_object("ApprovalToken", body, key) for body in f.hexes("approvals")]
    resources = [_resource(body, trust) for body in f.hexes("resources")]
    return {
        "trust": trust, "now": f.uint("now"), "node": ids.node(f.text("node")),
        "binary": f.hex("binary", 32) if f.has("binary") else None,
        "challenge": f.hex("challenge", 16) if f.has("challenge") else None,
        "operations": dict(_rule(item) for item in f.objects("operations")),
        "used_proofs": [
            (item.hex("jti", 16), item.hex("request_object_id", 32), item.hex("nonce", 16))
            for item in f.objects("used_proofs")
        ],
        "approvals": {name: (value, body) for value, body, name in approvals},
        "resources": dict(resources),
        "provenances": {
            item.hex("id", 32): provenance_of(item.raw("provenance"))
            for item in f.objects("provenances")
        },
        "marks": [_mark(item) for item in f.objects("marks")],
        "client": f.choice("client", ("person", "agent")),
        "ingress": f.choice("ingress", ("user", "public")),
        "spent": dict(_spent(item) for item in f.objects("spent")),
    }


def _object(name, body, key):
    value = objects.decode(("fcp.core", name, "2.0.0"), body)
    return value, body, objects.id_of(body, value, key)


def _resource(body, trust):
    """D105: signed by the node that ran the connector."""
    value, _, name = _object("ResourceObject", body, trust["object_id_key"])
    for attestation, _ in verdicts.attested(trust, value["executed_by"]):
        try:
            sign.verify_object(attestation["node_sig_pubkey"], body)
            return name, value
        except Reject:
            continue
    raise Reject("sign.bad_signature", "not of the node that ran the connector")


def _rule(f):
    name = ids.canonical(f.text("connector")), ids.canonical(f.text("operation"))
    tier = f.text("tier")
    return name, {
        "capability": ids.canonical(f.text("capability")),
        "tier": tier if tier in ("safe", "risky", "dangerous") else "forbidden",
        "idempotency": f.choice("idempotency", _CLASSES), "approval": f.choice("approval", _MODES),
        "reach": f.choice("reach", ("mesh", "outside")),
    }


def _mark(f):
    ids.zone(f.text("zone"))
    at = ids.node(f.text("holder_node")) if f.has("holder_node") else None
    return ids.canonical(f.text("sub")), at, provenance_of(f.raw("provenance"))


def _spent(f):
    name = f.hex("grant", 32) if f.has("grant") else f.hex("jti", 16)
    return name, (f.uint("calls", 32), f.uint("bytes"))
