"""Copy and save what a plot shows: as an image, as a drawing, as text, as an array."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, Qt
from PySide6.QtGui import QImage, QImageWriter, QPainter
from PySide6.QtWidgets import QApplication, QFileDialog, QMenu, QWidget

from ckpt_studio.gui.menu_button import MenuButton
from ckpt_studio.gui.texts import translate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ckpt_studio.gui.session import Session


class Exportable(Protocol):
    """A plot that can be taken along."""

    def drawing(self) -> QWidget:
        """The widget that is drawn into an image or SVG."""
        ...

    def table(self) -> tuple[str, NDArray[Any]]:
        """A line of column headings ("" for none) and the figures, [lines, columns]."""
        ...

    def array(self) -> NDArray[Any]:
        """What an NPY file gets."""
        ...


@runtime_checkable
class Drawn(Protocol):
    """A widget that can draw itself on any painter."""

    def draw(self, painter: QPainter) -> None:
        """Draw it at the painter's origin."""
        ...


def draw_figure(figure: QWidget, painter: QPainter) -> None:
    """Draw a figure as it is, without pointer and focus: its children know how to `draw` themselves."""
    painter.fillRect(figure.rect(), figure.palette().window())
    for child in figure.findChildren(QWidget, options=Qt.FindChildOption.FindDirectChildrenOnly):
        if child.isVisible() and isinstance(child, Drawn):
            painter.save()
            painter.translate(child.pos())
            child.draw(painter)
            painter.restore()


def image_of(figure: QWidget) -> QImage:
    """A figure as an image of the screen's resolution."""
    ratio = figure.devicePixelRatioF()
    image = QImage((figure.size().toSizeF() * ratio).toSize(), QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(ratio)
    painter = QPainter(image)
    try:
        draw_figure(figure, painter)
    finally:
        painter.end()
    return image


def svg_of(figure: QWidget) -> bytes:
    """A figure as a drawing that stays sharp."""
    from PySide6.QtSvg import QSvgGenerator

    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    generator = QSvgGenerator()
    generator.setOutputDevice(buffer)
    generator.setSize(figure.size())
    generator.setViewBox(figure.rect())
    painter = QPainter(generator)
    try:
        draw_figure(figure, painter)
    finally:
        painter.end()
    return bytes(data.data())


def csv_of(heading: str, figures: NDArray[Any]) -> bytes:
    """Lines of comma-separated figures, each with as many digits as tell it apart."""
    lines = [heading] if heading else []
    lines += [",".join(map(repr, row)) for row in figures.tolist()]
    return ("\n".join(lines) + "\n").encode()


def npy_of(array: NDArray[Any]) -> bytes:
    """The bytes of an NPY file."""
    import io

    import numpy as np

    out = io.BytesIO()
    np.save(out, array, allow_pickle=False)
    return out.getvalue()


def png_of(image: QImage) -> bytes:
    """The bytes of a PNG file."""
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(buffer, QByteArray(b"PNG")).write(image)
    return bytes(data.data())


def write_file(path: str, data: bytes | Iterable[bytes]) -> None:
    """Put a file in place, whole or not at all; of parts, each as it comes.

    Raises:
        RequestFault: if it cannot be written.
        whatever making a part raises.
    """
    from ckpt_studio.core.errors import RequestFault

    target = Path(path)
    part = None
    try:
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}.", delete=False) as file:
            part = Path(file.name)
            for piece in (data,) if isinstance(data, bytes) else data:
                file.write(piece)
        mask = os.umask(0)
        os.umask(mask)
        part.chmod(0o666 & ~mask)
        part.replace(target)
    except BaseException as error:
        if part is not None:
            part.unlink(missing_ok=True)
        if not isinstance(error, OSError):
            raise
        sentence = translate("ExportButton", "{0} could not be written: {1}.").format(
            path, error.strerror or error
        )
        raise RequestFault(sentence, path=path) from error


class ExportButton(MenuButton):
    """A menu of what can be copied and saved. Files are made and written in the background."""

    def __init__(self, session: Session, name: str, plot: Exportable, parent: QWidget) -> None:
        text, accessible = translate("ExportButton", "Export"), translate("ExportButton", "Copy or export")
        super().__init__(f"{name}Export", accessible, text, parent)
        self._session = session
        self._name = name
        self._plot = plot
        menu = self.entries
        self._add(menu, "CopyImage", self.tr("Copy image"), self._copy_image)
        self._add(menu, "CopyData", self.tr("Copy figures as text"), self._copy_data)
        menu.addSeparator()
        for kind in ("PNG", "SVG", "CSV", "NPY"):
            self._add(menu, f"Save{kind}", self.tr("Save as {0}…").format(kind), partial(self._ask, kind))

    def _add(self, menu: QMenu, name: str, text: str, action: Callable[[], object]) -> None:
        entry = menu.addAction(text)
        entry.setObjectName(f"{self._name}{name}")
        entry.triggered.connect(lambda _=False: action())

    def _copy_image(self) -> None:
        QApplication.clipboard().setImage(image_of(self._plot.drawing()))

    def _copy_data(self) -> None:
        heading, figures = self._plot.table()
        self._session.bridge.submit(
            lambda task: csv_of(heading, figures).decode().replace(",", "\t"),
            lambda text: QApplication.clipboard().setText(text),
            owner=self,
            slot="copy",
        )

    def _ask(self, kind: str) -> None:
        dialog = QFileDialog(self.window(), self.tr("Save as {0}").format(kind))
        dialog.setObjectName(f"{self._name}ExportDialog")
        dialog.setOption(QFileDialog.Option.DontUseNativeDialog)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilter(f"{kind} (*.{kind.lower()})")
        dialog.setDefaultSuffix(kind.lower())
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda path: self.save(path, kind))
        dialog.open()

    def save(self, path: str, kind: str) -> None:
        """Write what is shown as PNG, SVG, CSV or NPY; a failure becomes a banner."""
        work = self._work(kind)
        self._session.bridge.submit(
            lambda task: write_file(path, work()),
            lambda _: self._session.log(self.tr("Saved {0}.").format(path)),
            self._session.trouble,
            owner=self,
        )

    def _work(self, kind: str) -> Callable[[], bytes]:
        """Takes what is shown now; the returned function makes the bytes later, on another thread."""
        if kind == "PNG":
            image = image_of(self._plot.drawing())
            return lambda: png_of(image)
        if kind == "SVG":
            drawing = svg_of(self._plot.drawing())
            return lambda: drawing
        if kind == "CSV":
            heading, figures = self._plot.table()
            return lambda: csv_of(heading, figures)
        array = self._plot.array()
        return lambda: npy_of(array)
