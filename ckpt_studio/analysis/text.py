"""What can be said of a variable of strings: how many, how long, and which come most often."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final

from ckpt_studio.analysis.kinds import Kind, kind_of
from ckpt_studio.core.errors import Unsupported
from ckpt_studio.core.tasks import UNTENDED, Task
from ckpt_studio.core.tensors import TensorSource, printable

_MOST_DISTINCT: Final = 100_000
_LONGEST_KEPT: Final = 4096


@dataclass(frozen=True, slots=True)
class TextFigures:
    """Figures of one variable of strings; lengths in bytes.

    Attributes:
        count: number of elements.
        empty: elements of no bytes.
        shortest, longest, mean: lengths; None where there is no element.
        common: the most common values, each with how often it comes, most often first.
        distinct: number of different values.
        exact: whether `common` and `distinct` know all values: past 100,000 different ones, and for values longer than
            4,096 bytes, only those that were already known are counted on, and `distinct` is a lower bound.
    """

    count: int
    empty: int
    shortest: int | None
    longest: int | None
    mean: float | None
    common: tuple[tuple[bytes, int], ...]
    distinct: int
    exact: bool


def text_figures(source: TensorSource, key: str, most: int = 10, task: Task = UNTENDED) -> TextFigures:
    """The figures of a variable of strings, with its `most` most common values.

    Raises:
        NoSuchVariable: no such key.
        Unsupported: it does not hold strings.
        FileFault: the variable is damaged or missing.
        Cancelled: if asked to stop.
    """
    info = source.columns.of(key)
    if kind_of(info.dtype) is not Kind.text:
        raise Unsupported(f"{printable(info.name)} holds {info.dtype.name} values, not strings.", key=key)
    times: Counter[bytes] = Counter()
    count = empty = total = longest = 0
    shortest: int | None = None
    exact = True
    for block in source.blocks(key, task):
        for value in block.tolist():
            size = len(value)
            count += 1
            total += size
            empty += not size
            longest = max(longest, size)
            shortest = size if shortest is None else min(shortest, size)
            if value in times or (len(times) < _MOST_DISTINCT and size <= _LONGEST_KEPT):
                times[value] += 1
            else:
                exact = False
    common = sorted(times.items(), key=lambda pair: (-pair[1], pair[0]))[:most]
    return TextFigures(
        count=count,
        empty=empty,
        shortest=shortest,
        longest=longest if count else None,
        mean=total / count if count else None,
        common=tuple(common),
        distinct=len(times),
        exact=exact,
    )
