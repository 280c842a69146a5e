"""What a checkpoint is worth to a node (§3.8, D32, D33, D90, D201, D213)."""

from . import history, ids, objects, quorum, sign
from .errors import Reject

SKEW = history.SKEW
ZERO = bytes(32)
OWNED = ("ZoneDefinitionObject", "ZonePolicyObject", "ZoneKeyManifest", "RevocationObject", "ZoneAnchor")
SIGNED_BY_QUORUM = ("ZoneCheckpoint", "AuditHead", "RevocationHead")
HEADS = {"audit": "AuditHead", "revocation": "RevocationHead"}
EVENTS = {"AuditEvent": "audit", "RevocationEvent": "revocation"}


class Refuse(Exception):
    """It does not hold."""


class Wait(Exception):
    """These must be held to tell."""


class Fork(Exception):
    """It has a quorum and contradicts the accepted one."""


class Zone:
    """Whom a node trusts and what it holds of a zone."""

    def __init__(self, zone, key, owner_key, attestations, revocations, bodies, now):
        ids.zone(zone)
        self.zone, self.key, self.owner_key, self.now = zone, key, owner_key, now
        self.attested, self.revoked = history.trusted(owner_key, attestations, revocations)
        self.held, self.bodies, self.votes = {}, {}, {}
        for body in bodies:
            self._admit(body)

    def _admit(self, body):
        name = next((n for n in _KINDS if body[:32] == objects.known(n)), None)
        if name is None:
            raise Reject("object.schema_mismatch", "nothing that governs a zone")
        value = self.decode(name, body)
        if value["header"]["zone_id"] != self.zone:
            raise Reject("checkpoint.wrong_zone", "an object of another zone")
        if name in OWNED:
            sign.verify_object(self.owner_key, body)
            # D90.
            if name == "ZoneKeyManifest" and value["valid_from"] > self.now + SKEW:
                raise Reject("zone_key.not_yet_valid", "of the future")
        elif name in EVENTS:
            self._check_event(name, value, body)
        own = objects.id_of(body, value, self.key)
        if name == "QuorumSignatureSet":
            target = value["target"]
            if target not in self.held:
                raise Reject("checkpoint.missing", "signatures of what is not held")
            self.votes.setdefault(target, set()).update(
                self.signers(self.bodies[target], self.held[target][1], value["signatures"])
            )
        self.held[own], self.bodies[own] = (name, value), body

    def _check_event(self, name, value, body):
        """D167, D185, D201: an attested node signed it, or the owner a revocation event."""
        keys = [node["node_sig_pubkey"] for node, _ in history.keys_at(
            self.attested, self.revoked, self.zone, value["occurred_at"]
        )]
        if name == "RevocationEvent":
            keys.append(self.owner_key)
        for key in keys:
            try:
                return sign.verify_object(key, body)
            except Reject:
                continue
        raise Reject(f"{EVENTS[name]}.bad_signature", "nobody who may sign it signed it")

    def decode(self, name, body):
        return objects.decode(("fcp.core", name, "2.0.0"), body)

    def get(self, name, own):
        """The held object of that id and type, or nothing."""
        kind, value = self.held.get(own, (None, None))
        return value if kind == name else None

    def signers(self, body, value, signatures):
        """D14, D201: the nodes whose signatures verify, by keys of the time of creation."""
        preimage, made = sign.preimage(body), value["header"]["created_at"]
        return {
            entry["signer_node"] for entry in signatures
            if history.is_signed(entry, preimage, self.attested, self.revoked, self.zone, made)
        }


_KINDS = (*OWNED, *SIGNED_BY_QUORUM, *EVENTS, "QuorumSignatureSet")


class State:
    """The accepted checkpoint with what later ones are judged by."""

    def __init__(self):
        self.id = self.value = self.generation = None
        self.frozen = False


def verify(zone, earlier, offer):
    """The answer about an offer, after earlier ones."""
    read = [_read(zone, each) for each in (*earlier, offer)]
    state = State()
    for each in read[:-1]:
        _judge(zone, state, each)
    return _judge(zone, state, read[-1])


def _read(zone, offer):
    """Checkpoint, signatures and anchor; a malformed checkpoint is judged, all else rejected."""
    value, fault, own = None, None, None
    try:
        value = zone.decode("ZoneCheckpoint", offer["obj"])
        own = objects.id_of(offer["obj"], value, zone.key)
    except Reject as reject:
        fault = reject.code
    signatures, anchor = [], None
    if offer["set"] is not None:
        sidecar = zone.decode("QuorumSignatureSet", offer["set"])
        if value is not None and sidecar["header"]["zone_id"] != value["zone_id"]:
            raise Reject("object.zone_mismatch", "signatures of another zone")
        if value is not None and sidecar["target"] != own:
            raise Reject("object.id_mismatch", "signatures of another object")
        signatures = sidecar["signatures"]
    if offer["anchor"] is not None:
        anchor = zone.decode("ZoneAnchor", offer["anchor"])
        sign.verify_object(zone.owner_key, offer["anchor"])
    return {"obj": offer["obj"], "value": value, "fault": fault, "id": own,
            "signatures": signatures, "anchor": anchor}


