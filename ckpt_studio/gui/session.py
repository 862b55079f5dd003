"""What one window works on, and the seam between its panels: no panel knows another, all know the session.

One document a window. Everything that reads a file goes through `bridge`; the answers arrive as signals.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QObject, QTimer, Signal

from ckpt_studio.core.errors import Changed, CkptStudioError, FileFault, MissingFile
from ckpt_studio.gui.bridge import Bridge
from ckpt_studio.gui.choice import Choice
from ckpt_studio.gui.folder_watch import FolderWatch
from ckpt_studio.gui.journal_watch import JournalWatch
from ckpt_studio.gui.opener import Opener
from ckpt_studio.gui.opening import (
    Listing,
    Offered,
    Opened,
    being_written,
    folder_of,
    read_folder,
)
from ckpt_studio.gui.settings import Settings
from ckpt_studio.gui.texts import visible
from ckpt_studio.gui.warm_up import prepare_to_open

if TYPE_CHECKING:
    from ckpt_studio.analysis.ahead import Ahead
    from ckpt_studio.analysis.remembered import FigureCache
    from ckpt_studio.document.document import Document
    from ckpt_studio.document.edits.base import Edit
    from ckpt_studio.document.state import State
    from ckpt_studio.formats.folder import Folder
    from ckpt_studio.gui.beginning import Beginning

_UNFINISHED_MS: Final = 1000
"""A checkpoint whose index is not complete yet is looked at again after this long."""
_MAY_PASS: Final = frozenset((Changed.kind, MissingFile.kind, FileFault.kind))
"""Kinds of faults that a person or another program can set right from outside."""


class Session(Choice):
    """The document of a window, what is chosen in it, and its folder.

    Attributes:
        bridge: the door to background threads.
        settings: what the program remembers.
        document: the open document, or None.
        folder: the checkpoints of its folder, or None.
        run_folder: the checkpoints of the run that is or was last, or None.
        offered: checkpoints to choose from, found where a path was asked for that is none itself, or None.
        staged_elsewhere: prefixes of the folder's checkpoints whose journals hold staged edits.
        opened_path: what was asked for when the document was opened.
    """

    warmed = Signal()
    """What opening needs has been imported."""
    openStarted = Signal(str)
    """A path is being opened."""
    openFailed = Signal(str, str)
    """Path and sentence."""
    documentChanged = Signal()
    """Another document, or none."""
    stagedChanged = Signal(object)
    """Set[str]: keys whose staged view changed, after do, undo, redo, revert and verifying."""
    folderChanged = Signal()
    """The checkpoints of the folder, of the run or to choose from, or which of them have staged edits."""
    donorWanted = Signal(object)
    """tuple[Replace, ...]: swaps of one donor that is not there any more; a person wants to say where it is."""

    def __init__(self, settings: Settings | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.bridge = Bridge(self)
        self.settings = Settings(self) if settings is None else settings
        self.document: Document | None = None
        self.folder: Folder | None = None
        self.run_folder: Folder | None = None
        self.offered: Folder | None = None
        self._rows: State | None = None
        self.opened_path = ""
        self._warming = self._warm = False
        self._waiting: str | None = None
        self.staged_elsewhere: frozenset[str] = frozenset()
        self._parked: set[str] = set()
        self._journal_watch = JournalWatch(self)
        self._journal_watch.failed.connect(self.trouble)
        self._opener = Opener(self.bridge, self)
        self._opener.answered.connect(self._answered)
        self._opener.failed.connect(self._open_failed)
        self._opener.stopped.connect(self._open_stopped)
        self._opener.slow.connect(self.tell)
        self._opener.retracted.connect(self.retracted)
        self._watch = FolderWatch(self)
        self._watch.changed.connect(self.rescan)
        self._again = QTimer(self, singleShot=True, interval=_UNFINISHED_MS)
        self._again.timeout.connect(self.rescan)
        self.bridge.failure.connect(self.trouble)

    @cached_property
    def figure_cache(self) -> FigureCache:
        """Statistics that were found before, in this start or another."""
        from ckpt_studio.analysis.remembered import FigureCache

        return FigureCache()

    @cached_property
    def ahead(self) -> Ahead:
        """The picture that is likely to be wanted next."""
        from ckpt_studio.analysis.ahead import Ahead

        return Ahead()

    # ---- opening

    @property
    def opening(self) -> bool:
        """Whether a path is being opened."""
        return self._opener.busy or self._waiting is not None

    @property
    def warm(self) -> bool:
        """Whether what opening needs has been imported."""
        return self._warm

    def warm_up(self) -> None:
        """Import what opening needs, in the background; `warmed` follows once. Call it after the first paint."""
        if not self._warming:
            self._warming = True
            self.bridge.submit(prepare_to_open, self._warmed, owner=self)

    def finish_warm_up(self) -> None:
        """Wait for what is being imported: somebody needs it now."""
        self.warm_up()
        prepare_to_open()

    def _warmed(self, _: None) -> None:
        self._warm = True
        path, self._waiting = self._waiting, None
        if path is not None:
            self.open(path)
        self.warmed.emit()

    def open(self, path: str) -> None:
        """Open a folder, a file of a checkpoint or a prefix; returns at once.

        `documentChanged` follows, or `openFailed`. The document that is open stays until then.
        """
        self.openStarted.emit(path)
        if not self._warm:
            self._waiting = path
            self.warm_up()
            return
        self._opener.open(path)

    def go_on(self, begun: Beginning) -> None:
        """Take over what is being opened already; returns at once. What follows is as with `open`."""
        self._opener.go_on(begun)
        self.open(begun.path)

    def reload(self) -> None:
        """Open the same checkpoint again, from the disk."""
        if self.document is not None:
            self.open(_way_to(self.document))

    def _answered(self, path: str, answer: Opened | Offered) -> None:
        if isinstance(answer, Offered):
            self._offer(path, answer)
        else:
            self._opened(path, answer)

    def _opened(self, path: str, opened: Opened) -> None:
        self.opened_path = path
        before = self.document
        if before is None or before.base.prefix != opened.document.base.prefix:
            self.settings.add_recent(opened.document.base.path)
        self.offered = opened.offered or self.offered
        self._adopt(opened.document, opened.listing)
        self._journal_watch.watch(opened.journal)
        self._tell_notes(opened.document)

    def _offer(self, path: str, offered: Offered) -> None:
        """Let the person choose from what there is instead."""
        self.settings.forget_recent(path)
        self._hold_again(path)
        self.offered = offered.listing.folder
        self.staged_elsewhere |= offered.listing.staged
        self.folderChanged.emit()
        self.openFailed.emit(path, str(offered.error))
        advice = self.tr("Choose one in Checkpoints.")
        sentence = f"{offered.error} {advice}"
        if self.offered is not None and self.offered.below:
            self.notice(sentence)
        else:
            self.trouble(sentence)

    def _tell_notes(self, document: Document) -> None:
        """What a person should know about a document that was just opened."""
        for note in (*document.base.notes, *document.notes, *filter(None, [document.read_only])):
            self.notice(note)
        self._tell_waiting(document)
        self._journal_watch.look()
        if document.recovered and document.base.prefix not in self._parked:
            self.notice(
                self.tr("Staged edits from last time are here again; they had not been written."),
                self.tr("Revert All"),
                self.revert_all,
            )

    def _tell_waiting(self, document: Document) -> None:
        """Offer to find the donors that are not where they were."""
        by_reason: dict[str, list[Edit]] = {}
        for edit, fault in document.waiting:
            by_reason.setdefault(str(fault), []).append(edit)
        for reason, edits in by_reason.items():
            count = len({key for edit in edits for key in edit.keys})
            sentence = (
                self.tr("1 variable waits for its value from another checkpoint: %1")
                if count == 1
                else self.tr("%n variables wait for their values from another checkpoint: %1", "", count)
            )
            find = partial(self.donorWanted.emit, tuple(edits))
            self.trouble(sentence.replace("%1", visible(reason)), self.tr("Find it…"), find)

    def _adopt(self, document: Document, listing: Listing) -> None:
        """Work on this document from now on; the one before is let go of, its staged edits stay in its journal."""
        before = self.document
        if before is not None:
            before.changed.disconnect(self._staged)
            if before.modified:
                self._parked.add(before.base.prefix)
        self.document, self._rows = document, document.rows
        holding = self._opener.holding
        holding.take(document)
        document.changed.connect(self._staged)
        self.set_current(None)
        self.set_selection(())
        offers = () if self.offered is None else (*self.offered.entries, *self.offered.below)
        if all(entry.prefix != document.base.prefix for entry in offers):
            self.offered = None
        self._set_folder(listing)
        self._watch.watch(folder_of(document.base.prefix))
        self.documentChanged.emit()
        if before is not None:
            self.bridge.submit(lambda task: holding.let_go(before), lambda _: self.rescan())
        elif self.offered is not None:
            self.rescan()

    def _open_failed(self, path: str, error: CkptStudioError) -> None:
        self.settings.forget_recent(path)
        self._hold_again(path)
        self.openFailed.emit(path, str(error))
        if error.kind in _MAY_PASS:
            self.trouble(error, self.tr("Try Again"), lambda: self.open(path))
        else:
            self.trouble(error)

    def _open_stopped(self, path: str) -> None:
        self._hold_again(path)
        self.openFailed.emit(path, self.tr("Opening was stopped."))

    def _hold_again(self, instead_of: str) -> None:
        """The document that stays may have let go of its journal for one that was about to take its place."""
        document, holding = self.document, self._opener.holding
        if document is None or instead_of in (document.base.path, _way_to(document)):
            return

        def reload(held: bool) -> None:
            if not held and document is self.document and not self.opening:
                self.reload()

        self.bridge.submit(lambda task: holding.holds(document), reload, owner=self)

    # ---- the folder

    def rescan(self) -> None:
        """Look at the folder again, in the background."""
        folder, offered = self._watch.folder, self.offered
        if folder is not None:
            self.bridge.submit(
                lambda task: read_folder(folder, offered), self._set_folder, owner=self, slot="folder"
            )

    def follow_run(self, path: str) -> None:
        """List the checkpoints of a run's own folder too, as they are now."""
        self.bridge.submit(
            lambda task: read_folder(path), self._set_run_folder, owner=self, slot="run folder"
        )

    def _set_run_folder(self, listing: Listing) -> None:
        if listing.folder != self.run_folder:
            self.run_folder = listing.folder
            self.folderChanged.emit()

    def _set_folder(self, listing: Listing) -> None:
        folder = listing.folder
        if folder is not None and any(being_written(entry) for entry in folder.entries):
            self._again.start()
        if (folder, listing.staged) != (self.folder, self.staged_elsewhere):
            self.folder, self.staged_elsewhere = folder, listing.staged
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

    def replace_waiting(self, edits: Sequence[Edit]) -> None:
        """Revert swaps that waited for their donor, where the edit done last stands in for all of their variables."""
        done = self.document.edits if self.document is not None else ()
        if done and done[-1] not in edits:
            keys = frozenset(done[-1].keys)
            for edit in edits:
                if keys.issuperset(edit.keys):
                    self.remove(edit)

    def revert_all(self) -> None:
        """Revert every edit; undoable."""
        self._change(lambda document: document.revert_all())

    def freeze(self, keys: Sequence[str], frozen: bool = True) -> None:
        """Stage freezing or unfreezing these variables."""
        if keys and self.document is not None:
            from ckpt_studio.document.edits.marks import Freeze, Unfreeze

            self.do(Freeze(keys) if frozen else Unfreeze(keys))

    def drop(self, keys: Sequence[str]) -> None:
        """Stage leaving these variables, and the optimizer slots of weights among them, out of what is written."""
        if keys and self.document is not None:
            from ckpt_studio.document.edits.drop import Drop

            self.do(Drop(keys))

    def _change(self, change: Callable[[Document], Any]) -> None:
        if self.document is None:
            return
        if self.opening:
            self.notice(self.tr("Another checkpoint is being opened; edit when it is there."))
            return
        try:
            change(self.document)
        except CkptStudioError as error:
            self.trouble(error)

    def _staged(self, keys: Set[str]) -> None:
        assert self.document is not None
        before, self._rows = self._rows, self.document.rows
        followed = before is not None and before.columns.keys is not self._rows.columns.keys
        if before is not None and followed:
            self._follow_keys(before, self._rows)
        self.stagedChanged.emit(keys)
        if followed:
            self.currentChanged.emit(self.current)
            self.selectionChanged.emit(self.selection)
        self._journal_watch.look_soon()

    def _follow_keys(self, before: State, now: State) -> None:
        """What is chosen stays so under its new key; what is not there any more is let go of."""
        self.selection = now.keys_after(before, self.selection)
        if self.current is not None:
            self.current = next(iter(now.keys_after(before, (self.current,))), None)

    def close(self) -> None:
        """Stop the background work and let go of the files."""
        self._watch.watch(None)
        self._again.stop()
        self.bridge.close()
        if "figure_cache" in vars(self):
            self.figure_cache.close()
        if "ahead" in vars(self):
            self.ahead.forget()
        self._opener.close()
        if self.compared is not None:
            self.compared.checkpoint.close()


def _way_to(document: Document) -> str:
    """The path that opens this checkpoint, where its folder may hold a newer one by now."""
    from ckpt_studio.formats.base import way_to

    return way_to(document.base.prefix)
