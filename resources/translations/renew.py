"""Renews the window's translations after its texts have changed: `python resources/translations/renew.py`.

Texts are gathered from ckpt_studio/gui into each .ts file beside this script, translations that stand are kept, and
the .qm files that the window reads are made again. What is not translated yet is listed: translate it in the .ts file,
which Qt Linguist opens too (`pyside6-linguist`), and run this again.

Needs `lupdate` and `lrelease` of PySide6-Essentials. The tests of the window's translation say when this is due.
"""

from __future__ import annotations

import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent


def gather(translations: Path) -> None:
    """Bring the texts of the window into a .ts file; contexts and texts are sorted, so that differences stay small."""
    texts = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "ckpt_studio" / "gui").rglob("*.py"))
    options = ("-silent", "-no-obsolete", "-sort-messages", "-locations", "none")
    tool("lupdate", *texts, "-ts", str(translations), *options, "-target-language", "zh_CN")


def compile_to(translations: Path, compiled: Path) -> None:
    """Make a .qm file of what is finished in a .ts file."""
    tool("lrelease", str(translations), "-qm", str(compiled), "-silent")


def unfinished(translations: Path) -> list[str]:
    """Context and text of what has no translation yet."""
    return [
        f"{context.findtext('name')}: {message.findtext('source')}"
        for context in ET.parse(translations).iter("context")
        for message in context.iter("message")
        if message.find("translation[@type]") is not None
    ]


def tool(name: str, *arguments: str) -> None:
    """Run a Qt tool of PySide6 from the project's folder."""
    import PySide6

    program = next(Path(PySide6.__path__[0]).glob(f"{name}*"))
    subprocess.run([program, *arguments], cwd=ROOT, check=True)


def main() -> int:
    """Renew all; 1 where translations are missing."""
    missing = []
    for translations in sorted(HERE.glob("*.ts")):
        gather(translations)
        compile_to(translations, translations.with_suffix(".qm"))
        missing += [f"{translations.name}: {text}" for text in unfinished(translations)]
    print("\n".join(missing) or "Everything is translated.")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
