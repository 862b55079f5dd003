"""Asks once, before the first run of a graph, a model or a recipe, whether the person trusts the program that it is."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QListWidget, QPushButton, QVBoxLayout, QWidget

from ckpt_studio.gui.dialogs.fields import ElidedLabel, Notice, PlainLabel, named, prepare
from ckpt_studio.gui.texts import visible


class TrustDialog(QDialog):
    """`accepted` means that the program is trusted; the caller stores that.

    Without operations to name, Enter trusts; with some, the safe button is the default.
    """

    def __init__(self, route: str, path: str, risks: Sequence[str], parent: QWidget | None = None) -> None:
        """`route` is the kind of run, `path` the program's, `risks` sentences on what touches more than tensors."""
        super().__init__(parent)
        titles = {
            "keras": self.tr("Trust this model?"),
            "recipe": self.tr("Trust this recipe?"),
        }
        prepare(self, "trustDialog", titles.get(route, self.tr("Trust this graph?")))
        column = QVBoxLayout(self)
        column.setSpacing(10)
        column.addWidget(
            PlainLabel(
                "trustText",
                self._about(route),
            )
        )
        column.addWidget(ElidedLabel("trustPath", visible(path)))
        if risks:
            column.addWidget(self._risks(risks), 1)
        elif route not in ("recipe", "keras"):
            column.addWidget(
                PlainLabel(
                    "trustNoRisks",
                    self.tr("What will run of it only computes: it neither opens files nor calls Python."),
                )
            )
        column.addWidget(
            PlainLabel(
                "trustOnce",
                self.tr("You are asked once. If the file changes, you are asked again."),
            )
        )
        column.addWidget(self._buttons(bool(risks)))
        self.setMinimumWidth(520)
        self.resize(560, self.sizeHint().height())

    def _about(self, route: str) -> str:
        if route == "recipe":
            return self.tr(
                "A recipe is a Python program: it can do whatever you can. To resume training, Ckpt Studio runs it in "
                "a process of its own. Trust it only if you know what it does."
            )
        if route == "keras":
            return self.tr(
                "To resume training, Ckpt Studio builds the model that this file describes, in a process of its own, "
                "and runs it. Trust it only if you know where it comes from."
            )
        return self.tr(
            "A graph is a program. To resume training, Ckpt Studio runs the one in this file, in a process of "
            "its own. Trust it only if you know where it comes from."
        )

    def _risks(self, risks: Sequence[str]) -> QWidget:
        box = QWidget(self)
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 0, 0, 0)
        notice = Notice("trustRisksNotice", box)
        notice.say(self.tr("These operations can do more than compute:"))
        column.addWidget(notice)
        names = QListWidget(box)
        named(names, "trustRisks", self.tr("Operations that can do more than compute"))
        names.addItems([visible(risk) for risk in risks])
        names.setSelectionMode(QListWidget.SelectionMode.NoSelection)
        names.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        column.addWidget(names)
        return box

    def _buttons(self, risky: bool) -> QDialogButtonBox:
        box = QDialogButtonBox(self)
        trust = QPushButton(self.tr("&Trust and start"), self)
        refuse = QPushButton(self.tr("&Do not start"), self)
        named(trust, "trustAcceptButton", self.tr("Trust it and start"))
        named(refuse, "trustRejectButton", self.tr("Do not start"))
        box.addButton(trust, QDialogButtonBox.ButtonRole.AcceptRole)
        box.addButton(refuse, QDialogButtonBox.ButtonRole.RejectRole)
        trust.setAutoDefault(not risky)
        (refuse if risky else trust).setDefault(True)
        (refuse if risky else trust).setFocus()
        box.accepted.connect(self.accept)
        box.rejected.connect(self.reject)
        return box
