"""What a person can do, as data: one line each. `actions` makes menus, toolbar, shortcuts and the palette of it."""

from __future__ import annotations

from typing import Final

from ckpt_studio.gui.action_spec import (
    ActionSpec,
    by_full_name,
    by_key,
    by_object_path,
    can_redo,
    can_undo,
    has_edits,
    has_object_path,
    has_selection,
    is_nameable,
    is_open,
    is_running,
    is_trainable,
    is_writable,
    sample_there,
)
from ckpt_studio.gui.edit_specs import EDIT_SPECS
from ckpt_studio.gui.menu_titles import QT_TRANSLATE_NOOP

SPECS: Final = (
    ActionSpec(
        "actionOpen",
        QT_TRANSLATE_NOOP("Actions", "&Open…"),
        QT_TRANSLATE_NOOP("Actions", "Open a file of a checkpoint"),
        "Ctrl+O", "file-down", "file", QT_TRANSLATE_NOOP("Actions", "Open"),
    ),
    ActionSpec(
        "actionOpenFolder",
        QT_TRANSLATE_NOOP("Actions", "Open &Folder…"),
        QT_TRANSLATE_NOOP("Actions", "Open the newest checkpoint of a folder"),
        "Ctrl+Shift+O", "folder-open", "file", QT_TRANSLATE_NOOP("Actions", "Folder"),
    ),
    ActionSpec(
        "actionOpenSample",
        QT_TRANSLATE_NOOP("Actions", "Open the &Sample"),
        QT_TRANSLATE_NOOP("Actions", "Open a working copy of the small checkpoint that comes with the program"),
        "", "package-open", "file", enabled_when=sample_there,
    ),
    ActionSpec(
        "actionReload",
        QT_TRANSLATE_NOOP("Actions", "Re&load"),
        QT_TRANSLATE_NOOP("Actions", "Read the checkpoint again from the disk"),
        "F5", "refresh-cw", "file", enabled_when=is_open, separated=True,
    ),
    ActionSpec(
        "actionWrite",
        QT_TRANSLATE_NOOP("Actions", "&Write…"),
        QT_TRANSLATE_NOOP("Actions", "Write a new checkpoint with the staged edits"),
        "Ctrl+S", "save", "file", QT_TRANSLATE_NOOP("Actions", "Write…"), is_open,
    ),
    ActionSpec(
        "actionVerify",
        QT_TRANSLATE_NOOP("Actions", "&Verify"),
        QT_TRANSLATE_NOOP("Actions", "Compare every checksum, and list what is damaged, missing or overlapping"),
        "", "shield-check", "file", QT_TRANSLATE_NOOP("Actions", "Verify"), is_open,
    ),
    ActionSpec(
        "actionHealth",
        QT_TRANSLATE_NOOP("Actions", "Check &Health"),
        QT_TRANSLATE_NOOP("Actions", "Look for NaN, infinities, dead rows and other trouble in all values"),
        "", "heart-pulse", "file", QT_TRANSLATE_NOOP("Actions", "Health"), is_open,
    ),
    ActionSpec(
        "actionQuit",
        QT_TRANSLATE_NOOP("Actions", "&Quit"),
        QT_TRANSLATE_NOOP("Actions", "Close this window"), "Ctrl+Q", "log-out", "file",
        separated=True,
    ),
    ActionSpec(
        "actionUndo",
        QT_TRANSLATE_NOOP("Actions", "&Undo"),
        QT_TRANSLATE_NOOP("Actions", "Take back the last edit"),
        "Ctrl+Z", "undo-2", "edit", QT_TRANSLATE_NOOP("Actions", "Undo"), can_undo, separated=True,
    ),
    ActionSpec(
        "actionRedo",
        QT_TRANSLATE_NOOP("Actions", "&Redo"),
        QT_TRANSLATE_NOOP("Actions", "Stage again what was taken back"),
        "Ctrl+Shift+Z", "redo-2", "edit", QT_TRANSLATE_NOOP("Actions", "Redo"), can_redo,
    ),
    ActionSpec(
        "actionRevert",
        QT_TRANSLATE_NOOP("Actions", "Re&vert All"),
        QT_TRANSLATE_NOOP("Actions", "Revert every staged edit (can be undone)"),
        "", "rotate-ccw", "edit", QT_TRANSLATE_NOOP("Actions", "Revert"), has_edits,
    ),
    ActionSpec(
        "actionCopyName",
        QT_TRANSLATE_NOOP("Actions", "Copy &Name"),
        QT_TRANSLATE_NOOP("Actions", "Copy the full names of the selected variables, a line each"),
        "", "copy", "edit", enabled_when=is_nameable, separated=True,
    ),
    ActionSpec(
        "actionCopyKey",
        QT_TRANSLATE_NOOP("Actions", "Copy &Key"),
        QT_TRANSLATE_NOOP("Actions", "Copy the keys of the selected variables: their names in the file"),
        "", "", "edit", enabled_when=is_nameable,
    ),
    ActionSpec(
        "actionCopyObjectPath",
        QT_TRANSLATE_NOOP("Actions", "Copy &Object Path"),
        QT_TRANSLATE_NOOP("Actions", "Copy the object paths of the selected variables"),
        "", "", "edit", enabled_when=has_object_path,
    ),
    ActionSpec(
        "actionCopyPath",
        QT_TRANSLATE_NOOP("Actions", "Copy Checkpoint &Path"),
        QT_TRANSLATE_NOOP("Actions", "Copy the path of the checkpoint"),
        "", "", "edit", enabled_when=is_open,
    ),
    ActionSpec(
        "actionCopyPatch", QT_TRANSLATE_NOOP("Actions", "Copy the Edits as &JSON"),
        QT_TRANSLATE_NOOP("Actions", "Copy the patch: ckpt-studio apply replays it on another checkpoint"),
        "", "braces", "edit", enabled_when=has_edits,
    ),
    ActionSpec(
        "actionFilter",
        QT_TRANSLATE_NOOP("Actions", "&Filter Variables"),
        QT_TRANSLATE_NOOP("Actions", "Go to the filter field"),
        "Ctrl+F", "search", "edit", enabled_when=is_open, separated=True,
    ),
    ActionSpec(
        "actionGoTo",
        QT_TRANSLATE_NOOP("Actions", "&Go to Variable…"),
        QT_TRANSLATE_NOOP("Actions", "Find a variable by its name and look at it"),
        "Ctrl+P", "crosshair", "edit", enabled_when=is_open,
    ),
    ActionSpec(
        "actionPalette",
        QT_TRANSLATE_NOOP("Actions", "&Commands…"),
        QT_TRANSLATE_NOOP("Actions", "Find anything that the program can do"),
        "Ctrl+Shift+P", "command", "view",
    ),
    ActionSpec(
        "actionNamesFull",
        QT_TRANSLATE_NOOP("Actions", "Show Full &Names"),
        QT_TRANSLATE_NOOP("Actions", "Show what the model calls each variable"),
        "Alt+1", menu="view", separated=True, group="naming", chosen_when=by_full_name,
    ),
    ActionSpec(
        "actionNamesPath",
        QT_TRANSLATE_NOOP("Actions", "Show &Object Paths"),
        QT_TRANSLATE_NOOP("Actions", "Show where the program that saved it kept each variable"),
        "Alt+2", menu="view", group="naming", chosen_when=by_object_path,
    ),
    ActionSpec(
        "actionNamesKey",
        QT_TRANSLATE_NOOP("Actions", "Show &Keys"),
        QT_TRANSLATE_NOOP("Actions", "Show what each variable is called in the file"),
        "Alt+3", menu="view", group="naming", chosen_when=by_key,
    ),
    ActionSpec(
        "actionExpandAll",
        QT_TRANSLATE_NOOP("Actions", "&Expand All"),
        QT_TRANSLATE_NOOP("Actions", "Show every variable"),
        "", "unfold-vertical", "view", enabled_when=is_open, separated=True,
    ),
    ActionSpec(
        "actionCollapseAll",
        QT_TRANSLATE_NOOP("Actions", "Colla&pse All"),
        QT_TRANSLATE_NOOP("Actions", "Show the top groups only"),
        "", "fold-vertical", "view", enabled_when=is_open,
    ),
    ActionSpec(
        "actionFreeze", QT_TRANSLATE_NOOP("Actions", "&Freeze"),
        QT_TRANSLATE_NOOP("Actions", "A resumed run must not change the selected variables"),
        "Ctrl+L", "snowflake", "tensor", QT_TRANSLATE_NOOP("Actions", "Freeze"), has_selection, separated=True,
    ),
    ActionSpec(
        "actionUnfreeze",
        QT_TRANSLATE_NOOP("Actions", "&Unfreeze"),
        QT_TRANSLATE_NOOP("Actions", "A resumed run may change the selected variables"),
        "Ctrl+Shift+L", "droplet", "tensor", QT_TRANSLATE_NOOP("Actions", "Unfreeze"), has_selection,
    ),
    ActionSpec(
        "actionSwapFrom", QT_TRANSLATE_NOOP("Actions", "&Swap From…"),
        QT_TRANSLATE_NOOP("Actions", "Take the selected variables' values from another checkpoint"),
        "Ctrl+M", "arrow-left-right", "tensor", QT_TRANSLATE_NOOP("Actions", "Swap…"), is_writable,
    ),
    ActionSpec(
        "actionDrop", QT_TRANSLATE_NOOP("Actions", "&Drop"),
        QT_TRANSLATE_NOOP("Actions", "Leave the selected variables and their slots out of what is written"),
        "", "trash-2", "tensor", enabled_when=has_selection,
    ),
    *EDIT_SPECS,
    ActionSpec(
        "actionCompare", QT_TRANSLATE_NOOP("Actions", "&Compare With…"),
        QT_TRANSLATE_NOOP("Actions", "List what differs from another checkpoint, and see both in the plots"),
        "Ctrl+D", "git-compare", "tensor", QT_TRANSLATE_NOOP("Actions", "Compare…"), is_open, separated=True,
    ),
    ActionSpec(
        "actionResume", QT_TRANSLATE_NOOP("Actions", "&Resume Training…"),
        QT_TRANSLATE_NOOP("Actions", "Go on training from this checkpoint, with the staged edits, in the background"),
        "Ctrl+R", "play", "run", QT_TRANSLATE_NOOP("Actions", "Resume…"), is_trainable, separated=True,
    ),
    ActionSpec(
        "actionStop",
        QT_TRANSLATE_NOOP("Actions", "&Stop"),
        QT_TRANSLATE_NOOP("Actions", "Finish the step, save a checkpoint and end the run"),
        "Ctrl+.", "square", "run", QT_TRANSLATE_NOOP("Actions", "Stop"), is_running,
    ),
    ActionSpec(
        "actionWatchRun",
        QT_TRANSLATE_NOOP("Actions", "&Watch a Run…"),
        QT_TRANSLATE_NOOP("Actions", "Show a run that goes on without a window"),
        "", "eye", "run", separated=True,
    ),
    ActionSpec(
        "actionResetLayout",
        QT_TRANSLATE_NOOP("Actions", "&Reset Layout"),
        QT_TRANSLATE_NOOP("Actions", "Put all panels back to their places"),
        "", "layout-dashboard", "window",
    ),
    ActionSpec(
        "actionHelp",
        QT_TRANSLATE_NOOP("Actions", "&Keys and First Steps"),
        QT_TRANSLATE_NOOP("Actions", "What can be done, and by which key"),
        "F1", "circle-help", "help",
    ),
    ActionSpec(
        "actionLogFolder",
        QT_TRANSLATE_NOOP("Actions", "Open the Log &Folder"),
        QT_TRANSLATE_NOOP("Actions", "Where reports of mistakes are kept"),
        "", "folder", "help",
    ),
    ActionSpec(
        "actionLicences",
        QT_TRANSLATE_NOOP("Actions", "&Licences"),
        QT_TRANSLATE_NOOP("Actions", "What the program is made of"),
        "", "scale", "help", separated=True,
    ),
    ActionSpec(
        "actionAbout",
        QT_TRANSLATE_NOOP("Actions", "&About Ckpt Studio"),
        QT_TRANSLATE_NOOP("Actions", "Version and links"), "", "info", "help",
    ),
)  # fmt: skip
