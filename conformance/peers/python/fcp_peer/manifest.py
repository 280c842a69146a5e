"""Connector manifests (§11.1, D152, D153, D155-D158).

The first rule that fails refuses the text; several faults are not put into
the order of the text, so a vector has one.
"""

import base64
import binascii
import ipaddress
import re
import tomllib

import jsonschema

from . import cbor, ids, objects
from .blake3 import blake3
from .errors import Reject

MAX_TEXT = 1 << 20
FEATURES = frozenset((
    "fcps.aead.chacha20poly1305", "fcps.aead.xchacha20poly1305",
    "fcps.session_mac.hmacsha256.trunc16", "fcps.session_mac.blake3.trunc16",
    "egress.dns_rebind_protection", "egress.tcp_connect", "egress.spki_pins",
    "egress.credential_injection", "state.singleton_writer", "state.crdt", "events.replay",
    "sandbox.strict_plus", "sandbox.wasi",
))  # D157
# SemVer 2.0.0, the expression that semver.org suggests.
_SEMVER = re.compile(
    r"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)"
    r"(?:-((?:0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*)"
    r"(?:\.(?:0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*))*))?"
    r"(?:\+([0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*))?"
)
_PROTOCOL = re.compile(r"[a-z0-9][a-z0-9-]*/(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)")  # D156
_RATE = re.compile(r"[1-9][0-9]{0,8}/(s|sec|min|hour|day)")  # D158
_HASH = re.compile(r"blake3-256:fcp\.interface\.v2:([0-9a-f]{64})")  # D152
_THRESHOLD = re.compile(r"([1-9][0-9]*)-of-([1-9][0-9]*)")  # D155
_KID = re.compile(r"[0-9a-f]{16}")
_OBJECT_ID = re.compile(r"objectid:[0-9a-f]{64}")
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
TIERS = ("safe", "risky", "dangerous", "forbidden")


def _bad(code, message):
    return Reject(f"manifest.{code}", message)


class Table:
    """A TOML table whose keys are read one by one; what nobody read is a fault."""

    def __init__(self, value):
        if not isinstance(value, dict):
            raise _bad("wrong_type", "not a table")
        self.value, self.known = value, set()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None and self.value.keys() - self.known:
            raise _bad("unknown_key", ", ".join(self.value.keys() - self.known))

    def has(self, key):
        self.known.add(key)
        return key in self.value

    def get(self, key, read, default=None):
        """A key that may be left out."""
        return read(self.value[key]) if self.has(key) else default

    def need(self, key, read):
        if not self.has(key):
            raise _bad("missing_key", key)
        return read(self.value[key])


def _text(value):
    if not isinstance(value, str):
        raise _bad("wrong_type", "not a string")
    return value


def _truth(value):
    if not isinstance(value, bool):
        raise _bad("wrong_type", "not a boolean")
    return value


def _integer(least, most=(1 << 63) - 1):
    def read(value):
        if not isinstance(value, int) or isinstance(value, bool):
            raise _bad("wrong_type", "not an integer")
        if not least <= value <= most:
            raise _bad("bad_value", f"{value} is not in {least}..{most}")
        return value

    return read


def _one_of(*names):
    def read(value):
        if _text(value) not in names:
            raise _bad("bad_value", f"`{value:.80}`")
        return value

    return read


def _matching(pattern, code="manifest.bad_value"):
    def read(value):
        if not pattern.fullmatch(_text(value)):
            raise Reject(code, f"`{value:.80}`")
        return value

    return read


def _identifier(check):
    def read(value):
        check(_text(value))
        return value

    return read


def _list(read, least=0):
    """An array that holds each value once."""

    def items(value):
        if not isinstance(value, list):
            raise _bad("wrong_type", "not an array")
        out = []
        for item in value:
            item = read(item)
            if item in out:
                raise _bad("duplicate", "an item stands twice")
            out.append(item)
        if len(out) < least:
            raise _bad("bad_value", "an empty list")
        return out

    return items


_texts = _list(_text)
_zone = _identifier(ids.zone)


def _capability(value):
    """§7.1: the name carries no host."""
    ids.canonical(_text(value))
    if value.startswith("network.") and ":" in value:
        raise Reject("capability.host_in_id", f"`{value:.80}`")
    return value


