"""Quorum sizes and coordinators (§15.1, §18.2, D171, D179)."""

from . import ids
from .blake3 import blake3
from .encode import lp
from .errors import Reject

CLASSES = ("read_only", "normal_write", "critical_write", "unanimous")


def required(n, f, operation_class):
    """§18.2, D179: the signatures that an operation class needs."""
    if n < 3 * f + 1:
        raise Reject("quorum.too_few_nodes", f"{n} nodes do not tolerate {f} faults")
    return {
        "read_only": 1,
        "normal_write": (n + f + 2) // 2,
        "critical_write": n - f,
        "unanimous": n,
    }[operation_class]


def score(zone, subject, node):
    """D171: first 8 bytes, little-endian, of the rendezvous hash."""
    digest = blake3(b"FCP2-HRW-V1" + lp(zone) + subject + lp(node))
    return int.from_bytes(digest[:8], "little")


def coordinator(zone, subject, nodes):
    """D171: the node of the highest score, the smallest id among equals."""
    ids.zone(zone)
    for node in nodes:
        ids.node(node)
    return min(nodes, key=lambda node: (-score(zone, subject, node), node))
