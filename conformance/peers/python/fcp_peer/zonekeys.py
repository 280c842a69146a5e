"""Keys of a zone: sender subkeys, epoch keys, manifests (§4.3.1, §5.2, D55, D91)."""

from . import hpke, ids, objects, sign
from .encode import u64
from .errors import Reject
from .kdf import expand, extract, hkdf

EPOCH_SECS = 300
MAX_RATCHET_STEPS = 1 << 20


def subkey(zone_key, zone_key_id, sender, instance):
    """§4.3.1, D55: the key that one sender instance seals under."""
    info = b"FCP2-SENDER-KEY-V1" + ids.node(sender).encode() + u64(instance)
    return hkdf(zone_key_id, zone_key, info)


def epoch_key(zone_key, zone_key_id, valid_from, epoch):
    """D91: the ratchet's key of one epoch, from the zone key of a manifest."""
    first = valid_from // EPOCH_SECS
    if epoch < first:
        raise Reject("zone_key.no_epoch_key", "an epoch before the manifest")
    if epoch - first > MAX_RATCHET_STEPS:
        raise Reject("zone_key.ratchet_too_far", "more than 2^20 ratchet steps")
    chain = extract(zone_key_id, zone_key)
    for _ in range(epoch - first):
        chain = expand(chain, b"FCP2-EPOCH-CHAIN-V1", 32)
    return expand(chain, b"FCP2-EPOCH-KEY-V1" + u64(epoch), 32)


def unwrap_manifest(manifest, node, secret, owner_key):
    """§5.2, D36, D37, D201: (zone key, object id key) of a manifest for one node.

    In the order schema, fields, zone, owner signature, boxes.
    """
    ids.node(node)
    value = objects.decode(("fcp.core", "ZoneKeyManifest", "2.0.0"), manifest)
    sign.verify_object(owner_key, manifest)
    kid = sign.kid(hpke.x25519_public(secret))

    def unwrap(entries, purpose):
        for entry in entries:
            if entry["node_id"] == node and entry["node_enc_kid"] == kid:
                context = hpke.aad(value["zone_id"], node, purpose, entry["issued_at"])
                key = hpke.open_box(secret, context, entry["sealed_key"])
                if len(key) != 32:
                    raise Reject("zone_key.length", "the sealed key is not 32 bytes")
                return key
        raise Reject("zone_key.not_a_member", f"nothing is sealed to `{node}` under this key")

    return (
        unwrap(value["wrapped_keys"], "FCP2-ZONE-KEY"),
        unwrap(value["wrapped_object_id_keys"], "FCP2-OBJECTID-KEY"),
    )
