"""A checkpoint being edited: the staged view, undo and redo, and what of it is not written yet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.errors import CkptStudioError, RequestFault
from ckpt_studio.core.events import Event
from ckpt_studio.core.tensors import Names, Role, TensorSource, printable
from ckpt_studio.document.column_changes import RowFaults
from ckpt_studio.document.history import History, Step
from ckpt_studio.document.journal import Journal
from ckpt_studio.document.sidecar import frozen_marks
from ckpt_studio.document.staged import StagedView
from ckpt_studio.document.standing import KeySet, KeyState, Verified
from ckpt_studio.document.state import State, with_slots
from ckpt_studio.formats.base import Checkpoint

if TYPE_CHECKING:
    from ckpt_studio.document.edits.base import Edit, Json, OpenDonor
    from ckpt_studio.document.patch_arrays import PatchArrays


class Document:
    """One open checkpoint and its staged edits.

    Making one reads files (marks beside the checkpoint, the journal, donors), so it is not for the window's thread.
    After that, edits touch no file but the journal, which writes in a thread of its own.

    Args:
        base: the checkpoint. It is read, never written.
        journal: where edits are kept, so that they survive a crash. Those that it holds are staged again at once.
        open_donor: opens a donor that the journal names.

    Attributes:
        base: the checkpoint.
        changed: emitted with the keys whose staged view changed; with none when the edits have been written.
        verified: what verifying the checkpoint has found, or None before that was done.
        recovered: how many edits the journal brought back.
        notes: sentences about marks and edits that could not be used.
        read_only: why nothing can be edited (the checkpoint is open in another window), or None.
    """

    def __init__(
        self, base: Checkpoint, journal: Journal | None = None, open_donor: OpenDonor | None = None
    ) -> None:
        self.base = base
        self.changed: Event[[Set[str]]] = Event()
        self.verified: Verified | None = None
        self._found: dict[int, str] = {}
        self.recovered = 0
        self.notes: list[str] = []
        self.read_only = None if journal is None else journal.busy
        self._journal = journal if self.read_only is None else None
        self._history = History(self._initial())
        self._view: StagedView | None = None
        if self._journal is not None:
            self._recover(self._journal, open_donor or _open_checkpoint)

    def _initial(self) -> State:
        columns = self.base.columns
        marked, note = frozen_marks(self.base)
        if note:
            self.notes.append(note)
        untrained = np.flatnonzero((columns.trainable == 0) & (columns.role == Role.weight))
        return State.of(columns, marked | with_slots(columns, untrained), marked)

    # ---- looking

    @property
    def _now(self) -> Step:
        return self._history.now

    @property
    def staged(self) -> StagedView:
        """The staged view. Each edit makes a new one; the old one stays as it was."""
        if self._view is None:
            self._view = StagedView(self.base, self._now.state, self._found)
        return self._view

    @property
    def rows(self) -> State:
        """What is staged, a row a variable, dropped ones included."""
        return self._now.state

    def before(self, edit: Edit) -> State:
        """What an applied edit was applied to: its titles and its JSON are of that.

        Raises:
            RequestFault: it is not applied.
        """
        return self._now.befores[self._history.place(edit)]

    def title(self, edit: Edit) -> str:
        """What an applied edit does, for a person.

        Raises:
            RequestFault: it is not applied.
        """
        return self._history.title(edit, self.before(edit))

    def edited_rows(self) -> NDArray[np.bool_]:
        """Bool [N]: rows of `rows` that the staged edits concern."""
        return self.edited_rows_of(self._now.state)

    def edited_rows_of(self, state: State) -> NDArray[np.bool_]:
        """As `edited_rows`, of one of the document's states."""
        return state.differing(self._history.first)

    @property
    def edits(self) -> tuple[Edit, ...]:
        """What is applied, oldest first."""
        return self._now.edits

    @property
    def waiting(self) -> tuple[tuple[Edit, CkptStudioError], ...]:
        """Edits whose donor could not be opened again, so that their values cannot be read; and why."""
        return tuple((edit, edit.fault) for edit in self.edits if edit.fault is not None)

    @property
    def modified(self) -> bool:
        """Whether something is staged that was not written."""
        return self._history.modified

    @property
    def step(self) -> int | None:
        """The training step, as it is staged; None when nothing says."""
        if not self.edits:
            return self.base.step
        from ckpt_studio.document.edits.step import SetStep

        staged = (edit.step for edit in reversed(self.edits) if isinstance(edit, SetStep))
        return next(staged, self.base.step)

    def is_frozen(self, key: str) -> bool:
        """Whether a resumed run leaves the variable alone.

        Raises:
            NoSuchVariable: no such key.
        """
        return bool(self._now.state.frozen[self._now.state.columns.row(key)])

    def state(self, key: str) -> KeyState:
        """How a variable stands.

        Raises:
            NoSuchVariable: no such key.
        """
        now, first = self._now.state, self._history.first
        row = now.columns.row(key)
        origin = int(now.origin[row])
        was = origin >= 0 and bool(first.frozen[origin])
        old = self.base.columns.keys[origin] if origin >= 0 and now.renamed[row] else None
        if now.dropped[row]:
            return KeyState(False, None, was, dropped=True, renamed_from=old, added=origin < 0)
        label = now.label(row) or None
        return KeyState(bool(now.frozen[row]), label, was, renamed_from=old, added=origin < 0)

    def frozen_keys(self) -> frozenset[str]:
        """Variables that edits or the patch beside the checkpoint freeze, slots included: what a run must leave alone.

        What the MetaGraph does not train anyway is not among them, so that its moving averages go on moving.
        """
        now = self._now.state
        return frozenset(_keys(now.columns.keys, now.marked & ~now.dropped))

    def once_frozen_keys(self) -> frozenset[str]:
        """As `frozen_keys`, as it was when the checkpoint was opened, by the keys of then."""
        return frozenset(_keys(self.base.columns.keys, self._history.first.marked))

    def replaced_keys(self) -> tuple[str, ...]:
        """Variables whose values are not the checkpoint's, added ones included, in byte order."""
        return tuple(_keys(self._now.state.columns.keys, self._now.state.changed))

    def dropped_keys(self) -> tuple[str, ...]:
        """Variables that are left out, slots included, in byte order."""
        return tuple(_keys(self._now.state.columns.keys, self._now.state.dropped))

    @property
    def faults(self) -> Mapping[int, str]:
        """Sentences by row of `rows`, of those that are damaged and neither mended nor dropped."""
        return self.faults_of(self._now.state)

    def faults_of(self, state: State) -> Mapping[int, str]:
        """As `faults`, of one of the document's states."""
        return RowFaults(self.base.columns.faults, self._found, state.origin, state.foreign | state.dropped)

    def original(self, key: str) -> tuple[TensorSource, str] | None:
        """Where the value before all edits is read: the source and the key there; None for an added variable.

        Raises:
            NoSuchVariable: no such key.
        """
        now = self._now.state
        origin = int(now.origin[now.columns.row(key)])
        return None if origin < 0 else (self.base, self.base.columns.keys[origin])

    def shown(self, key: str) -> tuple[TensorSource, str]:
        """Where a variable is looked at, and its key there: the staged view, or the checkpoint for a dropped one.

        Raises:
            NoSuchVariable: no such key.
        """
        now = self._now.state
        before = self.original(key) if now.dropped[now.columns.row(key)] else None
        return before or (self.staged, key)

    def patch(self, folder: str | None = None, arrays: PatchArrays | None = None) -> Json:
        """The applied edits as a PATCH.

        Args:
            folder: where it will lie; donors near it are named by relative paths.
            arrays: keeps the arrays that edits take from files; reads them.

        Raises:
            FileFault: an array cannot be read.
        """
        from ckpt_studio.document.patch import PATCH_VERSION, relative_paths

        edits = []
        for edit, before in zip(self._now.edits, self._now.befores, strict=True):
            made = edit.to_json(before)
            if folder is not None:
                made = [relative_paths(one, folder) for one in made]
            edits += made if arrays is None else arrays.kept(edit, made, before)
        return {"version": PATCH_VERSION, "edits": edits}

    # ---- changing

    def do(self, edit: Edit) -> None:
        """Stage an edit.

        Raises:
            NoSuchVariable, RequestFault: it cannot be applied; nothing changed.
        """
        self._check_writable()
        self._push(self._history.doing(edit), lambda: {"do": edit.record()})

    def remove(self, edit: Edit) -> None:
        """Revert one edit of the list; the others are applied as if it had never been. This is undoable itself.

        Raises:
            RequestFault: it is not applied, or a later edit needs it.
        """
        self._check_writable()
        place = self._history.place(edit)
        self._push(self._history.without(edit), lambda: {"remove": place})

    def revert_all(self) -> None:
        """Revert every edit; undoable itself."""
        self._check_writable()
        if self.edits:
            self._push(self._history.reverted(), lambda: {"revert": True})

    @property
    def can_undo(self) -> bool:
        """Whether there is something to undo."""
        return self._history.undone is not None

    @property
    def can_redo(self) -> bool:
        """Whether there is something to redo."""
        return self._history.redone is not None

    @property
    def undo_label(self) -> str:
        """What undo would take back; empty if nothing."""
        step = self._history.undone
        return "" if step is None else step.label

    @property
    def redo_label(self) -> str:
        """What redo would do again; empty if nothing."""
        step = self._history.redone
        return "" if step is None else step.label

    def undo(self) -> Edit | None:
        """Take the last step back. Returns the edit that it concerned; None if there was none, or it concerned all."""
        self._check_writable()
        step = self._history.undone
        if step is None:
            return None
        self._go(self._history.back, lambda: {"undo": True})
        return step.edit

    def redo(self) -> Edit | None:
        """Do again what was taken back last. Returns as `undo`."""
        self._check_writable()
        step = self._history.redone
        if step is None:
            return None
        self._go(self._history.forth, lambda: {"redo": True})
        return step.edit

    def mark_written(self, prefix: str) -> None:
        """What is staged now was written to `prefix`."""
        self._history.mark_written()
        self._note(lambda: {"written": prefix})
        self.changed.emit(frozenset())

    def note_verified(self, verified: Verified) -> None:
        """What verifying has found: the variables concerned are damaged in the staged view, too, until mended."""
        columns = self.base.columns
        before = self._found
        found: dict[int, str] = {}
        for fault in verified.faults:
            row = -1 if fault.key is None else columns.keys.find(fault.key)
            if row >= 0 and row not in columns.faults:
                sentence = fault.message.removeprefix(f"{printable(columns.keys[row])}: ")
                found.setdefault(row, sentence[:1].upper() + sentence[1:])
        self.verified, self._found, self._view = verified, found, None
        now = self._now.state
        self.changed.emit(KeySet(now.columns.keys, np.isin(now.origin, [*before, *found])))

    def discard(self) -> None:
        """Drop all staged edits and their history, from the journal too. This cannot be undone."""
        before = self._now.state
        self._history.forget()
        if self._journal is not None:
            self._journal.clear()
        self._changed(before)

    def close(self) -> None:
        """Let go of the journal. Edits that were not written stay in it and come back with the checkpoint."""
        if self._journal is not None:
            if not self.modified:
                self._journal.clear()
            self._journal.close()
            self._journal = None

    def _check_writable(self) -> None:
        if self.read_only is not None:
            raise RequestFault(self.read_only, path=self.base.path)

    def _push(self, step: Step, record: Callable[[], Json]) -> None:
        self._go(lambda: self._history.push(step), record)

    def _go(self, move: Callable[[], None], record: Callable[[], Json]) -> None:
        before = self._now.state
        move()
        self._changed(before)
        self._note(record)

    def _changed(self, before: State) -> None:
        self._view = None
        now = self._now.state
        changed: Set[str] = KeySet(now.columns.keys, now.differing(before))
        if now.columns.keys is not before.columns.keys:
            changed = frozenset(changed) | frozenset(KeySet(before.columns.keys, before.differing(now)))
        self.changed.emit(changed)

    def _note(self, record: Callable[[], Json]) -> None:
        """Keep a step; its record is made by the journal's own thread, because that of a large edit takes long."""
        if self._journal is not None:
            self._journal.append(record)

    # ---- coming back

    def _recover(self, journal: Journal, open_donor: OpenDonor) -> None:
        """Take the journal's steps again. They are a stranger's: the first that makes no sense ends it."""
        self._journal = None
        steps = journal.steps()
        if steps:
            from ckpt_studio.document.recovery import retake
        for place, step in enumerate(steps):
            try:
                retake(self, step, open_donor)
            except (ValueError, KeyError, TypeError, IndexError, CkptStudioError) as error:
                self.notes.append(
                    f"Staged edits from step {place + 1} on could not be brought back: {error}."
                )
                journal.keep(place)
                break
        self.recovered = len(self.edits)
        self._journal = journal


def _keys(names: Names, rows: NDArray[np.bool_]) -> list[str]:
    return names.take(np.flatnonzero(rows).tolist())


def _open_checkpoint(path: str) -> Checkpoint:
    from ckpt_studio.formats.registry import open_checkpoint

    return open_checkpoint(path)