def _judge(zone, state, offer):
    """The answer about one offer; `state` goes on by it."""
    try:
        accepted = _holds(zone, state, offer)
    except Refuse as refused:
        return {"verdict": "refuse", "reason": refused.args[0]}
    except Wait as waiting:
        return {"verdict": "wait", "reason": "checkpoint.missing", "missing": waiting.args[0]}
    except Fork:
        state.frozen = True
        return {"verdict": "fork", "reason": "checkpoint.fork", "seq": state.value["checkpoint_seq"],
                "ours": state.id, "theirs": offer["id"]}
    if accepted is None:
        return {"verdict": "known", "reason": "allow"}
    validators, step = accepted
    state.id, state.value = offer["id"], offer["value"]
    state.signers = zone.get("ZonePolicyObject", state.value["zone_policy_head"])
    state.validators, state.step = validators or state.signers, step
    if offer["anchor"]:
        state.generation, state.frozen = offer["anchor"]["generation"], False
    return {"verdict": "accept", "reason": "allow", "anchored": offer["anchor"] is not None,
            "policy_step": step}


def _holds(zone, state, offer):
    """(the policy that validated it, the step that its successor cites); nothing if known."""
    if offer["fault"]:
        raise Refuse(offer["fault"])
    value = offer["value"]
    if value["zone_id"] != zone.zone:
        raise Refuse("checkpoint.wrong_zone")
    if value["header"]["created_at"] > zone.now + SKEW:
        raise Refuse("checkpoint.future")
    if offer["anchor"]:
        return _anchored(zone, state, offer)
    if state.value is None:
        raise Refuse("checkpoint.no_anchor")
    return _signed(zone, state, offer)


def _anchored(zone, state, offer):
    """D201: the owner's word instead of a quorum, monotonic all the same."""
    value, anchor = offer["value"], offer["anchor"]
    same = (
        anchor["checkpoint"] == offer["id"] and anchor["zone_id"] == value["zone_id"]
        and anchor["checkpoint_seq"] == value["checkpoint_seq"]
        and anchor["policy"] == value["zone_policy_head"]
    )
    if not same or (anchor["generation"] == 0 and value["checkpoint_seq"] != 1):
        raise Refuse("checkpoint.anchor_mismatch")
    if state.generation is not None and anchor["generation"] <= state.generation:
        if state.id == offer["id"]:
            return None
        raise Refuse("checkpoint.anchor_generation")
    repairs = state.frozen
    if state.value is not None:
        if value["checkpoint_seq"] < state.value["checkpoint_seq"]:
            raise Refuse("checkpoint.rollback")
        replaced = value["checkpoint_seq"] == state.value["checkpoint_seq"] and offer["id"] != state.id
        repairs = repairs or replaced
    _continues(zone, state.value, value, by_owner=True, repairs=repairs)
    # D213: a step, unless its policy is that of the step which it cites.
    cited = _cited(value)
    if cited is None:
        return None, offer["id"]
    step = zone.get("ZoneCheckpoint", cited)
    if step is None:
        raise Wait([{"object": cited}])
    same = step["zone_policy_head"] == value["zone_policy_head"]
    return None, cited if same else offer["id"]


def _signed(zone, state, offer):
    """D32, D33: a quorum of the signers that the policy before it names."""
    value, seq, last = offer["value"], offer["value"]["checkpoint_seq"], state.value["checkpoint_seq"]
    if offer["id"] == state.id:
        return None
    if seq < last:
        raise Refuse("checkpoint.rollback")
    if state.frozen:
        raise Refuse("checkpoint.frozen")
    policy, before = state.signers, state.value["zone_policy_head"]
    if seq == last:
        policy = state.validators
    elif seq > last + 1:
        policy, before = _steps(zone, state, value)
    signers = zone.signers(offer["obj"], value, offer["signatures"])
    if not _is_quorum(policy, signers):
        raise Refuse("checkpoint.no_quorum")
    if seq == last or (seq == last + 1 and value["prev_checkpoint"] != state.id):
        raise Fork
    _continues(zone, state.value, value, by_owner=False, repairs=False)
    is_step = value["zone_policy_head"] != before
    return policy, offer["id"] if is_step else _cited(value) if seq > last + 1 else state.step


def _is_quorum(policy, signers):
    among = set(policy["checkpoint_signers"])
    needed = quorum.required(len(among), policy["max_faults"], "normal_write")
    return len(signers & among) >= needed


def _cited(value):
    """D213: the last of the references, behind the heads."""
    names = ("zone_definition_head", "zone_policy_head", "active_zone_key_manifest", "rev_head", "audit_head")
    heads = list(dict.fromkeys(value[name] for name in names if value[name] != ZERO))
    behind = value["header"]["refs"][len(heads):]
    return behind[-1] if behind else None


