"""Answers come in the order of the items, whatever the threads do; a cancel and a fault end the work."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from ckpt_studio.core.errors import Cancelled, Corrupt
from ckpt_studio.core.tasks import Task
from ckpt_studio.formats.parallel import in_order, workers


def test_answers_come_in_order_and_only_a_few_pieces_are_under_way() -> None:
    asked: list[int] = []

    def items() -> Iterator[int]:
        for i in range(200):
            asked.append(i)
            yield i

    def work(item: int, task: Task) -> int:
        time.sleep(0.001 * (item % 3))
        return item * item

    for count, (item, answer) in enumerate(in_order(work, items())):
        assert (item, answer) == (count, count * count)
        assert len(asked) - count < 20
    assert count == 199


def test_a_fault_comes_at_its_place() -> None:
    def work(item: int, task: Task) -> int:
        if item == 5:
            raise Corrupt("five")
        return item

    answers = in_order(work, range(50))
    assert [next(answers) for _ in range(5)] == [(i, i) for i in range(5)]
    with pytest.raises(Corrupt, match="five"):
        next(answers)


def test_a_cancel_reaches_the_pieces_under_way() -> None:
    task, begun = Task(), threading.Barrier(workers() + 1)

    def work(item: int, inner: Task) -> None:
        begun.wait(10)
        while True:
            inner.advance(1)
            time.sleep(0.001)

    def cancel() -> None:
        begun.wait(10)
        task.cancel()

    canceller = threading.Thread(target=cancel)
    canceller.start()
    with pytest.raises(Cancelled):
        list(in_order(work, range(workers()), task))
    canceller.join()
    assert task.done == 0
