"""The envelope of a vector against the plain definition, whatever the blocks that it is read in."""

from __future__ import annotations

from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ckpt_studio.analysis import envelope as module
from ckpt_studio.analysis.envelope import envelope
from ckpt_studio.core.errors import Cancelled
from ckpt_studio.core.tasks import Task
from tests.helpers.memory_source import MemorySource


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(st.data())
def test_nothing_that_sticks_out_is_lost(data: st.DataObject) -> None:
    vector = data.draw(hnp.arrays(np.float32, st.integers(1, 60)))
    start = data.draw(st.integers(0, len(vector) - 1))
    stop = data.draw(st.integers(start + 1, len(vector)))
    with mock.patch.object(module, "_AT_ONCE", data.draw(st.integers(1, 20))):
        found = envelope(MemorySource({"v": vector}), "v", start, stop, data.draw(st.integers(1, 30)))
    assert (found.edges[0], found.edges[-1]) == (start, stop)
    assert (np.diff(found.edges) > 0).all()
    for place, (begin, end) in enumerate(zip(found.edges, found.edges[1:], strict=False)):
        part = vector[begin:end]
        finite = part[np.isfinite(part)]
        expected = (finite.min(), finite.max()) if len(finite) else (np.nan, np.nan)
        np.testing.assert_array_equal((found.low[place], found.high[place]), expected)
    assert found.nan == np.count_nonzero(np.isnan(vector[start:stop]))
    assert found.inf == np.count_nonzero(np.isinf(vector[start:stop]))
    x, y = found.points()
    assert len(x) == len(y) == len(found.low) * (1 if found.is_exact else 2)


def test_every_kind_of_number_and_a_cancel() -> None:
    source = MemorySource({"z": np.array([3 + 4j, 0]), "b": np.array([True, False])})
    assert envelope(source, "z", 0, 2, 10).low.tolist() == [5, 0]
    assert envelope(source, "b", 0, 2, 1).high.tolist() == [1]
    task = Task()
    task.cancel()
    with pytest.raises(Cancelled):
        envelope(source, "z", 0, 2, 10, task)
