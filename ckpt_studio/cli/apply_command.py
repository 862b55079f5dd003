"""`ckpt-studio apply PATCH IN OUT`: replays edits on a checkpoint and writes a new one."""

from __future__ import annotations

import argparse

HELP = "replay the edits of a patch on a checkpoint and write a new one"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("patch", metavar="PATCH", help="the edits, as JSON")
    parser.add_argument(
        "source", metavar="IN", help="the checkpoint: a folder, a prefix, or one of its files"
    )
    parser.add_argument(
        "target", metavar="OUT", help="prefix of the new checkpoint; its folder is made if need be"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace OUT if it exists")
    parser.add_argument(
        "--share",
        choices=("copy", "link", "compact"),
        default="copy",
        help="unchanged data: copy it (by reflink where the disk can), hard-link the data files, "
        "or write live bytes only (default: copy)",
    )
    parser.add_argument("--json", action="store_true", help="print what was written as JSON")


def run(args: argparse.Namespace) -> int:
    """Do it; 0 when OUT is complete on disk."""
    from ckpt_studio.cli.output import print_json, say
    from ckpt_studio.document.document import Document
    from ckpt_studio.document.patch import load_patch
    from ckpt_studio.document.saving import is_beside, plan_write, write_document
    from ckpt_studio.formats.registry import open_checkpoint
    from ckpt_studio.formats.save_log import sweep_unfinished
    from ckpt_studio.formats.writing import WriteOptions

    sweep_unfinished()
    patch = load_patch(args.patch)
    document = Document(open_checkpoint(args.source))
    for edit in patch.edits(document):
        document.do(edit)
    options = WriteOptions(sharing=args.share, overwrite=args.overwrite)
    for note in (*document.notes, *plan_write(document, args.target, options).notes):
        say(note)
    # Whoever names the original's folder on the command line has agreed to it.
    written = write_document(document, args.target, options, beside=is_beside(document, args.target))
    if args.json:
        print_json(
            {
                "prefix": written.prefix,
                "files": written.files,
                "written_bytes": written.written_bytes,
                "shared_bytes": written.shared_bytes,
            }
        )
    else:
        print(f"Written: {written.prefix}")
    return 0
