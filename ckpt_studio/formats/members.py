"""Lists a folder, links followed, whatever else lies in it: special files and links to nowhere are passed over."""

from __future__ import annotations

import os
import stat
from itertools import islice

from ckpt_studio.formats.base import Member
from ckpt_studio.formats.files import fault_of


def members_of(path: str, most: int | None = None) -> dict[str, Member]:
    """The regular files and folders directly in a folder by name, in the order of their names.

    Args:
        path: the folder.
        most: so many are looked at, in whatever order the system gives them; None for all.

    Raises:
        MissingFile, FileFault: the folder cannot be read.
    """
    found = {}
    try:
        with os.scandir(path) as scan:
            for file in islice(scan, most):
                try:
                    status = file.stat()
                except OSError:
                    continue  # gone meanwhile, or a link to nowhere or to itself
                folder = stat.S_ISDIR(status.st_mode)
                if folder or stat.S_ISREG(status.st_mode):
                    found[file.name] = Member(
                        file.name, status.st_size, status.st_mtime, folder, file.is_symlink()
                    )
    except (OSError, ValueError) as error:
        raise fault_of(error, path) from error
    return dict(sorted(found.items()))
