"""Make the pictures of the tutorials in a real window, on the samples that come with the package.

xvfb-run -a -s "-screen 0 1600x1000x24" python docs/tutorials/make_pictures.py [nuclei cells volume tissue]

What a reader does by hand is done by the session here, from the known truth of the samples; what networks make of it
is theirs.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

sys.path.insert(0, str(Path(__file__).parents[1]))

from windows import close, new_home, picture, scroll_to, window

from apprentice_lab.bench.window.waiting import wait, wait_until
from napari_apprentice import Session
from napari_apprentice.data import samples
from napari_apprentice.gui.objects.pane import FILTER

SIZE = (1366, 768)  # the smallest screen of a laptop
CELLS_TO_CLICK = 6
STEPS = {"cells": 300, "volume": 240}  # by steps, so that a busy computer makes the same pictures
TEACH_S = 3600.0
LONGEST_S = 4000.0
SLICES = (8, 16, 24)


def main() -> None:
    """All pictures, or those named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="only these tutorials")
    with new_home():
        for name in parser.parse_args().names or TUTORIALS:
            TUTORIALS[name]()


def nuclei() -> None:
    """Segment, go through what is doubtful, filter, judge."""
    volume, _ = samples.load("nuclei_2d")
    with Session.temporary() as session:
        viewer, panel = window(session, volume, SIZE)
        session.choose_model("nuclei-2d")
        picture(viewer, "tutorials/nuclei-opened")
        session.segment()
        _until_idle(session)
        picture(viewer, "tutorials/nuclei-segmented")
        scroll_to(panel, panel.review)
        panel.review.buttons["next doubtful"].click()
        wait(8.0)  # the suggestion comes from another process
        picture(viewer, "tutorials/nuclei-doubtful")
        session.review.end()
        viewer.reset_view()
        panel.objects.show()
        wait(1.0)
        panel.objects.pane.turn_to(FILTER)
        panel.objects.pane.filter.fields["min_size"].setText("20")
        panel.objects.pane.filter.border.setChecked(True)
        wait(1.0)
        viewer.reset_view()
        picture(viewer, "tutorials/nuclei-table")
        close(viewer, panel)


def cells() -> None:
    """Click cells, teach a network with half of the image, and let it see the other half."""
    volume, truth = samples.load("cells_2d")
    left = replace(volume, pixels=volume.pixels[..., :256], name="left half")
    right = replace(volume, pixels=volume.pixels[..., 256:], name="right half")
    with Session.temporary() as session:
        viewer, panel = window(session, left, SIZE)
        for mask in _whole(truth[..., :256])[:CELLS_TO_CLICK]:
            session.click(_middle(mask))
            _until_idle(session)
            session.keep_click()
        session.click(_middle(_whole(truth[..., :256])[CELLS_TO_CLICK]))
        _until_idle(session)
        picture(viewer, "tutorials/cells-clicked")
        session.discard_click()
        session.edits.replace_labels(truth[..., :256])
        session.edits.approve_region((slice(0, 1), slice(0, 1), slice(0, 512), slice(0, 256)))
        session.choose_model("nuclei-2d")
        _teach(session, panel, viewer, STEPS["cells"], "tutorials/cells-teaching")
        close(viewer, panel)
        viewer, panel = window(session, right, SIZE)
        _open(session, panel, "right half")
        session.segment()
        _until_masks(session, panel)
        viewer.reset_view()
        scroll_to(panel, panel.image)
        picture(viewer, "tutorials/cells-found")
        close(viewer, panel)


def volume() -> None:
    """Three slices are approved, a network for volumes learns from them, and finds nuclei in all slices."""
    image, truth = samples.load("nuclei_3d")
    with Session.temporary() as session:
        viewer, panel = window(session, image, SIZE)
        some = np.zeros_like(truth)
        some[:, list(SLICES)] = truth[:, list(SLICES)]
        session.edits.replace_labels(some)
        for z in SLICES:
            session.edits.approve_region((slice(0, 1), slice(z, z + 1), slice(0, 160), slice(0, 160)))
        _at_slice(viewer, SLICES[1])
        panel.label_layers.show_confirmed(True)
        scroll_to(panel, panel.correct)
        picture(viewer, "tutorials/volume-slices")
        panel.label_layers.show_confirmed(False)
        session.choose_model("nuclei-3d")
        _teach(session, panel, viewer, STEPS["volume"])
        session.segment()
        _until_masks(session, panel)
        _at_slice(viewer, 12)
        picture(viewer, "tutorials/volume-found")
        viewer.dims.ndisplay = 3
        viewer.reset_view()
        viewer.scene.camera.angles = (0.0, 25.0, 60.0)
        viewer.scene.camera.zoom *= 0.7  # all of it, seen from a corner
        wait(2.0)
        picture(viewer, "tutorials/volume-in-3d")
        close(viewer, panel)


