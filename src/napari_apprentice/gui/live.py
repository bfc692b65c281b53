"""What *Live* proposes for the view, in a layer of its own that follows the brush, and the view that it follows."""

from __future__ import annotations

from functools import partial
from typing import Any

from napari.layers import Labels
from superqt.utils import qthrottled

from napari_apprentice.data.geometry.regions import Region
from napari_apprentice.errors import UserError
from napari_apprentice.gui.connections import Connections
from napari_apprentice.gui.label_layers import LabelLayers
from napari_apprentice.gui.masks import colour
from napari_apprentice.gui.own_layer import OwnLayer
from napari_apprentice.gui.tools.view import visible_edges
from napari_apprentice.session.live_proposal import LiveProposal

_PAUSE_MS = 250  # after the view last moved
_OPACITY = 0.35  # less than the masks: what is confirmed stands out


class LiveLayer:
    """Shows the newest proposal on top of the masks; the session's labels are not touched."""

    def __init__(self, label_layers: LabelLayers) -> None:
        self._label_layers = label_layers
        self._session = label_layers.session
        self._region: Region | None = None  # of the image, that the layer lies on
        self._own = OwnLayer[Labels](label_layers.viewer, label_layers.images, self._place, self._on_deleted)
        self._look_soon = qthrottled(self._look, timeout=_PAUSE_MS, leading=False)
        self._connections = Connections()
        camera, dims = label_layers.viewer.scene.camera.events, label_layers.viewer.dims.events
        for event in (camera.center, camera.zoom, dims.current_step, dims.ndisplay, dims.order):
            self._connections.add(event, self._on_view)
        self._connections.add(label_layers.changed, self._on_view)
        self._connections.add(self._session.live_proposed, self._on_proposed)
        self._connections.add(self._session.settings_changed, self._on_settings_changed)

    def close(self) -> None:
        """Stop listening and take the layer away."""
        self._look_soon.cancel()
        self._connections.close()
        self._own.close()

    def _on_view(self, *_: Any) -> None:
        if self._session.live.is_on:
            self._look_soon()

    def _look(self) -> None:
        try:
            look_live(self._label_layers)
        except UserError:  # nothing of the image is in view, or it is shown in 3D: what was proposed stays
            return

    def _on_proposed(self, proposal: LiveProposal | None) -> None:
        axis_mapping = self._label_layers.axis_mapping
        if proposal is None or axis_mapping is None or proposal.entry is not self._label_layers.entry:
            self._region = None
            self._own.drop()
            return
        values = axis_mapping.view(proposal.labels[None, None])
        region = _of_image(proposal)
        if self._own.layer is not None and region == self._region:
            self._own.layer.data = values
            return
        self._region = region
        make = partial(Labels, values, name=f"{proposal.entry.name} live", opacity=_OPACITY)
        colour(self._own.show(make), self._session)

    def _place(self) -> dict[str, Any]:
        return self._label_layers.options(self._region)

    def _on_settings_changed(self) -> None:
        if self._own.layer is not None:
            colour(self._own.layer, self._session)

    def _on_deleted(self, layer: Labels) -> None:
        """Who takes the layer away wants nothing proposed."""
        self._session.live.off()


def look_live(label_layers: LabelLayers) -> None:
    """Let *Live* look at what is in view, and switch it on; `UserError` says what is missing."""
    edges = visible_edges(label_layers, whole_plane=False)
    if label_layers.axis_mapping is not None:
        live = label_layers.session.live
        (live.look if live.is_on else live.on)(label_layers.axis_mapping.box(edges))


def _of_image(proposal: LiveProposal) -> Region:
    """Where a proposal lies in the whole image."""
    t, z, y, x = (
        slice(open_.start + part.start, open_.start + part.stop)
        for open_, part in zip(proposal.entry.region, proposal.region, strict=True)
    )
    return t, z, y, x
