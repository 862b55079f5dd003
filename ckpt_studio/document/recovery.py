"""Brings a document's edits back from the journal, step by step: they are a stranger's."""

from __future__ import annotations

from typing import Protocol

from ckpt_studio.core.errors import FileFault, RequestFault
from ckpt_studio.core.tensors import printable
from ckpt_studio.document.edits.base import Edit, Json, OpenDonor
from ckpt_studio.document.edits.registry import edit_of_record


class Editable(Protocol):
    """What the steps of a journal are done to; the methods mean what `Document`'s do."""

    @property
    def edits(self) -> tuple[Edit, ...]: ...  # noqa: D102 - see above
    @property
    def can_undo(self) -> bool: ...  # noqa: D102
    @property
    def can_redo(self) -> bool: ...  # noqa: D102
    def do(self, edit: Edit) -> None: ...  # noqa: D102
    def remove(self, edit: Edit) -> None: ...  # noqa: D102
    def revert_all(self) -> None: ...  # noqa: D102
    def undo(self) -> Edit | None: ...  # noqa: D102
    def redo(self) -> Edit | None: ...  # noqa: D102
    def mark_written(self, prefix: str) -> None: ...  # noqa: D102


def retake(document: Editable, step: Json, open_donor: OpenDonor) -> None:
    """Do to a document what a step of its journal says.

    Raises:
        ValueError, KeyError, TypeError, IndexError, CkptStudioError: it makes no sense.
    """
    (verb, value), *others = step.items()
    if others:
        raise ValueError("not one step")
    if verb == "do":
        _do(document, edit_of_record(value, open_donor))
    elif verb == "remove":
        document.remove(document.edits[range(len(document.edits))[int(value)]])
    elif verb == "revert":
        document.revert_all()
    elif verb == "written":
        document.mark_written(str(value))
    elif verb == "undo" and document.can_undo:
        document.undo()
    elif verb == "redo" and document.can_redo:
        document.redo()
    else:
        raise ValueError(f"{printable(str(verb))!r} is no step")


def _do(document: Editable, edit: Edit) -> None:
    try:
        document.do(edit)
    except RequestFault as fault:
        # The donor may not be what it was; the edit stays in its place, so that the steps after it keep theirs.
        waiting = edit.absent(FileFault(fault.message, path=fault.path, key=fault.key))
        if waiting is edit:
            raise
        document.do(waiting)
