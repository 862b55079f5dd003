"""What the actions of a window do: each is bound to a few lines here, which open a dialog or ask the session."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QApplication, QDialog, QFileDialog, QMenu

from ckpt_studio.gui.action_specs import SPECS
from ckpt_studio.gui.edit_specs import OF_VARIABLES
from ckpt_studio.gui.editing import Editing
from ckpt_studio.gui.opening import copy_sample
from ckpt_studio.gui.texts import shortened, visible, without_mnemonic

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ckpt_studio.document.edits.replace import Replace
    from ckpt_studio.gui.bench import Bench
    from ckpt_studio.gui.copies import Kind
    from ckpt_studio.gui.palette import Choice
    from ckpt_studio.gui.runs import Runs
    from ckpt_studio.gui.settings import Naming

_MOST_OFFERED: Final = 100
_LONGEST: Final = 200
"""A name that is offered is shortened to so many characters."""
_AT_ONCE: Final = 20_000
"""Names of more variables than this are gathered in the background."""


class Commands(QObject):
    """The handlers of one window's actions."""

    def __init__(self, bench: Bench) -> None:
        super().__init__(bench.window)
        self._bench = bench
        self._window = window = bench.window
        self._session = bench.session
        self._asking: QDialog | None = None
        session, view = bench.session, bench.variables.view
        handlers: dict[str, Callable[[], object]] = {
            "actionOpen": self.open_file,
            "actionOpenFolder": self.open_folder,
            "actionOpenSample": self.open_sample,
            "actionReload": session.reload,
            "actionWrite": self.write,
            "actionVerify": self.verify,
            "actionHealth": self.check_health,
            "actionQuit": window.close,
            "actionUndo": session.undo,
            "actionRedo": session.redo,
            "actionRevert": session.revert_all,
            "actionCopyName": lambda: self._copy("name"),
            "actionCopyKey": lambda: self._copy("key"),
            "actionCopyObjectPath": lambda: self._copy("path"),
            "actionCopyPath": self._copy_place,
            "actionCopyPatch": self._copy_patch,
            "actionFilter": self.focus_filter,
            "actionGoTo": self.go_to_variable,
            "actionPalette": self.show_palette,
            "actionNamesFull": lambda: self._show_by("name"),
            "actionNamesPath": lambda: self._show_by("object"),
            "actionNamesKey": lambda: self._show_by("key"),
            "actionExpandAll": view.expandAll,
            "actionCollapseAll": view.collapseAll,
            "actionFreeze": lambda: session.freeze(session.selection, True),
            "actionUnfreeze": lambda: session.freeze(session.selection, False),
            "actionSwapFrom": self.swap_from,
            "actionDrop": lambda: session.drop(session.selection),
            "actionCompare": self.compare,
            "actionResume": self.resume,
            "actionStop": self._stop,
            "actionWatchRun": lambda: bench.going_on.look(asked=True),
            "actionResetLayout": bench.reset_layout,
            "actionHelp": self._help,
            "actionLogFolder": self._open_log_folder,
            "actionLicences": self._licences,
            "actionAbout": self._about,
        }
        handlers |= Editing(bench, self).handlers
        for spec in SPECS:
            bench.actions.bind(spec.id, handlers[spec.id])
        bench.variables.contextActionsWanted.connect(self._fill_context_menu)
        session.donorWanted.connect(self.find_donor)

    # ---- opening

    def open_file(self) -> None:
        """Ask for a file of a checkpoint."""
        kinds = ";;".join(f"{text} ({' '.join(patterns)})" for text, patterns in self._file_kinds())
        self._ask_path(QFileDialog.FileMode.ExistingFile, self.tr("Open a checkpoint"), kinds)

    def _file_kinds(self) -> list[tuple[str, tuple[str, ...]]]:
        """Kinds of checkpoint files and their names, all of them first."""
        kinds = [
            (self.tr("TensorFlow checkpoints"), ("*.index", "*.meta", "*.data-*", "checkpoint", "*ckpt*")),
            (self.tr("SavedModels"), ("saved_model.pb", "saved_model.cpb")),
            (self.tr("Keras files"), ("*.keras", "*.h5", "*.hdf5", "*.weights.json")),
            (self.tr("safetensors"), ("*.safetensors", "*.safetensors.index.json")),
            (self.tr("NumPy files"), ("*.npz", "*.npy")),
        ]
        every = tuple(pattern for _, patterns in kinds for pattern in patterns)
        return [(self.tr("Checkpoints"), every), *kinds, (self.tr("All files"), ("*",))]

    def open_folder(self) -> None:
        """Ask for a folder with checkpoints."""
        self._ask_path(QFileDialog.FileMode.Directory, self.tr("Open a folder with checkpoints"), "")

    def _ask_path(self, mode: QFileDialog.FileMode, title: str, kinds: str) -> None:
        dialog = QFileDialog(self._window, title, self._session.settings.last_folder, kinds)
        dialog.setObjectName("openDialog")
        dialog.setFileMode(mode)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self._path_chosen)
        dialog.open()

    def _path_chosen(self, path: str) -> None:
        self._session.settings.last_folder = str(Path(path).parent)
        self._bench.open_path(path)

    def open_sample(self) -> None:
        """Open the working copy of the sample."""
        self._session.bridge.submit(
            copy_sample, self._bench.open_path, owner=self, slot="sample", label=self.tr("Copying the sample")
        )

    # ---- dialogs

    def write(self) -> None:
        """Ask where to write the staged view."""
        from ckpt_studio.gui.dialogs.write import WriteDialog

        if self._session.document is not None:
            WriteDialog(self._session, self._window).open()

    def verify(self) -> None:
        """Compare every checksum, where it can be watched."""
        dock = self._bench.docks["problemsDock"]
        dock.show()
        dock.raise_()
        self._bench.verifying.start()

    def check_health(self) -> None:
        """Look over all values, where it can be watched."""
        dock = self._bench.docks["healthDock"]
        dock.show()
        dock.raise_()
        self._bench.health_check.start()

    def swap_from(self, path: str | None = None) -> None:
        """Ask for a donor (or take the one that was dropped) for what is selected, or for all."""
        self.swap(self._session.selection, path)

    def swap(self, keys: Sequence[str], path: str | None = None) -> None:
        """Ask for a donor for these variables, or for all where there are none."""
        from ckpt_studio.gui.dialogs.donor import DonorDialog

        document = self._session.document
        if document is None:
            return
        if keys and all(document.state(key).dropped for key in keys):
            self._session.notice(self.tr("What is selected is dropped; revert that first."))
            return
        DonorDialog(self._session, keys, self._window, donor_path=path).open()

    def find_donor(self, edits: tuple[Replace, ...]) -> None:
        """Ask where the donor of these swaps is now; what is swapped anew then takes their place."""
        from ckpt_studio.gui.dialogs.donor import DonorDialog

        document = self._session.document
        if document is None or not all(edit in document.edits for edit in edits):
            return
        wanted = {key: other for edit in edits for key, other in edit.pairs}
        dialog = DonorDialog(self._session, tuple(wanted), self._window, wanted=wanted)
        dialog.accepted.connect(lambda: self._session.replace_waiting(edits))
        dialog.open()

    def compare(self) -> None:
        """Ask for a checkpoint to compare with."""
        from ckpt_studio.gui.dialogs.compare import CompareDialog

        if self._session.document is not None:
            CompareDialog(self._session, self._bench.comparing, self._window).open()

    def resume(self) -> None:
        """Ask how to go on training."""
        from ckpt_studio.gui.dialogs.resume import ResumeDialog

        if self._session.document is not None and self._bench.runs is not None:
            ResumeDialog(self._session, self._bench.runs, self._window).open()
            self._bench.docks["runDock"].show()
            self._bench.docks["runDock"].raise_()

    def resume_from(self, prefix: str) -> None:
        """Open a checkpoint and ask how to go on training from it."""

        def opened() -> None:
            document = self._session.document
            if document is not None and document.base.prefix == prefix:
                self.resume()

        once = Qt.ConnectionType.SingleShotConnection
        self._session.documentChanged.connect(opened, once)
        self._session.open(prefix)

    def ask_before_closing(self, runs: Runs) -> bool:
        """Whether something has to be asked before the window closes; then it is being asked."""
        from ckpt_studio.gui.dialogs.close import CloseDialog

        if not CloseDialog.needed(self._session, runs):
            return False
        if self._asking is None:
            dialog = self._asking = CloseDialog(self._session, runs, self._window)
            dialog.agreed.connect(self._window.close_now)
            dialog.finished.connect(self._asked)
            dialog.open()
        self._asking.raise_()
        return True

    def _asked(self) -> None:
        self._asking = None

    def _stop(self) -> None:
        if self._bench.runs is not None:
            self._bench.runs.stop()

    # ---- finding

    def focus_filter(self) -> None:
        """Go to the filter field."""
        dock = self._bench.docks["variablesDock"]
        dock.show()
        dock.raise_()
        self._bench.variables.focus_filter()

    def show_palette(self) -> None:
        """Offer every action that can be done now."""
        from ckpt_studio.gui.palette import Palette

        Palette(self._offer_commands, "commandPalette", self.tr("Type what to do"), self._window).open()

    def _offer_commands(self, text: str) -> list[Choice]:
        from ckpt_studio.gui.palette import Choice

        words = text.lower().split()
        found = []
        for spec in SPECS:
            action = self._bench.actions[spec.id]
            name = without_mnemonic(action.text())
            about = f"{name} {action.statusTip()}".lower()
            if action.isEnabled() and spec.id != "actionPalette" and all(word in about for word in words):
                keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
                found.append(Choice(name, keys, action.trigger, action.icon()))
        return found

    def go_to_variable(self) -> None:
        """Offer the variables by name."""
        from ckpt_studio.gui.palette import Palette

        Palette(self._offer_variables, "variablePalette", self.tr("Type part of a name"), self._window).open()

    def _offer_variables(self, text: str) -> list[Choice]:
        tree = self._bench.variables.model.tree
        if tree is None:
            return []
        from ckpt_studio.core.errors import CkptStudioError
        from ckpt_studio.gui.models.filter_words import Ground, understood

        columns = tree.nodes.columns
        model = self._bench.variables.model
        try:
            rows = understood(text).rows(Ground(tree, model.states, model.figures))
        except CkptStudioError:
            return []
        first = (
            range(min(len(columns), _MOST_OFFERED))
            if rows is None
            else rows.nonzero()[0][:_MOST_OFFERED].tolist()
        )
        return [self._choice(columns.name(row), columns.keys[row]) for row in first]

    def _choice(self, name: str, key: str) -> Choice:
        from ckpt_studio.gui.palette import Choice

        note = "" if name == key else visible(shortened(key, _LONGEST))
        return Choice(visible(shortened(name, _LONGEST)), note, lambda: self._bench.variables.go_to(key))

    def _show_by(self, naming: Naming) -> None:
        self._session.settings.naming = naming

    # ---- copying

    def _copy(self, what: Kind) -> None:
        """Copy what the selected variables are called, or else the one that is looked at."""
        document, current = self._session.document, self._session.current
        keys = self._session.selection or (() if current is None else (current,))
        if document is None or not keys:
            return
        from ckpt_studio.gui.copies import names_of

        columns = document.rows.columns
        if len(keys) <= _AT_ONCE:
            QApplication.clipboard().setText(names_of(columns, keys, what))
        else:
            self._session.bridge.submit(
                lambda task: names_of(columns, keys, what),
                QApplication.clipboard().setText,
                owner=self,
                slot="copy",
            )

    def _copy_place(self) -> None:
        if self._session.document is not None:
            QApplication.clipboard().setText(self._session.document.base.prefix)

    def _copy_patch(self) -> None:
        if self._session.document is not None:
            QApplication.clipboard().setText(
                json.dumps(self._session.document.patch(), indent=2, allow_nan=False)
            )

    def _fill_context_menu(self, menu: QMenu) -> None:
        actions = self._bench.actions
        for name in (
            "actionFreeze", "actionUnfreeze", "actionSwapFrom", "actionDrop", "",
            *(spec.id for spec in OF_VARIABLES), "",
            "actionCopyName", "actionCopyKey", "actionCopyObjectPath", "actionCopyPath", "",
            "actionExpandAll", "actionCollapseAll",
        ):  # fmt: skip
            if name:
                menu.addAction(actions[name])
            else:
                menu.addSeparator()

    # ---- help

    def _help(self) -> None:
        from ckpt_studio.gui.about import HelpDialog

        HelpDialog(self._bench.actions, self._window).open()

    def _about(self) -> None:
        from ckpt_studio.gui.about import AboutDialog

        AboutDialog(self._window).open()

    def _licences(self) -> None:
        from ckpt_studio.gui.about import LicencesDialog

        LicencesDialog(self._window).open()

    def _open_log_folder(self) -> None:
        from PySide6.QtCore import QUrl
        from PySide6.QtGui import QDesktopServices

        from ckpt_studio.gui.faults import log_folder

        folder = log_folder()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            self._session.trouble(f"{folder}: {error.strerror}.")
            return
        if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder))):
            self._session.notice(self.tr("Reports are kept in %1").replace("%1", str(folder)))
