"""What a window remembers between starts: layout, recent checkpoints, colours, language; an INI file in its folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal, get_args

from PySide6.QtCore import QByteArray, QObject, QSettings, Signal

from ckpt_studio.core.resources import home_folder

Scheme = Literal["system", "light", "dark"]
Naming = Literal["name", "object", "key"]
Language = Literal["system", "en", "zh_CN"]

RECENT_LIMIT: Final = 12
_LAYOUT_VERSION: Final = 1


class Settings(QObject):
    """Typed access to the INI file; what is not there or damaged reads as its default."""

    recentChanged = Signal()
    schemeChanged = Signal(str)
    namingChanged = Signal(str)
    languageChanged = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = QSettings(str(home_folder() / "settings.ini"), QSettings.Format.IniFormat, self)

    @property
    def recent(self) -> list[str]:
        """Paths opened last, newest first."""
        stored = self._store.value("recent", [])
        paths = [stored] if isinstance(stored, str) else stored if isinstance(stored, list) else []
        return [path for path in paths if isinstance(path, str) and path][:RECENT_LIMIT]

    def add_recent(self, path: str) -> None:
        """Put a path at the head of the recent ones."""
        path = str(Path(path).absolute())
        self._set_recent([path, *(other for other in self.recent if other != path)])

    def forget_recent(self, path: str) -> None:
        """Drop one path from the recent ones."""
        self._set_recent([other for other in self.recent if other != path])

    def forget_all_recent(self) -> None:
        """Drop all recent paths."""
        self._set_recent([])

    def _set_recent(self, paths: Sequence[str]) -> None:
        self._store.setValue("recent", list(paths)[:RECENT_LIMIT])
        self.recentChanged.emit()

    @property
    def scheme(self) -> Scheme:
        """Light, dark, or as the desktop has it."""
        stored = self._store.value("scheme")
        return next((scheme for scheme in get_args(Scheme) if scheme == stored), "system")

    @scheme.setter
    def scheme(self, scheme: Scheme) -> None:
        self._store.setValue("scheme", scheme)
        self.schemeChanged.emit(scheme)

    @property
    def naming(self) -> Naming:
        """Which of its names a variable is shown by."""
        stored = self._store.value("naming")
        return next((naming for naming in get_args(Naming) if naming == stored), "name")

    @naming.setter
    def naming(self, naming: Naming) -> None:
        if naming != self.naming:
            self._store.setValue("naming", naming)
            self.namingChanged.emit(naming)

    @property
    def language(self) -> Language:
        """The language of the next start: English, Simplified Chinese, or as the desktop has it."""
        stored = self._store.value("language")
        return next((language for language in get_args(Language) if language == stored), "system")

    @language.setter
    def language(self, language: Language) -> None:
        if language != self.language:
            self._store.setValue("language", language)
            self.languageChanged.emit(language)

    @property
    def columns(self) -> list[str]:
        """Columns of the tree that are shown, left to right; none for the usual ones."""
        stored = self._store.value("columns", [])
        names = [stored] if isinstance(stored, str) else stored if isinstance(stored, list) else []
        return list(dict.fromkeys(name for name in names if isinstance(name, str)))

    @columns.setter
    def columns(self, columns: Sequence[str]) -> None:
        self._store.setValue("columns", list(columns))

    @property
    def last_folder(self) -> str:
        """Where a file dialog starts."""
        stored = self._store.value("lastFolder")
        return stored if isinstance(stored, str) else ""

    @last_folder.setter
    def last_folder(self, folder: str) -> None:
        self._store.setValue("lastFolder", folder)

    def layout(self) -> tuple[QByteArray, QByteArray] | None:
        """Geometry and dock state of the last window, or None."""
        if self._store.value("layout/version", 0, int) != _LAYOUT_VERSION:
            return None
        geometry, state = self._store.value("layout/geometry"), self._store.value("layout/state")
        if isinstance(geometry, QByteArray) and isinstance(state, QByteArray):
            return geometry, state
        return None

    def save_layout(self, geometry: QByteArray, state: QByteArray) -> None:
        """Remember geometry and dock state."""
        self._store.setValue("layout/version", _LAYOUT_VERSION)
        self._store.setValue("layout/geometry", geometry)
        self._store.setValue("layout/state", state)

    def forget_layout(self) -> None:
        """Start with the default layout next time."""
        self._store.remove("layout")
