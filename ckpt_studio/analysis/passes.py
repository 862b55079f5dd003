"""One pass over a variable: its blocks are cut into pieces that fit a processor's cache and fed to reducers.

A large variable whose bytes lie together is shared out between threads: each reads stretches for itself, because a
buffer that goes from one processor to another costs more than the sums, and into the same memory each time. Each has a
reducer of its own; they are put together at the end.
"""

from __future__ import annotations

import copy
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.analysis.kinds import CHUNK, magnitude
from ckpt_studio.analysis.tally import Tally
from ckpt_studio.core.arrays import room
from ckpt_studio.core.tasks import Task, processors
from ckpt_studio.core.tensors import Stored, TensorSource
from ckpt_studio.formats.files import FileReader, open_stored
from ckpt_studio.formats.reading import swap

SHARED_OUT: Final = 8 << 20
"""From so many bytes on, another thread gains more than it costs to start."""
MOST_AT_ONCE: Final = CHUNK * 3 // 2
"""No rider gets more values at once."""
_MOST_THREADS: Final = 4
_MOST_RECENT: Final = 8


class Reducer(Protocol):
    """Something that a pass makes of all values of a variable."""

    def add(self, chunk: NDArray[Any]) -> None:
        """Take in about `CHUNK` values or fewer, valid during the call; complex numbers come as float64 magnitudes."""
        ...

    def merge(self, other: Self) -> None:
        """Take over what another one of the same making has seen."""
        ...


C = TypeVar("C", bound=Reducer)


class Rider(Protocol):
    """Something that is made of all values, too, where they are read for a reducer: it needs to know their places.

    Attributes:
        piece: so many values, or several times as many, are to come at once, but at the end; `MOST_AT_ONCE` at most.
    """

    piece: int

    def add(self, values: NDArray[Any], start: int) -> None:
        """Take in the values from place `start` on, valid during the call, in their own type."""
        ...

    def merge(self, other: Self) -> None:
        """As `Reducer.merge`."""
        ...


@dataclass(frozen=True)
class Pass:
    """Reading all bytes of a tensor once, on several threads, and what is to be made of them. It can be pickled.

    Attributes:
        stored: where they lie.
        dtype: of the elements.
        reducer: takes them in; a copy of it does on each other thread.
        rider: takes them in, too, or None.
    """

    stored: Stored
    dtype: np.dtype[Any]
    reducer: Any
    rider: Rider | None = None

    def run(self, task: Task) -> Any:
        """The reducer, when it has seen all, and with it the rider.

        Raises:
            FileFault: the file is damaged, missing or another one.
            Cancelled: if asked to stop.
        """
        mine = (self.reducer, self.rider)
        threads = min(_MOST_THREADS, processors())
        pairs = [mine, *(copy.deepcopy(mine) for _ in range(threads - 1))]
        with open_stored(self.stored) as file:
            _Sharing(file, self, task).work(pairs)
            file.check_unchanged()
        for reducer, rider in pairs[1:]:
            self.reducer.merge(reducer)
            if self.rider is not None and rider is not None:
                self.rider.merge(rider)
        return self.reducer


class Riding(Protocol):
    """A rider that waits for a pass over its tensor, or takes part in one."""

    def found(self) -> Any:
        """The rider, once it has seen all; None until then."""
        ...

    def get_off(self) -> None:
        """It is not wanted any more."""
        ...


class Elsewhere:
    """Where passes over large tensors are made, if not here.

    Attributes:
        make: makes one, and answers None where it cannot; None: all are made here.
        ride: lets a rider take part in the next pass over its tensor that is made there; None: it cannot.
    """

    def __init__(self) -> None:
        self.make: Callable[[Pass, Task], Any] | None = None
        self.ride: Callable[[Stored, Rider], Riding] | None = None


ELSEWHERE: Final = Elsewhere()


def shared_out(source: TensorSource, key: str) -> Stored | None:
    """Where a variable lies whose passes are shared out between threads; None where it is small, or lies apart."""
    info = source.columns.of(key)
    large = info.nbytes >= SHARED_OUT and info.dtype.is_numeric and processors() > 1
    return source.stored(key) if large else None


