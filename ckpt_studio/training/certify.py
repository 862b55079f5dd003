"""Certifies a written checkpoint: the library it is meant for restores it in another process, every tensor is compared.

TensorFlow for its own checkpoints, Keras for its archives; NumPy, safetensors and h5py for the other formats.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from ckpt_studio.core.child_environment import child_environment
from ckpt_studio.core.crc import crc32c
from ckpt_studio.core.dtypes import BY_NAME, unknown
from ckpt_studio.core.errors import RunFault
from ckpt_studio.core.tasks import UNTENDED, Task
from ckpt_studio.core.tensors import TensorSource, printable
from ckpt_studio.core.texts import some_of
from ckpt_studio.formats.encoding import in_order

WORKER: Final = (sys.executable, "-P", "-m", "ckpt_studio.training.worker.certify")
_POLL_SECONDS: Final = 0.1
_FORMATS: Final = ("tf_bundle", "npz", "safetensors", "keras_weights", "keras_h5", "keras")
_UNLOADED: Final = "keras_unloaded"
"""A `.keras` archive of which only the weights are read."""
_TAIL: Final = 400


@dataclass(frozen=True, slots=True)
class Certificate:
    """What restoring has shown.

    Attributes:
        library: what restored it, with its version.
        compared: tensors whose values were compared and are the same.
        skipped: tensors that the library cannot hand out, such as the state of iterators.
        faults: sentences about those that are not what was to be written.
    """

    library: str
    compared: int
    skipped: tuple[str, ...]
    faults: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """What a person wants to know."""
        if self.faults:
            return f"Not certified: {' '.join(self.faults[:3])}"
        more = f" It cannot hand out {some_of(self.skipped)}." if self.skipped else ""
        count = "1 tensor" if self.compared == 1 else f"all {self.compared} tensors"
        return f"Certified: {self.library} restores {count} with the same values.{more}"


def certify(path: str, kind: str, wanted: TensorSource, task: Task = UNTENDED) -> Certificate:
    """Let the library restore a checkpoint, and compare it with what was to be written.

    Args:
        path: what opens it.
        kind: its format.
        wanted: what was to be written, under the keys of the new checkpoint.
        task: cancelled and watched; counts the bytes of what was to be written.

    Raises:
        RunFault: the library could not open it, or ended in the middle.
        FileFault: `wanted` cannot be read any more.
        Cancelled: if asked to stop.
    """
    if kind not in _FORMATS:
        raise RunFault(f"Checkpoints of the format {kind} cannot be certified.", path=path)
    task.total = int(wanted.columns.nbytes.sum())
    kind = _UNLOADED if kind == "keras" and not _can_be_loaded(path) else kind
    with tempfile.TemporaryFile() as log, tempfile.TemporaryDirectory(prefix="ckpt-studio-") as room:
        process = subprocess.Popen(
            (*WORKER, kind, path, room),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            env=child_environment(TF_CPP_MIN_LOG_LEVEL="3"),
            start_new_session=True,
        )
        try:
            return _compare(_answers(process, task), wanted, path, task)
        except _Silent:
            log.seek(max(0, log.seek(0, os.SEEK_END) - _TAIL))
            last = log.read().decode("utf-8", "replace").strip().rpartition("\n")[2]
            raise RunFault(
                f"The process that restores {printable(path)!r} ended in the middle ({last or 'without a word'}).",
                path=path,
            ) from None
        finally:
            process.kill()
            process.wait()


def _can_be_loaded(path: str) -> bool:
    """Whether a model is made of Keras's own classes only, and of nobody's code."""
    from ckpt_studio.training.keras_model import archive_text

    text = archive_text(path)
    return text is not None and not text.custom


class _Silent(Exception):
    """The process ended before it was done."""


def _answers(process: subprocess.Popen[bytes], task: Task) -> Iterator[dict[str, Any]]:
    """What it says, line by line; a cancel is noticed while it says nothing."""
    lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    assert process.stdout is not None
    pipe = process.stdout

    def listen() -> None:
        with pipe:
            for line in pipe:
                lines.put(line)
        lines.put(b"")

    threading.Thread(target=listen, name="certify", daemon=True).start()
    while True:
        try:
            line = lines.get(timeout=_POLL_SECONDS)
        except queue.Empty:
            task.check()
            continue
        if not line:
            raise _Silent
        answer = json.loads(line)
        yield answer
        if "end" in answer:
            return


def _compare(answers: Iterator[dict[str, Any]], wanted: TensorSource, path: str, task: Task) -> Certificate:
    columns = wanted.columns
    library, compared = "", 0
    skipped: list[str] = []
    faults: list[str] = []
    seen = np.zeros(len(columns), np.bool_)
    for answer in answers:
        if "ready" in answer:
            library = str(answer["ready"])
        if "key" not in answer:
            continue
        row = columns.keys.find_raw(bytes.fromhex(answer["key"]))
        name = printable(bytes.fromhex(answer["key"]).decode("utf-8", "surrogateescape"))
        if row < 0:
            faults.append(f"{name!r} was not to be there.")
            continue
        seen[row] = True
        opaque = unknown(int(columns.dtype[row])).numpy is None or "unable" in answer
        if opaque or "error" in answer:
            (skipped if opaque else faults).append(name if opaque else f"{name!r}: {answer['error']}.")
            continue
        fault = _difference(answer, wanted, row, task)
        compared += fault is None
        faults += [] if fault is None else [fault]
    faults += [f"{printable(columns.keys[row])!r} is missing." for row in np.flatnonzero(~seen).tolist()]
    return Certificate(library, compared, tuple(skipped), tuple(faults))


def _difference(answer: dict[str, Any], wanted: TensorSource, row: int, task: Task) -> str | None:
    """A sentence where a tensor is not what it should be."""
    columns = wanted.columns
    key, shape = columns.keys[row], columns.shape(row)
    if tuple(answer["shape"]) != shape:
        return f"{printable(key)!r} came back with the shape {answer['shape']} and should have {shape}."
    own = unknown(int(columns.dtype[row]))
    if answer["crc"] == checksum_of(wanted, key, answer["dtype"], task):
        return None
    return f"{printable(key)!r} ({own.name}) came back with other values."


def checksum_of(source: TensorSource, key: str, dtype: str, task: Task = UNTENDED) -> int:
    """The checksum that the worker should give for a variable that comes back as this numpy type."""
    own = source.columns.of(key).dtype
    if own.name == "string":
        crc = 0
        for text in source.read(key).reshape(-1):
            crc = crc32c(bytes(text), crc32c(len(text).to_bytes(8, "little"), crc))
        return crc
    kept = BY_NAME.get(dtype)
    crc = 0
    for block in source.blocks(key, task):
        wide = kept is not None and kept.numpy is not None and kept.numpy != own.numpy
        crc = crc32c(in_order(block.astype(kept.numpy) if wide and kept is not None else block), crc)
    return crc
