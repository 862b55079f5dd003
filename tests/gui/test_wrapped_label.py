"""Names and paths are shown whole at any width, and copied as they are."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from ckpt_studio.gui.banner import BannerArea
from ckpt_studio.gui.trouble import Trouble
from ckpt_studio.gui.wrapped_label import WrappedLabel, breakable

PATH = (
    "/home/somebody/experiments_with_a_long_name/run-" + 60 * "0" + "17/model.ckpt-4000.data-00000-of-00001"
)


def assert_whole(label: QLabel) -> None:
    """Neither a line nor the end of one is cut off."""
    assert label.isVisible()
    assert label.height() >= label.heightForWidth(label.width())
    assert label.width() >= label.minimumSizeHint().width()


@pytest.mark.parametrize(
    "text", ["", "short", "a b c", PATH, f"Cannot write {PATH} (1.5 MB): no room.", "/" * 40]
)
def test_nothing_is_lost_by_breaking(qtbot: QtBot, text: str) -> None:
    assert breakable(text).replace("\u200b", "") == text
    label = WrappedLabel("label", text)
    qtbot.addWidget(label)
    assert label.text() == text


def test_numbers_and_words_stay_together() -> None:
    for text in (
        "1,536   (1,536)",
        "-0.852727   (-0.43536)",
        "CRC32C 0x49e918c8",
        "weight (by the MetaGraph)",
    ):
        assert breakable(text) == text


def test_copying_gives_the_name(qtbot: QtBot) -> None:
    label = WrappedLabel("label", PATH)
    qtbot.addWidget(label)
    label.show()
    label.setSelection(0, len(breakable(PATH)))
    QTest.keyClick(label, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == PATH


@pytest.mark.parametrize("width", [300, 420, 900])
def test_a_banner_shows_all_of_its_text(qtbot: QtBot, width: int) -> None:
    area = BannerArea()
    qtbot.addWidget(area)
    area.resize(width, 40)
    area.tell(Trouble(f"The run folder cannot be made in {PATH}.\nChoose another one.", "Open", lambda: None))
    with qtbot.waitExposed(area):
        area.show()
    area.resize(width, area.minimumHeight())
    label = area.findChild(WrappedLabel, "bannerText")
    qtbot.waitUntil(lambda: label.height() >= label.heightForWidth(label.width()))
    assert_whole(label)


@pytest.mark.parametrize("text", ["encoder/dense_1/kernel", "a text of several words", "two\nlines of text"])
def test_a_text_asks_for_no_more_lines_than_it_has(qtbot: QtBot, text: str) -> None:
    """A form gives a line as much room as it asks for, where there is room to spare."""
    label, line = WrappedLabel("some", text), WrappedLabel("other", "x")
    qtbot.addWidget(label)
    qtbot.addWidget(line)
    assert label.sizeHint().height() == (1 + text.count("\n")) * line.sizeHint().height()
