"""Identifiers, object ids, bodies and chunks (§3, App. B)."""

import json

from fcp_peer import cbor, edwards, objects, rules, schema
from fcp_peer.blake3 import blake3
from fcp_peer.errors import Reject
from .support import KEY, PROVENANCE, PeerTest, header, schema_id


class Ids(PeerTest):
    def test_canonical(self):
        for kind in ("principal", "connector", "capability", "operation", "role", "secret",
                     "credential", "instance"):
            self.ok("id.check", kind=kind, text="a" * 128)
            self.ok("id.check", kind=kind, text="0.a_b:c-d")
            for text, code in (
                ("", "id.empty"), ("a" * 129, "id.too_long"), ("é", "id.not_ascii"),
                ("A", "id.uppercase"), ("aB", "id.uppercase"), (".a", "id.bad_first"),
                ("_a", "id.bad_first"), ("a@b", "id.bad_char"), ("a/b", "id.bad_char"),
                ("a b", "id.bad_char"), ("a\n", "id.bad_char"), ("é" * 65, "id.too_long"),
            ):
                self.refused(code, "id.check", kind=kind, text=text)

    def test_zone_node_tag(self):
        self.ok("id.check", kind="zone", text="z:a")
        self.ok("id.check", kind="zone", text="z:" + "a" * 62)
        for text, code in (
            ("z:" + "a" * 63, "id.too_long"), ("work", "id.zone_prefix"), ("z:", "id.bad_first"),
            ("z:-a", "id.bad_first"), ("z:a.b", "id.bad_char"), ("Z:a", "id.uppercase"),
            ("", "id.empty"), ("z:é", "id.not_ascii"),
        ):
            self.refused(code, "id.check", kind="zone", text=text)
        self.ok("id.check", kind="node", text="nAbC~!")
        self.ok("id.check", kind="node", text="n" * 64)
        for text, code in (
            ("", "id.empty"), ("n" * 65, "id.too_long"), ("a b", "id.bad_char"),
            ("a\x7f", "id.bad_char"), ("ñ", "id.not_ascii"),
        ):
            self.refused(code, "id.check", kind="node", text=text)
        self.ok("id.check", kind="tag", text="a" * 64)
        self.refused("id.too_long", "id.check", kind="tag", text="a" * 65)
        self.refused("adapter.bad_request", "id.check", kind="planet", text="a")

    def test_schema(self):
        out = self.ok("schema.hash", **schema_id("CapabilityObject"))
        expected = blake3(b"FCP2-SCHEMA-V1fcp.core:CapabilityObject@2.0.0").hex()
        self.assertEqual(out["hash"], expected)
        for change in (
            {"namespace": "Fcp"}, {"namespace": ""}, {"name": "1A"}, {"name": "a.b"},
            {"version": "2.0"}, {"version": "02.0.0"}, {"version": "2.0.0-rc1"},
            {"version": "2.0.0\n"}, {"name": "a:b"},
        ):
            fields = {**schema_id("X"), **change}
            self.refused("id.schema_syntax", "schema.hash", **fields)
        self.refused("id.too_long", "schema.hash", **schema_id("X" * 250))

    def test_zone_hash_and_tag(self):
        self.assertEqual(
            self.ok("zone.hash", zone="z:work")["hash"],
            blake3(b"FCP2-ZONE-ID-V1z:work").hex(),
        )
        self.assertEqual(self.ok("zone.tag", zone="z:a-1")["tag"], "tag:fcp-a-1")
        self.refused("id.tag_not_derivable", "zone.tag", zone="z:a_1")
        self.refused("id.tag_not_derivable", "zone.tag", zone="z:a:1")
        self.assertEqual(self.ok("zone.from_tag", tag="tag:fcp-work")["zone"], "z:work")
        self.refused("id.tag_not_derivable", "zone.from_tag", tag="tag:work")
        self.refused("id.tag_not_derivable", "zone.from_tag", tag="tag:fcp-a_b")
        self.refused("id.bad_first", "zone.from_tag", tag="tag:fcp--a")


