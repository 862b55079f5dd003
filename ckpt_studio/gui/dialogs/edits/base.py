"""What the dialogs of edits have in common: fields, a preview that follows them, and one edit that is staged.

Nothing is computed in the window's thread: a moment after the last key, the edit is made and applied to the staged
state in the background; what hinders it is said as a sentence, what it does is listed.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ckpt_studio.core.errors import CkptStudioError
from ckpt_studio.gui.dialogs.edits.preview import Line, PreviewTable
from ckpt_studio.gui.dialogs.fields import Notice, PlainLabel, named, prepare
from ckpt_studio.gui.texts import shape_text, visible

if TYPE_CHECKING:
    from ckpt_studio.core.tasks import Task
    from ckpt_studio.document.edits.base import Edit
    from ckpt_studio.document.state import State
    from ckpt_studio.gui.session import Session

_PAUSE_MS: Final = 150
"""Typing pauses this long before what was typed is tried."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What the fields would do.

    Attributes:
        edit: what would be staged; None where the preview shows why nothing can be.
        lines: the preview, a row a variable.
        summary: the preview in a clause.
    """

    edit: Edit | None
    lines: Sequence[Line]
    summary: str = ""


Make = Callable[["Task", "State"], Draft]
"""Makes a draft for a state, on a background thread; a CkptStudioError says why it cannot be made."""


class EditDialog(QDialog):
    """One kind of edit of some variables. It closes once the edit is staged.

    Subclasses make their fields in `fill`, call `changed` when one changes, and say in `maker` what the fields mean.

    Args:
        session: its document is edited.
        name: the object name; those of the parts begin with it.
        title: of the window.
        keys: the variables; dropped ones are left out.
        parent: as Qt has it.
    """

    HEADS_WIDE = 1
    """How many of the preview's first columns share the room."""

    def __init__(
        self, session: Session, name: str, title: str, keys: Sequence[str], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        if session.document is None:
            raise ValueError("there is no document to edit")
        prepare(self, f"{name}Dialog", title)
        self.session = session
        self.document = session.document
        self.name = name
        dropped = frozenset(self.document.dropped_keys())
        self.keys = tuple(key for key in keys if key not in dropped)
        self._draft: Draft | None = None
        self._built = False
        self._again = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._again.timeout.connect(self._try)
        self._build()
        self._built = True
        self.resize(self.preferred_width(), 480)
        self._try()

    # ---- what a subclass says

    @abstractmethod
    def fill(self, form: QFormLayout) -> None:
        """Make the fields."""

    @abstractmethod
    def maker(self) -> Make | None:
        """What the fields mean now; None while that is nothing yet."""

    def heads(self) -> Sequence[str]:
        """Titles of the preview's columns."""
        return (self.tr("Variable"), self.tr("Shape"), self.tr("Type"))

    def preferred_width(self) -> int:
        """How wide the dialog opens, in pixels."""
        return 640

    def below(self, column: QVBoxLayout) -> None:
        """Add what stands below the preview."""

    def drafted(self, draft: Draft | None) -> None:
        """Another draft is there, or none any more."""

    # ---- layout

    def _build(self) -> None:
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self.fill(form)
        self._notice = Notice(f"{self.name}Error", self)
        self._about = Notice(f"{self.name}Note", self, trouble=False)
        self.preview = PreviewTable(
            f"{self.name}Preview", self.tr("Preview"), self.heads(), self.HEADS_WIDE, self
        )
        self._summary = PlainLabel(f"{self.name}Summary", parent=self)
        column = QVBoxLayout(self)
        column.addLayout(form)
        _align(self.findChildren(QLabel))
        column.addWidget(self._notice)
        column.addWidget(self._about)
        column.addWidget(self.preview, 1)
        column.addWidget(self._summary)
        self.below(column)
        column.addWidget(self._buttons())

    def _buttons(self) -> QDialogButtonBox:
        box = QDialogButtonBox(self)
        self._apply = QPushButton(self.tr("&Apply"), self)
        named(self._apply, f"{self.name}ApplyButton", self.tr("Stage this edit"))
        box.addButton(self._apply, QDialogButtonBox.ButtonRole.AcceptRole)
        cancel = QPushButton(self.tr("Cancel"), self)
        named(cancel, f"{self.name}CancelButton", self.tr("Cancel"))
        box.addButton(cancel, QDialogButtonBox.ButtonRole.RejectRole)
        cancel.setAutoDefault(False)
        self._apply.setDefault(True)
        box.accepted.connect(self._stage)
        box.rejected.connect(self.reject)
        return box

    # ---- drafting

    def changed(self, *_: object) -> None:
        """A field has changed: what was drafted is not meant any more."""
        if self._built:
            self._forget()
            self._again.start()

    def _forget(self) -> None:
        self._draft = None
        self._apply.setEnabled(False)
        self.drafted(None)

    def _try(self) -> None:
        self._forget()
        try:
            make = self.maker()
        except CkptStudioError as error:
            self._refused(error)
            return
        if make is None:
            self._say("", "", ())
            return
        state = self.document.rows

        def work(task: Task) -> tuple[Draft, tuple[str, ...]]:
            draft = make(task, state)
            if draft.edit is None:
                return draft, ()
            draft.edit.apply(state)
            return draft, draft.edit.notes(state)

        self.session.bridge.submit(
            work,
            lambda answer: self._made(*answer),
            self._refused,
            owner=self,
            slot="draft",
            label=self.windowTitle(),
            may_hang=True,
        )

    def _made(self, draft: Draft, notes: tuple[str, ...]) -> None:
        if self._again.isActive():  # somebody types on
            return
        self._draft = draft
        self._say("", " ".join(notes), draft.lines, draft.summary)
        self._apply.setEnabled(draft.edit is not None)
        self.drafted(draft)

    def _refused(self, error: CkptStudioError) -> None:
        self._say(error.message, "", ())

    def _say(self, trouble: str, about: str, lines: Sequence[Line], summary: str = "") -> None:
        self._notice.say(visible(trouble))
        self._about.say(visible(about))
        self.preview.lines.show(lines)
        self.summarise(summary)

    def summarise(self, text: str) -> None:
        """Say the preview in a clause."""
        self._summary.setText(visible(text))

    def _stage(self) -> None:
        if self._draft is not None and self._draft.edit is not None:
            self.session.do(self._draft.edit)
            self.accept()

    def done(self, result: int) -> None:
        """Close."""
        self._again.stop()
        super().done(result)


def _align(labels: Sequence[QLabel]) -> None:
    """Have the fields of forms that stand below each other begin at one place."""
    of_fields = [label for label in labels if label.buddy() is not None]
    widest = max((label.sizeHint().width() for label in of_fields), default=0)
    for label in of_fields:
        label.setMinimumWidth(widest)


def facts(state: State, keys: Sequence[str]) -> list[Line]:
    """Name, shape and element type of variables, for a preview."""
    columns = state.columns
    infos = (columns.of(key) for key in keys)
    return [(info.name, shape_text(info.shape), info.dtype.name) for info in infos]
