"""Signatures, sealed boxes, zone keys and symbols."""

import hashlib
import hmac

import nacl.exceptions
import nacl.signing

from fcp_peer import cbor, edwards, hpke, objects, sign
from fcp_peer.blake3 import blake3
from .support import KEY, PeerTest, header

SEED = bytes(range(100, 132))
PUBLIC = sign.public_key(SEED)


def hkdf(salt, ikm, info, length, prk=None):
    """RFC 5869 in one formula, for lengths of at most three blocks."""
    prk = prk or hmac.new(salt, ikm, hashlib.sha256).digest()
    t1 = hmac.new(prk, info + b"\1", hashlib.sha256).digest()
    t2 = hmac.new(prk, t1 + info + b"\2", hashlib.sha256).digest()
    t3 = hmac.new(prk, t2 + info + b"\3", hashlib.sha256).digest()
    return (t1 + t2 + t3)[:length]


class Strict(PeerTest):
    """D8."""

    # All encodings of the eight small-order points.
    SMALL_ORDER = (
        "01" + "00" * 31, "ec" + "ff" * 30 + "7f", "00" * 32, "00" * 31 + "80",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        # not canonical
        "01" + "00" * 30 + "80", "ec" + "ff" * 31, "ed" + "ff" * 30 + "7f", "ed" + "ff" * 31,
        "ee" + "ff" * 30 + "7f", "ee" + "ff" * 31,
    )

    def verify(self, code, public=PUBLIC, message=b"m", signature=None):
        signature = sign.sign(SEED, b"m") if signature is None else signature
        fields = {"public_key": public.hex(), "message": message.hex(), "signature": signature.hex()}
        if code is None:
            self.ok("sign.raw_verify", **fields)
        else:
            self.refused(code, "sign.raw_verify", **fields)

    def test_valid_and_wrong(self):
        self.verify(None)
        self.verify("sign.bad_signature", message=b"n")
        self.verify("sign.bad_signature", public=sign.public_key(bytes(32)))

    def test_widths(self):
        self.verify("sign.malformed", signature=bytes(63))
        self.verify("sign.malformed", public=PUBLIC[:31])

    def test_s_not_reduced(self):
        signature = sign.sign(SEED, b"m")
        s = int.from_bytes(signature[32:], "little") + edwards.L
        self.verify("sign.malformed", signature=signature[:32] + s.to_bytes(32, "little"))

    def test_small_order_and_non_canonical_points(self):
        signature = sign.sign(SEED, b"m")
        for encoding in map(bytes.fromhex, self.SMALL_ORDER):
            self.verify("sign.malformed", public=encoding)
            self.verify("sign.malformed", signature=encoding + signature[32:])
        # A forgery that the bare equation accepts: A = R = identity, S = 0.
        identity = bytes.fromhex(self.SMALL_ORDER[0])
        self.verify("sign.malformed", public=identity, signature=identity + bytes(32))

    def test_a_point_off_the_curve(self):
        off = (2).to_bytes(32, "little")
        self.assertIsNone(edwards.decompress(off))
        self.verify("sign.malformed", public=off)
        self.verify("sign.bad_signature", signature=off + sign.sign(SEED, b"m")[32:])

    def test_cofactorless(self):
        """A key with a torsion part: valid only where it vanishes without the cofactor."""
        torsion = edwards.decompress(bytes.fromhex(self.SMALL_ORDER[6]))
        point = add(edwards.decompress(PUBLIC), torsion)
        mixed = encode_point(point)
        self.assertFalse(edwards.is_small_order(point))
        digest = bytearray(hashlib.sha512(SEED).digest())
        digest[0] &= 248
        digest[31] = digest[31] & 127 | 64
        a = int.from_bytes(digest[:32], "little")
        for tweak in range(24):
            message = b"m%d" % tweak
            nonce = int.from_bytes(hashlib.sha512(message).digest(), "little") % edwards.L
            r = encode_point(multiply(nonce))
            digest = hashlib.sha512(r + mixed + message).digest()
            h = int.from_bytes(digest, "little") % edwards.L
            signature = r + ((nonce + h * a) % edwards.L).to_bytes(32, "little")
            expected = None if h % 8 == 0 else "sign.bad_signature"
            self.verify(expected, public=mixed, message=message, signature=signature)

    def test_agrees_with_libsodium(self):
        for seed in range(5):
            key = nacl.signing.SigningKey(bytes([seed]) * 32)
            signature = key.sign(b"x").signature
            self.verify(None, bytes(key.verify_key), b"x", signature)
            broken = signature[:40] + bytes([signature[40] ^ 1]) + signature[41:]
            with self.assertRaises(nacl.exceptions.BadSignatureError):
                key.verify_key.verify(b"x", broken)
            self.verify("sign.bad_signature", bytes(key.verify_key), b"x", broken)

    def test_group_signature(self):
        fields = {"message": b"m".hex(), "signature": sign.sign(SEED, b"m").hex()}
        self.ok("frost.verify_group", group_key=PUBLIC.hex(), **fields)
        self.refused("sign.bad_signature", "frost.verify_group",
                     group_key=sign.public_key(bytes(32)).hex(), **fields)


