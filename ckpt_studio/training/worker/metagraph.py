"""The run of a MetaGraph: begins with the start checkpoint, steps, reports, saves, and stops where it is asked to."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from ckpt_studio.core.errors import RunFault
from ckpt_studio.formats.meta_graph import freeze_meta_graph, load_meta_graph, plan_training
from ckpt_studio.formats.meta_graph.run_graph import build_run_graph
from ckpt_studio.formats.meta_graph.run_parts import RunGraph
from ckpt_studio.formats.meta_graph.training import TrainingGraph
from ckpt_studio.formats.tf_bundle.bundle import Bundle, open_bundle
from ckpt_studio.training.card import inputs_of
from ckpt_studio.training.data import open_npz, plan_feeds, read_arrays
from ckpt_studio.training.feeder import Feeder
from ckpt_studio.training.worker.confine import confine
from ckpt_studio.training.worker.faults import DataEnded, NotANumber
from ckpt_studio.training.worker.graph_session import GraphSession
from ckpt_studio.training.worker.job import Job
from ckpt_studio.training.worker.keep import RunCheckpoints
from ckpt_studio.training.worker.link import Link
from ckpt_studio.training.worker.values import TrainedValues


def run(job: Job, link: Link) -> tuple[bool, str]:
    """Do the job; whether it came to its end (else it was stopped), and a sentence.

    Raises:
        RunFault, FileFault, SaveFault: it cannot go on.
    """
    link.say("state", state="compiling")
    start = open_bundle(job.start)
    meta = load_meta_graph(job.start + ".meta")
    plan = plan_training(meta, frozenset(start.columns.keys), train_ops=job.train_ops, loss=job.loss)
    feeder = _feeder(job, plan)
    graph = build_run_graph(meta, plan, job.frozen, fed=feeder.names, seed=job.seed)
    written = freeze_meta_graph(meta, job.frozen).meta.serialise()
    if confine(job.folder.path, None if job.reads_files else []) == 0:
        link.say(
            "log", text="This system cannot confine the training process to its folder; it runs unconfined."
        )
    counts = job.step_variable is not None
    session = GraphSession(graph, step=counts, intra_op=job.intra_op, inter_op=job.inter_op)
    session.begin(start)
    checkpoints = RunCheckpoints(job.folder, job.max_to_keep, written, job.frozen)
    return _Run(job, link, plan, graph, feeder, session, start, checkpoints).go()


def _feeder(job: Job, plan: TrainingGraph) -> Feeder:
    arrays = {} if job.data_file is None else open_npz(job.data_file)
    feeds = plan_feeds(inputs_of(plan), arrays, job.mapping, job.batch_size)
    if feeds.problems:
        raise RunFault(" ".join(feeds.problems))
    used = [feed.source for feed in feeds.feeds if isinstance(feed.source, str)]
    values = (
        read_arrays(job.data_file, list(dict.fromkeys(used))) if job.data_file is not None and used else {}
    )
    return Feeder(feeds, values, job.seed)


class _Run:
    """The loop, and what it needs."""

    def __init__(
        self,
        job: Job,
        link: Link,
        plan: TrainingGraph,
        graph: RunGraph,
        feeder: Feeder,
        session: GraphSession,
        start: Bundle,
        checkpoints: RunCheckpoints,
    ) -> None:
        self._job = job
        self._link = link
        self._feeder = feeder
        self._session = session
        self._start = start
        self._checkpoints = checkpoints
        self._step_feed = graph.step_feed
        self._placeholders = {feed.tensor: feed.placeholder for feed in graph.feeds}
        self._watched = _watched(plan, graph)
        self._done = 0
        self._step = job.start_step
        self._counts_itself = job.step_variable is None

    def go(self) -> tuple[bool, str]:
        """Step until the end or until asked to stop, and save what was trained."""
        job, link = self._job, self._link
        ended = False
        while (job.steps is None or self._done < job.steps) and not link.stop.is_set():
            try:
                self._one_step()
            except DataEnded:
                ended = True
                break
            due = job.save_every and self._done % job.save_every == 0
            if link.save.is_set() or due:
                link.save.clear()
                self._save()
                link.say("state", state="running")
        if self._done == 0:
            if ended:
                raise RunFault(
                    "The graph's own data ended before the first step was done; map data to its inputs."
                )
            return False, "The run was stopped before its first step."
        self._save()
        name = Path(job.folder.prefix(self._step)).name
        if ended:
            return True, (
                f"The graph's own data ended at step {self._step}, so the run finished after {self._done} steps; "
                f"it is saved as {name}."
            )
        finished = self._done == job.steps
        said = "finished" if finished else "was stopped"
        return (
            finished,
            f"The run {said} after {self._done} steps, at step {self._step}; it is saved as {name}.",
        )

    def _one_step(self) -> None:
        at = self._job.start_step + self._done
        feeds: dict[str, object] = {
            self._placeholders[name]: value for name, value in self._feeder(at).items()
        }
        if self._step_feed is not None:
            feeds[self._step_feed] = at
        loss, step = self._session.step(feeds)
        if self._done == 0:
            self._link.say("state", state="running")  # not before a whole step has shown that it can
        self._done += 1
        if not self._counts_itself and step is not None and step <= self._step and self._done == 1:
            self._counts_itself = True
            self._link.say(
                "log", text=f"{self._job.step_variable} does not count up; the run counts its steps itself."
            )
        self._step = self._step + 1 if self._counts_itself or step is None else step
        self._link.step(self._step, loss)
        if loss is not None and not math.isfinite(loss):
            what = "is not a number any more" if math.isnan(loss) else "became infinite"
            raise NotANumber(f"The loss {what} at step {self._step}, so the run was stopped.")

    def _save(self) -> None:
        if self._checkpoints.newest == self._step:
            return
        self._link.say("state", state="saving")
        values = self._session.values(self._start)
        for key in self._watched:
            if not np.isfinite(values[key]).all() and np.isfinite(self._start.read(key)).all():
                what = "is not a number any more" if np.isnan(values[key]).any() else "became infinite"
                raise NotANumber(f"{key} {what} at step {self._step}, so that was not saved.")
        prefix = self._checkpoints.save(self._step, TrainedValues(self._start, values))
        self._link.say("checkpoint", step=self._step, name=Path(prefix).name)


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
