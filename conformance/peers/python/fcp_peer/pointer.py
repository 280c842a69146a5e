"""JSON Pointer (RFC 6901), as approval constraints use it (§5.2.1)."""

import re

from .errors import Reject

_BAD_ESCAPE = re.compile(r"~(?![01])")
_INDEX = re.compile(r"0|[1-9][0-9]*")


def check(pointer):
    """Reject unless a text is a pointer."""
    if (pointer and not pointer.startswith("/")) or _BAD_ESCAPE.search(pointer):
        raise Reject("pointer.syntax", "not a JSON Pointer")


def evaluate(pointer, document):
    """The value that a pointer names."""
    check(pointer)
    value = document
    for token in _tokens(pointer):
        if isinstance(value, dict) and token in value:
            value = value[token]
        elif isinstance(value, list) and _INDEX.fullmatch(token) and _within(token, value):
            value = value[int(token)]
        else:
            raise Reject("pointer.not_found", f"nothing at `{pointer:.80}`")
    return value


def _tokens(pointer):
    """The unescaped reference tokens, one after the other."""
    at = 0
    while at < len(pointer):
        end = pointer.find("/", at + 1)
        end = len(pointer) if end < 0 else end
        yield pointer[at + 1:end].replace("~1", "/").replace("~0", "~")
        at = end


def _within(token, array):
    return len(token) <= len(str(len(array))) and int(token) < len(array)
