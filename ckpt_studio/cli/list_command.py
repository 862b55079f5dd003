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
_TRAINABLE_WORDS = {True: "yes", False: "no", None: ""}
_NAMES = ("full", "path", "key")
_FORMATS = {
    "tf_bundle": "TensorFlow checkpoint",
    "tf_v1": "TensorFlow checkpoint (V1)",
    "saved_model": "SavedModel",
    "keras": "Keras file",
    "keras_h5": "Keras HDF5 file",
    "keras_weights": "Keras weights file",
    "safetensors": "safetensors",
    "npz": "NumPy archive",
    "npy": "NumPy array",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """PATH, --names, --long and --json."""
    parser.add_argument("path", metavar="PATH", help="a checkpoint's folder, prefix, or any of its files")
    parser.add_argument(
        "--names",
        choices=_NAMES,
        default="full",
        help="what to call variables: by full name as the model does (default), by path in the object graph, or by key",
    )
    parser.add_argument(
        "--long",
        action="store_true",
        help="say more: trainable or not, where the role comes from, what a slot belongs to, the key",
    )
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
    _print_rows([columns.info(row) for row in range(len(columns))], args.names, args.long)
    step = [] if checkpoint.step is None else [f"step {checkpoint.step}"]
    count = "1 variable" if len(columns) == 1 else f"{len(columns)} variables"
    facts = [_FORMATS[checkpoint.format], count, bytes_text(int(columns.nbytes.sum())), *step]
    print(f"{', '.join(facts)}: {harmless(checkpoint.prefix)}")
    return 0


def _print_rows(infos: list[TensorInfo], names: str, long: bool) -> None:
    """A table in the order of the names that it shows; a column is there where it has something to say."""
    named = {info.key: _name(info, names) for info in infos}
    infos = sorted(infos, key=lambda info: named[info.key])
    columns: dict[str, list[str]] = {
        "NAME": [named[info.key] for info in infos],
        "SHAPE": [_shape(info) for info in infos],
        "DTYPE": [info.dtype.name for info in infos],
        "SIZE": [bytes_text(info.nbytes) for info in infos],
        "ROLE": [_role(info) for info in infos],
    }
    if long:
        columns |= {
            "TRAINABLE": [_TRAINABLE_WORDS[info.trainable] for info in infos],
            "SOURCE": [info.role_source.word for info in infos],
            "SLOT OF": ["" if info.slot_of is None else named[info.slot_of] for info in infos],
            "KEY": ["" if info.key == named[info.key] else info.key for info in infos],
        }
    columns["NOTE"] = [_note(info, long) for info in infos]
    shown = {head: cells for head, cells in columns.items() if head == "NAME" or any(cells)}
    right = [at for at, head in enumerate(shown) if head == "SIZE"]
    print_table(tuple(shown), zip(*shown.values(), strict=True), right=right)


def _name(info: TensorInfo, names: str) -> str:
    if names == "key":
        return info.key
    return info.name if names == "full" else info.object_path or info.key


def _shape(info: TensorInfo) -> str:
    return "?" if info.shape is None else "x".join(map(str, info.shape)) or "scalar"


def _role(info: TensorInfo) -> str:
    return info.role.name if info.slot_of is None else f"slot {info.slot_name or ''}".rstrip()


def _note(info: TensorInfo, long: bool) -> str:
    frozen = not long and info.trainable is False and info.role == Role.weight
    return info.error or ("not trainable" if frozen else "")


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