class ObjectIds(PeerTest):
    def test_object_id(self):
        hash32 = objects.known("AuditEvent")
        expected = blake3(b"FCP2-OBJECT-V2z:work" + hash32 + b"content", KEY)
        out = self.ok("object.id", content=b"content".hex(), zone="z:work",
                      schema=schema_id("AuditEvent"), key=KEY.hex())
        self.assertEqual(out["object_id"], expected.hex())

    def derive(self, head, value, name="RawChunk"):
        return {"header": cbor.encode(head).hex(), "key": KEY.hex(),
                "body": (objects.known(name) + cbor.encode(value)).hex()}

    def test_derive(self):
        head = header("RawChunk")
        fields = self.derive(head, {"header": head, "bytes": b"x"})
        out = self.ok("object.derive", **fields)
        canonical = b"FCP2-OBJECT-V1".hex() + fields["header"] + fields["body"]
        self.assertEqual(out["canonical"], canonical)
        self.assertEqual(
            out["object_id"],
            self.ok("object.id", content=canonical, zone="z:work", schema=schema_id("RawChunk"),
                    key=KEY.hex())["object_id"],
        )

    def test_derive_refusals(self):
        head = header("RawChunk")
        other = {**head, "created_at": 1}
        self.refused("object.header_mismatch", "object.derive",
                     **self.derive(head, {"header": other, "bytes": b""}))
        self.refused("object.schema_mismatch", "object.derive",
                     **self.derive(head, {"header": head}, "AuditEvent"))
        self.refused("cbor.missing_key", "object.derive",
                     **self.derive({"schema": head["schema"]}, {}))
        self.refused("cbor.unknown_key", "object.derive", **self.derive({**head, "x": 1}, {}))
        head = {**header("AuditHead"), "refs": [bytes([1] * 32)]}
        good = {
            "header": head, "zone_id": "z:work", "head_event": bytes([1] * 32), "head_seq": 1,
            "coverage_bps": 10_000, "epoch_id": 1, "quorum_signatures": [],
        }
        self.ok("object.derive", **self.derive(head, good, "AuditHead"))
        signature = {"signer_node": "n", "signer_kid": bytes(8), "sig": bytes(64)}
        for change, code in (
            ({"zone_id": "z:a"}, "object.zone_mismatch"),
            ({"quorum_signatures": [signature]}, "object.inline_signatures"),
            ({"head_event": bytes([2] * 32)}, "object.refs_mismatch"),
            ({"head_event": bytes(32)}, "audit.bad_head"), ({"head_seq": 0}, "audit.bad_head"),
        ):
            self.refused(code, "object.derive",
                         **self.derive(head, {**good, **change}, "AuditHead"))

    def test_references(self):
        """G8: in field order, absent and all-zero ids left out; D201's policy step."""
        a, b, c, d = (bytes([n] * 32) for n in range(1, 5))
        checkpoint = {
            "zone_definition_head": a, "zone_policy_head": b, "active_zone_key_manifest": c,
            "rev_head": bytes(32), "audit_head": bytes(32),
        }
        for refs, right in (
            ([a, b, c], True), ([a, b, c, d], True), ([a, b], False), ([b, a, c], False),
            ([a, b, c, d, bytes([5] * 32)], True), ([d, a, b, c], False),
            ([a, b, c, *(bytes([n] * 32) for n in range(4, 21))], True),
            ([a, b, c, *(bytes([n] * 32) for n in range(4, 22))], False),
        ):
            value = {"header": {"refs": refs}, **checkpoint}
            self.assertEqual(rules.strong_refs("ZoneCheckpoint", value), right, refs)
        receipt = {"request_object_id": a}
        for refs, right in (([a], True), ([b, a], True), ([a, b], False), ([], False)):
            value = {"header": {"refs": refs}, **receipt}
            self.assertEqual(rules.strong_refs("OperationReceipt", value), right, refs)
        self.assertTrue(rules.strong_refs("RoleObject", {"header": {"refs": [a]}}))


