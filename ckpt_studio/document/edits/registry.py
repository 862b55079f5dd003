"""All edits, one line each: a patch, the journal and the command line find them here."""

from __future__ import annotations

from typing import Final

from ckpt_studio.document.edits.assign import Assign
from ckpt_studio.document.edits.base import Edit, EditKind, Json, OpenDonor
from ckpt_studio.document.edits.cast import Cast
from ckpt_studio.document.edits.cells import SetCells
from ckpt_studio.document.edits.drop import Drop
from ckpt_studio.document.edits.marks import Freeze, Unfreeze
from ckpt_studio.document.edits.rename import Move, Rename, RenameMany, RenamePattern
from ckpt_studio.document.edits.replace import Replace

EDITS: Final[dict[str, EditKind]] = {
    Freeze.op: Freeze,
    Unfreeze.op: Unfreeze,
    Replace.op: Replace,
    Assign.op: Assign,
    SetCells.op: SetCells,
    Rename.op: Rename,
    RenameMany.op: RenameMany,
    RenamePattern.op: RenamePattern,
    Move.op: Move,
    Drop.op: Drop,
    Cast.op: Cast,
}


def edit_of_record(record: Json, open_donor: OpenDonor) -> Edit:
    """The edit that `Edit.record` described. A donor that cannot be opened is waited for.

    Raises:
        ValueError, KeyError, TypeError, RequestFault: the record makes no sense.
    """
    kind = EDITS.get(record["op"])
    if kind is None:
        raise ValueError(f"{record['op']!r} is no edit")
    return kind.from_record(record, open_donor)
