"""Steps on the masks: tools in the hand, keys, approvals, undo."""

from __future__ import annotations

import random

from qtpy.QtCore import Qt

from apprentice_lab.trust.window.desk import Desk
from apprentice_lab.trust.window.hand import CTRL, SHIFT


def paint(desk: Desk, draw: random.Random) -> None:
    """A stroke."""
    if not take(desk, "paint", draw):
        return
    start = desk.hand.somewhere(draw)
    middle = desk.hand.near(start, draw)
    desk.hand.drag([start, middle, desk.hand.near(middle, draw)])


def erase(desk: Desk, draw: random.Random) -> None:
    """A stroke of the eraser."""
    if take(desk, "erase", draw):
        start = desk.hand.somewhere(draw)
        desk.hand.drag([start, desk.hand.near(start, draw)])


def fill(desk: Desk, draw: random.Random) -> None:
    """A click of the bucket."""
    if take(desk, "fill", draw):
        desk.hand.click(desk.hand.somewhere(draw))


def polygon(desk: Desk, draw: random.Random) -> None:
    """Three corners, closed by a double click, or left as they are."""
    if not take(desk, "polygon", draw):
        return
    for _ in range(3):
        desk.hand.click(desk.hand.somewhere(draw))
    if draw.random() < 0.8:
        desk.hand.double_click(desk.hand.somewhere(draw))


def background_brush(desk: Desk, draw: random.Random) -> None:
    """A stroke of the background brush."""
    if take(desk, "background", draw):
        start = desk.hand.somewhere(draw)
        desk.hand.drag([start, desk.hand.near(start, draw)])


def new_object(desk: Desk, draw: random.Random) -> None:
    """Press its button."""
    _press(desk, "new object")


def pick(desk: Desk, draw: random.Random) -> None:
    """Pick an id."""
    if take(desk, "pick", draw):
        desk.hand.click(desk.hand.somewhere(draw))


def approve_object(desk: Desk, draw: random.Random) -> None:
    """Click one, or press A above it."""
    if draw.random() < 0.5:
        if take(desk, "approve", draw):
            desk.hand.click(desk.hand.somewhere(draw))
    elif desk.look_at_masks(draw):
        desk.hand.click(desk.hand.somewhere(draw))
        desk.hand.key(Qt.Key.Key_A)


def approve_more(desk: Desk, draw: random.Random) -> None:
    """What is in view, a slice, the image."""
    if desk.panel is None:
        return
    menu = desk.panel.correct.more.menu()
    actions = [] if menu is None else menu.actions()
    if actions and draw.random() < 0.5 and desk.panel.correct.more.isEnabled():
        draw.choice(actions).trigger()
    else:
        _press(desk, "approve view")


def undo(desk: Desk, draw: random.Random) -> None:
    """Ctrl+Z, once to three times."""
    if desk.look_at_masks(draw):
        for _ in range(draw.randint(1, 3)):
            desk.hand.key(Qt.Key.Key_Z, CTRL)


def redo(desk: Desk, draw: random.Random) -> None:
    """Ctrl+Shift+Z, once to three times."""
    if desk.look_at_masks(draw):
        for _ in range(draw.randint(1, 3)):
            desk.hand.key(Qt.Key.Key_Z, CTRL | SHIFT)


def use_as_start(desk: Desk, draw: random.Random) -> None:
    """Labels of the user's own become masks."""
    if desk.panel is None:
        return
    start = desk.panel.image.start
    if start.isVisibleTo(desk.panel) and start.count() > 1:
        start.setCurrentIndex(draw.randrange(1, start.count()))
        start.activated.emit(start.currentIndex())


def show_masks_again(desk: Desk, draw: random.Random) -> None:
    """The button that is there after the layer was deleted."""
    if desk.panel is not None and desk.panel.correct.missing.isVisibleTo(desk.panel):
        desk.panel.correct.missing.click()


def show_confirmed(desk: Desk, draw: random.Random) -> None:
    """Tick or untick it."""
    if desk.panel is not None and desk.panel.correct.show_confirmed.isEnabled():
        desk.panel.correct.show_confirmed.click()


def _press(desk: Desk, tool: str) -> None:
    button = None if desk.panel is None else desk.panel.correct.buttons[tool]
    if button is not None and button.isEnabled():
        button.click()


def take(desk: Desk, tool: str, draw: random.Random) -> bool:
    """Whether the tool is in the hand now, above the masks if all is well."""
    if desk.panel is None:
        return False
    if desk.panel.tools.current != tool:
        _press(desk, tool)
    return desk.panel.tools.current == tool and desk.look_at_masks(draw)
