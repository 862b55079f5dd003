"""Keeps the queues of a graph's own data filled, as TensorFlow 1's queue runners did."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import tensorflow as tf

from ckpt_studio.formats.meta_graph.own_data import OwnQueue


class QueueFiller:
    """One thread for each enqueue operation, for as long as the process lives or its data lasts.

    Args:
        session: where the operations are run.
        queues: what to run.
    """

    def __init__(self, session: tf.compat.v1.Session, queues: Sequence[OwnQueue]) -> None:
        self._session = session
        self._queues = queues
        self._ending = threading.Lock()
        self._left = {queue: len(queue.enqueues) for queue in queues}
        self._failure: Exception | None = None

    def start(self) -> None:
        """Begin to fill."""
        for queue in self._queues:
            for name in queue.enqueues:
                threading.Thread(
                    target=self._fill, args=(queue, name), name=f"fills {name}", daemon=True
                ).start()

    def check(self) -> None:
        """Raise what went wrong in a thread: without its data a step only says that a queue is closed."""
        if self._failure is not None:
            raise self._failure

    def _fill(self, queue: OwnQueue, name: str) -> None:
        enqueue = self._session.graph.get_operation_by_name(name)
        try:
            while True:
                self._session.run(enqueue)
        except (tf.errors.OutOfRangeError, tf.errors.CancelledError):
            self._end(queue)
        except Exception as error:  # handed on to the step that waits for this data
            self._failure = self._failure or error
            self._run(queue.cancel or queue.close)

    def _end(self, queue: OwnQueue) -> None:
        """Close a queue when the last one that fills it has come to its end, so that nobody waits for more."""
        with self._ending:
            self._left[queue] -= 1
            last = self._left[queue] == 0
        if last:
            self._run(queue.close)

    def _run(self, name: str) -> None:
        if name:
            self._session.run(name)
