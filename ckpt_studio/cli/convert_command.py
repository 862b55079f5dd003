"""`ckpt-studio convert IN OUT`: a checkpoint in another format, which OUT's ending names."""

from __future__ import annotations

import argparse

from ckpt_studio.cli.writing import add_write_arguments, write

HELP = "write a checkpoint in another format"

_FORMATS = """\
OUT's ending names the format:

  .safetensors         safetensors; with --shard-size several files and their index
  .npz                 NumPy
  .weights.h5 .h5      weights of Keras, found by full names; of a .h5 file with its model, that model
  .keras               a model of Keras; IN is one, or --like names one of the same model
  anything else        the prefix of a TensorFlow checkpoint (V2)

What cannot be kept is said before anything is written."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _FORMATS
    parser.add_argument(
        "source", metavar="IN", help="the checkpoint: a folder, a prefix, or one of its files"
    )
    parser.add_argument("target", metavar="OUT", help="the new checkpoint; its folder is made if need be")
    parser.add_argument(
        "--names",
        choices=("auto", "keys", "full", "objects"),
        default="auto",
        help="what variables are called in OUT: as in IN (keys), by full names (full), or by full names with an object "
        "graph, so that tf.train.Checkpoint restores them (objects); default: what suits both formats",
    )
    parser.add_argument(
        "--like",
        metavar="PATH",
        help="a checkpoint of the same model: OUT is laid out as it is, with the values of IN found by full names",
    )
    add_write_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Do it; 0 when OUT is complete on disk."""
    from ckpt_studio.document.document import Document
    from ckpt_studio.formats.registry import open_checkpoint
    from ckpt_studio.formats.save_log import sweep_unfinished

    sweep_unfinished()
    source = open_checkpoint(args.source)
    if args.like is not None:
        from ckpt_studio.document.template import laid_out_like

        filled = laid_out_like(args.like, source)
        return write(filled.document, args, args.names, filled.lost)
    # A key of an HDF5 file is the place of a variable in it, which means nothing elsewhere.
    by_place = args.names == "auto" and source.format.startswith("keras")
    return write(Document(source), args, "full" if by_place else args.names)
