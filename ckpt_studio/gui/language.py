"""The window's language: English as it is written in the program, or Simplified Chinese from a .qm file.

Part of the first paint: where English is wanted, the desktop's languages are asked for and nothing is read.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PySide6.QtCore import QCoreApplication, QLibraryInfo, QLocale, QTranslator

from ckpt_studio.core.resources import resources_folder
from ckpt_studio.gui.settings import Language

TRANSLATION: Final = "ckpt_studio_zh_CN.qm"
_TRADITIONAL: Final = frozenset(("Hant", "TW", "HK", "MO"))


def wanted(choice: Language) -> Language:
    """What a choice comes out as here: `en` or `zh_CN`."""
    if choice != "system":
        return choice
    first = next(iter(QLocale.system().uiLanguages()), "")
    language, *details = first.replace("_", "-").split("-")
    return "zh_CN" if language == "zh" and _TRADITIONAL.isdisjoint(details) else "en"


def install(app: QCoreApplication, choice: Language) -> None:
    """Have texts translated that are made from now on; call it before the first widget."""
    if wanted(choice) == "en":
        return
    qt = Path(QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath))
    # what is installed last is asked first
    for file in (qt / "qtbase_zh_CN.qm", resources_folder() / "translations" / TRANSLATION):
        translator = QTranslator(app)
        if translator.load(str(file)):
            app.installTranslator(translator)
