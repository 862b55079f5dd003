"""Asks for arithmetic: a factor and an offset, or a number in place of NaN."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QCheckBox, QFormLayout, QLineEdit, QWidget

from ckpt_studio.gui.dialogs.edits.base import Draft, EditDialog, Make, facts
from ckpt_studio.gui.dialogs.edits.typed import typed_number
from ckpt_studio.gui.dialogs.fields import named
from ckpt_studio.gui.texts import translate

if TYPE_CHECKING:
    from ckpt_studio.core.tasks import Task
    from ckpt_studio.document.state import State
    from ckpt_studio.gui.session import Session


class ScaleDialog(EditDialog):
    """Multiplies variables by a factor and adds an offset."""

    def __init__(self, session: Session, keys: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(session, "scale", translate("ScaleDialog", "Scale or shift"), keys, parent)

    def fill(self, form: QFormLayout) -> None:
        """As `EditDialog.fill`."""
        self._factor = QLineEdit("1", self)
        named(self._factor, "scaleFactorEdit", self.tr("Factor"))
        self._offset = QLineEdit("0", self)
        named(self._offset, "scaleOffsetEdit", self.tr("Offset"))
        for field in (self._factor, self._offset):
            field.textChanged.connect(self.changed)
        form.addRow(self.tr("Times the &factor:"), self._factor)
        form.addRow(self.tr("plus the &offset:"), self._offset)

    def maker(self) -> Make | None:
        """As `EditDialog.maker`."""
        factor, offset = typed_number(self._factor.text()), typed_number(self._offset.text())
        if not self.keys or (factor, offset) == (1, 0):
            return None
        return partial(_scaled, self.keys, factor, offset)


def _scaled(keys: Sequence[str], factor: float, offset: float, task: Task, state: State) -> Draft:
    from ckpt_studio.document.edits.arithmetic import Scale

    return Draft(Scale(keys, factor=factor, offset=offset), facts(state, keys))


class ReplaceNanDialog(EditDialog):
    """Puts a number in place of every NaN."""

    def __init__(self, session: Session, keys: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(session, "replaceNan", translate("ReplaceNanDialog", "Replace NaN"), keys, parent)

    def fill(self, form: QFormLayout) -> None:
        """As `EditDialog.fill`."""
        self._value = QLineEdit("0", self)
        named(self._value, "replaceNanValueEdit", self.tr("Number in its place"))
        self._value.textChanged.connect(self.changed)
        self._infinities = QCheckBox(self.tr("Replace &infinities, too"), self)
        named(self._infinities, "replaceNanInfinitiesBox", self.tr("Replace infinities, too"))
        self._infinities.toggled.connect(self.changed)
        form.addRow(self.tr("&Number in its place:"), self._value)
        form.addRow("", self._infinities)

    def maker(self) -> Make | None:
        """As `EditDialog.maker`."""
        value = typed_number(self._value.text())
        return partial(_mended, self.keys, value, self._infinities.isChecked()) if self.keys else None


def _mended(keys: Sequence[str], value: float, infinities: bool, task: Task, state: State) -> Draft:
    from ckpt_studio.document.edits.arithmetic import ReplaceNan

    return Draft(ReplaceNan(keys, value=value, infinities=infinities), facts(state, keys))
