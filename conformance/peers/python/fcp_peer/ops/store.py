"""What a node keeps, who holds what, and how that is mended."""

from .. import ids, store
from ..errors import BadRequest
from ..fields import Fields
from .registry import operation

MAX_SYMBOLS = 65_536


def _retention(f):
    """`pinned`, nothing for `ephemeral`, or when a lease is over."""
    value = f.raw("retention")
    if isinstance(value, str):
        return {"pinned": "pinned", "ephemeral": None}[f.choice("retention", ("pinned", "ephemeral"))]
    return Fields(value, "retention").object("lease").uint("expires_at")


def _reputation(f):
    points = f.raw("reputation") if f.has("reputation") else 0
    if not isinstance(points, int) or isinstance(points, bool) or not -1000 <= points <= 1000:
        raise BadRequest("`reputation` is not from -1000 to 1000")
    return points


def _object(f):
    return {
        "id": f.hex("id", 32),
        "refs": f.hexes("refs", 32),
        "prev": f.hex("prev", 32) if f.has("prev") else None,
        "target": f.hex("target", 32) if f.has("target") else None,
        "retention": _retention(f),
        "bytes": f.uint("bytes"),
        "received_at": f.uint("received_at"),
        "reputation": _reputation(f),
    }


@operation("gc.run")
def gc_run(f):
    objects = [_object(item) for item in f.objects("objects")]
    roots = [*f.hexes("roots", 32), *f.hexes("pins", 32)]
    live, gone, above = store.collect(objects, roots, f.uint("quota_bytes"), f.uint("now"))
    return {
        "live": live,
        "evicted": [name for name, _ in gone],
        "reasons": [reason for _, reason in gone],
        "over_quota_bytes": above,
    }


def _nodes(f, name):
    nodes = f.texts(name)
    for node in nodes:
        ids.node(node)
    return nodes


def _policy(f):
    p = f.object("policy")
    fraction = p.uint("max_node_fraction_bps", 16)
    if fraction > 10_000:
        raise BadRequest("`max_node_fraction_bps` is more than 10000")
    return {
        "min_nodes": p.uint("min_nodes", 8),
        "max_node_fraction_bps": fraction,
        "target_coverage_bps": p.uint("target_coverage_bps", 32),
        "preferred": _nodes(p, "preferred") if p.has("preferred") else [],
        "excluded": _nodes(p, "excluded") if p.has("excluded") else [],
    }


def _small(f, policy):
    k = f.uint("k", 16)
    total = -(-k * policy["target_coverage_bps"] // 10_000)
    if MAX_SYMBOLS < total <= store.MAX_ESI:
        raise BadRequest(f"more than {MAX_SYMBOLS} symbols")
    return k


@operation("placement.spread")
def placement_spread(f):
    policy = _policy(f)
    runs = store.spread(policy, _nodes(f, "nodes"), _small(f, policy))
    return {"runs": [{"node": node, "first": first, "count": count} for node, first, count in runs]}


@operation("repair.plan")
def repair_plan(f):
    policy = _policy(f)
    k, listed = _small(f, policy), f.object("holdings")
    held = {}
    for name in f.raw("holdings"):
        ids.node(name)
        held[name] = set(listed.uints(name, 32))
    this = f.text("this")
    ids.node(this)
    nodes = _nodes(f, "nodes")
    adds, drops, enough = store.rebalance(policy, nodes, k, held)
    fetched = {}
    if adds and not f.bool("whole", False):
        fetched = store.fetch(nodes, k, held, this)
    return {
        "adds": adds, "drops": drops, "fetch": fetched or {}, "out_of_reach": fetched is None,
        "enough_nodes": enough,
    }
