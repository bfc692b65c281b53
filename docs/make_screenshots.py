"""Make the pictures in docs/images: the loop in a real window, on the samples, with corrections from their known truth.

xvfb-run -a -s "-screen 0 1600x1000x24" python docs/make_screenshots.py
"""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import napari
import numpy as np
import tifffile
from PIL import Image
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from scipy import ndimage
from skimage import data

from apprentice_lab.bench.report import DATA
from apprentice_lab.bench.window.waiting import wait, wait_until
from napari_apprentice import FreshSettings, Session
from napari_apprentice.data import samples
from napari_apprentice.data.files import read_image
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.storage import put_away
from napari_apprentice.demo import OBJECTS, correct
from napari_apprentice.gui.app import open_window
from napari_apprentice.gui.objects.pane import FILTER
from napari_apprentice.session import SessionOptions
from napari_apprentice.session.next_step import NAMES
from napari_apprentice.settings import ClassName

IMAGES = Path(__file__).parent / "images"
SIZE = (1300, 860)
COLOURS = 256
REAL = "A16_s2_5AF20A10"  # of BBBC039, CC0
DENSE = "M12_s7_93E9BA0F"  # the same
PHASE = "set28"  # of usiigaci_phase, MIT
MOSAIC = 12  # times the sample, along both sides
TEACH_S = 75.0
GLAND_CLASSES = (
    ClassName(value=1, name="gland", color="#ff7f0e"),
    ClassName(value=2, name="stroma", color="#1f77b4"),
    ClassName(value=3, name="empty", color="#e8e8e8"),
)


def main() -> None:
    """The loop on 2D nuclei, two models judged, a volume, classes on a real section, the networks: all pictures."""
    IMAGES.mkdir(exist_ok=True)
    with TemporaryDirectory() as home:
        os.environ["APPRENTICE_HOME"] = home
        put_away.write(NAMES)  # hints would lie on the pictures
        _all()


def _all() -> None:
    _loop()
    _try()
    _compare()
    _evaluate()
    _objects()
    _review()
    _volume()
    _large()
    _classes()
    _networks()


def _loop() -> None:
    volume, truth = samples.load("nuclei_2d")
    with Session.temporary() as session:
        viewer, panel = _window(session, volume)
        session.choose_model("nuclei-2d")
        _picture(viewer, "open")
        session.segment()
        wait_until(lambda: not session.busy())
        _picture(viewer, "segment")
        correct(session, truth, OBJECTS)
        panel.label_layers.show_confirmed(True)
        _picture(viewer, "correct")
        panel.label_layers.show_confirmed(False)
        session.teach_settings = session.teach_settings.model_copy(update={"max_seconds": TEACH_S})
        session.teach()
        wait(0.6 * TEACH_S)
        _show(panel, panel.teach)
        _picture(viewer, "teach")
        wait_until(lambda: not session.busy())
        _use(session)
        _show(panel, panel.teach)
        _picture(viewer, "better")
        _close(viewer, panel)


def _compare() -> None:
    """A model of other images, a few corrections, and the version that waits beside it."""
    volume, truth = samples.load("nuclei_2d")
    with Session.temporary() as session:
        viewer, panel = _window(session, volume)
        session.choose_model("cells-2d")
        correct(session, truth, 9)
        session.segment()
        wait_until(lambda: not session.busy())
        few = {"max_seconds": 4 * TEACH_S, "max_steps": 20}
        session.teach_settings = session.teach_settings.model_copy(update=few)
        session.teach()
        wait_until(lambda: not session.busy(), longest_s=10 * TEACH_S)
        session.compare("v1")
        wait_until(lambda: not session.busy())
        panel.teach.versions.shows_new.click()
        panel.said.hide()
        wait(1.0)
        _show(panel, panel.teach.versions)
        _picture(viewer, "compare")
        _close(viewer, panel)


def _use(session: Session) -> None:
    """Use what waits, as the reader would after comparing it."""
    if session.waiting is not None:
        session.use()
        wait_until(lambda: not session.busy())


def _evaluate() -> None:
    """Two models judged by the sample's truth."""
    volume, truth = samples.load("nuclei_2d")
    with Session.temporary() as session:
        viewer, panel = _window(session, volume)
        session.edits.replace_labels(truth)
        panel.how_well.show()
        for model in ("cells-2d", "nuclei-2d"):
            session.evaluate(model, all_labels=True)
            wait_until(lambda: not session.busy())
        pane = panel.how_well.pane
        if pane is not None:
            pane.all_labels.setChecked(True)
        _picture(viewer, "evaluate")
        _close(viewer, panel)


