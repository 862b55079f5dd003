"""The job of a training process: what `run.json` in the run folder says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ckpt_studio.training.run_folder import RunFolder


@dataclass(frozen=True, slots=True)
class Job:
    """See `prepare.job_of`, which writes it.

    Attributes:
        folder: the run's folder.
        start: prefix of the checkpoint to begin with, inside the folder.
        step_variable: key of the step, or None to count from `start_step`.
        steps: how many, or None: until stopped.
        reads_files: whether the graph reads files of the person's, who allowed that.
    """

    folder: RunFolder
    start: str
    start_step: int
    step_variable: str | None
    train_ops: tuple[str, ...]
    loss: str | None
    frozen: tuple[str, ...]
    steps: int | None
    save_every: int
    max_to_keep: int
    data_file: str | None
    mapping: Mapping[str, str | float]
    batch_size: int | None
    seed: int
    reads_files: bool
    intra_op: int
    inter_op: int

    @classmethod
    def load(cls, path: str) -> Job:
        """Read `run.json`."""
        file = Path(path)
        said = json.loads(file.read_text("utf-8"))
        return cls(
            folder=RunFolder(str(file.parent)),
            start=said["start"],
            start_step=said["start_step"],
            step_variable=said["step_variable"],
            train_ops=tuple(said["train_ops"]),
            loss=said["loss"],
            frozen=tuple(said["frozen"]),
            steps=said["steps"],
            save_every=said["save_every"],
            max_to_keep=said["max_to_keep"],
            data_file=said["data_file"],
            mapping=said["mapping"],
            batch_size=said["batch_size"],
            seed=said["seed"],
            reads_files=said["reads_files"],
            intra_op=said["threads"]["intra_op"],
            inter_op=said["threads"]["inter_op"],
        )
