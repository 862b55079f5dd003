"""Asks what variables shall be called: a new name for one, another group or rules for several."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QLineEdit,
    QWidget,
)

from ckpt_studio.gui.dialogs.edits.base import Draft, EditDialog, Make
from ckpt_studio.gui.dialogs.fields import fill_combo, named
from ckpt_studio.gui.dialogs.name_rules import NameRules
from ckpt_studio.gui.dialogs.pages import Pages
from ckpt_studio.gui.texts import translate, visible

if TYPE_CHECKING:
    from ckpt_studio.core.tasks import Task
    from ckpt_studio.document.edits.base import Edit
    from ckpt_studio.document.edits.rename import Pair
    from ckpt_studio.document.matching import MatchRules
    from ckpt_studio.document.state import State
    from ckpt_studio.gui.session import Session


class RenameDialog(EditDialog):
    """Renames variables of the session's document. Names are keys: what the file calls them."""

    HEADS_WIDE = 3

    def __init__(self, session: Session, keys: Sequence[str], parent: QWidget | None = None) -> None:
        self._one = len(keys) == 1
        self._group = common_group(keys)
        title = self.tr("Rename a variable") if self._one else self.tr("Rename variables")
        super().__init__(session, "rename", title, keys, parent)

    def heads(self) -> Sequence[str]:
        """As `EditDialog.heads`."""
        return (self.tr("Now"), self.tr("Then"), self.tr("Hindrance"))

    def preferred_width(self) -> int:
        """As `EditDialog.preferred_width`."""
        return 820

    def fill(self, form: QFormLayout) -> None:
        """As `EditDialog.fill`."""
        if self._one:
            self._fill_one(form)
        else:
            self._fill_many(form)

    def _fill_one(self, form: QFormLayout) -> None:
        self._name = QLineEdit(self.keys[0] if self.keys else "", self)
        named(self._name, "renameEdit", self.tr("New name"))
        self._name.textChanged.connect(self.changed)
        self._along = QCheckBox(self.tr("Rename its optimizer &slots along"), self)
        named(self._along, "renameSlotsBox", self.tr("Rename its optimizer slots along"))
        self._along.setChecked(True)
        self._along.toggled.connect(self.changed)
        form.addRow(self.tr("New &name:"), self._name)
        form.addRow("", self._along)
        last = self._name.text().rfind("/") + 1
        self._name.setSelection(last, len(self._name.text()) - last)
        self._name.setFocus()

    def _fill_many(self, form: QFormLayout) -> None:
        self._how = QComboBox(self)
        named(self._how, "renameHowCombo", self.tr("How they are renamed"))
        choices: list[tuple[str, object]] = [(self.tr("By a prefix or a pattern"), "rules")]
        if self._group:
            choices.insert(0, (self.tr("Move the group"), "move"))
        fill_combo(self._how, choices, choices[0][1])
        self._target = QLineEdit(self._group, self)
        named(self._target, "moveTargetEdit", self.tr("New path of the group"))
        self._target.textChanged.connect(self.changed)
        move = QWidget(self)
        rows = QFormLayout(move)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.addRow(self.tr("New &path of %1:").replace("%1", visible(self._group)), self._target)
        self._rules = NameRules(self.tr("A variable's new name is its name, with"), self)
        self._rules.changed.connect(self.changed)
        self._fields = Pages(self)
        self._fields.addWidget(move)
        self._fields.addWidget(self._rules)
        self._how.currentIndexChanged.connect(self._switch)
        form.addRow(self.tr("&How:"), self._how)
        form.addRow(self._fields)
        self._switch()

    def _switch(self, *_: object) -> None:
        self._fields.setCurrentIndex(0 if self._how.currentData() == "move" else 1)
        self.changed()

    # ---- what is meant

    def maker(self) -> Make | None:
        """As `EditDialog.maker`."""
        if not self.keys:
            return None
        if self._one:
            return partial(_single, self.keys[0], self._name.text(), self._along.isChecked())
        if self._how.currentData() == "move":
            target = self._target.text().strip()
            return partial(_moved, frozenset(self.keys), self._group, target)
        rules = self._rules.rules()
        return None if rules is None else partial(_ruled, self.keys, rules)


def _single(key: str, new: str, along: bool, task: Task, state: State) -> Draft:
    from ckpt_studio.document.edits.rename import Rename, RenameMany, slots_along

    pairs = [(key, new)]
    if along:
        pairs = slots_along(state.columns, pairs)
    return _drafted(state, pairs, Rename if len(pairs) == 1 else RenameMany)


def _moved(keys: frozenset[str], source: str, target: str, task: Task, state: State) -> Draft:
    from ckpt_studio.document.edits.rename import Move, RenameMany

    whole = Move.of(state.live, source, target)
    if keys.issuperset(whole.keys):
        return _drafted(state, whole.pairs, lambda _: whole)
    return _drafted(state, [pair for pair in whole.pairs if pair[0] in keys], RenameMany)


def _ruled(keys: Sequence[str], rules: MatchRules, task: Task, state: State) -> Draft:
    from ckpt_studio.document.edits.rename import RenameMany, by_rules

    return _drafted(state, by_rules(keys, rules), RenameMany)


def _drafted(state: State, pairs: Sequence[Pair], made: Callable[[tuple[Pair, ...]], Edit]) -> Draft:
    """The draft of a renaming; without an edit where nothing changes or a name is taken."""
    from ckpt_studio.document.edits.rename import preview

    found = preview(state, pairs)
    lines = [(one.key, one.new_key, one.note) for one in found]
    hindered = sum(one.collision != "" for one in found)
    if not found or hindered:
        return Draft(None, lines, _counted(len(found), hindered))
    return Draft(made(tuple(pairs)), lines, _counted(len(found), 0))


def _counted(count: int, hindered: int) -> str:
    if not count:
        return translate("RenameDialog", "No name changes.")
    several = translate("RenameDialog", "%n names change", "", count)
    text = translate("RenameDialog", "1 name changes") if count == 1 else several
    return text if not hindered else f"{text}; {translate('RenameDialog', '%n of them cannot', '', hindered)}"


def common_group(keys: Sequence[str]) -> str:
    """The path that all of these keys lie below, or an empty text."""
    if not keys:
        return ""
    first, last = min(keys).split("/")[:-1], max(keys).split("/")[:-1]
    same = 0
    while same < min(len(first), len(last)) and first[same] == last[same]:
        same += 1
    return "/".join(first[:same])
