"""`ckpt-studio apply PATCH IN OUT`: replays edits on a checkpoint and writes a new one."""

from __future__ import annotations

import argparse
import sys

from ckpt_studio.cli.writing import add_write_arguments, write

HELP = "replay the edits of a patch on a checkpoint and write a new one"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("patch", metavar="PATCH", help="the edits, as JSON; - reads them from standard input")
    parser.add_argument(
        "source", metavar="IN", help="the checkpoint: a folder, a prefix, or one of its files"
    )
    parser.add_argument(
        "target", metavar="OUT", help="the new checkpoint, see `convert`; its folder is made if need be"
    )
    add_write_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Do it; 0 when OUT is complete on disk."""
    from ckpt_studio.document.document import Document
    from ckpt_studio.document.patch import load_patch, read_patch
    from ckpt_studio.formats.registry import open_checkpoint
    from ckpt_studio.formats.save_log import sweep_unfinished

    sweep_unfinished()
    patch = read_patch(sys.stdin.buffer) if args.patch == "-" else load_patch(args.patch)
    document = Document(open_checkpoint(args.source))
    for edit in patch.edits(document):
        document.do(edit)
    return write(document, args)
