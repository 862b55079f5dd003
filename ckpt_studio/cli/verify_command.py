"""`ckpt-studio verify PATH`: every checksum of a checkpoint, and all faults at once."""

from __future__ import annotations

import argparse

from ckpt_studio.cli.output import print_json, say
from ckpt_studio.cli.progress import TerminalTask
from ckpt_studio.cli.table import bytes_text, harmless
from ckpt_studio.core.errors import ChecksumMismatch, Corrupt, FileFault, Truncated
from ckpt_studio.core.tensors import encode, printable
from ckpt_studio.formats.base import Fault
from ckpt_studio.formats.registry import open_checkpoint
from ckpt_studio.formats.tf_bundle.verify import index_faults

HELP = "compare every checksum of a checkpoint"

_RESCUE = """\
to rescue a damaged checkpoint, take the damaged variables from another one or drop them, and write a new one:

  rescue.json:
    {"version": 1, "edits": [
      {"op": "replace", "match": "dense/kernel", "from": "older/model.ckpt-900"},
      {"op": "drop", "match": "embedding/*"}]}

  ckpt-studio apply rescue.json damaged/model.ckpt-1000 rescued/model.ckpt-1000

The window does the same: Verify, then the buttons below the list of problems."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """PATH and --json."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _RESCUE
    parser.add_argument("path", metavar="PATH", help="a checkpoint's folder, prefix, or any of its files")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    """Verify; 1 when there is a fault.

    Raises:
        CkptStudioError: there is no checkpoint at PATH. One that is too damaged to be opened is a fault found.
    """
    with TerminalTask("Verifying") as task:
        try:
            checkpoint = open_checkpoint(args.path)
        except (Corrupt, ChecksumMismatch, Truncated) as error:
            faults = _index_faults(error)
        else:
            for note in checkpoint.notes:
                say(harmless(note))
            faults = list(checkpoint.verify(task))
    if args.json:
        print_json({"ok": not faults, "checked_bytes": task.done, "faults": [_fault_json(f) for f in faults]})
        return 1 if faults else 0
    for fault in faults:
        print(harmless(fault.message))
    if faults:
        count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        print(f"{count} in {bytes_text(task.done)}. `ckpt-studio verify --help` says how to rescue the rest.")
        return 1
    print(f"All checksums are right ({bytes_text(task.done)}).")
    return 0


def _index_faults(error: FileFault) -> list[Fault]:
    """All faults of an index that cannot be opened for the first of them."""
    found = list(index_faults(error.path)) if error.path is not None and error.path.endswith(".index") else []
    return found or [Fault.of(error)]


def _fault_json(fault: Fault) -> dict[str, str | None]:
    row = {
        "key": None if fault.key is None else printable(fault.key),
        "kind": fault.kind,
        "message": fault.message,
    }
    if fault.key is not None and row["key"] != fault.key:
        row["key_hex"] = encode(fault.key).hex()
    return row
