"""Asks for another element type, and counts what it would cost before it is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QComboBox, QFormLayout, QProgressBar, QVBoxLayout, QWidget

from ckpt_studio.gui.dialogs.edits.base import Draft, EditDialog, Make
from ckpt_studio.gui.dialogs.edits.preview import Line
from ckpt_studio.gui.dialogs.fields import fill_combo, named
from ckpt_studio.gui.texts import translate

if TYPE_CHECKING:
    from ckpt_studio.core.errors import CkptStudioError
    from ckpt_studio.core.tasks import Task
    from ckpt_studio.document.edits.cast import CastLoss
    from ckpt_studio.document.staged import StagedView
    from ckpt_studio.document.state import State
    from ckpt_studio.gui.session import Session

_FRAME_MS: Final = 100
_USUAL: Final = ("float32", "float16", "bfloat16", "float64")


class CastDialog(EditDialog):
    """Casts variables to another element type. What that loses is counted in the background, and shown as it comes."""

    def __init__(self, session: Session, keys: Sequence[str], parent: QWidget | None = None) -> None:
        self._task: Task | None = None
        self._found: list[CastLoss] = []
        self._shown = 0
        self._lines: list[Line] = []
        super().__init__(session, "cast", translate("CastDialog", "Cast to another type"), keys, parent)

    def heads(self) -> Sequence[str]:
        """As `EditDialog.heads`."""
        return (
            self.tr("Variable"), self.tr("Type now"), self.tr("Elements"), self.tr("Overflow"),
            self.tr("Become 0"), self.tr("Rounded"), self.tr("NaN, Inf lost"),
        )  # fmt: skip

    def preferred_width(self) -> int:
        """As `EditDialog.preferred_width`."""
        return 980

    def fill(self, form: QFormLayout) -> None:
        """As `EditDialog.fill`."""
        from ckpt_studio.document.edits.cast import TARGETS

        names = [dtype.name for dtype in TARGETS]
        names.sort(key=lambda name: _USUAL.index(name) if name in _USUAL else len(_USUAL))
        self._type = QComboBox(self)
        named(self._type, "castTypeCombo", self.tr("New type"))
        own = {self.document.rows.columns.of(key).dtype.name for key in self.keys[:1]}
        first = next(name for name in names if name not in own)
        fill_combo(self._type, [(name, name) for name in names], first)
        self._type.currentIndexChanged.connect(self.changed)
        form.addRow(self.tr("New &type:"), self._type)

    def below(self, column: QVBoxLayout) -> None:
        """As `EditDialog.below`."""
        self._progress = QProgressBar(self)
        named(self._progress, "castProgress", self.tr("Counting what is lost"))
        self._progress.setFormat(self.tr("Counting what is lost: %p %"))
        room = self._progress.sizePolicy()
        room.setRetainSizeWhenHidden(True)
        self._progress.setSizePolicy(room)
        self._progress.hide()
        column.addWidget(self._progress)
        self._frames = QTimer(self, interval=_FRAME_MS)
        self._frames.timeout.connect(self._follow)

    def maker(self) -> Make | None:
        """As `EditDialog.maker`."""
        return partial(_cast, self.keys, self._type.currentData()) if self.keys else None

    # ---- counting

    def drafted(self, draft: Draft | None) -> None:
        """As `EditDialog.drafted`: count for this type, or for none."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
        self._frames.stop()
        self._progress.hide()
        if draft is None or draft.edit is None:
            return
        self._found, self._shown, self._lines = [], 0, list(draft.lines)
        staged, keys, found = self.document.staged, draft.edit.keys, self._found
        self._task = self.session.bridge.submit(
            partial(_count, staged, keys, self._type.currentData(), found),
            lambda _: self._counted(),
            self._not_counted,
            owner=self,
            slot="count",
            label=self.tr("Counting what is lost"),
            may_hang=True,
        )
        self._frames.start()

    def _follow(self) -> None:
        found = self._found
        for place in range(self._shown, len(found)):
            self._lines[place] = (*self._lines[place][:3], *_costs(found[place]))
        if self._shown != len(found):
            self._shown = len(found)
            self.preview.lines.update(self._lines)
        if self._task is not None and self._task.total:
            self._progress.setMaximum(1000)
            self._progress.setValue(self._task.done * 1000 // self._task.total)
            self._progress.show()

    def _counted(self) -> None:
        self._frames.stop()
        self._follow()
        self._task = None
        self._progress.hide()
        lost = sum(not one.lossless for one in self._found)
        self.summarise(
            self.tr("Every value stays what it is.")
            if not lost
            else self.tr("Values of 1 variable change.")
            if lost == 1
            else self.tr("Values of %n variables change.", "", lost)
        )

    def _not_counted(self, error: CkptStudioError) -> None:
        self._frames.stop()
        self._progress.hide()
        self.summarise(self.tr("What is lost could not be counted: {0}").format(error.message))

    def done(self, result: int) -> None:
        """Close; nobody waits for the counts any more."""
        self.drafted(None)
        super().done(result)


def _cast(keys: Sequence[str], name: str, task: Task, state: State) -> Draft:
    from ckpt_studio.core.dtypes import BY_NAME
    from ckpt_studio.document.edits.cast import Cast

    columns = state.columns
    infos = [columns.of(key) for key in keys]
    lines = [(info.name, info.dtype.name, f"{info.size:,}", "…", "…", "…", "…") for info in infos]
    return Draft(Cast(keys, dtype=BY_NAME[name]), lines)


def _count(staged: StagedView, keys: Sequence[str], name: str, found: list[CastLoss], task: Task) -> None:
    from ckpt_studio.core.dtypes import BY_NAME
    from ckpt_studio.document.edits.cast import cast_loss

    columns = staged.columns
    task.total = sum(columns.of(key).nbytes for key in keys)
    for key in keys:
        found.append(cast_loss(staged, key, BY_NAME[name], task))
        task.check()


def _costs(loss: CastLoss) -> Line:
    return tuple(
        f"{count:,}" if count else "–"
        for count in (loss.overflow, loss.vanished, loss.rounded, loss.not_finite)
    )
