"""Every network goes through the loop: taught from corrections, written, read again, and used to segment."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_apprentice.architecture import PRESETS, FreshSettings, PresetName
from napari_apprentice.data import samples
from napari_apprentice.data.models import read_header
from napari_apprentice.runners import InlineRunners
from napari_apprentice.session import FRESH, Session
from napari_apprentice.settings import TeachSettings

FORMS = [(name, dims) for name, one in PRESETS.items() for dims in one.dims]


@pytest.fixture(scope="module")
def runners():
    runners = InlineRunners()
    yield runners
    runners.close()


@pytest.mark.parametrize(("name", "dims"), FORMS)
def test_a_fresh_network_is_taught_and_segments(runners, name: PresetName, dims: int) -> None:
    volume, truth = samples.load("nuclei_3d")
    deep = slice(10, 18) if dims == 3 else slice(14, 15)
    part = (deep, slice(0, 64), slice(0, 64))
    with Session.temporary(runners) as session:
        session.teach_settings = TeachSettings(max_steps=2, max_seconds=60, batch_size=4, patch=32, threads=1)
        entry = session.add_image(replace(volume, pixels=volume.pixels[(slice(None), slice(None), *part)]))
        known = truth[(slice(None), *part)]
        for number in np.unique(known)[1:]:
            session.paint(np.flatnonzero(known == number), session.current.next_id())
        session.choose_model(FRESH)
        session.fresh_settings = FreshSettings(network=name, width=4)
        session.teach()
        session.run_until_idle()
        version = session.project.lineage.get("v1")
        assert version is not None
        header = read_header(session.project.lineage.file("v1"))
        assert (header.net.preset, header.net.dims) == (name, dims)
        session.models.adopt("v1")
        session.segment()
        session.run_until_idle()
        assert entry.labels.shape == known.shape
        assert session.model.key == "v1"
