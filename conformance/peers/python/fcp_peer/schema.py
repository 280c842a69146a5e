"""The fields of the protocol's objects, as their bodies carry them in CBOR.

From the structs of the specification with the changes of the decisions
(G4, G5, G7, D200 and those named below). An object is listed only where its
fields are settled; any other is decoded without this table.
"""

from . import cbor, edwards, gossip, ids, pointer, policy, session
from .blake3 import blake3
from .errors import Reject
from .shapes import (
    any_value, ascending, boolean, both, bstr, enum, ident, ip_address, mapping, seq, struct, text,
    uint, unique, within,
)

u8, u16, u32, u64 = uint(8), uint(16), uint(32), uint(64)
b8, b16, b32, b64, octets = bstr(8), bstr(16), bstr(32), bstr(64), bstr()
canonical, zone, node, tag = map(ident, (ids.canonical, ids.zone, ids.node, ids.tag))
oids = seq(b32)
refs = unique(b32, "object.duplicate_ref")  # D39
sorted_ids = ascending(b32, lambda item: item, "object.list_order")  # D200
evidence = ascending(b32, lambda item: item, "audit.evidence_order")  # D190


def short(value):
    """D147, D228: at most 256 bytes of text."""
    text(value)
    if len(value.encode()) > 256:
        raise Reject("cbor.out_of_range", "a text of more than 256 bytes")


def kid(public_key):
    """§2.2(5), D9: first 8 bytes of BLAKE3-256("fcp.kid.v2" ‖ key)."""
    return blake3(b"fcp.kid.v2" + public_key)[:8]


# --- §3.3, §3.6, §6.1: headers -------------------------------------------------


def schema_id(value):
    """G7: {name, version, namespace}, each part by D19."""
    _SCHEMA_FIELDS(value)
    ids.schema(value["namespace"], value["name"], value["version"])


_SCHEMA_FIELDS = struct(namespace=text, name=text, version=text)

LABEL_ADJUSTMENT = enum(
    integrity_elevated=struct(to=u8, by_approval=b32, applied_at=u64),
    confidentiality_declassified=struct(to=u8, by_approval=b32, applied_at=u64),
)
PROVENANCE = struct(
    origin_zone=zone, current_zone=zone, integrity_label=u8, confidentiality_label=u8,
    label_adjustments=seq(LABEL_ADJUSTMENT), origin_principal_=canonical, taint=u32,
    taint_reductions=seq(struct(clears=u32, by_receipt=b32, applied_at=u64)),
    zone_crossings=seq(
        struct(from_zone=zone, to_zone=zone, crossed_at=u64, authorized_by_=b32)
    ),
    created_at=u64,
)
DEVICE_SELECTOR = enum(
    tag=text, node_id=node, zone=zone, has_capability=text, **{"class": text}
)
HEADER = struct(
    schema=schema_id, zone_id=zone, created_at=u64, provenance=PROVENANCE,
    refs=refs, foreign_refs=refs, ttl_secs_=u64,
    placement_=struct(
        min_nodes=u8, max_node_fraction_bps=uint(16, 10_000),
        preferred_devices=seq(DEVICE_SELECTOR), excluded_devices=seq(DEVICE_SELECTOR),
        target_coverage_bps=u32,
    ),
)


def obj(**fields):
    """A struct that begins with an ObjectHeader (§3.6)."""
    return struct(header=HEADER, **fields)


def signed(**fields):
    """A struct with a header and one signature (§3.5.1)."""
    return obj(signature=b64, **fields)


# --- shared parts --------------------------------------------------------------

def baseline(box):
    """D38: one suite."""
    if (box["kem_id"], box["kdf_id"], box["aead_id"]) != (0x0020, 0x0001, 0x0003):
        raise Reject("hpke.unsupported_suite", "not the suite of D38")


def public_key(value):
    """D8: the canonical encoding of a point, not of small order."""
    b32(value)
    point = edwards.decompress(value)
    if point is None or edwards.is_small_order(point):
        raise Reject("sign.malformed", "no public key")


def commitment(value):
    """RFC 9591 §6.1: an element of the group that is not the identity."""
    b32(value)
    if not edwards.in_prime_group(value):
        raise Reject("owner.bad_package", "no element of the group")


def scalar(value):
    """RFC 9591 §6.1: a number below the group's order, little-endian."""
    b32(value)
    if int.from_bytes(value, "little") >= edwards.L:
        raise Reject("owner.bad_package", "not below the group's order")


