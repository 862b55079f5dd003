"""All edits, one line each: a patch, the journal and the command line find them here."""

from __future__ import annotations

from typing import Final

from ckpt_studio.document.edits.add import Add
from ckpt_studio.document.edits.arithmetic import ReplaceNan, Scale
from ckpt_studio.document.edits.arrange import Reshape, Transpose
from ckpt_studio.document.edits.assign import Assign
from ckpt_studio.document.edits.average import Average
from ckpt_studio.document.edits.base import Edit, EditKind, Json, OpenDonor
from ckpt_studio.document.edits.cast import Cast
from ckpt_studio.document.edits.cells import SetCells
from ckpt_studio.document.edits.drop import Drop
from ckpt_studio.document.edits.marks import Freeze, Unfreeze
from ckpt_studio.document.edits.rename import Move, Rename, RenameMany, RenamePattern
from ckpt_studio.document.edits.replace import Replace
from ckpt_studio.document.edits.slim import Slim, SwapAverages
from ckpt_studio.document.edits.step import SetStep

_KINDS: Final[tuple[EditKind, ...]] = (
    Freeze,
    Unfreeze,
    Replace,
    Assign,
    SetCells,
    Scale,
    ReplaceNan,
    Rename,
    RenameMany,
    RenamePattern,
    Move,
    Drop,
    Cast,
    Reshape,
    Transpose,
    Add,
    Slim,
    SwapAverages,
    Average,
    SetStep,
)
EDITS: Final[dict[str, EditKind]] = {kind.op: kind for kind in _KINDS}
"""By their names in a PATCH."""


def edit_of_record(record: Json, open_donor: OpenDonor) -> Edit:
    """The edit that `Edit.record` described. A donor that cannot be opened is waited for.

    Raises:
        ValueError, KeyError, TypeError, RequestFault: the record makes no sense.
    """
    kind = EDITS.get(record["op"])
    if kind is None:
        raise ValueError(f"{record['op']!r} is no edit")
    return kind.from_record(record, open_donor)
