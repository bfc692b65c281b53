"""*Continue*: the projects of before, the one worked on last first, each with a picture."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from qtpy.QtCore import QSize, Qt
from qtpy.QtGui import QColor, QIcon, QPainter, QPixmap
from qtpy.QtWidgets import QListWidget, QListWidgetItem, QMenu, QPushButton, QWidgetAction

from napari_apprentice.project.recent import RecentProject, recent_projects

PATH = Qt.ItemDataRole.UserRole
_MOST, _SEEN = 20, 5  # projects in the list, and at once
_PICTURE, _ROW, _LINE, _WIDTH, _MARGIN = 48, 58, 30, 330, 6  # pixels of the screen
_NONE = "There is no project yet"
_ELSEWHERE = "open in another window"


class RecentMenu(QMenu):
    """A menu with the projects there are; ``go_on`` is called with the folder of the one that is chosen.

    ``here`` gives the folder of the project that is open, which is left out.
    """

    def __init__(self, here: Callable[[], Path | None], go_on: Callable[[Path], None]) -> None:
        super().__init__()
        self._here = here
        self._go_on = go_on
        self.list = QListWidget()
        self.list.setIconSize(QSize(_PICTURE, _PICTURE))
        self.list.setFixedWidth(_WIDTH)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.list.itemClicked.connect(self._on_chosen)
        self.list.itemActivated.connect(self._on_chosen)
        action = QWidgetAction(self)
        action.setDefaultWidget(self.list)
        self.addAction(action)
        self.aboutToShow.connect(self.fill)

    def showEvent(self, event: Any) -> None:
        """Stay within the window that the panel is in: what reaches beyond may be beyond the screen."""
        super().showEvent(event)
        button = self.parentWidget()
        window = None if button is None else button.window()
        if window is not None:
            beyond = self.frameGeometry().right() - window.frameGeometry().right()
            self.move(self.x() - max(0, beyond), self.y())

    def fill(self) -> None:
        """Look which projects there are now."""
        here = self._here()
        found = [recent for recent in recent_projects() if recent.path != here][:_MOST]
        self.list.clear()
        for recent in found:
            self.list.addItem(_item(recent))
        if not found:
            _disable(none := QListWidgetItem(_NONE))
            self.list.addItem(none)
        self.list.setFixedHeight(min(len(found), _SEEN) * _ROW + 4 if found else _LINE)

    def _on_chosen(self, item: QListWidgetItem) -> None:
        if self.isVisible() and item.flags() & Qt.ItemFlag.ItemIsEnabled:  # a click may also count as activated
            path = Path(item.data(PATH))
            self.close()
            self._go_on(path)


class LatestOffer(QPushButton):
    """A button that goes on with the project worked on last; hidden until that is offered.

    ``go_on`` is called with its folder.
    """

    def __init__(self, go_on: Callable[[Path], None]) -> None:
        super().__init__()
        self._go_on = go_on
        self._latest: Path | None = None
        self._words = ""
        self.setMinimumWidth(1)  # a long name does not widen the panel
        self.setProperty("role", "plain")
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.clicked.connect(self._on_clicked)
        self.hide()

    def show_latest(self) -> None:
        """Offer the latest project, if there is one."""
        latest = next(iter(recent_projects()), None)
        if latest is not None:
            self._latest = latest.path
            self._words = f"Continue: {title(latest)}"
            self.setToolTip(f"{self._words}\n{latest.path}")
            self._fit()
            self.show()

    def resizeEvent(self, event: Any) -> None:
        """Another width shows more of the name, or less."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        room = self.width() - 2 * _MARGIN
        self.setText(self.fontMetrics().elidedText(self._words, Qt.TextElideMode.ElideMiddle, room))

    def _on_clicked(self) -> None:
        if self._latest is not None:
            self._go_on(self._latest)


def title(recent: RecentProject) -> str:
    """Such as "nuclei_2d, 1 image, today 14:05"."""
    return ", ".join([recent.name, _images(recent), _when(recent)])


def _item(recent: RecentProject) -> QListWidgetItem:
    told = [_images(recent), _when(recent)]
    if recent.objects is not None:
        told.insert(1, "1 object" if recent.objects == 1 else f"{recent.objects:,} objects")
    elsewhere = recent.is_open
    item = QListWidgetItem(_picture(recent), "\n".join([recent.name, _ELSEWHERE if elsewhere else ", ".join(told)]))
    item.setData(PATH, str(recent.path))
    item.setToolTip(f"{title(recent)}\n{recent.path}")
    item.setSizeHint(QSize(0, _ROW))
    if elsewhere:
        _disable(item)
    return item


def _disable(item: QListWidgetItem) -> None:
    item.setFlags(item.flags() & ~(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable))


def _picture(recent: RecentProject) -> QIcon:
    """The project's picture on a square, so that all texts begin below each other."""
    square = QPixmap(2 * _PICTURE, 2 * _PICTURE)
    square.fill(QColor(0, 0, 0, 0))
    if recent.picture is not None:
        picture = QPixmap(str(recent.picture))
        if not picture.isNull():
            _draw_amid(square, picture)
    icon = QIcon(square)
    icon.addPixmap(square, QIcon.Mode.Disabled)
    return icon


def _draw_amid(square: QPixmap, picture: QPixmap) -> None:
    fitted = picture.scaled(
        square.size(), Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
    )
    painter = QPainter(square)
    painter.drawPixmap((square.width() - fitted.width()) // 2, (square.height() - fitted.height()) // 2, fitted)
    painter.end()


def _images(recent: RecentProject) -> str:
    return "1 image" if recent.images == 1 else f"{recent.images} images"


def _when(recent: RecentProject) -> str:
    today = recent.changed.date() == datetime.now().astimezone().date()
    return f"today {recent.changed:%H:%M}" if today else f"{recent.changed:%Y-%m-%d}"
