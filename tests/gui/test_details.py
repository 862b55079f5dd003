"""The details of a variable at any width of their dock."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from ckpt_studio.gui.main_window import MainWindow
from ckpt_studio.gui.panels.details import DetailsPanel


@pytest.mark.parametrize("width", [220, 320, 500])
def test_nothing_is_cut_off(opened: MainWindow, qtbot: QtBot, width: int) -> None:
    opened.session.set_current("encoder/dense_2/kernel")
    panel = DetailsPanel(opened.session)
    qtbot.addWidget(panel)
    panel.resize(width, 700)
    panel.show()
    place = panel.findChild(QLabel, "detail_place")
    qtbot.waitUntil(lambda: place.isVisible() and not opened.session.bridge.busy)
    assert place.text().startswith("model.ckpt-500.data-00000-of-00001 @ ")
    qtbot.waitUntil(lambda: panel.widget().width() == panel.viewport().width())
    for name in ("name", "place", "crc", "min"):
        label = panel.findChild(QLabel, f"detail_{name}")
        assert label.height() >= label.heightForWidth(label.width())
        assert label.width() >= label.minimumSizeHint().width()
