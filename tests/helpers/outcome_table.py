"""Tables of what a campaign found, a cell a case; the terminal shows them at the end.

`CKPT_STUDIO_` and the campaign's name in capitals (`CKPT_STUDIO_MATRIX`) may name a folder where the table is kept:
then sessions add up, one after the other or side by side. A cell that came out well is not run again; to begin anew
after the program has changed, name another folder.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

FAILED = "FAILED"
Cell = tuple[str, str]
"""The names of a row and a column."""


class OutcomeTable:
    """What came of each cell.

    Args:
        campaign: whose table it is.
        title: what it shows.
        place: a test's parameters -> its cell.
        columns: in which order they stand; others follow as they come.
        folder: where it is kept, or None.
    """

    def __init__(
        self,
        campaign: str,
        title: str,
        place: Callable[[Mapping[str, Any]], Cell],
        columns: Sequence[str] = (),
        folder: Path | None = None,
    ) -> None:
        self.campaign, self.place = campaign, place
        self._title, self._columns, self._folder = title, columns, folder
        self._cells: dict[Cell, tuple[str, str]] = {}
        self._read()

    def begin(self, cell: Cell) -> None:
        """Until the case says otherwise, it has failed."""
        self._cells[cell] = FAILED, ""

    def end(self, cell: Cell, word: str, reason: str = "") -> None:
        """What came of it: a word, and the reason where that is not what is hoped for."""
        self._cells[cell] = word, reason
        if self._folder is not None:
            with self._file.open("a", encoding="utf-8") as file:  # a line at once: sessions may share it
                file.write(json.dumps([*cell, word, reason]) + "\n")

    def has(self, parameters: Mapping[str, Any]) -> bool:
        """Whether this cell came out well, now or in an earlier session."""
        return self._cells.get(self.place(parameters), (FAILED, ""))[0] != FAILED

    def close(self) -> None:
        """Take in what other sessions found, and keep the table as a person reads it."""
        self._read()
        if self._folder is not None and self._cells:
            (self._folder / f"{self.campaign}.txt").write_text(f"{self}\n", encoding="utf-8")

    def __bool__(self) -> bool:
        return bool(self._cells)

    def __str__(self) -> str:
        reasons = sorted({reason for _, reason in self._cells.values() if reason})
        said = {
            cell: f"{word} [{reasons.index(reason) + 1}]" if reason else word
            for cell, (word, reason) in self._cells.items()
        }
        rows = sorted({row for row, _ in said})
        columns = [
            *self._columns,
            *dict.fromkeys(column for _, column in said if column not in self._columns),
        ]
        lines = [
            ["", *columns],
            *([row, *(said.get((row, column), "") for column in columns)] for row in rows),
        ]
        widths = [max(map(len, texts)) for texts in zip(*lines, strict=True)]
        counts = Counter(word for word, _ in self._cells.values())
        return "\n".join(
            [
                self._title,
                *(_line(texts, widths) for texts in lines),
                ", ".join(f"{count} {word}" for word, count in counts.most_common()),
                *(f"[{number}] {reason}" for number, reason in enumerate(reasons, 1)),
            ]
        )

    @property
    def _file(self) -> Path:
        assert self._folder is not None
        return self._folder / f"{self.campaign}.jsonl"

    def _read(self) -> None:
        if self._folder is not None and self._file.exists():
            for line in self._file.read_text(encoding="utf-8").splitlines():
                row, column, word, reason = json.loads(line)
                self._cells[row, column] = word, reason


def _line(texts: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = zip(texts, widths, strict=True)
    return f"{first[0]:<{first[1]}}" + "".join(f"  {text:>{width}}" for text, width in others)


TABLES: dict[str, OutcomeTable] = {}
"""Campaign -> its table."""


def outcome_table(
    campaign: str, title: str, place: Callable[[Mapping[str, Any]], Cell], columns: Sequence[str] = ()
) -> OutcomeTable:
    """The table of a campaign, which is shown at the end if anything came into it."""
    named = os.environ.get(f"CKPT_STUDIO_{campaign.upper()}")
    folder = None if named is None else Path(named)
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    TABLES[campaign] = OutcomeTable(campaign, title, place, columns, folder)
    return TABLES[campaign]
