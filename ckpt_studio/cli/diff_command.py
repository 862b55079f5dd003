"""`ckpt-studio diff A B`: what differs between two checkpoints, of whatever formats."""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.analysis.comparison import Comparison, Difference, compare
from ckpt_studio.cli.output import print_json, say
from ckpt_studio.cli.progress import TerminalTask
from ckpt_studio.cli.table import harmless, number_text, print_table
from ckpt_studio.core.tensors import Columns, TensorInfo, encode, printable
from ckpt_studio.formats.registry import open_checkpoint

HELP = "compare two checkpoints"
TROUBLE = 2
"""Exit status of a comparison that could not be made, as diff(1) has it."""

_NOTE = """\
exit status: 0 both hold the same, 1 they differ, 2 trouble.

Variables are matched by key, else by name, slots else by their weights. NaN equals NaN. What both checkpoints store
the same checksum of is not read; --read-all reads it all the same."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """A, B, --read-all and --json."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _NOTE
    for name in ("a", "b"):
        parser.add_argument(
            name, metavar=name.upper(), help="a checkpoint's folder, prefix, or any of its files"
        )
    parser.add_argument(
        "--read-all", action="store_true", help="read values also where the stored checksums agree"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    """Compare; 0 equal, 1 different, 2 where a variable could not be compared.

    Raises:
        CkptStudioError: one of them cannot be opened.
    """
    a, b = open_checkpoint(args.a), open_checkpoint(args.b)
    for note in (*a.notes, *b.notes):
        say(harmless(note))
    with TerminalTask("Comparing") as task:
        found = compare(a, b, task, trust_checksums=not args.read_all)
    if args.json:
        print_json(_json(found))
    else:
        _print(found)
    if found.faults:
        say(f"{found.faults} of {len(found.pairs.rows)} variables could not be compared.")
        return TROUBLE
    return 0 if found.same else 1


def _json(found: Comparison) -> dict[str, Any]:
    a, b = found.pairs.a, found.pairs.b
    return {
        "only_a": _keys(a, found.pairs.only_a),
        "only_b": _keys(b, found.pairs.only_b),
        "changed": [
            _row(a.info(row_a), b.info(row_b), difference)
            for (row_a, row_b), difference in zip(found.rows.tolist(), found.differences, strict=True)
        ],
        "equal": found.equal,
    }


def _keys(columns: Columns, rows: NDArray[np.int64]) -> list[str]:
    return [printable(key) for key in columns.keys.take(rows.tolist())]


def _row(a: TensorInfo, b: TensorInfo, difference: Difference) -> dict[str, Any]:
    """CONTRACT.md's row, and what few rows have: bytes of a key, another key, a fault."""
    row: dict[str, Any] = {
        "key": printable(a.key),
        "max_abs": difference.max_abs,
        "rel_l2": difference.rel_l2,
        "shape_a": a.shape,
        "shape_b": b.shape,
        "dtype_a": a.dtype.name,
        "dtype_b": b.dtype.name,
    }
    if row["key"] != a.key:
        row["key_hex"] = encode(a.key).hex()
    if b.key != a.key:
        row["key_b"] = printable(b.key)
    if difference.error is not None:
        row["error"] = difference.error
    return row


def _print(found: Comparison) -> None:
    a, b = found.pairs.a, found.pairs.b
    if found.differences:
        print_table(
            ("NAME", "MAX ABS", "REL L2", "DIFFERING", "NOTE"),
            (
                (
                    a.keys[row_a],
                    number_text(each.max_abs),
                    number_text(each.rel_l2),
                    number_text(each.differing),
                    _note(a.info(row_a), b.info(row_b), each),
                )
                for (row_a, row_b), each in zip(found.rows.tolist(), found.differences, strict=True)
            ),
            right=(1, 2, 3),
        )
    for place, keys in (("A", _keys(a, found.pairs.only_a)), ("B", _keys(b, found.pairs.only_b))):
        for key in keys:
            print(f"only in {place}: {harmless(key)}")
    different = len(found.differences)
    print(
        f"{found.equal} equal, {different} different, {len(found.pairs.only_a)} only in A, "
        f"{len(found.pairs.only_b)} only in B"
    )


def _note(a: TensorInfo, b: TensorInfo, difference: Difference) -> str:
    if difference.error is not None:
        return difference.error
    notes = []
    if a.key != b.key:
        notes.append(f"there {b.key}")
    if a.shape != b.shape:
        notes.append(f"{_shape(a)} to {_shape(b)}")
    if a.dtype.number != b.dtype.number:
        notes.append(f"{a.dtype.name} to {b.dtype.name}")
    return ", ".join(notes)


def _shape(info: TensorInfo) -> str:
    return "unknown shape" if info.shape is None else f"[{', '.join(map(str, info.shape))}]"