class Decode(PeerTest):
    REQUEST = {
        "id": "r1", "connector_id": "c", "operation": "c.send", "zone_id": "z:work",
        "target_node": "n1", "input": {"a": 1.5}, "capability_token": b"\x01",
        "provenance": PROVENANCE, "resources": [], "approval_tokens": [],
    }

    def body(self, value, name="InvokeRequest"):
        return {"schema": schema_id(name),
                "body": (objects.known(name) + cbor.encode(value)).hex()}

    def test_decode(self):
        out = self.ok("object.decode", **self.body(self.REQUEST))
        value = json.loads(out["json_text"])
        self.assertEqual(value["input"], {"a": 1.5})
        self.assertEqual(value["capability_token"], {"$hex": "01"})

    def test_refusals(self):
        for change, code in (
            ({"x": 1}, "cbor.unknown_key"), ({"id": 1}, "cbor.unexpected_type"),
            ({"zone_id": "work"}, "id.zone_prefix"), ({"target_node": ""}, "id.empty"),
            ({"holder_proof": b""}, "cbor.out_of_range"), ({"id": 1.5}, "cbor.float_not_allowed"),
            ({"deadline_ms": -1}, "cbor.unexpected_type"), ({"resources": [b""]}, "cbor.out_of_range"),
            ({"provenance": {**PROVENANCE, "integrity_label": 256}}, "cbor.out_of_range"),
            ({"input": {1: 2}}, "cbor.key_type"), ({1: 2}, "cbor.unknown_key"),
            ({"idempotency_key": None}, "cbor.unexpected_type"),
        ):
            with self.subTest(change=change):
                self.refused(code, "object.decode", **self.body({**self.REQUEST, **change}))
        missing = {k: v for k, v in self.REQUEST.items() if k != "operation"}
        self.refused("cbor.missing_key", "object.decode", **self.body(missing))
        wrong = {**self.body(self.REQUEST), "schema": schema_id("InvokeResponse")}
        self.refused("object.schema_mismatch", "object.decode", **wrong)
        self.refused("object.schema_mismatch", "object.decode", **{**wrong, "body": "00"})

    def test_enums(self):
        """G5, D26."""
        value = {"header": header("RevocationObject"), "revoked": [bytes(32)],
                 "scope": "issuer_key", "reason": "", "effective_at": 1, "signature": bytes(64)}
        self.ok("object.decode", **self.body(value, "RevocationObject"))
        for scope, code in (
            ("IssuerKey", "cbor.unknown_variant"), ({"IssuerKey": None}, "cbor.unknown_variant"),
            (1, "cbor.unexpected_type"), (["issuer_key"], "cbor.unexpected_type"),
        ):
            self.refused(code, "object.decode",
                         **self.body({**value, "scope": scope}, "RevocationObject"))

    def test_header_rules(self):
        head = header("RawChunk")
        self.ok("object.decode", **self.body({"header": head, "bytes": b""}, "RawChunk"))
        self.refused("object.schema_mismatch", "object.decode", **self.body(
            {"header": header("AuditHead"), "bytes": b""}, "RawChunk"))
        bad = {**head, "schema": {**head["schema"], "version": "2"}}
        self.refused("id.schema_syntax", "object.decode",
                     **self.body({"header": bad, "bytes": b""}, "RawChunk"))

    def test_a_schema_outside_the_table(self):
        out = self.ok("object.decode", **self.body({"x": [1, b"\2"]}, "MigratableComputation"))
        self.assertEqual(out["json_text"], '{"x":[1,{"$hex":"02"}]}')
        self.refused("cbor.float_not_allowed", "object.decode", **self.body([1.5], "MigratableComputation"))
        self.refused("cbor.trailing_bytes", "object.decode", schema=schema_id("MigratableComputation"),
                     body=(objects.known("MigratableComputation") + b"\0\0").hex())


