"""Each concern is found where it was planted, with its place, and nowhere else."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from numpy.typing import NDArray

from ckpt_studio.analysis.health import Concern, Finding, Severity, check_health
from ckpt_studio.analysis.statistics import statistics
from ckpt_studio.core.errors import Cancelled
from ckpt_studio.core.tasks import Task
from ckpt_studio.core.tensors import Role
from tests.helpers.memory_source import MemorySource


class Slotted(MemorySource):
    """A source whose `W/NAME` rows are slots NAME of W."""

    def _make_columns(self) -> Any:
        columns = super()._make_columns()
        names: dict[str, int] = {}
        for row, key in enumerate(columns.keys):
            weight, _, slot = key.partition("/")
            if slot:
                columns.role[row] = Role.slot
                columns.slot_of[row] = columns.keys.find(weight)
                columns.slot_name[row] = names.setdefault(slot, len(names))
        return replace(columns, slot_names=tuple(names))


def findings(arrays: dict[str, Any], **more: Any) -> list[Finding]:
    source = Slotted(arrays, **more)
    return list(check_health(source, lambda key, task: statistics(source, key, task)))


def weights(*shape: int) -> NDArray[np.float32]:
    return np.random.default_rng(3).normal(0, 0.1, shape).astype(np.float32)


def planted(value: Any, *place: Any) -> NDArray[np.float32]:
    array = weights(20, 30)
    array[place] = value
    return array


@pytest.mark.parametrize(
    ("array", "concern", "amount", "places"),
    [
        (planted(math.nan, 3, 4), Concern.nan, 1, ()),
        (planted(-math.inf, slice(0, 2), 4), Concern.inf, 2, ()),
        (planted(0, 7), Concern.dead_rows, 1, (7,)),
        (planted(0, slice(None), [4, 29]), Concern.dead_columns, 2, (4, 29)),
        (np.full((5, 5), 0.25), Concern.constant, 0.25, ()),
        (np.zeros((5, 5), np.float32), Concern.constant, 0, ()),
        (weights(5, 5) * 1e6, Concern.huge, None, ()),
        (weights(5, 5) * 1e-12, Concern.tiny, None, ()),
        (weights(5, 5).astype(np.float64) * 1e-309, Concern.denormal, 25, ()),
        (np.array([1, 49_984], np.float16), Concern.overflow, 49_984, ()),
        (np.array([1, 400], ml_dtypes.float8_e4m3fn), Concern.overflow, 384, ()),
    ],
)
def test_each_concern(
    array: NDArray[Any], concern: Concern, amount: float | None, places: tuple[int, ...]
) -> None:
    found = [one for one in findings({"fine": weights(20, 30), "w": array}) if one.concern is concern]
    assert [one.key for one in found] == ["w"]
    assert amount is None or found[0].amount == amount
    assert found[0].places == places


def test_healthy_variables_give_nothing() -> None:
    kernel = weights(3, 3, 8, 16)
    kernel[:, :, 2, :8] = 0
    ones = {"bn": np.array([1.0]), "steps": np.int64(0), "mask": np.zeros((4, 4), np.bool_)}
    assert findings({"conv": kernel, "names": np.array([b"a"], object), **ones}) == []


def test_a_dead_channel_of_a_kernel_of_many_blocks() -> None:
    kernel = weights(600, 7, 90)
    kernel[:, :, 50] = 0
    kernel[:, 6, :] = 0
    found = {one.concern: one.places for one in findings({"w": kernel})}
    assert found == {Concern.dead_rows: (6,), Concern.dead_columns: (50,)}


def test_zeros_that_were_never_trained() -> None:
    found = findings({"dense.bias": np.zeros(8, np.float32)})
    assert [(one.concern, one.severity) for one in found] == [(Concern.untrained, Severity.hint)]


def test_slots() -> None:
    arrays = {
        "a": weights(4, 4),
        "a/v": weights(4, 4),
        "b": weights(4),
        "b/m": weights(4),
        "a/m": np.zeros((4, 4)),
    }
    found = [(one.key, one.concern) for one in findings(arrays)]
    assert found == [("a/v", Concern.negative_square), ("a/m", Concern.slot_without_values)]
    del arrays["b/m"], arrays["a/v"]
    assert findings(arrays) == []


def test_a_damaged_variable_is_a_finding_and_the_rest_is_looked_at() -> None:
    found = findings(
        {"a": weights(3), "b": planted(math.nan, 0, 0)}, faults={"a": "The bytes of a are damaged."}
    )
    assert [(one.key, one.concern, one.message) for one in found] == [
        ("a", Concern.unreadable, "The bytes of a are damaged."),
        ("b", Concern.nan, ""),
    ]


def test_progress_and_cancel() -> None:
    source = MemorySource({"a": weights(10), "b": weights(10)})
    task = Task()
    assert list(check_health(source, partial(statistics, source), task)) == []
    assert (task.done, task.total) == (80, 80)
    task.cancel()
    with pytest.raises(Cancelled):
        list(check_health(source, partial(statistics, source), task))
