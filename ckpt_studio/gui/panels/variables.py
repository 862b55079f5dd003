"""The dock of the variables: the filter field above the tree, and what the session hears of the choice made in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QModelIndex, QPoint, Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QVBoxLayout, QWidget

from ckpt_studio.gui.figuring import Figuring
from ckpt_studio.gui.models.variable_table import VariableTable
from ckpt_studio.gui.models.variable_view import VariableView
from ckpt_studio.gui.panels.filter_field import FilterField
from ckpt_studio.gui.panels.names_switch import NamesSwitch
from ckpt_studio.gui.panels.tree_filter import AT_ONCE, TreeFilter
from ckpt_studio.gui.panels.tree_header import TreeHeader

if TYPE_CHECKING:
    from ckpt_studio.core.tasks import Task
    from ckpt_studio.document.document import Document
    from ckpt_studio.document.state import State
    from ckpt_studio.gui.models.carry import Place
    from ckpt_studio.gui.models.row_states import RowStates
    from ckpt_studio.gui.models.tree_work import Standing
    from ckpt_studio.gui.models.variable_tree import VariableTree
    from ckpt_studio.gui.session import Session

_RESORT_MS: Final = 1500
"""So often rows change places while figures arrive that they are sorted by."""
_MOST_RANGES: Final = 2000
"""A selection in more pieces than this is not brought back after a filter."""


class VariablesPanel(QWidget):
    """Filter field and tree."""

    stood = Signal()
    """The tree of the session's document is there."""
    contextActionsWanted = Signal(QMenu)
    """A context menu is about to be shown: whoever has actions for it adds them."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.model = VariableTable(self)
        self.view = VariableView(self.model, self)
        self.view.setObjectName("variableTree")
        self.view.setAccessibleName(self.tr("Variables"))
        self.header = TreeHeader(session.settings, self.view)
        self.filter = FilterField(self)
        self.names = NamesSwitch(session.settings, self)
        self._count = QLabel(self)
        self._count.setObjectName("variableCount")
        self._count.setTextFormat(Qt.TextFormat.PlainText)
        self._count.setContentsMargins(4, 0, 4, 2)
        self.setMinimumWidth(200)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.setSpacing(4)
        finding = QHBoxLayout()
        finding.setSpacing(4)
        finding.addWidget(self.filter, 1)
        finding.addWidget(self.names)
        layout.addLayout(finding)
        layout.addWidget(self.view, 1)
        layout.addWidget(self._count)
        self.figuring = Figuring(session, self._rows_on_screen, self)
        self.filtering = TreeFilter(session, self.filter, self.model, self.figuring, self)
        self._resort = QTimer(self, singleShot=True, interval=_RESORT_MS)
        self._resort.timeout.connect(self._rearrange)
        self._choosing = QTimer(self, singleShot=True, interval=0)
        self._choosing.timeout.connect(self._choose)
        self._chosen_nodes: Any = None
        self._current_node: int | None = None
        self._resetting = False
        self._telling: Task | None = None
        self._label = self.tr("Reading the variables")
        self._connect()

    def _connect(self) -> None:
        self.filtering.changed.connect(self._filtered)
        self.filter.left.connect(self._enter_tree)
        self.figuring.changed.connect(self._more_figures)
        self.header.orderChanged.connect(self._sort)
        self.view.verticalScrollBar().valueChanged.connect(self.figuring.look)
        for change in (self.model.modelReset, self.model.rowsInserted, self.model.rowsRemoved):
            change.connect(self.figuring.look)
        self.model.freezeRequested.connect(self._freeze)
        self.view.freezeWanted.connect(self._freeze_selection)
        self.model.modelAboutToBeReset.connect(self._resetting_begins)
        self.model.modelReset.connect(self._resetting_ends)
        self.view.customContextMenuRequested.connect(self._menu)
        self.view.chosen.connect(self._look_at)
        chosen = self.view.selectionModel()
        chosen.selectionChanged.connect(self._selection_changed)
        chosen.currentRowChanged.connect(lambda now, _: self._look_at(now))
        self._session.documentChanged.connect(self._build)
        self._session.stagedChanged.connect(self._restate)
        self._session.currentChanged.connect(self._follow)
        self._session.settings.namingChanged.connect(self._rearrange)

    # ---- the tree

    def _build(self, *_: object) -> None:
        """Build the tree of the session's document, in the background."""
        document = self._session.document
        self.filtering.begin()
        self.header.begin()
        self._show(None)
        self.figuring.begin(None, None)
        if document is None:
            return
        from ckpt_studio.gui.models.tree_work import stand

        naming, edits = self._session.settings.naming, document.edits

        def built(standing: Standing) -> None:
            if document is self._session.document:
                self._show(standing)
                self.figuring.begin(document, standing.figures)
                if document.edits is not edits:
                    self._restate()
                if self._session.current is not None:
                    self.go_to(self._session.current)
                self.stood.emit()

        self._session.bridge.submit(
            lambda task: stand(document, naming), built, owner=self, slot="tree", label=self._label
        )

    def _rearrange(self, *_: object) -> None:
        """Build the tree of the same variables by other names or in another order; the person stays where they are."""
        tree, document, figures = self.model.tree, self._session.document, self.figuring.figures
        if tree is None or document is None or figures is None:
            self._build()
            return
        from ckpt_studio.gui.models.filter_words import understood
        from ckpt_studio.gui.models.tree_work import Wish, stand_again

        edits = document.edits
        words = self.filtering.words or understood("")
        wish = Wish(self._session.settings.naming, self.header.order, words)
        place, ids = self._place(tree), tree.shown.ids

        def built(standing: Standing) -> None:
            if tree is not self.model.tree:
                return
            moved = tree.shown.ids is not ids or self._current_node != place.current
            if (
                moved
                or self._chosen_nodes is not place.chosen
                or words is not (self.filtering.words or words)
            ):
                self._rearrange()
                return
            self._show(standing)
            if document.edits is not edits:
                self._restate()
            elif self._current_node is None and self._session.current is not None:
                self.go_to(self._session.current)

        self._session.bridge.submit(
            lambda task: stand_again(document, tree, figures, place, wish, task),
            built,
            owner=self,
            slot="tree",
            label=self._label,
        )

    def _sort(self) -> None:
        self._ask_for_figures()
        self._rearrange()

    # ---- the figures

    def _rows_on_screen(self) -> Any:
        """Rows of the variables that are to be seen: int32 array."""
        tree, figures = self.model.tree, self.figuring.figures
        if tree is None or figures is not self.model.figures or not self.isVisible():
            return ()
        top, bottom = self.view.rowAt(0), self.view.rowAt(self.view.viewport().height() - 1)
        ids = tree.shown.ids[max(top, 0) : bottom + 1 if bottom >= 0 else None]
        rows = tree.nodes.row[ids]
        return rows[rows >= 0]

    def _ask_for_figures(self) -> None:
        """Say which figures the filter and the order need."""
        if self.model.figures is not self.figuring.figures or self.model.figures is None:
            return  # another tree is on its way
        everything = self.header.by_figure
        self.figuring.want(self.model.figures.all_rows if everything else self.filtering.candidates)

    def _more_figures(self) -> None:
        self.model.figures_changed()
        if self.header.by_figure and not self._resort.isActive():
            self._resort.start()

    def _place(self, tree: VariableTree) -> Place:
        """Where the person is now."""
        from ckpt_studio.gui.models.carry import Place

        if self._choosing.isActive() or self._chosen_nodes is None:
            self._choosing.stop()
            self._choose()
        return Place(tree.nodes, tree.shown.expanded_now(), self._chosen_nodes, self._current_node)

    def _show(self, standing: Standing | None) -> None:
        place = None if standing is None else standing.place
        self._chosen_nodes = None if place is None else place.chosen
        self._current_node = None if place is None else place.current
        if standing is None:
            self.model.show(None, None)
        else:
            self.model.show(standing.tree, standing.states, standing.figures)
            self.filtering.stands(standing)
            self.view.scrollTo(self.view.currentIndex())
            self.view.fit_names()
        self._filtered()

    def _restate(self, _keys: object = None) -> None:
        """Work out the rows' states again, after an edit."""
        tree, document = self.model.tree, self._session.document
        if tree is None or document is None:
            return
        staged = document.rows
        if staged.columns is not tree.nodes.columns:
            self._rearrange()  # an edit has made other variables of them
        elif len(tree.nodes.columns) <= AT_ONCE:
            self._restated(tree, _states(document, staged, tree))
        else:
            self._session.bridge.submit(
                lambda task: _states(document, staged, tree),
                lambda states: self._restated(tree, states),
                owner=self,
                slot="states",
            )

    def _restated(self, tree: VariableTree, states: RowStates) -> None:
        if tree is self.model.tree:
            self.model.set_states(states)

    # ---- the filter

    def _filtered(self) -> None:
        self._ask_for_figures()
        self._count.setText(self.filtering.sentence())

    def _enter_tree(self) -> None:
        self.view.setFocus(Qt.FocusReason.OtherFocusReason)
        if not self.view.currentIndex().isValid() and self.model.rowCount():
            self.view.setCurrentIndex(self.model.index(0, 0))

    def tint(self) -> None:
        """Take the colours of the palette as it is now."""
        self.filter.tint()

    def focus_filter(self) -> None:
        """Put the cursor into the filter field."""
        self.filter.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.filter.selectAll()

    # ---- the choice

    def go_to(self, key: str) -> None:
        """Show a variable in the tree and choose it."""
        node = self.model.node_of_key(key)
        if node is None:
            return
        index = self.model.reveal(node)
        if self.model.tree is not None and not self.model.tree.shown.filtered and self.filter.text():
            self.filter.clear()
            index = self.model.reveal(node)
        self.view.setCurrentIndex(index)
        self.view.scrollTo(index)

    def _follow(self, key: str | None) -> None:
        """Go to the variable that somebody else wants to look at."""
        if key is not None and (self._current_node is None or self.model.key(self._current_node) != key):
            self.go_to(key)

    def _look_at(self, index: QModelIndex) -> None:
        node = self.model.node(index)
        if self._resetting or node is None:
            return
        self._current_node = node
        key = self.model.key(node)
        if key is not None:
            self._session.set_current(key)

    def _selection_changed(self, *_: object) -> None:
        """An action may follow at once, so the session knows at once, but for choices that are large."""
        if self.model.rowCount() <= AT_ONCE and not self._resetting:
            self._choose()
        else:
            self._choosing.start()

    def _choose(self) -> None:
        """Tell the session what is selected: a group stands for its subtree."""
        tree = self.model.tree
        if tree is None:
            self._session.set_selection(())
            return
        from ckpt_studio.gui.models.selection import keys_of, nodes_in, row_count

        if self._telling is not None:
            self._telling.cancel()
            self._telling = None
        nodes = self._chosen_nodes = nodes_in(tree.shown, self.view.selected_ranges())
        if row_count(tree.nodes, nodes) <= AT_ONCE:
            self._session.set_selection(keys_of(tree.nodes, nodes))
        else:
            self._telling = self._session.bridge.submit(
                lambda task: keys_of(tree.nodes, nodes), self._session.set_selection, owner=self
            )

    def _resetting_begins(self) -> None:
        self._resetting = True

    def _resetting_ends(self) -> None:
        """Bring selection and current row back as far as they are still shown."""
        tree, nodes, current = self.model.tree, self._chosen_nodes, self._current_node
        try:
            if tree is None or nodes is None:
                return
            from ckpt_studio.gui.models.selection import ranges_of

            ranges = ranges_of(tree.shown, nodes, _MOST_RANGES)
            index = self.model.index_of(current) if current is not None else QModelIndex()
            selection = self.view.selectionModel()
            if index.isValid():
                selection.setCurrentIndex(index, selection.SelectionFlag.NoUpdate)
            if ranges:
                self.view.select_ranges(ranges)
        finally:
            self._resetting = False

    def _freeze(self, node: int, frozen: bool) -> None:
        from ckpt_studio.gui.models.selection import keys_under

        tree = self.model.tree
        if tree is not None:
            self._session.freeze(keys_under(tree.nodes, node), frozen)

    def _freeze_selection(self, frozen: bool) -> None:
        if self._choosing.isActive():
            self._choosing.stop()
            self._choose()
        self._session.freeze(self._session.selection, frozen)

    # ---- the context menu

    def _menu(self, at: QPoint) -> None:
        menu = QMenu(self)
        menu.setObjectName("variableMenu")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.contextActionsWanted.emit(menu)
        menu.popup(self.view.viewport().mapToGlobal(at))


def _states(document: Document, staged: State, tree: VariableTree) -> RowStates:
    from ckpt_studio.gui.models.row_states import read_states

    return read_states(document, staged, tree.nodes)