def one_pass(source: TensorSource, key: str, new: Callable[[], C], task: Task) -> C:
    """Feed all values of a numeric variable to a reducer that `new` makes; in what order is not said.

    Raises:
        as `TensorSource.blocks`.
    """
    stored = shared_out(source, key)
    if stored is None:
        reducer = new()
        for block in source.blocks(key, task):
            for start in range(0, block.size, CHUNK):
                _feed(reducer, block[start : start + CHUNK])
        return reducer
    dtype = source.columns.of(key).dtype.numpy
    assert dtype is not None
    whole = Pass(stored, dtype, new())
    found: C | None = None if ELSEWHERE.make is None else ELSEWHERE.make(whole, task)
    return whole.run(task) if found is None else found


def _feed(reducer: Reducer, values: NDArray[Any]) -> None:
    reducer.add(magnitude(values) if values.dtype.kind == "c" else values)


class _Sharing:
    """Stretches of a stored tensor that several threads take, and read for themselves."""

    def __init__(self, file: FileReader, whole: Pass, task: Task) -> None:
        self._file, self._stored, self._dtype, self._task = file, whole.stored, whole.dtype, task
        piece = 1 if whole.rider is None else whole.rider.piece
        self._step = max(1, CHUNK // piece) * piece * whole.dtype.itemsize
        self._starts = iter(range(0, whole.stored.size, self._step))
        self._turn = threading.Lock()
        self._error: BaseException | None = None

    def work(self, pairs: list[tuple[Reducer, Rider | None]]) -> None:
        """Feed every stretch to one of these, the first of them in this thread; raises what reading raises."""
        others = [
            threading.Thread(target=self._serve, args=pair, name="figures", daemon=True) for pair in pairs[1:]
        ]
        for thread in others:
            thread.start()
        self._serve(*pairs[0])
        for thread in others:
            thread.join()
        error, self._error = self._error, None  # else its traceback would hold what holds it
        if error is not None:
            raise error

    def _serve(self, reducer: Reducer, rider: Rider | None) -> None:
        try:
            done, buffer = 0, room((self._step,))
            while (start := self._next(done)) is not None:
                part = buffer[: min(self._step, self._stored.size - start)]
                self._file.read_into(part, self._stored.offset + start, len(part))
                values = part.view(self._dtype)
                if self._stored.big_endian:
                    swap(values)
                if rider is not None:
                    rider.add(values, start // self._dtype.itemsize)
                _feed(reducer, values)
                done = len(part)
        except BaseException as error:
            with self._turn:
                self._error = self._error or error

    def _next(self, done: int) -> int | None:
        """Where the next stretch begins, after `done` bytes of the one before."""
        with self._turn:
            if self._error is not None:
                return None
            self._task.advance(done)
            return next(self._starts, None)


class _Patterns:
    """How often each bit pattern of an 8 or 16 bit type occurs."""

    def __init__(self, itemsize: int) -> None:
        self.tally = Tally(1 << (8 * itemsize))

    def add(self, chunk: NDArray[Any]) -> None:
        """As `Reducer.add`."""
        self.tally.add(chunk.view(self.tally.code))

    def merge(self, other: Self) -> None:
        """As `Reducer.merge`."""
        self.tally.merge(other.tally)


_recent: OrderedDict[str, NDArray[np.int64]] = OrderedDict()
_recently = threading.Lock()


def pattern_counts(source: TensorSource, key: str, task: Task) -> NDArray[np.int64]:
    """How often each bit pattern of a variable of an 8 or 16 bit type occurs: int64 [256] or [65536].

    They say everything about its values, so those of the variables looked at last are kept: any other binning follows
    from them without another pass.

    Raises:
        as `TensorSource.blocks`.
    """
    task.check()
    identity = source.identity(key)
    with _recently:
        counts = _recent.get(identity)
        if counts is not None:
            _recent.move_to_end(identity)
            return counts
    itemsize = source.columns.of(key).dtype.itemsize
    counts = one_pass(source, key, lambda: _Patterns(itemsize), task).tally.counts
    with _recently:
        _recent[identity] = counts
        while len(_recent) > _MOST_RECENT:
            _recent.popitem(last=False)
    return counts
