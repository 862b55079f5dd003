"""The window in Simplified Chinese: nothing left out, nothing to fill in lost, shown where it is asked for."""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QTranslator
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication, QTreeWidget, QWidget

from ckpt_studio.core.resources import resources_folder
from ckpt_studio.document.edits.marks import Freeze, Unfreeze
from ckpt_studio.document.edits.replace import Replace
from ckpt_studio.formats.registry import open_checkpoint
from ckpt_studio.gui.edit_texts import edit_text
from ckpt_studio.gui.language import TRANSLATION
from ckpt_studio.gui.main_window import MainWindow
from ckpt_studio.gui.texts import without_mnemonic

ROOT = Path(__file__).resolve().parents[2]
COMPILED = resources_folder() / "translations" / TRANSLATION
TS = COMPILED.with_suffix(".ts")
RENEW = TS.with_name("renew.py")
DUE = "run resources/translations/renew.py, and translate what it lists"

Texts = dict[tuple[str, str], str]


def texts(file: Path) -> Texts:
    """Translations of a .ts file by context and source; empty where they are not finished."""
    found = {}
    for context in ET.parse(file).iter("context"):
        for message in context.iter("message"):
            translation = message.find("translation")
            assert translation is not None
            form = translation.find("numerusform")
            text = translation.text if form is None else form.text
            done = translation.get("type") is None
            found[context.findtext("name", ""), message.findtext("source", "")] = (text or "") if done else ""
    return found


@pytest.fixture(scope="module")
def renew() -> dict[str, Any]:
    return runpy.run_path(str(RENEW))


def test_every_text_of_the_window_is_there_and_none_that_it_has_not(
    renew: dict[str, Any], tmp_path: Path
) -> None:
    fresh = tmp_path / TS.name
    renew["gather"](fresh)
    wanted, there = texts(fresh).keys(), texts(TS).keys()
    assert sorted(wanted ^ there) == [], DUE


def test_every_text_is_translated() -> None:
    assert [source for source, text in texts(TS).items() if not text.strip()] == [], DUE


def test_every_text_names_the_class_that_shows_it() -> None:
    assert [source for source in texts(TS) if not re.fullmatch(r"_?[A-Z]\w+", source[0])] == []


def holes(text: str) -> Counter[str]:
    """What is filled in later: %1, %n, {0:,}; and the parts of a file filter."""
    return Counter(re.findall(r"%n|%L?\d|\{[^}]*\}|;;|\*\.?[\w-]*", text))


def test_what_is_filled_in_and_the_keys_of_menus_stay_the_same() -> None:
    for (_, source), text in texts(TS).items():
        assert holes(text) == holes(source), (source, text)
        key = re.search(r"&(\w)", source)
        marked = re.findall(r"\(&(\w)\)", text)
        assert marked == ([key[1].upper()] if key else []), (source, text)
        assert text.count("&") == source.count("&"), (source, text)
        assert text.endswith("…") == source.endswith("…"), (source, text)


def loaded(file: Path, wanted: Texts) -> Texts:
    translator = QTranslator()
    assert translator.load(str(file))
    return {(context, source): translator.translate(context, source, "", 1) for context, source in wanted}


def test_the_compiled_file_says_what_the_translation_says(renew: dict[str, Any], tmp_path: Path) -> None:
    fresh = tmp_path / COMPILED.name
    renew["compile_to"](TS, fresh)
    wanted = texts(TS)
    assert loaded(COMPILED, wanted) == loaded(fresh, wanted) == wanted, DUE


SHOWN = """
from ckpt_studio.gui.app import make_application
app = make_application()
from PySide6.QtWidgets import QDialogButtonBox, QPushButton
from ckpt_studio.gui.main_window import MainWindow
window = MainWindow()
print(*(action.text() for action in window.menuBar().actions()))
print(window.start_page.findChild(QPushButton, "openFolderButton").text())
box = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
print(box.buttons()[0].text())
print(window.workbench.actions["actionFreeze"].toolTip())
window.session.finish_warm_up()
window.close_now()
"""
ENGLISH = ["&File", "Open Folder", "Cancel", "A resumed run must not change"]
CHINESE = ["文件(&F)", "打开文件夹", "取消", "继续训练时不得更改所选变量"]