def add(p, q):
    """Affine addition on edwards25519."""
    (x1, y1), (x2, y2), m = p, q, edwards.P
    d = edwards._D * x1 * x2 * y1 * y2
    return ((x1 * y2 + x2 * y1) * pow(1 + d, -1, m) % m,
            (y1 * y2 + x1 * x2) * pow(1 - d, -1, m) % m)


def multiply(scalar):
    """scalar * B."""
    y = 4 * pow(5, -1, edwards.P) % edwards.P
    point, out = edwards.decompress(y.to_bytes(32, "little")), (0, 1)
    while scalar:
        out = add(out, point) if scalar & 1 else out
        point, scalar = edwards.double(point), scalar >> 1
    return out


def encode_point(point):
    x, y = point
    return (y | (x & 1) << 255).to_bytes(32, "little")


class Preimages(PeerTest):
    def obj(self, name, value, namespace="fcp.core"):
        return (objects.known(name, namespace) + cbor.encode(value)).hex()

    def preimage(self, obj):
        return self.ok("sign.preimage", obj=obj)["preimage"]

    def test_kid(self):
        self.assertEqual(self.ok("kid.derive", public_key=KEY.hex())["kid"],
                         blake3(b"fcp.kid.v2" + KEY)[:8].hex())
        self.refused("adapter.bad_request", "kid.derive", public_key="00")

    def test_general_rule(self):
        for name in ("CapabilityObject", "RevocationObject", "Unheard"):
            self.assertEqual(self.preimage(self.obj(name, {"a": 1, "signature": bytes(64)})),
                             self.obj(name, {"a": 1}))
        for name in ("RevocationHead", "AuditHead", "Lease"):
            self.assertEqual(self.preimage(self.obj(name, {"a": 1, "quorum_signatures": [1]})),
                             self.obj(name, {"a": 1}))
        self.refused("cbor.missing_key", "sign.preimage", obj=self.obj("Lease", {"a": 1}))
        self.refused("cbor.unexpected_type", "sign.preimage", obj=self.obj("Lease", [1]))
        self.refused("object.schema_mismatch", "sign.preimage", obj="00")

    def test_attestation_keeps_an_empty_signature(self):
        signed = self.obj("NodeKeyAttestation", {"a": 1, "signature": bytes(64)})
        self.assertEqual(self.preimage(signed),
                         self.obj("NodeKeyAttestation", {"a": 1, "signature": b""}))

    def test_checkpoint_signs_a_digest(self):
        obj = self.obj("ZoneCheckpoint", {"a": 1, "quorum_signatures": [1]})
        view = bytes.fromhex(self.obj("ZoneCheckpoint", {"a": 1, "quorum_signatures": []}))
        digest = blake3(b"fcp.zonecheckpoint.v2" + view).hex()
        self.assertEqual(self.preimage(obj), digest)
        self.assertEqual(self.ok("checkpoint.preimage", obj=obj)["preimage"], digest)
        self.refused("object.schema_mismatch", "checkpoint.preimage",
                     obj=self.obj("Lease", {"quorum_signatures": []}))

    def test_audit_event_is_signed_before_it_is_sequenced(self):
        """D185."""
        event = {"a": 1, "signature": bytes(64), "prev": bytes(32), "seq": 2}
        self.assertEqual(self.preimage(self.obj("AuditEvent", event)),
                         self.obj("AuditEvent", {"a": 1}))

    def test_handshakes_sign_transcripts(self):
        self.refused("adapter.bad_request", "sign.preimage",
                     obj=self.obj("MeshSessionHello", {"signature": b""}, "fcp.mesh"))

    def test_verify(self):
        unsigned = bytes.fromhex(self.obj("LeaseRelease", {"lease": bytes(32)}))
        signature = sign.sign(SEED, unsigned)
        value = {"lease": bytes(32), "signature": signature}
        self.ok("sign.verify", public_key=PUBLIC.hex(), obj=self.obj("LeaseRelease", value))
        for change, code in (
            ({"lease": KEY}, "sign.bad_signature"), ({"signature": b""}, "sign.malformed"),
            ({"signature": "x"}, "cbor.unexpected_type"),
        ):
            self.refused(code, "sign.verify", public_key=PUBLIC.hex(),
                         obj=self.obj("LeaseRelease", {**value, **change}))
        self.refused("cbor.missing_key", "sign.verify", public_key=PUBLIC.hex(),
                     obj=self.obj("LeaseRelease", {}))


