"""What menus and commands need of the workbench, so that they do not have to know it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from PySide6.QtWidgets import QDockWidget

    from ckpt_studio.gui.actions import Actions
    from ckpt_studio.gui.comparing import Comparing
    from ckpt_studio.gui.frame import Frame
    from ckpt_studio.gui.going_on import GoingOn
    from ckpt_studio.gui.health_check import HealthCheck
    from ckpt_studio.gui.panels.variables import VariablesPanel
    from ckpt_studio.gui.runs import Runs
    from ckpt_studio.gui.session import Session
    from ckpt_studio.gui.verifying import Verifying


class Bench(Protocol):
    """The parts of one window; see `Workbench`."""

    @property
    def window(self) -> Frame: ...

    @property
    def session(self) -> Session: ...

    @property
    def actions(self) -> Actions: ...

    @property
    def variables(self) -> VariablesPanel: ...

    @property
    def docks(self) -> Mapping[str, QDockWidget]: ...

    @property
    def verifying(self) -> Verifying: ...

    @property
    def health_check(self) -> HealthCheck: ...

    @property
    def comparing(self) -> Comparing: ...

    @property
    def going_on(self) -> GoingOn: ...

    @property
    def runs(self) -> Runs | None: ...

    def open_path(self, path: str) -> None:
        """Open a folder, a file of a checkpoint or a prefix; returns at once."""
        ...

    def reset_layout(self) -> None:
        """Put all docks to their places."""
        ...
