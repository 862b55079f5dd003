"""Holds the tree to what stands in the filter field: at once for small trees, in the background for large ones.

It looks again as figures arrive that it asks about.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QObject, QTimer, Signal

from ckpt_studio.gui.figuring import Figuring
from ckpt_studio.gui.models.variable_table import VariableTable
from ckpt_studio.gui.panels.filter_field import FilterField
from ckpt_studio.gui.texts import visible

if TYPE_CHECKING:
    from ckpt_studio.gui.models.filter_words import Filter
    from ckpt_studio.gui.models.tree_work import Standing
    from ckpt_studio.gui.models.variable_tree import VariableTree
    from ckpt_studio.gui.session import Session

AT_ONCE: Final = 20_000
"""Up to so many variables, states and filter are worked out at once; above, in the background."""
_AGAIN_MS: Final = 250
"""So often the filter is looked at again while figures arrive."""


class TreeFilter(QObject):
    """The filter of one tree.

    Attributes:
        words: what was understood last, or None.
        fault: the sentence about what is typed and makes no sense; empty where it does.
        candidates: bool [N], rows whose figures the filter needs, or None.
    """

    changed = Signal()
    """Which rows fit, or what there is to say about it."""

    def __init__(
        self, session: Session, field: FilterField, model: VariableTable, figuring: Figuring, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._session, self._field, self._model, self._figuring = session, field, model, figuring
        self.words: Filter | None = None
        self.fault = ""
        self.candidates: Any = None
        self._matching: Any = None
        self._again = QTimer(self, singleShot=True, interval=_AGAIN_MS)
        self._again.timeout.connect(self.apply)
        field.textChanged.connect(self._typed)
        figuring.changed.connect(self._more_figures)

    def begin(self) -> None:
        """Another document: no filter."""
        self._field.clear()
        self.words, self.fault, self.candidates, self._matching = None, "", None, None

    def stands(self, standing: Standing) -> None:
        """A tree stands that was filtered already, unless something was typed before it was there."""
        self._matching = standing.matching
        if self.words is None and self._field.text():
            self._typed()

    @property
    def about_figures(self) -> bool:
        """Whether it asks about figures."""
        return self.words is not None and bool(self.words.slow)

    def _typed(self) -> None:
        if self._model.tree is None:
            return
        from ckpt_studio.core.errors import CkptStudioError
        from ckpt_studio.gui.models.filter_words import understood

        try:
            self.words, self.fault = understood(self._field.text()), ""
        except CkptStudioError as error:
            self.fault = visible(str(error))
            self.changed.emit()
            return
        self.apply()

    def _more_figures(self) -> None:
        if self.about_figures and not self._again.isActive():
            self._again.start()

    def apply(self) -> None:
        """Find the rows that fit, and show them."""
        tree, words = self._model.tree, self.words
        if tree is None or words is None:
            return
        from ckpt_studio.gui.models.filter_words import Ground

        ground = Ground(tree, self._model.states, self._model.figures)
        if len(ground) <= AT_ONCE:
            self._found(tree, words, *words.found(ground))
        else:
            self._session.bridge.submit(
                lambda task: words.found(ground, task),
                lambda found: self._found(tree, words, *found),
                owner=self,
                slot="filter",
            )

    def _found(self, tree: VariableTree, words: Filter, rows: Any, candidates: Any) -> None:
        if tree is not self._model.tree or words is not self.words:
            return
        self.candidates = candidates
        if not _same(rows, self._matching):
            self._matching = rows
            self._model.set_filter(rows)
        self.changed.emit()

    def sentence(self) -> str:
        """How many variables there are, how many fit, and how many have no object path."""
        tree, matching = self._model.tree, self._matching
        if tree is None:
            return ""
        if self.fault:
            return f"⚠ {self.fault}"
        total, borrowed = len(tree.nodes.columns), int(tree.nodes.borrowed.sum())
        if matching is None:
            text = self.tr("1 variable") if total == 1 else self.tr("%n variables", "", total)
        else:
            text = self.tr("%1 of %n", "", total).replace("%1", str(int(matching.sum())))
        missing = self._figuring.missing() if self.about_figures else 0
        if missing:
            text += " · " + self.tr("figures of %n to come", "", missing)
        if borrowed and borrowed == total:
            text += " · " + self.tr("no object paths: full names are shown")
        elif borrowed:
            text += " · " + self.tr("%n without an object path", "", borrowed)
        return text


def _same(rows: Any, others: Any) -> bool:
    """Whether two filters let the same rows through."""
    if rows is None or others is None:
        return rows is others
    return bool((rows == others).all())
