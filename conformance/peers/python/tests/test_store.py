"""Garbage collection, placement and repair."""

from .support import PeerTest


def held(number, *refs, **changes):
    return {
        "id": f"{number:02x}" * 32, "refs": [f"{ref:02x}" * 32 for ref in refs],
        "retention": "ephemeral", "bytes": 10, "received_at": number, **changes,
    }


class Collections(PeerTest):
    def run_gc(self, *objects, roots=(1,), quota=1_000):
        out = self.ok(
            "gc.run", objects=list(objects), roots=[f"{root:02x}" * 32 for root in roots], pins=[],
            quota_bytes=quota, now=1_000,
        )
        return [int(name[:2], 16) for name in out["live"]], [int(name[:2], 16) for name in out["evicted"]]

    def test_reachability(self):
        self.assertEqual(self.run_gc(held(1, 2, 9), held(2, 1), held(3, 4), held(4, 3)), ([1, 2], [3, 4]))
        self.assertEqual(self.run_gc(held(2, 3), held(3), held(4, retention="pinned"), roots=()), ([4], [2, 3]))

    def test_leases_and_quota(self):
        lease = {"lease": {"expires_at": 1_001}}
        objects = (held(1, 2), held(2), held(3, 4, retention=lease), held(4))
        self.assertEqual(self.run_gc(*objects), ([1, 2, 3, 4], []))
        self.assertEqual(self.run_gc(*objects, quota=0), ([1, 3, 4], [2]))

    def test_signature_sets(self):
        objects = (held(1, 2), held(2), held(7, 2, target="02" * 32))
        self.assertEqual(self.run_gc(*objects), ([1, 2, 7], []))
        self.assertEqual(self.run_gc(*objects, quota=15), ([1], [2, 7]))

    def test_bad_requests(self):
        for changes in ({"retention": "kept"}, {"retention": {}}, {"reputation": 1_001}, {"bytes": -1}):
            self.refused("adapter.bad_request", "gc.run", objects=[held(1, **changes)], roots=[], pins=[],
                         quota_bytes=0, now=0)


class Repair(PeerTest):
    POLICY = {"min_nodes": 2, "max_node_fraction_bps": 5_000, "target_coverage_bps": 15_000}

    def test_spread(self):
        out = self.ok("placement.spread", policy=self.POLICY, nodes=["b", "a"], k=5)
        self.assertEqual(out["runs"], [
            {"node": "a", "first": 0, "count": 4}, {"node": "b", "first": 4, "count": 4},
        ])
        self.refused("symbol.placement_nodes", "placement.spread", policy=self.POLICY, nodes=["a"], k=5)

    def test_what_a_spread_gives_needs_no_repair(self):
        for k in range(1, 40):
            for nodes in (["a", "b"], ["a", "b", "c"], ["a", "b", "c", "d", "e"]):
                runs = self.ok("placement.spread", policy=self.POLICY, nodes=nodes, k=k)["runs"]
                holdings = {
                    run["node"]: list(range(run["first"], run["first"] + run["count"])) for run in runs
                }
                asked = {"policy": self.POLICY, "k": k, "holdings": holdings, "this": "a"}
                out = self.ok("repair.plan", nodes=nodes, **asked)
                self.assertEqual((out["adds"], out["drops"], out["enough_nodes"]), ({}, {}, True))
                # Without the last node, the rest gets as much as the policy wants.
                out = self.ok("repair.plan", nodes=nodes[:-1], **asked)
                for node, esis in out["adds"].items():
                    self.assertTrue(all(esi not in held for held in holdings.values() for esi in esis))
                    holdings[node] = [*holdings[node], *esis]
                out = self.ok("repair.plan", nodes=nodes[:-1], **{**asked, "holdings": holdings})
                self.assertEqual(out["adds"], {})
