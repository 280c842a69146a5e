"""Approvals and their constraints (§5.2.1, D7, D83-D88, D130)."""

from . import cbor, history, objects, pointer, policy, schema, sign
from .blake3 import blake3
from .errors import Reject

APPROVAL = ("fcp.core", "ApprovalToken", "2.0.0")


class Deny(Exception):
    """The first rule that fails."""

    def __init__(self, reason):
        super().__init__(reason)
        self.reason = reason


def require(condition, reason):
    if not condition:
        raise Deny(reason)


def verdict(check, *arguments):
    """("allow" or "deny", reason) of a check."""
    try:
        check(*arguments)
    except Deny as deny:
        return "deny", deny.reason
    return "allow", "allow"


def input_hash(value):
    """D87."""
    return blake3(objects.known("InvokeInput") + cbor.encode(value))


def check_input(constraints, hash32, value):
    """D85-D87: whether an input is what was approved."""
    require(hash32 is None or hash32 == input_hash(value), "approval.wrong_input")
    _constraints(constraints, hash32 is not None, value)


def _constraints(constraints, whole, value):
    require(all(_holds(c, value) for c in constraints), "approval.constraint_failed")
    require(whole or all(_covered(leaf, constraints) for leaf in _leaves(value, "")),
             "approval.uncovered_field")


def _holds(constraint, document):
    """D86: the table, row by row; equality is that of canonical CBOR."""
    try:
        found = pointer.evaluate(constraint["json_pointer"], document)
    except Reject:
        return False
    wanted, comparison = constraint["value"], constraint["op"]
    if comparison in ("eq", "neq"):
        return same(found, wanted) == (comparison == "eq")
    if comparison in ("in", "not_in"):
        return isinstance(wanted, list) and _among(found, wanted) == (comparison == "in")
    if comparison == "contains" and isinstance(found, list):
        return _among(wanted, found)
    if not (isinstance(found, str) and isinstance(wanted, str)):
        return False
    return {
        "prefix": found.startswith, "suffix": found.endswith, "contains": found.__contains__,
    }[comparison](wanted)


def same(left, right):
    return cbor.encode(left) == cbor.encode(right)


def _among(value, items):
    return any(same(value, item) for item in items)


def _leaves(value, at):
    """D85: the pointers of scalars and of empty arrays and maps."""
    if isinstance(value, dict) and value:
        for name, item in value.items():
            yield from _leaves(item, f"{at}/{name.replace('~', '~0').replace('/', '~1')}")
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from _leaves(item, f"{at}/{index}")
    else:
        yield at


def _covered(leaf, constraints):
    return any(
        leaf == c["json_pointer"] or (c["op"] == "eq" and leaf.startswith(c["json_pointer"] + "/"))
        for c in constraints
    )


def check_limits(constraints, hash32):
    """§5.2.1 rules 3 to 5, as an approval that holds the constraints has to keep them."""
    for constraint in constraints:
        pointer.check(constraint["json_pointer"])
    schema.execution({"input_constraints": constraints, **({} if hash32 is None else {"input_hash": hash32})})


def verify(value, body, name, now, trust, request):
    """D84 the approver, D7 the time, D83 the target, D130 revocation and the request."""
    zone = trust["definition"]["zone_id"]
    (kind, scope), = value["scope"].items()
    require(value["header"]["zone_id"] == zone, "approval.wrong_zone")
    _signature(value, body, kind, trust)
    require(value["approved_at"] <= now + history.SKEW, "approval.not_yet_valid")
    require(now <= value["expires_at"], "approval.expired")
    level = trust["definition"]["integrity_level"]
    require(kind != "elevation" or scope["target_integrity"] <= level, "approval.target_too_high")
    require(not history.is_revoked(trust["revocations"], name, zone, now), "revocation.approval")
    if request is not None:
        {"elevation": elevation, "declassification": declassification,
         "execution": execution}[kind](scope, request, zone)


def _signature(value, body, kind, trust):
    listed = [
        a["pubkey"] for a in trust["policy"]["approvers"]
        if a["principal"] == value["approved_by"] and kind in a["scopes"]
    ]
    try:
        sign.verify_object(listed[0] if listed else trust["owner_key"], body)
    except Reject as reject:
        mismatch = reject.code == "sign.bad_signature"
        raise Deny("approval.not_listed" if mismatch and not listed else reject.code) from None


def _content(scope, request):
    """D83, D88: what an approval says of request and input; risky needs both."""
    wanted = scope.get("request_object_id", request["request_object_id"])
    require(wanted == request["request_object_id"], "approval.wrong_request")
    known = input_hash(request["input"])
    require(scope.get("input_hash", known) == known, "approval.wrong_input")
    bound = "request_object_id" in scope and "input_hash" in scope
    require(bound or request["tier"] == "safe", "approval.unbound")


def execution(scope, request, zone):
    fits = scope["connector_id"] == request["connector"]
    fits = fits and policy.glob_match(scope["method_pattern"], request["operation"])
    require(fits, "approval.wrong_operation")
    _content(scope, request)
    _constraints(scope["input_constraints"], "input_hash" in scope, request["input"])


def elevation(scope, request, zone):
    require(scope["operation"] == request["operation"], "approval.wrong_operation")
    claimed, computed = request["provenance"], request["computed"]
    require(same(scope["original_provenance"], claimed), "approval.wrong_provenance")
    no_worse = (
        not computed["taint"] & ~claimed["taint"]
        and computed["integrity_label"] >= claimed["integrity_label"]
        and computed["confidentiality_label"] <= claimed["confidentiality_label"]
    )
    require(no_worse, "approval.worse_provenance")
    _content(scope, request)


def declassification(scope, request, zone):
    sink_zone, level = request["sink"] or (scope["to_zone"], 0)  # D104: unknown is public
    fits = scope["from_zone"] == zone and scope["to_zone"] == sink_zone
    require(fits and scope["target_confidentiality"] == level, "approval.wrong_target")
    require(request["written"] in scope["object_ids"], "approval.wrong_objects")
    _content(scope, request)
