"""Budgets, answers to requests, quarantine, source diversity."""

import ipaddress

from .. import admission, ids
from ..errors import BadRequest, Reject
from ..fields import as_text
from .registry import operation

_CHARGES = ("bytes", "symbols", "failed_auth", "begin_decode", "end_decode", "work", "answer")


@operation("budget.run")
def budget_run(f):
    budget = f.object("budget")
    symbols, failures = budget.uint("max_symbols_per_min", 32), budget.uint("max_failed_auth_per_min", 32)
    max_bytes = budget.uint("max_bytes_per_min")
    limits = {
        "bytes": max_bytes, "answer": max_bytes, "symbols": symbols, "failed_auth": failures,
        "inflight_decodes": budget.uint("max_inflight_decodes", 32),
        "work": budget.uint("max_decode_cpu_ms_per_min") * admission.WORK_PER_MS,
    }
    steps = [
        (ids.node(s.text("peer")), s.uint("at_ms"), s.choice("charge", _CHARGES),
         s.uint("amount") if s.has("amount") else 1)
        for s in f.objects("steps")
    ]
    peers, outcomes = {}, []
    for peer, *step in steps:
        account = peers.setdefault(peer, admission.Budget(limits))
        outcomes.append(account.run(*step) or "allow")
    return {"outcomes": outcomes}


@operation("request.bound")
def request_bound(f):
    authenticated = f.bool("authenticated", None)
    symbols, size = admission.bound(
        authenticated, f.uint("max_symbols", 32), f.uint("proof_of_need", 32), f.uint("k", 16),
        f.uint("bytes_in"),
    )
    return {"symbols": symbols} if size is None else {"symbols": symbols, "bytes": size}


def _esis(step, name, most):
    """D71, D134, D200: strictly ascending and bounded."""
    if not step.has(name):
        return None
    esis = step.uints(name, 32)
    if sorted(set(esis)) != esis or len(esis) > most or any(esi >= 1 << 24 for esi in esis):
        raise Reject("symbol.bad_want", f"`{name}`")
    return tuple(esis)


def _address(text):
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        raise BadRequest("`from` is no address") from None


def _event(step):
    """The responder's method and its arguments."""
    obj, at = step.hex("object", 32), step.uint("at")
    kind, missing = step.choice("kind", ("request", "status", "ack")), _esis(step, "missing", 256)
    if kind == "ack":
        return kind, (ids.node(step.text("peer")), obj)
    if kind == "status":
        progress = step.uint("received", 32), step.uint("required", 32)
        return kind, (ids.node(step.text("peer")), obj, *progress, missing)
    asked = (
        step.uint("max_symbols", 32), _esis(step, "want", 1024), missing,
        step.uint("stop_after", 32) if step.has("stop_after") else None,
    )
    if step.has("from"):
        return "stranger", (_address(step.text("from")), step.uint("bytes_in"), *asked)
    return kind, (ids.node(step.text("peer")), at, obj, *asked)


@operation("request.run")
def request_run(f):
    responder = admission.Responder(
        f.uint("k", 16), f.uint("bytes_per_symbol"), f.uint("first", 32), f.uints("held", 32),
        f.bool("open_to_strangers", False),
    )
    events = [_event(step) for step in f.objects("steps")]
    return {"answers": [getattr(responder, kind)(*arguments) for kind, arguments in events]}


@operation("quarantine.run")
def quarantine_run(f):
    policy, reputations = f.object("policy"), f.raw("reputations")
    if not isinstance(reputations, dict) or not all(type(v) is int for v in reputations.values()):
        raise BadRequest("`reputations` are no whole numbers of peers")
    store = admission.Quarantine(
        policy.uint("max_quarantine_bytes_per_zone"), policy.uint("max_quarantine_objects_per_zone", 32),
        policy.uint("max_quarantine_bytes_per_peer"), policy.uint("max_quarantine_objects_per_peer", 32),
        policy.uint("quarantine_ttl_secs"),
        {ids.node(peer): max(-1000, min(1000, points)) for peer, points in reputations.items()},
    )
    outcomes = []
    for step in f.objects("steps"):
        at = step.uint("at")
        peer = ids.node(step.text("peer")) if step.has("peer") else None
        obj = step.hex("object", 32) if step.has("object") else None
        size = step.uint("bytes") if step.has("bytes") else None
        if None not in (peer, obj, size):
            gone = store.add(at, peer, obj, size)
        elif size is not None or (peer and obj):
            raise BadRequest("a step that neither adds nor forgets")
        elif peer or obj:
            gone = store.take("forgotten", lambda p, o, _, peer=peer, obj=obj: peer == p or obj == o)
        else:
            gone = store.expire(at)
        outcomes.append(gone if isinstance(gone, str) else [
            {"peer": p, "object": o, "why": why} for p, o, why in gone
        ])
    return {
        "outcomes": outcomes, "objects": len(store.entries),
        "bytes": sum(size for _, size in store.entries.values()),
    }


@operation("diversity.verify")
def diversity_verify(f):
    policy, zones = f.object("policy"), f.raw("zones")
    if not isinstance(zones, dict) or not all(isinstance(v, list) for v in zones.values()):
        raise BadRequest("`zones` are no lists of zones")
    attested = {
        ids.node(node): {ids.zone(as_text(zone, "zones")) for zone in listed}
        for node, listed in zones.items()
    }
    figures, reason = admission.diversity(
        policy.uint("min_nodes", 8), policy.uint("min_zones", 8), policy.uint("max_node_fraction_bps", 16),
        [(ids.node(s.text("source")), s.uint("esi", 32)) for s in f.objects("symbols")], attested,
    )
    return {**figures, "verdict": "allow" if reason == "allow" else "deny", "reason": reason}
