"""Lattice, policy, globs, pointers, provenance, taint, quorums, error codes."""

from fcp_peer.blake3 import blake3
from fcp_peer import approvals, cbor

from .support import PROVENANCE, PeerTest


class Lattice(PeerTest):
    def test_flow(self):
        for (i1, c1), (i2, c2), verdict in (
            ((60, 70), (60, 70), "allow"), ((60, 70), (20, 90), "allow"),
            ((60, 70), (61, 70), "needs_elevation"), ((60, 70), (60, 69), "needs_declassification"),
            ((60, 70), (61, 69), "needs_both"), ((0, 255), (255, 0), "needs_both"),
        ):
            out = self.ok("lattice.flow", **{
                "from": {"integrity": i1, "confidentiality": c1},
                "to": {"integrity": i2, "confidentiality": c2},
            })
            self.assertEqual(out["verdict"], verdict)
        self.refused("adapter.bad_request", "lattice.flow", **{
            "from": {"integrity": 256, "confidentiality": 0},
            "to": {"integrity": 0, "confidentiality": 0},
        })


class Policy(PeerTest):
    ANY = {"principals_allow": ["*"], "principals_deny": [], "connectors_allow": ["*"],
           "connectors_deny": [], "cap_allow": ["*"], "cap_deny": []}

    def evaluate(self, **change):
        out = self.ok("policy.evaluate", policy={**self.ANY, **change}, principal="user:alice",
                      connector="connector:mail", capability="mail.read")
        return out["decision"], out["reason"]

    def test_evaluate(self):
        self.assertEqual(self.evaluate(), ("allow", "allow"))
        for change, reason in (
            ({"principals_deny": ["user:*"]}, "zone_policy.principal_denied"),
            ({"principals_allow": ["user:b*"]}, "zone_policy.principal_not_allowed"),
            ({"principals_allow": []}, "zone_policy.principal_not_allowed"),
            ({"connectors_deny": ["*mail"]}, "zone_policy.connector_denied"),
            ({"connectors_allow": []}, "zone_policy.connector_not_allowed"),
            ({"cap_deny": ["mail.????"]}, "zone_policy.capability_denied"),
            ({"cap_allow": ["mail.???"]}, "zone_policy.capability_not_allowed"),
            ({"cap_allow": [], "default_deny": True}, "zone_policy.capability_not_allowed"),
            ({"cap_allow": ["x"], "default_deny": False}, "zone_policy.capability_not_allowed"),
            ({"cap_deny": ["*"], "principals_deny": ["*"]}, "zone_policy.principal_denied"),
        ):
            self.assertEqual(self.evaluate(**change), ("deny", reason))
        self.assertEqual(self.evaluate(cap_allow=[], default_deny=False), ("allow", "allow"))

    def test_an_invalid_pattern_invalidates_the_policy(self):
        for pattern in ("a" * 129, "ü"):
            self.refused("glob.invalid_pattern", "policy.evaluate",
                         policy={**self.ANY, "cap_deny": [pattern], "principals_deny": ["*"]},
                         principal="a", connector="b", capability="c")

    def test_glob(self):
        for pattern, text, matches in (
            ("", "", True), ("", "a", False), ("*", "", True), ("*", "a.b:c/d", True),
            ("?", "", False), ("?", "a", True), ("a*b*c", "aXbYbZc", True), ("a*b", "ab", True),
            ("a*b", "abc", False), ("**a", "bba", True), ("A", "a", False), ("[a]", "a", False),
            ("\\*", "\\x", True), ("??", "é", True), ("?", "é", False), ("a?c", "a/c", True),
            ("*" * 60 + "b", "a" * 5000, False),
        ):
            with self.subTest(pattern=pattern, text=text[:20]):
                out = self.ok("glob.match", pattern=pattern, text=text)
                self.assertIs(out["matches"], matches)
        self.ok("glob.match", pattern="a" * 128, text="")
        self.refused("glob.invalid_pattern", "glob.match", pattern="a" * 129, text="")
        self.refused("glob.invalid_pattern", "glob.match", pattern="é", text="")


