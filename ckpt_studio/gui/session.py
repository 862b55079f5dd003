"""What one window works on, and the seam between its panels: no panel knows another, all know the session.

One document a window. Everything that reads a file goes through `bridge`; the answers arrive as signals.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QObject, QTimer, Signal

from ckpt_studio.core.errors import CkptStudioError
from ckpt_studio.core.tasks import Task
from ckpt_studio.gui.bridge import Bridge
from ckpt_studio.gui.folder_watch import FolderWatch
from ckpt_studio.gui.opening import Opened, folder_of, open_document, read_folder
from ckpt_studio.gui.settings import Settings
from ckpt_studio.gui.trouble import Trouble

if TYPE_CHECKING:
    from ckpt_studio.document.document import Document
    from ckpt_studio.document.edits import Edit
    from ckpt_studio.formats.folder import Folder

_UNFINISHED_MS: Final = 1000
"""A checkpoint whose index is not complete yet is looked at again after this long."""


class Session(QObject):
    """The document of a window, what is chosen in it, and its folder.

    Attributes:
        bridge: the door to background threads.
        settings: what the program remembers.
        document: the open document, or None.
        folder: the checkpoints of its folder, or None.
        current: key of the variable to look at, or None.
        selection: keys chosen in the tree, subtrees expanded.
        run: state of the resumed run, or None when there was none.
    """

    openStarted = Signal(str)
    """A path is being opened."""
    openFailed = Signal(str, str)
    """Path and sentence."""
    documentChanged = Signal()
    """Another document, or none."""
    stagedChanged = Signal(object)
    """frozenset[str]: keys whose staged view changed, after do, undo, redo and revert."""
    currentChanged = Signal(object)
    """str | None: the variable to look at."""
    selectionChanged = Signal(object)
    """tuple[str, ...]: keys for freeze and swap, subtrees expanded."""
    folderChanged = Signal()
    """The checkpoints of the folder."""
    troubled = Signal(object)
    """A Trouble, for the banner."""
    logged = Signal(str)
    """A line for the log."""
    runChanged = Signal(object)
    """RunState of the run, or None."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.bridge = Bridge(self)
        self.settings = Settings(self)
        self.document: Document | None = None
        self.folder: Folder | None = None
        self.current: str | None = None
        self.selection: tuple[str, ...] = ()
        self.run: object | None = None
        self._opening: Task | None = None
        self._watch = FolderWatch(self)
        self._watch.changed.connect(self.rescan)
        self._again = QTimer(self, singleShot=True, interval=_UNFINISHED_MS)
        self._again.timeout.connect(self.rescan)
        self.bridge.failure.connect(self.trouble)

    # ---- opening

    @property
    def opening(self) -> bool:
        """Whether a path is being opened."""
        return self._opening is not None

    def open(self, path: str) -> None:
        """Open a folder, a file of a checkpoint or a prefix; returns at once.

        `documentChanged` follows, or `openFailed`. The document that is open stays until then.
        """
        self.openStarted.emit(path)
        self._opening = self.bridge.submit(
            lambda task: open_document(path, task),
            lambda opened: self._opened(path, opened),
            lambda error: self._open_failed(path, error),
            owner=self,
            slot="open",
            label=self.tr("Opening"),
        )

    def reload(self) -> None:
        """Open the same checkpoint again, from the disk."""
        if self.document is not None:
            self.open(self.document.base.path)

    def _opened(self, path: str, opened: Opened) -> None:
        self._opening = None
        self.settings.add_recent(path)
        self.adopt(opened.document, opened.folder)

    def adopt(self, document: Document | None, folder: Folder | None = None) -> None:
        """Work on this document from now on; the one before is let go of, its staged edits stay in its journal."""
        before = self.document
        if before is not None:
            before.changed.disconnect(self._staged)
        self.document = document
        if document is not None:
            document.changed.connect(self._staged)
        self.set_current(None)
        self.set_selection(())
        self._set_folder(folder)
        self._watch.watch(None if document is None else folder_of(document.base.prefix))
        self.documentChanged.emit()
        if before is not None and before is not document:
            before.base.close()

    def _open_failed(self, path: str, error: CkptStudioError) -> None:
        self._opening = None
        self.settings.forget_recent(path)
        self.openFailed.emit(path, str(error))
        self.trouble(error)

    # ---- the folder

    def rescan(self) -> None:
        """Look at the folder again, in the background."""
        folder = self._watch.folder
        if folder is not None:
            self.bridge.submit(lambda task: read_folder(folder), self._set_folder, owner=self, slot="folder")

    def _set_folder(self, folder: Folder | None) -> None:
        if folder is not None and any(not entry.complete for entry in folder.entries):
            self._again.start()
        if folder != self.folder:
            self.folder = folder
            self.folderChanged.emit()

    # ---- edits

    def do(self, edit: Edit) -> None:
        """Stage an edit; a fault of it becomes a banner."""
        self._change(lambda document: document.do(edit))

    def undo(self) -> None:
        """Take back the last edit."""
        self._change(lambda document: document.undo())

    def redo(self) -> None:
        """Stage again what was taken back last."""
        self._change(lambda document: document.redo())

    def remove(self, edit: Edit) -> None:
        """Revert one edit of the list; undoable."""
        self._change(lambda document: document.remove(edit))

    def revert_all(self) -> None:
        """Revert every edit; undoable."""
        self._change(lambda document: document.revert_all())

    def _change(self, change: Callable[[Document], Any]) -> None:
        if self.document is None:
            return
        try:
            change(self.document)
        except CkptStudioError as error:
            self.trouble(error)

    def _staged(self, keys: frozenset[str]) -> None:
        self.stagedChanged.emit(keys)

    # ---- what is chosen

    def set_current(self, key: str | None) -> None:
        """The variable to look at."""
        if key != self.current:
            self.current = key
            self.currentChanged.emit(key)

    def set_selection(self, keys: Sequence[str]) -> None:
        """The variables that freeze and swap act on."""
        chosen = tuple(keys)
        if chosen != self.selection:
            self.selection = chosen
            self.selectionChanged.emit(chosen)

    def set_run(self, state: object | None) -> None:
        """The state of the run, as the Run panel has it."""
        self.run = state
        self.runChanged.emit(state)

    # ---- telling

    def trouble(
        self,
        what: str | Exception,
        action_text: str | None = None,
        action: Callable[[], object] | None = None,
        detail: str | None = None,
    ) -> None:
        """Show a sentence or an error as a banner, and put it into the log."""
        trouble = Trouble.of(what, action_text, action, detail)
        self.log(trouble.sentence)
        self.troubled.emit(trouble)

    def notice(
        self, sentence: str, action_text: str | None = None, action: Callable[[], object] | None = None
    ) -> None:
        """Show a sentence that is no fault."""
        self.log(sentence)
        self.troubled.emit(Trouble(sentence, action_text, action, grave=False))

    def log(self, text: str) -> None:
        """Add a line to the log."""
        self.logged.emit(text)

    def close(self) -> None:
        """Stop the background work and let go of the files."""
        self._watch.watch(None)
        self._again.stop()
        self.bridge.close()
        if self.document is not None:
            self.document.base.close()
