"""Going from one NaN to the next visits each of them, in order and round again."""

from __future__ import annotations

import math
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from ckpt_studio.analysis.places import Wanted, next_place
from ckpt_studio.analysis.statistics import statistics
from ckpt_studio.core.errors import Cancelled, Unsupported
from ckpt_studio.core.tasks import Task
from tests.helpers.memory_source import MemorySource

ELEMENTS = st.sampled_from([math.nan, math.inf, -math.inf, 0.0, -0.0, 1.0, 2.0**-140, -(2.0**-130)])


def visited(array: NDArray[Any], wanted: Wanted) -> list[tuple[int, ...]]:
    """One round, from the start."""
    source, places, after = MemorySource({"v": array}), [], -1
    while (place := next_place(source, "v", wanted, after)) is not None and place not in places:
        places.append(place)
        after = int(np.ravel_multi_index(place, array.shape)) if place else 0
    return places


@settings(max_examples=60, deadline=None)
@given(
    hnp.arrays(
        np.float32, hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4), elements=ELEMENTS
    ),
    st.sampled_from(["nan", "inf", "denormal", "zero"]),
)
def test_each_is_visited_once(array: NDArray[Any], wanted: Wanted) -> None:
    wide = array.astype(np.float64)
    hits = {
        "nan": np.isnan(wide),
        "inf": np.isinf(wide),
        "zero": wide == 0,
        "denormal": (np.abs(wide) < float(np.finfo(np.float32).tiny)) & (wide != 0),
    }[wanted]
    assert visited(array, wanted) == [tuple(map(int, place)) for place in np.argwhere(hits)]


@pytest.mark.parametrize(
    "dtype", [np.complex64, ml_dtypes.bfloat16, ml_dtypes.float8_e5m2, np.float16], ids=str
)
def test_as_many_as_the_statistics_count(dtype: Any) -> None:
    values = np.array([[0, math.nan, math.inf], [1, -math.inf, 2.0**-16]]).astype(dtype)
    figures = statistics(MemorySource({"v": values}), "v")
    found = [len(visited(values, wanted)) for wanted in ("nan", "inf", "zero", "denormal")]
    assert found == [figures.nan, figures.inf, figures.zeros, figures.denormals]


def test_many_blocks_and_a_way_round() -> None:
    array = np.ones((3000, 300), np.float64)
    array[2999, 299] = array[7, 5] = math.nan
    source = MemorySource({"v": array})
    assert next_place(source, "v", "nan") == (7, 5)
    assert next_place(source, "v", "nan", 7 * 300 + 5) == (2999, 299)
    assert next_place(source, "v", "nan", array.size - 1) == (7, 5)
    assert next_place(source, "v", "inf", 17) is None


def test_whole_numbers_and_strings() -> None:
    source = MemorySource({"i": np.array([3, 0]), "s": np.array([b""], object)})
    assert next_place(source, "i", "zero") == (1,)
    assert next_place(source, "i", "nan") is None
    with pytest.raises(Unsupported, match="not numbers"):
        next_place(source, "s", "zero")
    task = Task()
    task.cancel()
    with pytest.raises(Cancelled):
        next_place(source, "i", "nan", task=task)
