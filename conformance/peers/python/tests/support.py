"""Shared test helpers."""

import json
import unittest

from fcp_peer import adapter

KEY = bytes(range(32))
PROVENANCE = {
    "origin_zone": "z:work", "current_zone": "z:work", "integrity_label": 60,
    "confidentiality_label": 70, "label_adjustments": [], "taint": 0,
    "taint_reductions": [], "zone_crossings": [], "created_at": 1_700_000_000,
}


def header(name, zone="z:work", **fields):
    """An ObjectHeader value of a `fcp.core` schema."""
    return {
        "schema": {"namespace": "fcp.core", "name": name, "version": "2.0.0"},
        "zone_id": zone, "created_at": 1_700_000_000, "provenance": PROVENANCE,
        "refs": [], "foreign_refs": [], **fields,
    }


def schema_id(name, namespace="fcp.core"):
    return {"namespace": namespace, "name": name, "version": "2.0.0"}


class PeerTest(unittest.TestCase):
    """Sends requests through the adapter, as a runner would."""

    maxDiff = None

    def send(self, op, /, **fields):
        line = json.dumps({"id": 7, "op": op, "in": fields}).encode()
        answer = json.loads(adapter.answer_text(line))
        self.assertEqual(answer["id"], 7)
        return answer

    def ok(self, op, /, **fields):
        answer = self.send(op, **fields)
        self.assertTrue(answer["ok"], answer)
        return answer["out"]

    def refused(self, reason, op, /, **fields):
        answer = self.send(op, **fields)
        self.assertEqual((answer["ok"], answer.get("code")), (False, reason), answer)
