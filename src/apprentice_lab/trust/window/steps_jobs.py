"""Steps that begin and end jobs, choose models, and change projects."""

from __future__ import annotations

import random

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QAbstractButton, QComboBox

from apprentice_lab.trust.window.desk import Desk, wait
from apprentice_lab.trust.window.steps_masks import take
from napari_apprentice.project.recent import recent_projects

_TEACH_S, _TEACH_STEPS = 2.0, 4
_FORMATS = (".tif", ".npy", ".csv", ".zip", ".ome.zarr", ".geojson")


def segment(desk: Desk, draw: random.Random) -> None:
    """Press *Segment*, and wait for a moment or not at all."""
    if desk.panel is not None and _press(desk, desk.panel.segment.job.verb.button):
        wait(draw.choice((0.0, 0.0, 0.1, 0.5)))


def cancel(desk: Desk, draw: random.Random) -> None:
    """Press *Cancel* of whatever runs."""
    if desk.panel is None:
        return
    for job in (desk.panel.segment.job, desk.panel.teach.job):
        _press(desk, job.cancel)


def teach(desk: Desk, draw: random.Random) -> None:
    """Press *Teach*, for seconds."""
    if desk.panel is None:
        return
    session = desk.panel.session
    session.teach_settings = session.teach_settings.model_copy(
        update={"max_seconds": _TEACH_S, "max_steps": _TEACH_STEPS}
    )
    _press(desk, desk.panel.teach.job.verb.button)


def adopt_or_go_back(desk: Desk, draw: random.Random) -> None:
    """The buttons below *Teach*."""
    if desk.panel is not None:
        _press(desk, draw.choice((desk.panel.teach.versions.adopt, desk.panel.teach.versions.back)))


def click_a_cell(desk: Desk, draw: random.Random) -> None:
    """Click with the tool in the hand; the answer comes when it comes."""
    if take(desk, "click", draw):
        desk.hand.click(desk.hand.somewhere(draw))
        wait(draw.choice((0.0, 0.1, 0.3)))


def keep(desk: Desk, draw: random.Random) -> None:
    """Enter, where a proposal waits."""
    if _waits(desk) and desk.look_at_masks(draw):
        desk.hand.key(Qt.Key.Key_Return)


def discard(desk: Desk, draw: random.Random) -> None:
    """Escape, where a proposal waits."""
    if _waits(desk) and desk.look_at_masks(draw):
        desk.hand.key(Qt.Key.Key_Escape)


def look_inside(desk: Desk, draw: random.Random) -> None:
    """Show a level of the network."""
    if desk.panel is None:
        return
    inside = desk.panel.model.inside
    if inside.level.count():
        inside.level.setCurrentIndex(draw.randrange(inside.level.count()))
        _press(desk, inside.button)


def evaluate(desk: Desk, draw: random.Random) -> None:
    """Open the pane of scores and press *Evaluate* there."""
    if desk.panel is None or not desk.panel.model.evaluate.isEnabled():
        return
    desk.panel.model.evaluate.click()
    pane = desk.panel.how_well.pane
    if pane is not None:
        pane.all_labels.setChecked(draw.random() < 0.5)
        _press(desk, pane.job.verb.button)


def export(desk: Desk, draw: random.Random) -> None:
    """Press *Export*, or *Cancel export*."""
    if desk.panel is not None:
        desk.asked = str(desk.folder / f"export-{draw.randrange(3)}{draw.choice(_FORMATS)}")
        _press(desk, desk.panel.project.export)


def wait_a_moment(desk: Desk, draw: random.Random) -> None:
    """Let what is under way go on."""
    wait(draw.choice((0.05, 0.2, 0.6)))


def choose_model(desk: Desk, draw: random.Random) -> None:
    """One of the list that has a name."""
    if desk.panel is not None:
        box = desk.panel.model.choice
        _choose(box, draw.choice([i for i in range(box.count() - 1) if box.itemData(i)]))


def choose_kind(desk: Desk, draw: random.Random) -> None:
    """Cells or classes; what is asked for then is now and then done."""
    if desk.panel is None or not desk.panel.image.kind.isEnabled():
        return
    _choose(desk.panel.image.kind, draw.randrange(2))
    if draw.random() < 0.3:
        _press(desk, desk.panel.image.other)


def close_panel(desk: Desk, draw: random.Random) -> None:
    """Press its cross."""
    desk.close_panel()


def open_panel(desk: Desk, draw: random.Random) -> None:
    """Open it again, where it was closed."""
    desk.open_panel()


def new_project(desk: Desk, draw: random.Random) -> None:
    """Press *New*."""
    if desk.panel is not None:
        _press(desk, desk.panel.project.new)


def continue_project(desk: Desk, draw: random.Random) -> None:
    """One that *Continue* lists."""
    found = [] if desk.panel is None else [one for one in recent_projects() if not one.is_open]
    if desk.panel is not None and found:
        desk.panel.continue_project(draw.choice(found[:4]).path)


def save_elsewhere(desk: Desk, draw: random.Random) -> None:
    """Go on with the project in another folder."""
    session = desk.session
    if session is not None and session.project is not None:
        session.save_project_in(desk.folder / f"elsewhere-{draw.randrange(1_000_000)}")
        desk.states.clear()  # the history before it stays in memory only


def _waits(desk: Desk) -> bool:
    return desk.session is not None and desk.session.verbs.click.proposal is not None


def _press(desk: Desk, button: QAbstractButton) -> bool:
    """Whether it could be pressed."""
    can_be = button.isEnabled() and (button.isVisibleTo(desk.panel) or button.isVisible())
    if can_be:
        button.click()
    return can_be


def _choose(box: QComboBox, index: int) -> None:
    box.setCurrentIndex(index)
    box.activated.emit(index)
