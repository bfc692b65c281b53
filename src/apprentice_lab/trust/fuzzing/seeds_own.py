"""What the product itself writes: headers of models, a project, what goes through the pipe."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import msgpack
import numpy as np

from apprentice_lab.trust.fuzzing import packings
from apprentice_lab.trust.fuzzing.writing import random_pixels, written


def models() -> Iterator[bytes]:
    """The headers of the bundled models, with few numbers."""
    from napari_apprentice.data.models import METADATA_KEY, read_header
    from napari_apprentice.session.catalog import bundled_files

    numbers = random_pixels(8, dtype=np.float32).tobytes()
    tensors = {"__metadata__": {METADATA_KEY: ""}, "w": {"dtype": "F32", "shape": [8], "data_offsets": [0, 32]}}
    for _, path in bundled_files().values():
        header = read_header(path).model_dump_json().encode()
        yield packings.model({"header.json": header, "tensors.json": json.dumps(tensors).encode(), "numbers": numbers})


def _project_folder(path: Path) -> None:
    from napari_apprentice.data.image.volume import Volume
    from napari_apprentice.session import Session

    with Session.create(path) as session:
        entry = session.add_image(Volume(random_pixels(1, 1, 2, 16, 16, dtype=np.uint8), name="cells"))
        session.paint([40, 41, 56, 57], 1)
        entry.keep_snapshot()
        session.paint([100, 101], 2)
        session.undo()
        session.paint([102, 103], 3)


def projects() -> Iterator[bytes]:
    """A folder with one image, a snapshot and a journal."""
    yield written("project", _project_folder)


def of_project(end: str) -> Callable[[], Iterator[bytes]]:
    """The files of a project whose names end so."""

    def make() -> Iterator[bytes]:
        for content in projects():
            yield from (one for name, one in packings.unzip(content).items() if name.endswith(end))

    return make


def frames() -> Iterator[bytes]:
    """A message of each kind."""
    from napari_apprentice import events

    told = (
        {"type": "devices", "devices": [{"name": "cpu", "words": "CPU, 2 threads"}]},
        {"type": "began", "number": 1},
        *(
            {"type": "event", "number": 1, "event": events.to_plain(event)}
            for event in (
                events.Started(device="CPU"),
                events.Progress(done=1, total=2, left_s=3.0),
                events.TileDone(region=((0, 1), (0, 1), (0, 8), (0, 8))),
                events.Validated(step=1, seconds=2.0, score=0.5),
                events.Note(text="few objects"),
                events.Failed(message="no", details="why"),
                events.WasCancelled(),
            )
        ),
    )
    yield packings.frames({str(number): msgpack.packb(message) for number, message in enumerate(told)})