SEALED_BOX = both(struct(kem_id=u16, kdf_id=u16, aead_id=u16, enc=b32, ct=octets), baseline)
QUORUM_SIGNATURE = struct(signer_node=node, signer_kid=b8, sig=b64)
QUORUM_SIGNATURES = seq(QUORUM_SIGNATURE)
# D29, D30: sorted by node, one signature each.
SIGNATURE_SET = ascending(
    QUORUM_SIGNATURE, lambda item: item["signer_node"].encode(), "quorum.signature_order"
)
TRACE_CONTEXT = struct(trace_id=b16, span_id=b8, flags=u8)
WRAPPED_KEY = struct(node_id=node, node_enc_kid=b8, issued_at=u64, sealed_key=SEALED_BOX)
# D200: sorted by node and key, each once.
WRAPPED_KEYS = ascending(
    WRAPPED_KEY, lambda key: (key["node_id"].encode(), key["node_enc_kid"]), "zone_key.list_order"
)
NETWORK_CONSTRAINTS = struct(
    host_allow=seq(text), port_allow=seq(u16), ip_allow=seq(ip_address), cidr_deny=seq(text),
    deny_localhost=boolean, deny_private_ranges=boolean, deny_tailnet_ranges=boolean,
    require_sni=boolean, spki_pins=seq(text), deny_ip_literals=boolean,
    require_host_canonicalization=boolean, dns_max_ips=u16, max_redirects=u8,
    connect_timeout_ms=u32, total_timeout_ms=u32, max_response_bytes=u64,
)
CONSTRAINTS = struct(
    resource_allow=seq(text), resource_deny=seq(text), max_calls_=u32, max_bytes_=u64,
    idempotency_scope_=text, network_=NETWORK_CONSTRAINTS, credential_allow=seq(canonical),
)


def pattern(value):
    """D79: a glob."""
    text(value)
    policy.check_pattern(value)


def json_pointer(value):
    """RFC 6901."""
    text(value)
    pointer.check(value)


def idempotency_key(value):
    """D143: 1 to 128 bytes."""
    text(value)
    if not 1 <= len(value.encode()) <= 128:
        raise Reject("idempotency.bad_key", "1 to 128 bytes")


def rising(item, key, code="zone_policy.list_order"):
    """D200: a list that is sorted by UTF-8 bytes, each entry once."""
    return ascending(item, lambda element: key(element).encode(), code)


def itself(element):
    return element


patterns = seq(pattern)
ZONE_POLICY = struct(
    principals_allow=patterns, principals_deny=patterns,
    connectors_allow=patterns, connectors_deny=patterns,
    cap_allow=patterns, cap_deny=patterns, default_deny_=boolean,
)
WEIGHT = uint(32, 1_000_000)
PLACEMENT_POLICY = struct(
    requires=seq(enum(
        "on_power",
        gpu=struct(min_vram_mb=u32), memory=struct(min_mb=u32),
        software=struct(name=text, version_=text), network=struct(min_bandwidth_mbps_=u32),
        tailscale_tag=text,
        connector_available=struct(connector_id=canonical, min_version_=text),
        secret_reconstructable=struct(secret_id=canonical, min_nodes=u8),
        zone_quota_headroom=struct(zone_id=zone, min_free_mb=u32),
    )),
    prefers=seq(enum(
        low_latency=struct(max_ms=u32, weight_bps=WEIGHT),
        high_resources=struct(weight_bps=WEIGHT),
        specific_device=struct(node_id=node, weight_bps=WEIGHT),
        data_locality=struct(object_ids=oids, weight_bps=WEIGHT),
    )),
    excludes=seq(text), zones=seq(zone),
)
CREDENTIAL_FORMAT = enum("raw", prefix=struct(prefix=text))
BOUND = {"request_object_id_": b32, "input_hash_": b32}
MAX_ESI = (1 << 24) - 1


def esis(value):
    """D61, D134, D200: rising, at most 1024, none above 2^24 - 1."""
    seq(u32)(value)
    rising_ = all(a < b for a, b in zip(value, value[1:]))
    if not rising_ or len(value) > 1024 or any(esi > MAX_ESI for esi in value):
        raise Reject("symbol.bad_want", "no list of symbols")


