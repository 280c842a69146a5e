"""Whether an invoke may happen (§8.1, D131), composed of the verdicts about its parts.

No receipt and no applied approval is held: labels count as they stand (D98).
"""

import re

from . import approvals, cbor, objects, policy, provenance, sign, tokens, verdicts, zonekeys
from .errors import Reject
from .verdicts import require

MAX_APPROVALS, MAX_INPUTS = 64, 1_024
USER_SUPPLIED, PUBLIC_INPUT = 8, 1
APPROVING = {"interactive": ("execution",), "approval_required": ("execution", "elevation")}
# D115: what a request's id does not cover.
_PRESENTATION = ("lease_seq", "holder_nonce", "holder_proof")
_DEFAULT_PORTS = {"ftp": "21", "http": "80", "https": "443", "ws": "80", "wss": "443"}


def request_id(header, request, key):
    """D115: the id of the request without its presentation."""
    stored = {k: v for k, v in request.items() if k not in _PRESENTATION}
    body = objects.known("InvokeRequest") + cbor.encode({**stored, "approval_tokens": []})
    return objects.derive(header, body, key)[0]


def authorize(call, node):
    """("allow", findings) or ("deny", reason): the checks in the order of D131."""
    try:
        return "allow", _Decision(call, node).run()
    except (verdicts.Deny, approvals.Deny) as deny:
        return "deny", deny.reason


