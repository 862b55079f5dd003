"""What the three views have in common: built when first shown, a sentence where there is nothing to draw, progress.

What is calculated with is imported on a background thread, because importing it in the GUI thread would stall it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeVar

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from ckpt_studio.gui.dialogs.fields import PlainLabel, named
from ckpt_studio.gui.texts import opaque_sentence, visible
from ckpt_studio.gui.views.subject import Nature, Side

if TYPE_CHECKING:
    from ckpt_studio.core.errors import CkptStudioError
    from ckpt_studio.core.tasks import Task
    from ckpt_studio.gui.session import Session
    from ckpt_studio.gui.views.subject import Subject

T = TypeVar("T")

_PATIENCE_MS: Final = 250
"""Work that takes longer shows its progress."""
_FRAME_MS: Final = 33


class TensorView(QWidget):
    """One way to look at a variable. Subclasses say how they are built and what they ask for.

    Work is done only while the view is shown; what changed meanwhile is caught up with when it is shown again.
    """

    def __init__(self, session: Session, name: str, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._name = name
        self._subject: Subject | None = None
        self._stale = False
        self._built = False
        self._loading = False
        self._tasks: dict[str, Task] = {}
        self._next_turn = QTimer(
            self, singleShot=True, interval=0
        )  # building and drawing in one go would stall
        self._next_turn.timeout.connect(self._after_build)
        self._pages = QStackedWidget(self)
        self._content = QWidget(self)
        self._pages.addWidget(self._content)
        self._pages.addWidget(self._message_page(name))
        self._pages.setCurrentIndex(1)
        self._progress = Progress(f"{name}Progress", title, self._stopped, self)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 6, 8, 6)
        column.setSpacing(4)
        column.addWidget(self._pages, 1)
        column.addWidget(self._progress)

    # ---- what a subclass says

    def load(self) -> None:
        """Import what the work needs; called on a background thread, so nothing that names Qt (see `warm_up`)."""
        raise NotImplementedError

    def build(self, content: QWidget) -> None:
        """Import the rest, and make the widgets inside `content`; called once, when the view is first shown."""
        raise NotImplementedError

    def refresh(self) -> None:
        """Ask for what is to be shown of the subject."""
        raise NotImplementedError

    def shows(self, nature: Nature) -> bool:
        """Whether this view can show variables of this nature."""
        return nature is Nature.numbers

    def side(self, subject: Subject) -> Side:
        """Whose values decide whether there is something to show."""
        return subject.staged

    # ---- showing

    def present(self, subject: Subject | None) -> None:
        """Look at another variable, or at other values of the same."""
        self._subject = subject
        self.invalidate()

    def invalidate(self) -> None:
        """What is shown is not true any more, nor what is on its way."""
        self._stale = True
        for slot in [slot for slot in self._tasks if slot != "load"]:
            task = self._tasks.pop(slot)
            task.cancel()
            self._progress.finish(task)
        if self.isVisible():
            self._catch_up()

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with what happened while another view was in front."""
        super().showEvent(event)
        if self._stale:
            self._catch_up()

    def _catch_up(self) -> None:
        if self._subject is None:
            return
        side = self.side(self._subject)
        if not self.shows(side.nature):
            self._stale = False
            self.say(self._sentence(side))
        elif self._built:
            self._stale = False
            self._show_content()
            self.refresh()
        elif not self._loading:
            self._loading = True
            self.submit(lambda task: self.load(), lambda _: self._loaded(), slot="load")

    def _show_content(self) -> None:
        """Bring the content to the front; its parts know their sizes at once, since requests depend on them."""
        self._content.setGeometry(self._pages.rect())
        self._pages.setCurrentIndex(0)

    def _loaded(self) -> None:
        self._loading = False
        if not self._built:
            self._built = True
            self.build(self._content)
        self._next_turn.start()

    def _after_build(self) -> None:
        if self._stale and self.isVisible():
            self._catch_up()

    def submit(self, work: Callable[[Task], T], done: Callable[[T], object], *, slot: str = "view") -> Task:
        """Do `work` in the background, with progress; a newer request of the same slot takes its place."""

        def answered(answer: T) -> None:
            done(answer)  # may submit more of the same work, whose progress is to go on
            self._progress.finish(task)

        def broke(error: CkptStudioError) -> None:
            self._progress.finish(task)
            self._failed(error)

        task = self._session.bridge.submit(
            work,
            answered,
            broke,
            owner=self,
            slot=slot,
            label=self.accessibleName(),
        )
        self._tasks[slot] = task
        self._progress.watch(task)
        return task

    @property
    def shows_progress(self) -> bool:
        """Whether the progress takes room from the content for a while."""
        return self._progress.isVisible()

    # ---- sentences

    def say(self, sentence: str, retry: bool = False) -> None:
        """Show a sentence in place of the content; with `retry`, a button that tries again."""
        self._message.setText(visible(sentence))
        self._retry.setVisible(retry)
        self._pages.setCurrentIndex(1)

    def _failed(self, error: CkptStudioError) -> None:
        self._loading = False
        self.say(str(error), retry=True)

    def _stopped(self) -> None:
        self._loading = False
        self.say(self.tr("This was stopped before it was done."), retry=True)

    def _sentence(self, side: Side) -> str:
        nature, info = side.nature, side.info
        if nature is Nature.faulty:
            return info.error or ""
        if nature is Nature.empty:
            shape = " × ".join(map(str, info.shape or ()))
            return self.tr("This variable has no elements: its shape is {0}.").format(shape)
        if nature is Nature.text:
            return self.tr("This variable holds text. The Values tab shows it.")
        return opaque_sentence(info.dtype.name)

    def _message_page(self, name: str) -> QWidget:
        page = QWidget(self)
        self._message = PlainLabel(f"{name}Message", parent=page)
        self._message.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._retry = QPushButton(self.tr("Try again"), page)
        named(self._retry, f"{name}Retry", self.tr("Try again"))
        self._retry.clicked.connect(self.invalidate)
        self._retry.hide()
        column = QVBoxLayout(page)
        column.addStretch(1)
        column.addWidget(self._message)
        column.addWidget(self._retry, 0, Qt.AlignmentFlag.AlignCenter)
        column.addStretch(2)
        return page


