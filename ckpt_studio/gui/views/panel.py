"""The middle of the window: the chosen variable as histogram, heatmap and table.

It is part of the start, so it imports no numpy, and of the views only the one that is seen first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QStackedWidget, QTabWidget, QVBoxLayout, QWidget

from ckpt_studio.gui.dialogs.fields import ElidedLabel, PlainLabel
from ckpt_studio.gui.texts import shape_text, shortened, visible
from ckpt_studio.gui.views.histogram_view import HistogramView
from ckpt_studio.gui.views.slice_bar import SliceBar

if TYPE_CHECKING:
    from ckpt_studio.gui.session import Session
    from ckpt_studio.gui.views.heatmap_view import HeatmapView
    from ckpt_studio.gui.views.subject import Subject
    from ckpt_studio.gui.views.values_view import ValuesView
    from ckpt_studio.gui.views.view import TensorView

_LONGEST: Final = 400
"""A name is shortened to so many characters."""
_HEATMAP: Final = 1
_VALUES: Final = 2


class TensorPanel(QWidget):
    """Three views of the session's current variable, and a hint when none is chosen.

    The second and the third are made when they are first shown, or by `make_next`.
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("tensorPanel")
        self.setAccessibleName(self.tr("Variable"))
        self._session = session
        self._key: str | None = None
        self._hint = PlainLabel("tensorHint", parent=self)
        self._hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._title = ElidedLabel("tensorTitle", parent=self)
        self._bar = SliceBar(self)
        self._histogram = HistogramView(session, self)
        self._heatmap: HeatmapView | None = None
        self._values: ValuesView | None = None
        self._subject: Subject | None = None
        self._places: dict[int, QVBoxLayout] = {}
        self._tabs = QTabWidget(self)
        self._tabs.setObjectName("viewTabs")
        self._tabs.setAccessibleName(self.tr("Views"))
        self._tabs.setDocumentMode(True)
        self._tabs.addTab(self._histogram, self.tr("Histogram"))
        for text in (self.tr("Heatmap"), self.tr("Values")):
            page = QWidget(self)
            place = QVBoxLayout(page)
            place.setContentsMargins(0, 0, 0, 0)
            self._places[self._tabs.addTab(page, text)] = place
        self._tabs.currentChanged.connect(self._tab_changed)
        self._bar.changed.connect(self._slice_changed)
        self._pages = QStackedWidget(self)
        self._pages.addWidget(self._hint)
        self._pages.addWidget(self._variable_page())
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._pages)
        session.currentChanged.connect(self._look_at)
        session.documentChanged.connect(lambda: self._look_at(session.current))
        session.stagedChanged.connect(self._staged_changed)
        session.comparedChanged.connect(lambda: self._look_at(session.current))
        self._look_at(session.current)

    def _variable_page(self) -> QWidget:
        page = QWidget(self)
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        font = self._title.font()
        font.setBold(True)
        self._title.setFont(font)
        self._title.setContentsMargins(8, 6, 8, 4)
        column.addWidget(self._title)
        column.addWidget(self._tabs, 1)
        column.addWidget(self._bar)
        return page

    # ---- the views that are made later

    def make_next(self) -> bool:
        """Make one of the views that were not shown yet; whether there was one."""
        if self._heatmap is None:
            self._the_heatmap()
        elif self._values is None:
            self._the_values()
        else:
            return False
        return True

    def _the_heatmap(self) -> HeatmapView:
        if self._heatmap is None:
            from ckpt_studio.gui.views.heatmap_view import HeatmapView

            view = self._heatmap = HeatmapView(self._session, self)
            view.indexWanted.connect(self._bar.go_to)
            view.set_slice(self._bar.plane, self._bar.which)
            self._add_view(_HEATMAP, view)
        return self._heatmap

    def _the_values(self) -> ValuesView:
        if self._values is None:
            from ckpt_studio.gui.views.values_view import ValuesView

            view = self._values = ValuesView(self._session, self)
            view.indexRequested.connect(self._bar.go_to)
            view.set_slice(self._bar.spec, self._bar.which)
            self._add_view(_VALUES, view)
        return self._values

    def _add_view(self, tab: int, view: TensorView) -> None:
        self._places[tab].addWidget(view)
        view.present(self._subject)

    def _tab_changed(self, tab: int) -> None:
        if tab == _HEATMAP:
            self._the_heatmap()
        elif tab == _VALUES:
            self._the_values()
        self._place_bar()

    # ---- what they look at

    def _look_at(self, key: str | None) -> None:
        self._key = key
        subject = self._subject = self._find(key)
        self._bar.present(subject)
        self._give_slice()
        self._place_bar()
        self._pages.setCurrentIndex(0 if subject is None else 1)  # who is seen asks for its picture at once
        for view in (self._histogram, self._heatmap, self._values):
            if view is not None:
                view.present(subject)
        if subject is None:
            return
        info = subject.staged.info
        parts = [visible(shortened(info.name, _LONGEST)), shape_text(info.shape), info.dtype.name]
        if subject.original is not None:
            parts.append(self.tr("staged"))
        if self._session.compared is not None and subject.compared is not None:
            parts.append(f"↔ {visible(shortened(self._session.compared.label, _LONGEST))}")
        self._title.set_full("   ".join(parts))

    def go_to(self, index: tuple[int, ...]) -> None:
        """Show one element of the variable: in the heatmap, or in the values where it has but one axis."""
        if len(index) > 1:
            self._tabs.setCurrentIndex(_HEATMAP)
            self._the_heatmap().go_to(index)
        else:
            self._tabs.setCurrentIndex(_VALUES)
            self._the_values().go_to(index)

    def _find(self, key: str | None) -> Subject | None:
        """The variable to show; says in the hint why there is none."""
        document = self._session.document
        if document is None:
            self._hint.setText(self.tr("Open a checkpoint to look at its variables."))
            return None
        if key is None:
            self._hint.setText(self.tr("Choose a variable to see its histogram, heatmap and values."))
            return None
        from ckpt_studio.core.errors import CkptStudioError
        from ckpt_studio.gui.views.subject import Subject

        try:
            return Subject.of(document, key, self._session.compared)
        except CkptStudioError as error:
            self._hint.setText(visible(str(error)))
            return None

    def _staged_changed(self, keys: frozenset[str]) -> None:
        if self._key in keys:
            self._look_at(self._key)

    def _slice_changed(self) -> None:
        self._give_slice()
        for view in (self._heatmap, self._values):
            if view is not None:
                view.invalidate()

    def _give_slice(self) -> None:
        self._histogram.set_slice(self._bar.plane, self._bar.which)
        if self._heatmap is not None:
            self._heatmap.set_slice(self._bar.plane, self._bar.which)
        if self._values is not None:
            self._values.set_slice(self._bar.spec, self._bar.which)

    def _place_bar(self) -> None:
        tab = self._tabs.currentIndex()
        self._bar.offer_filters(tab == _HEATMAP)
        self._bar.setVisible(tab in (_HEATMAP, _VALUES) and self._bar.has_choices)
