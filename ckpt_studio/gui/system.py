"""Looks for what Qt needs before Qt is asked for it: without a display or a library of the system, Qt ends the process.

Imports no Qt.
"""

from __future__ import annotations

import ctypes
import os
import sys
from typing import Final

from ckpt_studio.core.errors import CkptStudioError

_BASE: Final = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libdbus-1.so.3": "libdbus-1-3",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libfontconfig.so.1": "libfontconfig1",
}
_XCB: Final = {
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-shape.so.0": "libxcb-shape0",
}


def check_system() -> None:
    """Make sure that Qt can start here.

    Raises:
        CkptStudioError: it cannot; the sentence says what to install or to set.
    """
    if not sys.platform.startswith("linux"):
        return
    _check_libraries(_BASE)
    platform = _platform()
    if platform == "xcb":
        _check_libraries(_XCB)
        _check_display()


def _platform() -> str:
    """Which of Qt's platforms will be used."""
    named = os.environ.get("QT_QPA_PLATFORM", "").partition(";")[0].partition(":")[0]
    if named:
        return named
    return "wayland" if os.environ.get("WAYLAND_DISPLAY") else "xcb"


def _check_libraries(needed: dict[str, str]) -> None:
    missing = [package for library, package in needed.items() if not _loads(library)]
    if missing:
        raise CkptStudioError(
            f"The window needs system libraries that are missing; on Debian or Ubuntu: apt install {' '.join(missing)}"
        )


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _check_display() -> None:
    display = os.environ.get("DISPLAY")
    if not display:
        raise CkptStudioError(
            "There is no display for the window: DISPLAY is not set. The commands work without one: ckpt-studio --help."
        )
    xcb = ctypes.CDLL("libxcb.so.1")
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connect.argtypes = [ctypes.c_char_p, ctypes.c_void_p]
    xcb.xcb_connection_has_error.argtypes = xcb.xcb_disconnect.argtypes = [ctypes.c_void_p]
    connection = xcb.xcb_connect(None, None)
    try:
        if xcb.xcb_connection_has_error(connection):
            raise CkptStudioError(
                f"The display {display!r} does not answer; set DISPLAY to one that does, or log in with a desktop."
            )
    finally:
        xcb.xcb_disconnect(connection)