class Progress(QWidget):
    """A bar and a Cancel button that appear when work takes its time."""

    def __init__(
        self, name: str, title: str, stopped: Callable[[], object], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._task: Task | None = None
        self._told = stopped
        self._bar = QProgressBar(self)
        named(self._bar, name, self.tr("Progress of {0}").format(title))
        self._bar.setMaximumHeight(14)
        cancel = QPushButton(self.tr("Cancel"), self)
        named(cancel, f"{name}Cancel", self.tr("Cancel {0}").format(title))
        cancel.clicked.connect(self._cancel)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._bar, 1)
        row.addWidget(cancel)
        self._patience = QTimer(self, singleShot=True, interval=_PATIENCE_MS)
        self._patience.timeout.connect(self._appear)
        self._frames = QTimer(self, interval=_FRAME_MS)
        self._frames.timeout.connect(self._poll)
        self.hide()

    def watch(self, task: Task) -> None:
        """Show this task's progress if it takes long."""
        self._task = task
        if not self.isVisible() and not self._patience.isActive():
            self._patience.start()

    def finish(self, task: Task) -> None:
        """This task is done."""
        if task is self._task:
            self._task = None
            self._patience.stop()
            self._frames.stop()
            self.hide()

    def _appear(self) -> None:
        if self._task is not None:
            self._poll()
            self.show()
            self._frames.start()

    def _poll(self) -> None:
        task = self._task
        if task is None:
            return
        self._bar.setMaximum(1000 if task.total else 0)
        if task.total:
            self._bar.setValue(min(1000, task.done * 1000 // task.total))

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self.finish(self._task)
            self._told()
