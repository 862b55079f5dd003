"""The run of a MetaGraph: its graph is analysed, frozen, cut and pruned, and stepped by a session."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Final

import numpy as np
import tensorflow as tf

from ckpt_studio.core.errors import RunFault
from ckpt_studio.formats.meta_graph import MetaGraph, freeze_meta_graph, load_meta_graph, plan_training
from ckpt_studio.formats.meta_graph.freeze import unfreeze_meta_graph
from ckpt_studio.formats.meta_graph.learning_rate import rate_tensors
from ckpt_studio.formats.meta_graph.new_optimizer import hidden_source, laid_open, put_optimizer
from ckpt_studio.formats.meta_graph.optimizers import chosen_optimizer
from ckpt_studio.formats.meta_graph.run_graph import build_run_graph
from ckpt_studio.formats.meta_graph.run_parts import RunGraph
from ckpt_studio.formats.meta_graph.training import TrainingGraph
from ckpt_studio.formats.tf_bundle.bundle import open_bundle
from ckpt_studio.training.card import Card
from ckpt_studio.training.data import open_data, plan_feeds, read_data
from ckpt_studio.training.feeder import Feeder
from ckpt_studio.training.protocol import METRICS_SECONDS
from ckpt_studio.training.routes.metagraph import GRADIENTS_OF, bound_by
from ckpt_studio.training.worker.confine import confine_job
from ckpt_studio.training.worker.faults import DataEnded, NotANumber
from ckpt_studio.training.worker.graph_gradients import with_gradients
from ckpt_studio.training.worker.graph_session import GraphSession
from ckpt_studio.training.worker.job import Job
from ckpt_studio.training.worker.keep import BundleWriter, RunCheckpoints
from ckpt_studio.training.worker.link import Link
from ckpt_studio.training.worker.routes.base import Done, has_before
from ckpt_studio.training.worker.run_state import encode_state, restore_state
from ckpt_studio.training.worker.values import TrainedValues

_AT_ONCE: Final = 1024
_LOOKING: Final = 50.0
"""Looking at numbers beside the loss may take one part in so many of a run's time."""
_COMPARED: Final = 4
"""Steps that are done both ways before several are done in one call."""


class MetaGraphRun:
    """Runs of the route `meta_graph`."""

    name: ClassVar[str] = "meta_graph"

    def build(self, job: Job, link: Link) -> GraphTrainer:
        """As `WorkerRoute.build`."""
        return GraphTrainer(job, link)


