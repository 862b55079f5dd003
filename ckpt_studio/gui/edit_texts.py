"""Staged edits in the person's language: the document names them in English, in few forms, which are known here."""

from __future__ import annotations

import re
from typing import Final

from ckpt_studio.gui.menu_titles import QT_TRANSLATE_NOOP
from ckpt_studio.gui.texts import translate

_FORMS: Final = (
    QT_TRANSLATE_NOOP("Edits", "{0} variables"),
    QT_TRANSLATE_NOOP("Edits", "Freeze {0}"),
    QT_TRANSLATE_NOOP("Edits", "Unfreeze {0}"),
    QT_TRANSLATE_NOOP("Edits", "Replace {0} from {1}"),
    QT_TRANSLATE_NOOP("Edits", "Drop {0} with {1} slots"),
    QT_TRANSLATE_NOOP("Edits", "Drop {0} with 1 slot"),
    QT_TRANSLATE_NOOP("Edits", "Drop {0}"),
    QT_TRANSLATE_NOOP("Edits", "kept → dropped"),
    QT_TRANSLATE_NOOP("Edits", "Revert “{0}”"),
    QT_TRANSLATE_NOOP("Edits", "Revert all"),
    QT_TRANSLATE_NOOP("Edits", "trainable → frozen"),
    QT_TRANSLATE_NOOP("Edits", "frozen → trainable"),
    QT_TRANSLATE_NOOP("Edits", "own values → values of {0} ({1} under other names)"),
    QT_TRANSLATE_NOOP("Edits", "own values → values of {0}"),
)


def edit_text(text: str) -> str:
    """An edit's label or what it changes, translated where its form is known."""
    for form in _FORMS:
        translated = translate("Edits", form)
        if translated != form and (found := re.fullmatch(_pattern(form), text, re.DOTALL)):
            return translated.format(*(edit_text(part) for part in found.groups()))
    return text


def _pattern(form: str) -> str:
    """What a form matches; only numbers stand before "variables", which a name might end with."""
    hole = r"(\\d+)" if form.startswith("{0}") else "(.+)"
    return re.sub(r"\\\{\d\\\}", hole, re.escape(form))