def _steps(zone, state, value):
    """D201: the policy of the last step before `value`; all steps in between, in order."""
    last, below, steps, cited = state.value["checkpoint_seq"], value["checkpoint_seq"], [], _cited(value)
    while cited is not None and cited not in (state.id, state.step):
        step = zone.get("ZoneCheckpoint", cited)
        if step is None:
            raise Wait([{"signed": cited}])
        if step["checkpoint_seq"] >= below:
            raise Refuse("checkpoint.not_descended")
        if step["checkpoint_seq"] <= last:
            break
        below = step["checkpoint_seq"]
        steps.append((cited, step))
        cited = _cited(step)
    policy, head = state.signers, state.value["zone_policy_head"]
    for name, step in reversed(steps):
        if not _is_quorum(policy, zone.votes.get(name, set())):
            raise Wait([{"signed": name}])
        head = step["zone_policy_head"]
        policy = zone.get("ZonePolicyObject", head)
        if policy is None:
            raise Wait([{"object": head}])
    return policy, head


def _continues(zone, before, value, by_owner, repairs):
    """D32, D33, D90: nothing falls back, and every head descends."""
    if before is not None and any(
        value[name] < before[name] for name in ("rev_seq", "audit_seq", "as_of_epoch")
    ):
        raise Refuse("checkpoint.regress")
    missing = []

    def want(what):
        if what not in missing:
            missing.append(what)

    for field, name in _GOVERNING:
        if zone.get(name, value[field]) is None:
            want({"object": value[field]})
    if history.is_revoked(zone.revoked, value["active_zone_key_manifest"], zone.zone, zone.now):
        raise Refuse("checkpoint.revoked_manifest")
    if before is not None and not by_owner:
        for field, name in _GOVERNING[:2]:
            _descends(zone, name, value[field], before[field], want)
        following = value["checkpoint_seq"] == before["checkpoint_seq"] + 1
        _follows(zone, value["active_zone_key_manifest"], before["active_zone_key_manifest"], following, want)
    for chain, prefix in (("revocation", "rev"), ("audit", "audit")):
        tip = _head(zone, chain, value, prefix, want)
        if tip is None or before is None or repairs:
            continue
        floor = (ZERO, 0)
        if before[f"{prefix}_seq"]:
            head = zone.get(HEADS[chain], before[f"{prefix}_head"])
            floor = (head["head_event"], head["head_seq"])
        if not _contains(zone, chain, tip, floor, want):
            if by_owner:
                raise Refuse("checkpoint.not_descended")
            raise Fork
    if missing:
        raise Wait(missing)


_GOVERNING = (
    ("zone_definition_head", "ZoneDefinitionObject"), ("zone_policy_head", "ZonePolicyObject"),
    ("active_zone_key_manifest", "ZoneKeyManifest"),
)


def _descends(zone, name, at, pinned, want):
    while at != pinned:
        value = zone.get(name, at)
        if value is None:
            return want({"object": at})
        if "prev" not in value:
            raise Refuse("checkpoint.not_descended")
        at = value["prev"]
    return None


def _follows(zone, at, pinned, following, want):
    """D90: the same, the next key, or the same key wrapped later; more than one only over a gap."""
    if at == pinned:
        return None
    before = zone.get("ZoneKeyManifest", pinned)
    if before is None:
        return want({"object": pinned})
    while True:
        value = zone.get("ZoneKeyManifest", at)
        if value is None:
            return want({"object": at})
        later = value["header"]["created_at"] > before["header"]["created_at"]
        if value.get("prev_zone_key_id") == before["zone_key_id"]:
            return None
        if value["zone_key_id"] == before["zone_key_id"] and (later or value == before):
            return None
        if following or not value["header"]["refs"]:
            raise Refuse("checkpoint.not_descended")
        at = value["header"]["refs"][0]


def _head(zone, chain, value, prefix, want):
    """D34: (event, sequence) of a head; (zero, 0) for an empty chain, nothing if it is not held."""
    own = value[f"{prefix}_head"]
    if own == ZERO:
        return ZERO, 0
    head = zone.get(HEADS[chain], own)
    if head is None:
        return want({"object": own})
    if head["head_seq"] != value[f"{prefix}_seq"]:
        raise Refuse("checkpoint.bad_heads")
    return head["head_event"], head["head_seq"]


def _contains(zone, chain, tip, floor, want):
    """D33: whether following `prev` from `tip` leads to the accepted event."""
    event, seq = tip
    name = "AuditEvent" if chain == "audit" else "RevocationEvent"
    while seq > floor[1]:
        value = zone.get(name, event)
        if value is None:
            want({"events": {"chain": chain, "tip": event, "seq": seq, "after": floor[1]}})
            return True
        if value["seq"] != seq:
            return False
        event, seq = value.get("prev", ZERO), seq - 1
    return (event, seq) == floor
