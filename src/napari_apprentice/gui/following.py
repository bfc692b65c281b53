"""Of a large image the part that is looked at is open for editing: it follows the view."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from superqt.utils import qthrottled

from napari_apprentice.data.geometry.regions import Region, lies_in, region_at
from napari_apprentice.errors import UserError
from napari_apprentice.gui.connections import Connections
from napari_apprentice.gui.images import ShownImage
from napari_apprentice.gui.label_layers import LabelLayers
from napari_apprentice.gui.layers import pixels_of
from napari_apprentice.gui.tools.view import look_at
from napari_apprentice.session import ProjectImage
from napari_apprentice.session.large_project_image import LargeProjectImage

_PAUSE_MS = 250  # after the view last moved
_FARTHEST = 2.0  # a view that shows more than so many regions side by side is an overview: nothing is opened for it


class Following:
    """Opens the region in view once the view rests, and moves the view where undo has gone."""

    def __init__(self, label_layers: LabelLayers) -> None:
        self._label_layers = label_layers
        self._viewer = label_layers.viewer
        self._session = label_layers.session
        self._opening = False
        self._last_seen: Region | None = None
        self._follow_soon = qthrottled(self._follow, timeout=_PAUSE_MS, leading=False)
        self._connections = Connections()
        camera, dims = self._viewer.scene.camera.events, self._viewer.dims.events
        for event in (camera.center, camera.zoom, dims.current_step, dims.ndisplay, dims.order):
            self._connections.add(event, self._on_view)
        for signal in (label_layers.changed, self._session.job_ended, self._session.click_cleared):
            self._connections.add(signal, self._on_view)
        self._connections.add(self._session.region_changed, self._on_region_changed)

    def close(self) -> None:
        """Stop listening."""
        self._follow_soon.cancel()
        self._connections.close()

    def _on_view(self, *_: Any) -> None:
        if isinstance(self._label_layers.entry, LargeProjectImage):
            self._follow_soon()

    def _follow(self) -> None:
        shown, entry = self._label_layers.images.current, self._label_layers.entry
        if shown is None or shown.layer is None or not isinstance(entry, LargeProjectImage) or shown.entry is not entry:
            return
        seen = self._seen(shown)
        if seen != self._last_seen:  # it may not have been drawn yet where it comes to rest
            self._last_seen = seen
            self._follow_soon()
        click = self._session.verbs.click
        if seen is None or (click.proposal is not None and not click.one_each):
            return
        point = wanted_region(entry.region, seen, entry.shape)
        if point is None:
            return
        drawing = self._label_layers.labels is not None and bool(self._label_layers.labels.polygon_begun)
        if drawing or self._session.regions.why_not_open():
            self._follow_soon()  # not now
            return
        self._opening = True
        try:
            self._session.open_region(point)
        except UserError as error:
            self._label_layers.troubled.emit(str(error))
        finally:
            self._opening = False

    def _seen(self, shown: ShownImage) -> Region | None:
        """The part of the image in view; None in 3D display, and when nothing of it is."""
        layer, axis_mapping = shown.layer, shown.axis_mapping
        if layer is None or self._viewer.dims.ndisplay != 2:
            return None
        factors = np.asarray(layer.downsample_factors[layer.data_level]) if layer.multiscale else 1
        corners = np.asarray(layer.corner_pixels) * factors
        displayed = [i - (self._viewer.dims.ndim - layer.ndim) for i in self._viewer.dims.displayed]
        at = layer.world_to_data(self._viewer.dims.point)
        lengths = pixels_of(layer).shape
        edges = []
        for axis in axis_mapping.kept:
            low, high = np.sort(corners[:, axis]) if axis in displayed else (round(float(at[axis])),) * 2
            edges.append((max(0, int(low)), min(int(lengths[axis]), int(high) + 1)))
        if any(start >= stop for start, stop in edges):
            return None
        return axis_mapping.box(edges)

    def _on_region_changed(self, entry: ProjectImage, spot: tuple[float, ...]) -> None:
        """Another region was opened to undo something there: look at it."""
        if spot and not self._opening and entry is self._label_layers.entry:
            look_at(self._label_layers, [at - part.start for at, part in zip(spot, entry.region, strict=True)])


def wanted_region(region: Region, seen: Region, shape: tuple[int, int, int, int]) -> Sequence[float] | None:
    """The middle of a view when another region than the open one suits it better; None: stay."""
    if lies_in(seen, region):
        return None
    middle = [(part.start + part.stop - 1) / 2 for part in seen]
    same_place = all(a.start <= at < a.stop for a, at in zip(region[:2], middle[:2], strict=True))
    wide = max((a.stop - a.start) / (b.stop - b.start) for a, b in zip(seen[2:], region[2:], strict=True))
    if not same_place and wide > _FARTHEST:  # another frame or depth of the same place
        return [*middle[:2], *((part.start + part.stop) / 2 for part in region[2:])]
    target = region_at(shape, middle)
    if target == region:
        return None
    if wide > _FARTHEST:
        return None
    if same_place and not lies_in(seen, target):
        # neither holds all that is seen: stay until its middle leaves the inner half of what is open
        inner = [(a.start + (a.stop - a.start) / 4, a.stop - (a.stop - a.start) / 4) for a in region[2:]]
        if all(low <= at <= high for (low, high), at in zip(inner, middle[2:], strict=True)):
            return None
    return middle
