"""The list of staged edits says what a person calls the variables; the keys are in the tooltips."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from ckpt_studio.core.tensors import Names
from ckpt_studio.document.document import Document
from ckpt_studio.document.edits.drop import Drop
from ckpt_studio.document.edits.marks import Freeze
from ckpt_studio.formats.tf_bundle.bundle import open_bundle
from ckpt_studio.gui.panels.changes import ChangesPanel
from ckpt_studio.gui.session import Session
from tests.document.bundles import MODEL, make
from tests.helpers.memory_source import MemoryCheckpoint

ENDING = "/.ATTRIBUTES/VARIABLE_VALUE"


def test_names_and_groups_are_listed_and_keys_are_in_the_tooltips(qtbot: QtBot) -> None:
    keys = [f"layer_with_weights-{n}/{part}{ENDING}" for n in (1, 2) for part in ("bias", "kernel")]
    base = MemoryCheckpoint(dict.fromkeys(keys, np.zeros(2, np.float32)))
    names = Names.of_text(["dense_1/bias", "dense_1/kernel", "out/bias", "out/kernel"])
    base._columns = replace(base.columns, names=names)
    session = Session()
    session.document = Document(base)
    session.document.do(Freeze((keys[3],)))
    session.document.do(Freeze((keys[0], keys[1])))
    panel = ChangesPanel(session)
    qtbot.addWidget(panel)
    single, many = panel.list.topLevelItem(0), panel.list.topLevelItem(1)
    assert single is not None
    assert many is not None
    assert single.text(0) == "❄ Freeze out/kernel"
    assert single.toolTip(0) == f"<qt>Freeze out/kernel<br>{keys[3]}</qt>"
    assert many.text(0) == "❄ Freeze dense_1 (2 variables)"
    assert many.childCount() == 0
    panel.list.expandItem(many)
    assert [many.child(at).text(0) for at in range(2)] == ["dense_1/bias", "dense_1/kernel"]
    assert [many.child(at).toolTip(0) for at in range(2)] == [f"<qt>{key}</qt>" for key in keys[:2]]
    session.document.do(Freeze((keys[2],)))
    session.stagedChanged.emit(frozenset())
    again = panel.list.topLevelItem(1)
    assert again is not None
    assert again.isExpanded(), "what was looked at stays open"
    assert again.childCount() == 2
    session.close()


def test_the_copied_command_makes_the_same_edits(qtbot: QtBot, tmp_path: Path) -> None:
    base = make(tmp_path / "it's $here", "m-1", MODEL)
    session = Session()
    session.document = Document(base)
    session.document.do(Freeze(("dense/bias",)))
    session.document.do(Drop(("out/kernel",)))
    panel = ChangesPanel(session)
    qtbot.addWidget(panel)
    button = panel.findChild(QPushButton, "copyCommandButton")
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    command = QApplication.clipboard().text()
    programs = Path(sys.executable).parent
    done = subprocess.run(
        ["bash", "-c", command],
        env={**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    written = Document(open_bundle(str(tmp_path / "it's $here-edited" / "m-1")))
    assert "out/kernel" not in written.base.columns
    assert written.is_frozen("dense/bias")
    session.close()
