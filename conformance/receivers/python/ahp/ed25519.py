"""Verifies Ed25519 signatures by the arithmetic of RFC 8032, with the edges of spec chapter 2.3."""

import functools
import hashlib

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
SQRT_M1 = pow(2, (P - 1) // 4, P)
MASK = 2**255 - 1

Point = tuple[int, int, int, int]  # extended coordinates: x = X/Z, y = Y/Z, x*y = T/Z

NEUTRAL: Point = (0, 1, 1, 0)
SMALL_ORDER_Y = {
    0,
    1,
    P - 1,
    int.from_bytes(bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little"),
    int.from_bytes(bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"), "little"),
}


def check_public_key(key: bytes) -> None:
    """AHP-BYTES-9 and AHP-BYTES-10. Raises ValueError."""
    if len(key) != 32 or not _is_allowed_y(key):
        raise ValueError("not a public key of Ed25519")


def verify(key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `signature` is one of `message` under `key`, by the equation without cofactor (AHP-BYTES-12)."""
    if len(key) != 32 or len(signature) != 64 or not _is_allowed_y(key) or not _is_allowed_y(signature[:32]):
        return False
    s = int.from_bytes(signature[32:], "little")
    a = _decompress(key)
    if a is None or s >= L:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % L
    minus_a = (P - a[0], a[1], a[2], P - a[3])
    # S*B - k*A has one encoding; R was compared with p, so equal bytes are an equal point.
    return _encode(_double_multiply(s, k, minus_a)) == signature[:32]


def _is_allowed_y(encoded: bytes) -> bool:
    y = int.from_bytes(encoded, "little") & MASK
    return y < P and y not in SMALL_ORDER_Y


@functools.lru_cache(maxsize=1024)
def _decompress(encoded: bytes) -> Point | None:
    value = int.from_bytes(encoded, "little")
    y, sign = value & MASK, value >> 255
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    x = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    if (v * x * x - u) % P != 0:
        x = x * SQRT_M1 % P
    if (v * x * x - u) % P != 0 or (x == 0 and sign == 1):
        return None
    if x & 1 != sign:
        x = P - x
    return (x, y, 1, x * y % P)


def _encode(point: Point) -> bytes:
    inverse = pow(point[2], P - 2, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def _add(p: Point, q: Point) -> Point:
    a = (p[1] - p[0]) * (q[1] - q[0]) % P
    b = (p[1] + p[0]) * (q[1] + q[0]) % P
    c = 2 * p[3] * q[3] * D % P
    d = 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def _double(p: Point) -> Point:
    a, b, c = p[0] * p[0] % P, p[1] * p[1] % P, 2 * p[2] * p[2] % P
    h = a + b
    e = h - (p[0] + p[1]) ** 2 % P
    g = a - b
    f = c + g
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def _double_multiply(s: int, k: int, q: Point) -> Point:
    """s*B + k*q, both scalars bit by bit at once. Nothing here is secret."""
    both = _add(BASE, q)
    result = NEUTRAL
    for bit in range(max(s.bit_length(), k.bit_length()) - 1, -1, -1):
        result = _double(result)
        choice = (s >> bit & 1) | (k >> bit & 1) << 1
        if choice:
            result = _add(result, (BASE, q, both)[choice - 1])
    return result


BASE = _decompress((4 * pow(5, P - 2, P) % P).to_bytes(32, "little")) or NEUTRAL
