"""Measures in a process of its own: what a benchmark leaves in memory would count for those that the next starts."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path

from tests.benchmarks.report import Row


def measured(name: str, place: Path) -> list[Row]:
    """The rows of a benchmark, which may use the folder `place`."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(_measure, name, place).result()


def _measure(name: str, place: Path) -> list[Row]:
    rows: list[Row] = import_module(f"tests.benchmarks.{name}").measure(place)
    return rows
