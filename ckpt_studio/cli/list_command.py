"""`ckpt-studio list PATH`: every variable of a checkpoint, from its index alone."""

from __future__ import annotations

import argparse
from collections import Counter
from itertools import chain

from ckpt_studio.cli.output import json_text, print_pieces, say
from ckpt_studio.cli.rows import rows_text
from ckpt_studio.cli.table import bytes_text, harmless, print_table
from ckpt_studio.core.tensors import Role, TensorInfo
from ckpt_studio.formats.registry import open_checkpoint

HELP = "list the variables of a checkpoint"

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
        head = {
            "path": args.path,
            "format": checkpoint.format,
            "prefix": checkpoint.prefix,
            "step": checkpoint.step,
            "variables": [],
        }
        print_pieces(chain([json_text(head).removesuffix("]}")], rows_text(columns), ["]}\n"]))
        return 0
    _print_rows([columns.info(row) for row in range(len(columns))], args.names, args.long)
    step = [] if checkpoint.step is None else [f"step {checkpoint.step}"]
    count = "1 variable" if len(columns) == 1 else f"{len(columns)} variables"
    facts = [_FORMATS[checkpoint.format], count, bytes_text(int(columns.nbytes.sum())), *step]
    print(f"{', '.join(facts)}: {harmless(checkpoint.prefix)}")
    return 0


def _print_rows(infos: list[TensorInfo], names: str, long: bool) -> None:
    """A table in the order of the names that it shows; a column is there where it has something to say.

    What several variables are called is told apart by their keys.
    """
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
        }
    count = Counter(named.values())
    told = [info.key if long or count[named[info.key]] > 1 else named[info.key] for info in infos]
    columns["KEY"] = ["" if key == named[info.key] else key for key, info in zip(told, infos, strict=True)]
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
