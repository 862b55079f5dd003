"""Asks the HDF5 process how a new file looks: where values belong, and all bytes of it that are no values."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ckpt_studio.core.child_environment import child_environment
from ckpt_studio.core.errors import SaveFault

Groups = Mapping[str, Mapping[str, str | list[str]]]
"""Attributes by path of their group; the root's is ""."""

_COMMAND: Final = (sys.executable, "-P", "-m", "ckpt_studio.formats.keras.hdf5.layout_child")
_SECONDS: Final = 120.0


@dataclass(frozen=True, slots=True)
class NewDataset:
    """A dataset that a new file shall hold.

    Attributes:
        path: its path in the file.
        dtype: TensorFlow's name of its element type.
        shape: its extents.
    """

    path: str
    dtype: str
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file looks.

    Attributes:
        size: of the whole file.
        places: offset of each dataset's values, None for those that have none.
        pieces: offset and bytes of everything else, in order.
    """

    size: int
    places: tuple[int | None, ...]
    pieces: tuple[tuple[int, bytes], ...]


def lay_out(groups: Groups, datasets: Sequence[NewDataset]) -> Layout:
    """The layout of a file with these groups and datasets.

    Raises:
        SaveFault: the library cannot make such a file.
    """
    request = {"groups": [*groups.items()], "datasets": [[d.path, d.dtype, d.shape] for d in datasets]}
    try:
        done = subprocess.run(
            _COMMAND,
            input=json.dumps(request, default=dict).encode("ascii"),
            capture_output=True,
            env=child_environment(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1", HDF5_PLUGIN_PRELOAD="::"),
            timeout=_SECONDS,
            check=True,
            start_new_session=True,
        )
        head, _, rest = done.stdout.partition(b"\n")
        return _parsed(json.loads(head), rest, len(datasets))
    except subprocess.TimeoutExpired as error:
        raise SaveFault(
            "Nothing was written: the HDF5 library takes too long; write fewer variables."
        ) from error
    except (subprocess.CalledProcessError, ValueError, KeyError, TypeError) as error:
        raise SaveFault(f"Nothing was written: {_reason(error)}; choose another format.") from error
    except OSError as error:
        raise SaveFault(
            f"Nothing was written: the process that lays out HDF5 files could not be started ({error.strerror})."
        ) from error


def _parsed(answer: Any, rest: bytes, count: int) -> Layout:
    places = tuple(None if place is None else int(place) for place in answer["places"])
    if len(places) != count:
        raise ValueError("the HDF5 process left a dataset out")
    pieces = []
    at = 0
    for offset, size in answer["pieces"]:
        pieces.append((int(offset), rest[at : at + size]))
        at += size
    if at != len(rest):
        raise ValueError("the HDF5 process said less than it should")
    return Layout(int(answer["size"]), places, tuple(pieces))


def _reason(error: Exception) -> str:
    """What the library said last."""
    told = getattr(error, "stderr", b"") or b""
    lines = told.decode("utf-8", "replace").strip().splitlines()
    return f"the HDF5 library cannot hold these variables ({lines[-1][:300]})" if lines else str(error)
