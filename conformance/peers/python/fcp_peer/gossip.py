"""Filters, tables and digests of what nodes hold (§8.2, D132, D218)."""

from .blake3 import blake3
from .errors import Reject

NO_ESI = b"\xff\xff\xff\xff"
MAX_ESI = (1 << 24) - 1
MAX_CELLS = 4096
MAX_KEYS = 1 << 21
MAX_LISTED = 65_536
M64 = (1 << 64) - 1


def item(key):
    """The 36 bytes that stand in filters and tables."""
    return key + NO_ESI if len(key) == 32 else key


def key(item_):
    """The form in lists and digests."""
    return item_[:32] if item_[32:] == NO_ESI else item_


def is_symbol(key_):
    return len(key_) == 36 and int.from_bytes(key_[32:], "little") <= MAX_ESI


def _hash(number, item_):
    return int.from_bytes(blake3(b"FCP2-IBLT-V1" + bytes([number]) + item_)[:8], "little")


def check(item_):
    return _hash(0xFF, item_)


def digest(keys):
    """D132: of the sorted items."""
    keys = sorted(set(keys))
    count = len(keys).to_bytes(4, "little")
    return blake3(b"FCP2-FILTER-DIGEST-V1" + count + b"".join(keys))


# --- D218: filters ---------------------------------------------------------------


