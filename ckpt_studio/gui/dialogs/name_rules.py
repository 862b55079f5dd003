"""The fields that say how names become other names: a prefix off, a prefix on, a pattern replaced."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFormLayout, QGroupBox, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from ckpt_studio.gui.dialogs.fields import Notice, named
from ckpt_studio.gui.texts import translate, visible

if TYPE_CHECKING:
    from ckpt_studio.document.matching import MatchRules


class NameRules(QGroupBox):
    """A box with the rules, and beside them why they cannot be used."""

    changed = Signal()
    """Somebody types."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(title, parent)
        self._strip = self._rule("stripPrefixEdit", self.tr("Prefix to remove"), "model/")
        self._add = self._rule("addPrefixEdit", self.tr("Prefix to add"), "backbone/")
        self._pattern = self._rule(
            "patternEdit", self.tr("Pattern to replace (regular expression)"), r"layer_(\d+)"
        )
        self._replacement = self._rule("replacementEdit", self.tr("Replacement"), r"block\1")
        self._notice = Notice("patternError", self)
        left, right = QFormLayout(), QFormLayout()
        left.addRow(self.tr("prefix &removed:"), self._strip)
        left.addRow(self.tr("prefix &added:"), self._add)
        right.addRow(self.tr("&pattern replaced:"), self._pattern)
        right.addRow(self.tr("&by:"), self._replacement)
        rows = QHBoxLayout()
        rows.addLayout(left)
        rows.addSpacing(12)
        rows.addLayout(right)
        column = QVBoxLayout(self)
        column.addLayout(rows)
        column.addWidget(self._notice)

    def _rule(self, object_name: str, accessible: str, example: str) -> QLineEdit:
        edit = QLineEdit(self)
        named(edit, object_name, accessible)
        edit.setPlaceholderText(self.tr("for example {0}").format(example))
        edit.setToolTip(accessible)
        edit.textChanged.connect(lambda _text: self.changed.emit())
        return edit

    def rules(self) -> MatchRules | None:
        """The rules as typed, or None (and the reason said beside them) while they cannot be used."""
        from ckpt_studio.document.matching import MatchRules

        problem = pattern_problem(self._pattern.text(), self._replacement.text())
        self._notice.say(problem)
        if problem:
            return None
        return MatchRules(
            strip_prefix=self._strip.text(),
            add_prefix=self._add.text(),
            pattern=self._pattern.text(),
            replacement=self._replacement.text(),
        )

    @property
    def problem(self) -> str:
        """Why they cannot be used, as a sentence, or an empty text."""
        return self._notice.text()

    def refuse(self, sentence: str) -> None:
        """Say why they cannot be used."""
        self._notice.say(visible(sentence))


def pattern_problem(pattern: str, replacement: str) -> str:
    """Why a rename rule cannot be used, as a sentence, or an empty text."""
    if not pattern:
        return (
            ""
            if not replacement
            else translate("NameRules", "There is a replacement, but no pattern that it would replace.")
        )
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        if error.pos is None:
            return translate("NameRules", "The pattern is not a regular expression: {0}.").format(error.msg)
        return translate(
            "NameRules", "The pattern is not a regular expression: {0} at character {1}."
        ).format(error.msg, error.pos + 1)
    # A template is only parsed when something matches: the same groups, all empty, match anywhere.
    groups = {number: name for name, number in compiled.groupindex.items()}
    same = "".join(f"(?P<{groups[n]}>)" if n in groups else "()" for n in range(1, compiled.groups + 1))
    try:
        re.sub(same, replacement, "", count=1)
    except (re.error, IndexError) as error:
        return translate("NameRules", "The replacement cannot be used: {0}.").format(error)
    return ""