class Chunks(PeerTest):
    def split(self, payload, size=1024, name="ChunkedObjectManifest"):
        return self.ok("chunk.split", payload=payload.hex(), chunk_size=size,
                       header=cbor.encode(header(name)).hex(), object_id_key=KEY.hex())

    def joined(self, parts, manifest=None):
        return {"manifest": manifest or parts["manifest"], "object_id_key": KEY.hex(),
                "chunks": [chunk["canonical"] for chunk in parts["chunks"]]}

    def test_round_trip(self):
        for length in (0, 1, 1023, 1024, 1025, 4096, 5000):
            payload = bytes(i * 7 % 256 for i in range(length))
            parts = self.split(payload)
            self.assertEqual(len(parts["chunks"]), -(-length // 1024))
            out = self.ok("chunk.join", **self.joined(parts))
            self.assertEqual(out["payload"], payload.hex())

    def test_manifest(self):
        payload = bytes(3000)
        parts = self.split(payload)
        body = bytes.fromhex(parts["manifest"])
        self.assertEqual(body[:32], objects.known("ChunkedObjectManifest"))
        value = cbor.decode(body[32:])
        names = [bytes.fromhex(chunk["object_id"]) for chunk in parts["chunks"]]
        self.assertEqual(value["chunks"], names)
        self.assertEqual(value["payload_hash"], blake3(payload))
        # Equal chunks are one object: named twice, referenced once (D39).
        self.assertEqual(names[0], names[1])
        self.assertEqual(value["header"]["refs"], [names[0], names[2]])
        self.assertEqual(cbor.encode(value["header"]).hex(), parts["manifest_header"])

    def test_refusals(self):
        fields = {"payload": "", "header": cbor.encode(header("ChunkedObjectManifest")).hex(),
                  "object_id_key": KEY.hex()}
        for size in (0, 1023, (1 << 20) + 1):
            self.refused("chunk.bad_size", "chunk.split", chunk_size=size, **fields)
        fields["header"] = cbor.encode(header("RawChunk")).hex()
        self.refused("object.schema_mismatch", "chunk.split", chunk_size=1024, **fields)

        parts = self.split(bytes(range(256)) * 10)
        body = bytes.fromhex(parts["manifest"])
        value = cbor.decode(body[32:])

        def manifest(**change):
            return (body[:32] + cbor.encode({**value, **change})).hex()

        short = {**self.joined(parts), "chunks": self.joined(parts)["chunks"][:-1]}
        self.refused("chunk.missing", "chunk.join", **short)
        swapped = {**self.joined(parts), "chunks": self.joined(parts)["chunks"][::-1]}
        self.refused("chunk.foreign", "chunk.join", **swapped)
        for code, change in (
            ("chunk.payload_hash", {"payload_hash": bytes(32)}),
            ("chunk.bad_length", {"total_len": 2561}),
            ("chunk.count", {"total_len": 9999}),
            ("chunk.bad_size", {"chunk_size": 0}),
            ("object.refs_mismatch", {"header": {**value["header"], "refs": []}}),
        ):
            self.refused(code, "chunk.join", **self.joined(parts, manifest(**change)))


class OwnerAndSymbols(PeerTest):
    def test_group_elements(self):
        # The base point of RFC 8032, the identity, and the base point with a point of order 8 added.
        base = bytes.fromhex("58" + "66" * 31)
        mixed = "98519eadf35b995233b51b5cd23e9cc5a28b639b5a4af0ec903cb960d81b7819"
        self.assertTrue(edwards.in_prime_group(base))
        point = edwards.decompress(base)
        self.assertEqual(edwards.times(5, point), edwards.add(edwards.double(edwards.double(point)), point))
        self.assertEqual(edwards.times(edwards.L, point), (0, 1))
        for other in (b"\x01" + bytes(31), bytes.fromhex(mixed), b"\x02" + bytes(31), b"\xff" * 32):
            self.assertFalse(edwards.in_prime_group(other), other.hex())

    def test_lists_of_symbols(self):
        for good in ([], [0], [0, 1, schema.MAX_ESI]):
            schema.esis(good)
            schema.missing_hint(b"".join(esi.to_bytes(4, "little") for esi in good))
        for bad in ([1, 1], [2, 1], [schema.MAX_ESI + 1], list(range(1025))):
            for shape, value, code in (
                (schema.esis, bad, "symbol.bad_want"),
                (schema.missing_hint, b"".join(esi.to_bytes(4, "little") for esi in bad), "symbol.bad_hint"),
            ):
                with self.assertRaises(Reject) as caught:
                    shape(value)
                self.assertEqual(caught.exception.code, code)
