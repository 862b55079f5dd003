"""Asks what is not needed any more: optimizer state, that of frozen variables, moving averages."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QCheckBox, QComboBox, QFormLayout, QVBoxLayout, QWidget

from ckpt_studio.gui.dialogs.edits.base import Draft, EditDialog, Make
from ckpt_studio.gui.dialogs.edits.role_bar import RoleBar
from ckpt_studio.gui.dialogs.fields import fill_combo, named
from ckpt_studio.gui.texts import byte_size, filled, shape_text, translate

if TYPE_CHECKING:
    from ckpt_studio.core.tasks import Task
    from ckpt_studio.document.edits.base import Edit
    from ckpt_studio.document.edits.slim import What
    from ckpt_studio.document.state import State
    from ckpt_studio.gui.session import Session


class SlimDialog(EditDialog):
    """Leaves out what a purpose does not need, and shows the bytes by role before and after."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, "slim", translate("SlimDialog", "Slim the checkpoint"), (), parent)

    def heads(self) -> tuple[str, ...]:
        """As `EditDialog.heads`."""
        return (self.tr("What goes"), self.tr("Shape"), self.tr("Bytes"))

    def fill(self, form: QFormLayout) -> None:
        """As `EditDialog.fill`."""
        self._what = QComboBox(self)
        named(self._what, "slimWhatCombo", self.tr("What is left out"))
        choices: list[tuple[str, object]] = [
            (self.tr("The optimizer's state: parameters only"), "optimizer"),
            (self.tr("The optimizer's state of frozen variables"), "frozen_slots"),
            (self.tr("Moving averages of weights"), "averages"),
            (self.tr("Weights: their moving averages take their place"), "swap"),
        ]
        fill_combo(self._what, choices, "optimizer")
        self._option = QCheckBox(self)
        named(self._option, "slimKeepBox", "")
        self._option.setChecked(True)
        self._what.currentIndexChanged.connect(self._switch)
        self._option.toggled.connect(self.changed)
        form.addRow(self.tr("&Leave out:"), self._what)
        form.addRow("", self._option)
        self._switch()

    def _switch(self, *_: object) -> None:
        what = self._what.currentData()
        texts = {"optimizer": self.tr("&Keep step counters"), "swap": self.tr("&Keep the averages, too")}
        self._option.setVisible(what in texts)
        self._option.setText(texts.get(what, ""))
        self._option.setAccessibleName(texts.get(what, "").replace("&", ""))
        self._option.setChecked(what == "optimizer")
        self.changed()

    def below(self, column: QVBoxLayout) -> None:
        """As `EditDialog.below`."""
        self._bar = RoleBar("slimBar", self)
        column.addWidget(self._bar)

    def drafted(self, draft: Draft | None) -> None:
        """As `EditDialog.drafted`."""
        if isinstance(draft, _Slimmer):
            self._bar.show_bytes(draft.before, draft.after)

    def maker(self) -> Make:
        """As `EditDialog.maker`."""
        what, option = self._what.currentData(), self._option.isChecked()
        return partial(_swapped, option) if what == "swap" else partial(_slimmed, what, option)


@dataclass(frozen=True, slots=True)
class _Slimmer(Draft):
    """A draft, and the bytes by role before and after it."""

    before: dict[str, int] = field(default_factory=dict)
    after: dict[str, int] = field(default_factory=dict)


def _slimmed(what: What, keep_counters: bool, task: Task, state: State) -> Draft:
    from ckpt_studio.document.edits.slim import Slim

    return _drafted(Slim.of(state, what, keep_counters=keep_counters), state)


def _swapped(keep: bool, task: Task, state: State) -> Draft:
    from ckpt_studio.document.edits.slim import SwapAverages

    return _drafted(SwapAverages.of(state.live, keep=keep), state)


def _drafted(edit: Edit, state: State) -> Draft:
    from ckpt_studio.document.edits.slim import bytes_by_role

    before, after = state.live, edit.apply(state).live
    sums = bytes_by_role(before), bytes_by_role(after)
    infos = [info for row in range(len(before)) if (info := before.info(row)).key not in after]
    lines = [(info.name, shape_text(info.shape), byte_size(info.nbytes)) for info in infos]
    less = sum(sums[0].values()) - sum(sums[1].values())
    summary = filled(
        translate("SlimDialog", "%1 variables go, and %2 with them"), f"{len(lines):,}", byte_size(less)
    )
    return _Slimmer(edit, lines, summary, *sums)
