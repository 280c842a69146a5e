"""Fixed-width and length-prefixed fields of the non-CBOR preimages (G2, G3)."""


def u8(n):
    return n.to_bytes(1, "little")


def u16(n):
    return n.to_bytes(2, "little")


def u32(n):
    return n.to_bytes(4, "little")


def u64(n):
    return n.to_bytes(8, "little")


def lp(data):
    """G2: u16 little-endian byte length, then the bytes of a text or byte string."""
    data = data.encode() if isinstance(data, str) else data
    return u16(len(data)) + data


def opt(encoded):
    """G3: 0x00 for an absent field (``None``), else 0x01 and its encoding."""
    return b"\x00" if encoded is None else b"\x01" + encoded
