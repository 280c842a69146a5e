"""FCPS frames, datagrams, sessions, FCPC (§4.2, §4.3, §9.4)."""

import hashlib
import hmac

from fcp_peer.blake3 import blake3
from .support import KEY, PeerTest
from .test_crypto import hkdf

SYMBOL = {"esi": 1, "k": 2, "data": "ab" * 256, "tag": "cd" * 16}
FRAME = {
    "version": 1, "flags": 0x0404, "object_id": "11" * 32, "symbol_size": 256,
    "zone_key_id": "22" * 8, "zone_id_hash": "33" * 32, "epoch": 4,
    "instance": "18446744073709551615", "frame_seq": 6, "symbols": [SYMBOL],
}


class Frames(PeerTest):
    def encoded(self, **change):
        return bytearray.fromhex(self.ok("fcps.encode", **{**FRAME, **change})["hex"])

    def test_layout(self):
        frame = self.encoded()
        self.assertEqual(len(frame), 114 + 278)
        self.assertEqual(frame[:16].hex(), "46435053" "0100" "0404" "01000000" "16010000")
        self.assertEqual(frame[48:50].hex(), "0001")
        self.assertEqual(frame[90:114].hex(), "0400000000000000" + "ff" * 8 + "0600000000000000")
        self.assertEqual(frame[114:120].hex(), "010000000200")
        self.assertEqual(self.ok("fcps.decode", hex=frame.hex()), FRAME)

    def test_refusals(self):
        def change(offset, data):
            frame = self.encoded()
            frame[offset:offset + len(data)] = data
            return frame

        u16, u32 = (lambda n: n.to_bytes(2, "little")), (lambda n: n.to_bytes(4, "little"))
        for code, frame in (
            ("frame.too_short", self.encoded()[:113]), ("frame.bad_magic", change(0, b"FCPC")),
            ("frame.unsupported_version", change(4, u16(2))),
            ("frame.unsupported_version", change(4, u16(0))),
            *(("frame.bad_flags", change(6, u16(0x0404 | 1 << bit)))
              for bit in (1, 7, 8, 12, 13, 14, 15)),
            ("frame.bad_flags", change(6, u16(0x0400))),
            ("frame.symbol_count", change(8, u32(0))), ("frame.symbol_count", change(8, u32(257))),
            ("frame.symbol_size", change(48, u16(248))), ("frame.symbol_size", change(48, u16(260))),
            ("frame.symbol_size", change(48, u16(16392))),
            ("frame.length_mismatch", change(12, u32(279))),
            ("frame.length_mismatch", change(8, u32(2))),
            ("frame.length_mismatch", self.encoded() + b"\0"),
            ("frame.length_mismatch", self.encoded()[:-1]),
            ("frame.bad_k", change(118, u16(0))), ("frame.bad_k", change(118, u16(56404))),
            ("frame.bad_esi", change(114, u32(1 << 24))),
            ("frame.bad_esi", self.raw_esi_beyond_k()),
            ("frame.duplicate_esi", self.duplicate()),
        ):
            self.refused(code, "fcps.decode", hex=frame.hex())
        size = len(self.encoded())
        self.ok("fcps.decode", hex=self.encoded().hex(), max_bytes=size)
        self.refused("frame.too_large", "fcps.decode", hex=self.encoded().hex(),
                     max_bytes=size - 1)

    def raw_esi_beyond_k(self):
        """RAPTORQ=0: symbols are source symbols 0..K-1 (D63)."""
        frame = self.encoded(flags=0x0004)
        frame[114] = 2
        return frame

    def duplicate(self):
        frame = self.encoded(symbols=[SYMBOL, {**SYMBOL, "esi": 0}])
        frame[114 + 278] = 1
        return frame

    def test_encode_refuses_what_decode_refuses(self):
        self.refused("frame.bad_flags", "fcps.encode", **{**FRAME, "flags": 0})
        self.refused("frame.symbol_count", "fcps.encode", **{**FRAME, "symbols": []})
        self.refused("symbol.wrong_length", "fcps.encode", **{**FRAME, "symbol_size": 264})
        self.refused("adapter.bad_request", "fcps.encode", **{**FRAME, "flags": 1 << 16})


