"""The one door from background threads to the window: work goes out on plain threads, answers come in as signals.

Own threads, a queue and one queued signal; no QRunnable, whose lifetime is a known source of crashes. A read from a
network that is gone never comes back, and nothing can end its thread: it is left alone, and another takes its place.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import shiboken6
from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot

from ckpt_studio.core.errors import Cancelled, CkptStudioError, InternalFault
from ckpt_studio.core.tasks import Task
from ckpt_studio.gui.aside import AsideTask, stand_back

T = TypeVar("T")

_LOOK_MS: Final = 250
"""So often threads are looked at. One whose work was cancelled and goes on from one look to the next is given up."""
_FAREWELL: Final = 1.0
"""Seconds that closing waits for work that may hang."""


@dataclass(slots=True, eq=False)
class _Request:
    work: Callable[[Task], Any]
    done: Callable[[Any], object]
    failed: Callable[[CkptStudioError], object] | None
    task: Task
    slot: tuple[int, str] | None
    owner: QObject | None
    quiet: bool
    answer: Any = None
    error: CkptStudioError | None = None


class _Place:
    """One thread of the bridge.

    Attributes:
        thread: the thread.
        request: what it works on, or None.
        given_up: whether it is to end after its request, should that ever end.
    """

    def __init__(self, serve: Callable[[_Place], None], name: str) -> None:
        self.request: _Request | None = None
        self.given_up = False
        self.thread = threading.Thread(target=serve, args=(self,), name=name, daemon=True)
        self.thread.start()


class Bridge(QObject):
    """Runs work on background threads and delivers each answer in the GUI thread.

    A request with a `slot` supersedes the one before it in that slot: the older is cancelled, and its answer is never
    delivered. Nothing is delivered to an `owner` that no longer exists.
    """

    _answered = Signal(object)
    failure = Signal(object)
    """A CkptStudioError that no `failed` callback was given for."""
    started = Signal()
    """Something was submitted."""
    idle = Signal()
    """Nothing that somebody waits for is queued, running or undelivered any more."""

    def __init__(self, parent: QObject | None = None, threads: int = 2) -> None:
        super().__init__(parent)
        self._queue: queue.SimpleQueue[_Request | None] = queue.SimpleQueue()
        self._newest: dict[tuple[int, str], _Request] = {}
        self._open: set[_Request] = set()
        self._answered.connect(self._deliver, Qt.ConnectionType.QueuedConnection)
        self._places = [_Place(self._serve, f"bridge-{n}") for n in range(threads)]
        self._apart: dict[_Request, threading.Thread] = {}
        self._stayed: set[_Request] = set()
        self._closed = False
        self._look = QTimer(self, interval=_LOOK_MS)
        self._look.timeout.connect(self._look_around)

    def submit(
        self,
        work: Callable[[Task], T],
        done: Callable[[T], object],
        failed: Callable[[CkptStudioError], object] | None = None,
        *,
        owner: QObject | None = None,
        slot: str = "",
        label: str = "",
        may_hang: bool = False,
        quiet: bool = False,
    ) -> Task:
        """Call `work(task)` on a background thread, then `done(answer)` or `failed(error)` in the GUI thread.

        Must be called in the GUI thread. Cancelled work is not delivered at all. With a `slot`, a newer request of the
        same owner and slot takes the place of this one. The returned task cancels it and shows its progress. Work that
        `may_hang`, because a person named the place that it reads, gets a thread of its own. Nobody waits for work that
        is `quiet`: it does not make the bridge busy, and stands aside while the window's thread is at work.
        """
        place = (id(owner), slot) if slot else None
        task = AsideTask(label) if quiet else Task(label)
        request = _Request(work, done, failed, task, place, owner, quiet)
        if place is not None:
            older = self._newest.get(place)
            if older is not None:
                older.task.cancel()
            self._newest[place] = request
        self._open.add(request)
        if may_hang:
            thread = threading.Thread(
                target=self._serve_one, args=(request,), name="bridge-apart", daemon=True
            )
            self._apart[request] = thread
            thread.start()
        else:
            self._queue.put(request)
        if not self._look.isActive():
            self._look.start()
        if not quiet:
            self.started.emit()
        return request.task

    @property
    def busy(self) -> bool:
        """Whether anything that somebody waits for is queued, running or undelivered."""
        return not all(request.quiet for request in self._open)

    def tasks(self) -> list[Task]:
        """Tasks that are queued or running, for a progress display."""
        return [request.task for request in self._open if not request.task.cancelled]

    def close(self, timeout: float = 5.0) -> None:
        """Cancel everything and wait for the threads, but not for those that hang."""
        self._closed = True
        self._look.stop()
        for request in tuple(self._open):
            request.task.cancel()
        for _ in self._places:
            self._queue.put(None)
        until = time.monotonic()
        for thread in self._apart.values():
            thread.join(max(0.0, until + _FAREWELL - time.monotonic()))
        for place in self._places:
            place.thread.join(max(0.0, until + timeout - time.monotonic()))
        self._open.clear()
        self._newest.clear()

    def _serve(self, place: _Place) -> None:
        stand_back()
        while not place.given_up and (request := self._queue.get()) is not None:
            place.request = request
            self._answer(request)
            place.request = None
            self._hand_over(request)
            del request

    def _serve_one(self, request: _Request) -> None:
        stand_back()
        self._answer(request)
        self._hand_over(request)

    def _answer(self, request: _Request) -> None:
        try:
            request.task.check()
            request.answer = request.work(request.task)
        except Cancelled as error:
            request.error = error.with_traceback(None)
        except CkptStudioError as error:
            request.error = error
        except MemoryError:
            request.error = CkptStudioError(
                "There is not enough memory for this; close other programs first."
            )
        except Exception as error:
            fault = InternalFault(f"Ckpt Studio made a mistake: {type(error).__name__}: {error}.")
            fault.__cause__ = error
            request.error = fault

    def _hand_over(self, request: _Request) -> None:
        with suppress(RuntimeError):  # what hung until the window was gone has nobody to tell
            if not self._closed:
                self._answered.emit(request)

    def _look_around(self) -> None:
        """Give up the work that was cancelled and goes on and on, and put threads in the place of those it holds."""
        cancelled = {request for request in self._open if request.task.cancelled}
        stuck = cancelled & self._stayed
        self._stayed = cancelled - stuck
        for place in tuple(self._places):
            if place.request in stuck:
                place.given_up = True
                self._places.remove(place)
                self._places.append(_Place(self._serve, place.thread.name))
        for request in stuck:
            self._apart.pop(request, None)
        if stuck:
            self._open -= stuck
            self._end_if_idle()

    @Slot(object)
    def _deliver(self, request: _Request) -> None:
        self._open.discard(request)
        self._apart.pop(request, None)
        if request.slot is not None and self._newest.get(request.slot) is request:
            del self._newest[request.slot]
        gone = request.owner is not None and not shiboken6.isValid(request.owner)
        if not gone and not request.task.cancelled and not isinstance(request.error, Cancelled):
            if request.error is None:
                request.done(request.answer)
            elif request.failed is not None:
                request.failed(request.error)
            else:
                self.failure.emit(request.error)
        request.error = None  # whose traceback holds this request, and all that was worked with
        if request.quiet:
            self._stop_looking()
        else:
            self._end_if_idle()

    def _end_if_idle(self) -> None:
        self._stop_looking()
        if not self.busy:
            self.idle.emit()

    def _stop_looking(self) -> None:
        if not self._open:
            self._look.stop()
