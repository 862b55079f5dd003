"""Where a new checkpoint or run goes unless the person says otherwise: first free names, never the original's own.

Looks at the disk, so it is called on a background thread.
"""

from __future__ import annotations

import os
import re
from itertools import count
from pathlib import Path

_RUN = re.compile(r"run-\d+")


def new_checkpoint_folder(prefix: str) -> str:
    """A folder beside the original's folder, named after the checkpoint, that does not exist yet."""
    path = Path(prefix).absolute()
    parent = _writable(path.parent.parent)
    names = (path.name if number == 1 else f"{path.name}-{number}" for number in count(1))
    return str(next(parent / name for name in names if not (parent / name).exists()))


def new_run_folder(prefix: str) -> str:
    """A `run-NN` folder in the checkpoint's folder (beside it, where that is itself a run), not there yet."""
    folder = Path(prefix).absolute().parent
    parent = _writable(folder.parent if _RUN.fullmatch(folder.name) else folder)
    return str(next(parent / f"run-{n:02d}" for n in count(1) if not (parent / f"run-{n:02d}").exists()))


def _writable(folder: Path) -> Path:
    """The folder, or the person's own where nothing can be made in it."""
    return folder if os.access(folder, os.W_OK | os.X_OK) else Path.home()
