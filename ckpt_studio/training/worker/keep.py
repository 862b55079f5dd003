"""The checkpoints of a run: written by our own writer, named in the folder's state file, the oldest let go."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from ckpt_studio.core.tensors import TensorSource, decode, encode
from ckpt_studio.formats.saving import Saving
from ckpt_studio.formats.tf_bundle.state_file import encode_state_file, parse_state_file
from ckpt_studio.formats.tf_bundle.write import write_bundle
from ckpt_studio.training.run_folder import RunFolder

STATE_FILE = "checkpoint"
SIDECAR = ".ckpt-studio.json"


class RunCheckpoints:
    """Writes `model.ckpt-STEP` into the run's folder and keeps the newest ones.

    Args:
        folder: the run's folder.
        max_to_keep: how many stay, 0: all. Only checkpoints that this object wrote are ever deleted.
        meta: the `.meta` that goes with each.
        frozen: keys that are marked as frozen beside each, so that they are when it is opened again.
    """

    def __init__(self, folder: RunFolder, max_to_keep: int, meta: bytes, frozen: tuple[str, ...]) -> None:
        self._folder = folder
        self._max_to_keep = max_to_keep
        self._meta = meta
        self._sidecars = {SIDECAR: _marks(frozen)} if frozen else {}
        self._kept: deque[tuple[int, tuple[str, ...]]] = deque()

    @property
    def newest(self) -> int | None:
        """Step of the newest one, None before the first."""
        return self._kept[-1][0] if self._kept else None

    def save(self, step: int, source: TensorSource) -> str:
        """Write the checkpoint of a step and let go of the oldest; its prefix.

        Raises:
            SaveFault: it could not be written; the older ones are as they were.
        """
        prefix = self._folder.prefix(step)
        written = write_bundle(source, prefix, meta=self._meta, sidecars=self._sidecars, state="append")
        self._kept.append((step, written.files))
        while 0 < self._max_to_keep < len(self._kept):
            gone, files = self._kept.popleft()
            self._forget(Path(self._folder.prefix(gone)).name)
            for file in files:
                with suppress(OSError):
                    Path(file).unlink()
        return prefix

    def _forget(self, name: str) -> None:
        """Take one out of the state file, before its files go."""
        state = parse_state_file(str(self._folder.path / STATE_FILE))
        kept = [at for at, path in enumerate(state.paths) if path != name]
        state = replace(
            state,
            paths=tuple(state.paths[at] for at in kept),
            timestamps=tuple(state.timestamps[at] for at in kept if at < len(state.timestamps)),
        )
        with Saving(str(self._folder.path)) as saving:
            saving.switch(saving.write_small(encode_state_file(state)), STATE_FILE)


def _marks(frozen: tuple[str, ...]) -> Callable[[int], bytes]:
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
