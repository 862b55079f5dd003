"""Help: what can be done by which key, what the program is, and whose work it stands on."""

from __future__ import annotations

import html
from importlib import metadata
from typing import Final

from PySide6.QtCore import QSize, Qt, qVersion
from PySide6.QtGui import QIcon, QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from ckpt_studio import __version__
from ckpt_studio.core.resources import resources_folder
from ckpt_studio.gui.action_specs import SPECS
from ckpt_studio.gui.actions import Actions, translated
from ckpt_studio.gui.dialogs.fields import named
from ckpt_studio.gui.icons import app_icon
from ckpt_studio.gui.menu_titles import MENUS, menu_title
from ckpt_studio.gui.texts import translate, without_mnemonic

_PARTS: Final = (
    "tensorflow", "PySide6-Essentials", "numpy", "ml_dtypes", "protobuf", "crc32c", "pillow", "cramjam", "h5py",
    "platformdirs",
)  # fmt: skip


class _Dialog(QDialog):
    """A dialog with one thing to read and a Close button."""

    def __init__(self, name: str, title: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.column = QVBoxLayout(self)

    def add_close(self) -> None:
        """The button below."""
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        close = buttons.button(QDialogButtonBox.StandardButton.Close)
        close.setIcon(QIcon())  # no button of the other dialogs has one
        named(close, f"{self.objectName()}CloseButton", close.text())
        buttons.rejected.connect(self.reject)
        self.column.addWidget(buttons)


class HelpDialog(_Dialog):
    """First steps, and every action with its key."""

    def __init__(self, actions: Actions, parent: QWidget) -> None:
        super().__init__("helpDialog", translate("HelpDialog", "Keys and first steps"), parent)
        text = QTextBrowser(self)
        text.setObjectName("helpText")
        text.setHtml(self._first_steps() + "".join(self._menu(name, title, actions) for name, title in MENUS))
        self.column.addWidget(text)
        self.add_close()
        self.resize(QSize(620, 640))

    def _first_steps(self) -> str:
        steps = (
            self.tr(
                "Drop a checkpoint, or a folder of them, on the window. Nothing in it is run, nothing is changed."
            ),
            self.tr("Choose a variable in the tree to see its histogram, heatmap and values."),
            self.tr(
                "Choose variables or groups, then freeze them or swap their values in from another checkpoint."
            ),
            self.tr("Resume training with the staged edits, and watch the loss."),
            self.tr("Write a new checkpoint; the original stays as it is."),
        )
        keys = self.tr(
            "In the tree: arrow keys move, Right and Left expand and collapse, * expands all below, "
            "Space freezes, typing finds a name."
        )
        plots = self.tr(
            "In a plot: the wheel, + and - zoom, dragging and arrow keys move, Shift and dragging zooms into a box, "
            "0 or a double click shows all, Ctrl and an arrow key read the next bin or element. "
            "Dragging over a histogram chooses a range."
        )
        items = "".join(f"<li>{html.escape(step)}</li>" for step in steps)
        return f"<ol>{items}</ol><p>{html.escape(keys)}</p><p>{html.escape(plots)}</p>"

    def _menu(self, menu: str, title: str, actions: Actions) -> str:
        rows = []
        for spec in SPECS:
            if spec.menu == menu:
                keys = actions[spec.id].shortcut().toString(QKeySequence.SequenceFormat.NativeText)
                cells = (without_mnemonic(translated(spec.text)).rstrip("…"), keys, translated(spec.hint))
                rows.append("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells) + "</tr>")
        heading = html.escape(without_mnemonic(menu_title(title)))
        return f"<h3>{heading}</h3><table cellpadding='3'>{''.join(rows)}</table>" if rows else ""


class AboutDialog(_Dialog):
    """Name and versions."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__("aboutDialog", translate("AboutDialog", "About Ckpt Studio"), parent)
        picture = QLabel(self)
        picture.setPixmap(app_icon().pixmap(QSize(72, 72)))
        text = QLabel(self)
        text.setObjectName("aboutText")
        text.setTextFormat(Qt.TextFormat.PlainText)
        text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        text.setText(
            "\n".join((
                f"Ckpt Studio {__version__}",
                self.tr("Browse, edit and resume TensorFlow checkpoints on the desktop."),
                "",
                f"Qt {qVersion()}",
                *(f"{name} {version}" for name in _PARTS if (version := _version(name))),
                "",
                self.tr("Licence: Apache-2.0"),
            ))
        )  # fmt: skip
        row = QHBoxLayout()
        row.setSpacing(16)
        row.addWidget(picture, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(text, 1)
        self.column.setContentsMargins(20, 20, 20, 14)
        self.column.setSpacing(14)
        self.column.addLayout(row)
        self.add_close()


class LicencesDialog(_Dialog):
    """The licences of what is bundled, and the names of what is used."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__("licencesDialog", translate("LicencesDialog", "Licences"), parent)
        text = QPlainTextEdit(self)
        named(text, "licencesText", translate("LicencesDialog", "Licences"))
        text.setReadOnly(True)
        text.setPlainText("\n\n".join((self._own(), self._used(), self._icons())))
        self.column.addWidget(text)
        self.add_close()
        self.resize(QSize(640, 560))

    def _own(self) -> str:
        return self.tr("Ckpt Studio is licensed under the Apache License 2.0.")

    def _used(self) -> str:
        lines = [f"{name} {_version(name)}: {_licence(name)}" for name in _PARTS if _version(name)]
        return "\n".join((self.tr("It uses:"), *lines))

    def _icons(self) -> str:
        path = resources_folder() / "icons" / "LICENSE-lucide.txt"
        return self.tr("Icons: Lucide") + "\n\n" + path.read_text("utf-8")


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _licence(name: str) -> str:
    about = metadata.metadata(name)
    stated = next(iter([*(about.get_all("License-Expression") or ()), *(about.get_all("License") or ())]), "")
    classifiers = [
        text.rpartition(" :: ")[2] for text in about.get_all("Classifier") or () if text.startswith("License")
    ]
    return next((text for text in (stated.splitlines()[0] if stated else "", *classifiers) if text), "?")
