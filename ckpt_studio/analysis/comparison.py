"""What differs between two checkpoints of any formats, each variable in one pass over both that keeps nothing of it.

Where both store the same checksum of the same bytes nothing is read: that is what makes comparing two steps of a run
with frozen layers quick. Whether the bytes are those that the checksums are of is what verifying finds out.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.analysis.collect import Number
from ckpt_studio.analysis.gaps import aligned, gaps_for
from ckpt_studio.analysis.pairs import Pairs
from ckpt_studio.core.errors import FileFault
from ckpt_studio.core.tasks import UNTENDED, Task
from ckpt_studio.core.tensors import TensorInfo, TensorSource
from ckpt_studio.formats.parallel import Unwatched, in_order

_BATCH_BYTES: Final = 1 << 22
"""Small variables are handed to a thread together."""
_BATCH_ROWS: Final = 256


@dataclass(frozen=True, slots=True)
class Difference:
    """How a variable differs; equal where nothing does.

    Attributes:
        differing: how many elements differ; None where they cannot be held against each other one by one.
        max_abs: the largest distance of two elements, int where both are integers; NaN where only one of two is NaN.
        rel_l2: l2(a - b) / l2(a), l2(a) over a's finite values.
        same_type: whether shape and element type agree.
        error: why the values could not be compared, as a sentence.

    Both figures are None where distances mean nothing: other shapes, strings, opaque types, faults.
    """

    differing: int | None = None
    max_abs: Number | None = None
    rel_l2: float | None = None
    same_type: bool = True
    error: str | None = None

    @property
    def equal(self) -> bool:
        """Whether both are the same."""
        return self.same_type and self.error is None and self.differing == 0


_EQUAL: Final = Difference(0, 0, 0.0)
Known = Mapping[tuple[str, str], Difference]


@dataclass(frozen=True, eq=False)
class Comparison:
    """What differs between two checkpoints.

    Attributes:
        pairs: which variable is which.
        rows: int64 [n, 2], rows of a and b of the variables that differ, in the order of a.
        differences: one for each of these.
        equal: how many variables are the same in both.
        known: every answer by both keys, so that comparing again after an edit reads only what it changed.
    """

    pairs: Pairs
    rows: NDArray[np.int64]
    differences: tuple[Difference, ...]
    equal: int
    known: Known = field(repr=False)

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return not (self.differences or len(self.pairs.only_a) or len(self.pairs.only_b))

    @property
    def faults(self) -> int:
        """How many variables could not be compared."""
        return sum(difference.error is not None for difference in self.differences)


def compare(
    a: TensorSource,
    b: TensorSource,
    task: Task = UNTENDED,
    *,
    pairs: Pairs | None = None,
    known: Known | None = None,
    trust_checksums: bool = True,
) -> Comparison:
    """Compare all variables. One that cannot be read is a difference with an error.

    Args:
        a: what is compared, and what norms are relative to.
        b: what it is compared with.
        task: counts the bytes of both.
        pairs: which variable is which, if that is known already.
        known: answers of an earlier comparison of these two that still hold.
        trust_checksums: take variables for equal whose stored checksums agree, instead of reading them.

    Raises:
        Cancelled: if asked to stop.
    """
    pairs = Pairs.of(a.columns, b.columns) if pairs is None else pairs
    job = _Job(a, b, pairs, known or {}, trust_checksums, task)
    found = dict(job.found())
    differing = [place for place in range(len(pairs.rows)) if not found[place].equal]
    return Comparison(
        pairs,
        pairs.rows[differing],
        tuple(found[place] for place in differing),
        len(found) - len(differing),
        job.answers,
    )


def difference(
    a: TensorSource, info_a: TensorInfo, b: TensorSource, info_b: TensorInfo, task: Task = UNTENDED
) -> Difference:
    """How one variable differs; reads it where shapes agree and its elements can be told apart.

    Raises:
        Cancelled: if asked to stop.
    """
    same_type = info_a.dtype.number == info_b.dtype.number and info_a.shape == info_b.shape
    for info in (info_a, info_b):
        if info.error is not None:
            return Difference(same_type=same_type, error=info.error)
    numeric = info_a.dtype.is_numeric and info_b.dtype.is_numeric
    if info_a.shape != info_b.shape or not (numeric or info_a.dtype.number == info_b.dtype.number):
        return Difference(same_type=False)
    try:
        if info_a.dtype.numpy is None:
            return _opaque(a, info_a.key, b, info_b.key)
        gaps = gaps_for(info_a.dtype, info_b.dtype)
        for x, y in aligned(a.blocks(info_a.key, task), b.blocks(info_b.key, task)):
            gaps.add(x, y)
    except FileFault as fault:
        return Difference(same_type=same_type, error=fault.message)
    return Difference(gaps.differing, gaps.max_abs, gaps.rel_l2, same_type)


def _opaque(a: TensorSource, key_a: str, b: TensorSource, key_b: str) -> Difference:
    """Bytes that nobody but TensorFlow understands: all that is known of them is their checksum."""
    if a.stored(key_a) is None or b.stored(key_b) is None:
        a.read(key_a)  # which says why not
    return _EQUAL if _same_bytes(a, key_a, b, key_b) else Difference()


def _same_bytes(a: TensorSource, key_a: str, b: TensorSource, key_b: str) -> bool:
    """Whether the bytes that both store have the same length and checksum."""
    x = a.stored(key_a)
    y = None if x is None else b.stored(key_b)
    if x is None or y is None or x.crc is None:
        return False
    return (x.crc, x.size, x.big_endian) == (y.crc, y.size, y.big_endian)


class _Counted(Unwatched):
    """A task whose progress several threads count."""

    __slots__ = ("_lock",)

    def __init__(self, whole: Task) -> None:
        super().__init__(whole)
        self._lock = threading.Lock()

    def advance(self, amount: int) -> None:
        """Count, one thread at a time, and look for a cancel."""
        with self._lock:
            self._whole.advance(amount)


@dataclass(slots=True)
class _Job:
    """One comparison that is going on."""

    a: TensorSource
    b: TensorSource
    pairs: Pairs
    known: Known
    trust_checksums: bool
    task: Task
    answers: dict[tuple[str, str], Difference] = field(default_factory=dict)

    def found(self) -> Iterator[tuple[int, Difference]]:
        """Each place of the pairs with how the variable differs, in any order."""
        left = []
        for place in range(len(self.pairs.rows)):
            self.task.check()
            answer = self._told(place)
            if answer is None:
                left.append(place)
            else:
                yield place, answer
        rows = self.pairs.rows[left]
        sizes = self.pairs.a.nbytes[rows[:, 0]] + self.pairs.b.nbytes[rows[:, 1]]
        self.task.total = int(sizes.sum())
        counted = _Counted(self.task)
        for batch, answers in in_order(
            lambda places, _: [self._read(place, counted) for place in places],
            _batches(left, sizes),
            self.task,
        ):
            yield from zip(batch, answers, strict=True)
        self.task.done = self.task.total

    def _told(self, place: int) -> Difference | None:
        """What is known without reading."""
        row_a, row_b = self.pairs.rows[place].tolist()
        a, b = self.pairs.a, self.pairs.b
        keys = a.keys[row_a], b.keys[row_b]
        answer = self.known.get(keys)
        if (
            answer is None
            and self.trust_checksums
            and a.dtype[row_a] == b.dtype[row_b]
            and a.shape(row_a) == b.shape(row_b)
            and not (row_a in a.faults or row_b in b.faults)
            and _same_bytes(self.a, keys[0], self.b, keys[1])
        ):
            answer = _EQUAL
        if answer is not None:
            self.answers[keys] = answer
        return answer

    def _read(self, place: int, task: Task) -> Difference:
        row_a, row_b = self.pairs.rows[place].tolist()
        a, b = self.pairs.a.info(row_a), self.pairs.b.info(row_b)
        answer = difference(self.a, a, self.b, b, task)
        self.answers[a.key, b.key] = answer
        return answer


def _batches(places: list[int], sizes: NDArray[np.int64]) -> Iterator[list[int]]:
    """Places to be compared one after the other, small variables together."""
    batch: list[int] = []
    held = 0
    for place, size in zip(places, sizes.tolist(), strict=True):
        batch.append(place)
        held += size
        if held >= _BATCH_BYTES or len(batch) == _BATCH_ROWS:
            yield batch
            batch, held = [], 0
    if batch:
        yield batch
