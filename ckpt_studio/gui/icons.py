"""Icons from `resources/icons` (Lucide, ISC), drawn in the colour of the palette: a desktop theme may have none."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QPainter, QPalette, QPixmap

from ckpt_studio.core.resources import resources_folder

_SIZES: Final = (16, 24)
_made: dict[tuple[str, int], QIcon] = {}


def icon(name: str, color: QColor | None = None) -> QIcon:
    """The icon of this name (a file's without ending), in a colour or in that of the palette's text.

    Raises:
        OSError: there is no such icon.
    """
    palette = QGuiApplication.palette()
    normal = color or palette.color(QPalette.ColorRole.ButtonText)
    disabled = palette.color(QPalette.ColorGroup.Disabled, QPalette.ColorRole.ButtonText)
    place = (name, normal.rgba())
    made = _made.get(place)
    if made is None:
        made = _made[place] = _drawn(name, normal, disabled)
    return made


def pixmap(name: str, size: int, color: QColor | None = None) -> QPixmap:
    """One icon as a pixmap of `size` logical pixels."""
    return _pixmap(_svg(name), size, color or QGuiApplication.palette().color(QPalette.ColorRole.WindowText))


def app_icon() -> QIcon:
    """The program's own icon."""
    return QIcon(str(resources_folder() / "icons" / "ckpt-studio.svg"))


def _svg(name: str) -> bytes:
    return (resources_folder() / "icons" / f"{name}.svg").read_bytes()


def _drawn(name: str, normal: QColor, disabled: QColor) -> QIcon:
    source, made = _svg(name), QIcon()
    for size in _SIZES:
        made.addPixmap(_pixmap(source, size, normal), QIcon.Mode.Normal)
        made.addPixmap(_pixmap(source, size, disabled), QIcon.Mode.Disabled)
    return made


def _pixmap(source: bytes, size: int, color: QColor) -> QPixmap:
    from PySide6.QtSvg import QSvgRenderer

    ratio = QGuiApplication.primaryScreen().devicePixelRatio() if QGuiApplication.primaryScreen() else 1.0
    picture = QPixmap(round(size * ratio), round(size * ratio))
    picture.setDevicePixelRatio(ratio)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    svg = source.replace(b"currentColor", color.name().encode())
    QSvgRenderer(QByteArray(svg)).render(painter, QRectF(0, 0, size, size))
    painter.end()
    return picture