def missing_hint(value):
    """D71: at most 256 rising numbers, each u32 in little-endian order."""
    octets(value)
    numbers = [int.from_bytes(value[at:at + 4], "little") for at in range(0, len(value), 4)]
    rising_ = all(a < b for a, b in zip(numbers, numbers[1:]))
    if len(value) % 4 or len(numbers) > 256 or not rising_ or any(n > MAX_ESI for n in numbers):
        raise Reject("symbol.bad_hint", "no hint")


def ephemeral(name):
    """D72: the one form of the header of a message that is not stored."""

    def rule(value):
        head = value["header"]
        plain = dict(head["provenance"])
        for free in ("integrity_label", "confidentiality_label", "created_at"):
            del plain[free]
        wanted = {
            "origin_zone": head["zone_id"], "current_zone": head["zone_id"], "taint": 0,
            "label_adjustments": [], "taint_reductions": [], "zone_crossings": [],
        }
        schema = {"namespace": "fcp.mesh", "name": name, "version": "2.0.0"}
        good = head["schema"] == schema and not head["refs"] and not head["foreign_refs"]
        if not (good and head.get("ttl_secs") == 60 and "placement" not in head and plain == wanted):
            raise Reject("symbol.message_header", "not the header of an ephemeral message")
        if value["zone_id"] != head["zone_id"]:
            raise Reject("object.zone_mismatch", "`zone_id` differs from the header's")

    return rule


DECODE_STATUS = both(obj(
    object_id=b32, zone_id=zone, zone_key_id=b8, epoch_id=u64, received_unique=u32,
    required=u32, missing_hint_=missing_hint, signature_=b64,
), ephemeral("DecodeStatus"))

# §9.2.1: a message of its own by its schema, and a part of a request (D221).
DELIVERY_HINT = struct(stop_after_symbols=u32, preferred_symbol_size_=u16)


def signers(value):
    """D202: 2 to 255 signers by share id, each once."""
    if isinstance(value, list) and len(value) < 2:
        raise Reject("owner.bad_package", "fewer than two signers")
    last = 0
    shape = struct(share_id=u8, hiding=commitment, binding=commitment)

    def next_signer(signer):
        nonlocal last
        shape(signer)
        if signer["share_id"] <= last:
            raise Reject("owner.bad_package", "share ids do not rise from 1")
        last = signer["share_id"]

    seq(next_signer, 0, 255)(value)


# --- D211: messages about checkpoints --------------------------------------------

SIGNED_HEAD = struct(head=octets, signatures=SIGNATURE_SET)
CHECKPOINT_PROPOSAL = struct(
    checkpoint=octets, heads=seq(SIGNED_HEAD, 0, 2), votes=SIGNATURE_SET,
    void=seq(struct(checkpoint=octets, votes=SIGNATURE_SET), 0, 16),  # D213
)
CAST_VOTES = ascending(
    struct(checkpoint_seq=u64, proposal=CHECKPOINT_PROPOSAL, signature=QUORUM_SIGNATURE),
    lambda vote: vote["checkpoint_seq"], "cbor.out_of_range",
)
VOTE = struct(target=b32, signature=QUORUM_SIGNATURE)
AUDIT_EVENT = signed(
    correlation_id=b16, trace_context_=TRACE_CONTEXT, event_type=text, actor=canonical,
    zone_id=zone, connector_id_=canonical, operation_=canonical,
    capability_token_jti_=b16, request_object_id_=b32, result_object_id_=b32,
    prev_=b32, seq=u64, occurred_at=u64,
)


def linked(value):
    """D185, D210: the first event and one without a place have nothing before them."""
    if ("prev" in value) != (value["seq"] > 1):
        raise Reject("audit.bad_sequence", "seq and prev")

def execution(value):
    """§5.2.1 rules 4 and 5: what an execution scope may hold, and must be bound to."""
    constraints = value["input_constraints"]
    if len(constraints) > 64:
        raise Reject("approval.too_many_constraints", f"{len(constraints)} constraints")
    if any(len(cbor.encode(constraint["value"])) > 4096 for constraint in constraints):
        raise Reject("approval.value_too_large", "a value of more than 4 KiB")
    if "input_hash" not in value and not constraints:
        raise Reject("approval.unbounded", "neither a hash nor a constraint")


MAX_POSTURE_SECS = 86_400


def posture(value):
    """§2.2 rule 3, D5: a window of more than nothing and at most a day."""
    if not 0 < value["expires_at"] - value["issued_at"] <= MAX_POSTURE_SECS:
        raise Reject("attestation.posture_window", "empty, or longer than a day")