def _feature(value):
    if _text(value) not in FEATURES:
        raise _bad("unknown_feature", f"`{value:.80}`")
    return value


def _value(value):
    """D153: text, integers, booleans, arrays and tables."""
    if isinstance(value, dict):
        return {key: _value(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_value(item) for item in value]
    if not isinstance(value, (str, int)):
        raise _bad("float_or_date", f"{value!r:.80}")
    return value


def _schema(value):
    """A JSON Schema of draft 2020-12 that refers to nothing but its own parts."""
    value = _value(Table(value).value)
    try:
        jsonschema.Draft202012Validator.check_schema(value)
    except jsonschema.SchemaError as error:
        raise _bad("bad_schema", str(error.message)) from None
    for reference in _references(value):
        if not reference.startswith("#"):
            raise _bad("bad_schema", f"refers to `{reference:.80}`")
    return value


def _references(value):
    if isinstance(value, dict):
        for key, item in value.items():
            if key in ("$ref", "$dynamicRef") and isinstance(item, str):
                yield item
            yield from _references(item)
    elif isinstance(value, list):
        for item in value:
            yield from _references(item)


def parse(text, with_hash=True):
    """The tree of a manifest that is right, and its descriptor; with the hash of its interface."""
    if len(text.encode("utf-8", "surrogatepass")) > MAX_TEXT:
        raise _bad("syntax", "more than 1 MiB")
    try:
        tree = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, UnicodeEncodeError) as error:
        raise _bad("syntax", str(error)) from None
    with Table(tree) as root:
        with root.need("manifest", Table) as section:
            stated = _protocol(section, with_hash)
        with root.need("connector", Table) as section:
            connector = _connector(section)
        with root.need("zones", Table) as section:
            _zones(section)
        with root.get("capabilities", Table, Table({})) as section:
            capabilities = {
                name: sorted(section.get(name, _list(_capability), []), key=str.encode)
                for name in ("required", "optional", "forbidden")
            }
        if set(capabilities["forbidden"]) & {*capabilities["required"], *capabilities["optional"]}:
            raise _bad("contradiction", "wanted and forbidden")
        with root.get("provides", Table, Table({})) as section:
            operations = section.get("operations", lambda value: _entries(value, _operation), [])
            events = section.get("events", lambda value: _entries(value, _event), [])
        with root.get("event_caps", Table, Table({})) as section:
            _event_caps(section, events)
        with root.get("sandbox", Table, Table({})) as section:
            _sandbox(section)
        with root.get("signatures", Table, Table({})) as section:
            _signatures(section)
        with root.get("supply_chain", Table, Table({})) as section:
            section.get("attestations", _list(_attestation))
        with root.get("policy", Table, Table({})) as section:
            section.get("require_transparency_log", _truth)
            section.get("require_attestation_types", _texts)
            section.get("min_slsa_level", _integer(0, 4))
            section.get("trusted_builders", _texts)
    unsigned = {key: _value(item) for key, item in tree.items() if key != "signatures"}
    _value(tree)
    computed = blake3(b"fcp.interface.v2" + cbor.encode({
        **connector, "capabilities": capabilities, "operations": operations, "events": events,
    }))
    if with_hash and stated != computed.hex():
        raise _bad("interface_hash_mismatch", f"the interface is {computed.hex()}")
    return unsigned, computed


def manifest_hash(unsigned):
    """D107: what tokens name the manifest by."""
    return blake3(objects.known("ConnectorManifest") + cbor.encode(unsigned))


def _protocol(section, with_hash):
    section.need("format", _one_of("fcp-connector-manifest"))
    section.need("schema_version", _one_of("2.1"))
    section.need("min_mesh_version", _matching(_SEMVER, "manifest.bad_version"))
    section.need("min_protocol", _matching(_PROTOCOL, "manifest.bad_version"))
    section.need("protocol_features", _list(_feature))
    section.need("max_datagram_bytes", _integer(432, 65_507))  # D73
    if not with_hash:
        section.has("interface_hash")
        return None
    stated = section.need("interface_hash", _matching(_HASH, "manifest.interface_hash_syntax"))
    return stated.rpartition(":")[2]