class Datagrams(PeerTest):
    SESSION = bytes(range(16))

    def setUp(self):
        self.frame = self.ok("fcps.encode", **FRAME)["hex"]
        self.context = {"suite": 1, "key": KEY.hex(), "direction": "r2i"}

    def seal(self, **change):
        fields = {**self.context, "session_id": self.SESSION.hex(), "seq": 6, "frame": self.frame}
        return self.ok("datagram.seal", **{**fields, **change})["datagram"]

    def forged(self, seq, frame=None):
        """A datagram whose MAC is right, whatever else is wrong."""
        frame = bytes.fromhex(self.frame) if frame is None else frame
        number = seq.to_bytes(8, "little")
        mac = hmac.digest(KEY, self.SESSION + b"\1" + number + frame, "sha256")[:16]
        return (self.SESSION + number + mac + frame).hex()

    def test_both_suites(self):
        frame = bytes.fromhex(self.frame)
        message = self.SESSION + b"\1" + (6).to_bytes(8, "little") + frame
        for suite, mac in (
            (1, hmac.new(KEY, message, hashlib.sha256).digest()), (2, blake3(message, KEY)),
        ):
            datagram = self.seal(suite=suite)
            self.assertEqual(bytes.fromhex(datagram)[24:40], mac[:16])
            out = self.ok("datagram.open", **{**self.context, "suite": suite}, datagram=datagram)
            self.assertEqual(out, {"seq": 6, "frame": self.frame})

    def test_refusals(self):
        datagram = self.seal()
        self.assertEqual(datagram, self.forged(6))
        flipped = datagram[:-1] + ("0" if datagram[-1] != "0" else "1")
        for code, fields in (
            ("frame.mac_invalid", {"datagram": flipped}),
            ("frame.mac_invalid", {"datagram": datagram, "direction": "i2r"}),
            ("frame.mac_invalid", {"datagram": datagram, "suite": 2}),
            ("frame.mac_invalid", {"datagram": datagram, "session_id": "ff" * 16}),
            ("frame.seq_mismatch", {"datagram": self.forged(7)}),
            ("frame.seq_zero", {"datagram": self.forged(0)}),
            ("frame.too_short", {"datagram": datagram[:2 * 153]}),
            ("frame.too_large", {"datagram": datagram, "max_datagram_bytes": 431}),
        ):
            self.refused(code, "datagram.open", **{**self.context, **fields})
        self.ok("datagram.open", **self.context, datagram=datagram, max_datagram_bytes=432)
        self.refused("adapter.bad_request", "datagram.open",
                     **{**self.context, "suite": 3}, datagram=datagram)


class Session(PeerTest):
    HELLO = {"from": "nodeA", "to": "nodeB", "eph_pubkey": "aa" * 32, "nonce": "bb" * 16,
             "timestamp": 7, "suites": [2, 1, 99]}

    def test_hello(self):
        names = "0500" + b"nodeA".hex() + "0500" + b"nodeB".hex()
        fixed = b"FCP2-HELLO-V1".hex() + names + "aa" * 32 + "bb" * 16
        out = self.ok("session.hello_transcript", **self.HELLO)["transcript"]
        self.assertEqual(out, fixed + "00" + "0700000000000000" + "03020163" + "00")
        out = self.ok("session.hello_transcript", cookie="cc" * 32,
                      transport_limits={"max_datagram_bytes": 1200}, **self.HELLO)["transcript"]
        self.assertEqual(
            out, fixed + "01" + "cc" * 32 + "0700000000000000" + "03020163" + "01" + "b004"
        )

    def test_hello_refusals(self):
        for change, code in (
            ({"suites": []}, "session.bad_offer"), ({"suites": [1, 1]}, "session.bad_offer"),
            ({"suites": list(range(9))}, "session.bad_offer"),
            ({"suites": [256]}, "adapter.bad_request"), ({"from": ""}, "id.empty"),
            ({"transport_limits": {"max_datagram_bytes": 431}}, "session.bad_limits"),
            ({"transport_limits": {"max_datagram_bytes": 65508}}, "session.bad_limits"),
            ({"transport_limits": {}}, "adapter.bad_request"),
        ):
            self.refused(code, "session.hello_transcript", **{**self.HELLO, **change})

    def test_ack(self):
        out = self.ok("session.ack_transcript", **{
            "from": "b", "to": "a", "eph_pubkey": "01" * 32, "nonce": "02" * 16,
            "session_id": "03" * 16, "suite": 2, "timestamp": 1, "hello_eph_pubkey": "04" * 32,
            "hello_nonce": "05" * 16,
        })["transcript"]
        self.assertEqual(out, (
            b"FCP2-ACK-V1".hex() + "0100" "62" "0100" "61" + "01" * 32 + "02" * 16 + "03" * 16
            + "02" + "0100000000000000" + "04" * 32 + "05" * 16
        ))

    def test_keys(self):
        """D40: the expand step runs on prk directly."""
        info = b"FCP2-SESSION-V1" b"\x02\0ab" b"\x01\0c" + b"\1" * 16 + b"\2" * 16
        prk = hkdf(b"\3" * 16, KEY, info, 32)
        okm = hkdf(b"", b"", b"FCP2-SESSION-KEYS-V1", 96, prk).hex()
        fields = {"shared_secret": KEY.hex(), "session_id": "03" * 16, "initiator": "ab",
                  "responder": "c", "hello_nonce": "01" * 16, "ack_nonce": "02" * 16}
        self.assertEqual(self.ok("session.keys", **fields), {
            "k_mac_i2r": okm[:64], "k_mac_r2i": okm[64:128], "k_ctx": okm[128:],
        })
        other = self.ok("session.keys", **{**fields, "initiator": "a", "responder": "bc"})
        self.assertNotEqual(other["k_ctx"], okm[128:])
        self.refused("session.zero_shared_secret", "session.keys", **{**fields, "shared_secret": "00" * 32})

    def test_select_suite(self):
        def select(offered, supported):
            return self.ok("session.select_suite", offered=offered, supported=supported)["suite"]

        self.assertEqual(select([2, 1], [1, 2]), 2)
        self.assertEqual(select([99, 1], [1, 2]), 1)
        self.assertEqual(select([99, 1], [99, 1]), 1)
        self.refused("session.no_common_suite", "session.select_suite", offered=[2], supported=[1])
        self.refused("session.no_common_suite", "session.select_suite", offered=[9], supported=[9])
        for offered in ([], [1, 1], list(range(1, 10))):
            self.refused("session.bad_offer", "session.select_suite", offered=offered, supported=[1])

    def test_replay(self):
        def run(window, seqs):
            return self.ok("replay.run", window=window, seqs=seqs)["accepted"]

        self.assertEqual(run(4, [0, 5, 5, 2, 1, 4, 3, 9, 5, 6]),
                         [False, True, False, True, False, True, True, True, False, True])
        self.assertEqual(run(1, [2, 1, 3]), [True, False, True])
        top = "18446744073709551615"
        self.assertEqual(run(128, [top, top, 1]), [True, False, False])
        accepted = run(3, list(range(1, 50)) + [46, 47, 50])
        self.assertEqual(accepted, [True] * 49 + [False, False, True])
        self.refused("adapter.bad_request", "replay.run", window=0, seqs=[])
        self.refused("adapter.bad_request", "replay.run", window=4097, seqs=[])