class GraphTrainer:
    """One graph with its values; implements `Trainer`.

    Raises:
        RunFault, FileFault: it cannot be run.
    """

    def __init__(self, job: Job, link: Link) -> None:
        self._job = job
        self._start = start = open_bundle(job.start)
        self._before = open_bundle(str(job.folder.before)) if has_before(job) else None
        meta = load_meta_graph(job.start + ".meta")
        held = frozenset(start.columns.keys)
        if GRADIENTS_OF in job.card.settings:
            meta, plan, card = _with_new_optimizer(meta, held, job)
        else:
            card = job.card
            plan = plan_training(meta, held, train_ops=card.train_ops, loss=card.loss)
        self.card: Card = replace(card, inexact=(*card.inexact, *restore_state(job, ())))
        self._feeder = _feeder(job, card)
        frozen = frozenset(job.card.frozen)
        graph = build_run_graph(meta, plan, frozen, fed=self._feeder.names, seed=job.spec.seed)
        written = freeze_meta_graph(meta, frozen).meta.serialise()
        data = job.spec.data
        readable = [] if data is None or data.file is None else [Path(data.file)]
        confine_job(job, link, None if job.reads_files else readable)
        counts = job.card.step_variable is not None
        self._session = GraphSession(graph, step=counts, intra_op=job.intra_op, inter_op=job.inter_op)
        self._session.begin(start)
        writer = BundleWriter(job.folder, job.card.frozen, meta=written)
        self._checkpoints = RunCheckpoints(job.folder, job.spec, writer)
        self._step_feed = graph.step_feed
        self._placeholders = {feed.tensor: feed.placeholder for feed in graph.feeds}
        self._watched = _watched(plan, graph)
        self._rate = _rate(meta, job, card, self._placeholders)
        self._graph = graph
        self._guards = job.spec.on_nan == "stop"
        self._looped = False
        self._look_again = 0.0
        self.most_at_once = _AT_ONCE if self._session.can_loop() else 1

    def try_batch(self) -> tuple[float | None, float | None]:
        """As `Trainer.try_batch`; a graph that takes its own data is not asked, since that would use some of it up."""
        if self._graph.own_data:
            return None, None
        feeds = self._feeds(self.card.start_step)
        after = self._session.loss(feeds)
        before = after
        if self._before is not None:
            self._session.give(self._before, self._before.columns)
            before = self._session.loss(feeds)
            self._session.give(self._start, self._before.columns)
        return before, after

    def steps(self, at: int, count: int) -> Done:
        """As `Trainer.steps`; the numbers beside the loss are looked at now and then, with the last step's batch."""
        done = self._steps(at, count)
        losses = len(done.losses)
        return replace(done, scalars=self._look(at + losses - 1, losses)) if losses else done

    def _look(self, at: int, losses: int) -> dict[str, list[float | None]]:
        """Numbers after a step; the more they cost, the more seldom."""
        began = time.monotonic()
        if not self._graph.watched or began < self._look_again:
            return {}
        try:
            found = self._session.watched(self._feeds(at))
        except tf.errors.OpError as error:  # the run can do without
            sys.stdout.write(f"Numbers beside the loss are left out: {error}\n")
            self._look_again = math.inf
            return {}
        # the first one makes ready what the others find, and says nothing of what they cost
        took = time.monotonic() - began if self._look_again else 0.0
        self._look_again = began + max(METRICS_SECONDS, _LOOKING * took)
        return {name: [*[None] * (losses - 1), value] for name, value in found.items()}

    def _steps(self, at: int, count: int) -> Done:
        """In one call where that was seen to compute the same bits."""
        if count == 1:
            return self._one(at)
        if self._looped:
            return Done(*self._session.many(self._stacked(at, count), count))
        return self._compared(at, count) if count >= _COMPARED else self._one_by_one(at, count)

    def _one_by_one(self, at: int, count: int) -> Done:
        done = [self._one(at + number) for number in range(count)]
        return Done([loss for one in done for loss in one.losses], done[-1].step)

    def _compared(self, at: int, count: int) -> Done:
        """Some steps one by one, and once more in one call; which way to go on."""
        before = self._session.snapshot()
        first = self._session.counted or 0
        done = self._one_by_one(at, count)
        after = self._session.snapshot()
        try:
            self._session.loop_over(self._stacked(at, 1), self._rate)
            self._session.go_back(before)
            losses, step = self._session.many(self._stacked(at, count), count)
            again = self._session.snapshot()
            same = all(after[name].tobytes() == again[name].tobytes() for name in after)
            regular = done.step is None or done.step - first == count
            self._looped = same and regular and (losses, step) == (list(done.losses), done.step)
        except (ValueError, TypeError, RuntimeError, LookupError, tf.errors.OpError) as error:
            sys.stdout.write(f"Steps are done one by one: {error}\n")
        if not self._looped:
            self._session.go_back(after)
            self.most_at_once = 1
        return done

    def _one(self, at: int) -> Done:
        try:
            loss, step = self._session.step(self._feeds(at))
        except DataEnded:
            return Done((), ended=True)
        return Done((loss,), step)

    def save(self, step: int, loss: float) -> str:
        """As `Trainer.save`."""
        values = self._session.values(self._start)
        for key in self._watched if self._guards else ():
            if not np.isfinite(values[key]).all() and np.isfinite(self._start.read(key)).all():
                what = "is not a number any more" if np.isnan(values[key]).any() else "became infinite"
                raise NotANumber(f"{key} {what} at step {step}, so that was not saved.")
        state = encode_state(self._job, ())
        return self._checkpoints.save(step, TrainedValues(self._start, values), state, loss)

    def leave(self) -> None:
        """As `Trainer.leave`."""

    def _feeds(self, at: int) -> dict[str, object]:
        feeds: dict[str, object] = {
            self._placeholders[name]: value for name, value in self._feeder(at).items()
        }
        if self._step_feed is not None:
            feeds[self._step_feed] = at
        return feeds | self._rate

    def _stacked(self, at: int, count: int) -> dict[str, object]:
        """What changes with each of some steps, along a new first axis."""
        feeds: dict[str, object] = {
            self._placeholders[name]: value for name, value in self._feeder.many(at, count).items()
        }
        if self._step_feed is not None:
            feeds[self._step_feed] = np.arange(at, at + count)
        return {name: values for name, values in feeds.items() if name not in self._rate}


