"""Asks which step the checkpoint shall be of."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QFormLayout, QLineEdit, QWidget

from ckpt_studio.gui.dialogs.edits.base import Draft, EditDialog, Make, facts
from ckpt_studio.gui.dialogs.edits.typed import typed_integers
from ckpt_studio.gui.dialogs.fields import named
from ckpt_studio.gui.texts import translate

if TYPE_CHECKING:
    from ckpt_studio.core.tasks import Task
    from ckpt_studio.document.state import State
    from ckpt_studio.gui.session import Session


class StepDialog(EditDialog):
    """Sets the counters of training steps; Write… then offers the name that follows."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, "step", translate("StepDialog", "Set the step"), (), parent)

    def heads(self) -> tuple[str, ...]:
        """As `EditDialog.heads`."""
        return (self.tr("Counter"), self.tr("Shape"), self.tr("Type"))

    def fill(self, form: QFormLayout) -> None:
        """As `EditDialog.fill`."""
        step = self.document.base.step
        self._step = QLineEdit("0" if step is None else str(step), self)
        named(self._step, "stepEdit", self.tr("Step"))
        self._step.textChanged.connect(self.changed)
        self._step.selectAll()
        form.addRow(self.tr("&Step:"), self._step)

    def maker(self) -> Make | None:
        """As `EditDialog.maker`."""
        steps = typed_integers(self._step.text())
        return partial(_set, steps[0]) if len(steps) == 1 else None


def _set(step: int, task: Task, state: State) -> Draft:
    from ckpt_studio.document.edits.step import SetStep

    edit = SetStep.of(state.live, step)
    return Draft(edit, facts(state, edit.keys))
