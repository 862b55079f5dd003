"""Writes a run's checkpoints as `.keras` files that stock Keras loads and trains on."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from ckpt_studio.core.errors import SaveFault
from ckpt_studio.core.tensors import TensorSource
from ckpt_studio.formats.saving import Saving
from ckpt_studio.training.run_folder import CHECKPOINT_NAME, KERAS, RUN_STATE, RunFolder
from ckpt_studio.training.worker.keep import SIDECAR, marks_of
from ckpt_studio.training.worker.live import LiveVariable


class KerasWriter:
    """Writes `model.ckpt-STEP.keras`, by Keras itself.

    Args:
        folder: the run's folder.
        model: what is written, with its optimizer.
        frozen: variables that are marked as frozen beside each, under the keys that such a file has for them.
    """

    def __init__(self, folder: RunFolder, model: Any, frozen: Sequence[LiveVariable]) -> None:
        self._folder = folder
        self._model = model
        keys = [key for one in frozen for key in one.told.stored]
        self._marks = marks_of(keys)(0) if keys else None

    def write(self, step: int, source: TensorSource, state: bytes | None) -> tuple[str, tuple[str, ...]]:
        """As `Writer.write`; the values are the model's own."""
        name = f"{CHECKPOINT_NAME}-{step}{KERAS}"
        made = self._folder.work / f"saving{KERAS}"
        try:
            self._model.save(made)
            _sync(made)
        except OSError as error:
            with suppress(OSError):
                made.unlink()
            raise SaveFault(f"{name} could not be written: {error.strerror or error}.", path=made) from error
        parts = {RUN_STATE: state, SIDECAR: self._marks}
        files = [str(self._folder.path / name)]
        with Saving(str(self._folder.path)) as saving:
            for suffix, data in parts.items():
                if data is not None:
                    saving.switch(saving.write_small(data), name + suffix)
                    files.append(str(self._folder.path / (name + suffix)))
        os.replace(made, self._folder.path / name)  # noqa: PTH105
        _sync(self._folder.path)
        return name, tuple(files)

    def forget(self, name: str) -> None:
        """As `Writer.forget`: no list names these."""


def _sync(path: Path) -> None:
    place = os.open(path, os.O_RDONLY)
    try:
        os.fsync(place)
    finally:
        os.close(place)