def _block_length(count):
    return (123 * count // 100 + 32) // 3


def _mix(value):
    for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        value ^= value >> 33
        value = value * factor & M64
    return value ^ value >> 33


def _rotate(value, by):
    return (value << by | value >> (64 - by)) & M64 if by else value


def _cells(mixed, length):
    return [
        block * length + ((_rotate(mixed, 21 * block) & 0xFFFFFFFF) * length >> 32)
        for block in range(3)
    ]


def _fingerprint(mixed):
    return (mixed ^ mixed >> 32) & 0xFF


class Filter:
    """A filter by its bytes."""

    def __init__(self, data):
        good = len(data) >= 18 and data[:2] == b"\x01\x01"
        if good:
            self.seed = int.from_bytes(data[2:10], "little")
            count = int.from_bytes(data[10:14], "little")
            self.length = int.from_bytes(data[14:18], "little")
            self.count = count
            good = count <= MAX_KEYS and self.length == _block_length(count)
            good = good and len(data) == 18 + 3 * self.length
        if not good:
            raise Reject("gossip.bad_filter", "no filter of version 1 and kind 1")
        self.values = data[18:]

    def __contains__(self, item_):
        mixed = _mix(check(item_) + self.seed & M64)
        first, second, third = (self.values[cell] for cell in _cells(mixed, self.length))
        return first ^ second ^ third == _fingerprint(mixed)


def build_filter(items, seed):
    """The bytes of the filter that a seed gives, or one of the 63 behind it."""
    hashes = {check(item_) for item_ in items}
    if len(hashes) > MAX_KEYS:
        raise Reject("gossip.filter_keys", f"{len(hashes)} keys")
    length = _block_length(len(hashes))
    for attempt in range(64):
        used = seed + attempt * 0x9E3779B97F4A7C15 & M64
        values = _solve([_mix(hash_ + used & M64) for hash_ in hashes], length)
        if values is not None:
            numbers = (used, 8), (len(hashes), 4), (length, 4)
            head = b"".join(number.to_bytes(size, "little") for number, size in numbers)
            return b"\x01\x01" + head + bytes(values)
    raise Reject("gossip.filter_keys", "no seed works")


def _solve(keys, length):
    inside = [set() for _ in range(3 * length)]
    for key_ in keys:
        for cell in _cells(key_, length):
            inside[cell].add(key_)
    alone = [cell for cell, held in enumerate(inside) if len(held) == 1]
    noted = []
    while alone:
        cell = alone.pop()
        if len(inside[cell]) != 1:
            continue
        (key_,) = inside[cell]
        noted.append((key_, cell))
        for other in _cells(key_, length):
            inside[other].discard(key_)
            if len(inside[other]) == 1:
                alone.append(other)
    if len(noted) != len(keys):
        return None
    values = [0] * (3 * length)
    for key_, cell in reversed(noted):
        value = _fingerprint(key_)
        for other in _cells(key_, length):
            if other != cell:
                value ^= values[other]
        values[cell] = value
    return values


# --- D132: tables ----------------------------------------------------------------


def _check_cells(count):
    if not 4 <= count <= MAX_CELLS or count % 4:
        raise Reject("gossip.bad_table", f"{count} cells")


class Table:
    """Cells of count, items xored and checks xored."""

    def __init__(self, count):
        _check_cells(count)
        self.cells = [[0, 0, 0] for _ in range(count)]

    @classmethod
    def read(cls, data):
        if len(data) < 6 or data[:2] != b"\x01\x04":
            raise Reject("gossip.bad_table", "no table of version 1")
        count = int.from_bytes(data[2:6], "little")
        _check_cells(count)
        if len(data) != 6 + 48 * count:
            raise Reject("gossip.bad_table", "another length")
        table = cls(count)
        for index in range(count):
            cell = data[6 + 48 * index:54 + 48 * index]
            table.cells[index] = [
                int.from_bytes(cell[:4], "little", signed=True),
                int.from_bytes(cell[4:40], "big"), int.from_bytes(cell[40:], "little"),
            ]
        return table

    def bytes(self):
        out = [b"\x01\x04", len(self.cells).to_bytes(4, "little")]
        for count, items, checks in self.cells:
            out += [
                count.to_bytes(4, "little", signed=True), items.to_bytes(36, "big"),
                checks.to_bytes(8, "little"),
            ]
        return b"".join(out)

    def places(self, item_):
        part = len(self.cells) // 4
        return [number * part + _hash(number, item_) % part for number in range(4)]

    def add(self, item_, sign=1):
        for place in self.places(item_):
            cell = self.cells[place]
            cell[0] += sign
            cell[1] ^= int.from_bytes(item_, "big")
            cell[2] ^= check(item_)

    def subtract(self, other):
        for cell, less in zip(self.cells, other.cells):
            cell[0] -= less[0]
            cell[1] ^= less[1]
            cell[2] ^= less[2]

    def peel(self):
        """What was only in this table, and what only in the one that was subtracted."""
        found = {1: set(), -1: set()}
        steps = len(self.cells)
        again = True
        while again:
            again = False
            for place, (sign, items, checks) in enumerate(self.cells):
                if sign not in found:
                    continue
                item_ = items.to_bytes(36, "big")
                if check(item_) != checks or place not in self.places(item_):
                    continue
                if not steps or item_ in found[1] | found[-1]:
                    raise Reject("gossip.inconsistent", "an item that comes back")
                steps -= 1
                found[sign].add(item_)
                self.add(item_, -sign)
                again = True
        if any(any(cell) for cell in self.cells):
            raise Reject("gossip.too_large", "more differs than fits")
        return found[1], found[-1]


def difference(ours, table):
    """What a set and a table differ in, and the set's own table."""
    own = Table(len(table.cells))
    for item_ in ours:
        own.add(item_)
    data = own.bytes()
    table.subtract(own)
    theirs, lacking = table.peel()
    if theirs & ours or lacking - ours:
        raise Reject("gossip.inconsistent", "not what these sets differ in")
    return sorted(lacking), sorted(theirs), data


# --- D219: messages --------------------------------------------------------------


def check_list(value):
    """D219: the sorted items of a range, unless they are too many."""
    size = 32 if value["set"] == "objects" else 36
    data, (bits, prefix) = value["items"], value["range"]
    items = [data[at:at + size] for at in range(0, len(data), size)]
    wanted = value["n"] if value["n"] <= MAX_LISTED else 0
    good = len(data) % size == 0 and len(items) == wanted
    good = good and all(a < b for a, b in zip(items, items[1:]))
    for each in items:
        good = good and int.from_bytes(each[:2], "big") >> 16 - bits == prefix
        good = good and (size == 32 or is_symbol(each))
    if not good:
        raise Reject("gossip.bad_list", "not the items of the range")


def check_range(bits, prefix):
    if bits > 12 or prefix >> bits:
        raise Reject("gossip.bad_range", f"{bits} bits, {prefix}")
