"""Revocation, freshness and the audit chain (§14.3, §23.4, D34, D161-D168, D185)."""

from . import ids, objects, quorum, sign
from .errors import BadRequest, Reject

SKEW = 120
ATTESTATION = ("fcp.core", "NodeKeyAttestation", "2.0.0")
AUDIT_EVENT = ("fcp.core", "AuditEvent", "2.0.0")
AUDIT_HEAD = ("fcp.core", "AuditHead", "2.0.0")
REVOCATION = ("fcp.core", "RevocationObject", "2.0.0")
SIGNATURE_SET = ("fcp.core", "QuorumSignatureSet", "2.0.0")
# D32, D179.
QUORUM_CLASS = {
    "ZoneCheckpoint": "normal_write", "RevocationHead": "normal_write", "AuditHead": "critical_write",
}


def revoked(owner_key, revocations, asked, now):
    """D166, D168: whether each (id, zone) is revoked."""
    known = _signed_revocations(owner_key, revocations)
    for _, zone in asked:
        ids.zone(zone)
    return [is_revoked(known, name, zone, now) for name, zone in asked]


def is_revoked(known, name, zone, now):
    """Whether one of the verified revocations revokes `name` in `zone`."""
    return any(_revokes(value, name, zone, now) for value in known)


def _revokes(value, name, zone, now):
    here = value["header"]["zone_id"] in (zone, "z:owner")
    begun = value["effective_at"] <= now + SKEW
    over = "expires_at" in value and max(now - SKEW, 0) >= value["expires_at"]
    return here and begun and not over and name in value["revoked"]


def freshness(tier, created_at, seq, complete, needed, approved, policy, now):
    """§14.3.1, D111, D162, D163: (verdict, reason, mode or None)."""
    behind = needed is not None and (seq is None or seq < needed)
    if created_at is None:
        reason = "revocation.stale_frontier"
    elif behind:
        reason = "checkpoint.behind"
    elif not complete:
        reason = "revocation.incomplete"
    elif created_at > now + SKEW or now - created_at > policy["max_checkpoint_age_secs"]:
        reason = "revocation.stale_frontier"
    else:
        return "allow", "allow", "fresh"
    if tier == "safe" and policy["allow_safe_ops_in_degraded_mode"]:
        return "allow", "allow", "degraded"
    overridable = policy["allow_risky_ops_with_interactive_override"] and not behind
    if tier == "risky" and approved and overridable:
        return "allow", "allow", "overridden"
    return "deny", reason, None


def verify_chain(zone, key, owner_key, attestations, events, head):
    """D185: (reason, sequence) of the first fault of a chain from its start, or ``None``."""
    ids.zone(zone)
    attested = [_attestation(owner_key, body) for body in attestations]
    head = None if head is None else objects.decode(AUDIT_HEAD, head)
    previous, seq = None, 0
    for name, canonical in events:
        seq += 1
        try:
            _check_event(zone, key, attested, name, canonical, previous, seq)
        except Reject as reject:
            return reject.code, seq
        previous = name
    if head is None:
        return None
    place = min(head["head_seq"], seq + 1)
    if head["zone_id"] != zone:
        return "audit.wrong_zone", place
    if (head["head_event"], head["head_seq"]) != (previous, seq):
        return "audit.bad_head", place
    return None


def _check_event(zone, key, attested, name, canonical, previous, seq):
    header, body = objects.split_canonical(canonical)
    derived, _ = objects.derive(header, body, key)
    if derived != name:
        raise Reject("object.id_mismatch", "the bytes have another id")
    event = objects.decode(AUDIT_EVENT, body)
    if event["zone_id"] != zone:
        raise Reject("audit.wrong_zone", "an event of another zone")
    if event["seq"] != seq:
        raise Reject("audit.bad_sequence", f"{event['seq']} instead of {seq}")
    if event.get("prev") != previous:
        raise Reject("audit.broken_link", "`prev` is another event")
    for node in attested:
        # D7, D201: the attestation counted when the event was made.
        made = event["header"]["created_at"]
        if node["issued_at"] > made + SKEW or made > node["expires_at"] + SKEW:
            continue
        try:
            return sign.verify_object(node["node_sig_pubkey"], body)
        except Reject:
            continue
    raise Reject("audit.bad_signature", "no attested node signed it")


def tally(body, set_body, key, owner_key, attestations, revocations, signers, max_faults):
    """D14, D29-D32, D201: (signatures needed, nodes that count, nodes that do not)."""
    sidecar = objects.decode(SIGNATURE_SET, set_body)
    attested, known = trusted(owner_key, attestations, revocations)
    for node in signers:
        ids.node(node)
    signers = set(signers)
    name = next((n for n in QUORUM_CLASS if body[:32] == objects.known(n)), None)
    if name is None:
        raise BadRequest("no quorum signs objects of that type")
    needed = quorum.required(len(signers), max_faults, QUORUM_CLASS[name])
    value = objects.decode(("fcp.core", name, "2.0.0"), body)
    zone, made = value["header"]["zone_id"], value["header"]["created_at"]
    if sidecar["header"]["zone_id"] != zone:
        raise Reject("object.zone_mismatch", "signatures of another zone")
    if sidecar["target"] != objects.id_of(body, value, key):
        raise Reject("object.id_mismatch", "signatures of another object")
    preimage, verified, dropped = sign.preimage(body), [], []
    for entry in sidecar["signatures"]:
        counts = entry["signer_node"] in signers and is_signed(
            entry, preimage, attested, known, zone, made
        )
        (verified if counts else dropped).append(entry["signer_node"])
    return needed, verified, dropped


def is_signed(entry, preimage, attested, known, zone, made):
    """D14, D201: whether a quorum's signature verifies by a key that counted when it was made."""
    return any(
        node["node_id"] == entry["signer_node"] and node["node_sig_kid"] == entry["signer_kid"]
        and _verifies(node["node_sig_pubkey"], preimage, entry["sig"])
        for node, _ in keys_at(attested, known, zone, made)
    )


def keys_at(attested, known, zone, made):
    """D7, D201: the attestations that counted at a time that a signed object states."""
    return [
        (node, name) for node, name in attested
        if node["issued_at"] <= made + SKEW and made <= node["expires_at"] + SKEW
        and not _was_revoked(known, name, zone, made)
    ]


def trusted(owner_key, attestations, revocations):
    """The owner's attestations with their ids, and revocations: all verified."""
    attested = [(value, objects.id_of(each, value, objects.PUBLIC_KEY))
                for each in attestations for value in [_attestation(owner_key, each)]]
    return attested, _signed_revocations(owner_key, revocations)


def _verifies(key, message, signature):
    try:
        sign.verify(key, message, signature)
    except Reject:
        return False
    return True


def _attestation(owner_key, body):
    value = objects.decode(ATTESTATION, body)
    if value["owner_pubkey"] != owner_key:
        raise Reject("attestation.wrong_owner", "of another owner")
    sign.verify_object(owner_key, body)
    return value


def _signed_revocations(owner_key, revocations):
    known = []
    for body in revocations:
        value = objects.decode(REVOCATION, body)
        sign.verify_object(owner_key, body)
        known.append(value)
    return known


def _was_revoked(known, name, zone, at):
    """D201: as of a time that the signed object states, without skew."""
    return any(
        value["header"]["zone_id"] in (zone, "z:owner") and name in value["revoked"]
        and value["effective_at"] <= at and not ("expires_at" in value and at >= value["expires_at"])
        for value in known
    )
