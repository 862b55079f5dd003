"""A scalar as itself: large, with all its digits, and down to its bits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from ckpt_studio.gui.dialogs.fields import PlainLabel, named
from ckpt_studio.gui.views.numbers import NumberFormat, bits_of, hex_text, number_text

if TYPE_CHECKING:
    from collections.abc import Sequence

_LARGE: Final = 2.6
_FLOATS: Final = {
    "float64": (11, 52), "float32": (8, 23), "float16": (5, 10), "bfloat16": (8, 7), "float8_e5m2": (5, 2),
    "float8_e4m3fn": (4, 3), "float8_e4m3fnuz": (4, 3), "float8_e4m3b11fnuz": (4, 3), "float8_e5m2fnuz": (5, 2),
    "float4_e2m1fn": (2, 1),
}  # fmt: skip
"""Bits of exponent and fraction."""


class ScalarFace(QWidget):
    """The number in large letters, and below it the ways to write it. `edited` is emitted with what was typed."""

    edited = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._number = PlainLabel("scalarValue", parent=self)
        self._number.setAlignment(Qt.AlignmentFlag.AlignCenter)
        font = self._number.font()
        font.setPointSizeF(font.pointSizeF() * _LARGE)
        self._number.setFont(font)
        self._ways = QWidget(self)
        self._grid = QGridLayout(self._ways)
        self._grid.setHorizontalSpacing(16)
        self._edit = QLineEdit(self)
        named(self._edit, "scalarEdit", self.tr("New value"))
        self._edit.setPlaceholderText(self.tr("New value"))
        self._edit.setMaximumWidth(240)
        self._edit.returnPressed.connect(self._set)
        self._button = QPushButton(self.tr("&Set"), self)
        named(self._button, "scalarSet", self.tr("Stage the new value"))
        self._button.clicked.connect(self._set)
        self._edit.textChanged.connect(lambda text: self._button.setEnabled(bool(text)))
        self._refused = PlainLabel("scalarRefused", parent=self)
        self._refused.setAlignment(Qt.AlignmentFlag.AlignCenter)
        change = QHBoxLayout()
        change.addStretch(1)
        change.addWidget(self._edit)
        change.addWidget(self._button)
        change.addStretch(1)
        column = QVBoxLayout(self)
        column.addStretch(1)
        column.addWidget(self._number)
        column.addSpacing(12)
        column.addWidget(self._ways, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addSpacing(12)
        column.addLayout(change)
        column.addWidget(self._refused)
        column.addStretch(2)

    def refuse(self, sentence: str) -> None:
        """Say why what was typed is no value."""
        self._refused.setText(sentence)

    def _set(self) -> None:
        self._refused.clear()
        if self._edit.text():
            self.edited.emit(self._edit.text())

    def show_values(self, values: Sequence[tuple[str, Any]], editable: bool) -> None:
        """Show a numpy scalar, the first of these; the others, with what they are, stand below it."""
        self._edit.clear()
        self._refused.clear()
        self._button.setEnabled(False)
        self._edit.setVisible(editable)
        self._button.setVisible(editable)
        (_, value), *others = values
        text = number_text(value, NumberFormat.full)
        self._number.setText(text)
        self._number.setAccessibleName(text)
        for old in self._ways.findChildren(QLabel):
            self._grid.removeWidget(old)
            old.deleteLater()
        rows = [
            *self._written(value),
            *((name, number_text(other, NumberFormat.full)) for name, other in others),
        ]
        for row, (name, written) in enumerate(rows):
            title = QLabel(name, self._ways)
            title.setEnabled(False)
            shown = PlainLabel(f"scalarWay{row}", written, self._ways)
            shown.setWordWrap(False)
            shown.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
            self._grid.addWidget(title, row, 0, Qt.AlignmentFlag.AlignRight)
            self._grid.addWidget(shown, row, 1)

    def _written(self, value: Any) -> list[tuple[str, str]]:
        """The ways to write a number, with what each is called."""
        ways = []
        if value.dtype.kind not in "iub" and value.dtype.name not in ("int4", "uint4", "int2", "uint2"):
            ways.append((self.tr("scientific"), number_text(value, NumberFormat.scientific, 8)))
        elif value.dtype.kind != "b":
            ways.append((self.tr("thousands"), f"{int(value):,}"))
        ways.append((self.tr("hexadecimal"), hex_text(value)))
        ways.append((self.tr("bits"), _grouped(bits_of(value), value.dtype.name)))
        return ways


def _grouped(bits: str, name: str) -> str:
    """Sign, exponent and fraction apart for floats, groups of eight for everything else."""
    if name in _FLOATS:
        exponent = _FLOATS[name][0]
        return f"{bits[0]}  {bits[1 : 1 + exponent]}  {bits[1 + exponent :]}"
    return " ".join(bits[start : start + 8] for start in range(0, len(bits), 8))
