"""The dock of the details: all that is known about the variable being looked at; figures come from the background."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QScrollArea, QWidget

from ckpt_studio.gui.panels.links import Links
from ckpt_studio.gui.texts import tooltip, visible
from ckpt_studio.gui.wrapped_label import WrappedLabel

if TYPE_CHECKING:
    from ckpt_studio.core.errors import CkptStudioError
    from ckpt_studio.core.tasks import Task
    from ckpt_studio.document.document import Document
    from ckpt_studio.gui.panels.facts import Facts, Figures
    from ckpt_studio.gui.session import Session

_FIGURES: Final = "figures"
_WEIGHT: Final = "slot"
_SLOTS: Final = "slots"
_REST_MS: Final = 100
"""The percentiles take longest: a person who goes on from picture to picture does not wait for them."""


class DetailsPanel(QScrollArea):
    """One line a fact. The lines are made once; those that do not apply are hidden."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("detailsPanel")
        self.setAccessibleName(self.tr("Details of the variable"))
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setMinimumWidth(220)
        self._session = session
        body = QWidget(self)
        # no QFormLayout: one that is laid out again without having changed deals the room out anew, and cuts lines off
        self._grid = QGridLayout(body)
        self._grid.setContentsMargins(8, 8, 8, 8)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnStretch(1, 1)
        self._hint = QLabel(self.tr("Choose a variable to see its details."), body)
        self._hint.setObjectName("detailHint")
        self._hint.setWordWrap(True)
        self._hint.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self._grid.addWidget(self._hint, 0, 0, 1, 2)
        self._heads: dict[str, QLabel] = {}
        self._values: dict[str, WrappedLabel] = {}
        self._links: dict[str, Links] = {}
        self._shown: set[str] = set()
        self._later: tuple[Document, str] | None = None
        self._spread: tuple[Task, tuple[Document, str]] | None = None
        self._body = body
        self.setWidget(body)
        session.currentChanged.connect(self._show)
        session.documentChanged.connect(self._show)
        session.stagedChanged.connect(self._staged)
        self._rest = QTimer(self, singleShot=True, interval=_REST_MS)
        self._rest.timeout.connect(self._ask_spread)
        session.bridge.idle.connect(self._rest.start)
        session.bridge.started.connect(self._give_way)
        self._show()

    def make_lines(self) -> None:
        """Make the lines, all hidden, if that was not done yet: the first variable would have to wait for it."""
        if self._values:
            return
        for name, head in self._titles().items():
            self._add(name, head, self._body)
        self._grid.setRowStretch(self._grid.rowCount(), 1)
        self._shown = set(self._values)
        self._show_none()

    def _show_none(self) -> None:
        self._set({}, set(self._values))
        for name in self._links:
            self._set_links(name, [])

    def _titles(self) -> dict[str, str]:
        return {
            "name": self.tr("Name"), "key": self.tr("Key"), "object": self.tr("Object path"),
            "shape": self.tr("Shape"), "dtype": self.tr("Type"), "bytes": self.tr("On disk"),
            "role": self.tr("Role"), _WEIGHT: self.tr("Weight"), _SLOTS: self.tr("Slots"),
            "training": self.tr("Training"), "staged": self.tr("Staged"),
            "renamed": self.tr("Was called"), "format": self.tr("Format"),
            "place": self.tr("Stored at"), "crc": self.tr("CRC32C"), "fault": self.tr("Fault"),
            "opaque": self.tr("Values"), _FIGURES: self.tr("Statistics"), "count": self.tr("Elements"),
            "min": self.tr("Minimum"), "max": self.tr("Maximum"), "max_abs": self.tr("Largest |x|"),
            "mean": self.tr("Mean"), "std": self.tr("Std. deviation"), "l2": self.tr("L2 norm"),
            "l1": self.tr("L1 norm"), "zeros": self.tr("Zeros"), "denormals": self.tr("Denormals"),
            "nan": self.tr("NaN"), "inf": self.tr("Infinite"), "neg_inf": self.tr("of these −Inf"),
            **self._percentile_titles(), "lengths": self.tr("Lengths"), "empty": self.tr("Empty"),
            "distinct": self.tr("Different values"), "common": self.tr("Most common"),
        }  # fmt: skip

    def _percentile_titles(self) -> dict[str, str]:
        shares = ("p1", "p5", "p25", "p50", "p75", "p95", "p99")
        title = self.tr("Percentile %1")
        return {share: title.replace("%1", share[1:]) for share in shares} | {"p50": self.tr("Median")}

    def _add(self, name: str, head: str, body: QWidget) -> None:
        title = QLabel(head, body)
        value: WrappedLabel | Links
        if name in (_WEIGHT, _SLOTS):
            value = self._links[name] = Links(f"detail_{name}", body)
            value.activated.connect(self._session.set_current)
        else:
            value = self._values[name] = WrappedLabel(f"detail_{name}", parent=body)
            value.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        title.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        if name == _FIGURES:
            font = title.font()
            font.setBold(True)
            title.setFont(font)
        else:
            title.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        row = self._grid.rowCount()
        self._grid.addWidget(title, row, 0)
        self._grid.addWidget(value, row, 1)
        self._heads[name] = title

    def _show_line(self, name: str, shown: bool) -> None:
        """Show a line, or hide it."""
        self._heads[name].setVisible(shown)
        (self._links.get(name) or self._values[name]).setVisible(shown)

    def text(self) -> str:
        """All that is shown, a line each."""
        return "\n".join(
            f"{head.text()}: {(self._links.get(name) or self._values[name]).text()}"
            for name, head in self._heads.items()
            if name in self._shown
        )

    def _set(self, texts: dict[str, str], among: set[str]) -> None:
        """Show these lines, and hide the others of `among`."""
        for name in among:
            value = self._values[name]
            if name in texts and value.text() != texts[name]:
                value.setText(texts[name])
                value.setAccessibleName(f"{self._heads[name].text()}: {texts[name]}")
            if (name in texts) != (name in self._shown):  # each asks for another layout
                self._show_line(name, name in texts)
        self._shown = (self._shown - among) | texts.keys()

    def _set_links(self, name: str, links: list[tuple[str, str]], more: int = 0) -> None:
        """Show these links, or nothing where there are none."""
        self._links[name].show_links(links, more)
        self._show_line(name, bool(links))
        self._shown = self._shown | {name} if links else self._shown - {name}

    def _staged(self, keys: frozenset[str]) -> None:
        if self._session.current in keys:
            self._show()

    def _show(self, *_: object) -> None:
        """Look the variable up and ask for its figures."""
        document, key = self._session.document, self._session.current
        self._later = self._spread = None
        self._hint.setVisible(document is None or key is None)
        if document is None or key is None:
            self._show_none()
            return
        self.make_lines()
        from ckpt_studio.gui.panels import facts

        waiting = self._shown & _figure_names()
        self._set({name: "" if name == _FIGURES else "…" for name in waiting}, waiting)
        cache = self._session.figure_cache
        self._session.bridge.submit(
            lambda task: facts.read_facts(document, key), self._show_facts, owner=self, slot="facts"
        )
        self._session.bridge.submit(
            lambda task: facts.read_figures(document, key, cache, task),
            lambda figures: self._show_figures(document, key, figures),
            self._no_figures,
            owner=self,
            slot="figures",
            label=self.tr("Statistics"),
        )

    def _show_facts(self, facts: Facts) -> None:
        self._set(dict(facts.lines()), set(self._values) - _figure_names())
        self._set_links(_WEIGHT, [] if facts.weight is None else [(facts.weight.text, facts.weight.key)])
        self._set_links(_SLOTS, [(slot.text, slot.key) for slot in facts.slots], facts.more_slots)
        self._values["place"].setToolTip(tooltip(facts.path))
        if facts.info.error is not None:
            self._set({}, _figure_names())

    def _show_figures(self, document: Document, key: str, figures: Figures) -> None:
        """Show the statistics; what takes longer is asked for when the pictures are there."""
        from ckpt_studio.gui.panels.facts import FIGURES

        texts = {_FIGURES: "" if figures.original is None else self.tr("staged (before)")}
        for name, now, before in figures.lines():
            texts[name] = now if before is None else f"{now}   ({before})"
        self._set(texts, {_FIGURES, *FIGURES})
        self._later = document, key

    def _ask_spread(self) -> None:
        """Ask for the percentiles, if they are still to be asked for."""
        if self._later is None:
            return
        from ckpt_studio.gui.panels.facts import read_spread

        wanted, self._later = self._later, None
        task = self._session.bridge.submit(
            lambda task: read_spread(*wanted, task),
            self._show_spread,
            lambda error: self._show_spread({}),
            owner=self,
            slot="figures",
            label=self.tr("Percentiles"),
        )
        self._spread = task, wanted

    def _show_spread(self, found: dict[str, str]) -> None:
        self._spread = None
        self._set(found, _spread_names())

    def _give_way(self) -> None:
        """Whatever else somebody waits for comes first; the percentiles begin again when it is there."""
        self._rest.stop()
        if self._spread is not None:
            (task, wanted), self._spread = self._spread, None
            if not task.cancelled:
                task.cancel()
                self._later = wanted

    def _no_figures(self, error: CkptStudioError) -> None:
        said = "fault" in self._shown
        self._set({} if said else {_FIGURES: visible(str(error))}, _figure_names())


def _spread_names() -> set[str]:
    from ckpt_studio.gui.panels.facts import SHARES, TEXTS

    return {*SHARES, *TEXTS}


def _figure_names() -> set[str]:
    from ckpt_studio.gui.panels.facts import FIGURES

    return {_FIGURES, *FIGURES, *_spread_names()}
