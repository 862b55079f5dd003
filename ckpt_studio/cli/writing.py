"""What the commands that write have in common: how to write, and what they say about it."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ckpt_studio.document.conversion import NamesAs
    from ckpt_studio.document.document import Document
    from ckpt_studio.formats.writing import WriteOptions

_UNITS: Final = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}


def add_write_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare how to write."""
    parser.add_argument("--overwrite", action="store_true", help="replace OUT if it exists")
    parser.add_argument(
        "--share",
        choices=("copy", "link", "compact"),
        default="copy",
        help="unchanged data: copy it (by reflink where the disk can), hard-link the data files, "
        "or write live bytes only (default: copy); what is shared is not read, --certify does that",
    )
    parser.add_argument(
        "--shard-size",
        type=_size,
        metavar="BYTES",
        help="write everything anew, into several data files of at most so many bytes (500M, 2G)",
    )
    parser.add_argument(
        "--certify",
        action="store_true",
        help="afterwards, let the format's own library restore OUT in another process, and compare every tensor",
    )
    parser.add_argument("--json", action="store_true", help="print what was written as JSON")


def options_of(args: argparse.Namespace) -> WriteOptions:
    """How a person wants it written."""
    from ckpt_studio.formats.writing import WriteOptions

    return WriteOptions(sharing=args.share, overwrite=args.overwrite, shard_size=args.shard_size)


def write(
    document: Document, args: argparse.Namespace, names: NamesAs = "auto", lost: tuple[str, ...] = ()
) -> int:
    """Write a document to `args.target`, and say what was written; the exit status.

    Args:
        document: what is written.
        args: as `add_write_arguments` declares them, and `target`.
        names: what variables are called in it.
        lost: what is known already not to be kept.

    Raises:
        CkptStudioError: it could not be written, or is not what it should be.
    """
    from ckpt_studio.cli.output import print_json, say
    from ckpt_studio.cli.progress import TerminalTask
    from ckpt_studio.document.saving import is_beside, plan_write, write_document, write_target
    from ckpt_studio.training.certify import certify

    options = options_of(args)
    plan = plan_write(document, args.target, options, names)
    for note in (*document.notes, *plan.notes):
        say(note)
    lost += plan.lost
    if lost:
        say("What cannot be kept:")
    for sentence in lost:
        say(f"  {sentence}")
    with TerminalTask("Writing") as task:
        # Whoever names the original's folder on the command line has agreed to it.
        beside = is_beside(document, args.target)
        written = write_document(document, args.target, options, names=names, beside=beside, task=task)
    answer: dict[str, object] = {
        "prefix": written.prefix,
        "files": written.files,
        "written_bytes": written.written_bytes,
        "shared_bytes": written.shared_bytes,
    }
    if lost:
        answer["lost"] = lost
    certificate = None
    if args.certify:
        with TerminalTask("Certifying") as task:
            certificate = certify(
                written.prefix, plan.format, write_target(document, args.target, names), task
            )
        answer["certified"] = {
            "ok": not certificate.faults,
            "library": certificate.library,
            "compared": certificate.compared,
            "skipped": certificate.skipped,
            "faults": certificate.faults,
        }
    if args.json:
        print_json(answer)
    else:
        print(f"Written: {written.prefix}")
        if certificate is not None:
            print(certificate.sentence)
    return 1 if certificate is not None and certificate.faults else 0


def _size(text: str) -> int:
    number, unit = (text[:-1], text[-1:].upper()) if text[-1:].isalpha() else (text, "")
    try:
        size = int(float(number) * _UNITS[unit])
    except (ValueError, KeyError, OverflowError):
        size = 0
    if size < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no size; 500M and 2G are")
    return size
