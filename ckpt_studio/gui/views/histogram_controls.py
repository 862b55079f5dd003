"""The fields above the histogram: scales, bins, range, channels, and what is laid over it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QLocale, Qt, Signal
from PySide6.QtGui import QAction, QDoubleValidator
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QLineEdit, QSpinBox, QToolButton, QWidget

from ckpt_studio.gui.dialogs.fields import fill_combo, named
from ckpt_studio.gui.flow import FlowLayout
from ckpt_studio.gui.menu_button import MenuButton
from ckpt_studio.gui.texts import in_action, visible

if TYPE_CHECKING:
    from ckpt_studio.analysis.distribution import ValueScale

_BINS: Final = 128
_MOST_BINS: Final = 4096
PERCENTILES: Final = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)


class HistogramControls(QWidget):
    """`asked` is emitted when something else is to be counted, `redrawn` when the same is to be drawn otherwise,
    `wholeWanted` when all values are to be seen again."""

    asked = Signal()
    wholeWanted = Signal()
    redrawn = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._range: tuple[float | None, float | None] = (None, None)
        self._wanted_slots: set[str] = set()
        self._wanted_axis: int | None = None
        self._rank = 0
        self._make_scales()
        self._make_range()
        self._make_channels()
        self._show = self._show_menu()
        self.row = FlowLayout(self)
        self._channel_group = self._group(self.tr("Cha&nnels"), self._channels)
        for group in (
            self._group(self.tr("&Values"), self._values),
            self._group(self.tr("&Counts"), self._counts),
            self._group(self.tr("&Bins"), self._bins),
            self._group(self.tr("Ran&ge"), self._low, self._high, self._all),
            self._channel_group,
            self._show,
        ):
            self.row.addWidget(group)

    # ---- the fields

    def _make_scales(self) -> None:
        self._values = QComboBox(self)
        named(self._values, "histogramValueScale", self.tr("Scale of the values"))
        for text, scale in (
            (self.tr("Linear"), "linear"),
            (self.tr("Logarithmic"), "log"),
            (self.tr("Symmetric log"), "symlog"),
        ):
            self._values.addItem(text, scale)
        self._values.activated.connect(lambda _: self.asked.emit())
        self._counts = QComboBox(self)
        named(self._counts, "histogramScale", self.tr("Scale of the counts"))
        self._counts.addItem(self.tr("Linear"), False)
        self._counts.addItem(self.tr("Logarithmic"), True)
        self._counts.activated.connect(lambda _: self.redrawn.emit())

    def _make_range(self) -> None:
        self._bins = QSpinBox(self)
        named(self._bins, "histogramBins", self.tr("Number of bins"))
        self._bins.setRange(1, _MOST_BINS)
        self._bins.setValue(_BINS)
        self._bins.setKeyboardTracking(False)
        self._bins.valueChanged.connect(lambda _: self.asked.emit())
        self._low = self._end("histogramLow", self.tr("Begin of the range"))
        self._high = self._end("histogramHigh", self.tr("End of the range"))
        self._all = QToolButton(self)
        named(self._all, "histogramAutoRange", self.tr("Show the whole range"))
        self._all.setText(self.tr("All"))
        self._all.setToolTip(self.tr("Show the whole range"))
        self._all.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._all.clicked.connect(self.wholeWanted)

    def _end(self, name: str, title: str) -> QLineEdit:
        field = QLineEdit(self)
        named(field, name, title)
        field.setPlaceholderText(self.tr("auto"))
        field.setToolTip(self.tr("Type a number, or drag over the plot"))
        field.setFixedWidth(field.fontMetrics().horizontalAdvance("-0.00000e-00") + 14)
        validator = QDoubleValidator(field)
        validator.setLocale(QLocale.c())
        field.setValidator(validator)
        field.editingFinished.connect(self._range_edited)
        return field

    def _make_channels(self) -> None:
        self._channels = QComboBox(self)
        named(self._channels, "histogramChannels", self.tr("One histogram a channel of this axis"))
        self._channels.activated.connect(lambda _: self._axis_chosen())

    def _group(self, text: str, *fields: QWidget) -> QWidget:
        group = QWidget(self)
        row = QHBoxLayout(group)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        label = QLabel(text, group)
        label.setBuddy(fields[0])
        row.addWidget(label)
        for field in fields:
            row.addWidget(field)
        return group

    def _show_menu(self) -> MenuButton:
        button = MenuButton("histogramShow", self.tr("What else is shown"), self.tr("Show"), self)
        self._menu = button.entries
        self._cumulative = self._choice("histogramCumulative", self.tr("&Cumulative"))
        self._cumulative.toggled.connect(lambda _: self.redrawn.emit())
        self._percentiles = self._choice("histogramPercentiles", self.tr("&Percentiles"))
        self._percentiles.toggled.connect(lambda _: self.asked.emit())
        self._slots_title = self._menu.addSection(self.tr("Optimizer slots"))
        self._slots_title.setVisible(False)
        self._slots: list[QAction] = []
        return button

    def _choice(self, name: str, text: str) -> QAction:
        action = self._menu.addAction(text)
        action.setObjectName(name)
        action.setCheckable(True)
        return action

    # ---- what is chosen

    @property
    def bins(self) -> int:
        """How many bins at most."""
        return self._bins.value()

    @property
    def scale(self) -> ValueScale:
        """Of the values."""
        scale: ValueScale = self._values.currentData()
        return scale

    @property
    def log(self) -> bool:
        """Whether counts are on a logarithmic axis."""
        return bool(self._counts.currentData())

    @property
    def cumulative(self) -> bool:
        """Whether a bin shows all values up to it."""
        return self._cumulative.isChecked()

    @property
    def shares(self) -> tuple[float, ...]:
        """Percentiles that are wanted."""
        return PERCENTILES if self._percentiles.isChecked() else ()

    @property
    def axis(self) -> int | None:
        """Whose channels are shown one by one."""
        axis: int | None = self._channels.currentData()
        return axis

    @property
    def range(self) -> tuple[float | None, float | None]:
        """Ends of the range, None for the own ones of the values."""
        return self._range

    def wants_slot(self, name: str) -> bool:
        """Whether a slot of this name is laid over."""
        return name in self._wanted_slots

    # ---- what can be chosen

    def set_range(self, low: float | None, high: float | None) -> None:
        """Write this range into the fields; it counts from the next request on."""
        for field, end in ((self._low, low), (self._high, high)):
            field.setText("" if end is None else f"{end:.6g}")
        self._range = self._typed()

    def choose_range(self, low: float | None, high: float | None) -> None:
        """As if it had been typed."""
        before = self._range
        self.set_range(low, high)
        if self._range != before:
            self.asked.emit()

    def offer_axes(self, shape: tuple[int, ...]) -> None:
        """Channels of a variable of this shape; an axis that was chosen stays, counted from the last one."""
        self._rank = len(shape)
        axes = [
            (self.tr("axis {0} ({1:,})").format(i, extent), i) for i, extent in enumerate(shape) if extent > 1
        ]
        wanted = None if self._wanted_axis is None else self._wanted_axis + self._rank
        offered = len(shape) > 1 and bool(axes)
        choices = [(self.tr("together"), None), *(axes if offered else ())]
        fill_combo(self._channels, list(choices), wanted)
        if self._channels.currentIndex() < 0:
            self._channels.setCurrentIndex(0)
        self._channel_group.setVisible(offered)

    def offer_slots(self, names: Sequence[str]) -> None:
        """Slots of the variable; one that was chosen by name stays."""
        for action in self._slots:
            self._menu.removeAction(action)
            action.deleteLater()
        self._slots = []
        self._slots_title.setVisible(bool(names))
        for name in names:
            action = self._choice(f"histogramSlot:{name}", in_action(visible(name)))
            action.setChecked(name in self._wanted_slots)
            action.toggled.connect(lambda on, name=name: self._slot_toggled(name, on))
            self._slots.append(action)

    def allow_cumulative(self, allowed: bool) -> None:
        """Channels have heights only."""
        self._cumulative.setEnabled(allowed)

    # ---- a person's hand

    def _slot_toggled(self, name: str, on: bool) -> None:
        (self._wanted_slots.add if on else self._wanted_slots.discard)(name)
        self.asked.emit()

    def _axis_chosen(self) -> None:
        axis = self.axis
        self._wanted_axis = None if axis is None else axis - self._rank
        self.asked.emit()

    def _typed(self) -> tuple[float | None, float | None]:
        low, high = (float(field.text()) if field.text() else None for field in (self._low, self._high))
        return low, high

    def _range_edited(self) -> None:
        if self._typed() != self._range:
            self._range = self._typed()
            self.asked.emit()
