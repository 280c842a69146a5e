"""Whether a token counts (§7.5, D107-D118, D123, D131, D162-D168, D181)."""

from . import history, ids, objects, policy as zone_policy, sign, tokens
from .errors import Reject

SKEW = history.SKEW


class Deny(Exception):
    """The first rule that fails."""

    def __init__(self, reason):
        super().__init__(reason)
        self.reason = reason


class Owned:
    """The owner's objects: verified, and with their ids."""

    def __init__(self, owner_key, key):
        self.owner_key, self.key = owner_key, key

    def read(self, name, body, key=None):
        value = objects.decode(("fcp.core", name, "2.0.0"), body)
        if "owner_pubkey" in value and value["owner_pubkey"] != self.owner_key:
            raise Reject("attestation.wrong_owner", "of another owner")
        sign.verify_object(self.owner_key, body)
        return value, objects.id_of(body, value, key or self.key)


def verify(cwt, now, audience, trust):
    """("allow" or "deny", reason, mode or None). D131: the order of the checks."""
    claims, kid = tokens.decode(cwt)
    ids.zone(audience["zone"])
    ids.canonical(audience["connector"])
    try:
        signature_and_time(cwt, claims, kid, now, audience, trust)
        check_audience(claims, audience)
        issuer_rule(claims, audience, trust, now)
        revocation(tokens.token_id(cwt, trust["object_id_key"]), claims, kid, trust, now)
        mode = checkpoint(claims, audience, trust, now)
        check_grants(claims, audience, trust, now)
    except Deny as deny:
        return "deny", deny.reason, None
    return "allow", "allow", mode


def require(condition, reason):
    if not condition:
        raise Deny(reason)


def signature_and_time(cwt, claims, kid, now, audience, trust):
    """D109 the signature, D112 the lifetime, D7 and D113 the time."""
    keys = [
        a["node_iss_pubkey"] for a, _ in attested(trust, claims[1000].decode())
        if sign.kid(a["node_iss_pubkey"]) == kid
    ]
    require(keys, "token.issuer_unknown")
    try:
        tokens.verify_signature(cwt, keys[0])
    except Reject:
        raise Deny("token.signature_invalid") from None
    longest = 86_400 if audience["tier"] == "safe" else 900
    require(0 < claims[4] - claims[6] <= longest, "token.bad_lifetime")
    require(claims[6] <= now + SKEW, "token.not_yet_valid")
    require(now <= claims[4] + SKEW, "token.expired")


def check_audience(claims, audience):
    """D107: zone, connector, instance and build."""
    require(claims[1] == audience["zone"], "token.zone_mismatch")
    require(claims[3] == audience["connector"], "token.aud_mismatch")
    if 1008 in claims:
        require(claims[1008] == audience["instance"], "token.instance_mismatch")
    if 1007 in claims:
        require(claims[1007] == audience["binary"], "token.binary_mismatch")
    else:
        require(audience["tier"] == "safe", "token.binary_missing")


def issuer_rule(claims, audience, trust, now):
    """D107: listed by the policy, and members both (D181). D116: risky needs a holder."""
    issuer, zone = claims[1000].decode(), claims[1]
    patterns = [
        pattern for entry in trust["policy"]["token_issuers"]
        if entry["node_id"] == issuer for pattern in entry["subs"]
    ]
    listed = any(zone_policy.glob_match(pattern, claims[2]) for pattern in patterns)
    require(listed, "token.issuer_not_allowed")
    require(_is_member(issuer, zone, trust, now), "token.issuer_not_member")
    if 1004 in claims:
        require(_is_member(claims[1004].decode(), zone, trust, now), "token.holder_not_member")
    else:
        require(audience["tier"] == "safe", "token.holder_missing")


def attested(trust, node):
    """The attestations of a node, newest first."""
    of_node = [pair for pair in trust["attestations"] if pair[0]["node_id"] == node]
    return sorted(of_node, key=lambda pair: (pair[0]["issued_at"], pair[1]), reverse=True)


def valid(value, now):
    until = value.get("expires_at")
    return value["issued_at"] <= now + SKEW and (until is None or now <= until + SKEW)


def _is_member(node, zone, trust, now):
    """D181: both papers valid, of one node and key; enrolled zones ∩ attested tags."""
    enrolled = [e for e, _ in trust["enrollments"] if e["node_id"] == node and valid(e, now)]
    current = [a for a, _ in attested(trust, node) if valid(a, now)][:1]
    tag = trust["definition"]["tailscale_tag"].removeprefix("tag:")
    return trust["definition"]["zone_id"] == zone and any(
        e["node_sig_pubkey"] == a["node_sig_pubkey"] and zone in e["allowed_zones"] and tag in a["tags"]
        for e in enrolled for a in current
    )


