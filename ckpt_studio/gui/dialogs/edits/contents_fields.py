"""The fields that say what a variable is given: one value, what an initializer makes, or the array of a file."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QFormLayout, QLineEdit, QSpinBox, QWidget

from ckpt_studio.gui.dialogs.edits.typed import typed_value
from ckpt_studio.gui.dialogs.fields import PathField, fill_combo, named
from ckpt_studio.gui.dialogs.pages import Pages
from ckpt_studio.gui.dialogs.recent import recent_paths, remember_path
from ckpt_studio.gui.texts import without_mnemonic

if TYPE_CHECKING:
    from ckpt_studio.core.dtypes import DType
    from ckpt_studio.document.edits.contents import Contents

_PARAMETERS: Final = {
    "normal": ("mean", "stddev"), "truncated_normal": ("mean", "stddev"), "uniform": ("low", "high"),
    "orthogonal": ("gain",), "identity": ("gain",),
}  # fmt: skip
_STARTS: Final = {"mean": 0.0, "stddev": 0.05, "low": -0.05, "high": 0.05, "gain": 1.0}
_WITHOUT_SEED: Final = ("zeros", "ones", "identity")

Meant = Callable[["DType"], "Contents"]
"""Makes the contents for a variable of a type; opens files, so it is for a background thread. Raises
CkptStudioError."""


class ContentsFields(QWidget):
    """The fields.

    Args:
        name: their object names begin with it.
        parent: as Qt has it.
    """

    changed = Signal()
    """Somebody types or chooses."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name = name
        self._kind = QComboBox(self)
        named(self._kind, f"{name}KindCombo", self.tr("What they are given"))
        kinds: list[tuple[str, object]] = [
            (self.tr("One value"), "value"),
            (self.tr("Initializer"), "initializer"),
            (self.tr("Array of a file"), "file"),
        ]
        fill_combo(self._kind, kinds, "value")
        self._pages = Pages(self)
        for page in (self._value_page(), self._initializer_page(), self._file_page()):
            self._pages.addWidget(page)
        self._kind.currentIndexChanged.connect(self._pages.setCurrentIndex)
        self._kind.currentIndexChanged.connect(self.changed)
        form = self._form(self)
        form.addRow(self.tr("Gi&ve:"), self._kind)
        form.addRow(self._pages)

    def _form(self, of: QWidget) -> QFormLayout:
        form = QFormLayout(of)
        form.setContentsMargins(0, 0, 0, 0)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        return form

    def _value_page(self) -> QWidget:
        page = QWidget(self)
        self._value = QLineEdit("0", page)
        named(self._value, f"{self._name}ValueEdit", self.tr("Value"))
        self._value.setToolTip(self.tr("A number, NaN, Infinity, true, false, a complex 1+2j, or a text"))
        self._value.textChanged.connect(self.changed)
        self._form(page).addRow(self.tr("Val&ue:"), self._value)
        return page

    def _initializer_page(self) -> QWidget:
        page = QWidget(self)
        form = self._rows = self._form(page)
        self._initializer = QComboBox(page)
        named(self._initializer, f"{self._name}InitializerCombo", self.tr("Initializer"))
        names: list[tuple[str, object]] = [
            (self.tr("Zeros"), "zeros"), (self.tr("Ones"), "ones"), (self.tr("Normal"), "normal"),
            (self.tr("Truncated normal"), "truncated_normal"), (self.tr("Uniform"), "uniform"),
            (self.tr("Glorot uniform"), "glorot_uniform"), (self.tr("Glorot normal"), "glorot_normal"),
            (self.tr("He uniform"), "he_uniform"), (self.tr("He normal"), "he_normal"),
            (self.tr("Orthogonal"), "orthogonal"), (self.tr("Identity"), "identity"),
        ]  # fmt: skip
        fill_combo(self._initializer, names, "glorot_uniform")
        self._seed = QSpinBox(page)
        named(self._seed, f"{self._name}SeedSpin", self.tr("Seed"))
        self._seed.setRange(0, 2**31 - 1)
        self._seed.valueChanged.connect(self.changed)
        form.addRow(self.tr("&Initializer:"), self._initializer)
        form.addRow(self.tr("See&d:"), self._seed)
        labels = {
            "mean": self.tr("&Mean:"), "stddev": self.tr("Standard de&viation:"), "low": self.tr("&Lowest:"),
            "high": self.tr("Hi&ghest:"), "gain": self.tr("&Gain:"),
        }  # fmt: skip
        self._numbers = {one: self._number(form, one, label) for one, label in labels.items()}
        self._initializer.currentIndexChanged.connect(self._show_parameters)
        self._show_parameters()
        return page

    def _number(self, form: QFormLayout, parameter: str, label: str) -> QDoubleSpinBox:
        spin = QDoubleSpinBox(self)
        named(spin, f"{self._name}{parameter.capitalize()}Spin", without_mnemonic(label).rstrip(":："))
        spin.setDecimals(6)
        spin.setRange(-1e9, 1e9)
        spin.setSingleStep(0.05)
        spin.setValue(_STARTS[parameter])
        spin.valueChanged.connect(self.changed)
        form.addRow(label, spin)
        return spin

    def _show_parameters(self, *_: object) -> None:
        name = self._initializer.currentData()
        self._rows.setRowVisible(self._seed, name not in _WITHOUT_SEED)
        for parameter, spin in self._numbers.items():
            self._rows.setRowVisible(spin, parameter in _PARAMETERS.get(name, ()))
        self._pages.updateGeometry()
        self.changed.emit()

    def _file_page(self) -> QWidget:
        page = QWidget(self)
        form = self._form(page)
        self._file = PathField(
            f"{self._name}FileEdit",
            self.tr("File"),
            page,
            files=self.tr("Arrays (*.npy *.npz);;All files (*)"),
            recent=recent_paths("arrays"),
        )
        self._file.edited.connect(self.changed)
        self._member = QLineEdit(page)
        named(self._member, f"{self._name}MemberEdit", self.tr("Array in the file"))
        self._member.setPlaceholderText(self.tr("the only one, or the one with the variable's name"))
        self._member.textChanged.connect(self.changed)
        form.addRow(self.tr("&File:"), self._file)
        form.addRow(self.tr("Arra&y:"), self._member)
        return page

    # ---- what is meant

    @property
    def of_file(self) -> bool:
        """Whether the array of a file is given."""
        return bool(self._kind.currentData() == "file")

    def meant(self) -> Meant | None:
        """What is given now; None while that is nothing yet."""
        kind = self._kind.currentData()
        if kind == "value":
            text = self._value.text()
            return partial(_value, text) if text else None
        if kind == "initializer":
            return partial(_contents, self._initialised())
        path, member = self._file.path(), self._member.text()
        if not path:
            return None
        return partial(_contents, {"file": path, **({"member": member} if member else {})})

    def _initialised(self) -> dict[str, Any]:
        name = self._initializer.currentData()
        said: dict[str, Any] = {"initializer": name}
        if name not in _WITHOUT_SEED:
            said["seed"] = self._seed.value()
        return said | {one: self._numbers[one].value() for one in _PARAMETERS.get(name, ())}

    def remember(self) -> None:
        """Offer the file again next time."""
        if self.of_file:
            remember_path("arrays", self._file.path())


def _value(text: str, dtype: DType) -> Contents:
    return _contents({"value": typed_value(text, dtype)}, dtype)


def _contents(said: dict[str, Any], dtype: DType) -> Contents:
    from pathlib import Path

    from ckpt_studio.document.edits.base import Files
    from ckpt_studio.document.edits.contents import contents_of
    from ckpt_studio.formats.registry import open_checkpoint

    return contents_of(said, Files(str(Path.cwd()), open_checkpoint))
