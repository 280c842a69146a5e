"""Capability tokens (§7.5, D107-D110), compared with the `cwt` package."""

from cwt import COSE, COSEKey

from fcp_peer import cbor, sign
from fcp_peer.blake3 import blake3
from .support import PeerTest

SEED = bytes(range(32))
KID = sign.kid(sign.public_key(SEED))
CLAIMS = {
    "iss": "z:work", "sub": "user:alice", "aud": "connector:mail", "exp": 1_700_000_300,
    "iat": 1_700_000_000, "cti": "ab" * 16, "iss_node": "nodeA",
    "grant_object_ids": ["01" * 32, "02" * 32],
    "caps": [{"capability": "mail.read"}, {"capability": "mail.send", "operation": "send"}],
    "chk_id": "03" * 32, "chk_seq": 9,
}
CONSTRAINTS = {"resource_allow": [], "resource_deny": [], "max_bytes": "18446744073709551615",
               "max_calls": 3, "credential_allow": ["cred:x"]}


class Tokens(PeerTest):
    def mint(self, **change):
        claims = {k: v for k, v in {**CLAIMS, **change}.items() if v is not None}
        fields = {"claims": claims, "kid": KID.hex(), "secret": SEED.hex()}
        return bytes.fromhex(self.ok("token.mint", **fields)["cwt"])

    def test_form(self):
        """D109: untagged, protected {1: -8, 4: kid}, empty unprotected map."""
        token = self.mint()
        self.assertEqual(token[:15].hex(), "844da2012704" "48" + KID.hex())
        self.assertEqual(token[15], 0xA0)
        protected, _, payload, signature = cbor.decode(token)
        structure = cbor.encode(["Signature1", protected, b"", payload])
        sign.verify(sign.public_key(SEED), structure, signature)
        claims = cbor.decode(payload)
        self.assertEqual(list(claims), [1, 2, 3, 4, 6, 7, 1000, 1001, 1002, 1005, 1006])
        self.assertEqual(claims[1000], b"nodeA")

    def test_another_implementation_verifies_it(self):
        token = self.mint()
        key = COSEKey.new({1: 1, 2: KID, 3: -8, -1: 6, -2: sign.public_key(SEED)})
        # That reader wants the COSE_Sign1 tag, which D109 leaves out.
        payload = COSE.new().decode(b"\xd2" + token, keys=[key])
        self.assertEqual(payload, cbor.decode(token)[2])

    def test_decode(self):
        optional = {"attenuation": CONSTRAINTS, "holder_node": "nodeB", "aud_binary": "04" * 32,
                    "instance": "i1"}
        for change in ({}, optional, {"iss": "z:public", "chk_id": None, "chk_seq": None}):
            out = self.ok("token.decode", cwt=self.mint(**change).hex())
            claims = {k: v for k, v in {**CLAIMS, **change}.items() if v is not None}
            self.assertEqual(out, {"claims": claims, "kid": KID.hex()})

    def test_lists_are_minted_in_order(self):
        change = {"caps": CLAIMS["caps"][::-1],
                  "grant_object_ids": CLAIMS["grant_object_ids"][::-1]}
        self.assertEqual(self.mint(**change), self.mint())

    def test_mint_refusals(self):
        for change, code in (
            ({"chk_id": None, "chk_seq": None}, "token.checkpoint_missing"),
            ({"exp": CLAIMS["iat"]}, "token.bad_lifetime"),
            ({"exp": CLAIMS["iat"] + 86_401}, "token.bad_lifetime"),
            ({"sub": None}, "token.missing_claim"), ({"chk_seq": None}, "token.missing_claim"),
            ({"nbf": 1}, "token.unknown_claim"), ({"iss": "work"}, "token.bad_claim"),
            ({"caps": []}, "token.bad_claim"), ({"caps": [{"capability": "A"}]}, "token.bad_claim"),
            ({"caps": CLAIMS["caps"] * 2}, "token.bad_claim"),
            ({"grant_object_ids": ["01" * 32] * 2}, "token.bad_claim"),
            ({"iss_node": "a b"}, "token.bad_claim"), ({"cti": "00"}, "adapter.bad_request"),
            ({"attenuation": {}}, "token.bad_claim"), ({"iat": -1}, "adapter.bad_request"),
            ({"caps": [{"capability": 1 << 70}]}, "cbor.unexpected_type"),
        ):
            claims = {k: v for k, v in {**CLAIMS, **change}.items() if v is not None}
            self.refused(code, "token.mint", claims=claims, kid=KID.hex(), secret=SEED.hex())

    def test_decode_refusals(self):
        parts = cbor.decode(self.mint())
        claims = cbor.decode(parts[2])

        def token(position, value):
            changed = list(parts)
            changed[position] = value
            return cbor.encode(changed).hex()

        malformed = [
            "d2" + cbor.encode(parts).hex(), cbor.encode(parts).hex() + "00",
            cbor.encode(parts[:3]).hex(), cbor.encode({}).hex(), "",
            token(0, cbor.encode({1: -8})), token(0, cbor.encode({1: -7, 4: KID})),
            token(0, cbor.encode({1: -8, 4: KID + b"x"})), token(0, {1: -8, 4: KID}),
            token(0, b""), token(0, cbor.encode({1: -8, 4: KID, 5: 1})),
            token(0, b"\xa2\x04\x48" + KID + b"\x01\x27"), token(1, {4: KID}), token(1, b""),
            token(3, bytes(63)), token(2, cbor.encode([])), token(2, b"\xa2\x02\x61a\x01\x61b"),
            token(2, b"\xa2\x01\x61a\x01\x61b"), token(2, cbor.encode({**claims, 4: 1.5})),
        ]
        for cwt in malformed:
            with self.subTest(cwt):
                self.refused("token.malformed", "token.decode", cwt=cwt)
        for change, code in (
            ({5: 1}, "token.unknown_claim"), ({-1: 1}, "token.unknown_claim"),
            ({"x": 1}, "token.unknown_claim"), ({1009: 1}, "token.unknown_claim"),
            ({1: b"z:work"}, "token.bad_claim"), ({7: bytes(15)}, "token.bad_claim"),
            ({1000: "nodeA"}, "token.bad_claim"), ({1000: b"\xff"}, "token.bad_claim"),
            ({1001: [b"\2" * 32, b"\1" * 32]}, "token.bad_claim"),
            ({1002: claims[1002][::-1]}, "token.bad_claim"), ({4: "1"}, "token.bad_claim"),
            ({1002: [{"capability": "a", "x": 1}]}, "token.bad_claim"),
        ):
            with self.subTest(change=change):
                payload = cbor.encode({**claims, **change})
                self.refused(code, "token.decode", cwt=token(2, payload))
        for key in (1, 6, 1002, 1005):
            payload = cbor.encode({k: v for k, v in claims.items() if k != key})
            self.refused("token.missing_claim", "token.decode", cwt=token(2, payload))

    def test_pop(self):
        out = self.ok("pop.transcript", jti="01" * 16, request_object_id="02" * 32, nonce="03" * 16)
        expected = blake3(b"fcp.token.pop.v2" + b"\1" * 16 + b"\2" * 32 + b"\3" * 16)
        self.assertEqual(out["transcript"], expected.hex())
