"""Says in a sentence what a file is that no reader opens, from its name and a few of its bytes."""

from __future__ import annotations

import os
import re
from typing import Final

from ckpt_studio.core.errors import FileFault
from ckpt_studio.formats.files import FileReader, said

_HEAD: Final = 512
_FOOTER: Final = 48
_TABLE_MAGIC: Final = bytes.fromhex("57fb808b247547db")
_TORCH_LEGACY: Final = bytes.fromhex("80028a0a6cfc9c46f9206aa850192e")

_ONLY: Final = "this version opens TensorFlow V2 checkpoints only"

_STARTS: Final[tuple[tuple[bytes, str], ...]] = (
    (b"version https://git-lfs.github.com/", "is a Git LFS pointer, not the file itself; fetch it with `git lfs pull`"),
    (b"\x89HDF\r\n\x1a\n", f"is an HDF5 file (Keras .h5 or .weights.h5); {_ONLY}"),
    (b"\x93NUMPY", f"is a NumPy array (.npy); {_ONLY}"),
    (_TORCH_LEGACY, "is a PyTorch pickle; pickles can run code, so Ckpt Studio never opens them"),
    (b"fileFormatVersion:", "is Unity's .meta file, not a TensorFlow graph"),
    (b"GGUF", "is a GGUF model; Ckpt Studio opens TensorFlow checkpoints"),
    (b"\x1f\x8b", "is compressed with gzip; unpack it first"),
    (b"BZh", "is compressed with bzip2; unpack it first"),
    (b"\xfd7zXZ", "is compressed with xz; unpack it first"),
)  # fmt: skip


def describe(path: str) -> str | None:
    """What the file at `path` is, as a sentence, or None if that cannot be told.

    Raises:
        MissingFile, FileFault: it cannot be read.
    """
    with FileReader(path) as file:
        size = file.identity.size
        head = file.read(0, min(size, _HEAD)).tobytes()
        tail = file.read(max(size - _FOOTER, 0), min(size, _FOOTER)).tobytes()
    name = os.path.basename(path)
    what = _by_bytes(name, size, head, tail) or _by_name(path, name)
    return None if what is None else f"{said(path)} {what}."


def _by_bytes(name: str, size: int, head: bytes, tail: bytes) -> str | None:
    if not size:
        return "is empty"
    for start, what in _STARTS:
        if head.startswith(start):
            return what
    if head.startswith(b"PK\x03\x04"):
        return _zip(name, head)
    if size >= _FOOTER and tail.endswith(_TABLE_MAGIC):
        return f"is a TensorFlow V1 checkpoint (one table in one file); {_ONLY} (.index and .data files)"
    if len(head) > 9 and int.from_bytes(head[:8], "little") <= size - 8 and head[8:9] == b"{":
        return f"is a safetensors file; {_ONLY}"
    if re.match(rb"\x80[\x02-\x05][(}\]c\x8a\x8c\x95KMJX\x58q]", head):
        return "is a Python pickle, as PyTorch writes; pickles can run code, so Ckpt Studio never opens them"
    if head[4:8] == b"TFL3":
        return "is a TensorFlow Lite model, not a checkpoint"
    if re.match(rb"\s*<(!doctype\s+html|html|head|\?xml)", head, re.IGNORECASE):
        return "is a web page, not a checkpoint; the download went wrong"
    return None


def _zip(name: str, head: bytes) -> str:
    """A zip by the name of its first member."""
    first = head[30 : 30 + int.from_bytes(head[26:28], "little")]
    if name.endswith(".keras") or first in (b"metadata.json", b"config.json", b"model.weights.h5"):
        return f"is a Keras file (.keras); {_ONLY}"
    if first.endswith((b"/data.pkl", b"/byteorder", b"/version", b"/.format_version")):
        return "is a PyTorch checkpoint (a zip of pickles); pickles can run code, so Ckpt Studio never opens them"
    if name.endswith(".npz") or first.endswith(b".npy"):
        return f"is a NumPy archive (.npz); {_ONLY}"
    return "is a zip archive; unpack it first"


def _by_name(path: str, name: str) -> str | None:
    if name == "saved_model.pb":
        inside = os.path.join("variables", "variables.index")
        return f"is the graph of a SavedModel; its variables can be opened as {inside}"
    if name.endswith((".pb", ".pbtxt")):
        return "is a graph or a model description, not a checkpoint"
    if name.endswith(".onnx"):
        return "is an ONNX model, not a checkpoint"
    if ".tfevents." in name:
        return "is a TensorBoard log, not a checkpoint"
    if name.endswith(".meta"):
        return f"is the graph of a checkpoint whose index {said(path[:-5] + '.index')} is not there"
    if re.search(r"\.data-\d{5}-of-\d{5}$", name):
        index = re.sub(r"\.data-\d{5}-of-\d{5}$", ".index", path)
        return f"is a data file of a checkpoint whose index {said(index)} is not there"
    if name.endswith((".pt", ".pth", ".pkl", ".pickle")):
        return "has the name of a PyTorch or Python pickle; Ckpt Studio never opens those"
    return None


def describe_or_none(path: str) -> str | None:
    """As `describe`, None also where the file cannot be read."""
    try:
        return describe(path)
    except FileFault:
        return None
