"""Starts the window: looks at the system first, then makes the one QApplication, and shows a window for each path.

What can wait for the first paint does: reports of faults, signals, the icon.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from ckpt_studio.formats.meant import from_here
from ckpt_studio.gui.qt_import import import_qt

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

    from ckpt_studio.gui.main_window import MainWindow

_BLAS_THREADS: Final = "OPENBLAS_NUM_THREADS"
_SWITCH_SECONDS: Final = 0.0001
"""After this long background threads give the interpreter back, each time that the window's thread asks for it: that is
hundreds of times a turn, because PySide lets go of it around every call of Qt."""


def main(paths: Sequence[str] = ()) -> int:
    """Open a window (one for each path) and return the exit status when the last is closed.

    Raises:
        CkptStudioError: the system lacks something that the window needs.
    """
    if paths:  # else it can wait until the window stands
        from ckpt_studio.analysis.engine import process as engine

        engine.start(from_here(paths[0]))  # before anything else is imported: it goes on beside that
    from ckpt_studio.gui.beginning import Beginning
    from ckpt_studio.gui.system import check_system

    check_system()
    restore = prepare_interpreter()
    begun = [Beginning(from_here(path)) for path in paths]
    from ckpt_studio.gui.main_window import MainWindow

    app = make_application()
    windows = [MainWindow(one) for one in begun or (None,)]
    windows[0].built.connect(lambda: _settle_in(app, windows))
    windows[0].built.connect(lambda: windows[0].session.warmed.connect(restore))
    for window in windows:
        window.show()
    return app.exec()


def prepare_interpreter() -> Callable[[], None]:
    """Set the interpreter up for a window, before its modules are imported; call what is returned once numpy is."""
    gc.disable()  # the window's GarbageCollector takes over
    sys.setswitchinterval(_SWITCH_SECONDS)
    restore = spare_blas_threads()
    import_qt()
    return restore


def spare_blas_threads() -> Callable[[], None]:
    """Have numpy imported without threads for linear algebra; call what is returned once it is.

    OpenBLAS starts one for each processor, and for a moment they do nothing but spin, beside the window that is being
    made. Processes that are started later find the environment as it was.
    """
    if _BLAS_THREADS in os.environ:
        return lambda: None
    os.environ[_BLAS_THREADS] = "1"

    def restore() -> None:
        os.environ.pop(_BLAS_THREADS, None)

    return restore


def make_application() -> QApplication:
    """The one QApplication, with its names, its style and its language."""
    from PySide6.QtWidgets import QApplication

    from ckpt_studio.gui import language
    from ckpt_studio.gui.settings import Settings
    from ckpt_studio.gui.style import started_with_fusion

    QApplication.setApplicationName("ckpt-studio")
    QApplication.setDesktopFileName("ckpt-studio")
    # as an argument, because the first call of style() makes a Python type of all of QStyle
    app = QApplication([sys.argv[0] or "ckpt-studio", "-style", "fusion"])
    started_with_fusion()
    language.install(app, Settings().language)
    return app


def _settle_in(app: QApplication, windows: Sequence[MainWindow]) -> None:
    """After the first paint: take over faults and signals."""
    from ckpt_studio.gui.faults import Faults
    from ckpt_studio.gui.signals import close_on_signals

    faults = Faults(app)
    faults.install()
    app.aboutToQuit.connect(faults.uninstall)
    for window in windows:
        window.workbench.report_to(faults)
    close_on_signals(app, windows)
