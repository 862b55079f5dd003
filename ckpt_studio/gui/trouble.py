"""What a banner shows: one sentence, what can be done about it, and the details for those who want them."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass

from ckpt_studio.core.errors import InternalFault


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that went wrong, or that a person should know.

    Attributes:
        sentence: plain text, names of files and variables already made printable.
        action_text: label of the button, or None for no button.
        action: called when the button is pressed.
        detail: a report to copy, or None.
        grave: False for a notice that is no fault.
        other_text, other: a second button, as the first.
    """

    sentence: str
    action_text: str | None = None
    action: Callable[[], object] | None = None
    detail: str | None = None
    grave: bool = True
    other_text: str | None = None
    other: Callable[[], object] | None = None

    @classmethod
    def of(
        cls,
        what: str | Exception,
        action_text: str | None = None,
        action: Callable[[], object] | None = None,
        detail: str | None = None,
    ) -> Trouble:
        """From a sentence or an error; a fault of ours brings its report along."""
        if isinstance(what, str):
            return cls(what, action_text, action, detail)
        if detail is None and isinstance(what, InternalFault):
            detail = report(what)
        return cls(str(what) or type(what).__name__, action_text, action, detail)


def report(error: BaseException) -> str:
    """The traceback of an error and of what caused it, as text to copy."""
    return "".join(traceback.format_exception(error))