def _try() -> None:
    """Both models of objects on a real image in phase contrast; where the images are not there, no picture."""
    path = DATA / "usiigaci_phase" / "images" / f"{PHASE}.tif"
    if not path.exists():
        return
    with Session.temporary() as session:
        viewer, panel = _window(session, read_image(path))
        panel.model.try_all.click()
        wait_until(lambda: not session.busy(), longest_s=120)
        if panel.tried.pane is not None:
            QTest.mouseClick(panel.tried.pane.cards[0].picture, Qt.MouseButton.LeftButton)
        _picture(viewer, "try")
        _close(viewer, panel)


def _segmented(session: Session, path: Path) -> tuple[Any, Any]:
    """A window with an image and what the model for nuclei proposes."""
    viewer, panel = _window(session, read_image(path))
    session.choose_model("nuclei-2d")
    session.segment()
    wait_until(lambda: not session.busy())
    return viewer, panel


def _objects() -> None:
    """What the model finds in a real image, as rows, and what a filter would remove."""
    path = DATA / "bbbc039" / "images" / f"{REAL}.tif"
    if not path.exists():
        return
    with Session.temporary() as session:
        viewer, panel = _segmented(session, path)
        panel.objects.show()
        wait(1.0)
        pane = panel.objects.pane
        if pane is not None:
            pane.turn_to(FILTER)
            pane.filter.fields["min_size"].setText("300")
            pane.filter.border.setChecked(True)
        viewer.reset_view()
        _picture(viewer, "objects")
        _close(viewer, panel)


def _review() -> None:
    """The most doubtful object of a real image, and the doubt of all; where the images are not there, no picture."""
    path = DATA / "bbbc039" / "images" / f"{DENSE}.tif"
    if not path.exists():
        return
    with Session.temporary() as session:
        viewer, panel = _segmented(session, path)
        _show(panel, panel.review)
        panel.review.show_map.setChecked(True)
        panel.review.buttons["next doubtful"].click()
        for _ in range(2):
            panel.review.buttons["approve and next"].click()
        while session.review.place is not None and session.review.place.id is None:
            panel.review.buttons["next doubtful"].click()
        wait(4.0)
        viewer.scene.camera.zoom *= 0.7
        _picture(viewer, "review")
        _close(viewer, panel)


def _volume() -> None:
    with Session.temporary() as session:
        viewer, panel = _window(session, samples.load("nuclei_3d")[0])
        session.segment()
        wait_until(lambda: not session.busy())
        viewer.dims.set_point(0, viewer.dims.range[0].stop / 2)
        _picture(viewer, "volume")
        _close(viewer, panel)


def _large() -> None:
    """The sample many times over, in a file with a pyramid: of such an image a part is open."""
    tile = samples.load("nuclei_2d")[0].pixels[0, 0, 0]
    rows = [np.hstack([np.rot90(tile, (i + j) % 4) for j in range(MOSAIC)]) for i in range(MOSAIC)]
    with TemporaryDirectory() as folder, Session.temporary() as session:
        path = Path(folder) / "mosaic.ome.tif"
        _write_pyramid(path, np.vstack(rows))
        session.options = SessionOptions(largest_whole=1 << 24)
        viewer, panel = _window(session, read_image(path))
        session.segment_all()
        wait_until(lambda: not session.busy(), longest_s=900)
        viewer.scene.camera.zoom *= 3
        wait(1.5)
        _picture(viewer, "large")
        _close(viewer, panel)


def _write_pyramid(path: Path, pixels: np.ndarray) -> None:
    """OME-TIFF with coarser levels."""
    levels = [pixels[::step, ::step] for step in (1, 2, 4, 8)]
    with tifffile.TiffWriter(path, ome=True) as file:
        size = {"PhysicalSizeX": 0.325, "PhysicalSizeY": 0.325}
        file.write(levels[0], subifds=3, tile=(512, 512), metadata={"axes": "YX", **size})
        for level in levels[1:]:
            file.write(level, subfiletype=1, tile=(512, 512))


