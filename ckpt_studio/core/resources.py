"""Finds the bundled files, in a checkout (`resources/`) as in an installed wheel (`ckpt_studio/_resources`)."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from ckpt_studio.core.errors import InternalFault


@cache
def resources_folder() -> Path:
    """The folder of icons, styles, desktop files and the sample.

    Raises:
        InternalFault: if the installation is incomplete.
    """
    package = Path(__file__).resolve().parent.parent
    for folder in (package / "_resources", package.parent / "resources"):
        if folder.is_dir():
            return folder
    raise InternalFault("The bundled resources are missing; reinstall Ckpt Studio.", path=package)


@cache
def home_folder() -> Path:
    """The folder for settings, journal, cache, logs and the sample's working copy.

    `CKPT_STUDIO_HOME` names it; without it, the platform's own folder for a user's application data.
    The folder is not created here.
    """
    named = os.environ.get("CKPT_STUDIO_HOME")
    if named:
        return Path(named).expanduser().absolute()
    from platformdirs import user_data_path

    return user_data_path("ckpt-studio", appauthor=False)
