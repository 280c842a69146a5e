"""JSON lines on standard input and output: one request a line, one answer a line.

Every line is answered, however malformed; nothing in the input ends the
process. Lines beyond `MAX_LINE` bytes are skipped without being kept, and a
line that would unfold into more than `MAX_NODES` JSON values is refused.
"""

import json
import math
import sys
import traceback

from . import NAME, __version__
from .errors import BadRequest, Reject, Unsupported
from .fields import Fields, to_json
from .ops import OPERATIONS
from .ops.decisions import Raw

# Room for hex of 64 MiB, the largest input that the protocol itself judges.
MAX_LINE = 2 * 64 * 1024 * 1024 + 1024 * 1024
MAX_NODES = 1 << 20
_BLOCK = 1 << 16


def hello():
    """What this implementation is and which operations it has."""
    return {
        "implementation": NAME,
        "version": __version__,
        "profile": "mvp",
        "ops": sorted(OPERATIONS),
    }


def parse(line):
    """The request of a line."""
    if line is None:
        raise BadRequest(f"a line of more than {MAX_LINE} bytes")
    if sum(line.count(mark) for mark in (b",", b"[", b"{")) > MAX_NODES:
        raise BadRequest("too many JSON values")
    try:
        request = json.loads(
            line.decode("utf-8"), parse_float=_float, parse_constant=_constant,
            object_pairs_hook=_object,
        )
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"not a JSON line: {error}") from None
    if not isinstance(request, dict):
        raise BadRequest("a request is an object")
    return request


def _float(token):
    value = float(token)
    if math.isinf(value):
        raise ValueError("a number out of range")
    return value


def _constant(token):
    raise ValueError(f"{token} is not JSON")


def _object(pairs):
    out = dict(pairs)
    if len(out) != len(pairs):
        raise ValueError("an object repeats a key")
    return out


def answer(line):
    """The answer to one line (``None`` for one that was too long)."""
    identity = None
    try:
        request = parse(line)
        identity = request.get("id")
        name = request.get("op")
        if not isinstance(name, str):
            raise BadRequest("`op` is not a string")
        if name == "hello":
            # The protocol shows this answer bare; it is given in both forms.
            return {"id": identity, "ok": True, "out": hello(), **hello()}
        if name not in OPERATIONS:
            raise Unsupported(name[:80])
        out = OPERATIONS[name](Fields(request.get("in", {})))
        return {"id": identity, "ok": True, "out": _answer_fields(out)}
    except Reject as reject:
        return _refusal(identity, reject.code, reject.message)
    except RecursionError:
        return _refusal(identity, "adapter.bad_request", "nested too deeply")
    except Exception as error:  # a fault of this program, never of the input
        traceback.print_exc(file=sys.stderr)
        return _refusal(identity, "adapter.internal", f"{type(error).__name__}: {error}")


def _answer_fields(out):
    return {
        name: value.value if isinstance(value, Raw) else to_json(value)
        for name, value in out.items()
    }


def _refusal(identity, code, message):
    return {"id": identity, "ok": False, "code": code, "message": message[:400]}


def answer_text(line):
    """The answer to one line as a line of JSON."""
    try:
        return json.dumps(answer(line), separators=(",", ":"))
    except RecursionError:
        refusal = _refusal(None, "adapter.bad_request", "nested too deeply")
        return json.dumps(refusal, separators=(",", ":"))


def lines(stream):
    """The lines of a stream; ``None`` for each that is longer than `MAX_LINE`."""
    while line := stream.readline(MAX_LINE + 1):
        if len(line) <= MAX_LINE or line.endswith(b"\n"):
            yield line
            continue
        while line and not line.endswith(b"\n"):
            line = stream.readline(_BLOCK)
        yield None


def main():
    """Serves until standard input ends."""
    try:
        for line in lines(sys.stdin.buffer):
            sys.stdout.write(answer_text(line) + "\n")
            sys.stdout.flush()
    except BrokenPipeError:
        sys.stderr.close()
    return 0
