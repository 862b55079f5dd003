"""Checksums of parts make up that of the whole."""

from __future__ import annotations

import numpy as np
from crc32c import crc32c
from hypothesis import given
from hypothesis import strategies as st

from ckpt_studio.formats.checksums import followed_by, joined


@given(st.binary(max_size=300), st.binary(max_size=300), st.integers(0, 1000))
def test_joined(first: bytes, second: bytes, zeros: int) -> None:
    second += bytes(zeros)
    assert joined(crc32c(first), crc32c(second), len(second)) == crc32c(first + second)


@given(st.lists(st.binary(max_size=5000), min_size=1, max_size=8))
def test_parts_side_by_side(parts: list[bytes]) -> None:
    sums = np.array([crc32c(part) for part in parts], np.uint32)
    behind = np.array([sum(map(len, parts[i + 1 :])) for i in range(len(parts))])
    assert np.bitwise_xor.reduce(followed_by(sums, behind)) == crc32c(b"".join(parts))
