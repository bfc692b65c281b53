"""Steps with images, layers and the view: what anyone does in napari, with layers of ours among them."""

from __future__ import annotations

import random

import numpy as np
import tifffile
from napari.layers import Image
from qtpy.QtWidgets import QComboBox

from apprentice_lab.trust.window.desk import KINDS, Desk, Wrong, wait

_MOST_LAYERS = 14


def open_image(desk: Desk, draw: random.Random) -> None:
    """An array of a script, which the panel is mostly told to work on."""
    if len(desk.viewer.layers) >= _MOST_LAYERS:
        return
    kind = draw.choice(KINDS)
    layer = desk.viewer.add_image(desk.pixels(kind, draw), name=kind, scale=draw.choice((None, (0.5, 0.5))))
    wait(0.02)
    if not desk.has_panel:  # what it would put there
        masks = np.zeros(layer.data.shape, np.uint32)
        masks[..., 10:30, 10:40] = 1
        desk.viewer.add_labels(masks, name=f"{kind} masks", opacity=0.5, scale=layer.scale)
    if desk.panel is None:
        return
    if draw.random() < 0.8:
        choice = desk.panel.image.choice
        _choose(choice, choice.findData(layer))
    shown = desk.panel.images.current
    if shown is not None and shown.layer is layer:
        desk.masks_lie_above(layer)
    elif (
        shown is not None and shown.layer is None and np.array_equal(np.squeeze(shown.entry.volume.pixels), layer.data)
    ):
        raise Wrong(f"{layer.name} is open again, and its masks do not belong to it")


def open_file(desk: Desk, draw: random.Random) -> None:
    """A file, by *Open with Apprentice* or by napari."""
    if len(desk.viewer.layers) >= _MOST_LAYERS:
        return
    kind = draw.choice(("cells", "volume"))
    pixels = desk.pixels(kind, draw)
    path = desk.folder / f"{kind}-{draw.randrange(2)}.tif"
    if not path.exists():
        tifffile.imwrite(path, pixels, imagej=True, metadata={"axes": "ZYX"[-pixels.ndim :], "unit": "um"})
    if desk.panel is None or draw.random() < 0.5:
        desk.viewer.open(str(path), plugin="napari")
        return
    desk.asked = str(path)
    desk.panel.image.files.choices.actions()[0].trigger()
    shown = desk.panel.images.current
    if shown is not None and shown.layer is not None:
        desk.masks_lie_above(shown.layer)


def choose_image(desk: Desk, draw: random.Random) -> None:
    """One in the panel's list."""
    if desk.panel is None or not desk.panel.image.choice.count():
        return
    choice, before = desk.panel.image.choice, desk.panel.images.current
    layer = _choose(choice, draw.randrange(choice.count()))
    if desk.panel.images.current is not before:  # else the order is the user's
        desk.masks_lie_above(layer)


def exchange_pixels(desk: Desk, draw: random.Random) -> None:
    """Another plugin gives a layer other pixels, of its own shape or of another."""
    layer = desk.a_layer(draw, Image)
    if layer is None or layer.multiscale or layer.rgb:
        return
    pixels = np.asarray(layer.data)
    layer.data = pixels[::-1].copy() if draw.random() < 0.7 else pixels[..., :-4].copy()


def change_scale(desk: Desk, draw: random.Random) -> None:
    """A pixel size, by napari's controls or by the panel's form."""
    layer = desk.a_layer(draw, Image)
    if layer is not None:
        layer.scale = [draw.choice((0.25, 0.5, 1.0, 2.0)) for _ in range(layer.ndim)]
        layer.translate = [draw.choice((0.0, 3.0)) for _ in range(layer.ndim)]


def choose_channel(desk: Desk, draw: random.Random) -> None:
    """One of the fields of the channels."""
    fields = [] if desk.panel is None else desk.panel.image.channels.fields
    if fields:
        field = draw.choice(fields)
        _choose(field, draw.randrange(field.count()))