class _Decision:
    def __init__(self, call, node):
        self.call, self.node, self.trust = call, node, node["trust"]
        self.request, self.now = call["request"], node["now"]
        self.inputs = sorted({*call["header"]["refs"], *call["header"]["foreign_refs"],
                              *self.request["resources"]})
        self.used = set()

    def run(self):
        self.form()
        self.token()
        mode = self.revocation_and_freshness()
        self.proof()
        grant = self.grants()
        self.zone_policy()
        labels = self.secrecy(self.taint())
        self.approval()
        self.idempotency()
        return {
            "mode": mode, "request_object_id": self.call["id"], "grant": grant,
            "approvals": sorted(self.used), "labels": labels,
        }

    def form(self):
        request = self.request
        name = request["connector_id"], request["operation"]
        require(name in self.node["operations"], "capability.unknown_operation")
        self.rule = self.node["operations"][name]
        require(len(request["approval_tokens"]) <= MAX_APPROVALS, "approval.too_many")
        claimed = request["provenance"]["taint_reductions"]
        few = len(self.inputs) <= MAX_INPUTS and len(claimed) <= MAX_INPUTS
        require(few, "provenance.too_many_inputs")
        try:
            self.claims, self.kid = tokens.decode(request["capability_token"])
        except Reject as reject:
            raise verdicts.Deny(reject.code) from None
        self.zone = self.trust["definition"]["zone_id"]
        require(self.claims[1] == self.zone, "zone.unknown")
        self.audience = {
            "zone": request["zone_id"], "connector": request["connector_id"],
            "instance": request.get("instance_id"), "binary": self.node["binary"],
            "tier": self.rule["tier"],
        }

    def token(self):
        cwt = self.request["capability_token"]
        verdicts.signature_and_time(cwt, self.claims, self.kid, self.now, self.audience, self.trust)
        verdicts.check_audience(self.claims, self.audience)
        verdicts.issuer_rule(self.claims, self.audience, self.trust, self.now)

    def revocation_and_freshness(self):
        """D162: an execution approval may stand in for freshness; no other reason is given."""
        name = tokens.token_id(self.request["capability_token"], self.trust["object_id_key"])
        verdicts.revocation(name, self.claims, self.kid, self.trust, self.now)
        arguments = self.claims, self.audience, self.trust, self.now
        try:
            return verdicts.checkpoint(*arguments)
        except verdicts.Deny as stale:
            overridable = self.trust["freshness"]["allow_risky_ops_with_interactive_override"]
            if self.rule["tier"] != "risky" or not overridable:
                raise
            try:
                self.find(("execution",), stale.reason)
            except verdicts.Deny:
                raise stale from None
        return verdicts.checkpoint(*arguments, approved=True)

    def proof(self):
        """D114 the node, D116 the holder, §7.5 rule 4 the signature."""
        require(self.request["target_node"] == self.node["node"], "execution.wrong_node")
        if 1004 not in self.claims:
            return
        nonce, proof = self.request.get("holder_nonce"), self.request.get("holder_proof")
        require(nonce is not None and proof is not None, "holder_proof.missing")
        if self.node["challenge"] is not None:
            fresh = nonce == self.node["challenge"]
        else:
            epoch = self.now // zonekeys.EPOCH_SECS
            fresh = abs(int.from_bytes(nonce[:8], "little") - epoch) <= 1
        require(fresh, "holder_proof.bad_nonce")
        jti, name = self.claims[7], self.call["id"]
        holder = verdicts.current_attestation(
            self.trust, self.claims[1004].decode(), self.zone, self.now
        )
        try:
            transcript = tokens.pop_transcript(jti, name, nonce)
            sign.verify(holder["node_sig_pubkey"], transcript, proof)
        except Reject:
            raise verdicts.Deny("holder_proof.bad_signature") from None
        require((jti, name, nonce) not in self.node["used_proofs"], "holder_proof.replayed")

    def grants(self):
        """§7.5 what the token gives; D117: one grant covers the whole call."""
        capability, operation = self.rule["capability"], self.request["operation"]
        given = any(
            cap["capability"] == capability and cap.get("operation", operation) == operation
            for cap in self.claims[1002]
        )
        require(given, "capability.insufficient")
        tags = verdicts.check_grants(self.claims, self.audience, self.trust, self.now)
        uris = []
        for name in self.request["resources"]:
            require(name in self.node["resources"], "grant.resource_unknown")
            uris.append(self.node["resources"][name]["resource_uri"])
            require(is_uri(uris[-1]), "grant.bad_resource_uri")
        faults = []
        for name in self.claims[1001]:
            grant = self.trust["grants"][name]
            if grant["capability_id"] != capability:
                continue
            fault = (
                verdicts.grant_fault(grant, self.claims, self.audience, tags)
                or self.misplaced(grant["placement"])
                or self.beyond(grant["constraints"], uris, self.node["spent"].get(name, (0, 0)))
            )
            if fault is None:
                break
            faults.append(fault)
        else:
            raise verdicts.Deny(faults[0] if faults else "grant.insufficient")
        if 1003 in self.claims:
            spent = self.node["spent"].get(self.claims[7], (0, 0))
            fault = self.beyond(self.claims[1003], uris, spent)
            require(fault is None, fault)
        return name

    def misplaced(self, placement):
        """§7.4, D174: only what is attested counts."""
        node = self.node["node"]
        tags = verdicts.current_attestation(self.trust, node, self.zone, self.now).get("tags", [])
        names = [node, *tags]
        if any(policy.glob_match(each, name) for each in placement["excludes"] for name in names):
            return "grant.device_not_allowed"
        if placement["zones"] and self.zone not in placement["zones"]:
            return "grant.device_not_allowed"
        proven = all(
            isinstance(each, dict) and each.get("tailscale_tag") in tags
            for each in placement["requires"]
        )
        return None if proven else "grant.device_unproven"

    def beyond(self, bounds, uris, spent):
        """§7.3, D121, D122."""
        for uri in uris:
            if any(_denies(each, uri) for each in bounds["resource_deny"]):
                return "grant.resource_denied"
            if not any(verdicts.allows(each, uri) for each in bounds["resource_allow"]):
                return "grant.resource_not_allowed"
        calls, size = spent
        if "max_calls" in bounds and calls >= bounds["max_calls"]:
            return "grant.calls_spent"
        needed = size + len(cbor.encode(self.request["input"]))
        if "max_bytes" in bounds and needed > bounds["max_bytes"]:
            return "grant.bytes_spent"
        return None

    def zone_policy(self):
        """D81, then §5.3."""
        own = self.trust["definition"]["policy_object_id"] == self.trust["policy_id"]
        require(own or self.rule["tier"] == "safe", "zone_policy.degraded")
        verdict, reason = policy.evaluate(self.trust["policy"]["policy"], {
            "principal": self.claims[2], "connector": self.request["connector_id"],
            "capability": self.rule["capability"],
        })
        require(verdict == "allow", reason)

    def computed(self, inputs, claimed):
        """D100: (integrity, confidentiality, taint) of everything that the request is made of."""
        own = self.trust["definition"]
        inline = {
            "origin_zone": self.zone, "current_zone": self.zone, "label_adjustments": [],
            "integrity_label": own["integrity_level"], "taint_reductions": [],
            "confidentiality_label": own["confidentiality_level"], "zone_crossings": [],
            "taint": PUBLIC_INPUT if self.node["ingress"] == "public" else USER_SUPPLIED,
            "created_at": self.now,
        }
        merged = provenance.merge([*inputs, inline, *self.marks()])
        labels = [merged, *([claimed] if claimed else [])]
        taint = 0
        for each in labels:
            taint |= each["taint"]
        return {
            "integrity_label": min(each["integrity_label"] for each in labels),
            "confidentiality_label": max(each["confidentiality_label"] for each in labels),
            "taint": taint,
        }

    def marks(self):
        """D100: what an agent was given, of the same principal, not on two different nodes."""
        if self.node["client"] == "person":
            return []
        holder = self.claims[1004].decode() if 1004 in self.claims else None
        return [
            mark for sub, at, mark in self.node["marks"]
            if sub == self.claims[2] and (None in (holder, at) or holder == at)
        ]

    def taint(self):
        """D100, then §6.2: tier, taint and integrity; D130 an elevation."""
        known = self.node["provenances"]
        require(all(name in known for name in self.inputs), "provenance.unknown_input")
        self.labels = self.computed(
            [known[name] for name in self.inputs], self.request["provenance"]
        )
        level = self.trust["definition"]["integrity_level"]
        decision, reason = provenance.decide(self.labels, self.rule["tier"], level)
        require(decision != "deny", reason)
        if decision == "require_elevation":
            self.find(("elevation",), reason, least=level)
        return self.labels

    def secrecy(self, labels):
        """§8.1, D83, D103: each input on its way in, then the call on its way out."""
        level, named = self.trust["definition"]["confidentiality_level"], 0
        inside, into = labels["confidentiality_label"], (self.zone, level, None)
        for name in self.inputs:
            item = self.node["provenances"][name]
            named = max(named, item["confidentiality_label"])
            if item["confidentiality_label"] > level:
                self.declassified(item["current_zone"], into, name)
                inside = min(inside, level)
        inline = self.computed([], None)["confidentiality_label"]
        whole = labels["confidentiality_label"]
        if inline > level or (whole > named and whole > level):
            self.declassified(self.zone, into, self.call["id"])
            inside = min(inside, level)
        if self.rule["reach"] == "outside" and self.rule["tier"] != "safe":
            for sink in self.sinks():
                if inside > sink[1]:
                    self.declassified(self.zone, sink, self.call["id"])
        return {"integrity": labels["integrity_label"], "confidentiality": inside,
                "taint": labels["taint"]}

    def sinks(self):
        """D104: the resources; without any, nobody knows where."""
        named = [(name, self.node["resources"][name]) for name in self.request["resources"]]
        return [
            (value["header"]["zone_id"], value["resource_confidentiality_level"], name)
            for name, value in named
        ] or [(None, 0, None)]

    def declassified(self, source, sink, written):
        reason = "crossing.declassification_required"
        self.find(("declassification",), reason, source=source, sink=sink, written=written)

    def approval(self):
        """§7.2: who must agree first."""
        kinds = APPROVING.get(self.rule["approval"])
        if kinds:
            self.find(kinds, "approval.required", bound=True)

    def idempotency(self):
        """D144."""
        tier = self.rule["tier"]
        needed = tier == "dangerous" or tier == "risky" and self.rule["idempotency"] != "best_effort"
        require(not needed or "idempotency_key" in self.request, "idempotency.key_required")

    def counting(self, name):
        if name not in self.node["approvals"]:
            raise approvals.Deny("approval.missing")
        value, body = self.node["approvals"][name]
        approvals.verify(value, body, name, self.now, self.trust, None)
        return value

    def check(self, value, kind, least=0, bound=False, source=None, sink=None, written=None):
        """§5.2.1, D83-D88, D130: an approval of this kind against this call."""
        scope = value["scope"][kind]
        request = {
            "connector": self.request["connector_id"], "operation": self.request["operation"],
            "tier": self.rule["tier"], "request_object_id": self.call["id"],
            "input": self.request["input"], "provenance": self.request["provenance"],
            "computed": getattr(self, "labels", None), "written": written,
            "sink": sink[:2] if sink and sink[0] else None,
        }
        if kind == "declassification":
            named = sink[2] is None or sink[2] in scope["object_ids"]
            approvals.require(named, "approval.wrong_target")
        check = {"execution": approvals.execution, "elevation": approvals.elevation,
                 "declassification": approvals.declassification}[kind]
        check(scope, request, source)
        if kind == "elevation":
            approvals.require(scope["target_integrity"] >= least, "approval.wrong_target")
            whole = "request_object_id" in scope and "input_hash" in scope
            approvals.require(whole or not bound, "approval.unbound")

    def find(self, kinds, otherwise, **how):
        """The first approval of these kinds that fits; else why the last does not, or `otherwise`."""
        unfit, invalid = None, None
        for name in self.request["approval_tokens"]:
            try:
                value = self.counting(name)
            except approvals.Deny as deny:
                invalid = deny.reason
                continue
            (kind, _), = value["scope"].items()
            if kind not in kinds:
                continue
            try:
                self.check(value, kind, **how)
            except approvals.Deny as deny:
                unfit = deny.reason
            else:
                self.used.add(name)
                return
        raise verdicts.Deny(unfit or invalid or otherwise)


