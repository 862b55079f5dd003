"""How a window's work tells the person something: as a banner, and as a line of the log."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from ckpt_studio.gui.models.log_lines import Source
from ckpt_studio.gui.trouble import Trouble


class Telling(QObject):
    """What has something to tell."""

    troubled = Signal(object)
    """A Trouble, for the banner."""
    retracted = Signal(object)
    """A Trouble that is over."""
    logged = Signal(str, object)
    """A text for the log, and its Source."""

    def trouble(
        self,
        what: str | Exception,
        action_text: str | None = None,
        action: Callable[[], object] | None = None,
        detail: str | None = None,
    ) -> None:
        """Show a sentence or an error as a banner, and put it into the log."""
        self.tell(Trouble.of(what, action_text, action, detail))

    def notice(
        self, sentence: str, action_text: str | None = None, action: Callable[[], object] | None = None
    ) -> None:
        """Show a sentence that is no fault."""
        self.tell(Trouble(sentence, action_text, action, grave=False))

    def tell(self, trouble: Trouble) -> None:
        """Show this as a banner, and put it into the log."""
        self.log(trouble.sentence, Source.trouble if trouble.grave else Source.program)
        self.troubled.emit(trouble)

    def log(self, text: str, source: Source = Source.program) -> None:
        """Add a line to the log."""
        self.logged.emit(text, source)
