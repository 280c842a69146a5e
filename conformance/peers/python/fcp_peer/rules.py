"""Rules between the fields of one object, and the references in its header (G8)."""

import re

from . import gossip, quorum
from .errors import Reject
from .schema import ephemeral, linked


def _expect(good, code, message):
    if not good:
        raise Reject(code, message)


def _chained(value, code):
    """D167, D185: the first has sequence 1 and nothing before it, every other has."""
    _expect(value["seq"] >= 1 and ("prev" in value) == (value["seq"] > 1), code, "seq and prev")


def _checkpoint(value):
    """D34, D32."""
    seq_, prev = value["checkpoint_seq"], "prev_checkpoint" in value
    _expect(seq_ >= 1 and prev == (seq_ > 1), "checkpoint.bad_sequence", "seq and prev")
    for head in ("rev", "audit"):
        empty = not any(value[f"{head}_head"])
        _expect(empty == (value[f"{head}_seq"] == 0), "checkpoint.bad_heads", f"`{head}_head`")
    epoch = value["header"]["created_at"] // 300
    _expect(value["as_of_epoch"] == epoch, "checkpoint.bad_epoch", "not the header's epoch")


def _head(code):
    """D34: a head names an event."""
    return lambda value: _expect(any(value["head_event"]) and value["head_seq"], code, "no event")


def _receipt(value):
    """D189, D190: `allow` for an allow, another well-formed code for a denial."""
    code = value["reason_code"]
    formed = re.fullmatch(r"[a-z0-9_]+(\.[a-z0-9_]+)?", code)
    allowed = (code == "allow") == (value["decision"] == "allow")
    _expect(formed and allowed, "audit.bad_receipt", f"`{code:.80}`")


def _resource(value):
    """D106: both or neither; BLAKE3 only."""
    if "resource_digest_alg" in value:
        algorithm = value["resource_digest_alg"]
        _expect(algorithm == "blake3-256", "resource.digest_algorithm", f"`{algorithm:.40}`")
    whole = ("resource_digest" in value) == ("resource_digest_alg" in value)
    _expect(whole, "resource.digest_incomplete", "digest and algorithm come together")


def _chunks(value):
    """D193."""
    _expect(1024 <= value["chunk_size"] <= 1 << 20, "chunk.bad_size", "chunk size")
    _expect(value["total_len"] <= 1 << 36, "chunk.too_long", "a total beyond 64 GiB")
    count = -(-value["total_len"] // value["chunk_size"])
    _expect(len(value["chunks"]) == count, "chunk.count", f"{count} chunks expected")


def _batch(value):
    """D228."""
    events = value["events"]
    _expect(1 <= len(events) <= 4096, "event.count", f"{len(events)} events")
    keys = [(event["topic"].encode(), event["seq"]) for event in events]
    _expect(all(a < b for a, b in zip(keys, keys[1:])), "event.order", "not in rising order")
    times = [event["timestamp"] // 300 for event in events]
    dated = value["header"]["created_at"] == 300 * (value["epoch_id"] + 1)
    _expect(dated and set(times) == {value["epoch_id"]}, "event.epoch", "another epoch")


def _request(value):
    """§9.2.1: no more than it takes, and a status of the same object, which is not signed."""
    ephemeral("SymbolRequest")(value)
    wanted = value.get("want_esi", [])
    _expect(len(wanted) <= value["max_symbols"], "symbol.bad_want", "more than `max_symbols`")
    if status := value.get("decode_status"):
        same = all(status[name] == value[name] for name in ("object_id", "zone_id", "zone_key_id"))
        _expect(same, "symbol.foreign_status", "a status of something else")
        _expect("signature" not in status, "symbol.signature", "a signed status in a request")


def _submission(value):
    """D210."""
    _expect(value["event"]["seq"] == 0, "audit.sequenced", "an event with a place")


def _summary(value):
    """D219."""
    epoch = value["timestamp"] // 300
    _expect(value["epoch_id"] == epoch, "gossip.bad_epoch", "not the epoch of the time")


def _filter(value):
    """D219: a part of a set has no more keys than the set has items."""
    keys = gossip.Filter(value["filter"]).count
    _expect(keys <= value["n"], "gossip.bad_filter", f"{keys} keys of {value['n']} items")


# Rules between the fields of one object, checked when all fields are of their form.
RULES = {
    "ZonePolicyObject": lambda value: quorum.required(  # D32, D200
        len(value["checkpoint_signers"]), value["max_faults"], "unanimous"
    ),
    "ZoneCheckpoint": _checkpoint,
    "RevocationEvent": lambda value: _chained(value, "revocation.bad_sequence"),
    "AuditEvent": linked,
    "AuditSubmission": _submission,
    "SymbolRequest": _request,
    "SymbolAck": ephemeral("SymbolAck"),
    "GossipSummary": _summary,
    "MembershipFilter": _filter,
    "GossipList": gossip.check_list,
    "RevocationHead": _head("revocation.bad_head"),
    "AuditHead": _head("audit.bad_head"),
    "DecisionReceipt": _receipt,
    "ResourceObject": _resource,
    "ChunkedObjectManifest": _chunks,
    "EventBatch": _batch,
}

# D20: what lives in z:owner alone, unless a more specific rule speaks.
OF_THE_OWNER = {"OwnerKeyShare", "DeviceEnrollment"}

# G8: the fields whose ids `header.refs` lists, in order, absent and all-zero ids left out, and
# how many further ids may stand before and behind them that no field holds.
STRONG = {
    "QuorumSignatureSet": (("target",), 0, 0),
    "ZoneAnchor": (("checkpoint", "policy"), 0, 0),
    "SanitizerReceipt": (("inputs",), 0, 0),
    # Up to 16 skipped proposals (D213) and the policy step of D201 may follow.
    "ZoneCheckpoint": (
        ("zone_definition_head", "zone_policy_head", "active_zone_key_manifest", "rev_head",
         "audit_head"), 0, 17,
    ),
    "ZoneDefinitionObject": (("policy_object_id",), 0, 0),
    "ZoneKeyManifest": ((), 0, 1),
    "RevocationEvent": (("revocation_object_id", "prev"), 0, 0),
    "RevocationHead": (("head_event",), 0, 0),
    "AuditEvent": (("request_object_id", "result_object_id"), 0, 0),
    "AuditHead": (("head_event",), 0, 0),
    "OperationReceipt": (("request_object_id",), 1, 0),
    "ChunkedObjectManifest": (("chunks",), 0, 0),
}


def strong_refs(name, value):
    """G8: whether a body's `header.refs` are those that its type requires."""
    if name == "OperationIntent":
        # [lease?, checkpoint]; a zone without a checkpoint has neither.
        given = value["header"]["refs"]
        count = len(given)
        if not all(map(any, given)):
            return False
        return count == 2 if "lease_seq" in value else count <= 1
    if name in ("DecodeStatus", "SymbolAck", "SymbolRequest", "OwnerKeyShare"):
        return not value["header"]["refs"]
    if name not in STRONG:
        return True
    fields, before, behind = STRONG[name]
    wanted = []
    for field in fields:
        ids_ = value.get(field, [])
        wanted += [item for item in (ids_ if isinstance(ids_, list) else [ids_]) if any(item)]
    wanted = list(dict.fromkeys(wanted))  # D39: each once
    given = value["header"]["refs"]
    return any(
        given[start:start + len(wanted)] == wanted
        for start in range(before + 1)
        if 0 <= len(given) - start - len(wanted) <= behind
    )