def _classes() -> None:
    """Glands in a colon section, a real image that comes with scikit-image; a fresh network learns from strokes."""
    pixels = np.moveaxis(data.immunohistochemistry()[..., :3], -1, 0)[None, :, None]
    with Session.temporary() as session:
        viewer, panel = _window(session, Volume(pixels, name="colon section", metadata={"rgb": True}))
        session.choose_kind("classes", GLAND_CLASSES)
        session.choose_model("fresh")
        for value, mask in _strokes(pixels[0, :, 0]).items():
            session.paint(np.flatnonzero(mask), value)
        panel.label_layers.show_confirmed(False)
        _picture(viewer, "classes-strokes")
        _live(panel)
        _picture(viewer, "live")
        session.live.off()
        session.teach_settings = session.teach_settings.model_copy(update={"max_seconds": 2 * TEACH_S})
        session.teach()
        wait_until(lambda: not session.busy(), longest_s=4 * TEACH_S)
        _use(session)
        _show(panel, panel.image)
        _picture(viewer, "classes")
        _close(viewer, panel)


def _live(panel: Any) -> None:
    """The strokes that are there are learned at once."""
    panel.correct.live.box.click()
    wait_until(lambda: panel.session.live.proposal is not None and not panel.session.busy())
    _show(panel, panel.correct)


def _networks() -> None:
    """A fresh attention U-Net is chosen and taught; then one of its gates is looked at."""
    volume, truth = samples.load("nuclei_2d")
    with Session.temporary() as session:
        viewer, panel = _window(session, volume)
        session.choose_model("fresh")
        session.fresh_settings = FreshSettings(network="attention-unet")
        panel.model.fresh.fold.click()
        correct(session, truth, OBJECTS)
        _picture(viewer, "networks-panel")
        session.teach_settings = session.teach_settings.model_copy(update={"max_seconds": 2 * TEACH_S})
        session.teach()
        wait_until(lambda: not session.busy(), longest_s=4 * TEACH_S)
        _use(session)
        panel.label_layers.labels.visible = False
        viewer.scene.camera.zoom *= 1.6
        wait(0.5)
        panel.model.inside.level.setCurrentIndex(panel.model.inside.level.findData("gate 0"))
        panel.model.inside.button.click()
        wait_until(lambda: not session.busy())
        _picture(viewer, "networks-inside")
        _close(viewer, panel)


def _strokes(rgb: Any) -> dict[int, Any]:
    """Short strokes of a wide brush where the colours leave no doubt, as a person would make them."""
    red, _, blue = rgb.astype(float)
    bright = rgb.min(axis=0).astype(float)
    brown, level = ndimage.gaussian_filter(red - blue, 9), ndimage.gaussian_filter(bright, 4)
    texture = np.sqrt(np.maximum(ndimage.gaussian_filter(bright**2, 4) - level**2, 0))
    empty = (level > 205) & (texture < 5) & (abs(brown) < 25)
    near_empty = ndimage.binary_dilation(empty, iterations=8)
    sure = {1: brown > 35, 2: (brown < 5) & (level < 225) & ~near_empty, 3: empty}
    random = np.random.default_rng(1)
    strokes = {}
    for value, where in sure.items():
        spots = np.argwhere(ndimage.binary_erosion(where, iterations=4))
        strokes[value] = np.zeros(where.shape, bool)
        for y, x in spots[random.integers(len(spots), size=20)]:
            strokes[value][max(0, y - 4) : y + 4, max(0, x - 22) : x + 22] = True
        strokes[value] &= where
    return strokes


def _window(session: Session, volume: Any) -> tuple[napari.Viewer, Any]:
    viewer, panel = open_window(volume, session)
    viewer.window.resize(*SIZE)
    wait(1.0)
    if session.current is None:
        panel.image.open(panel.images.layers[0])
    wait(1.0)
    viewer.reset_view()
    return viewer, panel


def _close(viewer: napari.Viewer, panel: Any) -> None:
    panel.runtime.close()
    viewer.close()
    wait(0.5)


def _show(panel: Any, section: Any) -> None:
    """Scroll the panel to a section."""
    from qtpy.QtWidgets import QScrollArea

    panel.findChild(QScrollArea).ensureWidgetVisible(section, 0, 0)
    wait(0.3)


def _picture(viewer: napari.Viewer, name: str) -> None:
    """What is on the screen, in few colours to stay small."""
    wait(1.0)
    pixels = viewer.screenshot(canvas_only=False, flash=False)
    picture = Image.fromarray(np.ascontiguousarray(pixels[..., :3])).quantize(
        COLOURS, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE
    )
    picture.save(IMAGES / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