def add_layer(desk: Desk, draw: random.Random) -> None:
    """One of the user's own."""
    if len(desk.viewer.layers) >= _MOST_LAYERS:
        return
    kind = draw.choice(("points", "shapes", "labels"))
    if kind == "points":
        desk.viewer.add_points(np.array([[10.0, 10.0], [20.0, 30.0]]))
    elif kind == "shapes":
        desk.viewer.add_shapes(np.array([[5.0, 5.0], [5.0, 20.0], [20.0, 20.0], [20.0, 5.0]]))
    else:
        labels = np.zeros((96, 120), np.uint16)
        labels[20:40, 20:50] = draw.randint(1, 9)
        desk.viewer.add_labels(labels, name="mine")


def delete_layer(desk: Desk, draw: random.Random) -> None:
    """Any of them, ours too, as by the bin of the list."""
    layer = desk.a_layer(draw)
    if layer is not None:
        desk.viewer.layers.selection = {layer}
        _delete_selected(desk)


def delete_all_layers(desk: Desk, draw: random.Random) -> None:
    """All at once."""
    desk.viewer.layers.select_all()
    _delete_selected(desk)


def rename_layer(desk: Desk, draw: random.Random) -> None:
    """Any of them, ours too."""
    layer = desk.a_layer(draw)
    if layer is not None:
        layer.name = f"named {draw.randrange(100)}"


def move_layer(desk: Desk, draw: random.Random) -> None:
    """To another place in the list."""
    count = len(desk.viewer.layers)
    if count:
        desk.viewer.layers.move(draw.randrange(count), draw.randrange(count + 1))


def hide_or_show(desk: Desk, draw: random.Random) -> None:
    """Press the eye of any."""
    layer = desk.a_layer(draw)
    if layer is not None:
        layer.visible = not layer.visible


def select_layer(desk: Desk, draw: random.Random) -> None:
    """One, or all, or none."""
    layer, layers = desk.a_layer(draw), desk.viewer.layers
    chance = draw.random()
    if layer is None or chance < 0.1:
        layers.selection.clear()
    elif chance < 0.2:
        layers.select_all()
    else:
        layers.selection.active = layer


def two_or_three_dimensions(desk: Desk, draw: random.Random) -> None:
    """Press napari's cube."""
    desk.viewer.dims.ndisplay = 5 - desk.viewer.dims.ndisplay


def slider(desk: Desk, draw: random.Random) -> None:
    """Move a slider of the dimensions."""
    dims = desk.viewer.dims
    axis = draw.randrange(dims.ndim)
    dims.set_current_step(axis, draw.randrange(max(1, round(dims.nsteps[axis]))))


def turn_view(desk: Desk, draw: random.Random) -> None:
    """Roll or transpose the dimensions, and back with the next one."""
    if draw.random() < 0.5:
        desk.viewer.dims.roll()
    else:
        desk.viewer.dims.transpose()


def fit_view(desk: Desk, draw: random.Random) -> None:
    """Press napari's house, with the dimensions in their own order."""
    dims = desk.viewer.dims
    dims.order = tuple(range(dims.ndim))
    desk.viewer.reset_view()


def screenshot(desk: Desk, draw: random.Random) -> None:
    """As people take them for a talk."""
    desk.viewer.screenshot(canvas_only=draw.random() < 0.5, flash=False)


def theme(desk: Desk, draw: random.Random) -> None:
    """Dark or light."""
    desk.viewer.theme = draw.choice(("dark", "light"))


def _choose(box: QComboBox, index: int) -> Image:
    """As a mouse does in a list that is open; what is chosen."""
    chosen = box.itemData(index)
    box.setCurrentIndex(index)
    box.activated.emit(index)
    return chosen


def _delete_selected(desk: Desk) -> None:
    masks = None if desk.panel is None else desk.panel.label_layers.labels
    desk.masks_deleted |= masks is not None and masks in desk.viewer.layers.selection
    desk.viewer.layers.remove_selected()
