"""The figures of one variable in one streaming pass, so that they cost one read and no memory, whatever its size.

Types of 8 and 16 bits are counted value by value, wider ones go through a collector (`collect`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.analysis.collect import Integers, Number, Reals
from ckpt_studio.analysis.kinds import (
    Kind,
    is_discrete,
    kind_of,
    pattern_values,
    smallest_normal,
)
from ckpt_studio.analysis.passes import one_pass, pattern_counts
from ckpt_studio.core.dtypes import DType
from ckpt_studio.core.errors import FileFault
from ckpt_studio.core.tasks import UNTENDED, Task
from ckpt_studio.core.tensors import TensorSource


@dataclass(frozen=True, slots=True)
class Statistics:
    """Figures of one variable; complex numbers by magnitude.

    Attributes:
        count: number of elements.
        min, max: of the finite values; int for integers and bool. None where there is no finite value.
        mean, std, l2: of the finite values, std with ddof 0; None where there is none.
        l1: sum of the magnitudes of the finite values.
        zeros: values equal to zero, of either sign.
        denormals: values smaller than their type's smallest normal number, but not zero.
        nan, inf: elements that are not a number, or infinite with either sign.
        neg_inf: of `inf`, those below zero.

    Everything but `count` is None where figures mean nothing (strings, opaque types).
    """

    count: int
    min: Number | None = None
    max: Number | None = None
    mean: float | None = None
    std: float | None = None
    l2: float | None = None
    l1: float | None = None
    zeros: int | None = None
    denormals: int | None = None
    nan: int | None = None
    inf: int | None = None
    neg_inf: int | None = None

    @property
    def max_abs(self) -> Number | None:
        """The largest magnitude of the finite values."""
        return None if self.min is None or self.max is None else max(abs(self.min), abs(self.max))


def statistics(source: TensorSource, key: str, task: Task = UNTENDED) -> Statistics:
    """The figures of a variable. `task` is advanced by the bytes read.

    Raises:
        NoSuchVariable: no such key.
        FileFault: the variable is damaged or missing.
        Cancelled: if asked to stop.
    """
    info = source.columns.of(key)
    kind = kind_of(info.dtype)
    if kind is Kind.opaque:
        if info.error is not None and info.shape is None:
            raise FileFault(info.error, key=key)
        return Statistics(count=info.size)
    if kind is Kind.text:
        return Statistics(count=sum(len(block) for block in source.blocks(key, task)))
    if kind is Kind.counted:
        return statistics_of_counts(pattern_counts(source, key, task), info.dtype)
    if kind is Kind.integer:
        return Statistics(**one_pass(source, key, Integers, task).figures())
    normal = smallest_normal(info.dtype)
    return Statistics(**one_pass(source, key, lambda: Reals(normal), task).figures())


def statistics_of_counts(counts: NDArray[np.int64], dtype: DType) -> Statistics:
    """The figures of a variable of an 8 or 16 bit type, from how often each bit pattern occurs."""
    present = np.flatnonzero(counts)
    values, times = pattern_values(dtype)[present], counts[present]
    finite = np.isfinite(values)
    tally = {
        "count": int(times.sum()),
        "nan": int(times[np.isnan(values)].sum()),
        "inf": int(times[np.isinf(values)].sum()),
        "neg_inf": int(times[values == -np.inf].sum()),
        "zeros": int(times[values == 0].sum()),
        "denormals": int(times[(np.abs(values) < smallest_normal(dtype)) & (values != 0)].sum()),
    }
    values, times = values[finite], times[finite]
    if not len(values):
        return Statistics(**tally)
    count = int(times.sum())
    mean = float((values * times).sum()) / count
    low, high = float(values.min()) + 0.0, float(values.max()) + 0.0
    return Statistics(
        **tally,
        min=int(low) if is_discrete(dtype) else low,
        max=int(high) if is_discrete(dtype) else high,
        mean=mean,
        std=math.sqrt(float((times * (values - mean) ** 2).sum()) / count),
        l2=math.sqrt(float((times * values**2).sum())),
        l1=float((times * np.abs(values)).sum()),
    )


def range_of(found: Iterable[Statistics]) -> tuple[Number, Number] | None:
    """Smallest and largest finite value of several variables, None when none has one."""
    ends = [(s.min, s.max) for s in found if s.min is not None and s.max is not None]
    return (min(low for low, _ in ends), max(high for _, high in ends)) if ends else None
