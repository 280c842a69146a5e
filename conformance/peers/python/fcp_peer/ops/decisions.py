"""Decision functions: lattice, policy, taint, quorums, error codes."""

from .. import errorcodes, ids, pointer, policy, provenance, quorum, schema, transport, zones
from ..errors import BadRequest, Reject
from ..fields import Fields, as_bytes, as_uint
from .registry import operation


def levels(f):
    return f.uint("integrity", 8), f.uint("confidentiality", 8)


@operation("lattice.flow")
def lattice_flow(f):
    return {"verdict": zones.flow(levels(f.object("from")), levels(f.object("to")))}


@operation("policy.evaluate")
def policy_evaluate(f):
    rules = f.object("policy")
    lists = {name: rules.texts(name) for _, *pair in policy.DIMENSIONS for name in pair}
    decision, reason = policy.evaluate(
        {**lists, "default_deny": rules.bool("default_deny", True)},
        {name: f.text(name) for name, *_ in policy.DIMENSIONS},
    )
    return {"decision": decision, "reason": reason}


@operation("glob.match")
def glob_match(f):
    return {"matches": policy.glob_match(f.text("pattern"), f.text("text"))}


@operation("pointer.eval")
def pointer_eval(f):
    return {"value": Raw(pointer.evaluate(f.text("pointer"), f.raw("json")))}


class Raw:
    """A JSON value to hand back as it is."""

    def __init__(self, value):
        self.value = value


# Fields of Provenance (§6.1) that are byte strings or wide integers in CBOR.
_IDS = ("by_approval", "by_receipt", "authorized_by")
_WIDE = ("created_at", "applied_at", "crossed_at")


def provenance_of(value):
    """A Provenance of the request, with ids as bytes; its fields checked."""

    def convert(item):
        if isinstance(item, list):
            return [convert(element) for element in item]
        if not isinstance(item, dict):
            return item
        out = {}
        for key, element in item.items():
            if key in _IDS:
                out[key] = as_bytes(element, 32, key)
            else:
                out[key] = as_uint(element, 64, key) if key in _WIDE else convert(element)
        return out

    converted = convert(value)
    try:
        schema.PROVENANCE(converted)
    except Reject as reject:
        if reject.code.startswith("id."):
            raise
        raise BadRequest(f"not a provenance: {reject.message}") from None
    return converted


@operation("provenance.merge")
def provenance_merge(f):
    merged = provenance.merge([provenance_of(item) for item in f.list("inputs")])
    return {"provenance": merged}


@operation("provenance.effective")
def provenance_effective(f):
    """D98: without receipts and approvals at hand, the labels as they stand."""
    return {"labels": [
        {"integrity": item["integrity_label"], "confidentiality": item["confidentiality_label"],
         "taint": item["taint"]}
        for item in map(provenance_of, f.list("inputs"))
    ]}


@operation("transport.select")
def transport_select(f):
    explicit = None
    if f.has("policy"):
        fields = f.object("policy")
        explicit = {name: fields.bool(name, None) for name in transport.FLAGS}
    paths = [(p.text("id"), p.choice("class", transport.CLASSES)) for p in f.objects("paths")]
    return {"paths": transport.select(explicit, levels(f.object("levels")), paths)}


@operation("taint.decide")
def taint_decide(f):
    integrity, _ = levels(f.object("target"))
    decision, reason = provenance.decide(
        provenance_of(f.raw("provenance")), f.text("safety_tier"), integrity
    )
    return {"decision": decision, "reason": reason}


@operation("quorum.required")
def quorum_required(f):
    operation_class = f.choice("class", quorum.CLASSES)
    return {"signatures": quorum.required(f.uint("n", 32), f.uint("f", 32), operation_class)}


@operation("lease.coordinator")
def lease_coordinator(f):
    nodes = f.texts("nodes")
    if not nodes:
        raise BadRequest("`nodes` is empty")
    return {"node": quorum.coordinator(f.text("zone"), f.hex("subject", 32), nodes)}


@operation("error.lookup")
def error_lookup(f):
    span, category, symbol = errorcodes.lookup(f.text("code"))
    out = {"range": span, "category": category}
    return {**out, "symbol": symbol} if symbol else out


@operation("coverage.evaluate")
def coverage_evaluate(f):
    """§21.3, D184: in basis points, rounded down; 0 of nothing."""
    k, held = f.uint("k", 16), f.raw("holdings")
    if not isinstance(held, dict):
        raise BadRequest("`holdings` is not an object")
    listed = Fields(held, "holdings")
    symbols = {ids.node(name): set(listed.uints(name, 32)) for name in held}
    distinct, total = set().union(*symbols.values()), sum(map(len, symbols.values()))
    largest = max(map(len, symbols.values()), default=0)
    out = {
        "distinct_nodes": sum(1 for esis in symbols.values() if esis),
        "max_node_fraction_bps": 10_000 * largest // total if total else 0,
        "coverage_bps": 10_000 * len(distinct) // k if k else 0,
    }
    out["is_available"] = out["coverage_bps"] >= 10_000
    if f.has("policy"):
        wanted = f.object("policy")
        out["satisfies"] = (
            out["distinct_nodes"] >= wanted.uint("min_nodes", 8)
            and out["max_node_fraction_bps"] <= wanted.uint("max_node_fraction_bps", 16)
            and out["coverage_bps"] >= wanted.uint("target_coverage_bps", 32)
        )
    return out
