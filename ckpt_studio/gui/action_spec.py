"""One thing that a person can do, as data, and when it can be done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ckpt_studio.gui.opening import sample_folder

if TYPE_CHECKING:
    from ckpt_studio.gui.session import Session


def always(session: Session) -> bool:
    """At any time."""
    return True


def sample_there(session: Session) -> bool:
    """The sample is installed."""
    return sample_folder() is not None


def is_open(session: Session) -> bool:
    """A checkpoint is open."""
    return session.document is not None


def is_writable(session: Session) -> bool:
    """A checkpoint is open, and no other window edits it."""
    return session.document is not None and session.document.read_only is None


def has_selection(session: Session) -> bool:
    """Variables are chosen that can be edited."""
    return is_writable(session) and bool(session.selection)


def can_undo(session: Session) -> bool:
    """There is an edit to take back."""
    return session.document is not None and session.document.can_undo


def can_redo(session: Session) -> bool:
    """There is an edit to stage again."""
    return session.document is not None and session.document.can_redo


def has_edits(session: Session) -> bool:
    """Something is staged."""
    return session.document is not None and bool(session.document.edits)


def is_nameable(session: Session) -> bool:
    """A variable is looked at or chosen."""
    return session.document is not None and (session.current is not None or bool(session.selection))


def has_object_path(session: Session) -> bool:
    """A variable is looked at or chosen, and the checkpoint has an object graph."""
    return (
        session.document is not None
        and session.document.base.columns.object_paths is not None
        and is_nameable(session)
    )


def is_trainable(session: Session) -> bool:
    """A checkpoint is open; where a run goes on, another one waits for its end."""
    return session.document is not None


def is_running(session: Session) -> bool:
    """A run goes on."""
    return session.running


def by_full_name(session: Session) -> bool:
    """Variables are shown by their full names."""
    return session.settings.naming == "name"


def by_object_path(session: Session) -> bool:
    """Variables are shown by their object paths."""
    return session.settings.naming == "object"


def by_key(session: Session) -> bool:
    """Variables are shown by their keys."""
    return session.settings.naming == "key"


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """One thing that a person can do.

    Attributes:
        id: the object name of its QAction.
        text: for the menu, with a mnemonic.
        hint: for tooltip and status bar.
        shortcut: portable text, or "".
        icon: file name of its icon without ending, or "".
        menu: which menu it stands in, or "" for the palette only.
        toolbar: short text for its button, or "" for none.
        enabled_when: whether it can be done now.
        separated: a line stands before it in menu and toolbar.
        group: one of the actions of a group is chosen at any time; "" for those that are just done.
        chosen_when: whether it is the chosen one.
    """

    id: str
    text: str
    hint: str
    shortcut: str = ""
    icon: str = ""
    menu: str = ""
    toolbar: str = ""
    enabled_when: Callable[[Session], bool] = always
    separated: bool = False
    group: str = ""
    chosen_when: Callable[[Session], bool] | None = None
