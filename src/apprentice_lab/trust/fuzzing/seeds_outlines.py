"""Outlines as Fiji and QuPath save them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from apprentice_lab.trust.fuzzing import packings
from apprentice_lab.trust.fuzzing.writing import written


def rois() -> Iterator[bytes]:
    """A polygon with a name and a position, an oval, a rectangle with round corners, and one with a hole."""
    import roifile

    polygon = roifile.ImagejRoi.frompoints([(2, 2), (9.5, 3), (7, 12)], name="0001-z2", z=1, t=0, c=0)
    box: dict[str, Any] = {"left": 3, "top": 4, "right": 20, "bottom": 15}
    oval = roifile.ImagejRoi(roitype=roifile.ROI_TYPE.OVAL, name="tumor", position=2, **box)
    round_corners = roifile.ImagejRoi(roitype=roifile.ROI_TYPE.RECT, rounded_rect_arc_size=6, position=1, **box)
    path: list[float] = []
    for low, high in ((3, 15), (6, 12)):
        path += [0, low, low, 1, high, low, 2, high, high, low, high, 3, low, high, low, high, low, low, 4]
    composite = roifile.ImagejRoi(roitype=roifile.ROI_TYPE.RECT, position=3, **box)
    composite.multi_coordinates = np.array(path, np.float32)
    composite.shape_roi_size = len(path)
    yield from (roi.tobytes() for roi in (polygon, oval, round_corners, composite))


def sets() -> Iterator[bytes]:
    """All of them, and what we write."""
    yield packings.zipped({f"{number}.roi": content for number, content in enumerate(rois())})
    yield _ours("x.zip")


def geojson() -> Iterator[bytes]:
    """What we write, and what QuPath says of classes, planes and parts."""
    yield _ours("x.geojson")
    ring = [[2, 2], [12, 2], [12, 12], [2, 12], [2, 2]]
    hole = [[5, 5], [8, 5], [8, 8], [5, 5]]
    told: list[dict[str, Any]] = [
        {"type": "Polygon", "coordinates": [ring, hole], "plane": {"c": -1, "z": 1, "t": 1}},
        {"type": "MultiPolygon", "coordinates": [[ring], [hole]]},
        {"type": "Point", "coordinates": [3, 3]},
    ]
    said = {"objectType": "annotation", "name": "7", "classification": {"name": "tumor", "color": [200, 0, 0]}}
    features = [{"type": "Feature", "id": "x", "geometry": one, "properties": said} for one in told]
    yield json.dumps({"type": "FeatureCollection", "features": features}).encode()


def _ours(name: str) -> bytes:
    from napari_apprentice.data.exports import write_labels

    labels = np.zeros((2, 3, 32, 32), np.uint32)
    labels[:, 1:, 4:12, 4:12], labels[:, 1:, 6:9, 6:9], labels[1, 0, 20, 20] = 1, 0, 2
    return written(name, partial(write_labels, labels=labels))
