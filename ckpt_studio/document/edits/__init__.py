"""The edits of a document: small commands without Qt, so that the window and the command line replay the same ones."""

from ckpt_studio.document.edits.add import Add
from ckpt_studio.document.edits.arithmetic import ReplaceNan, Scale
from ckpt_studio.document.edits.arrange import Reshape, Transpose
from ckpt_studio.document.edits.assign import Assign
from ckpt_studio.document.edits.average import Average, Part
from ckpt_studio.document.edits.base import Edit, Json, OpenDonor
from ckpt_studio.document.edits.cast import Cast
from ckpt_studio.document.edits.cells import SetCells
from ckpt_studio.document.edits.contents import Array, Initial, Value
from ckpt_studio.document.edits.drop import Drop
from ckpt_studio.document.edits.marks import Freeze, Unfreeze
from ckpt_studio.document.edits.registry import EDITS, edit_of_record
from ckpt_studio.document.edits.rename import Move, Rename, RenameMany, RenamePattern
from ckpt_studio.document.edits.replace import Replace, Swap
from ckpt_studio.document.edits.slim import Slim, SwapAverages
from ckpt_studio.document.edits.step import SetStep

__all__ = [
    "EDITS",
    "Add",
    "Array",
    "Assign",
    "Average",
    "Cast",
    "Drop",
    "Edit",
    "Freeze",
    "Initial",
    "Json",
    "Move",
    "OpenDonor",
    "Part",
    "Rename",
    "RenameMany",
    "RenamePattern",
    "Replace",
    "ReplaceNan",
    "Reshape",
    "Scale",
    "SetCells",
    "SetStep",
    "Slim",
    "Swap",
    "SwapAverages",
    "Transpose",
    "Unfreeze",
    "Value",
    "edit_of_record",
]
