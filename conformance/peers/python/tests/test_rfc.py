"""Known answers from the RFCs that the protocol builds on."""

import unittest

import nacl.bindings as sodium
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from fcp_peer import cbor, hpke, kdf, sign

PLAINTEXT = (
    b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the "
    b"future, sunscreen would be it."
)
AEAD_KEY = bytes(range(0x80, 0xA0))
AEAD_AAD = bytes.fromhex("50515253c0c1c2c3c4c5c6c7")


class Aead(unittest.TestCase):
    def test_rfc8439_2_8_2(self):
        sealed = ChaCha20Poly1305(AEAD_KEY).encrypt(
            bytes.fromhex("070000004041424344454647"), PLAINTEXT, AEAD_AAD
        )
        self.assertEqual(sealed.hex(), (
            "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6"
            "3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36"
            "92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc"
            "3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691"
        ))

    def test_xchacha_draft_a_3_1(self):
        sealed = sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(
            PLAINTEXT, AEAD_AAD, bytes(range(0x40, 0x58)), AEAD_KEY
        )
        self.assertEqual(sealed.hex(), (
            "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb"
            "731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b452"
            "2f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9"
            "21f9664c97637da9768812f615c68b13b52ec0875924c1c7987947deafd8780acf49"
        ))


class Hkdf(unittest.TestCase):
    def test_rfc5869_a_1(self):
        salt, ikm = bytes(range(13)), b"\x0b" * 22
        info = bytes(range(0xF0, 0xFA))
        self.assertEqual(
            kdf.extract(salt, ikm).hex(),
            "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
        )
        self.assertEqual(
            kdf.hkdf(salt, ikm, info, 42).hex(),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
            "34007208d5b887185865",
        )

    def test_rfc5869_a_3_without_salt_and_info(self):
        self.assertEqual(
            kdf.hkdf(b"", b"\x0b" * 22, b"", 42).hex(),
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
            "9d201395faa4b61a96c8",
        )


class Ed25519(unittest.TestCase):
    # RFC 8032 §7.1: seed, public key, message, signature.
    VECTORS = (
        ("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
         "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
         "",
         "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
         "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"),
        ("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
         "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
         "72",
         "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
         "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"),
        ("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
         "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
         "af82",
         "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
         "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"),
    )

    def test_rfc8032_7_1(self):
        for vector in self.VECTORS:
            seed, public, message, signature = map(bytes.fromhex, vector)
            self.assertEqual(sign.public_key(seed), public)
            self.assertEqual(sign.sign(seed, message), signature)
            sign.verify(public, message, signature)


class Hpke(unittest.TestCase):
    def test_rfc9180_a_2_1_base(self):
        """X25519, HKDF-SHA256, ChaCha20-Poly1305: the one suite of D36."""
        suite = hpke._SUITE
        key = suite.kem.deserialize_private_key(bytes.fromhex(
            "8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb"
        ))
        context = suite.create_recipient_context(
            bytes.fromhex("1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a"),
            key, info=bytes.fromhex("4f6465206f6e2061204772656369616e2055726e"),
        )
        opened = context.open(
            bytes.fromhex("1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db"
                          "21993c62ce81883d2dd1b51a28"),
            aad=b"Count-0",
        )
        self.assertEqual(opened, b"Beauty is truth, truth beauty")


class Cbor(unittest.TestCase):
    # RFC 8949 appendix A, those that are in this protocol's deterministic form.
    EXAMPLES = (
        ("00", 0), ("01", 1), ("0a", 10), ("17", 23), ("1818", 24), ("1819", 25),
        ("1864", 100), ("1903e8", 1000), ("1a000f4240", 1000000),
        ("1b000000e8d4a51000", 1000000000000), ("1bffffffffffffffff", (1 << 64) - 1),
        ("3bffffffffffffffff", -(1 << 64)), ("20", -1), ("29", -10), ("3863", -100),
        ("3903e7", -1000), ("f90000", 0.0), ("f93c00", 1.0), ("fb3ff199999999999a", 1.1),
        ("f93e00", 1.5), ("f97bff", 65504.0), ("fa47c35000", 100000.0),
        ("fa7f7fffff", 3.4028234663852886e38), ("fb7e37e43c8800759c", 1.0e300),
        ("f90001", 5.960464477539063e-08), ("f90400", 6.103515625e-05), ("f9c400", -4.0),
        ("fbc010666666666666", -4.1), ("f4", False), ("f5", True), ("f6", None),
        ("40", b""), ("4401020304", b"\1\2\3\4"), ("60", ""), ("6161", "a"),
        ("6449455446", "IETF"), ("62225c", '"\\'), ("62c3bc", "ü"), ("63e6b0b4", "水"),
        ("64f0908591", "\U00010151"), ("80", []), ("83010203", [1, 2, 3]),
        ("8301820203820405", [1, [2, 3], [4, 5]]), ("a0", {}),
        ("a201020304", {1: 2, 3: 4}), ("a26161016162820203", {"a": 1, "b": [2, 3]}),
        ("826161a161626163", ["a", {"b": "c"}]),
    )

    def test_rfc8949_appendix_a(self):
        for hexed, value in self.EXAMPLES:
            data = bytes.fromhex(hexed)
            with self.subTest(hexed):
                self.assertEqual(cbor.encode(value), data)
                self.assertEqual(cbor.decode(data), value)
                cbor.check(data)
                self.assertIs(type(cbor.decode(data)), type(value))
