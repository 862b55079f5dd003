"""Trouble is told in the window, not in a box over it: a sentence, what can be done about it, a way to dismiss it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtGui import QColor, QPalette, QResizeEvent
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ckpt_studio.gui.icons import icon, pixmap
from ckpt_studio.gui.texts import in_action, visible
from ckpt_studio.gui.trouble import Trouble
from ckpt_studio.gui.wrapped_label import WrappedLabel

MOST: Final = 3
"""So many banners are shown; the oldest goes when another comes."""


class Banner(QFrame):
    """One sentence."""

    def __init__(self, trouble: Trouble, dismissed: Callable[[Banner], object], parent: QWidget) -> None:
        super().__init__(parent)
        self.trouble = trouble
        self.setObjectName("banner")
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setAutoFillBackground(True)
        self.setAccessibleName(trouble.sentence)
        self._sign = QLabel(self)
        sentence = "\n".join(visible(line) for line in trouble.sentence.splitlines())
        self._text = text = WrappedLabel("bannerText", sentence, self)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(10, 6, 6, 6)
        layout.setSpacing(8)
        layout.addWidget(self._sign)
        layout.addWidget(text, 1)
        if trouble.action is not None and trouble.action_text:
            layout.addWidget(
                self._button(
                    "bannerAction", in_action(trouble.action_text), lambda: self._act(trouble.action)
                )
            )
        if trouble.other is not None and trouble.other_text:
            layout.addWidget(
                self._button("bannerOther", in_action(trouble.other_text), lambda: self._act(trouble.other))
            )
        if trouble.detail:
            layout.addWidget(self._button("bannerCopy", self.tr("Copy Report"), self._copy))
        self._close = QToolButton(self)
        self._close.setObjectName("bannerClose")
        self._close.setAutoRaise(True)
        self._close.setToolTip(self.tr("Dismiss"))
        self._close.setAccessibleName(self.tr("Dismiss"))
        self._close.clicked.connect(lambda: dismissed(self))
        layout.addWidget(self._close)
        self._dismissed = dismissed
        self.tint()

    def _button(self, name: str, text: str, pressed: Callable[[], object]) -> QPushButton:
        button = QPushButton(text, self)
        button.setObjectName(name)
        button.clicked.connect(lambda checked=False: pressed())
        return button

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Insist on the height that the text takes at this width: a window that is short of room would cut it."""
        super().resizeEvent(event)
        self._text.setMinimumHeight(self._text.heightForWidth(self._text.width()))

    def tint(self) -> None:
        """Take the colours of the palette as it is now."""
        palette = QApplication.palette()
        dark = palette.color(QPalette.ColorRole.Window).lightness() < 128
        if self.trouble.grave:
            back, front = ("#4a2a26", "#ffb4a8") if dark else ("#fdecea", "#a3271c")
        else:
            back, front = ("#223349", "#9cc7ff") if dark else ("#e8f1fc", "#1a5fb4")
        palette.setColor(QPalette.ColorRole.Window, QColor(back))
        self.setPalette(palette)
        self._sign.setPixmap(pixmap("triangle-alert" if self.trouble.grave else "info", 16, QColor(front)))
        self._close.setIcon(icon("x"))

    def _act(self, action: Callable[[], object] | None) -> None:
        self._dismissed(self)
        if action is not None:
            action()

    def _copy(self) -> None:
        QApplication.clipboard().setText(self.trouble.detail or "")


class BannerArea(QWidget):
    """The banners of a window, newest first. The same sentence is not shown twice."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("banners")
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(6, 6, 6, 0)
        self._layout.setSpacing(4)
        self._banners: list[Banner] = []
        self.hide()

    @property
    def banners(self) -> tuple[Banner, ...]:
        """What is shown, newest first."""
        return tuple(self._banners)

    def tell(self, trouble: Trouble) -> None:
        """Show another banner."""
        for banner in self.banners:
            if banner.trouble.sentence == trouble.sentence:
                self.dismiss(banner)
        banner = Banner(trouble, self.dismiss, self)
        self._banners.insert(0, banner)
        self._layout.insertWidget(0, banner)
        for old in self._banners[MOST:]:
            self.dismiss(old)
        self.show()

    def dismiss(self, banner: Banner) -> None:
        """Take a banner away."""
        if banner in self._banners:
            self._banners.remove(banner)
            self._layout.removeWidget(banner)
            banner.hide()
            banner.deleteLater()
        self.setVisible(bool(self._banners))

    def retract(self, trouble: Trouble) -> None:
        """Take away the banner of what is over."""
        for banner in self.banners:
            if banner.trouble is trouble:
                self.dismiss(banner)

    def clear(self) -> None:
        """Take all banners away."""
        for banner in self.banners:
            self.dismiss(banner)

    def tint(self) -> None:
        """Take the colours of the palette as it is now."""
        for banner in self._banners:
            banner.tint()