class Pointer(PeerTest):
    # RFC 6901 §5.
    DOCUMENT = {"foo": ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, "e^f": 3, "g|h": 4,
                "i\\j": 5, 'k"l': 6, " ": 7, "m~n": 8}

    def test_rfc6901_section_5(self):
        for pointer, value in (
            ("", self.DOCUMENT), ("/foo", ["bar", "baz"]), ("/foo/0", "bar"), ("/", 0),
            ("/a~1b", 1), ("/c%d", 2), ("/e^f", 3), ("/g|h", 4), ("/i\\j", 5), ('/k"l', 6),
            ("/ ", 7), ("/m~0n", 8),
        ):
            out = self.ok("pointer.eval", pointer=pointer, json=self.DOCUMENT)
            self.assertEqual(out["value"], value)
        self.assertEqual(self.ok("pointer.eval", pointer="/~01", json={"~1": 5})["value"], 5)

    def test_refusals(self):
        for pointer in ("foo", "/~", "/~2", "/a~", "#/foo"):
            self.refused("pointer.syntax", "pointer.eval", pointer=pointer, json=self.DOCUMENT)
        for pointer in ("/foo/2", "/foo/-", "/foo/01", "/foo/+1", "/x", "/foo/0/0", "//",
                        "/foo/" + "9" * 5000):
            self.refused("pointer.not_found", "pointer.eval", pointer=pointer, json=self.DOCUMENT)


class Provenance(PeerTest):
    def merge(self, *changes):
        inputs = [{**PROVENANCE, **change} for change in changes]
        return self.ok("provenance.merge", inputs=inputs)["provenance"]

    def test_labels_and_taint(self):
        out = self.merge(
            {"integrity_label": 60, "confidentiality_label": 10, "taint": 1,
             "origin_zone": "z:work", "created_at": 5},
            {"integrity_label": 20, "confidentiality_label": 90, "taint": 4,
             "origin_zone": "z:public", "created_at": 9},
        )
        self.assertEqual(
            [out[name] for name in ("integrity_label", "confidentiality_label", "taint",
                                    "origin_zone", "created_at")],
            [20, 90, 5, "z:public", 9],
        )

    def test_order_does_not_matter(self):
        changes = ({"origin_zone": "z:b"}, {"origin_zone": "z:a", "taint": 3}, {"created_at": 1})
        self.assertEqual(self.merge(*changes), self.merge(*changes[::-1]))
        self.assertEqual(self.merge(*changes[:2])["origin_zone"], "z:a")

    def test_reductions_and_adjustments_do_not_travel(self):
        out = self.merge({
            "taint": 4, "taint_reductions": [
                {"clears": 4, "by_receipt": "01" * 32, "applied_at": 1}],
            "label_adjustments": [{"integrity_elevated": {
                "to": 100, "by_approval": "02" * 32, "applied_at": 1}}],
        })
        self.assertEqual((out["taint"], out["integrity_label"]), (4, 60))
        self.assertEqual((out["taint_reductions"], out["label_adjustments"]), ([], []))

    def test_principal_kept_only_when_all_agree(self):
        self.assertEqual(self.merge({"origin_principal": "a"}, {"origin_principal": "a"})
                         ["origin_principal"], "a")
        self.assertNotIn("origin_principal", self.merge({"origin_principal": "a"}, {}))
        self.assertNotIn("origin_principal",
                         self.merge({"origin_principal": "a"}, {"origin_principal": "b"}))

    def test_crossings(self):
        def crossing(at, **more):
            return {"from_zone": "z:a", "to_zone": "z:b", "crossed_at": at, **more}

        first = [crossing(at) for at in range(60, 0, -1)]
        second = [crossing(at, authorized_by="05" * 32) for at in (70, 61, 1)]
        out = self.merge({"zone_crossings": first}, {"zone_crossings": second + first})
        self.assertEqual(len(out["zone_crossings"]), 63)
        times = [item["crossed_at"] for item in out["zone_crossings"]]
        self.assertEqual(times, sorted(times))
        out = self.merge({"zone_crossings": [crossing(at) for at in range(100)]})
        self.assertEqual([c["crossed_at"] for c in out["zone_crossings"]], list(range(36, 100)))

    def test_refusals(self):
        self.refused("provenance.empty", "provenance.merge", inputs=[])
        self.refused("adapter.bad_request", "provenance.merge", inputs=[{}])
        self.refused("id.zone_prefix", "provenance.merge",
                     inputs=[{**PROVENANCE, "origin_zone": "work"}])

    def test_taint(self):
        def decide(tier, taint=0, integrity=60, target=60):
            out = self.ok("taint.decide", safety_tier=tier,
                          provenance={**PROVENANCE, "taint": taint, "integrity_label": integrity},
                          target={"integrity": target, "confidentiality": 0})
            return out["decision"], out["reason"]

        allow = ("allow", "allow")
        elevate = ("require_elevation", "taint.elevation_required")
        public = ("deny", "taint.public_input_dangerous")
        forbidden = ("deny", "taint.forbidden_tier")
        for args, expected in (
            (("safe", 1, 0, 255), allow), (("risky", 1), allow), (("risky", 0, 59), elevate),
            (("dangerous", 1, 0), public), (("dangerous", 2), allow), (("dangerous", 2, 0), elevate),
            (("dangerous", 1 << 31), public), (("risky", 1 << 31), allow),
            (("forbidden", 1), forbidden), (("critical", 0), forbidden), (("Safe", 0), forbidden),
        ):
            self.assertEqual(decide(*args), expected, args)


