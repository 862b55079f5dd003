"""The details of a variable at any width of their dock."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QSize
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from ckpt_studio.gui.main_window import MainWindow
from ckpt_studio.gui.panels.details import DetailsPanel
from tests.helpers.bundles import BundleMaker


@pytest.mark.parametrize("width", [220, 320, 500])
def test_each_line_has_the_room_of_its_text(opened: MainWindow, qtbot: QtBot, width: int) -> None:
    opened.session.set_current("encoder/dense_2/kernel")
    panel = DetailsPanel(opened.session)
    qtbot.addWidget(panel)
    panel.resize(width, 1400)
    panel.show()
    place = panel.findChild(QLabel, "detail_place")
    qtbot.waitUntil(lambda: place.isVisible() and not opened.session.bridge.busy)
    assert place.text().startswith("model.ckpt-500.data-00000-of-00001 @ ")
    qtbot.waitUntil(lambda: panel.widget().width() == panel.viewport().width())
    for name in ("name", "key", "role", "place", "crc", "min"):
        label = panel.findChild(QLabel, f"detail_{name}")
        qtbot.waitUntil(lambda label=label: label.height() == label.heightForWidth(label.width()))
        assert label.width() >= label.minimumSizeHint().width()


def test_a_line_keeps_its_room_when_the_window_grows(opened: MainWindow, qtbot: QtBot) -> None:
    panel = opened.workbench.details
    opened.resize(1000, 700)
    opened.session.set_current("classifier/kernel")
    qtbot.waitUntil(lambda: "Slots: m, v" in panel.text() and not opened.session.bridge.busy)
    slots, place = (panel.findChild(QLabel, f"detail_{name}") for name in ("slots_0", "place"))
    for more in range(4):
        panel.widget().resize(panel.widget().size() + QSize(0, 1))
        opened.resize(1000, 700 + more)
        QApplication.processEvents()
        for label in (slots, place):
            assert label.height() >= label.heightForWidth(label.width())


def test_percentiles_and_strings(main_window: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    made = BundleMaker()
    made.add("numbers", np.arange(201, dtype=np.float32) - 100, 1)
    made.add_strings("words", [b"left", b"right", b"left", b""], (4,))
    with qtbot.waitSignal(main_window.documentOpened, timeout=10_000):
        main_window.open_path(made.write(tmp_path / "model"))
    panel = main_window.workbench.details

    def says(*lines: str) -> bool:
        return set(lines) <= set(panel.text().split("\n"))

    main_window.session.set_current("numbers")
    qtbot.waitUntil(lambda: says("Percentile 1: -98", "Median: 0", "Percentile 95: 90"), timeout=10_000)
    assert says("Largest |x|: 100", "L1 norm: 10100", "Denormals: 0")
    main_window.session.set_current("words")
    qtbot.waitUntil(lambda: says("Lengths: 0 to 5 bytes, 3.2 on average", "Empty: 1", "Different values: 3"))
    assert "2 × left" in panel.text()
    assert "Median" not in panel.text()