def revocation(token_id, claims, kid, trust, now):
    """D164, D165: everything that the token draws on, in the token's zone or everywhere."""
    zone = claims[1]

    def check(name, reason):
        require(not history.is_revoked(trust["revocations"], name, zone, now), reason)

    def node(name, reason, is_wanted):
        for value, enrollment_id in trust["enrollments"]:
            if value["node_id"] == name:
                check(enrollment_id, reason)
        wanted = [pair for pair in attested(trust, name) if is_wanted(pair[0])]
        current = [pair for pair in wanted if valid(pair[0], now)]
        clean = [
            pair for pair in current
            if not history.is_revoked(trust["revocations"], pair[1], zone, now)
        ]
        require(clean or not current, reason)
        if not clean:
            late = wanted and wanted[0][0]["issued_at"] > now + SKEW
            raise Deny("attestation.not_yet_valid" if late else "attestation.expired")

    check(token_id, "revocation.token")
    issuer = claims[1000].decode()
    node(issuer, "revocation.issuer", lambda a: sign.kid(a["node_iss_pubkey"]) == kid)
    if 1004 in claims:
        node(claims[1004].decode(), "revocation.holder", lambda a: True)
    for grant in claims[1001]:
        check(grant, "revocation.grant")
    if 1007 in claims:
        check(claims[1007], "revocation.binary")
    check(trust["manifest_id"], "revocation.zone_key")


def checkpoint(claims, audience, trust, now, approved=False):
    """D111 the token's binding, then §14.3.1 freshness; gives the mode."""
    held = trust["checkpoint"]
    if 1005 in claims:
        known = dict(trust["known_checkpoints"])
        if held is not None:
            known[held["seq"]] = held["id"]
        same = known.get(claims[1006], claims[1005]) == claims[1005]
        require(same and claims[1005] not in trust["forks"], "token.checkpoint_fork")
    else:
        safe = all(
            trust["capabilities"].get(cap["capability"], {}).get("safety_tier", "safe") == "safe"
            for cap in claims[1002]
        )
        public = claims[1] == "z:public" and audience["tier"] == "safe" and safe
        require(public, "token.checkpoint_missing")
    created_at, seq, complete = None, None, True
    if held is not None:
        created_at, seq, complete = held["created_at"], held["seq"], held["complete"]
    verdict, reason, mode = history.freshness(
        audience["tier"], created_at, seq, complete, claims.get(1006), approved,
        trust["freshness"], now,
    )
    require(verdict == "allow", reason)
    return mode


def check_grants(claims, audience, trust, now):
    """D123 conflicts, D117 and D118 grants, §7.5 attenuation; gives the holder's tags."""
    held = [cap["capability"] for cap in claims[1002]]
    for name in held:
        excluded = trust["capabilities"].get(name, {}).get("conflicts_with", [])
        require(not any(other in excluded for other in held if other != name), "capability.conflict")
    cited = []
    for name in claims[1001]:
        require(name in trust["grants"], "grant.missing")
        grant = trust["grants"][name]
        require(grant["header"]["zone_id"] == claims[1], "grant.wrong_zone")
        cited.append(grant)
    tags = []
    if 1004 in claims:
        holder = claims[1004].decode()
        tags = current_attestation(trust, holder, claims[1], now).get("tags", [])
    for name in held:
        faults = [
            grant_fault(grant, claims, audience, tags) for grant in cited
            if grant["capability_id"] == name
        ]
        if None not in faults:
            raise Deny(faults[0] if faults else "grant.insufficient")
    if 1003 in claims:
        bounds = [grant["constraints"] for grant in cited]
        require(_restricts(claims[1003], bounds), "token.attenuation_expands")
    return tags


def current_attestation(trust, node, zone, now):
    """The newest attestation of a node that is valid and not revoked; empty if there is none."""
    return next(
        (a for a, name in attested(trust, node)
         if valid(a, now) and not history.is_revoked(trust["revocations"], name, zone, now)),
        {},
    )


def grant_fault(grant, claims, audience, tags):
    if not (grant["valid_from"] <= claims[6] and claims[4] <= grant["valid_until"]):
        return "grant.not_valid"
    grantee = grant["grantee"]
    if grantee == "bearer":
        return None if audience["tier"] == "safe" else "grant.bearer_not_safe"
    (kind, name), = grantee.items()
    meant = {"principal": [claims[2]], "zone": [claims[1]], "tag": tags}[kind]
    return None if name in meant else "grant.wrong_grantee"


def _restricts(own, grants):
    """§7.5: an attenuation only restricts what the grants allow together.

    Bounds of the network are taken to restrict only where they are equal to a
    grant's: no vector asks for more.
    """
    resources = all(
        any(allows(pattern, wanted) for g in grants for pattern in g["resource_allow"])
        for wanted in own["resource_allow"]
    )
    limits = all(
        name not in own or any(own[name] <= g.get(name, own[name]) for g in grants)
        for name in ("max_calls", "max_bytes")
    )
    network = "network" not in own or any(own["network"] == g.get("network") for g in grants)
    credentials = all(
        any(name in g["credential_allow"] for g in grants) for name in own["credential_allow"]
    )
    return resources and limits and network and credentials


def allows(pattern, uri):
    """D121: equal, or a prefix that ends at a boundary; `*` is all."""
    if pattern in ("*", uri):
        return True
    if not uri.startswith(pattern):
        return False
    return pattern.endswith(("/", "?")) or uri[len(pattern)] in "/?"
