"""What must hold after every step, and what is looked at now and then because it takes longer."""

from __future__ import annotations

import shutil
import zlib
from pathlib import Path

import numpy as np
from napari.layers import Layer

from apprentice_lab.trust.window.desk import Desk, Wrong
from napari_apprentice.gui.labels_layer import ApprenticeLabels
from napari_apprentice.gui.layers import is_marked
from napari_apprentice.gui.panel import ApprenticePanel
from napari_apprentice.session import ProjectImage, Session


def look(desk: Desk) -> None:
    """`Wrong` when layers and session do not belong together, or a step undone or redone is not what it was."""
    if desk.panel is None:
        _only_leftovers(desk)
        return
    _masks_of_the_current_image(desk, desk.panel)
    _no_strays(desk, desk.panel)
    _list_shows_what_is_open(desk.panel)
    _same_state_again(desk)


def look_closely(desk: Desk) -> None:
    """`Wrong` when the journal tells something else than memory, or undoing all and doing it again is not exact."""
    session = desk.session
    if session is None or session.project is None:
        return
    _journal_tells_memory(session, desk.folder / "replayed")
    for entry in session.entries:
        if entry is session.current:
            _undo_all_and_redo_all(session, entry)
    _journal_tells_memory(session, desk.folder / "replayed")


# layers


def _only_leftovers(desk: Desk) -> None:
    ours = [layer for layer in desk.viewer.layers if _is_ours(layer)]
    for layer in ours:
        if is_marked(layer) or layer.binding is not None or layer.editable:
            raise Wrong(f"the panel is closed and left {layer.name} behind, which works")
    if len(ours) > 1:
        raise Wrong(f"the panel is closed and left {[layer.name for layer in ours]} behind")


def _masks_of_the_current_image(desk: Desk, panel: ApprenticePanel) -> None:
    session, masks, current = panel.session, panel.label_layers.labels, panel.session.current
    if masks is None:
        if current is not None and not desk.masks_deleted:
            raise Wrong(f"{current.name} is open and has no masks layer")
        return
    desk.masks_deleted = False
    if current is None or masks.binding is None or masks.binding.entry is not current:
        raise Wrong(f"the layer {masks.name} is not of the current image")
    if masks not in desk.viewer.layers:
        raise Wrong(f"the layer {masks.name} is not in the viewer")
    if not np.array_equal(_plain(masks.data), _plain(current.labels)):
        raise Wrong(f"the layer {masks.name} shows other labels than the session has")
    if current not in session.entries:
        raise Wrong(f"{current.name} is current and not in the project")
    confirmed = panel.label_layers.confirmed
    if confirmed is not None:
        if confirmed not in desk.viewer.layers:
            raise Wrong("the layer of what is confirmed is not in the viewer")
        if not np.shares_memory(confirmed.data.confirmed, current.confirmed):
            raise Wrong("the layer of what is confirmed is of another image")
    shown = panel.images.current
    if shown is not None and shown.layer is not None:
        if shown.layer not in desk.viewer.layers:
            raise Wrong(f"the current image is shown by {shown.layer.name}, which is not in the viewer")
        offset = shown.layer.ndim - masks.ndim
        if not np.allclose(masks.scale, np.asarray(shown.layer.scale)[offset:]):
            raise Wrong(f"the layer {masks.name} has scale {masks.scale}, its image {shown.layer.scale}")


def _no_strays(desk: Desk, panel: ApprenticePanel) -> None:
    """Each layer of ours is one that is needed now."""
    session, pane = panel.session, panel.how_well.pane
    known = [panel.label_layers.labels, panel.label_layers.confirmed, None if pane is None else pane.marks.layer]
    others = [layer for layer in desk.viewer.layers if _is_ours(layer) and not any(layer is one for one in known)]
    masks = [layer.name for layer in others if isinstance(layer, ApprenticeLabels)]
    if masks and session.project is not None:
        raise Wrong(f"there are masks that belong to nothing: {masks}")
    inside = session.inside_map
    allowed = session.busy("segment") + (session.verbs.click.proposal is not None or panel.tools.current == "click")
    allowed += inside is not None and inside.entry is session.current
    if len(others) - len(masks) > allowed:
        raise Wrong(f"there are layers of ours that nobody needs: {[layer.name for layer in others]}")


def _list_shows_what_is_open(panel: ApprenticePanel) -> None:
    shown, choice = panel.images.current, panel.image.choice
    expected = None if shown is None else shown.layer
    if choice.currentData() is not expected:
        raise Wrong(f"the panel's list shows {choice.currentText()!r}, and the current image is another one")
    if [choice.itemData(i) for i in range(choice.count())] != panel.images.layers:
        raise Wrong("the panel lists other images than there are")
    names = [choice.itemText(i) for i in range(choice.count())]
    if names != [layer.name for layer in panel.images.layers]:
        raise Wrong(f"the panel lists images under old names: {names}")


def _is_ours(layer: Layer) -> bool:
    return isinstance(layer, ApprenticeLabels) or is_marked(layer)


def _plain(array: object) -> np.ndarray:
    return np.squeeze(np.asarray(array))


# edits


def _same_state_again(desk: Desk) -> None:
    """The same steps done always come to the same labels."""
    session = desk.session
    entry = None if session is None else session.current
    if session is None or entry is None or session.project is None:
        return
    done = tuple(step.number for step in entry.history.done)
    key = (str(session.project.path), entry.id, done)
    state = _state(entry)
    if desk.states.setdefault(key, state) != state:
        raise Wrong(f"after {len(done)} steps {entry.name} is not what it was after the same steps before")


def _undo_all_and_redo_all(session: Session, entry: ProjectImage) -> None:
    before, done, undone = _state(entry), len(entry.history.done), len(entry.history.undone)
    for count, there, back in ((done, session.undo, session.redo), (undone, session.redo, session.undo)):
        for _ in range(count):
            there()
        for _ in range(count):
            back()
        if _state(entry) != before:
            raise Wrong(f"{entry.name} is not what it was after {count} steps taken back and done again")
    if (len(entry.history.done), len(entry.history.undone)) != (done, undone):
        raise Wrong(f"the history of {entry.name} is another one after all was taken back and done again")


def _journal_tells_memory(session: Session, place: Path) -> None:
    """A copy of the project's folder as it is now on disk opens with what is in memory."""
    if session.project is None:
        return
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(session.project.path, place, ignore=shutil.ignore_patterns("lock", "scratch"))
    with Session.open(place) as replayed:
        kept = {entry.id: entry for entry in replayed.entries}
        for entry in session.entries:
            other = kept.get(entry.id)
            if other is None:
                raise Wrong(f"{entry.name} is not in the project on disk: {replayed.images.complaints}")
            if _state(other) != _state(entry):
                raise Wrong(f"the journal of {entry.name} tells other labels than memory has")
            if other.complaint:
                raise Wrong(other.complaint)
    shutil.rmtree(place)


def _state(entry: ProjectImage) -> tuple[int, int]:
    return zlib.crc32(entry.labels.tobytes()), zlib.crc32(entry.confirmed.tobytes())
