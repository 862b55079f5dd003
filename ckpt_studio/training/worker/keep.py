"""The checkpoints of a run: written by a writer of their kind; the newest and, where asked for, the best ones stay."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from ckpt_studio.core.tensors import TensorSource, decode, encode
from ckpt_studio.formats.saving import Saving
from ckpt_studio.formats.tf_bundle.state_file import encode_state_file, parse_state_file
from ckpt_studio.formats.tf_bundle.write import write_bundle
from ckpt_studio.formats.writing import Sidecars
from ckpt_studio.training.run_folder import RUN_STATE, RunFolder
from ckpt_studio.training.spec import RunSpec

STATE_FILE = "checkpoint"
SIDECAR = ".ckpt-studio.json"


class Writer(Protocol):
    """How a run's values become files."""

    def write(self, step: int, source: TensorSource, state: bytes | None) -> tuple[str, tuple[str, ...]]:
        """Write the checkpoint of a step; its name and its files.

        Args:
            step: its number.
            source: the values.
            state: what goes beside it so that the run can be resumed exactly, or None.

        Raises:
            SaveFault: it could not be written; nothing was left behind.
        """
        ...

    def forget(self, name: str) -> None:
        """Take a checkpoint out of lists, before its files go."""
        ...


@dataclass(slots=True)
class _Kept:
    step: int
    name: str
    files: tuple[str, ...]
    loss: float


class RunCheckpoints:
    """Writes a run's checkpoints and lets go of the oldest.

    Args:
        folder: the run's folder.
        spec: how many stay. Only checkpoints that this object wrote are ever deleted.
        writer: writes them.
    """

    def __init__(self, folder: RunFolder, spec: RunSpec, writer: Writer) -> None:
        self._folder = folder
        self._spec = spec
        self._writer = writer
        self._kept: list[_Kept] = []

    def save(
        self, step: int, source: TensorSource, state: bytes | None = None, loss: float = float("inf")
    ) -> str:
        """Write the checkpoint of a step and let go of those that need not stay; its name.

        Args:
            step: its number.
            source: the values.
            state: see `Writer.write`.
            loss: the mean loss since the last one, where it is known.

        Raises:
            SaveFault: it could not be written; the older ones are as they were.
        """
        name, files = self._writer.write(step, source, state)
        self._kept.append(_Kept(step, name, files, loss))
        for gone in self._spare():
            self._kept.remove(gone)
            self._writer.forget(gone.name)
            for file in gone.files:
                with suppress(OSError):
                    Path(file).unlink()
        return name

    def _spare(self) -> Sequence[_Kept]:
        """Those that neither are among the newest nor among the best."""
        if self._spec.max_to_keep == 0:
            return ()
        newest = self._kept[-self._spec.max_to_keep :]
        best = sorted(self._kept, key=lambda one: one.loss)[: self._spec.keep_best]
        return [one for one in self._kept if one not in newest and one not in best]


class BundleWriter:
    """Writes `model.ckpt-STEP` as a bundle that the folder's state file names.

    Args:
        folder: the run's folder.
        frozen: keys that are marked as frozen beside each, so that they are when it is opened again.
        meta: the `.meta` that goes with each, or None.
    """

    def __init__(self, folder: RunFolder, frozen: Sequence[str], meta: bytes | None = None) -> None:
        self._folder = folder
        self._meta = meta
        self._marks: dict[str, Callable[[int], bytes]] = {SIDECAR: marks_of(frozen)} if frozen else {}

    def write(self, step: int, source: TensorSource, state: bytes | None) -> tuple[str, tuple[str, ...]]:
        """As `Writer.write`."""
        prefix = self._folder.prefix(step)
        sidecars: Sidecars = {**self._marks, **({} if state is None else {RUN_STATE: state})}
        written = write_bundle(source, prefix, meta=self._meta, sidecars=sidecars, state="append")
        return Path(prefix).name, written.files

    def forget(self, name: str) -> None:
        """As `Writer.forget`."""
        state = parse_state_file(str(self._folder.path / STATE_FILE))
        kept = [at for at, path in enumerate(state.paths) if path != name]
        state = replace(
            state,
            paths=tuple(state.paths[at] for at in kept),
            timestamps=tuple(state.timestamps[at] for at in kept if at < len(state.timestamps)),
        )
        with Saving(str(self._folder.path)) as saving:
            saving.switch(saving.write_small(encode_state_file(state)), STATE_FILE)


def marks_of(frozen: Sequence[str]) -> Callable[[int], bytes]:
    """The sidecar with the frozen marks, as CONTRACT.md's PATCH, for a checkpoint of so many data files."""
    keys = [_text_of(key) for key in frozen]
    edits = [{"op": "freeze", "match": key} for key in keys]

    def make(num_shards: int) -> bytes:
        value = {"version": 1, "edits": edits, "frozen": keys, "num_shards": num_shards}
        return json.dumps(value, indent=1).encode("ascii") + b"\n"

    return make


def _text_of(key: str) -> str:
    """A key as strict JSON can hold it, see CONTRACT.md."""
    raw = encode(key)
    return (
        f"hex:{raw.hex()}" if decode(raw) != raw.decode("utf-8", "replace") or key.startswith("hex:") else key
    )
