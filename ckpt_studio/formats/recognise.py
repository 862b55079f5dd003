"""Says in a sentence what a file is that no reader opens, from its name and a few of its bytes."""

from __future__ import annotations

import os
import re
from typing import Final

from ckpt_studio.core.errors import FileFault
from ckpt_studio.formats.files import FileReader, said

_HEAD: Final = 512
_TAIL: Final = 66_000
_POINTER_BYTES: Final = 1024
_POINTER: Final = b"version https://git-lfs.github.com/"
_TORCH_LEGACY: Final = bytes.fromhex("80028a0a6cfc9c46f9206aa850192e")

_STARTS: Final[tuple[tuple[bytes, str], ...]] = (
    (_POINTER, "is a Git LFS pointer, not the file itself; fetch it with `git lfs pull`"),
    (_TORCH_LEGACY, "is a PyTorch pickle; pickles can run code, so Ckpt Studio never opens them"),
    (b"fileFormatVersion:", "is Unity's .meta file, not a TensorFlow graph"),
    (b"GGUF", "is a GGUF model; Ckpt Studio opens TensorFlow checkpoints"),
    (b"\x1f\x8b", "is compressed with gzip; unpack it first"),
    (b"BZh", "is compressed with bzip2; unpack it first"),
    (b"\xfd7zXZ", "is compressed with xz; unpack it first"),
)


def describe(path: str) -> str | None:
    """What the file at `path` is that no format is, as a sentence, or None if that cannot be told.

    Raises:
        MissingFile, FileFault: it cannot be read.
    """
    with FileReader(path) as file:
        size = file.identity.size
        head = file.read(0, min(size, _HEAD)).tobytes()
        made_up = not size and os.read(file.fileno(), 1) != b""
        is_zip = head.startswith(b"PK\x03\x04")
        tail = file.read(max(size - _TAIL, 0), min(size, _TAIL)).tobytes() if is_zip else b""
    name = os.path.basename(path)
    if made_up:
        what: str | None = "is made by the system while it is read, not a file on a disk"
    elif is_zip:
        what = _zip(name, head, tail)
    else:
        what = _by_bytes(size, head) or _by_name(path, name)
    return None if what is None else f"{said(path)} {what}."


def _by_bytes(size: int, head: bytes) -> str | None:
    if not size:
        return "is empty"
    for start, what in _STARTS:
        if head.startswith(start):
            return what
    if re.match(rb"\x80[\x02-\x05][(}\]c\x8a\x8c\x95KMJX\x58q]", head):
        return "is a Python pickle, as PyTorch writes; pickles can run code, so Ckpt Studio never opens them"
    if head[4:8] == b"TFL3":
        return "is a TensorFlow Lite model, not a checkpoint"
    if re.match(rb"\s*<(!doctype\s+html|html|head|\?xml)", head, re.IGNORECASE):
        return "is a web page, not a checkpoint; the download went wrong"
    return None


def _zip(name: str, head: bytes, tail: bytes) -> str | None:
    """A zip by the name of its first member."""
    first = head[30 : 30 + int.from_bytes(head[26:28], "little")]
    if first.endswith((b"/data.pkl", b"/byteorder", b"/version", b"/.format_version")):
        return "is a PyTorch checkpoint (a zip of pickles); pickles can run code, so Ckpt Studio never opens them"
    if b"PK\x05\x06" not in tail:
        return "is a zip archive that is cut off: its directory is missing"
    if name.endswith((".keras", ".npz")) or first.endswith((b".npy", b".h5", b".json")):
        return None
    return "is a zip archive; unpack it first"


def _by_name(path: str, name: str) -> str | None:
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


def pointer_sentence(path: str) -> str | None:
    """That a file is a pointer of Git LFS, if it is one."""
    try:
        if os.stat(path).st_size > _POINTER_BYTES:
            return None
        with FileReader(path) as file:
            is_one = file.read(0, min(file.identity.size, len(_POINTER))).tobytes() == _POINTER
    except (OSError, ValueError, FileFault):
        return None
    return describe_or_none(path) if is_one else None
