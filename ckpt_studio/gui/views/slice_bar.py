"""Which flat slice heatmap and table show: two axes, an index for each other axis, and whose values."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QSlider,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ckpt_studio.gui.dialogs.fields import fill_combo, named
from ckpt_studio.gui.views.subject import Which

if TYPE_CHECKING:
    from ckpt_studio.analysis.planes import Plane
    from ckpt_studio.analysis.slices import SliceSpec
    from ckpt_studio.gui.views.subject import Subject

_LARGEST_SPIN: Final = 2**31 - 1
_FLAT: Final = 2
"""Tensors with more axes can be seen as filters."""
_ACROSS: Final = 2
"""Sliders side by side."""


class SliceBar(QWidget):
    """`changed` is emitted when a person chooses another slice or other values."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("sliceBar")
        self.setAccessibleName(self.tr("Slice"))
        self._spec: SliceSpec | None = None
        self._rows, self._columns = self._axis("sliceRowAxis", 0), self._axis("sliceColumnAxis", 1)
        self._which = QComboBox(self)
        named(self._which, "sliceWhich", self.tr("Values shown"))
        self._which.activated.connect(lambda _: self.changed.emit())
        self._axes = QWidget(self)
        row = QHBoxLayout(self._axes)
        row.setContentsMargins(0, 0, 0, 0)
        for text, combo in ((self.tr("&Rows"), self._rows), (self.tr("C&olumns"), self._columns)):
            label = QLabel(text, self._axes)
            label.setBuddy(combo)
            row.addWidget(label)
            row.addWidget(combo)
        swap = self._button("sliceTranspose", "⇄", self.tr("Exchange rows and columns"))
        swap.clicked.connect(lambda _=False: self._swap())
        self._filters = self._button(
            "sliceFilters",
            self.tr("&Filters"),
            self.tr("Show all filters side by side, each of these two axes"),
        )
        self._filters.setCheckable(True)
        self._filters.toggled.connect(lambda _: self._filters_toggled())
        row.addWidget(swap)
        row.addWidget(self._filters)
        self._offers_filters = False
        self._sliders = QWidget(self)
        self._grid = QGridLayout(self._sliders)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._indices: dict[int, _Index] = {}
        top = QHBoxLayout()
        top.addWidget(self._axes)
        top.addStretch(1)
        top.addWidget(self._which)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 4, 8, 6)
        column.setSpacing(4)
        column.addLayout(top)
        column.addWidget(self._sliders)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)

    @property
    def spec(self) -> SliceSpec | None:
        """The slice, or None where there is no variable with a shape."""
        return self._spec

    @property
    def plane(self) -> Plane | None:
        """The slice, or all filters side by side, if a person wants to see that."""
        if self._spec is None or not self._shows_filters:
            return self._spec
        from ckpt_studio.analysis.grids import FilterGrid

        assert self._spec.row_axis is not None
        assert self._spec.column_axis is not None
        return FilterGrid.of_axes(self._spec.shape, self._spec.row_axis, self._spec.column_axis)

    @property
    def _shows_filters(self) -> bool:
        return self._filters.isChecked() and self._spec is not None and len(self._spec.shape) > _FLAT

    def offer_filters(self, offered: bool) -> None:
        """Whether what shows the slice can show filters side by side, too."""
        self._offers_filters = offered
        self._place()

    def go_to(self, index: tuple[int, ...]) -> None:
        """The slice along the same axes that an element lies in."""
        if self._spec is not None and len(index) == len(self._spec.shape):
            self._take(self._spec.at(index))

    @property
    def which(self) -> Which:
        """Whose values are shown."""
        chosen = self._which.currentData()
        return chosen if isinstance(chosen, Which) else Which.staged

    @property
    def has_choices(self) -> bool:
        """Whether there is anything to choose for this variable."""
        rank = len(self._spec.shape) if self._spec is not None else 0
        return rank > 1 or self._which.isVisibleTo(self)

    def present(self, subject: Subject | None) -> None:
        """Offer what this variable has; a variable of the same shape keeps the slice."""
        shape = None if subject is None else subject.staged.info.shape
        self._offer_values(subject)
        if shape is None:
            self._spec = None
        elif self._spec is None or self._spec.shape != shape:
            from ckpt_studio.analysis.slices import SliceSpec

            self._spec = SliceSpec.of_shape(shape)
            if self._shows_filters:
                self._spec = _as_filter(self._spec)
            self._offer(self._spec)
        self._axes.setVisible(shape is not None and len(shape) > 1)
        self._place()

    def _place(self) -> None:
        """Show what there is to choose."""
        deep = self._spec is not None and len(self._spec.shape) > _FLAT
        self._filters.setVisible(deep and self._offers_filters)
        self._sliders.setVisible(not (self._shows_filters and self._offers_filters))

    def _offer_values(self, subject: Subject | None) -> None:
        """Offer the values that have the shape of those that are staged; a choice that is still there stays."""
        texts = {
            Which.staged: self.tr("Staged values"),
            Which.original: self.tr("Original values"),
            Which.compared: self.tr("Compared values"),
            Which.change: self.tr("Staged − original"),
            Which.difference: self.tr("Staged − compared"),
        }
        offered = [Which.staged] if subject is None else subject.of_same_shape
        chosen = self.which if self.which in offered else Which.staged
        fill_combo(self._which, [(texts[which], which) for which in offered], chosen)
        self._which.setVisible(len(offered) > 1)

    def _offer(self, spec: SliceSpec) -> None:
        axes = [(self.tr("Axis {0} ({1:,})").format(i, extent), i) for i, extent in enumerate(spec.shape)]
        fill_combo(self._rows, list(axes), spec.row_axis)
        fill_combo(self._columns, list(axes), spec.column_axis)
        for index in self._indices.values():
            index.deleteLater()
        self._indices = {}
        others = [axis for axis in range(len(spec.shape)) if axis not in (spec.row_axis, spec.column_axis)]
        for place, axis in enumerate(others):
            index = _Index(axis, spec.shape[axis], spec.fixed[axis], self._sliders)
            index.moved.connect(self._index_moved)
            self._grid.addWidget(index, place // _ACROSS, place % _ACROSS)
            self._indices[axis] = index

    def _axis(self, name: str, place: int) -> QComboBox:
        combo = QComboBox(self)
        named(combo, name, self.tr("Axis that runs across") if place else self.tr("Axis that runs down"))
        combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        combo.activated.connect(lambda _: self._axis_chosen(place))
        return combo

    def _axis_chosen(self, place: int) -> None:
        from ckpt_studio.analysis.slices import SliceSpec

        before = self._spec
        if before is None:
            return
        rows, columns = int(self._rows.currentData()), int(self._columns.currentData())
        if rows == columns:  # the axis that was chosen changes places with the other
            if place == 0 and before.row_axis is not None:
                columns = before.row_axis
            elif before.column_axis is not None:
                rows = before.column_axis
        self._take(SliceSpec(before.shape, rows, columns, before.fixed))

    def _swap(self) -> None:
        if self._spec is not None:
            self._take(self._spec.transposed())

    def _filters_toggled(self) -> None:
        from ckpt_studio.analysis.slices import SliceSpec

        if (
            self._spec is not None
            and self._shows_filters
            and self._spec == SliceSpec.of_shape(self._spec.shape)
        ):
            self._spec = _as_filter(self._spec)  # nobody has chosen axes yet
        self._place()
        if self._spec is not None:
            self._take(self._spec)

    def _take(self, spec: SliceSpec) -> None:
        self._spec = spec
        self._offer(spec)
        self.changed.emit()

    def _button(self, name: str, text: str, tip: str) -> QToolButton:
        button = QToolButton(self._axes)
        named(button, name, tip)
        button.setText(text)
        button.setToolTip(tip)
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        return button

    def _index_moved(self, axis: int, value: int) -> None:
        from ckpt_studio.analysis.slices import SliceSpec

        before = self._spec
        if before is None:
            return
        fixed = tuple(value if a == axis else index for a, index in enumerate(before.fixed))
        self._spec = SliceSpec(before.shape, before.row_axis, before.column_axis, fixed)
        self.changed.emit()


def _as_filter(spec: SliceSpec) -> SliceSpec:
    """The slice whose axes are those of a filter, at the same place."""
    from ckpt_studio.analysis.grids import FilterGrid

    grid = FilterGrid.of_shape(spec.shape)
    return replace(spec, row_axis=grid.row_axis, column_axis=grid.column_axis)


class _Index(QWidget):
    """Slider and field for the index on one axis."""

    moved = Signal(int, int)

    def __init__(self, axis: int, extent: int, value: int, parent: QWidget) -> None:
        super().__init__(parent)
        last = min(max(extent - 1, 0), _LARGEST_SPIN)
        label = QLabel(self.tr("Axis {0}").format(axis), self)
        slider = QSlider(Qt.Orientation.Horizontal, self)
        named(slider, f"sliceSlider{axis}", self.tr("Index on axis {0}").format(axis))
        spin = QSpinBox(self)
        named(spin, f"sliceIndex{axis}", self.tr("Index on axis {0}").format(axis))
        spin.setKeyboardTracking(False)
        spin.setSuffix(f" / {last:,}")
        for control in (slider, spin):
            control.setRange(0, last)
            control.setValue(value)
        slider.setPageStep(max(1, last // 10))
        slider.valueChanged.connect(spin.setValue)
        spin.valueChanged.connect(slider.setValue)
        spin.valueChanged.connect(lambda index: self.moved.emit(axis, index))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(label)
        row.addWidget(slider, 1)
        row.addWidget(spin)
