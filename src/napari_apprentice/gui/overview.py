"""Of a large image: the masks outside the part that is open, coarse and not to be edited."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from napari.layers import Labels
from numpy.typing import NDArray

from napari_apprentice.data.geometry.regions import Region
from napari_apprentice.gui.connections import Connections
from napari_apprentice.gui.label_layers import LabelLayers
from napari_apprentice.gui.own_layer import OwnLayer
from napari_apprentice.gui.placement import shift_place
from napari_apprentice.session import ProjectImage
from napari_apprentice.session.large_project_image import LargeProjectImage


class OverviewLayer:
    """A layer below the masks with every n-th label of what is not open."""

    def __init__(self, label_layers: LabelLayers) -> None:
        self._label_layers = label_layers
        self._own = OwnLayer[Labels](label_layers.viewer, label_layers.images, self._place)
        self._entry: LargeProjectImage | None = None
        self._labels: NDArray[np.uint32] | None = None  # (T, Z, Y, X)
        self._open: Region | None = None
        self._connections = Connections()
        self._connections.add(label_layers.changed, self._on_masks)
        self._connections.add(label_layers.session.region_changed, self._on_region_changed)
        self._connections.add(label_layers.session.overview_changed, self._on_overview_changed)
        self._on_masks()

    def close(self) -> None:
        """Stop listening and take the layer away."""
        self._connections.close()
        self._own.close()

    def _on_masks(self) -> None:
        entry = self._label_layers.entry
        if entry is not self._entry or self._label_layers.labels is None:
            self._drop()
        if self._own.layer is None and isinstance(entry, LargeProjectImage):
            self._show(entry)

    def _on_region_changed(self, entry: ProjectImage, spot: tuple[float, ...]) -> None:
        if entry is self._entry and self._entry is not None and self._open is not None:
            self._fill(self._open)
            self._blank(self._entry.region)

    def _on_overview_changed(self, entry: ProjectImage) -> None:
        if entry is self._entry and self._entry is not None:
            self._fill(None)
            self._blank(self._entry.region)

    def _show(self, entry: LargeProjectImage) -> None:
        axis_mapping, masks = self._label_layers.axis_mapping, self._label_layers.labels
        if axis_mapping is None or masks is None:
            return
        self._entry = entry
        self._labels = np.asarray(entry.folder.store.overview[:])
        self._own.show(
            partial(Labels, axis_mapping.view(self._labels)),
            below=masks,
            name=f"{entry.name} masks elsewhere",
            opacity=masks.opacity,
            colormap=masks.colormap,
        )
        self._blank(entry.region)
        masks.bounding_box.visible = True

    def _place(self) -> dict[str, Any]:
        """A coarse voxel is as large as those that it stands for, and lies on them."""
        axis_mapping, placed = self._label_layers.axis_mapping, self._label_layers.whole_options()
        if axis_mapping is None or self._entry is None:
            return placed
        steps = np.asarray(axis_mapping.corner([(step, step) for step in self._entry.folder.store.steps]), float)
        steps[[axis == "C" for axis in axis_mapping.axes]] = 1
        placed = shift_place(placed, list((steps - 1) / 2))
        return {**placed, "scale": np.asarray(placed["scale"], float) * steps}

    def _blank(self, region: Region) -> None:
        """The open part is shown by the masks themselves."""
        if self._labels is not None:
            self._labels[self._coarse(region)] = 0
        self._open = region
        if self._own.layer is not None:
            self._own.layer.refresh(extent=False, thumbnail=False)

    def _fill(self, region: Region | None) -> None:
        if self._labels is not None and self._entry is not None:
            part = tuple(slice(None) for _ in range(4)) if region is None else self._coarse(region)
            self._labels[part] = self._entry.folder.store.overview[part]

    def _coarse(self, region: Region) -> tuple[slice, ...]:
        steps = (1, 1, 1, 1) if self._entry is None else self._entry.folder.store.steps
        return tuple(slice(part.start // step, -(-part.stop // step)) for part, step in zip(region, steps, strict=True))

    def _drop(self) -> None:
        self._entry = self._labels = self._open = None
        self._own.drop()
