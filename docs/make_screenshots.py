"""Make the pictures in docs/images: the loop in a real window, on the samples, with corrections from their known truth.

xvfb-run -a -s "-screen 0 1600x1000x24" python docs/make_screenshots.py
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import napari
import numpy as np
import tifffile
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from scipy import ndimage
from skimage import data
from superqt.utils import qimage_to_array
from windows import close, new_home, picture, save, scroll_to, window

from apprentice_lab.bench.report import DATA
from apprentice_lab.bench.window.waiting import wait, wait_until
from napari_apprentice import FreshSettings, Session
from napari_apprentice.data import samples
from napari_apprentice.data.files import read_image
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.demo import OBJECTS, correct
from napari_apprentice.gui.objects.pane import CLASSES, FILTER, MAP
from napari_apprentice.gui.untold_dialog import UntoldDialog
from napari_apprentice.jobs import Untold
from napari_apprentice.session import SessionOptions
from napari_apprentice.settings import ClassName

SIZE = (1300, 860)
REAL = "A16_s2_5AF20A10"  # of BBBC039, CC0
AXONS = "m373C_s0004"  # of axons_tem_srf, MIT
DENSE = "M12_s7_93E9BA0F"  # the same
PHASE = "set28"  # of usiigaci_phase, MIT
MOSAIC = 12  # times the sample, along both sides
TEACH_S = 75.0
KEPT = 40  # axons
GLAND_CLASSES = (
    ClassName(value=1, name="gland", color="#ff7f0e"),
    ClassName(value=2, name="stroma", color="#1f77b4"),
    ClassName(value=3, name="empty", color="#e8e8e8"),
)


def main() -> None:
    """The loop on 2D nuclei, two models judged, a volume, classes on a real section, the networks: all pictures."""
    with new_home():
        _all()


def _all() -> None:
    _loop()
    _try()
    _compare()
    _evaluate()
    _objects()
    _object_classes()
    _click_learning()
    _in_review(_review)
    _in_review(_page)
    _volume()
    _large()
    _classes()
    _networks()
    _untold_model()


def _loop() -> None:
    volume, truth = samples.load("nuclei_2d")
    with Session.temporary() as session:
        viewer, panel = _window(session, volume)
        session.choose_model("nuclei-2d")
        picture(viewer, "open")
        session.segment()
        wait_until(lambda: not session.busy())
        picture(viewer, "segment")
        correct(session, truth, OBJECTS)
        panel.label_layers.show_confirmed(True)
        picture(viewer, "correct")
        panel.label_layers.show_confirmed(False)
        session.teach_settings = session.teach_settings.model_copy(update={"max_seconds": TEACH_S})
        session.teach()
        wait(0.6 * TEACH_S)
        scroll_to(panel, panel.teach)
        picture(viewer, "teach")
        wait_until(lambda: not session.busy())
        _use(session)
        scroll_to(panel, panel.teach)
        picture(viewer, "better")
        close(viewer, panel)


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
        scroll_to(panel, panel.teach.versions)
        picture(viewer, "compare")
        close(viewer, panel)


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
        picture(viewer, "evaluate")
        close(viewer, panel)


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
        picture(viewer, "try")
        close(viewer, panel)


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
        picture(viewer, "objects")
        close(viewer, panel)


def _object_classes() -> None:
    """Axons whose kind is known, a few of them given their class; where the images are not there, no picture."""
    folder = DATA / "axons_tem_srf"
    if not folder.exists():
        return
    volume, labels, kinds = (read_image(folder / one / f"{AXONS}.tif") for one in ("images", "labels", "classes"))
    with Session.temporary() as session:
        viewer, panel = _window(session, volume)
        ids = np.asarray(labels.pixels[:, 0], np.uint32)
        session.edits.replace_labels(ids)
        panel.objects.show()
        pane = panel.objects.pane
        pane.turn_to(CLASSES)
        is_myelinated = {
            one: (np.asarray(kinds.pixels[:, 0])[ids == one] == 1).mean() > 0.5 for one in np.unique(ids)[1:]
        }
        for name, wanted in (("myelinated", True), ("unmyelinated", False)):
            session.object_classes.add(name)
            few = [one for one, is_one in is_myelinated.items() if is_one == wanted][::2][:6]
            session.object_classes.give([[0, one] for one in few], name)
        wait_until(lambda: session.object_classes.seen.described(session.current) is not None, 120)
        pane.classes.show_colours.setChecked(True)
        wait_until(lambda: "class" in session.objects.now().columns, 20)
        wait(1.5)
        picture(viewer, "object-classes")
        pane.classes.show_colours.setChecked(False)
        pane.turn_to(MAP)
        pane.map.method.setCurrentIndex(pane.map.method.findData("tsne" if find_spec("sklearn") else "pca"))
        pane.map.on_map()
        wait_until(lambda: session.object_map is not None, 120)
        wait_until(lambda: len(pane.map.plot.points) > 0, 20)
        pane.map.by.setCurrentIndex(pane.map.by.findData("class"))
        pane.map._colour()
        points = pane.map.plot.points
        far = points[:, 0] > np.quantile(points[:, 0], 0.85)
        pane.map._on_drawn(np.flatnonzero(far), False)
        picture(viewer, "object-map")
        close(viewer, panel)


def _click_learning() -> None:
    """Confirmed axons that the network of clicks has learned from; where the images are not there, no picture."""
    folder = DATA / "axons_tem_srf"
    if not folder.exists():
        return
    volume, labels = (read_image(folder / one / f"{AXONS}.tif") for one in ("images", "labels"))
    truth = np.asarray(labels.pixels[:, 0], np.uint32)
    with Session.temporary() as session:
        viewer, panel = _window(session, volume)
        for value in np.unique(truth)[1 : 1 + KEPT]:
            session.paint(np.flatnonzero(truth == value), int(value))
        panel.correct.buttons["click"].click()
        session.teach_clicks()
        wait_until(lambda: not session.busy(), longest_s=10 * TEACH_S)
        left = np.argwhere(truth == np.unique(truth)[KEPT + 1])
        session.click(tuple(int(i) for i in left[len(left) // 2]))
        wait_until(lambda: session.verbs.click.proposal is not None)
        panel.label_layers.show_confirmed(True)
        scroll_to(panel, panel.correct.click_learning)
        picture(viewer, "click-learning")
        close(viewer, panel)


def _in_review(show: Callable[[Session, napari.Viewer, Any], None]) -> None:
    """What is proposed in a real image, at the buttons of review; where the image is not there, no picture."""
    path = DATA / "bbbc039" / "images" / f"{DENSE}.tif"
    if not path.exists():
        return
    with Session.temporary() as session:
        viewer, panel = _segmented(session, path)
        scroll_to(panel, panel.review)
        show(session, viewer, panel)
        close(viewer, panel)


def _review(session: Session, viewer: napari.Viewer, panel: Any) -> None:
    """The most doubtful object, and the doubt of all."""
    panel.review.show_map.setChecked(True)
    panel.review.buttons["next doubtful"].click()
    for _ in range(2):
        panel.review.buttons["approve and next"].click()
    while session.review.place is not None and session.review.place.id is None:
        panel.review.buttons["next doubtful"].click()
    wait(4.0)
    viewer.scene.camera.zoom *= 0.7
    picture(viewer, "review")


def _page(session: Session, viewer: napari.Viewer, panel: Any) -> None:
    """The most doubtful ones side by side, some of them marked."""
    panel.review.buttons["page of doubtful"].click()
    wait(4.0)
    shown = session.pages.page
    if shown is not None:
        suggested = sorted(shown.suggestions)
        joined = [one for one in suggested if shown.suggestions[one].way == "join"]
        for number in joined[:2]:
            session.pages.turn(number)
        others = [number for number in shown.numbers if number not in joined]
        session.pages.mark(others[0], "look")
        session.pages.mark(others[-1], "delete")
    picture(viewer, "page")


def _volume() -> None:
    with Session.temporary() as session:
        viewer, panel = _window(session, samples.load("nuclei_3d")[0])
        session.segment()
        wait_until(lambda: not session.busy())
        viewer.dims.set_point(0, viewer.dims.range[0].stop / 2)
        picture(viewer, "volume")
        close(viewer, panel)


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
        picture(viewer, "large")
        close(viewer, panel)


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
        picture(viewer, "classes-strokes")
        _live(panel)
        picture(viewer, "live")
        session.live.off()
        session.teach_settings = session.teach_settings.model_copy(update={"max_seconds": 2 * TEACH_S})
        session.teach()
        wait_until(lambda: not session.busy(), longest_s=4 * TEACH_S)
        _use(session)
        scroll_to(panel, panel.image)
        picture(viewer, "classes")
        close(viewer, panel)


def _live(panel: Any) -> None:
    """The strokes that are there are learned at once."""
    panel.correct.live.box.click()
    wait_until(lambda: panel.session.live.proposal is not None and not panel.session.busy())
    scroll_to(panel, panel.correct)


def _networks() -> None:
    """A fresh attention U-Net is chosen and taught; then one of its gates is looked at."""
    volume, truth = samples.load("nuclei_2d")
    with Session.temporary() as session:
        viewer, panel = _window(session, volume)
        session.choose_model("fresh")
        session.fresh_settings = FreshSettings(network="attention-unet")
        panel.model.fresh.fold.click()
        correct(session, truth, OBJECTS)
        picture(viewer, "networks-panel")
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
        picture(viewer, "networks-inside")
        close(viewer, panel)


def _untold_model() -> None:
    """What is asked of an ONNX file that does not tell what its two outputs mean."""
    volume, _ = samples.load("nuclei_2d")
    with Session.temporary() as session:
        viewer, panel = _window(session, volume)
        dialog = UntoldDialog(Path("unet_nuclei.onnx"), lambda said: None, panel)
        dialog.ask(
            Untold(name="unet_nuclei", asks=("outputs", "normalize", "activation"), outputs=("", ""), span=(-9.2, 7.4))
        )
        dialog.show()
        wait(1.0)
        save(qimage_to_array(dialog.grab().toImage()), "import-asks")
        close(viewer, panel)


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
    return window(session, volume, SIZE)


if __name__ == "__main__":
    main()
