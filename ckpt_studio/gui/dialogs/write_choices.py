"""How a checkpoint is written: its format, what variables are called in it, what is shared, how large a file may be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QFormLayout, QGroupBox, QWidget

from ckpt_studio.gui.dialogs.fields import PathField, PlainLabel, fill_combo, named
from ckpt_studio.gui.format_words import format_words

if TYPE_CHECKING:
    from ckpt_studio.document.conversion import NamesAs
    from ckpt_studio.formats.writing import WriteOptions

Sharing = Literal["copy", "link", "compact"]

ENDINGS: Final = {
    "tf_bundle": "",
    "safetensors": ".safetensors",
    "npz": ".npz",
    "keras_weights": ".weights.h5",
    "keras_h5": ".h5",
    "keras": ".keras",
}
"""What the name of a file of each format ends in."""

_SIZES: Final = (500_000_000, 2_000_000_000, 5_000_000_000)
_SEVERAL: Final = ("tf_bundle", "safetensors")


class WriteChoices(QGroupBox):
    """`changed` is emitted when something was chosen, `likeChosen` with the path that names shall be like, or "".

    Args:
        original: the format of what is written.
        parent: the dialog.
    """

    changed = Signal()
    likeChosen = Signal(str)

    def __init__(self, original: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTitle(self.tr("How"))
        self._formats, self._names, self._sharing, self._size = (QComboBox(self) for _ in range(4))
        named(self._formats, "writeFormatCombo", self.tr("Format"))
        named(self._names, "writeNamesCombo", self.tr("Names of the variables"))
        named(self._sharing, "sharingCombo", self.tr("Data that does not change"))
        named(self._size, "shardSizeCombo", self.tr("Data files"))
        self._like = PathField("writeLikeEdit", self.tr("Names like those of"), self, folders=True)
        self._like.edit.setPlaceholderText(self.tr("another checkpoint of the same model"))
        self._like.take_drops_of(self)
        self._like.chosen.connect(self.likeChosen)
        sharing: tuple[tuple[str, Sharing], ...] = (
            (self.tr("Copy (shared by the file system where it can)"), "copy"),
            (self.tr("Link to the original's data files"), "link"),
            (self.tr("Compact: write everything anew into one file"), "compact"),
        )
        for text, data in sharing:
            self._sharing.addItem(text, data)
        self._size.addItem(self.tr("As few as can be"), None)
        for size in _SIZES:
            label = f"{size // 1_000_000} MB" if size < 1_000_000_000 else f"{size // 1_000_000_000} GB"
            self._size.addItem(self.tr("Of at most {0} each, all written anew").format(label), size)
        self._text = PlainLabel("sharingText", parent=self)
        self._certify = QCheckBox(self.tr("&Certify: restore it afterwards and compare every tensor"), self)
        named(self._certify, "certifyBox", self.tr("Certify it afterwards"))
        self._certify.setToolTip(
            self.tr("Another process restores it with TensorFlow, or with the library of the format.")
        )
        self._lay_out()
        self.set_original(original)
        self._formats.currentIndexChanged.connect(self._format_chosen)
        for combo in (self._names, self._sharing, self._size):
            combo.currentIndexChanged.connect(self._chosen)

    def _lay_out(self) -> None:
        self._form = form = QFormLayout(self)
        form.addRow(self.tr("Fo&rmat:"), self._formats)
        form.addRow(self.tr("Names &like:"), self._like)
        form.addRow(self.tr("Nam&es:"), self._names)
        form.addRow(self.tr("&Unchanged data:"), self._sharing)
        form.addRow(self.tr("&Data files:"), self._size)
        form.addRow(self._text)
        form.addRow(self._certify)
        for combo in (self._formats, self._names, self._sharing, self._size):
            combo.setMinimumContentsLength(20)
            combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)

    def set_original(self, original: str) -> None:
        """What is written comes from a checkpoint of this format: it stays that where it can."""
        # A key of an HDF5 file is the place of a variable in it, which means nothing elsewhere.
        self._by_place = original.startswith("keras")
        models = [name for name in ENDINGS if name != "keras" or original == "keras"]
        fill_combo(self._formats, [(format_words(name), name) for name in models], original)
        if self._formats.currentIndex() < 0:
            self._formats.setCurrentIndex(0)
        self._format_chosen()

    @property
    def like(self) -> str:
        """The checkpoint that names shall be like, or an empty text."""
        return self._like.path()

    @property
    def format(self) -> str:
        """As CONTRACT.md names it."""
        return str(self._formats.currentData())

    @property
    def certify(self) -> bool:
        """Whether it shall be restored and compared."""
        return self._certify.isChecked()

    @property
    def names(self) -> NamesAs:
        """What variables are called."""
        names: NamesAs = self._names.currentData()
        return names

    def file_name(self, name: str) -> str:
        """A name with the ending of the format."""
        ending = ENDINGS[self.format]
        return name if not ending or name.lower().endswith(ending) else name + ending

    def options(self, *, overwrite: bool) -> WriteOptions:
        """As they were chosen."""
        from ckpt_studio.formats.writing import WriteOptions

        bundle, several = self.format == "tf_bundle", self.format in _SEVERAL
        return WriteOptions(
            sharing=self._sharing.currentData() if bundle else "copy",
            overwrite=overwrite,
            shard_size=self._size.currentData() if several else None,
        )

    def _format_chosen(self, *_: object) -> None:
        bundle = self.format == "tf_bundle"
        self._names.blockSignals(True)
        self._names.clear()
        full = self.tr("Full names"), "full"
        keys = self.tr("As they are in the original"), "keys"
        objects = self.tr("Full names, with an object graph (tf.train.Checkpoint)"), "objects"
        for text, data in (keys, full, objects) if bundle else (full, keys):
            self._names.addItem(text, data)
        if self._by_place:
            self._names.setCurrentIndex(self._names.findData("full"))
        self._names.blockSignals(False)
        self._form.setRowVisible(self._names, not self.format.startswith("keras"))
        self._form.setRowVisible(self._sharing, bundle)
        self._form.setRowVisible(self._size, self.format in _SEVERAL)
        self._chosen()

    def _chosen(self, *_: object) -> None:
        texts = {
            "copy": self.tr("The new checkpoint stands on its own."),
            "link": self.tr(
                "No room and no time for unchanged data files: both checkpoints are names for the same bytes. A "
                "program that overwrites one in place changes the other."
            ),
            "compact": self.tr("Takes the longest, and gives one data file without gaps."),
        }
        anew = self._size.currentData() is not None
        self._sharing.setEnabled(not anew)
        bundle = self.format == "tf_bundle"
        self._text.setText(texts[self._sharing.currentData()] if bundle and not anew else "")
        self._text.setVisible(bool(self._text.text()))
        self.changed.emit()
