"""Several workers that train one model: each takes its share of every batch, and all apply the mean of the gradients.

TensorFlow's MultiWorkerMirroredStrategy carries the numbers between them. The variables are plain ones that each worker
has for itself: what is applied to them is the same bits everywhere, so they stay the same. Whether to stop is agreed
upon with each step, so that nobody waits for a worker that has gone.
"""

from __future__ import annotations

import json
import os
import re
import socket
import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final

import keras
import numpy as np
import tensorflow as tf

from ckpt_studio.core.errors import RunFault
from ckpt_studio.core.tensors import TensorSource
from ckpt_studio.training.worker.faults import StoppedFirst
from ckpt_studio.training.worker.job import Job
from ckpt_studio.training.worker.link import Link
from ckpt_studio.training.worker.recipe_file import Recipe
from ckpt_studio.training.worker.stepping import Step
from ckpt_studio.training.worker.told import numbers_of

_PATIENCE: Final = 600.0
"""Seconds that the others have to begin."""
_TURN: Final = 0.3
_NOT_SHARED: Final = (
    "A batch must be a multiple of {} rows, since so many workers share it; choose another batch size."
)
_TASK: Final = re.compile(r"/job:worker/(?:replica:\d+/)?task:(\d+)")


class Crew:
    """The workers of a run, seen from one of them. Made before any operation runs.

    Args:
        job: names them.
        link: who may ask to stop.

    Attributes:
        size: how many there are.
        index: which of them this is; 0 is the one that writes checkpoints.
    """

    def __init__(self, job: Job, link: Link) -> None:
        self._addresses = job.spec.workers
        self._link = link
        self.size = len(self._addresses)
        self.index = job.spec.worker
        self._not_shared = _NOT_SHARED.format(self.size)
        task = {"cluster": {"worker": list(self._addresses)}, "task": {"type": "worker", "index": self.index}}
        os.environ["TF_CONFIG"] = json.dumps(task)
        link.stops_by_agreement = True
        self._meet()
        self._strategy = tf.distribute.MultiWorkerMirroredStrategy()
        self._wants = tf.Variable(0.0, trainable=False)
        self._agreed = tf.Variable(0.0, trainable=False)

    def _meet(self) -> None:
        """Wait for the others, and be there for them; TensorFlow's own way of waiting answers nobody meanwhile.

        Raises:
            StoppedFirst: somebody asked to stop.
            RunFault: they did not come, or this worker's port is taken.
        """
        others = [at for at in range(self.size) if at != self.index]
        asked = "; ".join(f"`ckpt-studio train SPEC --worker {at}` on {self._addresses[at]}" for at in others)
        self._link.say("log", text=f"This is worker {self.index} of {self.size}. The others: {asked}.")
        port = int(self._addresses[self.index].rpartition(":")[2])
        try:
            door = socket.create_server(("", port))
        except OSError as error:
            raise RunFault(f"Worker {self.index} cannot have the port {port}: {error.strerror}.") from error
        began = time.monotonic()
        left, awaited = set(others), set(others)
        with door:
            door.settimeout(_TURN)
            while left or awaited:
                if self._link.asked_to_stop.is_set():
                    raise StoppedFirst
                if time.monotonic() - began > _PATIENCE:
                    minutes = f"{_PATIENCE / 60:.0f} minutes"
                    names = self._names(sorted(left | awaited))
                    raise RunFault(f"{names} did not begin within {minutes}, so the run ended.")
                left -= {at for at in left if self._calls_at(at)}
                awaited.discard(_caller(door))

    def _calls_at(self, worker: int) -> bool:
        """Say to another worker who is here; whether it is there to hear it."""
        host, _, port = self._addresses[worker].rpartition(":")
        try:
            with socket.create_connection((host, int(port)), 2) as there:
                there.sendall(b"%d\n" % self.index)
                return True
        except OSError:
            return False

    def _silent(self) -> list[int]:
        """The workers that cannot be reached."""
        return [at for at in range(self.size) if at != self.index and not self._calls_at(at)]

    def _names(self, workers: Sequence[int]) -> str:
        said = ", ".join(f"{at} ({self._addresses[at]})" for at in workers)
        return f"Worker {said}" if len(workers) == 1 else f"Workers {said}"

    # ---- what a step is made of

    def hook(self, recipe: Recipe) -> None:
        """Let the recipe's optimizers apply the mean of all workers' gradients.

        Raises:
            RunFault: it updates in a way of its own.
        """
        optimizers = [one for one in recipe.objects.values() if isinstance(one, keras.optimizers.Optimizer)]
        if not optimizers:
            raise RunFault(
                f"With several workers, the recipe {recipe.path} must train by a Keras optimizer.",
                path=recipe.path,
            )
        for one in optimizers:
            self._hook(getattr(one, "inner_optimizer", None) or one)

    def _hook(self, optimizer: Any) -> None:
        apply = optimizer.apply

        def apply_mean(grads: Sequence[Any], trainable_variables: Sequence[Any] | None = None) -> Any:
            return apply(self.mean([tf.convert_to_tensor(one) for one in grads]), trainable_variables)

        optimizer.apply = apply_mean

    def share(self, batch: Any) -> Any:
        """This worker's rows of a batch; inside the graph."""

        def rows(values: Any) -> Any:
            values = tf.convert_to_tensor(values)
            count = tf.shape(values)[0]
            right = tf.debugging.assert_equal(count % self.size, 0, self._not_shared)
            with tf.control_dependencies([right]):
                each = count // self.size
            return values[self.index * each : (self.index + 1) * each]

        return tf.nest.map_structure(rows, batch)

    def mean(self, tensors: list[Any]) -> list[Any]:
        """The means of tensors that all workers have; inside the graph."""

        def reduce(mine: list[Any]) -> list[Any]:
            here = [tf.identity(one) for one in mine]
            context = tf.distribute.get_replica_context()
            return list(context.all_reduce(tf.distribute.ReduceOp.MEAN, here))

        return list(self._strategy.run(reduce, args=(tensors,))) if tensors else []

    def step_of(self, step: Step, statistics: Sequence[Any]) -> Step:
        """A step of all workers: the numbers that it tells are the means of theirs.

        Args:
            step: trains on one batch.
            statistics: variables that a step may change otherwise than by an optimizer.
        """

        def together(batch: Any) -> Any:
            before = [tf.identity(one) for one in statistics]
            told = numbers_of(step(self.share(batch)))
            changes = self.mean([tf.identity(one) - old for one, old in zip(statistics, before, strict=True)])
            for one, old, change in zip(statistics, before, changes, strict=True):
                one.assign(old + change)
            mine = [tf.cast(number, tf.float32) for number in told.values()]
            *numbers, wants = self.mean([*mine, self._wants.read_value()])
            self._agreed.assign(wants)
            return dict(zip(told, numbers, strict=True))

        return together

    # ---- around steps

    @contextmanager
    def working(self) -> Iterator[None]:
        """Steps are done inside: all learn whether one wants to stop.

        Raises:
            RunFault: another worker is gone.
        """
        self._wants.assign(float(self._link.asked_to_stop.is_set()))
        with self._told():
            yield
        if float(self._agreed) > 0:
            self._link.stop.set()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except tf.errors.OpError as error:
            if self._not_shared in error.message:
                raise RunFault(self._not_shared) from error
            if isinstance(error, tf.errors.InvalidArgumentError):
                raise
            named = sorted({int(at) for at in _TASK.findall(error.message)} - {self.index})
            gone = self._silent() or [at for at in named if at < self.size]
            gone = gone or [0] * bool(self.index)  # who is not named is the one that watches over the others
            who = self._names(gone) if gone else "Another worker"
            raise RunFault(f"{who} is gone or cannot be reached any more, so the run ended here.") from error

    def check_same(self, what: str, parts: Sequence[bytes]) -> None:
        """See that all workers have the same.

        Raises:
            RunFault: they do not; the message says what to do.
        """
        digest = 0
        for part in parts:
            digest = zlib.crc32(part, digest)

        def gathered(mine: Any) -> Any:
            def gather(here: Any) -> Any:
                return tf.distribute.get_replica_context().all_gather(tf.identity(here), axis=0)

            return self._strategy.run(gather, args=(mine,))

        with self._told():
            all_of_them = np.asarray(
                tf.function(gathered, autograph=False)(tf.constant([digest], tf.int64))
            ).reshape(-1)
        other = [at for at, one in enumerate(all_of_them) if one != all_of_them[0]]
        if other:
            raise RunFault(
                f"{self._names(other)} and worker 0 do not have the same {what}; give all of them the same checkpoint "
                "and SPEC."
            )

    def part(self) -> None:
        """Leave together, after the last checkpoint: who went at once would take along numbers of the last step that
        another is still receiving.

        Raises:
            RunFault: the worker that writes the checkpoints is gone.
        """
        try:
            self.check_same("end", ())
        except RunFault:
            if self.index:
                raise
        with suppress(RunFault):  # for somebody goes first; by now all have been there above
            self.check_same("end", ())


