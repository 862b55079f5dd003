"""`ckpt-studio stats PATH`: the figures of variables, each in one pass over its bytes."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from ckpt_studio.analysis.kinds import Kind, kind_of
from ckpt_studio.analysis.remembered import FigureCache, Remembering
from ckpt_studio.analysis.statistics import Statistics
from ckpt_studio.analysis.text import text_figures
from ckpt_studio.cli.output import print_json, say
from ckpt_studio.cli.table import harmless, number_text, print_table
from ckpt_studio.core.errors import FileFault
from ckpt_studio.core.tensors import Columns, TensorSource, decode, encode, printable
from ckpt_studio.document.patterns import resolve
from ckpt_studio.formats.registry import open_checkpoint

HELP = "statistics of the variables of a checkpoint"

_FIGURES = ("count", "min", "max", "mean", "std", "l2", "zeros", "nan", "inf")
"""What the table shows."""
_MORE = ("neg_inf", "l1", "max_abs", "denormals")
"""What JSON has besides."""
_MOST_COMMON = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """PATH, --key and --json."""
    parser.add_argument("path", metavar="PATH", help="a checkpoint's folder, prefix, or any of its files")
    parser.add_argument(
        "--key",
        action="append",
        default=[],
        metavar="KEY",
        help="only these variables: a key, a name or a pattern",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    """Compute; 1 when a row was faulty, the others are there all the same.

    Raises:
        CkptStudioError: the checkpoint cannot be opened, or a KEY matches nothing.
    """
    checkpoint = open_checkpoint(args.path)
    for note in checkpoint.notes:
        say(harmless(note))
    cache = FigureCache()
    try:
        with Remembering(checkpoint, cache) as remembered:
            rows = [
                _figures(checkpoint, checkpoint.columns.keys[row], remembered)
                for row in _chosen(args.key, checkpoint.columns)
            ]
    finally:
        cache.close()
    faulty = [row for row in rows if row["error"] is not None]
    if args.json:
        print_json({"variables": rows})
    else:
        print_table(
            ("NAME", *(figure.upper() for figure in _FIGURES), "NOTE"),
            (
                (row["key"], *(number_text(row[figure]) for figure in _FIGURES), row["error"] or "")
                for row in rows
            ),
            right=range(1, 1 + len(_FIGURES)),
        )
    if faulty:
        say(f"{len(faulty)} of {len(rows)} variables could not be read.")
    return 1 if faulty else 0


def _chosen(patterns: list[str], columns: Columns) -> list[int]:
    if not patterns:
        return list(range(len(columns)))
    return sorted({row for pattern in patterns for row in resolve(pattern, columns)})


def _figures(source: TensorSource, key: str, remembered: Remembering) -> dict[str, Any]:
    row: dict[str, Any] = {"key": printable(key)}
    if row["key"] != key:
        row["key_hex"] = encode(key).hex()
    info = source.columns.of(key)
    text: dict[str, Any] = {}
    try:
        known, error = remembered(key), None
        if kind_of(info.dtype) is Kind.text:
            text = {"text": _text(source, key)}
    except FileFault as fault:
        known, error = Statistics(info.size), fault.message
    figures = asdict(known) | {"max_abs": known.max_abs}
    if error is not None and info.shape is None:
        figures["count"] = None
    return row | {figure: figures[figure] for figure in (*_FIGURES, *_MORE)} | text | {"error": error}


def _text(source: TensorSource, key: str) -> dict[str, Any]:
    """Lengths in bytes and the most common values of a variable of strings."""
    found = text_figures(source, key, _MOST_COMMON)
    common = [[printable(decode(value)), count] for value, count in found.common]
    return asdict(found) | {"common": common}
