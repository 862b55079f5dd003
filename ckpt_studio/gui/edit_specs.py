"""The edits that a person can stage from the Tensor menu, as data, beside freezing, swapping and dropping."""

from __future__ import annotations

from typing import Final

from ckpt_studio.gui.action_spec import ActionSpec, has_selection, is_writable
from ckpt_studio.gui.menu_titles import QT_TRANSLATE_NOOP

OF_VARIABLES: Final = (
    ActionSpec(
        "actionRename", QT_TRANSLATE_NOOP("Actions", "&Rename…"),
        QT_TRANSLATE_NOOP("Actions", "Give the selected variables other names, one by one or by a rule"),
        "F2", "pencil", "tensor", enabled_when=has_selection, separated=True,
    ),
    ActionSpec(
        "actionAssign", QT_TRANSLATE_NOOP("Actions", "&Assign…"),
        QT_TRANSLATE_NOOP("Actions", "Give the selected variables a value, an array of a file or an initializer's"),
        "", "equal", "tensor", enabled_when=has_selection,
    ),
    ActionSpec(
        "actionScale", QT_TRANSLATE_NOOP("Actions", "Sca&le or Shift…"),
        QT_TRANSLATE_NOOP("Actions", "Multiply the selected variables by a factor and add an offset"),
        "", "calculator", "tensor", enabled_when=has_selection,
    ),
    ActionSpec(
        "actionReplaceNan", QT_TRANSLATE_NOOP("Actions", "Replace &NaN…"),
        QT_TRANSLATE_NOOP("Actions", "Put a number in place of every NaN of the selected variables"),
        "", "bandage", "tensor", enabled_when=has_selection,
    ),
    ActionSpec(
        "actionCast", QT_TRANSLATE_NOOP("Actions", "Cas&t…"),
        QT_TRANSLATE_NOOP("Actions", "Give the selected variables another element type"),
        "", "shapes", "tensor", enabled_when=has_selection,
    ),
    ActionSpec(
        "actionArrange", QT_TRANSLATE_NOOP("Actions", "Res&hape or Transpose…"),
        QT_TRANSLATE_NOOP("Actions", "Give the selected variables another shape, or their axes another order"),
        "", "move-3d", "tensor", enabled_when=has_selection,
    ),
)  # fmt: skip
"""Those of the selected variables, in the order of the menus."""

OF_CHECKPOINT: Final = (
    ActionSpec(
        "actionAdd", QT_TRANSLATE_NOOP("Actions", "Ne&w Variable…"),
        QT_TRANSLATE_NOOP("Actions", "Add a variable to the checkpoint"),
        "", "square-plus", "tensor", enabled_when=is_writable, separated=True,
    ),
    ActionSpec(
        "actionAverage", QT_TRANSLATE_NOOP("Actions", "Avera&ge…"),
        QT_TRANSLATE_NOOP("Actions", "Give the selected variables, or all, their mean over checkpoints of the folder"),
        "", "blend", "tensor", enabled_when=is_writable,
    ),
    ActionSpec(
        "actionSlim", QT_TRANSLATE_NOOP("Actions", "Sl&im…"),
        QT_TRANSLATE_NOOP("Actions", "Leave out optimizer state or moving averages; see what that saves"),
        "", "scissors", "tensor", enabled_when=is_writable,
    ),
    ActionSpec(
        "actionSetStep", QT_TRANSLATE_NOOP("Actions", "Set St&ep…"),
        QT_TRANSLATE_NOOP("Actions", "Set the counters of training steps"),
        "", "footprints", "tensor", enabled_when=is_writable,
    ),
)  # fmt: skip
"""Those of the checkpoint as a whole."""

EDIT_SPECS: Final = (*OF_VARIABLES, *OF_CHECKPOINT)
