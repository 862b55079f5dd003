"""Light and dark: Fusion with palettes of our own, because asking Qt for a scheme does nothing on a bare X server.

Part of the first paint: keeps away from the `Qt` namespace (see `frame`).
"""

from __future__ import annotations

from typing import Final

from PySide6.QtGui import QColor, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from ckpt_studio.gui.settings import Scheme

_Role = QPalette.ColorRole

_LIGHT: Final = {
    _Role.Window: "#f3f4f6", _Role.WindowText: "#1c2128", _Role.Base: "#ffffff", _Role.AlternateBase: "#f6f8fa",
    _Role.Text: "#1c2128", _Role.Button: "#f3f4f6", _Role.ButtonText: "#24292f", _Role.BrightText: "#b3261e",
    _Role.ToolTipBase: "#ffffff", _Role.ToolTipText: "#1c2128", _Role.PlaceholderText: "#6a737d",
    _Role.Highlight: "#2563c9", _Role.HighlightedText: "#ffffff", _Role.Link: "#1a5fb4", _Role.LinkVisited: "#6f42a5",
    _Role.Light: "#ffffff", _Role.Midlight: "#e6e8eb", _Role.Mid: "#c3c8ce", _Role.Dark: "#9aa1a9",
    _Role.Shadow: "#6f7680",
}  # fmt: skip
_DARK: Final = {
    _Role.Window: "#23272e", _Role.WindowText: "#e4e7eb", _Role.Base: "#1b1e24", _Role.AlternateBase: "#20242b",
    _Role.Text: "#e4e7eb", _Role.Button: "#2c313a", _Role.ButtonText: "#e4e7eb", _Role.BrightText: "#ff8a80",
    _Role.ToolTipBase: "#2c313a", _Role.ToolTipText: "#e4e7eb", _Role.PlaceholderText: "#8b939d",
    _Role.Highlight: "#3b7de0", _Role.HighlightedText: "#ffffff", _Role.Link: "#7ab4ff", _Role.LinkVisited: "#c3a1f2",
    _Role.Light: "#3a404b", _Role.Midlight: "#333944", _Role.Mid: "#171a1f", _Role.Dark: "#121418",
    _Role.Shadow: "#08090b",
}  # fmt: skip
_WITH_INDICATORS: Final = ("QCheckBox", "QRadioButton")
_FADED: Final = {False: "#9aa1a9", True: "#6b737e"}


class _Desktop:
    """What is known of the desktop's colours, and whether the style is the one that ours go with."""

    dark: bool | None = None
    fusion = False


def is_dark(scheme: Scheme) -> bool:
    """Whether a choice of scheme comes out dark here."""
    if scheme == "system":
        return bool(_Desktop.dark)
    return scheme == "dark"


def apply_scheme(scheme: Scheme, *, indicators: bool = True) -> None:
    """Give the application its palette; without `indicators` only what the first paint needs of it."""
    if _Desktop.dark is None:
        # the palette that Qt has from the desktop, before it is replaced by ours
        _Desktop.dark = QGuiApplication.palette().color(_Role.Window).lightness() < 128
    wanted = palette(is_dark(scheme))
    if QGuiApplication.palette() != wanted:
        QApplication.setPalette(wanted)
    if indicators:
        for kind in _WITH_INDICATORS:
            # its stub asks for bytes and its code for str
            QApplication.setPalette(with_clear_edges(wanted), kind)  # type: ignore[arg-type]


def with_clear_edges(palette: QPalette) -> QPalette:
    """The palette for drawing check boxes and radio buttons.

    Fusion draws their edges in a darker shade of Window, which vanishes on a dark ground and is faint on a light one.
    """
    made = QPalette(palette)
    edge = palette.color(_Role.PlaceholderText)
    if palette.color(_Role.Window).lightness() < 128:
        edge = edge.lighter(125)
    for group in (QPalette.ColorGroup.Active, QPalette.ColorGroup.Inactive):
        made.setColor(group, _Role.Window, edge)
    return made


def started_with_fusion() -> None:
    """The application was told to take the style when it was made."""
    _Desktop.fusion = True


def ensure_fusion() -> None:
    """Take the style that the palettes are made for; `app` asks for it already, a test's own application may not."""
    if not _Desktop.fusion and QApplication.style().objectName().lower() != "fusion":
        QApplication.setStyle("Fusion")


def desktop_changed(dark: bool, scheme: Scheme) -> None:
    """The desktop has gone dark or light: go along where `scheme` leaves it to that."""
    _Desktop.dark = dark
    apply_scheme(scheme)


def palette(dark: bool) -> QPalette:
    """Our light or dark palette."""
    made = QPalette()
    for role, color in (_DARK if dark else _LIGHT).items():
        made.setColor(role, QColor(color))
    for role in (_Role.WindowText, _Role.Text, _Role.ButtonText, _Role.HighlightedText):
        made.setColor(QPalette.ColorGroup.Disabled, role, QColor(_FADED[dark]))
    made.setColor(QPalette.ColorGroup.Disabled, _Role.Highlight, made.color(_Role.Midlight))
    return made
