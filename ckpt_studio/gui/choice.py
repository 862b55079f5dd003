"""What is chosen in a window: the variable to look at, those to act on, what to compare with, the run to watch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from ckpt_studio.gui.telling import Telling

if TYPE_CHECKING:
    from ckpt_studio.gui.compared import Compared
    from ckpt_studio.training.events import RunState


class Choice(Telling):
    """What a person, or a panel for them, chose; each change is told.

    Attributes:
        compared: the checkpoint that the document is compared with, or None.
        current: key of the variable to look at, or None.
        selection: keys chosen in the tree, subtrees expanded.
        run: state of the resumed run, or None when there was none.
    """

    currentChanged = Signal(object)
    """str | None: the variable to look at."""
    comparedChanged = Signal()
    """Another checkpoint to compare with, or none, or other variables of it belong to ours."""
    selectionChanged = Signal(object)
    """tuple[str, ...]: keys for freeze and swap, subtrees expanded."""
    runChanged = Signal(object)
    """RunState of the run, or None."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.compared: Compared | None = None
        self.current: str | None = None
        self.selection: Sequence[str] = ()
        self.run: RunState | None = None

    @property
    def running(self) -> bool:
        """Whether a run is going on."""
        return self.run is not None and not self.run.over

    def set_current(self, key: str | None) -> None:
        """The variable to look at."""
        if key != self.current:
            self.current = key
            self.currentChanged.emit(key)

    def set_compared(self, compared: Compared | None) -> None:
        """What the document is compared with."""
        self.compared = compared
        self.comparedChanged.emit()

    def set_selection(self, keys: Sequence[str]) -> None:
        """The variables that freeze and swap act on."""
        if keys != self.selection:
            self.selection = keys
            self.selectionChanged.emit(keys)

    def set_run(self, state: RunState | None) -> None:
        """The state of the run, as the Run panel has it."""
        self.run = state
        self.runChanged.emit(state)
