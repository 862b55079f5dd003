"""Asks what variables are given in place of their own values, or what a new variable is."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QComboBox, QFormLayout, QLineEdit, QWidget

from ckpt_studio.core.errors import RequestFault
from ckpt_studio.gui.dialogs.edits.base import Draft, EditDialog, Make, facts
from ckpt_studio.gui.dialogs.edits.contents_fields import ContentsFields, Meant
from ckpt_studio.gui.dialogs.edits.typed import typed_integers
from ckpt_studio.gui.dialogs.fields import fill_combo, named
from ckpt_studio.gui.texts import shape_text, translate

if TYPE_CHECKING:
    from ckpt_studio.core.tasks import Task
    from ckpt_studio.document.state import State
    from ckpt_studio.gui.session import Session


class AssignDialog(EditDialog):
    """Gives variables other values; their shapes and element types stay."""

    def __init__(self, session: Session, keys: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(session, "assign", translate("AssignDialog", "Assign values"), keys, parent)

    def fill(self, form: QFormLayout) -> None:
        """As `EditDialog.fill`."""
        self._contents = ContentsFields("assign", self)
        self._contents.changed.connect(self.changed)
        form.addRow(self._contents)

    def maker(self) -> Make | None:
        """As `EditDialog.maker`."""
        meant = self._contents.meant()
        return partial(_assigned, self.keys, meant) if self.keys and meant else None

    def accept(self) -> None:
        """Close, and remember the file."""
        self._contents.remember()
        super().accept()


def _assigned(keys: Sequence[str], meant: Meant, task: Task, state: State) -> Draft:
    from ckpt_studio.document.edits.assign import Assign

    contents = meant(state.columns.of(keys[0]).dtype)
    return Draft(Assign(keys, contents=contents), facts(state, keys))


class AddDialog(EditDialog):
    """Adds a variable to the checkpoint."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, "add", translate("AddDialog", "New variable"), (), parent)

    def fill(self, form: QFormLayout) -> None:
        """As `EditDialog.fill`."""
        from ckpt_studio.core.dtypes import BY_NAME

        self._name = QLineEdit(self)
        named(self._name, "addNameEdit", self.tr("Name"))
        self._name.setPlaceholderText(self.tr("for example {0}").format("layer1/gain"))
        self._type = QComboBox(self)
        named(self._type, "addTypeCombo", self.tr("Type"))
        names = [one.name for one in BY_NAME.values() if one.is_numeric or one.name == "string"]
        fill_combo(self._type, [(one, one) for one in names], "float32")
        self._shape = QLineEdit(self)
        named(self._shape, "addShapeEdit", self.tr("Shape"))
        self._shape.setPlaceholderText(self.tr("3 × 64; empty for a scalar"))
        self._contents = ContentsFields("add", self)
        form.addRow(self.tr("&Name:"), self._name)
        form.addRow(self.tr("&Type:"), self._type)
        form.addRow(self.tr("&Shape:"), self._shape)
        form.addRow(self._contents)
        self._name.textChanged.connect(self.changed)
        self._type.currentIndexChanged.connect(self.changed)
        self._shape.textChanged.connect(self.changed)
        self._contents.changed.connect(self.changed)
        self._contents.changed.connect(self._follow_file)
        self._name.setFocus()

    def _follow_file(self) -> None:
        """The array of a file says what it is."""
        for field in (self._type, self._shape):
            field.setEnabled(not self._contents.of_file)

    def maker(self) -> Make | None:
        """As `EditDialog.maker`."""
        meant, key = self._contents.meant(), self._name.text().strip()
        if not key or meant is None:
            return None
        if self._contents.of_file:
            return partial(_read, key, meant)
        return partial(_added, key, self._type.currentData(), self._shape.text(), meant)

    def accept(self) -> None:
        """Close, and remember the file."""
        self._contents.remember()
        super().accept()


def _added(key: str, name: str, shape: str, meant: Meant, task: Task, state: State) -> Draft:
    from ckpt_studio.core.dtypes import BY_NAME
    from ckpt_studio.document.edits.add import Add

    dtype, extents = BY_NAME[name], typed_integers(shape)
    edit = Add(key, dtype, extents, meant(dtype))
    return Draft(edit, [(key, shape_text(extents), name)])


def _read(key: str, meant: Meant, task: Task, state: State) -> Draft:
    from ckpt_studio.core.dtypes import BY_NAME
    from ckpt_studio.document.edits.add import Add
    from ckpt_studio.document.edits.contents import Array

    contents = meant(BY_NAME["float32"])
    if not isinstance(contents, Array):
        raise RequestFault("Only an array says what it is.")
    info = contents.info(key)
    if info.shape is None:
        raise RequestFault(info.error or "The shape of the array is not known.", key=key)
    edit = Add(key, info.dtype, info.shape, contents)
    return Draft(edit, [(key, shape_text(info.shape), info.dtype.name)])
