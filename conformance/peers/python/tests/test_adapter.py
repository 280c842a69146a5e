"""The adapter protocol itself, over a real process."""

import io
import json
import subprocess
import sys
import unittest
from pathlib import Path
from unittest import mock

from fcp_peer import adapter

RUN = Path(__file__).resolve().parent.parent / "run.py"


def converse(*lines):
    """The answers of a fresh process to raw lines."""
    process = subprocess.run(
        [sys.executable, str(RUN)], input=b"\n".join(lines) + b"\n", capture_output=True,
        timeout=120, check=True,
    )
    return [json.loads(line) for line in process.stdout.splitlines()], process.stderr


class Adapter(unittest.TestCase):
    def test_hello(self):
        (answer,), _ = converse(b'{"op":"hello"}')
        for form in (answer, answer["out"]):
            self.assertEqual(form["implementation"], "fcp-peer-python")
            self.assertEqual(form["profile"], "mvp")
            self.assertIn("token.mint", form["ops"])
            self.assertNotIn("raptor.encode", form["ops"])

    def test_every_line_is_answered_in_order(self):
        lines = [
            b"", b"x", b"[]", b"1", b'"a"', b"null", b"{}", b'{"id":1}', b'{"id":2,"op":3}',
            b"\xff\xfe", b'{"id":3,"op":"cbor.check"}', b'{"id":4,"op":"cbor.check","in":[]}',
            b'{"id":5,"op":"cbor.check","in":{"hex":"0"}}',
            b'{"id":6,"op":"cbor.check","in":{"hex":"FF"}}',
            b'{"id":7,"op":"cbor.check","in":{"hex":null}}',
            b'{"id":8,"op":"cbor.check","in":{"hex":"00","floats":1}}',
            b'{"id":9,"id":9,"op":"hello"}', b'{"id":NaN}', b"[" * 100000,
            b'{"id":10,"op":"pointer.eval","in":{"pointer":"","json":1e999}}',
            b'{"id":11,"op":"id.check","in":{"kind":"node","text":"\\ud800"}}',
            b'{"id":12,"op":"quorum.required","in":{"n":1.0,"f":0,"class":"read_only"}}',
            b'{"id":13,"op":"quorum.required","in":{"n":true,"f":0,"class":"read_only"}}',
            b'{"id":14,"op":"replay.run","in":{"window":1,"seqs":[9007199254740992]}}',
            b'{"id":15,"op":"replay.run","in":{"window":1,"seqs":["01"]}}',
            b'{"id":16,"op":"replay.run","in":{"window":1,"seqs":["18446744073709551616"]}}',
            b'{"id":17,"op":"provenance.merge","in":{"inputs":['
            + b"[" * 900 + b"]" * 900 + b"]}}",
            b'{"id":18,"op":"zone.hash","in":{"zone":' + b"9" * 5000 + b"}}",
        ]
        answers, _ = converse(*lines, b'{"id":"last","op":"raptor.encode","in":{}}',
                              b'{"id":99,"op":"cbor.check","in":{"hex":"00","more":1}}')
        self.assertEqual(len(answers), len(lines) + 2)
        for line, answer in zip(lines, answers):
            with self.subTest(line[:60]):
                self.assertEqual(answer["code"], "adapter.bad_request", answer)
        self.assertEqual(answers[-2]["id"], "last")
        self.assertEqual(answers[-2]["code"], "unsupported")
        self.assertEqual(answers[-1], {"id": 99, "ok": True, "out": {}})

    def test_wide_integers(self):
        answers, _ = converse(
            b'{"id":1,"op":"replay.run","in":{"window":9,"seqs":[9007199254740991,"2"]}}'
        )
        self.assertEqual(answers[0]["out"], {"accepted": [True, False]})

    def test_deep_but_valid_json_does_not_end_the_process(self):
        deep = b"[" * 980 + b"]" * 980
        for line in (
            b'{"id":1,"op":"pointer.eval","in":{"pointer":"","json":' + deep + b"}}",
            b'{"id":' + deep + b',"op":"hello"}',
        ):
            self.assertIn('"ok":', adapter.answer_text(line))

    def test_a_fault_of_the_program_is_answered_too(self):
        broken = {"zone.hash": lambda fields: 1 // 0}
        with mock.patch.dict(adapter.OPERATIONS, broken), mock.patch("sys.stderr", io.StringIO()):
            answer = adapter.answer(b'{"id":1,"op":"zone.hash","in":{}}')
        self.assertEqual(answer["code"], "adapter.internal")

    def test_long_lines_are_skipped_without_being_kept(self):
        with mock.patch.object(adapter, "MAX_LINE", 100), mock.patch.object(adapter, "_BLOCK", 16):
            stream = io.BytesIO(b"a" * 1000 + b"\n" + b"b" * 100 + b"\nc\n" + b"d" * 300)
            got = list(adapter.lines(stream))
        self.assertEqual(got, [None, b"b" * 100 + b"\n", b"c\n", None])
        self.assertEqual(adapter.answer(None)["code"], "adapter.bad_request")

    def test_too_many_values(self):
        line = b'{"id":1,"op":"replay.run","in":{"window":1,"seqs":[' + b"1," * (1 << 20) + b"1]}}"
        self.assertEqual(adapter.answer(line)["code"], "adapter.bad_request")
