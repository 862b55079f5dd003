"""Looks over a whole checkpoint for what a person should see before training on: each finding says where.

Most findings follow from the figures of a variable, which the cache may hold; only matrices with enough zeros to hide a
dead row are read a second time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.analysis.kinds import Kind, is_discrete, kind_of
from ckpt_studio.analysis.statistics import Statistics
from ckpt_studio.core.errors import FileFault
from ckpt_studio.core.tasks import UNTENDED, Task
from ckpt_studio.core.tensors import Columns, Role, TensorInfo, TensorSource
from ckpt_studio.formats.reading import covering_windows

_HUGE_RMS: Final = 1e3
_TINY_RMS: Final = 1e-8
_NEAR_OVERFLOW: Final = 0.5
_MANY_DENORMALS: Final = 0.01
_SQUARED: Final = frozenset({"v", "vhat", "rms", "accumulator", "accum", "accum_grad", "velocity", "max_v"})
"""Slots that sum up squares: none of their values may be negative."""
_SHAPED: Final = _SQUARED | {"m", "momentum", "mg", "linear", "average", "nu", "mu"}
"""Slots that have a value for each of their weight's; others are factors of them, or counts."""
_VARIANCE: Final = re.compile(r"(^|[/._])(moving_variance|running_var)(:0)?$")
_STARTS_AT_ZERO: Final = re.compile(r"(^|[/._])(bias|b|beta|biases|offset|moving_mean|running_mean)(:0)?$")
"""Weights that training begins at zero: all zeros only mean that they were never trained."""


class Concern(Enum):
    """What a finding is about."""

    unreadable = "unreadable"
    nan = "nan"
    inf = "inf"
    overflow = "overflow"
    negative_square = "negative_square"
    slot_without_values = "slot_without_values"
    slot_shape = "slot_shape"
    huge = "huge"
    tiny = "tiny"
    constant = "constant"
    untrained = "untrained"
    dead_rows = "dead_rows"
    dead_columns = "dead_columns"
    denormal = "denormal"


class Severity(Enum):
    """How much a finding matters."""

    fault = "fault"
    """Training on will fail."""
    warning = "warning"
    """Probably a mistake."""
    hint = "hint"
    """Worth a look."""