class Fcpc(PeerTest):
    CONTEXT = {"k_ctx": KEY.hex(), "session_id": "0a" * 16, "direction": "i2r"}

    def seal(self, **change):
        fields = {**self.CONTEXT, "seq": 1, "flags": 1, "plaintext": b"hello".hex(), **change}
        return self.ok("fcpc.seal", **fields)["frame"]

    def test_layout(self):
        frame = self.seal()
        self.assertEqual(frame[:72], "46435043" "0100" + "0a" * 16 + "0100000000000000"
                         "0100" "05000000")
        self.assertEqual(len(frame), 2 * (36 + 5 + 16))
        self.assertEqual(self.ok("fcpc.open", frame=frame, **self.CONTEXT),
                         {"plaintext": b"hello".hex(), "seq": 1, "flags": 1})
        self.assertNotEqual(self.seal(direction="r2i"), frame)
        empty = self.seal(plaintext="")
        self.assertEqual(self.ok("fcpc.open", frame=empty, **self.CONTEXT)["plaintext"], "")

    def test_refusals(self):
        frame = bytes.fromhex(self.seal())

        def change(offset, data):
            return (frame[:offset] + data + frame[offset + len(data):]).hex()

        for code, changed in (
            ("fcpc.too_short", frame[:51].hex()), ("fcpc.bad_magic", change(0, b"FCPS")),
            ("fcpc.unsupported_version", change(4, b"\2\0")), ("fcpc.bad_flags", change(30, b"\3\0")),
            ("fcpc.bad_flags", change(30, b"\0\0")),
            ("fcpc.too_large", change(32, (4 * 1024 * 1024 + 1).to_bytes(4, "little"))),
            ("fcpc.length_mismatch", change(32, b"\6")),
            ("fcpc.length_mismatch", frame.hex() + "00"),
            ("fcpc.aead_invalid", change(36, b"X")), ("fcpc.aead_invalid", change(22, b"\2")),
        ):
            self.refused(code, "fcpc.open", frame=changed, **self.CONTEXT)
        for code, change in (
            ("fcpc.aead_invalid", {"direction": "r2i"}), ("fcpc.aead_invalid", {"k_ctx": "00" * 32}),
            ("fcpc.wrong_session", {"session_id": "0b" * 16}),
            ("session.bad_session_id", {"session_id": "00" * 16}),
        ):
            self.refused(code, "fcpc.open", frame=frame.hex(), **{**self.CONTEXT, **change})
        fields = {**self.CONTEXT, "plaintext": ""}
        self.refused("fcpc.bad_flags", "fcpc.seal", seq=1, flags=0, **fields)
        self.refused("fcpc.bad_sequence", "fcpc.seal", seq=0, flags=1, **fields)
