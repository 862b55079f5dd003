"""Where a new checkpoint or run goes unless the person says otherwise: first free names, never the original's own.

Looks at the disk, so it is called on a background thread.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from itertools import count, islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ckpt_studio.document.document import Document

_RUN = re.compile(r"run-\d+")
_ENDING: Final = re.compile(
    r"(?:-\?{5}-of-\d{5,}|(?:\.weights)?\.(?:keras|h5|hdf5|json)|\.safetensors(?:\.index(?:\..+)?\.json)?|\.np[yz])$"
)
"""What the names of other formats end in."""
_MOST_ENTRIES: Final = 2000


def checkpoint_name(prefix: str) -> str:
    """What a TensorFlow checkpoint is called that is made of this one: without the ending of another format."""
    name = Path(prefix).absolute().name
    return _ENDING.sub("", name) or name


def name_of_next(document: Document) -> str:
    """What a document is called when it is written: as its checkpoint, with the step that is staged."""
    from ckpt_studio.document.edits.step import name_for

    name, step = checkpoint_name(document.base.prefix), document.step
    return name if step is None or step == document.base.step else name_for(name, step)


def new_checkpoint_folder(prefix: str) -> str:
    """A folder beside the original's folder, named after the checkpoint, that does not exist yet."""
    name = checkpoint_name(prefix)
    parent = _writable(Path(prefix).absolute().parent.parent)
    names = (name if number == 1 else f"{name}-{number}" for number in count(1))
    return str(next(parent / name for name in names if not (parent / name).exists()))


def new_run_folder(prefix: str, taken: Collection[str] = ()) -> str:
    """A `run-NN` folder in the checkpoint's folder (beside it, where that is itself a run), not there and not taken."""
    folder = Path(prefix).absolute().parent
    parent = _writable(folder.parent if _RUN.fullmatch(folder.name) else folder)
    folders = (parent / f"run-{number:02d}" for number in count(1))
    return str(next(one for one in folders if str(one) not in taken and not one.exists()))


def data_beside(prefix: str) -> str:
    """The only .npz of the checkpoint's folder, or else of the folder above; empty where there is none or a choice."""
    folder = Path(prefix).absolute().parent
    for place in (folder, folder.parent):
        found = _archives(place)
        if found is None or len(found) > 1:
            return ""
        if found:
            return found[0]
    return ""


def _archives(folder: Path) -> list[str] | None:
    """The .npz files of a folder, sidecars left out; None where it cannot be listed or holds too much to look at."""
    try:
        with os.scandir(folder) as scan:
            entries = list(islice(scan, _MOST_ENTRIES + 1))
            if len(entries) > _MOST_ENTRIES:
                return None
            found = [entry for entry in entries if entry.name.endswith(".npz") and entry.is_file()]
    except OSError:
        return None
    return [entry.path for entry in found if not entry.name.endswith(".ckpt-studio.npz")]


def _writable(folder: Path) -> Path:
    """The folder, or the person's own where nothing can be made in it."""
    return folder if os.access(folder, os.W_OK | os.X_OK) else Path.home()