_SEVERITIES: Final = {
    Concern.unreadable: Severity.fault, Concern.nan: Severity.fault, Concern.inf: Severity.fault,
    Concern.negative_square: Severity.fault, Concern.slot_shape: Severity.fault,
    Concern.overflow: Severity.warning, Concern.huge: Severity.warning, Concern.tiny: Severity.warning,
    Concern.slot_without_values: Severity.warning,
    Concern.constant: Severity.hint, Concern.untrained: Severity.hint, Concern.dead_rows: Severity.hint,
    Concern.dead_columns: Severity.hint, Concern.denormal: Severity.hint,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found.

    Attributes:
        key: the variable.
        concern: what it is about.
        amount: how many elements, rows or columns; or the figure that stands out.
        of: how many there are, or the bound that the figure passes.
        places: the first rows or columns concerned, at most 100; empty where the whole variable is.
        message: for `Concern.unreadable`, what the fault is; for `Concern.slot_shape`, the key of the weight.
    """

    key: str
    concern: Concern
    amount: float
    of: float
    places: tuple[int, ...] = ()
    message: str = ""

    @property
    def severity(self) -> Severity:
        """How much it matters."""
        return _SEVERITIES[self.concern]


def check_health(
    source: TensorSource, figures: Callable[[str, Task], Statistics], task: Task = UNTENDED
) -> Iterator[Finding]:
    """Look at every numeric variable, in byte order of keys. `task.total` is set to the bytes, `task.done` counts them.

    Args:
        source: the checkpoint or staged view.
        figures: the statistics of a variable; may answer from a cache. Raises as `statistics`.
        task: watched and cancelled.

    Raises:
        Cancelled: if asked to stop.
    """
    columns = source.columns
    still, moved = np.zeros(len(columns), np.bool_), np.zeros(len(columns), np.bool_)
    task.total = int(columns.nbytes.sum())
    done = 0
    for row in range(len(columns)):
        info = columns.info(row)
        if kind_of(info.dtype) not in (Kind.text, Kind.opaque):
            try:
                found = figures(info.key, task)
                still[row], moved[row] = found.max_abs == 0, found.max_abs not in (None, 0)
                yield from _of_figures(info, found)
                yield from _dead(source, info, found)
            except FileFault as fault:
                yield Finding(info.key, Concern.unreadable, 1, 1, message=fault.message)
        elif info.error is not None:
            yield Finding(info.key, Concern.unreadable, 1, 1, message=info.error)
        done += info.nbytes
        task.done = done
        task.check()
    yield from _shapes_of_slots(columns)
    yield from _still_slots(columns, still, moved)


def _of_figures(info: TensorInfo, s: Statistics) -> Iterator[Finding]:
    """What the figures of one variable tell."""
    key = info.key
    if s.nan:
        yield Finding(key, Concern.nan, s.nan, s.count)
    if s.inf:
        yield Finding(key, Concern.inf, s.inf, s.count)
    if s.max_abs is None or s.l2 is None or is_discrete(info.dtype):
        return
    limit = _largest(info)
    if limit and not s.inf and s.max_abs > _NEAR_OVERFLOW * limit:
        yield Finding(key, Concern.overflow, s.max_abs, limit)
    if s.min is not None and s.min < 0 and _sums_squares(info):
        yield Finding(key, Concern.negative_square, s.min, 0)
    if s.denormals and s.denormals > _MANY_DENORMALS * s.count:
        yield Finding(key, Concern.denormal, s.denormals, s.count)
    if info.role is not Role.weight or s.count < 2:
        return
    rms = s.l2 / (s.count - (s.nan or 0) - (s.inf or 0)) ** 0.5
    if rms > _HUGE_RMS:
        yield Finding(key, Concern.huge, rms, _HUGE_RMS)
    if s.max_abs == 0:
        starts = _STARTS_AT_ZERO.search(info.name) is not None
        yield Finding(key, Concern.untrained if starts else Concern.constant, 0, s.count)
    elif rms < _TINY_RMS:
        yield Finding(key, Concern.tiny, rms, _TINY_RMS)
    elif s.min == s.max:
        yield Finding(key, Concern.constant, s.max_abs, s.count)


def _sums_squares(info: TensorInfo) -> bool:
    """Whether no value can rightly be negative."""
    if info.role is Role.slot:
        return info.slot_name in _SQUARED
    return info.role is Role.statistic and _VARIANCE.search(info.name) is not None


def _largest(info: TensorInfo) -> float:
    """The largest number of a small float type; 0 for types that nothing comes near."""
    import ml_dtypes

    if info.dtype.numpy is None or info.dtype.numpy.kind == "c" or info.dtype.itemsize > 2:
        return 0.0
    return float(ml_dtypes.finfo(info.dtype.numpy.newbyteorder("=")).max)  # type: ignore[no-untyped-call]


def _dead(source: TensorSource, info: TensorInfo, s: Statistics) -> Iterator[Finding]:
    """Rows and columns of a weight's last two axes that are nothing but zeros."""
    shape = info.shape or ()
    if info.role is not Role.weight or len(shape) < 2 or not s.zeros or s.max_abs == 0:
        return
    down, across = shape[-2], shape[-1]
    if min(down, across) < 2 or s.zeros < min(s.count // down, s.count // across):
        return
    rows, columns = np.zeros(down, np.bool_), np.zeros(across, np.bool_)
    for window in covering_windows(shape, info.dtype.itemsize):
        values = source.read(info.key, window)
        flat: NDArray[np.bool_] = np.asarray(values != 0).reshape(-1, *values.shape[-2:])
        seen = np.any(flat, axis=0)
        rows[window[-2]] |= seen.any(axis=1)
        columns[window[-1]] |= seen.any(axis=0)
    for concern, used in ((Concern.dead_rows, rows), (Concern.dead_columns, columns)):
        dead = np.flatnonzero(~used)
        if dead.size:
            yield Finding(info.key, concern, dead.size, used.size, tuple(dead[:100].tolist()))


def _shapes_of_slots(columns: Columns) -> Iterator[Finding]:
    """Optimizer slots that cannot be the slots of their weight: it has another shape."""
    shaped = [number for number, name in enumerate(columns.slot_names) if name in _SHAPED]
    rows = np.flatnonzero((columns.slot_of >= 0) & np.isin(columns.slot_name, shaped))
    weight = columns.slot_of[rows]
    known = (columns.rank[rows] >= 0) & (columns.rank[weight] >= 0)
    differs = (columns.rank[rows] != columns.rank[weight]) | (columns.dims[rows] != columns.dims[weight]).any(
        axis=1
    )
    for row, of in zip(rows[known & differs].tolist(), weight[known & differs].tolist(), strict=True):
        size = columns.info(row).size
        yield Finding(
            columns.keys[row], Concern.slot_shape, size, columns.info(of).size, message=columns.keys[of]
        )


def _still_slots(columns: Columns, still: NDArray[np.bool_], moved: NDArray[np.bool_]) -> Iterator[Finding]:
    """Optimizer slots that are still as they were made, while others of the same kind have moved."""
    slots = columns.role == Role.slot
    for number in range(len(columns.slot_names)):
        rows = slots & (columns.slot_name == number)
        if (rows & moved).any():
            for row in np.flatnonzero(rows & still).tolist():
                yield Finding(columns.keys[row], Concern.slot_without_values, 0, columns.info(row).size)
