"""Strictness for all tests of the window: no thread may be left over, and the main window comes with the sample."""

from __future__ import annotations

import os
import shutil
import signal
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ckpt_studio.analysis.engine import process
from ckpt_studio.core.resources import resources_folder
from ckpt_studio.gui.main_window import MainWindow
from ckpt_studio.training.run_record import going_on


@pytest.fixture(scope="session", autouse=True)
def engine() -> None:
    """What all windows share is there before the first of them, and stays."""
    process.start()


@pytest.fixture(autouse=True)
def no_leftover_threads() -> Iterator[None]:
    """A test that leaves a thread running fails and names it."""
    before = set(threading.enumerate())
    yield
    # A QThread that ran Python stands in the list for ever; Qt itself complains about one that was left running.
    left = [
        thread
        for thread in threading.enumerate()
        if thread not in before and not isinstance(thread, threading._DummyThread)
    ]
    for thread in left:
        thread.join(5.0)
    names = sorted(thread.name for thread in left if thread.is_alive())
    assert not names, f"threads left running: {names}"


@pytest.fixture(autouse=True)
def nothing_left_open(no_leftover_threads: None) -> Iterator[None]:
    """A test that leaves a window or a run open fails, and the tests after it do not."""
    yield
    left = [
        window
        for window in QApplication.topLevelWidgets()
        if isinstance(window, MainWindow) and window.isVisible()
    ]
    for window in left:
        window.close_now()
    runs = going_on()
    for pid in runs.values():
        with suppress(OSError):
            os.kill(pid, signal.SIGKILL)
    assert not left, f"windows left open: {left}"
    assert not runs, f"runs left going on: {sorted(runs)}"


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    """A copy of the sample: `run/` with five checkpoints, `donor/`, `data.npz`."""
    return Path(shutil.copytree(resources_folder() / "samples", tmp_path / "sample"))


@pytest.fixture
def main_window(qtbot: QtBot) -> Iterator[MainWindow]:
    """An empty main window, shown and complete."""
    window = MainWindow()
    window.show()
    qtbot.waitExposed(window)
    window.workbench.furnish_now()
    yield window
    window.close_now()
    window.deleteLater()
    QApplication.processEvents()


@pytest.fixture
def opened(main_window: MainWindow, sample: Path, qtbot: QtBot) -> MainWindow:
    """A main window with the newest checkpoint of the sample's run."""
    with qtbot.waitSignal(main_window.documentOpened, timeout=10_000):
        main_window.open_path(str(sample / "run"))
    return main_window
