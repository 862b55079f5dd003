"""Boxes and buttons that are not ticked can be seen on both grounds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage, QPalette, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QApplication, QCheckBox, QRadioButton, QTableView, QWidget
from pytestqt.qtbot import QtBot

from ckpt_studio.gui.models.check_delegate import CheckDelegate
from ckpt_studio.gui.style import apply_scheme, ensure_fusion


@pytest.fixture(params=["light", "dark"])
def scheme(request: pytest.FixtureRequest, qapp: QApplication) -> Iterator[None]:
    wanted: Literal["light", "dark"] = request.param
    ensure_fusion()
    apply_scheme(wanted)
    yield
    apply_scheme("light")


def brightness(color: QColor) -> float:
    """Relative luminance as WCAG has it."""
    parts = [
        part / 12.92 if part <= 0.04 else ((part + 0.055) / 1.055) ** 2.4 for part in color.getRgbF()[:3]
    ]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(image: QImage, ground: QColor) -> float:
    """The strongest contrast of any pixel with the ground; WCAG asks for 3 at the parts of a control."""
    size = image.size()
    pixels = (image.pixelColor(x, y) for x in range(size.width()) for y in range(size.height()))
    base = brightness(ground)
    shades = (brightness(pixel) for pixel in pixels)
    return max((max(shade, base) + 0.05) / (min(shade, base) + 0.05) for shade in shades)


@pytest.mark.parametrize("kind", [QCheckBox, QRadioButton])
@pytest.mark.usefixtures("scheme")
def test_an_indicator_is_seen(qtbot: QtBot, kind: type[QWidget]) -> None:
    box = kind()
    qtbot.addWidget(box)
    box.resize(18, 18)
    assert contrast(box.grab().toImage(), QApplication.palette().color(QPalette.ColorRole.Window)) >= 3


@pytest.mark.usefixtures("scheme")
def test_a_box_in_a_table_is_seen(qtbot: QtBot) -> None:
    item = QStandardItem("")
    item.setCheckable(True)
    item.setCheckState(Qt.CheckState.Unchecked)
    model = QStandardItemModel()
    model.appendRow(item)
    table = QTableView()
    qtbot.addWidget(table)
    table.setModel(model)
    table.setItemDelegate(CheckDelegate(table))
    table.setShowGrid(False)
    table.resize(200, 100)
    cell = table.visualRect(model.index(0, 0))
    shown = table.viewport().grab(cell).toImage()
    assert contrast(shown, QApplication.palette().color(QPalette.ColorRole.Base)) >= 3
