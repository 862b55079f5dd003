"""The table that a benchmark prints: ours beside a peer's, and whether the ratio is within its limit."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison.

    Attributes:
        what: what was done.
        ours, peer: medians in `unit`; `peer` is None where only a limit on ours is known.
        limit: highest ratio ours / peer that is fine (or highest value of ours without a peer), None for no limit.
        unit: `ms`, `s` or `MiB`, of both.
        against: who the peer is.
    """

    what: str
    ours: float
    peer: float | None
    limit: float | None
    against: str = ""
    unit: str = "ms"

    @property
    def ratio(self) -> float:
        """Ours in terms of the peer's."""
        return self.ours if self.peer is None else self.ours / self.peer

    @property
    def fine(self) -> bool:
        """Whether the limit is kept."""
        return self.limit is None or self.ratio <= self.limit


def table(rows: list[Row]) -> str:
    """The rows as text."""
    lines = [f"{'':46} {'ours':>11} {'peer':>11} {'ratio':>7} {'limit':>8}"]
    for row in rows:
        peer = "" if row.peer is None else f"{row.peer:8.1f} {row.unit}"
        ratio = "" if row.peer is None else f"{row.ratio:.2f}"
        limit = (
            ""
            if row.limit is None
            else f"{row.limit:g}"
            if row.peer is not None
            else f"{row.limit:g} {row.unit}"
        )
        verdict = "" if row.fine else "  TOO MUCH" if row.unit == "MiB" else "  TOO SLOW"
        lines.append(
            f"{row.what:46} {row.ours:8.1f} {row.unit} {peer:>11} {ratio:>7} {limit:>8}{verdict}  {row.against}"
        )
    return "\n".join(lines)


def median_ms(work: Callable[[], object], repeat: int = 5) -> float:
    """Median milliseconds of some calls."""
    return statistics.median(_times(work, repeat))


def best_ms(work: Callable[[], object], repeat: int = 5) -> float:
    """The fewest milliseconds of some calls: what is least disturbed by other programs."""
    return min(_times(work, repeat))


def _times(work: Callable[[], object], repeat: int) -> list[float]:
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        work()
        times.append((time.perf_counter() - start) * 1e3)
    return times