def _caller(door: socket.socket) -> int:
    """The worker that calls within a turn, -1 where none does."""
    try:
        caller, _ = door.accept()
        with caller:
            caller.settimeout(2)
            return int(caller.recv(16))
    except (OSError, ValueError):
        return -1


def start_of(job: Job, start: TensorSource) -> Iterator[bytes]:
    """What has to be the same for all workers before the first step."""
    spec = job.spec
    yield repr((spec.steps, spec.batch_size, spec.seed, spec.on_nan, sorted(job.card.frozen))).encode()
    for key in start.columns.keys:
        for block in start.blocks(key):
            yield key.encode("utf-8", "surrogateescape")
            yield repr(block.tolist()).encode() if block.dtype.hasobject else block.tobytes()


def statistics_of(recipe: Recipe) -> list[Any]:
    """TensorFlow's variables of a recipe's objects that are no optimizer's, are not trained, and hold real numbers."""
    found: dict[int, Any] = {}
    for one in recipe.objects.values():
        if isinstance(one, keras.optimizers.Optimizer):
            continue
        trained = {id(each) for each in getattr(one, "trainable_variables", ())}
        for each in getattr(one, "variables", ()):
            variable = each if isinstance(each, tf.Variable) else each.value
            if id(each) not in trained and variable.dtype.is_floating:
                found[id(variable)] = variable
    return list(found.values())