class Boxes(PeerTest):
    SECRET = bytes(range(1, 33))
    CONTEXT = {"zone": "z:work", "recipient": "nodeA", "purpose": "FCP2-ZONE-KEY",
               "issued_at": 1_700_000_000}

    def seal(self, plaintext=b"secret"):
        return self.ok("hpke.seal", recipient_public=hpke.x25519_public(self.SECRET).hex(),
                       plaintext=plaintext.hex(), **self.CONTEXT)["box"]

    def test_aad(self):
        expected = cbor.encode({
            "purpose": "FCP2-ZONE-KEY", "zone_id_hash": blake3(b"FCP2-ZONE-ID-V1z:work"),
            "issued_at": 1_700_000_000, "recipient_node_id": "nodeA",
        }).hex()
        self.assertEqual(self.ok("hpke.aad", **self.CONTEXT)["aad"], expected)
        self.assertTrue(expected.startswith("a467707572706f7365"))

    def test_round_trip(self):
        box = self.seal()
        value = cbor.decode(bytes.fromhex(box))
        self.assertEqual((value["kem_id"], value["kdf_id"], value["aead_id"]), (32, 1, 3))
        fields = {"recipient_secret": self.SECRET.hex(), **self.CONTEXT}
        self.assertEqual(self.ok("hpke.open", box=box, **fields)["plaintext"], b"secret".hex())
        for change in ({"zone": "z:home"}, {"recipient": "nodeB"}, {"purpose": "FCP2-DKG"},
                       {"issued_at": 1}, {"recipient_secret": KEY.hex()}):
            self.refused("hpke.open_failed", "hpke.open", box=box, **{**fields, **change})
        for change, code in (
            ({"kem_id": 16}, "hpke.unsupported_suite"), ({"kdf_id": 2}, "hpke.unsupported_suite"),
            ({"aead_id": 1}, "hpke.unsupported_suite"), ({"enc": bytes(32)}, "hpke.low_order"),
            ({"enc": b"\1" + bytes(31)}, "hpke.low_order"), ({"ct": b""}, "hpke.open_failed"),
            ({"enc": b"1"}, "cbor.out_of_range"), ({"x": 1}, "cbor.unknown_key"),
        ):
            changed = cbor.encode({**value, **change}).hex()
            self.refused(code, "hpke.open", box=changed, **fields)
        self.refused("hpke.low_order", "hpke.seal", recipient_public="00" * 32, plaintext="",
                     **self.CONTEXT)

    def test_manifest(self):
        zone_key, id_key = b"\x11" * 32, b"\x22" * 32
        public = hpke.x25519_public(self.SECRET)

        def entry(key, purpose):
            context = hpke.aad("z:work", "nodeA", purpose, 5)
            return {"node_id": "nodeA", "node_enc_kid": sign.kid(public), "issued_at": 5,
                    "sealed_key": hpke.seal(public, context, key)}

        value = {
            "header": header("ZoneKeyManifest"), "zone_id": "z:work", "zone_key_id": bytes(8),
            "algorithm": "chacha20poly1305", "valid_from": 1, "object_id_key_id": bytes(8),
            "wrapped_keys": [entry(zone_key, "FCP2-ZONE-KEY")],
            "wrapped_object_id_keys": [entry(id_key, "FCP2-OBJECTID-KEY")],
        }
        hash32 = objects.known("ZoneKeyManifest")
        signature = sign.sign(SEED, hash32 + cbor.encode(value))
        manifest = (hash32 + cbor.encode({**value, "signature": signature})).hex()
        fields = {"manifest": manifest, "node": "nodeA", "secret": self.SECRET.hex(),
                  "owner_key": PUBLIC.hex()}
        self.assertEqual(self.ok("manifest_key.unwrap", **fields),
                         {"zone_key": zone_key.hex(), "object_id_key": id_key.hex()})
        self.refused("zone_key.not_a_member", "manifest_key.unwrap", **{**fields, "node": "nodeB"})
        self.refused("zone_key.not_a_member", "manifest_key.unwrap", **{**fields, "secret": KEY.hex()})
        self.refused("sign.bad_signature", "manifest_key.unwrap",
                     **{**fields, "owner_key": sign.public_key(KEY).hex()})


