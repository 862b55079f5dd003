"""The row above the table of values: how numbers are written, what stands beside them, and colours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSpinBox, QWidget

from ckpt_studio.gui.dialogs.fields import fill_combo, named
from ckpt_studio.gui.views.numbers import NumberFormat
from ckpt_studio.gui.views.subject import Which
from ckpt_studio.gui.views.values_slice import NumberStyle

if TYPE_CHECKING:
    from ckpt_studio.core.dtypes import DType
    from ckpt_studio.gui.views.colours import Ramp
    from ckpt_studio.gui.views.subject import Side, Subject

_USUAL: Final = 0
"""The least number of digits stands for as many as are usual."""


class ValueControls(QWidget):
    """`styleChanged` is emitted with a NumberStyle, the others without.

    What the values are held against stands where there is room for it (`beside_field`).
    """

    styleChanged = Signal(object)
    besideChanged = Signal()
    rampChanged = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._format = self._combo("valueFormat", self.tr("Number format"))
        for text, how in (
            (self.tr("Automatic"), NumberFormat.short),
            (self.tr("All digits"), NumberFormat.full),
            (self.tr("Scientific"), NumberFormat.scientific),
            (self.tr("Fixed"), NumberFormat.fixed),
            (self.tr("Hexadecimal"), NumberFormat.hex),
        ):
            self._format.addItem(text, how)
        self._format.activated.connect(lambda _: self._style_changed())
        self._digits = QSpinBox(self)
        named(self._digits, "valueDigits", self.tr("Number of digits"))
        self._digits.setToolTip(self.tr("Digits"))
        self._digits.setRange(_USUAL, 17)
        self._digits.setSpecialValueText(self.tr("usual"))
        self._digits.setKeyboardTracking(False)
        self._digits.valueChanged.connect(lambda _: self._style_changed())
        self._colours = self._combo("valueColours", self.tr("Colours behind the numbers"))
        for text, name in (
            (self.tr("None"), ""),
            (self.tr("Around zero"), "around_zero"),
            (self.tr("Low to high"), "low_to_high"),
        ):
            self._colours.addItem(text, name)
        self._colours.activated.connect(lambda _: self.rampChanged.emit())
        self._beside = self._combo("valuesBeside", self.tr("What the values are held against"))
        self._beside.activated.connect(lambda _: self.besideChanged.emit())
        for text, combo in ((self.tr("&Numbers"), self._format), (self.tr("Co&lours"), self._colours)):
            label = QLabel(text, self)
            label.setBuddy(combo)
            self._row.addWidget(label)
            self._row.addWidget(combo)
            if combo is self._format:
                self._row.addWidget(self._digits)
        self._row.addStretch(1)

    def _combo(self, name: str, title: str) -> QComboBox:
        combo = QComboBox(self)
        named(combo, name, title)
        combo.setToolTip(title)
        return combo

    @property
    def beside_field(self) -> QWidget:
        """The choice of what stands beside the values."""
        return self._beside

    def add(self, widget: QWidget) -> None:
        """Put something at the end of the row."""
        self._row.addWidget(widget)

    # ---- what is offered

    def fit(self, dtype: DType) -> None:
        """Offer what can be done with values of this type."""
        self._format.setEnabled(dtype.is_numeric)
        self._colours.setEnabled(dtype.is_numeric)
        self._digits.setEnabled(
            dtype.is_numeric and self.style_of_numbers.how not in (NumberFormat.full, NumberFormat.hex)
        )

    def offer(self, subject: Subject, side: Side) -> None:
        """Offer to hold the values against others of the same shape; a choice that is still there stays."""
        choices: list[tuple[str, object]] = [(self.tr("Values alone"), None)]
        for which, text in (
            (Which.staged, self.tr("beside staged")),
            (Which.original, self.tr("beside original")),
            (Which.compared, self.tr("beside compared")),
        ):
            if _comparable(subject, which, side) is not None:
                choices.append((text, which))
        chosen = self._beside.currentData()
        kept = chosen if any(which is chosen for _, which in choices) else None
        fill_combo(self._beside, choices, kept)
        self._beside.setVisible(len(choices) > 1)

    # ---- what is chosen

    @property
    def style_of_numbers(self) -> NumberStyle:
        """How numbers are written."""
        digits = self._digits.value()
        return NumberStyle(self._format.currentData(), None if digits == _USUAL else digits)

    @property
    def ramp(self) -> Ramp | None:
        """Which colours stand behind the numbers, None for none."""
        from ckpt_studio.gui.views.colours import Ramp

        name = self._colours.currentData()
        return Ramp(name) if name else None

    def beside(self, subject: Subject, side: Side) -> Side | None:
        """The values that stand beside those of a side, if any do."""
        which = self._beside.currentData()
        return _comparable(subject, which, side) if isinstance(which, Which) else None

    def _style_changed(self) -> None:
        style = self.style_of_numbers
        self._digits.setEnabled(style.how not in (NumberFormat.full, NumberFormat.hex))
        self.styleChanged.emit(style)


def _comparable(subject: Subject, which: Which, side: Side) -> Side | None:
    """Other values of the same shape and kind, if there are some."""
    other = subject.side(which)
    if other is side or (which is not Which.staged and other is subject.staged):
        return None
    same_kind = other.info.dtype.is_numeric == side.info.dtype.is_numeric
    return (
        other if other.info.shape == side.info.shape and same_kind and other.nature is side.nature else None
    )
