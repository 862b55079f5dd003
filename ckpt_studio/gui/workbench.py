"""The window's other half: puts actions, docks and pages together and binds what a person does to the session.

It is made right after the first paint. What needs numpy or protobuf follows once these have been imported in
the background.
"""

from __future__ import annotations

from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QByteArray, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QMenu, QWidget

from ckpt_studio.gui.actions import Actions
from ckpt_studio.gui.banner import BannerArea
from ckpt_studio.gui.commands import Commands
from ckpt_studio.gui.compare_dock import CompareDock
from ckpt_studio.gui.comparing import Comparing
from ckpt_studio.gui.docking import Docks
from ckpt_studio.gui.drop import DropOverlay
from ckpt_studio.gui.garbage import GarbageCollector
from ckpt_studio.gui.going_on import GoingOn
from ckpt_studio.gui.health_check import HealthCheck
from ckpt_studio.gui.icons import app_icon
from ckpt_studio.gui.menus import fill_menus, make_toolbar
from ckpt_studio.gui.models.log_lines import Source
from ckpt_studio.gui.opening import staged_last_time, sweep
from ckpt_studio.gui.panels.changes import ChangesPanel
from ckpt_studio.gui.panels.checkpoints import CheckpointsPanel
from ckpt_studio.gui.panels.details import DetailsPanel
from ckpt_studio.gui.panels.log import LogPanel
from ckpt_studio.gui.panels.variables import VariablesPanel
from ckpt_studio.gui.session import Session
from ckpt_studio.gui.status import StatusLine
from ckpt_studio.gui.style import apply_scheme, desktop_changed, ensure_fusion
from ckpt_studio.gui.texts import visible
from ckpt_studio.gui.turns import in_next_turn
from ckpt_studio.gui.verifying import Verifying
from ckpt_studio.gui.warm_up import TO_DRAW, TO_DRAW_HEATMAP, TO_EDIT, import_all

if TYPE_CHECKING:
    from ckpt_studio.gui.beginning import Beginning
    from ckpt_studio.gui.faults import Faults
    from ckpt_studio.gui.frame import Frame
    from ckpt_studio.gui.panels.compare import ComparePanel
    from ckpt_studio.gui.panels.health import HealthPanel
    from ckpt_studio.gui.panels.problems import ProblemsPanel
    from ckpt_studio.gui.runs import Runs
    from ckpt_studio.gui.views.panel import TensorPanel

_VIEWS: Final = ("ckpt_studio.gui.views.panel", "ckpt_studio.gui.panels.run")
_SETTLE_MS: Final = 50
"""The window is left to the person for this long before it does what nobody waits for."""
_PATIENCE: Final = 40
"""So often it is left alone again because somebody waits for something else."""
_Area = Qt.DockWidgetArea


