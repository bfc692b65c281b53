"""What is looked at in a review: the view goes there, and its outline flashes, with what is suggested for it."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from napari.layers import Labels
from napari.utils.colormaps import DirectLabelColormap
from qtpy.QtCore import QTimer

from napari_apprentice.data.geometry.regions import Region
from napari_apprentice.gui.connections import Connections
from napari_apprentice.gui.label_layers import LabelLayers
from napari_apprentice.gui.own_layer import OwnLayer
from napari_apprentice.gui.review_outlines import COLOURS, outlines
from napari_apprentice.gui.tools.view import bring_into_view
from napari_apprentice.session import ProjectImage
from napari_apprentice.session.doubtful_places import DoubtfulPlace, usual_width
from napari_apprentice.session.review_page import ReviewPage
from napari_apprentice.session.suggestion import Suggestion

_PREPARE_MS = 200  # after a page is shown, while it is read
_FLASH_MS, _FLASHES = 130, 6  # even: it ends as it began, visible


class Reviewing:
    """A layer with the outline of the doubtful place that is looked at, as long as nothing was said about it."""

    def __init__(self, label_layers: LabelLayers) -> None:
        self._label_layers = label_layers
        self._session = label_layers.session
        self._place: DoubtfulPlace | None = None
        self._box: Region | None = None  # of the outline, in voxels of the whole image
        self._own = OwnLayer[Labels](label_layers.viewer, label_layers.images, self._options)
        self._left = 0
        self._timer = QTimer()
        self._timer.setInterval(_FLASH_MS)
        self._timer.timeout.connect(self._flash)
        self._hiding = QTimer()
        self._hiding.setSingleShot(True)
        self._hiding.timeout.connect(self._hide)
        self._preparing = QTimer()
        self._preparing.setSingleShot(True)
        self._preparing.setInterval(_PREPARE_MS)
        self._preparing.timeout.connect(self._prepare)
        self._connections = Connections()
        self._connections.add(self._session.paging, self._on_paging)
        self._connections.add(self._session.reviewing, self._on_reviewing)
        self._connections.add(self._session.suggested, self._on_suggested)
        self._connections.add(self._session.labels_changed, self._on_changed)
        self._connections.add(self._session.confirmed_changed, self._on_changed)
        self._connections.add(label_layers.changed, self._on_masks)

    @property
    def layer(self) -> Labels | None:
        """The layer; None while nothing is looked at."""
        return self._own.layer

    def show(self) -> None:
        """What is looked at already, as another panel had it."""
        self._on_reviewing(self._session.review.place)

    def close(self) -> None:
        """Stop listening and take the layer away."""
        self._connections.close()
        self._drop()
        self._own.close()

    def _on_reviewing(self, place: DoubtfulPlace | None) -> None:
        if place is None or place.entry is not self._label_layers.entry or not place.entry.has_open(place.point):
            self._hide()
            return
        self._place = place
        starts = [part.start for part in place.entry.region]
        box = [(part.start - at, part.stop - at) for part, at in zip(place.box, starts, strict=True)]
        point = [at - i for at, i in zip(place.point, starts, strict=True)]
        bring_into_view(self._label_layers, point, box, usual_width(place.entry))
        self._show(place)
        self._label_layers.activate()  # a button was pressed, or there is another image: the keys go on

    def _show(self, place: DoubtfulPlace) -> None:
        self._draw(place)
        self._left = _FLASHES
        self._timer.start()

    def _draw(self, place: DoubtfulPlace) -> None:
        axis_mapping, layer = self._label_layers.axis_mapping, self._own.layer
        if axis_mapping is None:
            return
        self._hiding.stop()
        self._box, picture = outlines(place, self._session.verbs.suggest.suggestion)
        seen = axis_mapping.view(picture)
        if layer is None:
            self._make(seen)
        else:
            layer.data, layer.opacity = seen, 1.0
            self._own.move()
            if not layer.visible:  # each change of that costs napari more than all the rest
                layer.visible = True

    def _make(self, seen: Any, *, visible: bool = True) -> None:
        colours: dict[int | None, Any] = {None: (0, 0, 0, 0), 0: (0, 0, 0, 0), **COLOURS}
        colormap = DirectLabelColormap(color_dict=colours)
        self._own.show(partial(Labels, seen), name="looked at", colormap=colormap, opacity=1.0, visible=visible)

    def _on_paging(self, page: ReviewPage | None) -> None:
        if page is not None and self._own.layer is None:
            self._preparing.start()

    def _prepare(self) -> None:
        """Make the layer, which takes napari a quarter of a second, before something on the page is looked at."""
        axis_mapping, page = self._label_layers.axis_mapping, self._session.pages.page
        if axis_mapping is not None and self._own.layer is None and page is not None:
            t, z, y, x = page.entry.region
            shape = t.stop - t.start, z.stop - z.start, 1, 1
            self._box = (t, z, slice(y.start, y.start + 1), slice(x.start, x.start + 1))
            self._make(axis_mapping.view(np.zeros(shape, np.uint8)), visible=False)

    def _on_suggested(self, suggestion: Suggestion | None) -> None:
        place = self._place
        if place is not None and place is self._session.review.place:
            self._draw(place)

    def _flash(self) -> None:
        self._left -= 1
        layer = self._own.layer
        if layer is not None:
            layer.opacity = float(self._left % 2 == 0)
        if self._left <= 0 or layer is None:
            self._timer.stop()

    def _options(self) -> dict[str, Any]:
        return self._label_layers.options(self._box)

    def _on_changed(self, entry: ProjectImage) -> None:
        """Something was said about it: its outline may be another one by now."""
        place = self._place
        if place is None or entry is not place.entry:
            return
        at = tuple(i - part.start for i, part in zip(place.point, entry.region, strict=True))
        inside = all(0 <= i < n for i, n in zip(at, entry.labels.shape, strict=True))
        if not inside or entry.confirmed[at] or bool(entry.labels[at]) is (place.id is None):
            self._place = None
            self._hiding.start(0)  # not at all when the next place is shown at once

    def _on_masks(self) -> None:
        """Another image lies elsewhere."""
        self._drop()

    def _hide(self) -> None:
        """Taking a layer away and making one takes napari a second: it stays for the next."""
        self._timer.stop()
        self._place = None
        if self._own.layer is not None:
            self._own.layer.visible = False

    def _drop(self) -> None:
        self._timer.stop()
        self._hiding.stop()
        self._preparing.stop()
        self._place = None
        self._own.drop()
