"""What every kind of run offers to the runner; its other half, in the training process, is `worker.routes`."""

from __future__ import annotations

from typing import ClassVar, Protocol

from ckpt_studio.core.tensors import TensorSource
from ckpt_studio.formats.base import Checkpoint
from ckpt_studio.training.card import Card
from ckpt_studio.training.prepare import Start
from ckpt_studio.training.spec import RunSpec


class Route(Protocol):
    """One kind of run. Nothing of the person's code runs here: that is the training process's.

    Attributes:
        name: what `run.json` and the card call it.
    """

    name: ClassVar[str]

    def declines(self, base: Checkpoint, spec: RunSpec) -> str | None:
        """Why this route cannot run the checkpoint, as a clause about it; None where it can."""
        ...

    def prospect(self, source: TensorSource, base: Checkpoint, spec: RunSpec, frozen: frozenset[str]) -> Card:
        """What a run would do, as far as that is known before anything runs.

        Args:
            source: the staged view that the run would begin with.
            base: the checkpoint that it comes from.
            spec: the specification, as far as it is known.
            frozen: keys that the run must not change.

        Raises:
            FileFault: a file that says it cannot be read.
            RequestFault: the specification contradicts it.
        """
        ...

    def write_start(self, start: Start) -> str:
        """Write what the training process begins with into the run's folder; the prefix of the start checkpoint.

        Raises:
            SaveFault, FileFault, Cancelled: as `write_bundle`.
        """
        ...
