"""The table of values, and the picture or text that goes with what it shows, beside it or below it.

The others are made when there is first something to show in them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QSplitter, QStackedWidget, QToolButton, QWidget

from ckpt_studio.gui.dialogs.fields import named

if TYPE_CHECKING:
    from ckpt_studio.gui.session import Session
    from ckpt_studio.gui.views.values_line import LineFace
    from ckpt_studio.gui.views.values_slice import ShownSlice
    from ckpt_studio.gui.views.values_spectrum import SpectrumFace
    from ckpt_studio.gui.views.values_table import ValueTable
    from ckpt_studio.gui.views.values_text import TextPane


class ValueSplit(QSplitter):
    """A vector has a line, a small matrix its singular values, a string its text.

    Attributes:
        toggles: the buttons by which a person asks for a picture, to be put where there is room for them.
    """

    wanted = Signal()
    """A person asks for a picture, or for none."""
    saveRequested = Signal(object)
    edited = Signal(str)
    """Both as those of `TextPane`."""

    def __init__(self, session: Session, table: ValueTable, parent: QWidget) -> None:
        super().__init__(Qt.Orientation.Vertical, parent)
        self._session = session
        self._table = table
        self._line: LineFace | None = None
        self._spectrum: SpectrumFace | None = None
        self._text: TextPane | None = None
        self._arranged: Qt.Orientation | None = None
        self._pictures = QStackedWidget(self)
        self._pictures.hide()
        self.setChildrenCollapsible(False)
        self.addWidget(table)
        self.addWidget(self._pictures)
        self._plot_button = self._toggle(
            "valuesPlotButton", self.tr("Plot"), self.tr("Show the vector as a line"), parent
        )
        self._plot_button.setChecked(True)
        self._spectrum_hint = self.tr("Show the singular values of the matrix")
        self._spectrum_button = self._toggle(
            "valuesSpectrumButton", self.tr("Spectrum"), self._spectrum_hint, parent
        )
        self.toggles = (self._plot_button, self._spectrum_button)

    def _toggle(self, name: str, text: str, hint: str, parent: QWidget) -> QToolButton:
        button = QToolButton(parent)
        named(button, name, hint)
        button.setText(text)
        button.setToolTip(hint)
        button.setCheckable(True)
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        button.toggled.connect(lambda _: self.wanted.emit())
        return button

    def offer(self, shown: ShownSlice | None) -> None:
        """Which of the pictures a slice has."""
        numeric = shown is not None and shown.side.info.dtype.is_numeric
        rank = len(shown.spec.shape) if shown is not None else 0
        self._plot_button.setVisible(numeric and rank == 1)
        self._spectrum_button.setVisible(numeric and rank > 1)
        if shown is not None and numeric and rank > 1:
            from ckpt_studio.analysis.spectrum import MOST_VALUES, fits

            can = fits(shown.spec.rows, shown.spec.columns)
            self._spectrum_button.setEnabled(can)
            why_not = self.tr("Only for matrices of at least 2 and at most {0:,} singular values")
            self._spectrum_button.setToolTip(self._spectrum_hint if can else why_not.format(MOST_VALUES))

    def show_pictures(self, shown: ShownSlice) -> None:
        """Show the picture that is wanted, or have room for the text of a string, and work on nothing else."""
        line, spectrum = map(self._is_wanted, self.toggles)
        text = not shown.side.info.dtype.is_numeric
        if self._line is not None and not line:
            self._line.show_sides(())
        if self._spectrum is not None and not spectrum:
            self._spectrum.show_slice(None)
        self._pictures.setVisible(line or spectrum or text)
        if line:
            self._place(self._the_line(), Qt.Orientation.Horizontal)
            self._the_line().show_sides([side for side in (shown.side, shown.other) if side is not None])
        elif spectrum:
            self._place(self._the_spectrum(), Qt.Orientation.Vertical)
            self._the_spectrum().show_slice(shown)
        elif text:
            self._place(self.the_text(), Qt.Orientation.Vertical)
        else:
            self._arranged = None

    @staticmethod
    def _is_wanted(button: QToolButton) -> bool:
        return button.isVisible() and button.isEnabled() and button.isChecked()

    def _place(self, face: QWidget, orientation: Qt.Orientation) -> None:
        """Beside the one column of a vector, or below a table."""
        bring(self._pictures, face)
        if self._arranged != orientation:
            self._arranged = orientation
            self.setOrientation(orientation)
            aside = orientation == Qt.Orientation.Horizontal
            whole = self.width() if aside else self.height()
            first = min(self._table.natural_width, whole // 2) if aside else whole // 2
            self.setSizes([first, whole - first])

    # ---- strings

    def show_text(self, value: bytes | None, editable: bool = False) -> None:
        """Show a string whole, or nothing."""
        if value is not None or self._text is not None:
            self.the_text().show_value(value, editable)

    # ---- what is made when it is needed

    def the_text(self) -> TextPane:
        """The pane for one string, which may stand elsewhere meanwhile."""
        if self._text is None:
            from ckpt_studio.gui.views.values_text import TextPane

            self._text = TextPane(self._session, self._pictures)
            self._text.saveRequested.connect(self.saveRequested)
            self._text.edited.connect(self.edited)
            self._pictures.addWidget(self._text)
        return self._text

    def _the_line(self) -> LineFace:
        if self._line is None:
            from ckpt_studio.gui.views.values_line import LineFace

            self._line = LineFace(self._session, self._pictures)
        return self._line

    def _the_spectrum(self) -> SpectrumFace:
        if self._spectrum is None:
            from ckpt_studio.gui.views.values_spectrum import SpectrumFace

            self._spectrum = SpectrumFace(self._session, self._pictures)
        return self._spectrum


def bring(stack: QStackedWidget, face: QWidget) -> None:
    """Have a stack show a face, which may be in another one."""
    if stack.indexOf(face) < 0:
        stack.addWidget(face)
    stack.setCurrentWidget(face)
