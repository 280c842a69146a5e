"""Budgets, answers, quarantine and diversity by hand."""

from .support import PeerTest

BUDGET = {
    "max_bytes_per_min": 10, "max_symbols_per_min": 1, "max_failed_auth_per_min": 1,
    "max_inflight_decodes": 1, "max_decode_cpu_ms_per_min": 1,
}
QUARANTINE = {
    "max_quarantine_bytes_per_zone": 10, "max_quarantine_objects_per_zone": 3,
    "max_quarantine_bytes_per_peer": 6, "max_quarantine_objects_per_peer": 2, "quarantine_ttl_secs": 5,
}
ONE, TWO = "01" * 32, "02" * 32


class Admission(PeerTest):
    def budget(self, *steps):
        keys = ("at_ms", "peer", "charge", "amount")
        steps = [dict(zip(keys, step)) for step in steps]
        return self.ok("budget.run", budget=BUDGET, steps=steps)["outcomes"]

    def test_minutes_slide(self):
        outcomes = self.budget(
            (0, "a", "bytes", 10), (64_999, "a", "bytes", 1), (65_000, "a", "bytes", 10), (0, "b", "bytes", 11)
        )
        self.assertEqual(outcomes, ["allow", "admission.bytes", "allow", "admission.bytes"])
        outcomes = self.budget((0, "a", "failed_auth"), (1, "a", "answer", 1), (65_000, "a", "answer", 1))
        self.assertEqual(outcomes, ["allow", "admission.failed_auth", "allow"])
        self.refused("adapter.bad_request", "budget.run", budget=BUDGET, steps=[{"at_ms": 0}])

    def test_answers_go_on(self):
        step = {"kind": "request", "peer": "a", "at": 0, "object": ONE, "max_symbols": 2}
        steps = [step, {**step, "at": 1, "want": [3]}, {**step, "at": 2}, step]
        asked = {"k": 4, "bytes_per_symbol": 1, "first": 2, "held": [1, 2, 3]}
        out = self.ok("request.run", **asked, steps=steps)
        self.assertEqual(out["answers"], [[2, 3], [3, 1], [2, 3], "admission.replayed"])
        self.refused("symbol.bad_want", "request.run", **asked, steps=[{**step, "want": [2, 1]}])
        self.refused("adapter.bad_request", "request.run", **asked, steps=[{**step, "kind": "more"}])

    def test_quarantine_makes_room(self):
        def add(at, peer, obj, size):
            return {"at": at, "peer": peer, "object": obj, "bytes": size}

        steps = [add(0, "a", ONE, 6), add(0, "b", ONE, 4), add(1, "b", TWO, 1), add(5, "a", TWO, 7), {"at": 5}]
        out = self.ok("quarantine.run", policy=QUARANTINE, reputations={"b": -1}, steps=steps)
        gone = {"peer": "b", "object": ONE, "why": "zone_quota"}
        expired = {"peer": "a", "object": ONE, "why": "expired"}
        self.assertEqual(out["outcomes"], [[], [], [gone], "admission.quarantine_quota", [expired]])
        self.assertEqual((out["bytes"], out["objects"]), (1, 1))

    def test_diversity(self):
        policy = {"min_nodes": 2, "min_zones": 1, "max_node_fraction_bps": 5000}
        symbols = [{"source": "a", "esi": 1}, {"source": "b", "esi": 1}, {"source": "a", "esi": 1}]
        out = self.ok("diversity.verify", policy=policy, symbols=symbols, zones={"a": ["z:work"]})
        self.assertEqual((out["symbols"], out["reason"]), (2, "allow"))
        out = self.ok("diversity.verify", policy=policy, symbols=symbols[:1], zones={})
        self.assertEqual((out["verdict"], out["reason"]), ("deny", "diversity.nodes"))
