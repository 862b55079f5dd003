"""The figures of strings, against a plain Counter."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_studio.analysis.text import TextFigures, text_figures
from ckpt_studio.core.errors import Cancelled, Unsupported
from ckpt_studio.core.tasks import Task
from tests.helpers.memory_source import MemorySource


def figures(values: list[bytes], most: int = 10) -> TextFigures:
    array = np.empty(len(values), object)
    array[:] = values
    return text_figures(MemorySource({"v": array}, block_bytes=64), "v", most)


@given(st.lists(st.binary(max_size=3), max_size=60))
def test_as_a_counter_says(values: list[bytes]) -> None:
    found, times = figures(values), Counter(values)
    assert (found.count, found.distinct, found.exact) == (len(values), len(times), True)
    assert found.empty == values.count(b"")
    lengths = [len(value) for value in values]
    assert (found.shortest, found.longest) == ((min(lengths), max(lengths)) if values else (None, None))
    assert [n for _, n in found.common] == [n for _, n in times.most_common(10)]
    assert all(times[value] == n for value, n in found.common)


def test_very_many_different_values_are_bounded() -> None:
    values = [b"often"] * 3 + [b"%d" % i for i in range(120_000)] + [b"often"]
    found = figures(values)
    assert (found.common[0], found.exact, found.distinct) == ((b"often", 4), False, 100_000)
    assert found.count == len(values)


def test_numbers_are_refused_and_a_cancel_is_noticed() -> None:
    with pytest.raises(Unsupported, match="not strings"):
        text_figures(MemorySource({"v": np.zeros(3)}), "v")
    task = Task()
    task.cancel()
    with pytest.raises(Cancelled):
        text_figures(MemorySource({"v": np.array([b"a"], object)}), "v", task=task)
