"""The QActions of a window, made from the registry in `action_specs`."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QCoreApplication, QObject, Qt
from PySide6.QtGui import QAction, QActionGroup, QKeySequence

from ckpt_studio.gui.action_specs import SPECS
from ckpt_studio.gui.edit_texts import edit_text
from ckpt_studio.gui.icons import icon
from ckpt_studio.gui.menu_titles import QT_TRANSLATE_NOOP
from ckpt_studio.gui.texts import in_action, shortened, tooltip, without_mnemonic

if TYPE_CHECKING:
    from ckpt_studio.gui.session import Session

_LONGEST: Final = 80
"""What undo and redo would do is shortened to so many characters: it makes the menu as wide."""
_UNDO: Final = QT_TRANSLATE_NOOP("Actions", "&Undo %1")
_REDO: Final = QT_TRANSLATE_NOOP("Actions", "&Redo %1")


def translated(text: str) -> str:
    """A text of this registry in the person's language."""
    return QCoreApplication.translate("Actions", text)


class Actions(QObject):
    """The QActions of one window, by id."""

    def __init__(self, session: Session, parent: QObject) -> None:
        super().__init__(parent)
        self._session = session
        self._actions: dict[str, QAction] = {}
        groups: dict[str, QActionGroup] = {}
        for spec in SPECS:
            action = QAction(translated(spec.text), parent)
            action.setObjectName(spec.id)
            action.setIconText(without_mnemonic(translated(spec.toolbar or spec.text)))
            if spec.shortcut:
                action.setShortcut(QKeySequence(spec.shortcut))
                action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
            keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
            hint = translated(spec.hint)
            action.setToolTip(tooltip(f"{hint} ({keys})" if keys else hint))
            action.setStatusTip(hint)
            action.setEnabled(spec.enabled_when(session))
            if spec.chosen_when is not None:
                action.setCheckable(True)
                action.setChecked(spec.chosen_when(session))
                groups.setdefault(spec.group, QActionGroup(self)).addAction(action)
            self._actions[spec.id] = action
        for changed in (
            session.documentChanged, session.stagedChanged, session.selectionChanged, session.currentChanged,
            session.runChanged, session.settings.namingChanged,
        ):  # fmt: skip
            changed.connect(self.refresh)

    def __getitem__(self, name: str) -> QAction:
        return self._actions[name]

    def __iter__(self) -> Iterator[QAction]:
        return iter(self._actions.values())

    def bind(self, name: str, handler: Callable[[], object]) -> None:
        """Call `handler` when the action is triggered."""
        self._actions[name].triggered.connect(lambda checked=False: handler())

    def tint(self, only: Container[str] | None = None) -> None:
        """Give the actions, or those with these ids, their icons, in the colour of the palette."""
        for spec in SPECS:
            if spec.icon and (only is None or spec.id in only):
                self._actions[spec.id].setIcon(icon(spec.icon))

    def refresh(self, *_: object) -> None:
        """Enable what can be done now, show what is chosen, and name what undo and redo would do."""
        for spec in SPECS:
            self._actions[spec.id].setEnabled(spec.enabled_when(self._session))
            if spec.chosen_when is not None and spec.chosen_when(self._session):
                self._actions[spec.id].setChecked(True)
        document = self._session.document
        for name, plain, labelled, label in (
            ("actionUndo", "&Undo", _UNDO, document.undo_label if document is not None else None),
            ("actionRedo", "&Redo", _REDO, document.redo_label if document is not None else None),
        ):
            text = (
                translated(labelled).replace("%1", in_action(shortened(edit_text(label), _LONGEST)))
                if label
                else translated(plain)
            )
            self._actions[name].setText(text)
