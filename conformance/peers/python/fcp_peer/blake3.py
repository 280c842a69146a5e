"""BLAKE3 with 32-byte output, unkeyed and keyed, in plain Python.

Written from the BLAKE3 paper. It is slow (about one MiB a second or less) and
makes no attempt at constant time: it exists to check other implementations.
"""

from struct import unpack

_IV = (
    0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A,
    0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19,
)
_PERMUTATION = (2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8)
# The four columns, then the four diagonals, of the state.
_QUADS = (
    (0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
    (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14),
)
_CHUNK_START, _CHUNK_END, _PARENT, _ROOT, _KEYED_HASH = 1, 2, 4, 8, 16
_CHUNK_LEN, _BLOCK_LEN, _MASK = 1024, 64, 0xFFFFFFFF


def _schedules():
    """For each of the seven rounds: (quad, first word, second word) eight times."""
    order, rounds = tuple(range(16)), []
    for _ in range(7):
        rounds.extend(
            quad + (order[2 * i], order[2 * i + 1]) for i, quad in enumerate(_QUADS)
        )
        order = tuple(order[i] for i in _PERMUTATION)
    return tuple(rounds)


_STEPS = _schedules()


def _compress(cv, words, counter, length, flags):
    """The compression function, cut to its first eight output words."""
    v = [*cv, *_IV[:4], counter & _MASK, counter >> 32, length, flags]
    for a, b, c, d, x, y in _STEPS:
        va, vb, vc = v[a], v[b], v[c]
        va = (va + vb + words[x]) & _MASK
        t = v[d] ^ va
        t = (t >> 16 | t << 16) & _MASK
        vc = (vc + t) & _MASK
        vb ^= vc
        vb = (vb >> 12 | vb << 20) & _MASK
        va = (va + vb + words[y]) & _MASK
        t ^= va
        t = (t >> 8 | t << 24) & _MASK
        vc = (vc + t) & _MASK
        vb ^= vc
        v[a], v[b], v[c], v[d] = va, (vb >> 7 | vb << 25) & _MASK, vc, t
    return [v[i] ^ v[i + 8] for i in range(8)]


def _chunk(data, start, end, key, flags, root):
    """The chaining value of the chunk ``data[start:end]``."""
    cv, counter, begin = key, start // _CHUNK_LEN, _CHUNK_START
    while True:
        block = data[start:min(start + _BLOCK_LEN, end)]
        start += _BLOCK_LEN
        last = start >= end
        words = unpack("<16I", block.ljust(_BLOCK_LEN, b"\0"))
        cv = _compress(
            cv, words, counter, len(block),
            flags | begin | (_CHUNK_END | root if last else 0),
        )
        if last:
            return cv
        begin = 0


def _subtree(data, start, end, key, flags, root):
    """The chaining value of a subtree; the left side is the largest full tree."""
    size = end - start
    if size <= _CHUNK_LEN:
        return _chunk(data, start, end, key, flags, root)
    chunks = (size - 1) // _CHUNK_LEN
    middle = start + _CHUNK_LEN * (1 << (chunks.bit_length() - 1))
    left = _subtree(data, start, middle, key, flags, 0)
    right = _subtree(data, middle, end, key, flags, 0)
    return _compress(key, left + right, 0, _BLOCK_LEN, flags | _PARENT | root)


def blake3(data, key=None):
    """BLAKE3-256 of `data`, keyed when a 32-byte `key` is given."""
    if key is None:
        words, flags = _IV, 0
    elif len(key) != 32:
        raise ValueError("a BLAKE3 key is 32 bytes")
    else:
        words, flags = unpack("<8I", key), _KEYED_HASH
    cv = _subtree(bytes(data), 0, len(data), words, flags, _ROOT)
    return b"".join(word.to_bytes(4, "little") for word in cv)
