"""Revocation, freshness and the audit chain."""

from .. import checkpoint, history
from ..fields import as_text
from .registry import operation

_FLAGS = ("allow_safe_ops_in_degraded_mode", "allow_risky_ops_with_interactive_override")


@operation("revocation.check")
def revocation_check(f):
    asked = [(item.hex("id", 32), item.text("zone")) for item in f.objects("ids")]
    return {
        "revoked": history.revoked(
            f.hex("owner_key", 32), f.hexes("revocations"), asked, f.uint("now")
        )
    }


@operation("freshness.decide")
def freshness_decide(f):
    fields = f.object("policy")
    policy = {name: fields.bool(name, None) for name in _FLAGS}
    policy["max_checkpoint_age_secs"] = fields.uint("max_checkpoint_age_secs")

    def optional(name):
        return f.uint(name) if f.has(name) else None

    created_at = optional("checkpoint_created_at")
    seq = f.uint("checkpoint_seq") if created_at is not None else None
    verdict, reason, mode = history.freshness(
        f.text("tier"), created_at, seq, f.bool("complete", True), optional("chk_seq"),
        f.bool("approval", False), policy, f.uint("now"),
    )
    out = {"verdict": verdict, "reason": reason}
    return {**out, "mode": mode} if mode else out


@operation("audit.verify_chain")
def audit_verify_chain(f):
    events = [(item.hex("object_id", 32), item.hex("canonical")) for item in f.objects("events")]
    fault = history.verify_chain(
        f.text("zone"), f.hex("object_id_key", 32), f.hex("owner_key", 32),
        f.hexes("attestations"), events, f.hex("head") if f.has("head") else None,
    )
    if fault is None:
        return {"verdict": "allow", "reason": "allow"}
    return {"verdict": "deny", "reason": fault[0], "seq": fault[1]}


@operation("checkpoint.verify")
def checkpoint_verify(f):
    def offer(f):
        return {
            name: f.hex(name) if name == "obj" or f.has(name) else None
            for name in ("obj", "set", "anchor")
        }

    zone = checkpoint.Zone(
        f.text("zone"), f.hex("object_id_key", 32), f.hex("owner_key", 32),
        f.hexes("attestations"), f.hexes("revocations"), f.hexes("objects"), f.uint("now"),
    )
    earlier = [offer(item) for item in f.objects("earlier")] if f.has("earlier") else []
    return checkpoint.verify(zone, earlier, offer(f))


@operation("quorum.tally")
def quorum_tally(f):
    needed, verified, dropped = history.tally(
        f.hex("obj"), f.hex("set"), f.hex("object_id_key", 32), f.hex("owner_key", 32),
        f.hexes("attestations"), f.hexes("revocations"),
        [as_text(node, "signers") for node in f.list("signers")], f.uint("max_faults", 8),
    )
    enough = len(verified) >= needed
    return {
        "verdict": "allow" if enough else "deny",
        "reason": "allow" if enough else "checkpoint.no_quorum",
        "required": needed, "verified": verified, "dropped": dropped,
    }
