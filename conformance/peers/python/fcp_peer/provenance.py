"""Merging provenance and deciding on taint (§6, D94-D98, D101, D102).

No receipt or approval is at hand here, so no label adjustment and no taint
reduction counts (D98): effective values are the labels and taint as they stand.
"""

from . import cbor
from .errors import Reject

KNOWN_TAINT = 0b11111
PUBLIC_INPUT = 1
MAX_CROSSINGS = 64
TIERS = ("safe", "risky", "dangerous", "forbidden")


def merge(inputs):
    """§6.2, D95-D97: the provenance of what is made from several inputs."""
    if not inputs:
        raise Reject("provenance.empty", "nothing to merge")
    inputs = sorted(inputs, key=cbor.encode)
    least = min(item["integrity_label"] for item in inputs)
    taint = 0
    for item in inputs:
        taint |= item["taint"]
    out = {
        "origin_zone": min(
            item["origin_zone"] for item in inputs if item["integrity_label"] == least
        ),
        "current_zone": inputs[0]["current_zone"],
        "integrity_label": least,
        "confidentiality_label": max(item["confidentiality_label"] for item in inputs),
        "label_adjustments": [],
        "taint": taint,
        "taint_reductions": [],
        "zone_crossings": _crossings(inputs),
        "created_at": max(item["created_at"] for item in inputs),
    }
    principals = {item.get("origin_principal") for item in inputs}
    if len(principals) == 1 and None not in principals:
        out["origin_principal"] = principals.pop()
    return out


def _crossings(inputs):
    """D97: without duplicates, oldest first, the 64 newest."""
    unique = {cbor.encode(c): c for item in inputs for c in item["zone_crossings"]}
    ordered = sorted(unique.items(), key=lambda pair: (pair[1]["crossed_at"], pair[0]))
    return [crossing for _, crossing in ordered[-MAX_CROSSINGS:]]


def decide(provenance, safety_tier, target_integrity):
    """§6.2, D94, D101, D102: (decision, reason)."""
    tier = TIERS.index(safety_tier) if safety_tier in TIERS else TIERS.index("forbidden")
    if tier == TIERS.index("forbidden"):
        return "deny", "taint.forbidden_tier"
    public = provenance["taint"] & (PUBLIC_INPUT | ~KNOWN_TAINT)
    if public and tier >= TIERS.index("dangerous"):
        return "deny", "taint.public_input_dangerous"
    if tier >= TIERS.index("risky") and target_integrity > provenance["integrity_label"]:
        return "require_elevation", "taint.elevation_required"
    return "allow", "allow"
