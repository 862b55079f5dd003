"""The values of a variable: a slice as a table of any size, a scalar as itself, a string as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLineEdit,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from ckpt_studio.core.errors import RequestFault
from ckpt_studio.gui.dialogs.fields import PlainLabel, named
from ckpt_studio.gui.texts import translate
from ckpt_studio.gui.views.numbers import NumberFormat, number_text
from ckpt_studio.gui.views.subject import Nature, Side, Subject, Which
from ckpt_studio.gui.views.values_controls import ValueControls
from ckpt_studio.gui.views.values_edit import Editing
from ckpt_studio.gui.views.values_slice import ShownSlice, place_of
from ckpt_studio.gui.views.values_split import ValueSplit, bring
from ckpt_studio.gui.views.values_table import ValueTable
from ckpt_studio.gui.views.values_taking import Taking
from ckpt_studio.gui.views.view import TensorView

if TYPE_CHECKING:
    from ckpt_studio.analysis.slices import SliceSpec
    from ckpt_studio.gui.session import Session
    from ckpt_studio.gui.views.colours import Tone
    from ckpt_studio.gui.views.values_scalar import ScalarFace


class ValuesView(TensorView):
    """Shows the slice that the slice bar names. `indexRequested` asks for the slice with this index.

    The table is there from the beginning, its other faces from when there is something to show in them.
    """

    indexRequested = Signal(object)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, "valuesView", translate("ValuesView", "Values"), parent)
        named(self, "valuesView", self.tr("Values"))
        self._spec: SliceSpec | None = None
        self._which = Which.staged
        self._shown: ShownSlice | None = None
        self._scalar: ScalarFace | None = None
        self._built = True  # nothing here has to be imported first
        self.build(self._content)

    def set_slice(self, spec: SliceSpec | None, which: Which) -> None:
        """Another slice; shown at the next `present` or `invalidate`."""
        self._spec, self._which = spec, which

    def side(self, subject: Subject) -> Side:
        return subject.side(self._which)

    def shows(self, nature: Nature) -> bool:
        return nature in (Nature.numbers, Nature.text)

    # ---- layout

    def build(self, content: QWidget) -> None:
        self._table = ValueTable(self._session.bridge, content)
        self._table.model.failed.connect(self._failed)
        self._table.placed.connect(self._say_place)
        self._taking = Taking(self._session, self._table, lambda: self._shown, content)
        self._editing = Editing(self._session, self._table, lambda: self._shown, content)
        self._editing.refused.connect(self._refused)
        self._controls = ValueControls(content)
        self._controls.styleChanged.connect(self._table.set_style)
        self._controls.besideChanged.connect(self.invalidate)
        self._controls.rampChanged.connect(self._colour)
        for button in (self._taking.copy_button, self._taking.export_button):
            self._controls.add(button)
        self._faces = QStackedWidget(content)
        self._split = ValueSplit(self._session, self._table, content)
        self._split.wanted.connect(self._show_pictures)
        self._split.saveRequested.connect(self._save_string)
        self._split.edited.connect(self._editing.set_one)
        self._faces.addWidget(self._split)
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self._controls)
        column.addWidget(self._faces, 1)
        column.addLayout(self._foot(content))

    def _foot(self, content: QWidget) -> QHBoxLayout:
        self._go_to = QLineEdit(content)
        named(self._go_to, "valuesGoTo", self.tr("Go to an index"))
        self._go_to.setPlaceholderText(self.tr("Go to index"))
        self._go_to.setToolTip(self.tr("Row, row and column, or an index on every axis (Ctrl+G)"))
        self._go_to.setMaximumWidth(130)
        self._go_to.returnPressed.connect(self._go)
        action = self._table.view.addAction(self.tr("Go to index…"))
        action.setObjectName("valuesGoToAction")
        action.setShortcut(QKeySequence("Ctrl+G"))
        action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        action.triggered.connect(lambda checked=False: self._go_to.setFocus())
        self._note = PlainLabel("valuesNote", parent=content)
        self._note.setWordWrap(False)
        self._note.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        foot = QHBoxLayout()
        foot.addWidget(self._go_to)
        foot.addWidget(self._note, 1)
        foot.addWidget(self._controls.beside_field)
        for button in self._split.toggles:
            foot.addWidget(button)
        return foot

    # ---- showing

    def _the_scalar(self) -> ScalarFace:
        if self._scalar is None:
            from ckpt_studio.gui.views.values_scalar import ScalarFace

            self._scalar = ScalarFace(self._faces)
            self._scalar.edited.connect(self._editing.set_one)
        return self._scalar

    def present(self, subject: Subject | None) -> None:
        """The table follows at once even while it is hidden: it reads nothing before a cell is painted."""
        if subject is not None:
            self._controls.offer(subject, self.side(subject))
        super().present(subject)
        self._show_slice()

    def refresh(self) -> None:
        self._show_slice()
        if self._shown is None:
            return
        if self._is_scalar:
            self._read_scalar()
        else:
            self._faces.setCurrentIndex(0)
            self._show_pictures()
            self._colour()

    @property
    def _is_editable(self) -> bool:
        """Whether what is shown are the staged values, and edits can be staged."""
        document, subject, shown = self._session.document, self._subject, self._shown
        if document is None or subject is None or shown is None or document.read_only is not None:
            return False
        return shown.side is subject.staged and not document.state(shown.side.key).dropped

    @property
    def _is_scalar(self) -> bool:
        return self._shown is not None and not self._shown.spec.shape

    def _show_slice(self) -> None:
        subject, spec = self._subject, self._spec
        side = None if subject is None else self.side(subject)
        if subject is None or side is None or spec is None or not self.shows(side.nature):
            self._shown = None
        else:
            self._shown = ShownSlice(side, spec, self._controls.beside(subject, side))
        self._editing.allow(self._is_editable)
        self._table.show_slice(self._shown)
        scalar = self._is_scalar
        for widget in (self._controls, self._go_to, self._note):
            widget.setVisible(not scalar)
        if scalar:
            self._controls.beside_field.hide()
        if self._shown is not None:
            self._controls.fit(self._shown.side.info.dtype)
            self._taking.fit(self._shown.side.info.dtype.is_numeric)
        self._split.offer(self._shown)
        self._say_place()

    def _show_pictures(self) -> None:
        """What goes with the slice, while that is seen."""
        if self._shown is not None and self.isVisible() and not self._is_scalar:
            self._split.show_pictures(self._shown)
            self._say_place()

    # ---- scalars

    def _read_scalar(self) -> None:
        subject, side = self._subject, self._shown.side if self._shown is not None else None
        if subject is None or side is None:
            return
        titles = {
            Which.staged: self.tr("staged"),
            Which.original: self.tr("original"),
            Which.compared: self.tr("compared"),
        }
        others = [
            (titles[which], each)
            for which, each in (
                (Which.staged, subject.staged),
                (Which.original, subject.original),
                (Which.compared, subject.compared),
            )
            if each is not None and each is not side and each.info.shape == () and each.info.dtype.is_numeric
        ]
        wanted = [("", side), *(others if side.info.dtype.is_numeric else ())]

        def work(task: Any) -> list[tuple[str, Any]]:
            return [(title, each.source.read(each.key)[()]) for title, each in wanted]

        self.submit(work, self._show_scalar)

    def _show_scalar(self, values: list[tuple[str, Any]]) -> None:
        value = values[0][1]
        face: QWidget
        if isinstance(value, bytes):
            face = text = self._split.the_text()
            text.show_value(value, self._is_editable)
        else:
            face = scalar = self._the_scalar()
            scalar.show_values(values, self._is_editable)
        bring(self._faces, face)

    def _save_string(self, value: bytes) -> None:
        kinds = self.tr("All files") + " (*)"
        self._taking.ask_path(kinds, "", lambda path: self._taking.save_bytes(path, value))

    # ---- edits

    def _refused(self, sentence: str) -> None:
        self._note.setText(sentence)
        if self._scalar is not None:
            self._scalar.refuse(sentence)

    # ---- colours

    def _colour(self) -> None:
        """Find the limits of the ramp, if one is wanted, and paint with it."""
        shown, ramp = self._shown, self._controls.ramp
        self._table.model.set_colours(None)
        self._table.view.colours = ()
        if shown is None or ramp is None or not shown.side.info.dtype.is_numeric or not self.isVisible():
            return
        from ckpt_studio.gui.views.values_colours import colours_of, indices_by, tone_for

        def coloured(tone: Tone) -> None:
            self._table.view.colours = colours_of(ramp, self.palette())
            self._table.model.set_colours(indices_by(tone))

        cache = self._session.figure_cache
        self.submit(lambda task: tone_for(shown.side, ramp, cache, task), coloured, slot="colours")

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and self._table.view.colours:
            self._colour()

    # ---- where a person is

    def _go(self) -> None:
        """Go to the index that was typed; on another slice, too."""
        spec = self._spec
        if spec is None:
            return
        try:
            index = place_of(self._go_to.text(), spec)
        except RequestFault as fault:
            self._note.setText(str(fault))
            return
        self.go_to(index)
        self._table.view.setFocus()

    def go_to(self, index: tuple[int, ...]) -> None:
        """Show an element, in another slice if it has to be."""
        self.indexRequested.emit(index)
        if self._spec is not None:
            row, column = (
                0 if axis is None else index[axis] for axis in (self._spec.row_axis, self._spec.column_axis)
            )
            self._table.go_to(row, column)

    def _say_place(self) -> None:
        shown, place = self._shown, self._table.place
        if self._is_scalar:
            return
        index = self._table.view.currentIndex()
        if shown is None or place is None:
            self._note.clear()
            self._split.show_text(None)
            return
        value, other = self._table.model.values(index.row(), index.column())
        where = f"[{', '.join(f'{i:,}' for i in shown.spec.index(*place))}]"
        if isinstance(value, bytes):
            self._split.show_text(value, self._is_editable)
            self._note.setText(where)
            return
        texts = [number_text(each, NumberFormat.full) for each in (value, other) if each is not None]
        self._note.setText(f"{where} = {'  |  '.join(texts) or '…'}")
