"""A session on a working copy of the sample, so that the dialogs meet real checkpoints and a real graph."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QMainWindow
from pytestqt.qtbot import QtBot

from ckpt_studio.core.resources import resources_folder
from ckpt_studio.gui.session import Session


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    """A copy of the sample: `run/` with five checkpoints, `donor/`, `data.npz`."""
    return Path(shutil.copytree(resources_folder() / "samples", tmp_path / "sample"))


@pytest.fixture
def session(qtbot: QtBot) -> Iterator[Session]:
    session = Session()
    yield session
    session.close()
    session.deleteLater()


@pytest.fixture
def opened(session: Session, sample: Path, qtbot: QtBot) -> Session:
    """A session with the newest checkpoint of the sample's run."""
    with qtbot.waitSignal(session.documentChanged, timeout=10_000):
        session.open(str(sample / "run"))
    return session


@pytest.fixture
def window(qtbot: QtBot) -> QMainWindow:
    """The parent of the dialogs, which delete themselves when they are closed."""
    window = QMainWindow()
    qtbot.addWidget(window)
    window.resize(1200, 800)
    window.show()
    return window
