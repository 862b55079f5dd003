"""The process's side: makes the passes that it is asked for, and before that those that the tree is going to ask for.

It is started with `python -m` and ends with the pipe from the window.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections import OrderedDict
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from ckpt_studio.analysis import passes
from ckpt_studio.analysis.engine.messages import NO_MORE, packed, receive, send, unpacked
from ckpt_studio.analysis.remembered import FigureCache, fingerprint
from ckpt_studio.analysis.statistics import statistics
from ckpt_studio.analysis.tally import warm_up
from ckpt_studio.core.once import Once
from ckpt_studio.core.tasks import Task
from ckpt_studio.core.tensors import Stored, TensorSource
from ckpt_studio.formats.registry import glance, open_checkpoint

_NICENESS: Final = 10
_TELL_SECONDS: Final = 0.03
_STAND_BACK_SECONDS: Final = 0.002
_FIRST_ROWS: Final = 40
"""About so many rows of a tree are seen at first."""
_FIRST_BYTES: Final = 4 << 30
_LIE_OPEN: Final = ("tf_bundle", "saved_model", "safetensors", "npz", "npy")
_MOST_INDEX: Final = 1 << 20
"""Bytes of an index, which is some ten thousand variables."""
_MOST_KNOWN: Final = 2 * _FIRST_ROWS


class _Answers:
    """The pipe to the window."""

    def __init__(self) -> None:
        self._pipe = os.fdopen(os.dup(1), "wb")
        os.dup2(2, 1)  # what a library prints is no answer
        self._lock = threading.Lock()

    def tell(self, number: int, done: int, found: bytes | None = None, over: bool = False) -> None:
        """Say how far a pass is, or what it found."""
        with self._lock, suppress(OSError):
            send(self._pipe, (number, done, found, over))


class _Riders:
    """Those that wait for a pass over their tensors."""

    def __init__(self, answers: _Answers) -> None:
        self._answers = answers
        self._waiting: dict[int, tuple[Stored, passes.Rider]] = {}
        self._lock = threading.Lock()

    def wait(self, number: int, asked: bytes) -> None:
        """Let one wait."""
        with self._lock:
            self._waiting[number] = unpacked(asked)

    def get_off(self, number: int) -> None:
        """Let go of one, unless it has begun to ride."""
        with self._lock:
            self._waiting.pop(number, None)

    def take_along(self, work: passes.Pass, task: Task) -> Any:
        """As `Pass.run`, with one that has waited for it; more are not taken, for that would hold the pass up."""
        with self._lock:
            number = next((n for n, (stored, _) in self._waiting.items() if stored == work.stored), None)
            rider = None if number is None else self._waiting.pop(number)[1]
        if number is None:
            return work.run(task)
        found = None
        try:
            answer = replace(work, rider=rider).run(task)
            found = rider
        finally:  # beside the answer, which somebody waits for
            threading.Thread(target=self._tell, args=(number, found), daemon=True).start()
        return answer

    def _tell(self, number: int, found: passes.Rider | None) -> None:
        self._answers.tell(number, 0, None if found is None else packed(found), over=True)


class _Known:
    """What passes have found lately, by their pickles; of two that are the same at once, one is made."""

    def __init__(self, riders: _Riders) -> None:
        self._riders = riders
        self._once: Once[bytes, bytes] = Once()
        self._found: OrderedDict[bytes, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def answer(self, asked: bytes, task: Task) -> bytes:
        """The pickle of what a pass finds."""
        with self._lock:
            if asked in self._found:
                return self._found[asked]
        found = self._once.find(asked, lambda: packed(self._riders.take_along(unpacked(asked), task)), task)
        with self._lock:
            self._found[asked] = found
            while len(self._found) > _MOST_KNOWN:
                self._found.popitem(last=False)
        return found


class _Told(Task):
    """A task whose progress is told to the window."""

    def __init__(self, number: int, answers: _Answers) -> None:
        super().__init__()
        self._number, self._answers = number, answers
        self._next = time.monotonic() + _TELL_SECONDS

    def advance(self, amount: int) -> None:
        """As `Task.advance`."""
        super().advance(amount)
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + _TELL_SECONDS
            self._answers.tell(self._number, self.done)


class _Ahead(Task):
    """The search for the figures that the tree will ask for, which stands back while the window waits for others.

    Args:
        waited_for: pickles of the passes that the window waits for, by number.

    Attributes:
        making: the pickle of the pass that is under way.
    """

    def __init__(self, waited_for: dict[int, bytes]) -> None:
        super().__init__()
        self._waited_for = waited_for
        self.making = b""

    def check(self) -> None:
        """As `Task.check`, after the wait."""
        super().check()
        while any(asked != self.making for asked in tuple(self._waited_for.values())):
            time.sleep(_STAND_BACK_SECONDS)

    def look(self, path: str) -> None:
        """Find the figures of the first rows of a checkpoint."""
        with suppress(Exception):  # the window meets the same, and says what is wrong
            if not _is_worth_it(path):
                return
            checkpoint = open_checkpoint(path)
            try:
                prints = {key: fingerprint(checkpoint, key) for key in _first_large(checkpoint)}
                known = FigureCache().find(prints.values())
                for key, print_ in prints.items():
                    if print_ not in known:
                        statistics(checkpoint, key, self)
            finally:
                checkpoint.close()


def _is_worth_it(path: str) -> bool:
    """Whether a checkpoint is opened in no time, holds large variables, and says where they lie."""
    entry = glance(path).entry
    if entry is None or entry.format not in _LIE_OPEN or entry.nbytes < passes.SHARED_OUT:
        return False
    return not entry.opens.endswith(".index") or Path(entry.opens).stat().st_size <= _MOST_INDEX


def _first_large(checkpoint: TensorSource) -> list[str]:
    """The large variables among those that the tree shows first."""
    columns, left, found = checkpoint.columns, _FIRST_BYTES, []
    for row in range(min(_FIRST_ROWS, len(columns))):
        info = columns.info(row)
        left -= info.nbytes
        if left >= 0 and passes.shared_out(checkpoint, info.key) is not None:
            found.append(info.key)
    return found


def main(path: str) -> None:
    """Serve until the pipe ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it ends with the window
    with suppress(OSError, AttributeError):  # AttributeError: not on Windows
        os.nice(_NICENESS)  # the window's thread goes first
    answers = _Answers()
    riders = _Riders(answers)
    known = _Known(riders)
    tasks: dict[int, Task] = {}
    waited_for: dict[int, bytes] = {}
    ahead = _Ahead(waited_for)

    def make_ahead(work: passes.Pass, task: Task) -> Any:
        ahead.making = packed(work)
        return unpacked(known.answer(ahead.making, task))

    def serve(number: int) -> None:
        task, found = tasks[number], None
        with suppress(Exception):  # who asked makes the pass for itself, and meets the same
            found = known.answer(waited_for[number], task)
        del waited_for[number], tasks[number]
        answers.tell(number, task.done, found, over=True)

    def begin() -> None:
        if path:
            ahead.look(path)
        warm_up()

    passes.ELSEWHERE.make = make_ahead
    threading.Thread(target=begin, daemon=True).start()
    with suppress(*NO_MORE):
        while True:
            number, asked, rides = receive(sys.stdin.buffer)
            if rides:
                riders.wait(number, asked)
            elif asked is not None:
                tasks[number], waited_for[number] = _Told(number, answers), asked
                threading.Thread(target=serve, args=(number,), daemon=True).start()
            elif (task := tasks.get(number)) is not None:
                task.cancel()
            else:
                riders.get_off(number)
    os._exit(0)  # threads may be in the midst of a pass


if __name__ == "__main__":
    main(sys.argv[1])
