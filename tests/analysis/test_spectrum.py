"""Singular values against matrices whose values are known, and what is refused."""

from __future__ import annotations

import math

import ml_dtypes
import numpy as np
import pytest

from ckpt_studio.analysis.spectrum import NotFinite, fits, spectrum


def test_a_matrix_of_known_singular_values() -> None:
    rng = np.random.default_rng(0)
    left, _ = np.linalg.qr(rng.normal(size=(40, 5)))
    right, _ = np.linalg.qr(rng.normal(size=(30, 5)))
    known = np.array([8.0, 4, 2, 1, 0.5])
    found = spectrum(left @ np.diag(known) @ right.T)
    np.testing.assert_allclose(found.values[:5], known)
    assert found.values.shape == (30,)
    assert found.rank == 5
    assert found.condition == math.inf
    assert found.largest == pytest.approx(8)
    assert found.stable_rank == pytest.approx((known**2).sum() / 64)
    shares = known / known.sum()
    assert found.effective_rank == pytest.approx(math.exp(-(shares * np.log(shares)).sum()))
    assert [found.needed_for(share) for share in (0.5, 0.9, 0.99, 1.0)] == [1, 2, 4, 5]


def test_an_identity_is_as_good_as_it_gets() -> None:
    found = spectrum(np.eye(7, dtype=np.float32))
    assert (found.rank, found.condition) == (7, 1.0)
    assert found.effective_rank == pytest.approx(7)
    assert found.stable_rank == pytest.approx(7)
    zeros = spectrum(np.zeros((3, 4)))
    assert (zeros.rank, zeros.effective_rank, zeros.stable_rank, zeros.needed_for(0.9)) == (0, 0, 0, 0)
    assert zeros.condition == math.inf


def test_the_rank_is_that_of_the_element_type() -> None:
    rng = np.random.default_rng(1)
    exact = rng.normal(size=(50, 3)) @ rng.normal(size=(3, 50))
    for dtype in (np.float32, np.float16, ml_dtypes.bfloat16):
        assert spectrum(exact.astype(dtype)).rank == 3, dtype
    assert spectrum(np.array([[1, 2], [2, 4]], np.int32)).rank == 1
    assert spectrum(np.array([[1, 1j], [1j, -1]], np.complex64)).rank == 1


def test_what_is_refused() -> None:
    for bad in (np.nan, np.inf):
        with pytest.raises(NotFinite, match="1 of the elements is"):
            spectrum(np.array([[1, bad], [0, 1]]))
    assert [fits(*shape) for shape in ((2, 2), (1, 9), (2048, 2048), (2049, 2049), (3, 4_000_000))] == [
        True, False, True, False, False,
    ]  # fmt: skip
