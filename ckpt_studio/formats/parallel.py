"""Work on a few threads whose answers come in order: reading and checksums let go of the interpreter.

What a piece of work holds stays small (some MiB a thread), and only a few pieces are under way at once, so memory does
not grow with the file. Every piece looks for a cancel once a block.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from typing import Final, TypeVar

from ckpt_studio.core.tasks import UNTENDED, Task, processors

T = TypeVar("T")
R = TypeVar("R")

_MOST_WORKERS: Final = 4
_AHEAD: Final = 3


def workers() -> int:
    """How many threads read at once: as many as there are processors for them, and two at least for a slow disk."""
    return max(2, min(_MOST_WORKERS, processors()))


class Unwatched(Task):
    """A task's cancel without its progress, which only one thread may count: who takes the answers does."""

    __slots__ = ("_whole",)

    def __init__(self, whole: Task) -> None:
        super().__init__(whole.label)
        self._whole = whole

    @property
    def cancelled(self) -> bool:
        """Whether somebody asked the whole work to stop."""
        return self._whole.cancelled

    def check(self) -> None:
        """Look at the whole work's cancel."""
        self._whole.check()

    def advance(self, amount: int) -> None:
        """Count nothing, look for a cancel."""
        self._whole.check()


def alone(work: Callable[[T, Task], R], items: Iterable[T], task: Task = UNTENDED) -> Generator[tuple[T, R]]:
    """As `in_order`, in this thread: for what is not worth others."""
    unwatched = Unwatched(task)
    for item in items:
        yield item, work(item, unwatched)


def in_order(
    work: Callable[[T, Task], R], items: Iterable[T], task: Task = UNTENDED
) -> Generator[tuple[T, R]]:
    """Each item with what `work(item, task)` answered, in the order of the items.

    The task that `work` is given is to be looked at once a block; progress is the caller's to count. When the iterator
    is left early, the pieces under way are waited for, so no thread is left over.

    Raises:
        Cancelled: if asked to stop.
        whatever `work` raises, at the place of its item.
    """
    from concurrent.futures import Future, ThreadPoolExecutor

    count, unwatched = workers(), Unwatched(task)
    pending: deque[tuple[T, Future[R]]] = deque()
    with ThreadPoolExecutor(count, "reading") as pool:
        try:
            for item in items:
                task.check()
                pending.append((item, pool.submit(work, item, unwatched)))
                if len(pending) > _AHEAD * count:
                    done, answer = pending.popleft()
                    yield done, answer.result()
            while pending:
                task.check()
                done, answer = pending.popleft()
                yield done, answer.result()
        finally:
            for _, answer in pending:
                answer.cancel()
