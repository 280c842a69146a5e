"""Just enough of edwards25519 to judge a point encoding (D8).

`cryptography` checks the signature equation and S < L; it does not reject a
non-canonical or small-order public key, so that is done here first.
"""

from .errors import Reject

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, P) % P
_SQRT_M1 = pow(2, (P - 1) // 4, P)


def decompress(encoded):
    """The affine point of 32 bytes, or ``None`` when they are not on the curve.

    RFC 8032 §5.1.3; a non-canonical encoding (y >= p, or x = 0 with its sign
    bit set) rejects.
    """
    number = int.from_bytes(encoded, "little")
    sign, y = number >> 255, number & ((1 << 255) - 1)
    if y >= P:
        raise Reject("sign.malformed", "a point whose y is not below p")
    square = (y * y - 1) * pow(_D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * _SQRT_M1 % P
    if x * x % P != square:
        return None
    if x == 0 and sign:
        raise Reject("sign.malformed", "a point whose x is zero with its sign set")
    return (P - x if x & 1 != sign else x), y


def in_prime_group(encoded):
    """Whether 32 bytes are a point of order L, in its one encoding (RFC 9591 §6.1)."""
    try:
        point = decompress(encoded)
    except Reject:
        return False
    return point is not None and point != (0, 1) and times(L, point) == (0, 1)


def add(left, right):
    """The unified addition of RFC 8032 §5.1.4."""
    (x1, y1), (x2, y2) = left, right
    product = _D * x1 * x2 * y1 * y2 % P
    return (
        (x1 * y2 + x2 * y1) * pow(1 + product, -1, P) % P,
        (y1 * y2 + x1 * x2) * pow(1 - product, -1, P) % P,
    )


def times(number, point):
    """`number` times a point."""
    total = (0, 1)
    while number:
        if number & 1:
            total = add(total, point)
        point, number = double(point), number >> 1
    return total


def double(point):
    x, y = point
    product = _D * x * x * y * y % P
    return (
        2 * x * y * pow(1 + product, -1, P) % P,
        (y * y + x * x) * pow(1 - product, -1, P) % P,
    )


def is_small_order(point):
    """Whether 8 times the point is the identity."""
    return double(double(double(point))) == (0, 1)