def _connector(section):
    """§11.1, §10.4: the parts that the descriptor has."""
    name = section.need("id", _identifier(ids.canonical))
    section.need("name", _text)
    section.need("version", _matching(_SEMVER, "manifest.bad_version"))
    section.need("description", _text)
    archetypes = section.need("archetypes", _list(
        _one_of("bidirectional", "streaming", "operational", "storage", "knowledge"), 1,
    ))
    section.need("format", _one_of("native", "wasi"))
    older = section.get("singleton_writer", _truth)
    with section.get("state", Table, Table({})) as state:
        model = state.get("model", _one_of("stateless", "singleton_writer", "crdt"))
        kind = state.get("crdt_type", _one_of("lww_map", "or_set", "g_counter", "pn_counter"))
        model = model or ("singleton_writer" if older else "stateless")
        if (kind is not None) != (model == "crdt"):
            raise _bad("missing_key" if kind is None else "contradiction", "crdt_type")
        if older is not None and older != (model == "singleton_writer"):
            raise _bad("contradiction", "singleton_writer")
        state.get("state_schema_version", _text)
        state.get("migration_hint", _text)
        state.get("snapshot_every_updates", _integer(1))
        state.get("snapshot_every_bytes", _integer(1))
    return {"connector_id": name, "archetypes": sorted(archetypes), "state": model}


def _zones(section):
    wanted = [section.need("home", _zone)]
    wanted += section.get("allowed_sources", _list(_zone), [])
    wanted += section.get("allowed_targets", _list(_zone), [])
    if set(section.get("forbidden", _list(_zone), [])) & set(wanted):
        raise _bad("contradiction", "a forbidden zone is wanted")


def _entries(value, read):
    """D152: operations and events, in the bytewise order of their names."""
    entries = Table(value).value
    return [read(name, entries[name]) for name in sorted(entries, key=str.encode)]


def _operation(name, value):
    ids.canonical(name)
    with Table(value) as section:
        section.need("description", _text)
        out = {
            "id": name,
            "capability": section.need("capability", _capability),
            "risk_level": section.need("risk_level", _one_of("low", "medium", "high", "critical")),
            "safety_tier": section.need("safety_tier", _text),
            "requires_approval": section.need(
                "requires_approval", _one_of("none", "policy", "interactive", "approval_required")
            ),
            "idempotency": section.need("idempotency", _one_of("none", "best_effort", "strict")),
        }
        if out["safety_tier"] not in TIERS:
            out["safety_tier"] = "forbidden"  # D102
        if out["safety_tier"] == "dangerous" and out["idempotency"] != "strict":
            raise _bad("contradiction", "a dangerous operation is strict")
        section.get("rate_limit", _matching(_RATE, "capability.bad_rate_limit"))
        out["input_schema"] = section.need("input_schema", _schema)
        out["output_schema"] = section.need("output_schema", _schema)
        if section.has("network_constraints"):
            out["network_constraints"] = section.need("network_constraints", _network)
        with section.need("ai_hints", Table) as hints:
            if not hints.need("when_to_use", _text).strip():
                raise _bad("bad_value", "when_to_use")
            hints.get("common_mistakes", _texts)
            hints.get("examples", _texts)
            hints.get("related", _list(_capability))
    return out


def _event(topic, value):
    if not 1 <= len(topic.encode()) <= 128 or any(ord(c) < 32 or 127 <= ord(c) < 160 for c in topic):
        raise _bad("bad_value", "a topic")
    with Table(value) as section:
        section.need("description", _text)
        return {"topic": topic, "schema": section.need("schema", _schema)}


def _host(value):
    """D124, D125: exact, or `*.` before at least two labels."""
    name = _text(value).removeprefix("*.")
    wildcard = name != value
    labels = name.split(".")
    good = len(name) <= 253 and all(_LABEL.fullmatch(label) for label in labels)
    if not (good and (not wildcard or len(labels) > 1)) and (wildcard or not _is_address(name)):
        raise _bad("bad_value", f"`{value:.80}`")
    return value


def _is_address(text):
    try:
        return str(ipaddress.ip_address(text)) == text
    except ValueError:
        return False


def _address(value):
    if not _is_address(_text(value)):
        raise _bad("bad_value", f"`{value:.80}`")
    return value


