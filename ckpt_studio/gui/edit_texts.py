"""Staged edits in the person's language: the document names them in English, in forms that are known here."""

from __future__ import annotations

import re
from typing import Final

from ckpt_studio.gui.menu_titles import QT_TRANSLATE_NOOP
from ckpt_studio.gui.texts import translate

_FORMS: Final = (
    QT_TRANSLATE_NOOP("Edits", "{0} variables"),
    QT_TRANSLATE_NOOP("Edits", "Freeze {0}"),
    QT_TRANSLATE_NOOP("Edits", "Unfreeze {0}"),
    QT_TRANSLATE_NOOP("Edits", "Replace NaN and infinities in {0} by {1}"),
    QT_TRANSLATE_NOOP("Edits", "Replace NaN in {0} by {1}"),
    QT_TRANSLATE_NOOP("Edits", "Replace {0} from {1}"),
    QT_TRANSLATE_NOOP("Edits", "Drop the optimizer's state of frozen variables ({0})"),
    QT_TRANSLATE_NOOP("Edits", "Drop the optimizer's state ({0})"),
    QT_TRANSLATE_NOOP("Edits", "Drop moving averages ({0})"),
    QT_TRANSLATE_NOOP("Edits", "Drop {0} with {1} slots"),
    QT_TRANSLATE_NOOP("Edits", "Drop {0} with 1 slot"),
    QT_TRANSLATE_NOOP("Edits", "Drop {0}"),
    QT_TRANSLATE_NOOP("Edits", "Assign {0} to {1}"),
    QT_TRANSLATE_NOOP("Edits", "Set 1 cell of {0}"),
    QT_TRANSLATE_NOOP("Edits", "Set {0} cells of {1}"),
    QT_TRANSLATE_NOOP("Edits", "Set {0} to step {1}"),
    QT_TRANSLATE_NOOP("Edits", "Scale {0} by {1}"),
    QT_TRANSLATE_NOOP("Edits", "Change {0} by {1}"),
    QT_TRANSLATE_NOOP("Edits", "Cast {0} to {1}"),
    QT_TRANSLATE_NOOP("Edits", "Reshape {0} to {1}"),
    QT_TRANSLATE_NOOP("Edits", "Transpose {0}"),
    QT_TRANSLATE_NOOP("Edits", "Rename {0}"),
    QT_TRANSLATE_NOOP("Edits", "Move {0} ({1} variables)"),
    QT_TRANSLATE_NOOP("Edits", "Add {0}"),
    QT_TRANSLATE_NOOP("Edits", "Average {0} over {1} checkpoints"),
    QT_TRANSLATE_NOOP("Edits", "Swap moving averages into {0}"),
    QT_TRANSLATE_NOOP("Edits", "kept → dropped"),
    QT_TRANSLATE_NOOP("Edits", "Revert “{0}”"),
    QT_TRANSLATE_NOOP("Edits", "Revert all"),
    QT_TRANSLATE_NOOP("Edits", "trainable → frozen"),
    QT_TRANSLATE_NOOP("Edits", "frozen → trainable"),
    QT_TRANSLATE_NOOP("Edits", "NaN and infinities → {0}"),
    QT_TRANSLATE_NOOP("Edits", "NaN → {0}"),
    QT_TRANSLATE_NOOP("Edits", "own type → {0}"),
    QT_TRANSLATE_NOOP("Edits", "own shape → {0}"),
    QT_TRANSLATE_NOOP("Edits", "own axes → turned around"),
    QT_TRANSLATE_NOOP("Edits", "own axes → {0}"),
    QT_TRANSLATE_NOOP("Edits", "own step → {0}"),
    QT_TRANSLATE_NOOP("Edits", "nothing → {0}"),
    QT_TRANSLATE_NOOP("Edits", "own values → values of {0} ({1} under other names)"),
    QT_TRANSLATE_NOOP("Edits", "own values → values of {0}"),
    QT_TRANSLATE_NOOP("Edits", "own values → moving averages"),
    QT_TRANSLATE_NOOP("Edits", "own values → mean of {0}"),
    QT_TRANSLATE_NOOP("Edits", "own values → {0} other values"),
    QT_TRANSLATE_NOOP("Edits", "own values → {0}"),
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
