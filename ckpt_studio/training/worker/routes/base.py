"""What a kind of run gives to the loop that all of them share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Protocol

from ckpt_studio.training.card import Card
from ckpt_studio.training.worker.job import Job
from ckpt_studio.training.worker.link import Link


@dataclass(frozen=True, slots=True)
class Done:
    """Some steps that were done.

    Attributes:
        losses: one a step; None where there is none.
        step: what the checkpoint's own counter says after the last one, or None where the run counts.
        ended: whether the data came to its end before all were done.
        scalars: other numbers by name, one a step; None where it was not looked at.
    """

    losses: Sequence[float | None]
    step: int | None = None
    ended: bool = False
    scalars: Mapping[str, Sequence[float | None]] = field(default_factory=dict)


class Trainer(Protocol):
    """One run's model with its values.

    Attributes:
        card: what binds and what does not, found out by building it.
        most_at_once: how many steps may be done in one call.
    """

    card: Card
    most_at_once: int

    def try_batch(self) -> tuple[float | None, float | None]:
        """The loss of the first batch with the values on disk and with the staged ones; nothing changes by it."""
        ...

    def steps(self, at: int, count: int) -> Done:
        """Do so many steps, the first of which is the `at`-th since the data began."""
        ...

    def save(self, step: int, loss: float) -> str:
        """Write the checkpoint of a step, before which the mean loss was `loss`; its name in the run's folder.

        Raises:
            NotANumber: a trained variable is no finite number any more.
            SaveFault: it could not be written.
        """
        ...

    def leave(self) -> None:
        """The run has ended, and what was to be saved is.

        Raises:
            RunFault: who was to save it is gone.
        """
        ...


class WorkerRoute(Protocol):
    """One kind of run; `name` is that of its other half in `training.routes`."""

    name: ClassVar[str]

    def build(self, job: Job, link: Link) -> Trainer:
        """Build the model, confine the process, and give the model its values.

        Raises:
            RunFault, FileFault: it cannot be run.
        """
        ...


def has_before(job: Job) -> bool:
    """Whether staged edits replaced values, and those of the checkpoint on disk lie beside the start."""
    return Path(f"{job.folder.before}.index").is_file()