def _range(value):
    address, _, bits = _text(value).partition("/")
    try:
        longest = ipaddress.ip_address(address).max_prefixlen
    except ValueError:
        longest = -1
    if not re.fullmatch("0|[1-9][0-9]{0,2}", bits) or int(bits) > longest:
        raise _bad("bad_value", f"`{value:.80}`")
    return value


def _base64(text, size):
    try:
        decoded = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        decoded = b""
    if len(decoded) != size or base64.b64encode(decoded).decode() != text:
        raise _bad("bad_value", "not the base64 that is wanted")
    return text


def _pin(value):
    return _base64(_text(value).removeprefix("base64:"), 32)


def _network(value):
    """§7.3: the whole struct, after its defaults."""
    u32 = (1 << 32) - 1
    with Table(value) as section:
        return {
            "host_allow": section.need("host_allow", _list(_host, 1)),
            "port_allow": section.need("port_allow", _list(_integer(1, 65_535), 1)),
            "ip_allow": section.get("ip_allow", _list(_address), []),
            "cidr_deny": section.get("cidr_deny", _list(_range), []),
            "deny_localhost": section.get("deny_localhost", _truth, True),
            "deny_private_ranges": section.get("deny_private_ranges", _truth, True),
            "deny_tailnet_ranges": section.get("deny_tailnet_ranges", _truth, True),
            "require_sni": section.get("require_sni", _truth, True),
            "spki_pins": section.get("spki_pins", _list(_pin), []),
            "deny_ip_literals": section.get("deny_ip_literals", _truth, True),
            "require_host_canonicalization": section.get(
                "require_host_canonicalization", _truth, True
            ),
            "dns_max_ips": section.get("dns_max_ips", _integer(1, 65_535), 16),
            "max_redirects": section.get("max_redirects", _integer(0, 255), 5),
            "connect_timeout_ms": section.get("connect_timeout_ms", _integer(1, u32), 10_000),
            "total_timeout_ms": section.get("total_timeout_ms", _integer(1, u32), 60_000),
            "max_response_bytes": section.get("max_response_bytes", _integer(1), 10_485_760),
        }


def _event_caps(section, events):
    streaming = section.get("streaming", _truth, False)
    replay = section.get("replay", _truth, False)
    section.get("min_buffer_events", _integer(0))
    if (replay or events) and not streaming:
        raise _bad("contradiction", "streaming")


def _sandbox(section):
    section.get("profile", _one_of("strict", "strict_plus", "moderate", "permissive"))
    section.get("memory_mb", _integer(1, (1 << 32) - 1))
    section.get("cpu_percent", _integer(1, 100))
    section.get("wall_clock_timeout_ms", _integer(1))
    section.get("fs_readonly_paths", _texts)
    section.get("fs_writable_paths", _texts)
    section.get("deny_exec", _truth)
    section.get("deny_ptrace", _truth)


def _signature(value):
    """D153: a key id and what it signed."""
    with Table(value) as section:
        kid = section.need("kid", _matching(_KID, "id.bad_hex"))
        signature = section.need("sig", _text)
        if not signature.startswith("base64:"):
            raise _bad("bad_value", "a signature without `base64:`")
        return kid, _base64(signature.removeprefix("base64:"), 64)


def _signatures(section):
    publisher = section.get("publisher_signatures", _list(_signature), [])
    registry = section.get("registry_signature", _signature)
    kids = [kid for kid, _ in publisher] + ([registry[0]] if registry else [])
    if len(set(kids)) != len(kids):
        raise _bad("duplicate", "a key signs once, in one role")
    threshold = section.get("publisher_threshold", _matching(_THRESHOLD))
    if threshold is not None:
        k, n = map(int, _THRESHOLD.fullmatch(threshold).groups())
        if not k <= n <= 255:
            raise _bad("bad_value", "k of n")
    elif section.has("publisher_signatures"):
        raise _bad("missing_key", "publisher_threshold")
    section.get("transparency_log_entry", _matching(_OBJECT_ID))


def _attestation(value):
    with Table(value) as section:
        kind = section.need("type", _text)
        return kind, section.need("object_id", _matching(_OBJECT_ID))