@pytest.mark.parametrize(
    ("choice", "desktop", "expected"),
    [
        ("zh_CN", "en_US.UTF-8", CHINESE),
        ("en", "zh_CN.UTF-8", ENGLISH),
        ("system", "zh_CN.UTF-8", CHINESE),
        ("system", "zh_SG.UTF-8", CHINESE),
        ("system", "zh_TW.UTF-8", ENGLISH),
        ("", "de_DE.UTF-8", ENGLISH),
    ],
)
def test_a_window_speaks_the_chosen_language(
    choice: str, desktop: str, expected: list[str], tmp_path: Path
) -> None:
    if choice:
        (tmp_path / "settings.ini").write_text(f"[General]\nlanguage={choice}\n", "utf-8")
    unset = {"LC_ALL": "", "LC_MESSAGES": "", "LANGUAGE": ""}
    environment = {
        **os.environ,
        **unset,
        "LANG": desktop,
        "CKPT_STUDIO_HOME": str(tmp_path),
        "QT_QPA_PLATFORM": "offscreen",
        "PYTHONPATH": os.pathsep.join(sys.path),
        "PYTHONIOENCODING": "utf-8",
    }
    answer = subprocess.run(
        [sys.executable, "-c", SHOWN],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    lines = answer.stdout.splitlines()
    assert len(lines) == len(expected), answer.stderr
    for line, part in zip(lines, expected, strict=True):
        assert part in line


def test_choosing_a_language_is_remembered_and_says_when_it_comes(main_window: MainWindow) -> None:
    main_window.findChild(QAction, "language_zh_CN").trigger()
    assert main_window.settings.language == "zh_CN"
    assert any("started again" in banner.trouble.sentence for banner in main_window.workbench.banners.banners)
    assert main_window.findChild(QWidget, "languageMenu") is not None
    main_window.findChild(QAction, "language_en").trigger()
    assert main_window.settings.language == "en"


@pytest.fixture
def chinese(qapp: QApplication) -> Iterator[None]:
    """The application translates while the test lasts."""
    translator = QTranslator()
    assert translator.load(str(COMPILED))
    qapp.installTranslator(translator)
    yield
    qapp.removeTranslator(translator)


@pytest.mark.usefixtures("chinese")
def test_edits_are_named_in_chinese(opened: MainWindow) -> None:
    document = opened.session.document
    assert document is not None
    donor = open_checkpoint(document.base.prefix)
    keys = ("classifier/bias", "encoder/dense_1/bias")
    for edit in (Freeze(keys[:1]), Unfreeze(keys), Replace(((keys[0], keys[0]),), donor, donor.path)):
        opened.session.do(edit)
    shown = opened.findChild(QTreeWidget, "changeList")
    rows = [[shown.topLevelItem(row).text(column) for column in (0, 1)] for row in range(3)]
    assert rows == [
        ["❄ 冻结 classifier/bias", "可训练 → 冻结"],
        ["○ 解冻 2 个变量", "冻结 → 可训练"],
        ["⇄ 用 model.ckpt-500 的值替换 classifier/bias", "自身的值 → model.ckpt-500 的值"],
    ]
    opened.session.revert_all()
    assert opened.findChild(QAction, "actionUndo").text() == "撤销 全部还原(&U)"


def test_edits_are_named_in_english_as_the_document_has_it() -> None:
    assert edit_text("Freeze a") == "Freeze a"


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("&Open…", "Open…"),
        ("打开(&O)…", "打开…"),
        ("Save && &Quit", "Save & Quit"),
        ("f(x)", "f(x)"),
        ("", ""),
    ],
)
def test_the_mark_of_a_key_is_not_read(text: str, read: str) -> None:
    assert without_mnemonic(text) == read
