"""How a window's work tells the person something: as a banner, and as a line of the log."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from ckpt_studio.gui.trouble import Trouble


class Telling(QObject):
    """What has something to tell."""

    troubled = Signal(object)
    """A Trouble, for the banner."""
    retracted = Signal(object)
    """A Trouble that is over."""
    logged = Signal(str)
    """A line for the log."""

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
        self.log(trouble.sentence)
        self.troubled.emit(trouble)

    def log(self, text: str) -> None:
        """Add a line to the log."""
        self.logged.emit(text)
