"""`ckpt-studio list PATH`: every variable of a checkpoint, from its index alone."""

from __future__ import annotations

import argparse
from typing import Any

from ckpt_studio.cli.output import print_json, row_json, say
from ckpt_studio.cli.table import bytes_text, harmless, print_table
from ckpt_studio.core import dtypes
from ckpt_studio.core.tensors import Columns, Names, Role, RoleSource, TensorInfo
from ckpt_studio.formats.registry import open_checkpoint

HELP = "list the variables of a checkpoint"

_TRAINABLE = {1: True, 0: False, -1: None}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """PATH and --json."""
    parser.add_argument("path", metavar="PATH", help="a checkpoint's folder, prefix, or any of its files")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    """List; 0 also when rows are faulty.

    Raises:
        CkptStudioError: the checkpoint cannot be opened.
    """
    checkpoint = open_checkpoint(args.path)
    columns = checkpoint.columns
    for note in checkpoint.notes:
        say(harmless(note))
    if args.json:
        document = {
            "path": args.path,
            "format": checkpoint.format,
            "prefix": checkpoint.prefix,
            "step": checkpoint.step,
            "variables": rows_json(columns),
        }
        print_json(document)
        return 0
    print_table(
        ("NAME", "SHAPE", "DTYPE", "SIZE", "ROLE", "NOTE"),
        (_line(columns.info(row)) for row in range(len(columns))),
        right=(3,),
    )
    total = bytes_text(int(columns.nbytes.sum()))
    step = "" if checkpoint.step is None else f", step {checkpoint.step}"
    print(f"{len(columns)} variables, {total}{step}: {harmless(checkpoint.prefix)}")
    return 0


def _line(info: TensorInfo) -> tuple[str, ...]:
    shape = "?" if info.shape is None else "x".join(map(str, info.shape)) or "scalar"
    role = info.role.name
    if info.slot_of is not None:
        role = f"slot {info.slot_name or ''}".rstrip()
    notes = [info.error] if info.error else []
    if info.name != info.key:
        notes.append(info.key)
    elif info.trainable is False and info.role == Role.weight:
        notes.append("not trainable")
    return info.name, shape, info.dtype.name, bytes_text(info.nbytes), role, "  ".join(notes)


def rows_json(columns: Columns) -> list[dict[str, Any]]:
    """CONTRACT.md's ROWs of all variables. The same as `row_json` of each, but without an object for each."""
    if not columns.keys.blob.isascii():
        return [row_json(columns.info(row)) for row in range(len(columns))]
    keys = _texts(columns.keys)
    names = keys if columns.names is None else _texts(columns.names)
    paths: list[str | None] = [None] * len(keys)
    if columns.object_paths is not None:
        paths = [path or None for path in _texts(columns.object_paths)]
    type_names = [dtypes.unknown(number).name for number in range(256)]
    roles, sources = [role.name for role in Role], [source.word for source in RoleSource]
    slot_of = [keys[row] if row >= 0 else None for row in columns.slot_of.tolist()]
    slot_names = (*columns.slot_names, None)
    faults = columns.faults
    rows: list[dict[str, Any]] = [
        {
            "key": key,
            "name": name,
            "object_path": path,
            "shape": dims[:rank] if rank >= 0 else None,
            "dtype": type_names[dtype],
            "nbytes": nbytes,
            "role": roles[role],
            "role_source": sources[source],
            "slot_of": weight,
            "slot_name": slot_names[slot],
            "trainable": _TRAINABLE[trainable],
            "error": None,
        }
        for key, name, path, dims, rank, dtype, nbytes, role, source, weight, slot, trainable in zip(
            keys,
            names,
            paths,
            columns.dims.tolist(),
            columns.rank.tolist(),
            columns.dtype.tolist(),
            columns.nbytes.tolist(),
            columns.role.tolist(),
            columns.role_source.tolist(),
            slot_of,
            columns.slot_name.tolist(),
            columns.trainable.tolist(),
            strict=True,
        )
    ]
    for row in faults:
        rows[row]["error"] = faults[row]
    return rows


def _texts(names: Names) -> list[str]:
    """All strings of `names`, by one split where none of them holds a newline."""
    if names.blob.count(b"\n") == len(names):
        return names.blob.decode("utf-8", "surrogateescape").split("\n")[:-1]
    return list(names)
