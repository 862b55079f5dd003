"""What commands print: strict JSON, sentences on standard error, and reports of our own mistakes."""

from __future__ import annotations

import json
import math
import os
import platform
import sys
import tempfile
import time
import traceback
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ckpt_studio import __version__
from ckpt_studio.core.errors import CkptStudioError
from ckpt_studio.core.resources import home_folder

if TYPE_CHECKING:
    from ckpt_studio.core.tensors import TensorInfo


def json_text(value: object, *, indent: int | None = None) -> str:
    r"""A value as strict JSON, which any parser reads: no bare NaN, no lone surrogates.

    Non-finite numbers become the strings "NaN", "Infinity" and "-Infinity"; names and paths are as `printable`
    shows them; numpy scalars and arrays become numbers and lists, paths strings, tuples lists.
    """
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, default=_plain, indent=indent)
        text.encode("utf-8")
    except ValueError:  # also a UnicodeEncodeError; rare, so only then is every value looked at
        text = json.dumps(_strict(value), ensure_ascii=False, allow_nan=False, indent=indent)
    return text


def print_json(value: object, *, indent: int | None = None) -> None:
    """Print a value as one line of strict JSON on standard output, and hand it on at once."""
    print_pieces([json_text(value, indent=indent) + "\n"])


def print_pieces(pieces: Iterable[str]) -> None:
    """Print JSON on standard output, each piece as it comes."""
    out = sys.stdout
    binary = getattr(out, "buffer", None)
    out.flush()
    for piece in pieces:
        if binary is None:
            out.write(piece)
        else:  # JSON is UTF-8 whatever the terminal's encoding
            binary.write(piece.encode("utf-8"))
    out.flush()


def say(text: str) -> None:
    """Print a sentence or progress on standard error."""
    print(text, file=sys.stderr, flush=True)


def row_json(info: TensorInfo) -> dict[str, Any]:
    """CONTRACT.md's ROW of a variable; `key_hex` is there only where the key is not UTF-8."""
    from ckpt_studio.core.tensors import encode, printable

    row: dict[str, Any] = {
        "key": info.key,
        "name": info.name,
        "object_path": info.object_path,
        "shape": None if info.shape is None else list(info.shape),
        "dtype": info.dtype.name,
        "nbytes": info.nbytes,
        "role": info.role.name,
        "role_source": info.role_source.word,
        "slot_of": info.slot_of,
        "slot_name": info.slot_name,
        "trainable": info.trainable,
        "error": info.error,
    }
    if not info.key.isascii():
        raw = encode(info.key)
        try:
            raw.decode("utf-8")
        except UnicodeDecodeError:
            row["key"] = printable(info.key)
            row["key_hex"] = raw.hex()
    return row


def error_json(error: CkptStudioError) -> dict[str, Any]:
    """CONTRACT.md's answer of a command that failed as a whole."""
    return {
        "error": {"kind": error.kind, "message": error.message, "path": error.path, "key": error.key},
    }


def write_report(error: BaseException) -> Path:
    """Write what is needed to mend a mistake of ours into the program's own folder, or else a temporary one."""
    words = [
        f"Ckpt Studio {__version__}",
        f"Python {platform.python_version()} on {platform.platform()}",
        f"Arguments: {sys.argv[1:]!r}",
        "",
        "".join(traceback.format_exception(error)),
    ]
    name = time.strftime(f"report-%Y%m%d-%H%M%S-{os.getpid()}.txt")
    try:
        folder = home_folder() / "reports"
        folder.mkdir(parents=True, exist_ok=True)
        report = folder / name
        report.write_text("\n".join(words), encoding="utf-8", errors="backslashreplace")
    except Exception:  # the last resort must not depend on anything
        report = Path(tempfile.mkdtemp(prefix="ckpt-studio-")) / name
        report.write_text("\n".join(words), encoding="utf-8", errors="backslashreplace")
    return report


def _plain(value: object) -> object:
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if hasattr(value, "tolist"):  # numpy's scalars and arrays, without importing numpy
        return value.tolist()
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def _strict(value: object) -> object:
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, str):
        from ckpt_studio.core.tensors import printable

        return printable(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, dict):
        return {_strict(str(name)): _strict(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_strict(item) for item in value]
    return _strict(_plain(value))
