"""The run of a recipe by several workers: as that of one, but each step is taken together and one of them writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ckpt_studio.core.tensors import TensorSource
from ckpt_studio.formats.tf_bundle.bundle import open_bundle
from ckpt_studio.training.run_folder import CHECKPOINT_NAME
from ckpt_studio.training.worker.crew import Crew, start_of, statistics_of
from ckpt_studio.training.worker.job import Job
from ckpt_studio.training.worker.keep import Writer
from ckpt_studio.training.worker.live import LiveVariable
from ckpt_studio.training.worker.recipe_file import Recipe
from ckpt_studio.training.worker.routes.base import Done
from ckpt_studio.training.worker.routes.stepped import Parts, SteppedTrainer


class CrewTrainer(SteppedTrainer):
    """One worker's part of it; implements `Trainer`.

    Raises:
        RunFault: the workers do not begin with the same, or one of them is gone.
    """

    most_at_once = 1
    """Exchanges inside a loop in the graph are told apart by its turns, and those differ between workers."""

    def __init__(self, job: Job, parts: Parts, crew: Crew, recipe: Recipe) -> None:
        self._crew = crew
        self._done, self._check_at = 0, 1
        crew.check_same("start", [*start_of(job, open_bundle(job.start))])
        step = crew.step_of(parts.step, statistics_of(recipe))
        writer = parts.writer if crew.index == 0 else _nowhere
        super().__init__(job, replace(parts, step=step, writer=writer))
        notes = [
            f"{crew.size} workers share each batch; this is worker {crew.index}, and worker 0 writes the checkpoints."
        ]
        if statistics_of(recipe):
            notes.append("Statistics are taken of each worker's rows, and their changes are averaged.")
        self.card = replace(self.card, notes=(*self.card.notes, *notes))

    def steps(self, at: int, count: int) -> Done:
        """As `Trainer.steps`."""
        with self._crew.working():
            done = super().steps(at, count)
        self._done += count
        if self._done >= self._check_at:  # a step that updates in a way of its own would show
            self._check_at *= 10
            trained = [np.asarray(one.value()).tobytes() for one in self._variables if one.told.trained]
            self._crew.check_same(f"weights after {self._done} steps", trained)
        return done

    def leave(self) -> None:
        """As `Trainer.leave`."""
        self._crew.part()

    def _try(self, kept: Sequence[object]) -> float:
        with self._crew.working():
            return super()._try(kept)


class _Nowhere:
    """Writes nothing: another worker does."""

    def write(self, step: int, source: TensorSource, state: bytes | None) -> tuple[str, tuple[str, ...]]:
        """As `Writer.write`: the name that it has with worker 0."""
        return f"{CHECKPOINT_NAME}-{step}", ()

    def forget(self, name: str) -> None:
        """As `Writer.forget`."""


def _nowhere(_: Sequence[LiveVariable], __: Sequence[str]) -> Writer:
    return _Nowhere()
