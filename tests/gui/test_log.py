"""The log: filtered, copied, followed, bounded, and not stalled by a flood."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QLineEdit, QPushButton
from pytestqt.qtbot import QtBot

from ckpt_studio.gui.models.log_lines import MOST_LINES, Level, LogLine, LogLines, Showing, Source
from ckpt_studio.gui.panels.log import LogPanel
from ckpt_studio.gui.session import Session


@pytest.fixture
def panel(qtbot: QtBot) -> Iterator[LogPanel]:
    session = Session()
    panel = LogPanel(session)
    session.setParent(panel)
    qtbot.addWidget(panel)
    panel.resize(600, 200)
    panel.show()
    qtbot.waitExposed(panel)
    session.log("Saved a plot.")
    session.trouble("The file is damaged.")
    session.log("step 1 of 2\nW0000 00:00 low on something\nValueError: out of milk", Source.run)
    qtbot.waitUntil(lambda: panel.view.lines.rowCount() == 5, timeout=5000)
    yield panel
    session.close()


def shown(panel: LogPanel) -> list[str]:
    return [line.split("  ", 1)[1] for line in panel.view.toPlainText().splitlines()]


def test_it_is_filtered_by_text_and_kind_and_copied(panel: LogPanel) -> None:
    kinds, text = panel.findChild(QComboBox, "logKindCombo"), panel.findChild(QLineEdit, "logFilterEdit")
    wanted = {
        Showing.run: ["step 1 of 2", "W0000 00:00 low on something", "ValueError: out of milk"],
        Showing.program: ["Saved a plot.", "The file is damaged."],
        Showing.warnings: ["The file is damaged.", "W0000 00:00 low on something", "ValueError: out of milk"],
        Showing.errors: ["The file is damaged.", "ValueError: out of milk"],
    }
    for showing, lines in wanted.items():
        kinds.setCurrentIndex(kinds.findData(showing))
        assert shown(panel) == lines
    QTest.keyClicks(text, "MILK")
    assert shown(panel) == ["ValueError: out of milk"]
    QTest.mouseClick(panel.findChild(QPushButton, "logCopyButton"), Qt.MouseButton.LeftButton)
    assert QApplication.clipboard().text() == panel.view.toPlainText()
    text.clear()
    kinds.setCurrentIndex(0)
    view = panel.view
    view.setFocus()
    view.setCurrentIndex(view.lines.index(1))
    QTest.keyClick(view, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClick(view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert [line.split("  ", 1)[1] for line in QApplication.clipboard().text().splitlines()] == [
        "The file is damaged.", "step 1 of 2"
    ]  # fmt: skip
    QTest.mouseClick(panel.findChild(QPushButton, "logClearButton"), Qt.MouseButton.LeftButton)
    assert shown(panel) == []


def test_it_follows_until_somebody_scrolls_up(panel: LogPanel, qtbot: QtBot) -> None:
    bar, follow = panel.view.verticalScrollBar(), panel.findChild(QPushButton, "logFollowButton")
    panel.add("\n".join(map(str, range(500))))
    qtbot.waitUntil(lambda: panel.view.lines.rowCount() == 505, timeout=5000)
    assert bar.value() == bar.maximum() > 0
    panel.view.setFocus()
    panel.view.setCurrentIndex(panel.view.lines.index(504))
    for _ in range(3):
        QTest.keyClick(panel.view, Qt.Key.Key_PageUp)
    assert not follow.isChecked()
    seen = bar.value()
    panel.add("more\n" * 50)
    qtbot.waitUntil(lambda: panel.view.lines.rowCount() == 555, timeout=5000)
    assert bar.value() == seen
    QTest.mouseClick(follow, Qt.MouseButton.LeftButton)
    assert bar.value() == bar.maximum()


def test_a_flood_keeps_the_newest_lines_and_what_is_read_stays(panel: LogPanel, qtbot: QtBot) -> None:
    panel.add("\n".join(f"line {number}" for number in range(3 * MOST_LINES)), Source.run)
    qtbot.waitUntil(lambda: panel.view.lines.rowCount() > 10, timeout=5000)
    assert len(panel.view.lines) <= MOST_LINES
    assert shown(panel)[-1] == f"line {3 * MOST_LINES - 1}"
    panel.findChild(QPushButton, "logFollowButton").setChecked(False)
    bar = panel.view.verticalScrollBar()
    bar.setValue(bar.maximum() // 2)
    top = panel.view.indexAt(panel.view.viewport().rect().topLeft()).data()
    with qtbot.waitSignal(panel.view.lines.rowsInserted, timeout=5000):
        panel.add("more\n" * 100)
    assert shown(panel)[-1] == "more"
    assert panel.view.indexAt(panel.view.viewport().rect().topLeft()).data() == top


def test_what_is_shown_is_what_a_plain_filter_gives(qtbot: QtBot) -> None:
    lines = LogLines()
    all_lines: list[LogLine] = []
    for batch in range(60):
        fresh = [
            LogLine("12:00:00", Source.run, Level(number % 3), f"{number % 7} of {batch}")
            for number in range(batch * 20)
        ]
        lines.add(fresh)
        all_lines += fresh
        if batch == 30:
            lines.show("3 of", Showing.warnings)
    kept = all_lines[-len(lines) :]
    assert len(lines) > MOST_LINES // 2
    wanted = [one.copied for one in kept if "3 of" in one.text and one.level is not Level.info]
    assert lines.text().splitlines() == wanted
    assert lines.rowCount() == len(wanted)
