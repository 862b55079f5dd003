"""What a write will do, before it is done: sizes and time, notes, and a list of what the format cannot keep."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGroupBox, QListWidget, QVBoxLayout, QWidget

from ckpt_studio.gui.dialogs.fields import PlainLabel, duration_text, named
from ckpt_studio.gui.texts import byte_size, visible

if TYPE_CHECKING:
    from ckpt_studio.document.document import Document
    from ckpt_studio.document.saving import WritePlan

_SOON = 2.0
_MOST_ROWS = 5
_MOST_FITS = 1000


class WriteOutlook(QGroupBox):
    """Shows one WritePlan."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTitle(self.tr("What will happen"))
        self._text = PlainLabel("writePlan", self.tr("Looking …"), self)
        self._text.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self._heading = PlainLabel("lostHeading", self.tr("What cannot be kept in this format:"), self)
        self._lost = QListWidget(self)
        named(self._lost, "lostList", self.tr("What cannot be kept"))
        self._lost.setWordWrap(True)
        self._lost.setSelectionMode(QListWidget.SelectionMode.NoSelection)
        self._lost.setMinimumHeight(_MOST_ROWS * self.fontMetrics().height())
        self._fits_heading = PlainLabel("fitsHeading", parent=self)
        self._fits = QListWidget(self)
        named(self._fits, "fitsList", self.tr("What fits"))
        self._fits.setSelectionMode(QListWidget.SelectionMode.NoSelection)
        self._fits.setUniformItemSizes(True)
        self._fits.setMinimumHeight(_MOST_ROWS * self.fontMetrics().height())
        column = QVBoxLayout(self)
        column.addWidget(self._text)
        column.addWidget(self._fits_heading)
        column.addWidget(self._fits, 1)
        column.addWidget(self._heading)
        column.addWidget(self._lost, 1)
        column.addStretch(0)
        self._show_lost(())
        self.show_fits(())

    def show_fits(self, fits: Sequence[tuple[str, str]]) -> None:
        """Which variables of the checkpoint that it is laid out like take which values; none where there is none."""
        self._fits.clear()
        for name, taken in fits[:_MOST_FITS]:
            self._fits.addItem(visible(name) if name == taken else f"{visible(name)} ← {visible(taken)}")
        if len(fits) > _MOST_FITS:
            self._fits.addItem(self.tr("and {0} more").format(len(fits) - _MOST_FITS))
        self._fits_heading.setText(self.tr("What fits: {0} variables take the values.").format(len(fits)))
        self._fits.setVisible(bool(fits))
        self._fits_heading.setVisible(bool(fits))

    def say(self, text: str) -> None:
        """A text instead of a plan."""
        self._text.setText(text)
        self._show_lost(())

    def show_plan(
        self, plan: WritePlan, document: Document, more: list[str], lost: Sequence[str] = ()
    ) -> None:
        """The plan for a document, further lines, and what is known already not to be kept."""
        self._text.setText("\n".join([*self._lines(plan, document), *more]))
        self._show_lost((*lost, *plan.lost))

    def _show_lost(self, lost: tuple[str, ...]) -> None:
        self._lost.clear()
        for sentence in lost:
            self._lost.addItem(visible(sentence))
        self._lost.setVisible(bool(lost))
        self._heading.setVisible(bool(lost))

    def _lines(self, plan: WritePlan, document: Document) -> list[str]:
        lines = [
            self.tr("Writes {0}, shares {1} with the original; {2} are free.").format(
                byte_size(plan.written_bytes), byte_size(plan.shared_bytes), byte_size(plan.free_bytes)
            )
        ]
        if plan.seconds >= _SOON:
            lines.append(self.tr("Takes about {0}.").format(duration_text(plan.seconds)))
        if plan.shared_bytes:
            lines.append(self.tr("What is shared is not read meanwhile; Verify or Certify does that."))
        lines += [
            self.tr("Variables with other values: {0} of {1}. Frozen: {2}.").format(
                len(plan.changed), len(document.staged.columns), len(document.frozen_keys())
            ),
            self.tr("Edits that are kept beside it as a patch: {0}.").format(len(document.edits)),
        ]
        if plan.format == "tf_bundle":
            lines.append(
                self.tr("There is no .meta file to carry along; frozen marks go into the patch.")
                if document.base.meta_graph is None
                else self.tr(
                    "The .meta goes along; its trainable variables and update operations follow the frozen marks."
                )
            )
        return lines + [visible(note) for note in plan.notes]