def tissue() -> None:
    """A few strokes of each class, and what Live makes of them."""
    image, truth = samples.load("tissue_2d")
    with Session.temporary() as session:
        viewer, panel = window(session, image, SIZE)
        session.choose_kind("classes", samples.describe_sample("tissue_2d").classes)
        session.choose_model("fresh")
        for value, mask in _strokes(truth).items():
            session.paint(np.flatnonzero(mask), value)
        scroll_to(panel, panel.correct)
        picture(viewer, "tutorials/tissue-strokes")
        panel.correct.live.box.click()
        wait_until(lambda: session.live.proposal is not None and not session.busy(), longest_s=LONGEST_S)
        scroll_to(panel, panel.correct)
        picture(viewer, "tutorials/tissue-live")
        session.live.off()
        close(viewer, panel)


TUTORIALS = {one.__name__: one for one in (nuclei, cells, volume, tissue)}


def _teach(session: Session, panel: Any, viewer: Any, steps: int, name: str = "") -> None:
    """Teach, with a picture on the way, and use what came of it."""
    session.teach_settings = session.teach_settings.model_copy(update={"max_seconds": TEACH_S, "max_steps": steps})
    told: list[str] = []
    session.job_event.connect(lambda kind, event: told.append(kind))
    session.teach()
    if name:
        wait_until(lambda: told.count("teach") >= steps // 2 or not session.busy(), longest_s=LONGEST_S)
        scroll_to(panel, panel.teach)
        picture(viewer, name)
    _until_idle(session)
    if session.waiting is not None:
        session.use()
        _until_idle(session)


def _until_idle(session: Session) -> None:
    wait_until(lambda: not session.busy(), longest_s=LONGEST_S)


def _until_masks(session: Session, panel: Any) -> None:
    """Until masks were taken in and are in their layer."""
    _until_idle(session)
    wait_until(lambda: panel.label_layers.labels is not None and bool(np.any(panel.label_layers.labels.data)))
    wait(2.0)  # drawn by then
    _until_idle(session)
    panel.said.hide()  # it lies on the masks


def _open(session: Session, panel: Any, name: str) -> None:
    """The image to work on, of those in the viewer; the others are hidden."""
    layers = panel.images.layers
    panel.image.open(next(layer for layer in layers if layer.name == name))
    wait_until(lambda: session.current is not None and session.current.name == name)
    for layer in layers:
        layer.visible = layer.name == name


def _at_slice(viewer: Any, z: int) -> None:
    viewer.dims.set_current_step(0, z)
    wait(0.5)


def _whole(truth: NDArray[Any]) -> list[NDArray[np.bool_]]:
    """Objects that no edge cuts, from the middle outwards."""
    masks = [truth == value for value in np.unique(truth) if value]
    masks = [mask for mask in masks if not (mask[..., 0].any() or mask[..., -1].any() or mask[..., 0, :].any())]
    middle = np.array(truth.shape) / 2
    return sorted(masks, key=lambda mask: float(np.hypot(*(np.array(_middle(mask)) - middle)[2:])))


def _middle(mask: NDArray[np.bool_]) -> tuple[float, ...]:
    """The voxel farthest from the outline."""
    depth = ndimage.distance_transform_edt(mask[0, 0])
    y, x = np.unravel_index(int(depth.argmax()), depth.shape)
    return 0.0, 0.0, float(y), float(x)


def _strokes(truth: NDArray[Any], count: int = 8) -> dict[int, NDArray[np.bool_]]:
    """Short strokes well within each class, as a person would make them."""
    random = np.random.default_rng(0)
    strokes = {}
    for value in (1, 2, 3):
        where = truth[0, 0] == value
        spots = np.argwhere(ndimage.binary_erosion(where, iterations=5))
        stroke = np.zeros(where.shape, bool)
        for y, x in spots[random.integers(len(spots), size=count)]:
            stroke[max(0, y - 3) : y + 4, max(0, x - 15) : x + 16] = True
        strokes[value] = (stroke & where)[None, None]
    return strokes


if __name__ == "__main__":
    main()
