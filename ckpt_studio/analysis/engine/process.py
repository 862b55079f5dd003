"""The window's side: starts the process, hands passes to it and waits for what they found."""

from __future__ import annotations

import atexit
import contextlib
import itertools
import subprocess
import sys
import threading
from typing import IO, Any, Final

from ckpt_studio.analysis.engine.messages import NO_MORE, packed, receive, send, unpacked
from ckpt_studio.core.child_environment import child_environment
from ckpt_studio.core.tasks import Task, processors

_COMMAND: Final = (sys.executable, "-P", "-m", "ckpt_studio.analysis.engine.child")
_LOOK_SECONDS: Final = 0.02
"""So often who waits for an answer looks whether to go on, and tells the progress."""


class _Asked:
    """A pass that somebody waits for.

    Attributes:
        over: set when there will be no more answers.
        found: the pickle of what was found, or None where that failed.
        done: bytes read so far.
    """

    def __init__(self) -> None:
        self.over = threading.Event()
        self.found: bytes | None = None
        self.done = 0


class _Riding:
    """As `passes.Riding`."""

    def __init__(self, engine: Engine, number: int, asked: _Asked) -> None:
        self._engine, self._number, self._asked = engine, number, asked

    def found(self) -> Any:
        """As `Riding.found`."""
        found = self._asked.found if self._asked.over.is_set() else None
        return None if found is None else unpacked(found)

    def get_off(self) -> None:
        """As `Riding.get_off`."""
        self._engine.give_up(self._number)


class Engine:
    """One process. All methods may be called from any thread; passes are made side by side.

    Args:
        path: what a person is opening, of which the process finds out first what the tree will show; "" for nothing.
    """

    def __init__(self, path: str = "") -> None:
        self._lock, self._writing = threading.Lock(), threading.Lock()
        self._numbers = itertools.count()
        self._asked: dict[int, _Asked] = {}
        self._process: subprocess.Popen[bytes] | None = None
        if processors() == 1:
            return  # it would only be in the window's way
        with contextlib.suppress(OSError):  # there are no more processes to be had
            self._process = subprocess.Popen(
                (*_COMMAND, path),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=child_environment(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1"),
                start_new_session=True,
            )
        if self._process is not None:
            threading.Thread(target=self._listen, args=(self._process,), name="engine", daemon=True).start()

    @property
    def pid(self) -> int | None:
        """Of the process, None where there is none to be asked."""
        process = self._process
        return None if process is None else process.pid

    def make(self, work: Any, task: Task) -> Any:
        """What `work.run(task)` returns, made there; None where that cannot be had.

        Raises:
            Cancelled: if asked to stop.
        """
        number, asked = self._ask()
        done = 0
        try:
            if not self._send(number, packed(work)):
                return None
            while not asked.over.wait(_LOOK_SECONDS):
                task.advance(asked.done - done)
                done = asked.done
        finally:
            self.give_up(number)
        if asked.found is None:
            task.advance(-done)  # it begins anew
            return None
        task.advance(asked.done - done)
        return unpacked(asked.found)

    def ride(self, stored: Any, rider: Any) -> _Riding:
        """Let a rider take part in the next pass over the tensor that is stored there."""
        number, asked = self._ask()
        self._send(number, packed((stored, rider)), rides=True)
        return _Riding(self, number, asked)

    def give_up(self, number: int) -> None:
        """Nobody waits for this any more, over or not."""
        with self._lock:
            asked = self._asked.pop(number, None)
        if asked is not None and not asked.over.is_set():
            self._send(number, None)

    def close(self) -> None:
        """Let the process end; who waits is told that there will be no answer."""
        process, self._process = self._process, None
        if process is not None and process.stdin is not None:
            with contextlib.suppress(OSError):
                process.stdin.close()

    def _ask(self) -> tuple[int, _Asked]:
        """The number of a new question, and what will be known of it."""
        asked = _Asked()
        with self._lock:
            number = next(self._numbers)
            self._asked[number] = asked
        return number, asked

    def _send(self, number: int, asked: bytes | None, rides: bool = False) -> bool:
        """Ask for a pass or a ride, or no more (None)."""
        process = self._process
        if process is None or process.stdin is None:
            return False
        try:
            with self._writing:
                send(process.stdin, (number, asked, rides))
        except NO_MORE:
            return False
        return True

    def _listen(self, process: subprocess.Popen[bytes]) -> None:
        """Take answers until there are no more."""
        assert process.stdout is not None
        with contextlib.suppress(*NO_MORE), process.stdout as answers:
            while True:
                self._take(answers)
        self.close()
        process.kill()
        process.wait()
        with self._lock:
            waiting = tuple(self._asked.values())
        for asked in waiting:
            asked.over.set()

    def _take(self, answers: IO[bytes]) -> None:
        number, done, found, over = receive(answers)
        with self._lock:
            asked = self._asked.get(number)
        if asked is not None:
            asked.done, asked.found = done, found
            if over:
                asked.over.set()


class _Running:
    """The engine of this program, which its windows share."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.engine: Engine | None = None


_RUNNING: Final = _Running()


def start(path: str = "") -> Engine:
    """Start the engine, unless that was done; `path` as for `Engine`. Imports no numpy."""
    with _RUNNING.lock:
        if _RUNNING.engine is None:
            _RUNNING.engine = Engine(path)
            atexit.register(_RUNNING.engine.close)
        return _RUNNING.engine


def connect() -> None:
    """Have passes over large tensors made by the engine from now on. Imports numpy."""
    from ckpt_studio.analysis.passes import ELSEWHERE

    engine = start()
    ELSEWHERE.make, ELSEWHERE.ride = engine.make, engine.ride