class Quorum(PeerTest):
    def test_required(self):
        for n, f, sizes in ((1, 0, (1, 1, 1, 1)), (4, 1, (1, 3, 3, 4)), (5, 1, (1, 4, 4, 5)),
                            (6, 1, (1, 4, 5, 6)), (7, 2, (1, 5, 5, 7)), (255, 84, (1, 170, 171, 255))):
            for name, size in zip(("read_only", "normal_write", "critical_write", "unanimous"), sizes):
                out = self.ok("quorum.required", n=n, f=f, **{"class": name})
                self.assertEqual(out["signatures"], size, (n, f, name))
        for n, f in ((0, 0), (3, 1), (6, 2), (255, 85)):
            self.refused("quorum.too_few_nodes", "quorum.required", n=n, f=f,
                         **{"class": "normal_write"})
        self.refused("adapter.bad_request", "quorum.required", n=1, f=0, **{"class": "x"})

    def test_coordinator(self):
        nodes, subject = ["n1", "n2", "node-three"], bytes(range(32))

        def score(node):
            data = b"FCP2-HRW-V1" + b"\6\0z:work" + subject
            data += len(node).to_bytes(2, "little") + node.encode()
            return int.from_bytes(blake3(data)[:8], "little")

        best = max(nodes, key=score)
        for order in (nodes, nodes[::-1], nodes * 2):
            out = self.ok("lease.coordinator", zone="z:work", subject=subject.hex(), nodes=order)
            self.assertEqual(out["node"], best)
        self.refused("adapter.bad_request", "lease.coordinator", zone="z:work", nodes=[],
                     subject=subject.hex())


class Errors(PeerTest):
    def test_lookup(self):
        self.assertEqual(self.ok("error.lookup", code="FCP-1010"), {
            "range": "FCP-1000..1999", "category": "protocol", "symbol": "FCP_ERR_REPLAY",
        })
        self.assertEqual(self.ok("error.lookup", code="FCP-6003"),
                         {"range": "FCP-6000..6999", "category": "resource"})
        for code in ("FCP-0999", "FCP-10000", "1010", "FCP-١٢٣٤", "fcp-1010"):
            self.refused("adapter.bad_request", "error.lookup", code=code)


class Transports(PeerTest):
    PATHS = [{"id": cls, "class": cls} for cls in ("funnel", "derp", "direct", "lan")]

    def select(self, integrity, confidentiality, **policy):
        levels = {"integrity": integrity, "confidentiality": confidentiality}
        return self.ok("transport.select", levels=levels, paths=self.PATHS, **policy)["paths"]

    def test_default_and_explicit(self):
        """App. G, D92."""
        everything = {"allow_derp": True, "allow_funnel": True, "allow_lan_broadcast": True}
        self.assertEqual(self.select(100, 100), ["lan", "direct"])
        self.assertEqual(self.select(100, 99), ["lan", "direct", "derp"])
        self.assertEqual(self.select(100, 100, policy=everything), ["lan", "direct", "derp"])
        self.assertEqual(self.select(40, 40, policy=everything), ["lan", "direct", "derp", "funnel"])


