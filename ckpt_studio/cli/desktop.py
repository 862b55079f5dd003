"""Puts the program where a Linux desktop looks for it: menu entry, icon, file types; for this user, and removable."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from ckpt_studio.cli.output import say
from ckpt_studio.core.errors import RequestFault
from ckpt_studio.core.resources import resources_folder

ENTRY = Path("applications", "ckpt-studio.desktop")
ICON = Path("icons", "hicolor", "scalable", "apps", "ckpt-studio.svg")
TYPES = Path("mime", "packages", "ckpt-studio.xml")


def install() -> int:
    """Install for this user, over an older installation; exit status 0.

    Raises:
        RequestFault: on a platform whose desktop works otherwise.
    """
    folder = _data_folder()
    bundled = resources_folder()
    entry = (bundled / "desktop" / ENTRY.name).read_text(encoding="utf-8")
    _put(folder / ICON, (bundled / "icons" / ICON.name).read_bytes())
    _put(folder / TYPES, (bundled / "desktop" / TYPES.name).read_bytes())
    _put(folder / ENTRY, _with_command(entry, _command()).encode("utf-8"))
    _refresh(folder)
    say(f"Checkpoints now open in Ckpt Studio by double-click; {folder / ENTRY} says how.")
    return 0


def remove() -> int:
    """Take away what `install` put there and nothing else; exit status 0, also when nothing was there.

    Raises:
        RequestFault: on a platform whose desktop works otherwise.
    """
    folder = _data_folder()
    for part in (ENTRY, TYPES, ICON):
        (folder / part).unlink(missing_ok=True)
    _refresh(folder)
    say("Ckpt Studio is no longer in the menu, and checkpoints open as before.")
    return 0


def _data_folder() -> Path:
    if os.name != "posix" or sys.platform == "darwin":
        raise RequestFault(
            "Menu entry and file types are for Linux desktops; this system keeps them in another way."
        )
    named = os.environ.get("XDG_DATA_HOME", "")
    # The specification says to ignore a path that is not absolute.
    return Path(named) if Path(named).is_absolute() else Path.home() / ".local" / "share"


def _put(target: Path, content: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f".{target.name}.{os.getpid()}")
    unfinished.write_bytes(content)
    unfinished.replace(target)


def _command() -> list[str]:
    """What starts this very installation."""
    script = Path(sysconfig.get_path("scripts")) / "ckpt-studio"
    return [str(script)] if script.is_file() else [sys.executable, "-P", "-m", "ckpt_studio"]


def _with_command(entry: str, command: list[str]) -> str:
    settled = {
        "Exec": " ".join([*(_quoted(word) for word in command), "%F"]),
        "TryExec": _escaped(command[0]),
    }
    lines = []
    for line in entry.splitlines():
        name, _, value = line.partition("=")
        lines.append(f"{name}={settled.get(name, value)}" if value else line)
    return "\n".join(lines) + "\n"


def _quoted(word: str) -> str:
    """A word of an Exec line: quoted as a shell would, percent signs doubled, and all that escaped as a value."""
    for special in '\\"`$':
        word = word.replace(special, "\\" + special)
    return _escaped('"' + word.replace("%", "%%") + '"')


def _escaped(text: str) -> str:
    """A text as a value of a desktop file."""
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t")


def _refresh(folder: Path) -> None:
    """Let the desktop notice. Where a tool is not there, it does so at the next login."""
    for tool, place in (("update-mime-database", "mime"), ("update-desktop-database", "applications")):
        found = shutil.which(tool)
        if found and (folder / place).is_dir():
            subprocess.run([found, str(folder / place)], check=False, capture_output=True)
