"""The run's own folder: what lies where in it, how it is made, and what is swept from it when the run is over.

    OUT/start/model.ckpt-STEP.*   the staged view as the run began, with its graph; never deleted, not in the state file
    OUT/model.ckpt-STEP.*         the run's checkpoints, with `checkpoint` as their state file
    OUT/model.ckpt-STEP.keras     the same of a run of a Keras file; beside each its RUN_STATE
    OUT/model.ckpt-STEP/          the same of a run of a SavedModel
    OUT/run.json                  the job: specification, what was chosen, seed, threads
    OUT/events.jsonl              what happened, as `ckpt-studio train` prints it
    OUT/events.out.tfevents.*     the same for TensorBoard
    OUT/log.txt                   what the training process wrote to its standard output and error
    OUT/work/                     temporary files of the training process; removed at the end

Nothing outside of it is touched by a run.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from ckpt_studio.core.errors import RunFault, TargetExists

CHECKPOINT_NAME: Final = "model.ckpt"
RUN_STATE: Final = ".ckpt-studio-run.json"
"""Suffix of what lies beside a checkpoint of a run so that it can be resumed exactly."""
KERAS: Final = ".keras"
_OWN_NAME: Final = re.compile(r"model\.ckpt-(\d{1,19})(\.keras)?")
_TEMPORARY: Final = re.compile(r"\.ckpt-studio-[0-9a-f]+-\d+\.tmp")
_PART: Final = re.compile(
    r"(model\.ckpt-\d{1,19})(\.keras)?\.(data-\d{5}-of-\d{5}|meta|ckpt-studio\.json|ckpt-studio-run\.json)"
)


def own_step(name: str) -> int | None:
    """The step of one of the run's checkpoints, None for any other name."""
    match = _OWN_NAME.fullmatch(name)
    return None if match is None else int(match[1])


class RunFolder:
    """Paths of a run's folder.

    Args:
        path: the folder, absolute.
    """

    def __init__(self, path: str) -> None:
        self.path = Path(path).absolute()
        self.start = self.path / "start"
        self.job = self.path / "run.json"
        self.events = self.path / "events.jsonl"
        self.log = self.path / "log.txt"
        self.work = self.path / "work"
        self.card = self.work / "card.json"
        self.before = self.start / "before"
        self.known = self.start / "variables.json"
        self.model = self.start / "model.json"
        self.assets = self.start / "assets"
        self.saved_model = self.start / "saved_model"

    def check(self) -> None:
        """See that the folder can be the run's own.

        Raises:
            TargetExists: it is there and not empty, or not a folder.
        """
        try:
            taken = any(self.path.iterdir())
        except FileNotFoundError:
            return
        except OSError as error:
            raise TargetExists(
                f"The run cannot use {self.path}: {error.strerror}; choose another folder.", path=self.path
            ) from error
        if taken:
            raise TargetExists(
                f"The folder {self.path} is not empty; a run needs a new folder of its own, so choose another name.",
                path=self.path,
            )

    def make(self) -> None:
        """Make the folder and its parts.

        Raises:
            TargetExists: see `check`.
            RunFault: the system refuses.
        """
        self.check()
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self.start.mkdir()
            self.work.mkdir()
            self.log.touch()
        except OSError as error:
            raise RunFault(
                f"The run's folder {self.path} cannot be made: {error.strerror}; choose another one.",
                path=self.path,
            ) from error

    def write_job(self, job: Mapping[str, Any]) -> None:
        """Write the job that the training process reads.

        Raises:
            RunFault: the system refuses.
        """
        try:
            self.job.write_text(json.dumps(job, indent=1) + "\n", "utf-8")
        except OSError as error:
            raise RunFault(f"{self.job} cannot be written: {error.strerror}.", path=self.job) from error

    def prefix(self, step: int) -> str:
        """Prefix of the run's checkpoint of a step, where it is a bundle."""
        return str(self.path / f"{CHECKPOINT_NAME}-{step}")

    def checkpoint_of(self, name: str) -> tuple[int, str] | None:
        """Step and prefix of the run's complete checkpoint of this name; None where it is none of the run's."""
        step = own_step(name)
        index, folder = self.path / f"{name}.index", self.path / name / "variables" / "variables.index"
        whole = self.path / name if name.endswith(KERAS) else folder if folder.is_file() else index
        if step is None or whole.is_symlink() or not whole.is_file():
            return None
        return step, str(self.path / name)

    def newest(self) -> str | None:
        """Prefix of the run's complete checkpoint with the highest step, or None."""
        found = [
            self.checkpoint_of(file.name.removesuffix(".index")) for file in self.path.glob("model.ckpt-*")
        ]
        return max((one for one in found if one is not None), default=(0, None))[1]

    def discard(self) -> None:
        """Remove what was made for a run that did not begin. The training process must be gone."""
        for file in (self.job, self.events, self.log):
            with suppress(OSError):
                file.unlink()
        for file in self.path.glob("events.out.tfevents.*"):
            with suppress(OSError):
                file.unlink()
        for folder in (self.start, self.work):
            if not folder.is_symlink():
                shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):
            self.path.rmdir()  # stays where the person had made it with something in it

    def sweep(self) -> None:
        """Remove what a save that died has left, and the temporary files. The training process must be gone."""
        with suppress(OSError):
            for file in self.path.iterdir():
                part = _PART.fullmatch(file.name)
                half = part is not None and self.checkpoint_of(part[1] + (part[2] or "")) is None
                if half or _TEMPORARY.fullmatch(file.name):
                    with suppress(OSError):
                        file.unlink()
        if not self.work.is_symlink():
            shutil.rmtree(self.work, ignore_errors=True)
