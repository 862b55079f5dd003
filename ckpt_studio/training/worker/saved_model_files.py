"""Writes a run's checkpoints as SavedModels: the graph as it was, and the variables of the run."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from ckpt_studio.core.errors import SaveFault
from ckpt_studio.core.tensors import TensorSource
from ckpt_studio.formats.saving import Saving
from ckpt_studio.formats.tf_bundle.write import write_bundle
from ckpt_studio.training.run_folder import CHECKPOINT_NAME, RUN_STATE, RunFolder
from ckpt_studio.training.worker.keep import SIDECAR, marks_of


class SavedModelWriter:
    """Writes `model.ckpt-STEP` as a folder that TensorFlow loads.

    Args:
        folder: the run's folder.
        frozen: keys that are marked as frozen beside each.
    """

    def __init__(self, folder: RunFolder, frozen: Sequence[str]) -> None:
        self._folder = folder
        self._marks = marks_of(frozen) if frozen else None

    def write(self, step: int, source: TensorSource, state: bytes | None) -> tuple[str, tuple[str, ...]]:
        """As `Writer.write`: complete when its folder gets its name."""
        name = f"{CHECKPOINT_NAME}-{step}"
        made, place = self._folder.work / name, self._folder.path / name
        try:
            shutil.rmtree(made, ignore_errors=True)
            ignored = shutil.ignore_patterns("variables")
            shutil.copytree(self._folder.saved_model, made, ignore=ignored)
            written = write_bundle(source, str(made / "variables" / "variables"))
            shards = sum(".data-" in file for file in written.files)
            parts = {RUN_STATE: state, SIDECAR: None if self._marks is None else self._marks(shards)}
            with Saving(str(self._folder.path)) as saving:
                for suffix, data in parts.items():
                    if data is not None:
                        saving.switch(saving.write_small(data), name + suffix)
            os.replace(made, place)  # noqa: PTH105
        except OSError as error:
            shutil.rmtree(made, ignore_errors=True)
            raise SaveFault(f"{name} could not be written: {error.strerror or error}.", path=place) from error
        files = [place.with_name(name + suffix) for suffix, data in parts.items() if data is not None]
        return name, tuple(str(file) for file in files)

    def forget(self, name: str) -> None:
        """As `Writer.forget`: the folder goes, with all that this writer put into it."""
        shutil.rmtree(Path(self._folder.path) / name, ignore_errors=True)
