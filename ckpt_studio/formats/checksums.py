"""CRC32C of bytes that stand side by side, from the CRC32C of each part: what is read need not be cut as it was summed.

A checksum is a polynomial over the field of two elements, modulo that of CRC32C. Bytes that follow multiply what stands
before them by x to the power of their number of bits. Bit 31 is the coefficient of x^0, as the algorithm has it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

_POLYNOMIAL: Final = 0x82F63B78
_ONE: Final = 1 << 31


def joined(first: int, second: int, size: int) -> int:
    """CRC32C of some bytes and `size` more, from the checksum of each part."""
    return _product(_shift(size), first) ^ second


def followed_by(sums: NDArray[np.uint32], sizes: NDArray[np.int64]) -> NDArray[np.uint32]:
    """What each checksum (uint32 [N]) adds to that of the bytes up to `sizes` (int64 [N]) bytes behind it.

    The exclusive or of this over parts that stand side by side is the checksum of them all.
    """
    result = sums.copy()
    for bit in range(int(sizes.max(initial=0)).bit_length()):
        rows = np.flatnonzero(sizes >> bit & 1)
        table, part = _table(1 << bit), result[rows]
        result[rows] = (
            table[0][part & 0xFF]
            ^ table[1][part >> 8 & 0xFF]
            ^ table[2][part >> 16 & 0xFF]
            ^ table[3][part >> 24]
        )
    return result


def _product(a: int, b: int) -> int:
    """a times b modulo the polynomial."""
    result = 0
    for bit in range(31, -1, -1):
        if a >> bit & 1:
            result ^= b
        b = b >> 1 ^ (_POLYNOMIAL if b & 1 else 0)
    return result


@lru_cache(maxsize=64)
def _shift(size: int) -> int:
    """x to the power of 8 * size modulo the polynomial."""
    result, power = _ONE, _ONE >> 8
    while size:
        if size & 1:
            result = _product(power, result)
        power = _product(power, power)
        size >>= 1
    return result


@lru_cache(maxsize=64)
def _table(size: int) -> NDArray[np.uint32]:
    """Uint32 [4, 256]: what each value of each byte of a checksum becomes when `size` bytes follow."""
    table = np.zeros((4, 256), np.uint32)
    for byte in range(4):
        for bit in range(8):
            one = _product(_shift(size), 1 << 8 * byte + bit)
            table[byte, 1 << bit : 2 << bit] = table[byte, : 1 << bit] ^ np.uint32(one)
    return table
