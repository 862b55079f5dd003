"""The start: what is not imported before the first paint, and what is said where no window can be shown."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ckpt_studio.core.errors import CkptStudioError
from ckpt_studio.gui.system import check_system

ROOT = Path(__file__).resolve().parents[2]

FIRST_PAINT = """
import sys
from ckpt_studio.gui.app import make_application
from ckpt_studio.gui.main_window import MainWindow
from PySide6.QtWidgets import QMainWindow

class Watched(MainWindow):
    def paintEvent(self, event):
        QMainWindow.paintEvent(self, event)
        app.exit(0)

app = make_application()
window = Watched()
window.show()
app.exec()
heavy = {"numpy", "google.protobuf", "pyqtgraph", "ckpt_studio.formats.base", "ckpt_studio.gui.workbench"}
print(sorted(heavy & set(sys.modules)))
"""


def run(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    everything = {
        **os.environ,
        "QT_QPA_PLATFORM": "offscreen",
        "PYTHONPATH": os.pathsep.join(sys.path),
        **environment,
    }
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=everything, capture_output=True, text=True
    )


def test_nothing_heavy_is_imported_before_the_first_paint() -> None:
    answer = run(FIRST_PAINT)
    assert answer.stdout.strip() == "[]", answer.stderr


def test_without_a_display_a_sentence_and_no_abort() -> None:
    code = "import sys; from ckpt_studio.cli.main import main; sys.exit(main([]))"
    answer = run(code, QT_QPA_PLATFORM="xcb", DISPLAY="", WAYLAND_DISPLAY="")
    assert answer.returncode == 1
    assert "DISPLAY" in answer.stderr or "apt install" in answer.stderr
    assert len(answer.stderr.strip().splitlines()) == 1


def test_a_missing_library_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ckpt_studio.gui.system._BASE", {"libnothere.so.1": "libnothere1"})
    if sys.platform.startswith("linux"):
        with pytest.raises(CkptStudioError, match="apt install libnothere1"):
            check_system()
