"""What is copied of variables: texts that the command line and a PATCH take, whatever bytes the names are made of."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from ckpt_studio.core.tensors import Columns, printable
from ckpt_studio.document.patterns import text_of
from ckpt_studio.gui.dialogs.places import checkpoint_name

Kind = Literal["name", "key", "path"]


def names_of(columns: Columns, keys: Sequence[str], kind: Kind) -> str:
    """Names, keys or object paths of variables, a line each; what has no object path is left out.

    A key that is not UTF-8 comes as `hex:...`; in a name, bytes that are not UTF-8 come as `\\xNN`.
    """
    if kind == "key":
        return "\n".join(map(text_of, keys))
    rows = [columns.row(key) for key in keys]
    if kind == "name":
        return "\n".join(printable(columns.name(row)) for row in rows)
    paths = columns.object_paths
    return "" if paths is None else "\n".join(printable(paths[row]) for row in rows if paths[row])


def command_of(patch: Mapping[str, Any], prefix: str) -> str:
    """A command for a shell that applies a patch, which it carries along, and writes into a new folder."""
    original = Path(prefix).absolute()
    target = original.parent.with_name(f"{original.parent.name}-edited") / checkpoint_name(prefix)
    text = json.dumps(patch, indent=1, allow_nan=False)
    words = ["ckpt-studio", "apply", "-", str(original), str(target)]
    return f"{shlex.join(words)} <<'PATCH'\n{text}\nPATCH\n"
