"""The titles of the menus, apart from the actions in them: the first paint needs no more."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QCoreApplication


def QT_TRANSLATE_NOOP(context: str, text: str) -> str:
    """Mark a text for lupdate, which looks for this name; Qt's own of the same name says nothing of its type."""
    return text


MENUS: Final = (
    ("file", QT_TRANSLATE_NOOP("Actions", "&File")),
    ("edit", QT_TRANSLATE_NOOP("Actions", "&Edit")),
    ("view", QT_TRANSLATE_NOOP("Actions", "&View")),
    ("tensor", QT_TRANSLATE_NOOP("Actions", "&Tensor")),
    ("run", QT_TRANSLATE_NOOP("Actions", "&Run")),
    ("window", QT_TRANSLATE_NOOP("Actions", "&Window")),
    ("help", QT_TRANSLATE_NOOP("Actions", "&Help")),
)
"""Id and title, left to right."""


def menu_title(title: str) -> str:
    """A title in the person's language."""
    return QCoreApplication.translate("Actions", title)