def _with_new_optimizer(
    meta: MetaGraph, held: frozenset[str], job: Job
) -> tuple[MetaGraph, TrainingGraph, Card]:
    """A graph that shows no gradients, with them and with the optimizer that they are for; how it trains; its card.

    Raises:
        RunFault, RequestFault: they cannot be computed, or not be used.
    """
    card, chosen = job.card, job.spec.optimizer
    assert chosen is not None
    optimizer = chosen_optimizer(chosen, job.spec.learning_rate)
    plan = plan_training(meta, held, train_ops=card.train_ops, loss=card.loss)
    meta = laid_open(meta, plan, optimizer)
    hidden = hidden_source(meta, plan, optimizer, job.spec.loss)
    assert hidden is not None
    meta, gradients = with_gradients(meta, *hidden)
    placed = put_optimizer(meta, plan, optimizer, held, gradients)
    trained = plan_training(placed.meta, held, train_ops=placed.train_ops, loss=card.loss)
    asked = {one.tensor for one in trained.feeds}
    changes: dict[str, Any] = {**bound_by(trained), "train_ops": trained.train_ops}
    changes["inputs"] = tuple(one for one in card.inputs if one.name in asked)
    changes["mapping"] = {name: source for name, source in card.mapping.items() if name in asked}
    return placed.meta, trained, replace(card, **changes, notes=(*card.notes, *placed.notes))


def _feeder(job: Job, card: Card) -> Feeder:
    file = None if job.spec.data is None else job.spec.data.file
    arrays = {} if file is None else open_data(file)
    feeds = plan_feeds(card.inputs, arrays, card.mapping, job.spec.batch_size)
    if feeds.problems:
        raise RunFault(" ".join(feeds.problems))
    used = [feed.source for feed in feeds.feeds if isinstance(feed.source, str)]
    values = read_data(file, list(dict.fromkeys(used))) if file is not None and used else {}
    return Feeder(feeds, values, job.spec.seed)


def _rate(meta: MetaGraph, job: Job, card: Card, placeholders: Mapping[str, str]) -> dict[str, object]:
    """What is fed in place of the graph's learning rate."""
    rate = job.spec.learning_rate
    if rate is None:
        return {}
    tensors = rate_tensors(unfreeze_meta_graph(meta).view, card.train_ops)
    return {placeholders.get(tensor, tensor): rate for tensor in tensors}


def _watched(plan: TrainingGraph, graph: RunGraph) -> tuple[str, ...]:
    """Keys of the trained variables of real numbers that the checkpoint held: none may get lost unnoticed."""
    trained = set(plan.trainable)
    floats = ("float", "bfloat", "double", "half")
    return tuple(
        dict.fromkeys(
            one.key
            for one in graph.variables
            if one.name in trained and one.held and one.dtype.startswith(floats)
        )
    )
