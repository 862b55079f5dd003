"""Asks for another shape, or another order of the axes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QComboBox, QFormLayout, QLineEdit, QWidget

from ckpt_studio.gui.dialogs.edits.base import Draft, EditDialog, Make
from ckpt_studio.gui.dialogs.edits.typed import typed_integers
from ckpt_studio.gui.dialogs.fields import fill_combo, named
from ckpt_studio.gui.texts import shape_text, translate

if TYPE_CHECKING:
    from ckpt_studio.core.tasks import Task
    from ckpt_studio.document.state import State
    from ckpt_studio.gui.session import Session


class ArrangeDialog(EditDialog):
    """Reshapes or transposes variables; their values stay."""

    def __init__(self, session: Session, keys: Sequence[str], parent: QWidget | None = None) -> None:
        title = translate("ArrangeDialog", "Reshape or transpose")
        super().__init__(session, "arrange", title, keys, parent)

    def heads(self) -> Sequence[str]:
        """As `EditDialog.heads`."""
        return (self.tr("Variable"), self.tr("Shape now"), self.tr("Then"))

    def fill(self, form: QFormLayout) -> None:
        """As `EditDialog.fill`."""
        self._how = QComboBox(self)
        named(self._how, "arrangeHowCombo", self.tr("What changes"))
        choices: list[tuple[str, object]] = [
            (self.tr("Another shape, values in C order"), "reshape"),
            (self.tr("Axes in another order"), "transpose"),
        ]
        fill_combo(self._how, choices, "reshape")
        self._numbers = QLineEdit(self)
        named(self._numbers, "arrangeNumbersEdit", self.tr("New shape, or order of the axes"))
        self._numbers.textChanged.connect(self.changed)
        self._how.currentIndexChanged.connect(self._switch)
        form.addRow(self.tr("&What:"), self._how)
        form.addRow(self.tr("&New:"), self._numbers)
        self._switch()

    def _switch(self, *_: object) -> None:
        self._numbers.setPlaceholderText(
            self.tr("3 × 64; one extent may be -1")
            if self._how.currentData() == "reshape"
            else self.tr("1, 0; empty turns the order around")
        )
        self.changed()

    def maker(self) -> Make | None:
        """As `EditDialog.maker`."""
        text = self._numbers.text().strip()
        if not self.keys or (self._how.currentData() == "reshape" and not text):
            return None
        return partial(_arranged, self.keys, self._how.currentData() == "reshape", typed_integers(text))


def _arranged(
    keys: Sequence[str], reshaped: bool, numbers: tuple[int, ...], task: Task, state: State
) -> Draft:
    from ckpt_studio.document.edits.arrange import Reshape, Transpose

    edit = Reshape(keys, shape=numbers) if reshaped else Transpose(keys, axes=numbers)
    after = edit.apply(state).columns
    infos = ((state.columns.of(key), after.of(key)) for key in keys)
    return Draft(edit, [(old.name, shape_text(old.shape), shape_text(new.shape)) for old, new in infos])
