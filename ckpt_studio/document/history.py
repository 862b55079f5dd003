"""The history of a document: what is applied at each step of it, and going back and forth between them."""

from __future__ import annotations

from dataclasses import dataclass
from operator import is_
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from ckpt_studio.core.errors import RequestFault
from ckpt_studio.core.tensors import Columns
from ckpt_studio.document.state import State

if TYPE_CHECKING:
    from ckpt_studio.document.edits.base import Edit


@dataclass(frozen=True, eq=False)
class Step:
    """One place in the history.

    Attributes:
        edits: what is applied there, oldest first.
        befores: what each of them was applied to.
        state: what they make of the checkpoint.
        label: what led here from the step before.
        edit: the edit that was done or removed to get here, if it was one.
    """

    edits: tuple[Edit, ...]
    befores: tuple[State, ...]
    state: State
    label: str = ""
    edit: Edit | None = None


class History:
    """Steps, of which one is now. Making a step changes nothing; going there does.

    Args:
        state: without any edit.
    """

    def __init__(self, state: State) -> None:
        self._steps = [Step((), (), state)]
        self._at = 0
        self._written: tuple[Edit, ...] = ()
        self._titles: WeakKeyDictionary[Edit, tuple[Columns, str]] = WeakKeyDictionary()

    @property
    def now(self) -> Step:
        """Where the document is."""
        return self._steps[self._at]

    @property
    def first(self) -> State:
        """The state without any edit."""
        return self._steps[0].state

    @property
    def modified(self) -> bool:
        """Whether something is staged now that was not written."""
        now, written = self.now.edits, self._written
        same = len(now) == len(written) and all(map(is_, now, written))
        return bool(now) and not same

    @property
    def undone(self) -> Step | None:
        """What undo would take back."""
        return self.now if self._at > 0 else None

    @property
    def redone(self) -> Step | None:
        """What redo would do again."""
        return self._steps[self._at + 1] if self._at < len(self._steps) - 1 else None

    def place(self, edit: Edit) -> int:
        """Which of the applied edits one is.

        Raises:
            RequestFault: it is not applied.
        """
        place = next((i for i, other in enumerate(self.now.edits) if other is edit), -1)
        if place < 0:
            raise RequestFault(f"{edit.label!r} is not staged any more.")
        return place

    def title(self, edit: Edit, before: State) -> str:
        """As `Edit.title` of what an edit is applied to; that of a large edit is found once."""
        known = self._titles.get(edit)
        if known is None or known[0] is not before.columns:
            known = self._titles[edit] = (before.columns, edit.title(before.columns))
        return known[1]

    # ---- making steps

    def doing(self, edit: Edit) -> Step:
        """The step of one edit more.

        Raises:
            NoSuchVariable, RequestFault: it cannot be applied.
        """
        now = self.now
        state = edit.apply(now.state)
        title = self.title(edit, now.state)
        return Step((*now.edits, edit), (*now.befores, now.state), state, title, edit)

    def without(self, edit: Edit) -> Step:
        """The step of all edits but one, applied as if it had never been.

        Raises:
            RequestFault: it is not applied, or a later one needs it.
        """
        now, place = self.now, self.place(edit)
        state, befores = now.befores[place], list(now.befores[:place])
        title = self.title(edit, state)
        for later, before in zip(now.edits[place + 1 :], now.befores[place + 1 :], strict=True):
            befores.append(state)
            try:
                state = later.apply(state)
            except RequestFault as fault:
                raise RequestFault(
                    f"“{self.title(later, before)}” needs “{title}”; revert it first.", key=fault.key
                ) from fault
        kept = (*now.edits[:place], *now.edits[place + 1 :])
        return Step(kept, tuple(befores), state, f"Revert “{title}”", edit)

    def reverted(self) -> Step:
        """The step of no edits."""
        return Step((), (), self.first, "Revert all")

    # ---- going

    def push(self, step: Step) -> None:
        """Go to a new step; what was undone is forgotten."""
        self._steps[self._at + 1 :] = [step]
        self._at += 1

    def back(self) -> None:
        """Go to the step before."""
        self._at -= 1

    def forth(self) -> None:
        """Go to the step that was undone last."""
        self._at += 1

    def mark_written(self) -> None:
        """What is staged now was written."""
        self._written = self.now.edits

    def forget(self) -> None:
        """No edit, and no history."""
        self._steps = self._steps[:1]
        self._at = 0
        self._written = ()
