"""Chooses initial values from another checkpoint: a donor, rules that match its names to ours, a preview, one edit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from ckpt_studio.core.errors import CkptStudioError
from ckpt_studio.core.tasks import Task
from ckpt_studio.gui.dialogs import donor_table
from ckpt_studio.gui.dialogs.donor_table import DonorModel, DonorNameDelegate, DonorTable
from ckpt_studio.gui.dialogs.fields import (
    ElidedLabel,
    Notice,
    PathField,
    PlainLabel,
    fill_combo,
    named,
    prepare,
)
from ckpt_studio.gui.dialogs.name_rules import NameRules
from ckpt_studio.gui.dialogs.recent import recent_paths, remember_path
from ckpt_studio.gui.models.check_delegate import CheckDelegate
from ckpt_studio.gui.texts import visible, without_mnemonic

if TYPE_CHECKING:
    from ckpt_studio.document.document import Document
    from ckpt_studio.document.edits.replace import Replace
    from ckpt_studio.document.filling import Filling
    from ckpt_studio.document.matching import Match
    from ckpt_studio.formats.base import Checkpoint
    from ckpt_studio.gui.session import Session

_AT_ONCE: Final = 20_000
"""A swap of more variables is made in the background."""
_RULES_MS: Final = 150
"""Typing pauses this long before the rules are tried."""


class DonorDialog(QDialog):
    """Previews and stages a swap for some variables of the session's document, or for all where `keys` is empty.

    `wanted` are donor's keys by ours that go before the rules, as far as the donor has them.
    """

    def __init__(
        self,
        session: Session,
        keys: Sequence[str] = (),
        parent: QWidget | None = None,
        donor_path: str | None = None,
        wanted: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        super().__init__(parent)
        if session.document is None:
            raise ValueError("there is no document to swap values into")
        prepare(self, "donorDialog", self.tr("Swap initial values from another checkpoint"))
        self._session = session
        self._document = session.document
        self._keys = _kept(self._document, keys) or _all_keys(self._document)
        self._wanted = wanted
        self._donor: Checkpoint | None = None
        self._overrides: dict[str, str | None] = {}
        self._opening = self._matching = False
        self._again = QTimer(self, singleShot=True, interval=_RULES_MS)
        self._again.timeout.connect(self._match)
        self._build()
        self._show_state()
        if donor_path is not None:
            self._path.set_path(donor_path)
            self._open_donor(donor_path)

    # ---- layout

    def _build(self) -> None:
        self._path = PathField(
            "donorPathEdit",
            self.tr("Donor checkpoint"),
            self,
            folders=True,
            recent=recent_paths("donors"),
        )
        self._path.edit.setPlaceholderText(self.tr("Type a path, browse, or drop a checkpoint here"))
        self._path.chosen.connect(self._open_donor)
        self._path.take_drops_of(self)
        self._opened = ElidedLabel("donorSummary", self.tr("No donor yet."))
        self._notice = Notice("donorError", self)
        self._rules = NameRules(self.tr("A variable's name in the donor is its name here, with"), self)
        self._rules.changed.connect(self._again.start)
        head = QFormLayout()
        head.addRow(self.tr("&Donor:"), self._path)
        head.addRow("", self._opened)
        column = QVBoxLayout(self)
        column.addLayout(head)
        column.addWidget(self._notice)
        column.addWidget(self._rules)
        column.addWidget(self._table(), 1)
        column.addLayout(self._choosing())
        column.addWidget(self._buttons())
        self.resize(1100, 620)

    def _table(self) -> QTableView:
        self._model = DonorModel(self._document.rows.columns, self)
        self._model.chosenChanged.connect(self._show_state)
        self._model.overridden.connect(self._override)
        table = DonorTable(self)
        named(table, "donorTable", self.tr("Preview: what fits"))
        table.setModel(self._model)
        table.setItemDelegateForColumn(donor_table.NAME, CheckDelegate(table))
        table.setItemDelegateForColumn(donor_table.DONOR_NAME, DonorNameDelegate(table))
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setEditTriggers(
            QAbstractItemView.EditTrigger.DoubleClicked
            | QAbstractItemView.EditTrigger.EditKeyPressed
            | QAbstractItemView.EditTrigger.SelectedClicked
        )
        table.setWordWrap(False)
        table.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        table.setTabKeyNavigation(False)
        table.verticalHeader().hide()
        rows = table.verticalHeader()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setDefaultSectionSize(self.fontMetrics().height() + 8)
        heads = table.horizontalHeader()
        heads.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        wide = self.fontMetrics().horizontalAdvance
        name = wide("block/layer_10/attention/kernel/Adam_1")
        narrow = (wide(sample) for sample in ("3 × 3 × 512", "3 × 3 × 512", "bfloat16", "Donor's type"))
        for column, width in enumerate((name, name, *narrow)):
            heads.resizeSection(column, width + 24)
        heads.setStretchLastSection(True)
        return table

    def _choosing(self) -> QHBoxLayout:
        self._only = QCheckBox(self.tr("&Only what fits"), self)
        named(self._only, "onlyFittingBox", self.tr("Show only what fits"))
        self._only.toggled.connect(self._model.set_only_fitting)
        every = QPushButton(self.tr("Choose a&ll that fit"), self)
        none = QPushButton(self.tr("Choose &none"), self)
        for button, name, chosen in ((every, "chooseAllButton", True), (none, "chooseNoneButton", False)):
            named(button, name, without_mnemonic(button.text()))
            button.setAutoDefault(False)
            button.clicked.connect(lambda _=False, chosen=chosen: self._model.choose_all(chosen))
        self._filling = self._other_shapes()
        self._summary = PlainLabel("donorFitSummary")
        row = QHBoxLayout()
        row.addWidget(self._summary, 1)
        shapes = QLabel(self.tr("Other &shapes:"), self)
        shapes.setBuddy(self._filling)
        row.addWidget(shapes)
        row.addWidget(self._filling)
        row.addSpacing(8)
        row.addWidget(self._only)
        row.addWidget(every)
        row.addWidget(none)
        return row

    def _other_shapes(self) -> QComboBox:
        """What becomes of a value of another shape, such as a head for another number of classes."""
        combo = QComboBox(self)
        named(combo, "donorShapesCombo", self.tr("What becomes of values of another shape"))
        choices: list[tuple[str, object]] = [
            (self.tr("are left out"), ""),
            (self.tr("crop, keep own rest"), "own"),
            (self.tr("crop, rest zeros"), "zeros"),
            (self.tr("crop, rest Glorot uniform"), "glorot_uniform"),
            (self.tr("crop, rest normal"), "normal"),
        ]
        fill_combo(combo, choices, "")
        combo.currentIndexChanged.connect(lambda _: self._match())
        return combo

    def _filled(self) -> Filling | None:
        from ckpt_studio.document.filling import Filling

        name = self._filling.currentData()
        return Filling.of_json({"resize": name}) if name else None

    def _buttons(self) -> QDialogButtonBox:
        box = QDialogButtonBox(self)
        self._apply = QPushButton(self.tr("&Apply"), self)
        named(self._apply, "donorApplyButton", self.tr("Apply as one edit"))
        box.addButton(self._apply, QDialogButtonBox.ButtonRole.AcceptRole)
        cancel = QPushButton(self.tr("Cancel"), self)
        box.addButton(cancel, QDialogButtonBox.ButtonRole.RejectRole)
        named(cancel, "donorCancelButton", self.tr("Cancel"))
        cancel.setAutoDefault(False)
        self._apply.setAutoDefault(False)
        box.accepted.connect(self._stage)
        box.rejected.connect(self.reject)
        return box

    # ---- the donor

    def _open_donor(self, path: str) -> None:
        self._let_go()
        self._overrides.clear()
        self._model.set_matches((), None)
        self._notice.say("")
        if not path:
            self._opened.set_full(self.tr("No donor yet."))
            self._show_state()
            return
        self._opening = True
        self._opened.set_full(self.tr("Opening {0} …").format(visible(path)))
        self._show_state()
        self._session.bridge.submit(
            lambda task: _open(path),
            self._donor_opened,
            self._donor_failed,
            owner=self,
            slot="donor",
            label=self.tr("Opening the donor"),
            may_hang=True,
        )

    def _donor_opened(self, donor: Checkpoint) -> None:
        self._opening = False
        self._donor = donor
        self._overrides |= {key: other for key, other in self._wanted.items() if other in donor.columns}
        remember_path("donors", self._path.path())
        step = "" if donor.step is None else self.tr(", step {0}").format(donor.step)
        self._opened.set_full(
            self.tr("{0}: {1} variables{2}").format(visible(donor.prefix), len(donor.columns), step)
        )
        self._match()

    def _donor_failed(self, error: CkptStudioError) -> None:
        self._opening = False
        self._opened.set_full(self.tr("No donor yet."))
        self._notice.say(visible(error.message))
        self._show_state()

    # ---- matching

    def _match(self) -> None:
        rules = self._rules.rules()
        if rules is None or self._donor is None:
            self._show_state()
            return
        own, donor, keys, overrides = (
            self._document.rows.columns,
            self._donor,
            self._keys,
            dict(self._overrides),
        )
        filling = self._filled()

        def work(task: Task) -> list[Match]:
            from ckpt_studio.document.matching import match

            return match(own, donor.columns, keys, rules, overrides, filling)

        self._matching = True
        self._show_state()
        self._session.bridge.submit(
            work,
            lambda matches: self._matched(matches, donor),
            self._match_failed,
            owner=self,
            slot="match",
            label=self.tr("Matching names"),
        )

    def _matched(self, matches: list[Match], donor: Checkpoint) -> None:
        self._matching = False
        if donor is self._donor:
            self._model.set_matches(matches, donor.columns)

    def _match_failed(self, error: CkptStudioError) -> None:
        self._matching = False
        self._rules.refuse(error.message)
        self._show_state()

    def _override(self, key: str, donor_key: str | None) -> None:
        self._overrides[key] = donor_key
        self._match()

    # ---- the outcome

    def _show_state(self) -> None:
        model = self._model
        ready = self._donor is not None and not self._matching and not self._again.isActive()
        self._apply.setEnabled(ready and model.chosen_count > 0 and not self._rules.problem)
        self._apply.setDefault(self._apply.isEnabled())
        if self._opening:
            text = self.tr("Opening the donor …")
        elif self._matching:
            text = self.tr("Matching names …")
        elif self._donor is None:
            count = len(self._keys)
            several = self.tr("{0} variables wait for a donor.")
            text = self.tr("1 variable waits for a donor.") if count == 1 else several.format(count)
        else:
            text = self.tr("{0} of {1} fit, {2} chosen").format(model.usable, model.total, model.chosen_count)
        self._summary.setText(text)

    def _stage(self) -> None:
        chosen, donor, own = self._model.chosen(), self._donor, self._document.rows.columns
        if donor is None or not self._apply.isEnabled():
            return
        from ckpt_studio.document.edits.replace import Replace

        filling = self._filled()
        if self._model.chosen_count <= _AT_ONCE:
            self._staged(Replace(chosen(), donor, donor.path, filling=filling))
            return

        def work(task: Task) -> Replace:
            edit = Replace(chosen(), donor, donor.path, filling=filling)
            edit.check(own)
            return edit

        self.setEnabled(False)
        self._session.bridge.submit(
            work, self._staged, self._not_staged, owner=self, slot="stage", label=self.tr("Matching names")
        )

    def _staged(self, edit: Replace) -> None:
        self._donor = None
        self._session.do(edit)
        self.accept()

    def _not_staged(self, error: CkptStudioError) -> None:
        self.setEnabled(True)
        self._notice.say(visible(error.message))

    def _let_go(self) -> None:
        if self._donor is not None:
            self._donor.close()
            self._donor = None

    def done(self, result: int) -> None:
        """Close; a donor that was not staged is let go of."""
        self._again.stop()
        self._let_go()
        super().done(result)


def _kept(document: Document, keys: Sequence[str]) -> tuple[str, ...]:
    """These variables without those that were dropped."""
    dropped = frozenset(document.dropped_keys())
    return tuple(key for key in keys if key not in dropped) if dropped else tuple(keys)


def _all_keys(document: Document) -> tuple[str, ...]:
    from ckpt_studio.core.tensors import Role

    columns = document.rows.columns
    rows = (columns.role != Role.metadata) & ~document.rows.dropped
    return tuple(columns.keys.take(rows.nonzero()[0].tolist()))


def _open(path: str) -> Checkpoint:
    from ckpt_studio.formats.registry import open_checkpoint

    return open_checkpoint(path)
