"""The controls above a heatmap: what a pixel stands for, colours, where to go, regions and profiles."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QMenu, QToolButton, QWidget

from ckpt_studio.gui.dialogs.fields import named
from ckpt_studio.gui.icons import icon
from ckpt_studio.gui.menu_button import MenuButton
from ckpt_studio.gui.views.colours import Colouring, Limits, Ramp

if TYPE_CHECKING:
    from ckpt_studio.analysis.canvas import Reduce

C = TypeVar("C")


class HeatmapControls(QWidget):
    """Signals say what a person wants; attributes what is chosen."""

    reduceChanged = Signal()
    coloursChanged = Signal()
    fitWanted = Signal()
    nextWanted = Signal(str)
    """"nan" or "inf"."""
    regionsToggled = Signal(bool)
    profilesToggled = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("heatmapControls")
        self._colouring = Colouring()
        self._signs: dict[QToolButton, str] = {}
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._reduce = self._pixel_combo()
        self._colours = self._colour_button()
        self._row.addSpacing(6)
        self._button("heatmapReset", "fit", self.tr("Show the whole slice (Home)"), self.fitWanted.emit)
        self._button(
            "heatmapNextNaN", "", self.tr("Go to the next NaN"), lambda: self.nextWanted.emit("nan"), "NaN"
        )
        self._button(
            "heatmapNextInf", "", self.tr("Go to the next Inf"), lambda: self.nextWanted.emit("inf"), "Inf"
        )
        self.regions = self._toggle(
            "heatmapRegions", "region", self.tr("Drag to choose a region and see its statistics"),
            self.regionsToggled,
        )  # fmt: skip
        self.profiles = self._toggle(
            "heatmapProfiles", "profiles", self.tr("Show the row and the column that are pointed at as lines"),
            self.profilesToggled,
        )  # fmt: skip
        self._row.addStretch(1)

    def changeEvent(self, event: QEvent) -> None:
        """Draw the signs again in the colour of the texts."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            for button, sign in self._signs.items():
                button.setIcon(icon(sign))

    def add(self, widget: QWidget) -> None:
        """Put something at the right end."""
        self._row.addWidget(widget)

    # ---- what is chosen

    @property
    def reduce(self) -> Reduce:
        """What stands for the elements of a pixel."""
        chosen: Reduce = self._reduce.currentData()
        return chosen

    @property
    def colouring(self) -> Colouring:
        """How values become colours."""
        return self._colouring

    # ---- the parts

    def _pixel_combo(self) -> QComboBox:
        combo = QComboBox(self)
        named(combo, "heatmapReduce", self.tr("What stands for the elements of a pixel"))
        combo.setToolTip(self.tr("What stands for the elements of a pixel"))
        for text, value in (
            (self.tr("Largest |x|"), "extreme"),
            (self.tr("Mean"), "mean"),
            (self.tr("Minimum"), "min"),
            (self.tr("Maximum"), "max"),
            (self.tr("NaN and Inf"), "marks"),
        ):
            combo.addItem(text, value)
        combo.activated.connect(lambda _: self.reduceChanged.emit())
        label = QLabel(self.tr("&Pixel"), self)
        label.setBuddy(combo)
        self._row.addWidget(label)
        self._row.addWidget(combo)
        return combo

    def _colour_button(self) -> MenuButton:
        button = MenuButton("heatmapColours", self.tr("Colours"), self.tr("Colours"), self)
        button.setToolTip(self.tr("Colours, scale and limits"))
        menu = button.entries
        self._choices(
            menu,
            "Ramp",
            {Ramp.around_zero: self.tr("Around zero"), Ramp.low_to_high: self.tr("From low to high")},
            Ramp.around_zero,
            lambda ramp: Colouring(ramp, self._colouring.logarithmic, self._colouring.limits),
        )
        menu.addSeparator()
        log = menu.addAction(self.tr("Logarithmic"))
        log.setObjectName("heatmapLogarithmic")
        log.setCheckable(True)
        log.toggled.connect(
            lambda on: self._take(Colouring(self._colouring.ramp, on, self._colouring.limits))
        )
        menu.addSeparator()
        parts = {limits: self.tr("{0} % to {1} %").format(limits.value, 100 - limits.value)
                 for limits in (Limits.most, Limits.many, Limits.inner)}  # fmt: skip
        self._choices(
            menu,
            "Limits",
            {Limits.all: self.tr("All values"), Limits.seen: self.tr("What is seen"), **parts},
            Limits.all,
            lambda limits: Colouring(self._colouring.ramp, self._colouring.logarithmic, limits),
        )
        self._row.addWidget(button)
        return button

    def _choices(
        self, menu: QMenu, name: str, texts: dict[C, str], first: C, made: Callable[[C], Colouring]
    ) -> None:
        """One of several."""
        group = QActionGroup(menu)
        for value, text in texts.items():
            action = menu.addAction(text)
            action.setObjectName(f"heatmap{name}_{getattr(value, 'name', value)}")
            action.setCheckable(True)
            action.setChecked(value == first)
            group.addAction(action)
            action.triggered.connect(lambda _=False, value=value: self._take(made(value)))

    def _take(self, colouring: Colouring) -> None:
        if colouring != self._colouring:
            self._colouring = colouring
            self.coloursChanged.emit()

    def _button(
        self, name: str, sign: str, tip: str, do: Callable[[], Any] | None = None, text: str = ""
    ) -> QToolButton:
        button = QToolButton(self)
        named(button, name, tip)
        button.setToolTip(tip)
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        if sign:
            button.setIcon(icon(sign))
            self._signs[button] = sign
        else:
            button.setText(f"→ {text}")
        if do is not None:
            button.clicked.connect(lambda _=False: do())
        self._row.addWidget(button)
        return button

    def _toggle(self, name: str, sign: str, tip: str, told: Any) -> QToolButton:
        button = self._button(name, sign, tip)
        button.setCheckable(True)
        button.toggled.connect(told)
        return button
