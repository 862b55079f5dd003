"""Tables of what a campaign found, a cell a case; the terminal shows them at the end."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

FAILED = "FAILED"


@dataclass
class OutcomeTable:
    """Rows and columns are named as they first come.

    Attributes:
        title: what it shows.
        cells: (row, column) -> a word or two.
        reasons: word -> what it stands for, where that is not plain.
    """

    title: str
    cells: dict[tuple[str, str], str] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)

    def begin(self, row: str, column: str) -> None:
        """Until the case says otherwise, it has failed."""
        self.cells[row, column] = FAILED

    def end(self, row: str, column: str, word: str, reason: str = "") -> None:
        """What came of it."""
        self.cells[row, column] = word
        if reason:
            self.reasons[word] = reason

    def __str__(self) -> str:
        columns = list(dict.fromkeys(column for _, column in self.cells))
        first = max(len(row) for row, _ in self.cells)
        widths = [
            max(len(column), *(len(v) for (_, c), v in self.cells.items() if c == column))
            for column in columns
        ]
        lines = [
            self.title,
            " " * first + "".join(f"  {c:>{w}}" for c, w in zip(columns, widths, strict=True)),
        ]
        for row in dict.fromkeys(row for row, _ in self.cells):
            cells = (self.cells.get((row, column), "") for column in columns)
            lines.append(
                f"{row:<{first}}" + "".join(f"  {c:>{w}}" for c, w in zip(cells, widths, strict=True))
            )
        counts = Counter(self.cells.values())
        lines.append(", ".join(f"{count} {word}" for word, count in counts.most_common()))
        return "\n".join([*lines, *(f"{word}: {reason}" for word, reason in sorted(self.reasons.items()))])


TABLES: list[OutcomeTable] = []
"""Those of this session."""


def outcome_table(title: str) -> OutcomeTable:
    """A table that is shown at the end if anything came into it."""
    TABLES.append(OutcomeTable(title))
    return TABLES[-1]
