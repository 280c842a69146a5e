"""Approvals and their constraints."""

from .. import approvals, ids, objects, verdicts
from ..errors import Reject
from .decisions import levels, provenance_of
from .registry import operation

_OPS = ("eq", "neq", "in", "not_in", "prefix", "suffix", "contains")


def _answer(verdict):
    return {"verdict": verdict[0], "reason": verdict[1]}


@operation("constraint.check")
def constraint_check(f):
    constraints = [
        {"json_pointer": c.text("json_pointer"), "op": c.choice("op", _OPS), "value": c.raw("value")}
        for c in f.objects("constraints")
    ]
    hash32 = f.hex("input_hash", 32) if f.has("input_hash") else None
    value = f.raw("input")
    approvals.check_limits(constraints, hash32)
    return _answer(approvals.verdict(approvals.check_input, constraints, hash32, value))


@operation("approval.verify")
def approval_verify(f):
    body, now, fields = f.hex("approval"), f.uint("now"), f.object("trust")
    owned = verdicts.Owned(fields.hex("owner_key", 32), fields.hex("object_id_key", 32))
    heads = {
        name: owned.read(schema, fields.hex(name))[0]
        for name, schema in (
            ("definition", "ZoneDefinitionObject"), ("policy", "ZonePolicyObject"),
            ("manifest", "ZoneKeyManifest"),
        )
    }
    if len({head["zone_id"] for head in heads.values()}) != 1:
        raise Reject("zone.heads_mismatch", "heads of different zones")
    trust = {
        **heads, "owner_key": owned.owner_key,
        "revocations": [
            owned.read("RevocationObject", each)[0] for each in fields.hexes("revocations")
        ],
    }
    value = objects.decode(approvals.APPROVAL, body)
    name = objects.id_of(body, value, owned.key)
    request = _request(f.object("request")) if f.has("request") else None
    return _answer(approvals.verdict(approvals.verify, value, body, name, now, trust, request))


def _request(f):
    name, sink = f.hex("request_object_id", 32), None
    if f.has("sink"):
        fields = f.object("sink")
        sink = ids.zone(fields.text("zone")), levels(fields)[1]
    return {
        "connector": ids.canonical(f.text("connector")),
        "operation": ids.canonical(f.text("operation")), "tier": f.text("tier"),
        "request_object_id": name, "input": f.raw("input"),
        "provenance": provenance_of(f.raw("provenance")),
        "computed": provenance_of(f.raw("computed")), "sink": sink,
        "written": f.hex("written", 32) if f.has("written") else name,
    }
