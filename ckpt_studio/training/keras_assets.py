"""What a `.keras` archive holds beside configuration and variables: the vocabularies that layers were adapted to."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path, PurePosixPath
from typing import Final

from ckpt_studio.core.errors import Corrupt, FileFault

_FOLDER: Final = "assets"
_MOST: Final = 4 << 30


def copy_assets(archive: str, folder: Path) -> None:
    """Copy them into a new folder; nothing where there are none.

    Raises:
        Corrupt: the archive is damaged, or its names lead out of the folder.
        FileFault: they cannot be read or written.
    """
    try:
        with zipfile.ZipFile(archive) as held:
            members = [one for one in held.infolist() if _is_asset(one)]
            if sum(one.file_size for one in members) > _MOST:
                raise Corrupt(
                    f"What {archive} holds beside its variables is too long to be believed.", path=archive
                )
            for one in members:
                target = folder.joinpath(*_parts(one, archive))
                target.parent.mkdir(parents=True, exist_ok=True)
                with held.open(one) as source, target.open("xb") as copy:
                    shutil.copyfileobj(source, copy)
    except (zipfile.BadZipFile, EOFError, RuntimeError) as error:
        raise Corrupt(f"What {archive} holds beside its variables is damaged.", path=archive) from error
    except OSError as error:
        raise FileFault(
            f"What {archive} holds beside its variables cannot be copied: {error.strerror or error}.",
            path=archive,
        ) from error


def _is_asset(one: zipfile.ZipInfo) -> bool:
    return PurePosixPath(one.filename).parts[:1] == (_FOLDER,) and not one.is_dir()


def _parts(one: zipfile.ZipInfo, archive: str) -> tuple[str, ...]:
    parts = PurePosixPath(one.filename).parts[1:]
    if not parts or any(part in ("..", "") or "\0" in part for part in parts):
        raise Corrupt(
            f"The archive {archive} holds the name {one.filename!r}, which leads out of it.", path=archive
        )
    return parts