class ZoneKeys(PeerTest):
    ZONE = {"zone_key": KEY.hex(), "zone_key_id": "0102030405060708"}
    ID = bytes.fromhex("0102030405060708")

    def test_subkey(self):
        expected = hkdf(self.ID, KEY, b"FCP2-SENDER-KEY-V1nodeA" + (9).to_bytes(8, "little"), 32)
        out = self.ok("zonekey.subkey", sender="nodeA", instance=9, **self.ZONE)
        self.assertEqual(out["key"], expected.hex())

    def test_epoch(self):
        chain = hmac.new(self.ID, KEY, hashlib.sha256).digest()
        for epoch in (100, 101, 102):
            expected = hkdf(b"", b"", b"FCP2-EPOCH-KEY-V1" + epoch.to_bytes(8, "little"), 32, chain)
            out = self.ok("zonekey.epoch", valid_from=30299, epoch=epoch, **self.ZONE)
            self.assertEqual(out["key"], expected.hex())
            chain = hkdf(b"", b"", b"FCP2-EPOCH-CHAIN-V1", 32, chain)
        for epoch, code in (
            (99, "zone_key.no_epoch_key"), (100 + (1 << 20) + 1, "zone_key.ratchet_too_far"),
        ):
            self.refused(code, "zonekey.epoch", valid_from=30299, epoch=epoch, **self.ZONE)

    def test_symbols(self):
        place = {"object_id": "aa" * 32, "esi": 3, "k": 5, "zone": "z:work", "epoch": 77,
                 "zone_key_id": self.ZONE["zone_key_id"]}
        aad = bytes.fromhex(self.ok("symbol.aad", **place)["aad"])
        self.assertEqual(len(aad), 86)
        self.assertEqual(aad[:38], b"\xaa" * 32 + b"\3\0\0\0\5\0")
        self.assertEqual(aad[38:70], blake3(b"FCP2-ZONE-ID-V1z:work"))
        self.assertEqual(aad[70:], self.ID + (77).to_bytes(8, "little"))

        number = {"instance": 0x0102, "frame_seq": 0x0304, "esi": 0x05}
        for algorithm, expected in (
            ("chacha20poly1305", "0403000000000000" "05000000"),
            ("xchacha20poly1305", "0201000000000000" "0403000000000000" "05000000" "00000000"),
        ):
            out = self.ok("symbol.nonce", algorithm=algorithm, **number)
            self.assertEqual(out["nonce"], expected)
            context = {**place, "zone_key": KEY.hex(), "algorithm": algorithm, "sender": "nodeA",
                       "instance": "18446744073709551615", "frame_seq": 1}
            sealed = self.ok("symbol.seal", plaintext="00" * 256, **context)
            self.assertEqual(len(sealed["data"]), 512)
            opened = self.ok("symbol.open", **context, **sealed)
            self.assertEqual(opened["plaintext"], "00" * 256)
            for change in ({"esi": 4}, {"k": 6}, {"zone": "z:a"}, {"epoch": 78},
                           {"frame_seq": 2}, {"sender": "nodeB"}, {"instance": 1},
                           {"tag": "00" * 16}, {"data": "00"}):
                self.refused("symbol.aead_invalid", "symbol.open",
                             **{**context, **sealed, **change})
        self.refused("adapter.bad_request", "symbol.nonce", algorithm="aes", **number)
