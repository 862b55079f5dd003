"""What the edits' actions do: each opens the dialog that asks for the rest."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject

if TYPE_CHECKING:
    from collections.abc import Callable

    from ckpt_studio.gui.bench import Bench

_DIALOGS: Final = {
    "actionRename": ("rename", "RenameDialog"),
    "actionAssign": ("assign", "AssignDialog"),
    "actionScale": ("numbers", "ScaleDialog"),
    "actionReplaceNan": ("numbers", "ReplaceNanDialog"),
    "actionCast": ("cast", "CastDialog"),
    "actionArrange": ("arrange", "ArrangeDialog"),
    "actionAverage": ("average", "AverageDialog"),
    "actionAdd": ("assign", "AddDialog"),
    "actionSlim": ("slim", "SlimDialog"),
    "actionSetStep": ("step", "StepDialog"),
}
"""Module and class of each action's dialog; imported when it is asked for."""
_OF_CHECKPOINT: Final = ("actionAdd", "actionSlim", "actionSetStep")
"""Actions that the selection does not matter to."""


class Editing(QObject):
    """The handlers of the edits of one window.

    Attributes:
        handlers: by the ids of their actions.
    """

    def __init__(self, bench: Bench, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._window = bench.window
        self._session = bench.session
        self.handlers: dict[str, Callable[[], object]] = {name: partial(self.ask, name) for name in _DIALOGS}

    def ask(self, action: str) -> None:
        """Open the dialog of an action."""
        module, kind = _DIALOGS[action]
        dialog = getattr(import_module(f"ckpt_studio.gui.dialogs.edits.{module}"), kind)
        chosen = () if action in _OF_CHECKPOINT else (self._session.selection,)
        dialog(self._session, *chosen, self._window).open()