class Workbench(QObject):
    """Everything of one window but its frame and its start page.

    Attributes:
        window: the frame.
        session: what is worked on.
        actions: what can be done.
        docks: by object name.
        verifying: the check of the checksums.
        health_check: the check of the values.
        comparing: the comparison with another checkpoint.
        going_on: the runs that go on without a window.
        runs: the resumed run; None until the training modules have been imported.
    """

    completed = Signal()
    """All that is seen is there, and what draws the first variable."""

    def __init__(self, window: Frame) -> None:
        super().__init__(window)
        self.window = window
        ensure_fusion()
        apply_scheme(window.settings.scheme)
        self.session = Session(window.settings, self)
        self.actions = Actions(self.session, window)
        self.verifying = Verifying(self.session, self)
        self.health_check = HealthCheck(self.session, self)
        self.comparing = Comparing(self.session, self)
        self.going_on = GoingOn(self.session, self)
        self.runs: Runs | None = None
        self._view: TensorPanel | None = None
        self._compare: ComparePanel | None = None
        self._health: HealthPanel | None = None
        self._problems: ProblemsPanel | None = None
        self._is_complete = False
        self._patience = _PATIENCE
        self._to_import = list(TO_DRAW_HEATMAP)
        self._make_docks()
        self._late = [
            self.details.make_lines, self._make_problems, self._make_views, self._make_compare, self._make_health,
            self.tint,
        ]  # fmt: skip
        self.banners = BannerArea(window)
        window.middle.insertWidget(0, self.banners)
        self.overlay = DropOverlay(self.session, window)
        window.setStatusBar(StatusLine(self.session, window))
        self.commands = Commands(self)
        fill_menus(self)
        self.toolbar = make_toolbar(self)
        self.toolbar.hide()
        window.start_page.attach(self.actions)
        QApplication.setWindowIcon(app_icon())
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._desktop_changed)
        self._garbage = GarbageCollector(self)
        self._connect()
        in_next_turn(self, self._import_views)

    # ---- what it is made of

    def _make_docks(self) -> None:
        session, window = self.session, self.window
        self.variables = VariablesPanel(session, window)
        self.checkpoints = CheckpointsPanel(session, window)
        self.details = DetailsPanel(session, window)
        self.changes = ChangesPanel(session, window)
        self.log = LogPanel(session, window)
        self.docks = Docks(window)
        for name, title, content in (
            ("checkpointsDock", self.tr("Checkpoints"), self.checkpoints),
            ("variablesDock", self.tr("Variables"), self.variables),
            ("detailsDock", self.tr("Details"), self.details),
            ("changesDock", self.tr("Changes"), self.changes),
            ("runDock", self.tr("Run"), QWidget(window)),
            ("logDock", self.tr("Log"), self.log),
            ("problemsDock", self.tr("Problems"), QWidget(window)),
            ("healthDock", self.tr("Health"), QWidget(window)),
            ("compareDock", self.tr("Compare"), QWidget(window)),
        ):
            self.docks.add(name, title, content)

    def _connect(self) -> None:
        session, window = self.session, self.window
        session.warmed.connect(self._warmed)
        session.documentChanged.connect(self._document_changed)
        session.stagedChanged.connect(self._show_title)
        session.openFailed.connect(window.openFailed)
        session.folderChanged.connect(self._show_offers)
        session.troubled.connect(self.banners.tell)
        session.retracted.connect(self.banners.retract)
        self.variables.stood.connect(lambda: window.documentOpened.emit(session.opened_path))
        self.changes.countChanged.connect(partial(self.docks.count, "changesDock", self.tr("Changes")))
        self._compare_dock = CompareDock(self.comparing, session, self.docks, window)
        self.checkpoints.compareRequested.connect(self.comparing.start)
        self.overlay.compareRequested.connect(self.comparing.start)
        self.going_on.watched.connect(self._show_run)
        window.start_page.openRequested.connect(self.open_path)
        self.overlay.openRequested.connect(self.open_path)
        self.overlay.swapRequested.connect(self.commands.swap_from)
        session.settings.schemeChanged.connect(apply_scheme)

    def report_to(self, faults: Faults) -> None:
        """Show what the interpreter and Qt complain about."""
        faults.troubled.connect(self.banners.tell)
        faults.troubled.connect(lambda trouble: self.session.log(trouble.sentence, Source.trouble))
        faults.noted.connect(self.session.log)

    # ---- what has to be imported first

    def _import_views(self, parts: tuple[str, ...] = _VIEWS) -> None:
        """Import what names Qt, a part a turn, and make it."""
        import_module(parts[0])
        in_next_turn(self, partial(self._import_views, parts[1:]) if parts[1:] else self._furnish)

    def _warmed(self) -> None:
        session = self.session
        if self._is_complete:
            self._settle()
        session.bridge.submit(lambda task: sweep(), self._log_swept, owner=self)
        if not session.opening and session.document is None:
            session.bridge.submit(lambda task: staged_last_time(), self._offer_staged, owner=self)

    def _log_swept(self, paths: list[str]) -> None:
        for path in paths:
            self.session.log(self.tr("Cleared away what was left of %1").replace("%1", visible(path)))

    def furnish_now(self) -> None:
        """Make the view of tensors and the Run panel now, whatever has to be imported for them."""
        self.session.finish_warm_up()
        self._furnish()
        while self._late:
            self._late.pop(0)()

    def _furnish(self) -> None:
        """Make the view of tensors and the Run panel, if that was not done yet."""
        if self.runs is not None:
            return
        from ckpt_studio.gui.panels.run import RunPanel
        from ckpt_studio.gui.runs import Runs
        from ckpt_studio.gui.views.panel import TensorPanel

        self.runs = Runs(self.session, self)
        panel = RunPanel(self.session, self.runs, self.window)
        panel.compareWanted.connect(self.comparing.start)
        panel.resumeWanted.connect(self.commands.resume_from)
        self.docks.fill("runDock", panel)
        self.going_on.attach(self.runs)
        self._view = TensorPanel(self.session, self.window)
        self.window.middle.addWidget(self._view, 1)
        self.runs.checkpointWritten.connect(lambda prefix: self.session.follow_run(str(Path(prefix).parent)))
        self._show_page()
        in_next_turn(self, self._complete)

    def _complete(self) -> None:
        """The last of the start: what draws the first variable is there before it is asked for."""
        for name in TO_DRAW:
            import_module(name)
        self._is_complete = True
        self._garbage.settle()
        self.completed.emit()
        if self.session.warm:
            self._settle()
        else:
            QTimer.singleShot(_SETTLE_MS, self, self._warm_up)

    def _warm_up(self) -> None:
        if self._late:  # not closed meanwhile
            self.session.warm_up()

    def _settle(self) -> None:
        """Do what neither the start page nor a first look at a variable waits for, a part a turn."""
        if self._late and self.session.bridge.busy and self._patience:
            # a part would only make somebody's answer later, but for an import now and then
            self._patience -= 1
            if self._to_import:
                import_module(self._to_import.pop(0))
            QTimer.singleShot(_SETTLE_MS, self, self._settle)
        elif self._late:
            self._late.pop(0)()
            in_next_turn(self, self._settle if self._late else self._prepare_to_edit)

    def _prepare_to_edit(self) -> None:
        self.session.bridge.submit(lambda task: import_all(TO_EDIT, task), lambda _: None, quiet=True)

    def _make_problems(self) -> None:
        from ckpt_studio.gui.panels.problems import ProblemsPanel

        panel = self._problems = ProblemsPanel(self.session, self.verifying, self.window)
        panel.countChanged.connect(partial(self.docks.count, "problemsDock", self.tr("Problems")))
        panel.goToRequested.connect(self.variables.go_to)
        panel.swapRequested.connect(self.commands.swap)
        self.docks.fill("problemsDock", panel)

    def _make_compare(self) -> None:
        from ckpt_studio.gui.panels.compare import ComparePanel

        panel = self._compare = ComparePanel(self.session, self.comparing, self.window)
        panel.goToRequested.connect(self.variables.go_to)
        panel.swapRequested.connect(self.commands.swap)
        panel.otherRequested.connect(self.commands.compare)
        self.docks.fill("compareDock", panel)

    def _make_health(self) -> None:
        from ckpt_studio.gui.panels.health import HealthPanel

        panel = self._health = HealthPanel(self.session, self.health_check, self.window)
        panel.countChanged.connect(partial(self.docks.count, "healthDock", self.tr("Health")))
        panel.placeWanted.connect(self._show_place)
        self.docks.fill("healthDock", panel)

    def _make_views(self) -> None:
        if self._view is not None and self._view.make_next():
            self._late.insert(0, self._make_views)

    def _offer_staged(self, prefixes: tuple[str, ...]) -> None:
        """After a crash: say that staged edits wait, and where."""
        if prefixes and self.session.document is None and not self.session.opening:
            name = visible(Path(prefixes[0]).name)
            self.session.notice(
                self.tr("%1 has staged edits that were not written.").replace("%1", name),
                self.tr("Open"),
                lambda: self.open_path(prefixes[0]),
            )

    # ---- the document

    def open_path(self, path: str) -> None:
        """Open a folder, a file of a checkpoint or a prefix; returns at once."""
        self.banners.clear()
        self.session.open(path)

    def go_on(self, begun: Beginning) -> None:
        """Go on with what is being opened; returns at once."""
        self.session.go_on(begun)

    def _document_changed(self) -> None:
        if self.session.document is not None and not self.docks.laid_out:
            self._lay_out()
        self._show_page()
        self._show_title()

    def _show_offers(self) -> None:
        """Show what there is to choose from, beside the start page too."""
        if self.session.offered is not None and not self.docks.laid_out:
            self.docks.stand_alone("checkpointsDock", _Area.LeftDockWidgetArea)

    def _show_run(self) -> None:
        """Show the Run panel, beside the start page too."""
        self.docks.stand_alone("runDock", _Area.BottomDockWidgetArea)
        self.docks.bring_up("runDock")

    def _show_page(self) -> None:
        has_one = self.session.document is not None
        self.window.start_page.setVisible(not has_one)
        if self._view is not None:
            self._view.setVisible(has_one)

    def _show_title(self, *_: object) -> None:
        document = self.session.document
        name = self.tr("Ckpt Studio")
        if document is None:
            self.window.setWindowTitle(name)
            return
        place = Path(document.base.prefix)
        mark = "● " if document.modified else ""
        self.window.setWindowTitle(f"{mark}{visible(place.name)} — {visible(place.parent.name)} — {name}")

    def _show_place(self, key: str, index: tuple[int, ...] | None) -> None:
        """Show a variable, and one of its elements where there is one to be shown."""
        self.variables.go_to(key)
        if index is not None and self._view is not None:
            self._view.go_to(index)

    # ---- the layout

    def _lay_out(self) -> None:
        """Show toolbar and docks, where they were left or in their places: the start page needs none of them."""
        self.docks.laid_out = True
        self.actions.tint({action.objectName() for action in self.toolbar.actions()})  # the menus' can wait
        self.variables.tint()
        self.changes.tint()
        self.toolbar.show()
        self.reset_layout()
        layout = self.window.settings.layout()
        if layout is not None:
            self.window.restoreState(layout[1])
        self._compare_dock.hide_unused()

    def reset_layout(self) -> None:
        """Put all docks to their places."""
        self.docks.reset()
        self._compare_dock.hide_unused()

    def dock_menu(self) -> QMenu:
        """The docks, to show and hide."""
        return self.docks.menu()

    def tint(self) -> None:
        """Take the colours of the palette as it is now."""
        self.actions.tint()
        self.variables.tint()
        self.changes.tint()
        for panel in (self._problems, self._health, self._compare):
            if panel is not None:
                panel.tint()
        self.banners.tint()

    def _desktop_changed(self, now: Qt.ColorScheme) -> None:
        if now != Qt.ColorScheme.Unknown:
            desktop_changed(now == Qt.ColorScheme.Dark, self.window.settings.scheme)

    # ---- the end

    def asks_before_closing(self) -> bool:
        """Whether something has to be asked first; then it is being asked."""
        return self.runs is not None and self.commands.ask_before_closing(self.runs)

    def close(self) -> None:
        """Remember the layout and let go of everything."""
        self._late = []
        if self.docks.laid_out:
            window = self.window
            window.settings.save_layout(QByteArray(window.saveGeometry()), QByteArray(window.saveState()))
        if self.runs is not None:
            self.runs.close()
        self.session.close()
        self._garbage.close()
