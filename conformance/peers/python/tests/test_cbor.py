"""Strict CBOR and its JSON form (§3.5, D24, D25, D28)."""

import cbor2

from fcp_peer import cbor
from fcp_peer.errors import Reject
from .support import PeerTest


class Check(PeerTest):
    REFUSED = {
        "cbor.indefinite_length": "9f01ff 5f4101ff 7f6161ff bf616101ff ff",
        "cbor.non_shortest_int": (
            "1817 1800 190017 1900ff 1a0000ffff 1b00000000ffffffff 3800 580100 7800 980100 "
            "b801616101 811817 a118170000"
        ),
        "cbor.unsorted_keys": "a2616201616101 a220010001 a2616161016062",
        "cbor.duplicate_key": "a2616101616102 a201010102",
        "cbor.trailing_bytes": "0000 a000 f6f6",
        "cbor.tag": "c000 c11a514b67b0 d818456449455446 a16161c000",
        "cbor.simple_value": "f7 e0 f3 f820 f8ff f800",
        "cbor.nan": "f97e00 fa7fc00000 fb7ff8000000000000",
        "cbor.infinity": "f97c00 f9fc00 fa7f800000 fbfff0000000000000",
        "cbor.non_shortest_float": "fa3f800000 fb3ff0000000000000 fb40f86a0000000000",
        "cbor.invalid_utf8": "61ff 62c328 63eda080 62c080",
        "cbor.unexpected_end": (
            "18 19 1901 41 62 6261 81 a1 a161 a16161 fb00 5bffffffffffffffff "
            "9bffffffffffffffff bbffffffffffffffff"
        ),
        "cbor.reserved_head": "1f 3f 1c 1d 1e 5c 7d 9e bc fc fd fe",
        "cbor.key_type": "a1f501 a18001 a1a001 a1f93c0001",
        "cbor.too_deep": "81" * 65 + "00 " + "a100" * 65 + "00",
    }

    def test_each_rule_refuses(self):
        self.refused("cbor.unexpected_end", "cbor.check", hex="")
        for code, inputs in self.REFUSED.items():
            for hexed in inputs.split():
                with self.subTest(code=code, hex=hexed):
                    self.refused(code, "cbor.check", hex=hexed)

    def test_depth_of_64_is_allowed(self):
        self.ok("cbor.check", hex="81" * 64 + "00")
        self.ok("cbor.check", hex="a100" * 64 + "00")

    def test_size_limit(self):
        with self.assertRaises(Reject) as caught:
            cbor.check(bytes(cbor.MAX_SIZE + 1))
        self.assertEqual(caught.exception.code, "cbor.too_large")

    def test_keys_of_any_mix_in_bytewise_order(self):
        """D24: 10, 100, -1, h'', "z", "aa" sort by their encoding."""
        value = {10: 0, 100: 0, -1: 0, b"": 0, "z": 0, "aa": 0}
        self.ok("cbor.check", hex=cbor.encode(value).hex())
        self.assertEqual(cbor.encode(value).hex(), "a60a001864002000400061" "7a00626161" "00")

    def test_floats_on_request_only(self):
        self.ok("cbor.check", hex="f93c00")
        self.ok("cbor.check", hex="f98000")
        self.refused("cbor.float_not_allowed", "cbor.check", hex="f93c00", floats=False)
        self.refused("cbor.float_not_allowed", "cbor.check", hex="81f97e00", floats=False)

    def test_agrees_with_another_encoder(self):
        for value in (
            {"b": [1, -1, b"\x00" * 300], "a": {"z": None, "y": True}, "": "x" * 70000},
            {1: 1, 4: b"12345678", 1000: 2, 1008: 3}, [1.5, 0.1, 1e300, -0.0],
        ):
            self.assertEqual(cbor.encode(value), cbor2.dumps(value, canonical=True))
            self.assertEqual(cbor.decode(cbor2.dumps(value, canonical=True)), value)


class Json(PeerTest):
    def test_from_json(self):
        for text, hexed in (
            ("1", "01"), ("1.0", "f93c00"), ("-0", "00"), ("-0.0", "f98000"), ("1e2", "f95640"),
            ("18446744073709551615", "1bffffffffffffffff"),
            ("18446744073709551616", "fa5f800000"),
            ("-9223372036854775808", "3b7fffffffffffffff"),
            ("-9223372036854775809", "fadf000000"), ("0.1", "fb3fb999999999999a"),
            ('{"b":1,"a":[true,null]}', "a2616182f5f6616201"), ('"\\u00fc"', "62c3bc"),
            ('{"$hex":"00"}', "a16424686578623030"), ("9" * 30, "fb46293e5939a08cea"),
        ):
            with self.subTest(text):
                self.assertEqual(self.ok("cbor.from_json", json_text=text)["hex"], hexed)

    def test_from_json_refusals(self):
        self.refused("cbor.infinity", "cbor.from_json", json_text="1e400")
        self.refused("cbor.infinity", "cbor.from_json", json_text="9" * 5000)
        self.refused("cbor.float_not_allowed", "cbor.from_json", json_text="[1.0]", floats=False)
        self.refused("cbor.duplicate_key", "cbor.from_json", json_text='{"a":1,"\\u0061":2}')
        self.refused("cbor.invalid_utf8", "cbor.from_json", json_text='"\\ud800"')
        self.refused("cbor.too_deep", "cbor.from_json", json_text="[" * 65 + "]" * 65)
        self.refused("cbor.too_deep", "cbor.from_json", json_text="[" * 9000 + "]" * 9000)
        self.ok("cbor.from_json", json_text="[" * 64 + "]" * 64)
        for text in ("", "NaN", "01", "{", "[1,]", "\ufeff1", "1 2", "'a'"):
            self.refused("cbor.json_syntax", "cbor.from_json", json_text=text)

    def test_to_json(self):
        for hexed, text in (
            ("a2616201626161f6", '{"b":1,"aa":null}'), ("42beef", '{"$hex":"beef"}'),
            ("f93c00", "1.0"), ("f98000", "-0.0"), ("1bffffffffffffffff", "18446744073709551615"),
            ("62c3bc", '"ü"'), ("fb7e37e43c8800759c", "1e300"), ("6101", '"\\u0001"'),
            (cbor.encode(1e16).hex(), "1e16"), (cbor.encode(1e15).hex(), "1000000000000000.0"),
            (cbor.encode(-1.5e-5).hex(), "-0.000015"), (cbor.encode(1.5e-7).hex(), "1.5e-7"),
        ):
            with self.subTest(hexed):
                self.assertEqual(self.ok("cbor.to_json", hex=hexed)["json_text"], text)
        self.refused("cbor.key_type", "cbor.to_json", hex="a10102")
        self.refused("cbor.non_shortest_int", "cbor.to_json", hex="811817")
