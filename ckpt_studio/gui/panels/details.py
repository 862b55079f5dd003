"""The dock of the details: all that is known about the variable being looked at; figures come from the background."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QFormLayout, QFrame, QLabel, QScrollArea, QWidget

from ckpt_studio.gui.texts import tooltip, visible

if TYPE_CHECKING:
    from ckpt_studio.gui.panels.facts import Facts, Figures
    from ckpt_studio.gui.session import Session


class DetailsPanel(QScrollArea):
    """One line a fact."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("detailsPanel")
        self.setAccessibleName(self.tr("Details of the variable"))
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self._session = session
        self.setMinimumWidth(220)
        self._body = QWidget(self)
        self._form = QFormLayout(self._body)
        self._form.setContentsMargins(8, 8, 8, 8)
        self._form.setHorizontalSpacing(12)
        self._form.setVerticalSpacing(4)
        self._form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.DontWrapRows)
        self.setWidget(self._body)
        self._values: dict[str, QLabel] = {}
        self._identity: tuple[str, ...] = ()
        self._heads = {
            "count": self.tr("Elements"), "min": self.tr("Minimum"), "max": self.tr("Maximum"), "mean": self.tr("Mean"),
            "std": self.tr("Std. deviation"), "l2": self.tr("L2 norm"), "zeros": self.tr("Zeros"),
            "nan": self.tr("NaN"), "inf": self.tr("Infinite"),
        }  # fmt: skip
        session.currentChanged.connect(self._show)
        session.documentChanged.connect(self._show)
        session.stagedChanged.connect(self._staged)
        self._show()

    def text(self) -> str:
        """All that is shown, a line each."""
        return "\n".join(f"{head}: {label.text()}" for head, label in self._values.items())

    def _staged(self, keys: frozenset[str]) -> None:
        if self._session.current in keys:
            self._show()

    def _show(self, *_: object) -> None:
        """Look the variable up and ask for its figures."""
        document, key = self._session.document, self._session.current
        self._clear()
        if document is None or key is None:
            self._add("", self.tr("Choose a variable to see its details."), faint=True)
            return
        from ckpt_studio.gui.panels import facts

        self._session.bridge.submit(
            lambda task: facts.read_facts(document, key), self._show_facts, owner=self, slot="facts"
        )
        self._session.bridge.submit(
            lambda task: facts.read_figures(document, key, task),
            self._show_figures,
            lambda error: self._add(
                "figures", self.tr("not available: %1").replace("%1", visible(str(error)))
            ),
            owner=self,
            slot="figures",
            label=self.tr("Statistics"),
        )

    def _clear(self) -> None:
        while self._form.rowCount():
            self._form.removeRow(0)
        self._values.clear()

    def _show_facts(self, facts: Facts) -> None:
        texts = {
            "name": self.tr("Name"), "key": self.tr("Key"), "object": self.tr("Object path"),
            "shape": self.tr("Shape"), "dtype": self.tr("Type"), "bytes": self.tr("On disk"),
            "role": self.tr("Role"), "slot": self.tr("Slot of"), "training": self.tr("Training"),
            "swapped": self.tr("Swapped"), "place": self.tr("Stored at"), "crc": self.tr("CRC32C"),
            "fault": self.tr("Fault"),
        }  # fmt: skip
        for at, (name, value) in enumerate(facts.lines(self.tr)):
            self._add(name, value, head=texts[name], at=at, hint=facts.path if name == "place" else "")

    def _show_figures(self, figures: Figures) -> None:
        titles = [self.tr("Statistics")]
        if figures.original is not None:
            titles = [self.tr("Staged (before)")]
        self._add("figures", "", head=titles[0], bold=True)
        for name, now, before in figures.lines():
            self._add(name, now if before is None else f"{now}   ({before})", head=self._heads[name])

    def _add(
        self,
        name: str,
        value: str,
        head: str = "",
        at: int = -1,
        bold: bool = False,
        faint: bool = False,
        hint: str = "",
    ) -> None:
        label = QLabel(self._body)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setText(value)
        label.setToolTip(tooltip(hint))
        label.setWordWrap(True)
        label.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        label.setObjectName(f"detail_{name}" if name else "detailHint")
        label.setAccessibleName(f"{head}: {value}" if head else value)
        label.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        if faint:
            label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        title = QLabel(head, self._body)
        title.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        if bold:
            font = title.font()
            font.setBold(True)
            title.setFont(font)
        elif head:
            title.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        if head:
            self._form.insertRow(at if at >= 0 else self._form.rowCount(), title, label)
        else:
            title.deleteLater()
            self._form.addRow(label)
        self._values[head or name] = label