def attestation(value):
    """§2.2 rules 2, 4 and 5, D6, D9: what an attestation says about itself."""
    for role in ("sig", "enc", "iss"):
        if kid(value[f"node_{role}_pubkey"]) != value[f"node_{role}_kid"]:
            raise Reject("attestation.kid_mismatch", f"`node_{role}_kid`")
    tags = [item.encode() for item in value["tags"]]
    if any(a >= b for a, b in zip(tags, tags[1:])):
        raise Reject("attestation.bad_tags", "not sorted, or one stands twice")
    if value["expires_at"] <= value["issued_at"]:
        raise Reject("attestation.bad_window", "it expires before it is issued")


CORE = {
    # §2.2, §19.4
    "NodeKeyAttestation": both(struct(
        node_id=node, owner_pubkey=b32, node_sig_pubkey=b32, node_sig_kid=b8,
        node_enc_pubkey=b32, node_enc_kid=b8, node_iss_pubkey=b32, node_iss_kid=b8,
        tags=seq(tag), issued_at=u64, expires_at=u64, attestation_nonce=b32,
        device_posture_=both(struct(
            kind=enum("tpm_quote", "secure_enclave", "android_keystore", custom=text),
            payload=octets, issued_at=u64, expires_at=u64, nonce=b32,
        ), posture),
        signature=b64,
    ), attestation),
    "DeviceEnrollment": signed(
        node_id=node, node_sig_pubkey=b32, allowed_zones=seq(zone),
        storage_permissions=seq(enum(
            "store_secret_shares", "store_audit_events",
            store_symbols=struct(zones=seq(zone)),
        )),
        issued_at=u64, expires_at_=u64,
    ),
    # D14, D30
    "QuorumSignatureSet": obj(
        target=b32, signatures=SIGNATURE_SET,
    ),
    # §2.2.1, D199, D202
    "OwnerKeyShare": signed(
        share_id=within(1, 255), node_id=node, sealed_share=SEALED_BOX, issued_at=u64,
        verifying_share=b32, group_key=public_key,
    ),
    "KeygenRound1": struct(
        ceremony=b32, sender=node, commitment=seq(b32, 1), proof=b64, signature=b64,
    ),
    "KeygenRound2": struct(
        ceremony=b32, sender=node, recipient=node, round1=b32, issued_at=u64,
        sealed_share=SEALED_BOX, signature=b64,
    ),
    "OwnerSigningCommitment": struct(
        group_key=public_key, hiding=commitment, binding=commitment,
    ),
    "OwnerSigningPackage": struct(
        group_key=public_key, commitments=signers, preimage=octets,
    ),
    "OwnerSignatureShare": struct(package=b32, share=scalar),
    # §3.8, D201
    "ZoneCheckpoint": obj(
        zone_id=zone, prev_checkpoint_=b32, rev_head=b32, rev_seq=u64, audit_head=b32,
        audit_seq=u64, zone_definition_head=b32, zone_policy_head=b32,
        active_zone_key_manifest=b32, checkpoint_seq=u64, as_of_epoch=u64,
        quorum_signatures=QUORUM_SIGNATURES,
    ),
    "ZoneAnchor": signed(
        zone_id=zone, generation=u64, checkpoint=b32, checkpoint_seq=u64, policy=b32,
    ),
    # §5.2, D37, D83, D200
    "ZoneDefinitionObject": signed(
        zone_id=zone, name=text, integrity_level=u8, confidentiality_level=u8,
        symbol_port=u16, control_port=u16, tailscale_tag=text, parent_=zone,
        transport_policy_=struct(
            allow_derp=boolean, allow_funnel=boolean, allow_lan_broadcast=boolean,
        ),
        policy_object_id=b32, prev_=b32,
    ),
    "ZonePolicyObject": signed(
        zone_id=zone, policy=ZONE_POLICY,
        checkpoint_signers=both(seq(node, 1, 255), rising(node, itself)), max_faults=u8,
        approvers=rising(struct(
            principal=canonical, pubkey=b32,
            scopes=rising(enum("elevation", "declassification", "execution"), itself),
        ), lambda approver: approver["principal"]),
        token_issuers=rising(
            struct(node_id=node, subs=both(seq(pattern, 1), rising(pattern, itself))),
            lambda issuer: issuer["node_id"],
        ),
        security_profile_=struct(
            zone_id=zone, key_mode=enum("manifest_distributed", "mls_tree_kem"),
            require_pcs=boolean, max_epoch_secs=u64,
        ),
        prev_=b32,
    ),
    "ZoneKeyManifest": signed(
        zone_id=zone, zone_key_id=b8, algorithm=enum("chacha20poly1305", "xchacha20poly1305"),
        valid_from=u64, valid_until_=u64, prev_zone_key_id_=b8, object_id_key_id=b8,
        wrapped_object_id_keys=WRAPPED_KEYS,
        rekey_policy_=struct(
            epoch_ratchet_enabled=boolean, overlap_secs=u64, retain_epochs=u32,
            rewrap_on_membership_change=boolean,
            rotate_object_id_key_on_membership_change=boolean,
        ),
        wrapped_keys=WRAPPED_KEYS,
    ),
    "ApprovalToken": signed(
        scope=enum(
            elevation=struct(
                operation=canonical, original_provenance=PROVENANCE, target_integrity=u8,
                **BOUND,
            ),
            declassification=struct(
                from_zone=zone, to_zone=zone, object_ids=oids, target_confidentiality=u8,
                **BOUND,
            ),
            execution=both(struct(
                connector_id=canonical, method_pattern=pattern,
                input_constraints=seq(struct(
                    json_pointer=json_pointer,
                    op=enum("eq", "neq", "in", "not_in", "prefix", "suffix", "contains"),
                    value=any_value,
                )),
                **BOUND,
            ), execution),
        ),
        justification=text, approved_by=canonical, approved_at=u64, expires_at=u64,
    ),
    # §6.1, D104, D105
    "SanitizerReceipt": signed(
        sanitizer_connector=canonical, sanitizer_operation=canonical, inputs=oids, clears=u32,
        findings_=any_value, executed_at=u64, executed_by=node,
    ),
    "ResourceObject": signed(
        connector_id=canonical, resource_type=text, resource_uri=text, created_at=u64,
        resource_digest_=b32, resource_digest_alg_=text, resource_size_bytes_=u64,
        resource_content_type_=text, retrieved_at_=u64, expires_at_=u64,
        resource_integrity_level=u8, resource_confidentiality_level=u8, resource_taint=u32,
        executed_by=node,
    ),
    # §7.3, §7.6, D27, D129
    "CapabilityObject": signed(
        capability_id=canonical,
        grantee=enum("bearer", principal=canonical, zone=zone, tag=text),
        constraints=CONSTRAINTS, placement=PLACEMENT_POLICY, valid_from=u64, valid_until=u64,
    ),
    "CredentialObject": signed(
        credential_id=canonical, secret_id=canonical,
        apply=enum(
            http_header=struct(name=text, format=CREDENTIAL_FORMAT),
            query_param=struct(name=text, format=CREDENTIAL_FORMAT),
        ),
        host_allow=seq(text), created_at=u64,
    ),
    "RoleObject": signed(
        role_id=canonical, name=text, description=text,
        grants=seq(struct(capability_id=canonical, constraints_=CONSTRAINTS)),
        inherits=oids, zone_id=zone, valid_from=u64, valid_until=u64,
    ),
    "RoleAssignment": signed(
        role_object_id=b32, grantee=canonical, attenuation_=CONSTRAINTS,
        valid_from=u64, valid_until=u64,
    ),
    # §9.3, §9.5, D142, D200
    "ControlPlaneObject": struct(header=HEADER, body=octets),
    "InvokeRequest": struct(
        id=text, connector_id=canonical, operation=canonical, zone_id=zone, target_node=node,
        input=any_value, capability_token=octets, provenance=PROVENANCE, resources=sorted_ids,
        approval_tokens=sorted_ids, idempotency_key_=idempotency_key, trace_context_=TRACE_CONTEXT,
        instance_id_=canonical, deadline_ms_=u64, lease_seq_=u64, holder_nonce_=b16,
        holder_proof_=b64,
    ),
    "InvokeResponse": struct(
        id=text, result=any_value, resource_object_ids=oids, next_cursor_=text, receipt_=b32,
    ),
    "SimulateRequest": struct(
        id=text, operation=canonical, input=any_value, capability_token=octets,
        estimate_cost=boolean, check_availability=boolean,
    ),
    "SimulateResponse": struct(
        id=text, would_succeed=boolean, failure_reason_=text, missing_capabilities=seq(text),
        estimated_cost_=struct(
            api_credits_=u64, estimated_duration_ms_=u64, estimated_bytes_=u64,
            currency_=struct(amount_cents=u64, currency_code=text),
        ),
        availability_=struct(
            available=boolean, rate_limit_remaining_=u32, rate_limit_reset_at_=u64,
        ),
    ),
    "OperationReceipt": signed(
        request_object_id=b32, idempotency_key_=idempotency_key, outcome_object_ids=oids,
        resource_object_ids=oids, executed_at=u64, executed_by=node,
    ),
    "OperationIntent": signed(
        request_object_id=b32, capability_token_jti=b16, idempotency_key_=idempotency_key,
        planned_at=u64, planned_by=node, lease_seq_=u64, upstream_idempotency_=text,
    ),
    "EventEnvelope": struct(
        topic=text, timestamp=u64, seq=u64, cursor=text, requires_ack=boolean, data=any_value,
    ),
    # §10.4, D149
    "ConnectorStateRoot": obj(
        connector_id=canonical, instance_id_=canonical, zone_id=zone,
        model=enum(
            "stateless", "singleton_writer",
            crdt=struct(crdt_type=enum("lww_map", "or_set", "g_counter", "pn_counter")),
        ),
    ),
    "ConnectorStateObject": signed(
        connector_id=canonical, instance_id_=canonical, zone_id=zone, prev_=b32, seq=u64,
        state_cbor=octets, updated_at=u64, lease_seq_=u64, lease_object_id_=b32,
    ),
    # §14.3
    "RevocationObject": signed(
        revoked=oids,
        scope=enum(
            "capability", "issuer_key", "node_attestation", "zone_key", "connector_binary",
        ),
        reason=text, effective_at=u64, expires_at_=u64,
    ),
    "RevocationEvent": signed(
        revocation_object_id=b32, prev_=b32, seq=u64, occurred_at=u64,
    ),
    "RevocationHead": obj(
        zone_id=zone, head_event=b32, head_seq=u64, epoch_id=u64,
        quorum_signatures=QUORUM_SIGNATURES,
    ),
    # §15.1, D170
    "Lease": obj(
        subject_object_id=b32,
        purpose=enum("operation_execution", "connector_state_write", "computation_migration"),
        lease_seq=u64, owner_node=node, iat=u64, exp=u64, coordinator=node,
        quorum_signatures=QUORUM_SIGNATURES,
    ),
    "LeaseRequest": signed(
        subject_object_id=b32,
        purpose=enum("operation_execution", "connector_state_write", "computation_migration"),
        desired_owner=node, requested_at=u64, exp=u64,
    ),
    "LeaseRelease": signed(lease=b32),
    # §17.3, D177, D200
    "SecretObject": signed(
        secret_id=canonical, zone_id=zone, k=within(2, 255), n=within(2, 255),
        scheme=enum("shamir_gf256"), commit=b32, share_commits=mapping(ids.node, b32),
        wrapped_shares=mapping(ids.node, SEALED_BOX),
        rotation=struct(rotate_after_secs=u64, overlap_secs=u64),
    ),
    "SecretAccessToken": signed(
        jti=b16, secret_id=canonical, zone_id=zone, holder_node=node, request_object_id=b32,
        purpose=text, requested_by=canonical, iat=u64, exp=u64, approved_by=canonical,
    ),
    # §23.4, D27, D185
    "AuditEvent": AUDIT_EVENT,
    "AuditSubmission": struct(
        executed_by=node, signer_kid=b8, event=both(AUDIT_EVENT, linked),
    ),
    "AuditHead": obj(
        zone_id=zone, head_event=b32, head_seq=u64, coverage_bps=uint(16, 10_000),
        epoch_id=u64, quorum_signatures=QUORUM_SIGNATURES,
    ),
    "DecisionReceipt": signed(
        request_object_id=b32, decision=enum("allow", "deny"), reason_code=text,
        message_=text, evidence=evidence, decided_at=u64, decided_by=node,
    ),
    # D211, D214
    "HeadProposal": struct(head=octets, events=seq(octets, 0, 512)),
    "HeadVote": VOTE,
    "CheckpointQuery": struct(checkpoint_seq=u64, lead=boolean),
    "CheckpointStatus": struct(
        checkpoint_seq=u64, leader_=node, votes=both(seq(any_value, 0, 16), CAST_VOTES),
        audit_=SIGNED_HEAD, revocation_=SIGNED_HEAD,
    ),
    "CheckpointProposal": CHECKPOINT_PROPOSAL,
    "CheckpointVote": VOTE,
    "CheckpointAnnounce": struct(
        checkpoint=octets, signatures_=octets, heads=seq(octets, 0, 2), anchor_=octets,
    ),
    # D205
    "BootstrapRequest": struct(zone_id=zone, wanted=enum(
        "heads", events=struct(revocation=boolean, **{"from": u64}), objects=seq(b32, 0, 512),
    )),
    "BootstrapBundle": struct(
        zone_id=zone, objects=seq(struct(id=b32, canonical=octets), 0, 512),
    ),
    # App. B, D193
    "ChunkedObjectManifest": obj(
        total_len=u64, chunk_size=u32, chunks=oids, payload_hash=b32,
    ),
    "RawChunk": struct(header=HEADER, bytes=octets),
    # D147, D228; how many events there are and in which order is a rule between them.
    "EventBatch": obj(
        connector_id=canonical, epoch_id=u64, part=u32,
        events=seq(struct(
            topic=short, timestamp=u64, seq=u64, cursor=short, requires_ack=boolean, data=any_value,
        )),
    ),
}