class Freshness(PeerTest):
    POLICY = {"max_checkpoint_age_secs": 300, "allow_safe_ops_in_degraded_mode": True,
              "allow_risky_ops_with_interactive_override": True}

    def decide(self, tier, now, **fields):
        out = self.ok("freshness.decide", **{
            "tier": tier, "checkpoint_created_at": 1000, "checkpoint_seq": 5, "chk_seq": 5,
            "policy": self.POLICY, "now": now, **fields,
        })
        return out["verdict"], out["reason"], out.get("mode")

    def test_rules(self):
        """§14.3.1, D162, D163."""
        stale = ("deny", "revocation.stale_frontier", None)
        self.assertEqual(self.decide("dangerous", 1300), ("allow", "allow", "fresh"))
        self.assertEqual(self.decide("dangerous", 1301), stale)
        self.assertEqual(self.decide("dangerous", 1301, approval=True), stale)
        self.assertEqual(self.decide("risky", 1301, approval=True), ("allow", "allow", "overridden"))
        self.assertEqual(self.decide("safe", 1301), ("allow", "allow", "degraded"))
        self.assertEqual(self.decide("risky", 1000, chk_seq=6), ("deny", "checkpoint.behind", None))
        self.assertEqual(self.decide("risky", 879), stale)


class Approvals(PeerTest):
    def check(self, reason, constraints, value, **fields):
        constraints = [dict(zip(("json_pointer", "op", "value"), c)) for c in constraints]
        out = self.ok("constraint.check", constraints=constraints, input=value, **fields)
        self.assertEqual((out["verdict"], out["reason"]),
                         ("allow" if reason == "allow" else "deny", reason))

    def test_constraints(self):
        self.check("allow", [("/a", "eq", 1)], {"a": 1})
        self.check("approval.constraint_failed", [("/a", "eq", 1)], {"a": 1.0})
        self.check("approval.constraint_failed", [("/b", "neq", 1)], {"a": 1})
        self.check("approval.uncovered_field", [("/a", "eq", 1)], {"a": 1, "b": []})
        self.check("approval.uncovered_field", [("/a", "contains", 1)], {"a": [1]})
        self.check("allow", [("", "eq", {"a": [1]})], {"a": [1]})
        self.check("approval.wrong_input", [], {}, input_hash="00" * 32)
        self.refused("approval.unbounded", "constraint.check", constraints=[], input={})

    def test_input_hash(self):
        # The same value as in the fcp-zones crate's tests.
        known = "45971e487e391f53ea70ea765e36c84172ed3526e87403d43584c1f59c834a8d"
        self.assertEqual(approvals.input_hash({"path": "/a.txt"}).hex(), known)

    def test_coverage(self):
        out = self.ok("coverage.evaluate", k=3, holdings={"a": [1], "b": [1, 2], "c": []})
        self.assertEqual(out, {"distinct_nodes": 2, "max_node_fraction_bps": 6666,
                               "coverage_bps": 6666, "is_available": False})
        self.refused("adapter.bad_request", "coverage.evaluate", k=3, holdings={"a": 1})


MANIFEST = """
connector = { id = "a", name = "", version = "1.0.0", description = "", archetypes = ["storage"], format = "wasi" }
zones.home = "z:work"
[manifest]
format = "fcp-connector-manifest"
schema_version = "2.1"
min_mesh_version = "0.0.0"
min_protocol = "fcp2-sym/2.0"
protocol_features = []
max_datagram_bytes = 432
"""


class Manifests(PeerTest):
    def test_descriptor(self):
        # The descriptor of D152, written out.
        descriptor = {
            "connector_id": "a", "archetypes": ["storage"], "state": "stateless", "operations": [],
            "events": [], "capabilities": {"required": [], "optional": [], "forbidden": []},
        }
        hash32 = blake3(b"fcp.interface.v2" + cbor.encode(descriptor)).hex()
        self.assertEqual(self.ok("manifest.interface_hash", toml=MANIFEST)["hash"], hash32)
        stated = f'interface_hash = "blake3-256:fcp.interface.v2:{hash32}"\n'
        self.ok("manifest.check", toml=MANIFEST + stated)
        self.refused("manifest.missing_key", "manifest.check", toml=MANIFEST)
        other = stated.replace(hash32, "0" * 64)
        self.refused("manifest.interface_hash_mismatch", "manifest.check", toml=MANIFEST + other)

    def test_versions(self):
        for good in ("1.0.0", "1.0.0-alpha.1", "1.0.0--", "1.0.0+01", "10.20.30-0a+b-c"):
            self.ok("manifest.interface_hash", toml=MANIFEST.replace("1.0.0", good))
        for bad in ("1.0", "01.0.0", "1.0.0-", "1.0.0-01", "v1.0.0", "1.0.0 "):
            text = MANIFEST.replace("1.0.0", bad)
            self.refused("manifest.bad_version", "manifest.interface_hash", toml=text)
