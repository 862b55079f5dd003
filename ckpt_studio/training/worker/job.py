"""The job of a training process: what `run.json` in the run folder says."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from ckpt_studio.training.card import Card
from ckpt_studio.training.card_json import card_of
from ckpt_studio.training.run_folder import RunFolder
from ckpt_studio.training.spec import RunSpec, parse_spec


@dataclass(frozen=True, slots=True)
class Job:
    """See `prepare.job_of`, which writes it.

    Attributes:
        folder: the run's folder.
        route: the kind of run, see `worker.routes.registry`.
        spec: what was asked.
        card: what is known before anything ran.
        start: prefix of the checkpoint to begin with, inside the folder.
        rehearse: whether to end when the card is made.
    """

    folder: RunFolder
    route: str
    spec: RunSpec
    card: Card
    start: str
    rehearse: bool
    intra_op: int
    inter_op: int

    @classmethod
    def load(cls, path: str) -> Job:
        """Read `run.json`."""
        file = Path(path)
        said = json.loads(file.read_text("utf-8"))
        return cls(
            folder=RunFolder(str(file.parent)),
            route=said["route"],
            spec=parse_spec(said["spec"], file.parent, path),
            card=card_of(said["card"]),
            start=said["start"],
            rehearse=said["rehearse"],
            intra_op=said["threads"]["intra_op"],
            inter_op=said["threads"]["inter_op"],
        )

    @property
    def reads_files(self) -> bool:
        """Whether the graph reads files of the person's, who allowed that."""
        return any(risk.kind in ("files", "other") for risk in self.card.risks)
