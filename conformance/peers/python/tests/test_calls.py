"""The decision about a whole call: what the vectors do not reach."""

import unittest

from fcp_peer import calls, cbor

KEY = bytes(32)


class Uris(unittest.TestCase):
    def test_one_form(self):
        """D121: a URI has one form; whatever could be written in another way is none."""
        for text in ("https://a.com/", "https://a.com:8443/x?y=/../z", "http://[2001:db8::1]:8080/",
                     "file:///tmp/a", "mailto:a@b", "https://a.com/%20%C3%A9", "s3+x.y-z:/a.b/..c"):
            self.assertTrue(calls.is_uri(text), text)
        for text in ("", "/a", "https:", "https://a.com", "https://a.com?x", "HTTPS://a.com/",
                     "1s:/a", "https://A.com/", "https://a%2ecom/", "https://u@a.com/",
                     "https://a.com:/", "https://a.com:443/", "https://a.com:0443/",
                     "http://a.com:80/", "https://a.com/#x", "https://a.com/a b", "https://a.com/ü",
                     "https://a.com/%", "https://a.com/%2", "https://a.com/%c3", "https://a.com/%41",
                     "https://a.com/%2F", "https://a.com/%00", "https://a.com/./a",
                     "https://a.com/a/..", "https://a.com//a", "https://a.com/a\\b"):
            self.assertFalse(calls.is_uri(text), text)


class RequestIds(unittest.TestCase):
    def test_presentation(self):
        """D115: the same request shown with other proofs and approvals has the same id."""
        plain = {
            "id": "r", "connector_id": "c", "operation": "o", "zone_id": "z:work",
            "target_node": "n", "input": None, "capability_token": b"", "resources": [],
            "approval_tokens": [], "provenance": PROVENANCE,
        }
        shown = {**plain, "approval_tokens": [bytes(32)], "lease_seq": 1,
                 "holder_nonce": bytes(16), "holder_proof": bytes(64)}
        first = calls.request_id(HEADER, plain, KEY)
        self.assertEqual(calls.request_id(HEADER, shown, KEY), first)
        self.assertNotEqual(calls.request_id(HEADER, {**plain, "id": "s"}, KEY), first)


PROVENANCE = {
    "origin_zone": "z:work", "current_zone": "z:work", "integrity_label": 60,
    "confidentiality_label": 60, "label_adjustments": [], "taint": 0, "taint_reductions": [],
    "zone_crossings": [], "created_at": 1,
}
HEADER = cbor.encode({
    "schema": {"namespace": "fcp.core", "name": "InvokeRequest", "version": "2.0.0"},
    "zone_id": "z:work", "created_at": 1, "provenance": PROVENANCE, "refs": [], "foreign_refs": [],
})