def suites(value):
    """D44: an offer."""
    seq(u8)(value)
    session.check_offer(value)


def datagram_limit(value):
    """D73."""
    u16(value)
    session.check_limit(value)


def attestations(value):
    """D46: at most four."""
    seq(octets)(value)
    if len(value) > 4:
        raise Reject("session.attestations", f"{len(value)} attestations")


def session_id(value):
    """D46, D47."""
    b16(value)
    session.session_id(value)


def iblt(value):
    """D132."""
    octets(value)
    gossip.Table.read(value)


def xor_filter(value):
    """D218."""
    octets(value)
    gossip.Filter(value)


def id_range(value):
    """D219: bits and prefix."""
    seq(any_value)(value)
    if len(value) != 2:
        raise Reject("gossip.bad_range", "not two numbers")
    u8(value[0])
    u16(value[1])
    gossip.check_range(*value)


def table_size(value):
    """D132."""
    u32(value)
    gossip.Table(value)


PART = {"zone_id": zone, "set": enum("objects", "symbols"), "range": id_range}

MESH = {
    # §8.2, D133, D219
    "GossipSummary": struct(
        zone_id=zone, epoch_id=u64, object_filter_digest=b32, symbol_filter_digest=b32, iblt=iblt,
        timestamp=u64, signature=b64, **{"from": node},
    ),
    "GossipRequest": struct(want=enum("filter", "list", table=table_size), **PART),
    "MembershipFilter": struct(n=u32, digest=b32, filter=xor_filter, **PART),
    "GossipTable": struct(n=u32, iblt=iblt, **PART),
    "GossipList": struct(n=u32, items=octets, **PART),
    # §4.4, §9.2.1, D71
    "DecodeStatus": DECODE_STATUS,
    "SymbolAck": obj(
        object_id=b32, zone_id=zone, zone_key_id=b8, epoch_id=u64,
        reconstructed_object_id_=b32, signature_=b64,
    ),
    "SymbolRequest": signed(
        object_id=b32, zone_id=zone, zone_key_id=b8, max_symbols=u32, want_esi_=esis,
        decode_status_=DECODE_STATUS, delivery_hint_=DELIVERY_HINT, requested_at=u64, requester=node,
    ),
    "SymbolDeliveryHint": DELIVERY_HINT,
    # §4.2, D44, D46
    "MeshSessionHello": struct(
        to=node, eph_pubkey=b32, nonce=b16, cookie_=b32, timestamp=u64, suites=suites,
        transport_limits_=struct(max_datagram_bytes=datagram_limit), signature=b64,
        attestations_=attestations, **{"from": node},
    ),
    "MeshSessionHelloRetry": struct(to=node, cookie=b32, timestamp=u64, **{"from": node}),
    "MeshSessionAck": struct(
        to=node, eph_pubkey=b32, nonce=b16, session_id=session_id, suite=u8, timestamp=u64,
        signature=b64, attestations_=attestations, **{"from": node},
    ),
}


OBJECTS = {
    **{("fcp.core", name, "2.0.0"): shape for name, shape in CORE.items()},
    **{("fcp.mesh", name, "2.0.0"): shape for name, shape in MESH.items()},
}
