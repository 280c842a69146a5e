"""Filters, tables and digests of what nodes hold."""

from .. import gossip
from ..errors import BadRequest
from .registry import operation


def _keys(f, name):
    keys = f.hexes(name)
    if any(len(key) != 32 and not gossip.is_symbol(key) for key in keys):
        raise BadRequest(f"`{name}` has something that is neither an object nor a symbol")
    return keys


def _items(f, name):
    return {gossip.item(key) for key in _keys(f, name)}


@operation("xor.build")
def xor_build(f):
    return {"filter": gossip.build_filter(_items(f, "keys"), f.uint("seed"))}


@operation("xor.query")
def xor_query(f):
    keys = _keys(f, "keys")
    filter_ = gossip.Filter(f.hex("filter"))
    return {"hits": [gossip.item(key) in filter_ for key in keys]}


@operation("iblt.diff")
def iblt_diff(f):
    ours = _items(f, "ours")
    if f.has("table"):
        table = gossip.Table.read(f.hex("table"))
    else:
        theirs = _items(f, "theirs")
        table = gossip.Table(f.uint("cells", 32))
        for item in theirs:
            table.add(item)
    only_ours, only_theirs, data = gossip.difference(ours, table)
    return {
        "only_ours": [gossip.key(item) for item in only_ours],
        "only_theirs": [gossip.key(item) for item in only_theirs],
        "our_table": data,
    }


@operation("gossip.digest")
def gossip_digest(f):
    size = {"objects": 32, "symbols": 36}[f.choice("set", ("objects", "symbols"))]
    keys = _keys(f, "items")
    if any(len(key) != size for key in keys):
        raise BadRequest("`items` has one of another set")
    return {"digest": gossip.digest(keys)}
