"""Zone hashes, Tailscale tags and the integrity/confidentiality lattice (§3.4, §5.1)."""

import re

from . import ids
from .blake3 import blake3
from .errors import Reject

TAG_PREFIX = "tag:fcp-"
_TAG_SUFFIX = re.compile(r"[a-z0-9-]+")


def zone_hash(zone):
    """§3.4: BLAKE3-256("FCP2-ZONE-ID-V1" ‖ zone id)."""
    return blake3(b"FCP2-ZONE-ID-V1" + ids.zone(zone).encode())


def tag(zone):
    """§3.4, D22: the derived tag, where the zone's suffix is legal in one."""
    suffix = ids.zone(zone)[2:]
    if not _TAG_SUFFIX.fullmatch(suffix):
        raise Reject("id.tag_not_derivable", f"`{zone}` has no derived tag")
    return TAG_PREFIX + suffix


def from_tag(text):
    """D22: the zone of a derived tag, validated again by D21."""
    if not text.startswith(TAG_PREFIX):
        raise Reject("id.tag_not_derivable", f"a derived tag begins with `{TAG_PREFIX}`")
    zone = ids.zone("z:" + text[len(TAG_PREFIX):])
    tag(zone)
    return zone


def flow(source, target):
    """§5.1: what data needs on its way between two (integrity, confidentiality) pairs."""
    elevation = target[0] > source[0]
    declassification = target[1] < source[1]
    if elevation and declassification:
        return "needs_both"
    if elevation:
        return "needs_elevation"
    return "needs_declassification" if declassification else "allow"