def _denies(pattern, uri):
    """D121: a denied prefix needs no boundary."""
    return pattern == "*" or uri.startswith(pattern)


_URI = re.compile(r"([a-z][a-z0-9+.-]*):(?://([^/?]*))?([^?]*)(?:\?.*)?")
_HOST = re.compile(r"(?:\[[0-9a-f:.]+\]|[^:A-Z%\[\]]*)(?::([1-9][0-9]*))?")
_PERCENT = re.compile(r"%(?:[0-9A-F]{2})?")


def is_uri(text):
    """D121: the one form of a resource's URI; nothing is repaired."""
    if any(not "\x21" <= char <= "\x7e" or char in "\\\"<>^`{|}#" for char in text):
        return False
    parts = _URI.fullmatch(text)
    if parts is None or not all(map(_needed, _PERCENT.findall(text))):
        return False
    scheme, authority, path = parts.groups()
    if authority is not None:
        host = _HOST.fullmatch(authority)
        if "@" in authority or host is None or host[1] == _DEFAULT_PORTS.get(scheme, ""):
            return False
    segments = path.split("/")
    return path != "" and "//" not in path and "." not in segments and ".." not in segments


def _needed(escape):
    """A byte that has no other way to be written."""
    if len(escape) != 3:
        return False
    byte = chr(int(escape[1:], 16))
    return not (byte.isascii() and byte.isalnum() or byte in "-._~/\\\0")
