"""Paths that the dialogs' fields were given before (donors, data, ...), kept in the program's settings file."""

from __future__ import annotations

from typing import Final, Literal

from PySide6.QtCore import QSettings

from ckpt_studio.core.resources import home_folder

Kind = Literal["donors", "data", "arrays", "recipes"]

LIMIT: Final = 10


def _store() -> QSettings:
    return QSettings(str(home_folder() / "settings.ini"), QSettings.Format.IniFormat)


def recent_paths(kind: Kind) -> list[str]:
    """Paths of one kind, newest first."""
    stored = _store().value(f"fields/{kind}", [])
    paths = [stored] if isinstance(stored, str) else stored if isinstance(stored, list) else []
    return [path for path in paths if isinstance(path, str) and path][:LIMIT]


def remember_path(kind: Kind, path: str) -> None:
    """Put a path at the head of its kind."""
    store = _store()
    store.setValue(
        f"fields/{kind}", [path, *(other for other in recent_paths(kind) if other != path)][:LIMIT]
    )
