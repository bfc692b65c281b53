"""Each door of the program on a GPU, with the bundled models: what it says, and that its memory comes back.

``APPRENTICE_GPU_TESTS=cpu`` takes the processor in its place, to try the tests themselves.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch

from napari_apprentice.data import samples
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.labels.scores import matches
from napari_apprentice.engine.device import available
from napari_apprentice.events import Started
from napari_apprentice.runners import InlineRunners, ProcessRunners
from napari_apprentice.session import FRESH, Session
from napari_apprentice.settings import SegmentSettings, TeachSettings

GPU = available()[0].name
ON_CPU = os.environ.get("APPRENTICE_GPU_TESTS") == "cpu"
pytestmark = [pytest.mark.gpu, pytest.mark.skipif(GPU == "cpu" and not ON_CPU, reason="there is no GPU")]

MEMORY_LEFT = 32 << 20  # bytes that the libraries of a GPU may keep
SHORT = TeachSettings(max_seconds=20, max_steps=60)


def allocated() -> int:
    """Bytes of the GPU that tensors take."""
    gc.collect()
    return torch.cuda.memory_allocated() if GPU == "cuda" else 0


@pytest.fixture
def session() -> Iterator[Session]:
    """A session whose jobs run here; afterwards what they took of the GPU is free again."""
    before = allocated()
    runners = InlineRunners()
    with Session.temporary(runners) as session:
        devices = []
        session.job_event.connect(lambda _, event: devices.append(event.device) if isinstance(event, Started) else None)
        yield session
    runners.close()
    del session, runners
    assert devices
    assert all(words.upper().startswith(GPU.upper()) for words in devices)
    assert allocated() <= before + MEMORY_LEFT


def flat() -> tuple[Volume, np.ndarray]:
    """An image of nuclei and its labels, 160 x 160."""
    volume, truth = samples.load("nuclei_2d")
    return replace(volume, pixels=volume.pixels[..., :160, :160]), truth[..., :160, :160]


def deep() -> tuple[Volume, np.ndarray]:
    """A volume of nuclei and its labels."""
    volume, truth = samples.load("nuclei_3d")
    return replace(volume, pixels=volume.pixels[:, :, :16, :96, :96]), truth[:, :16, :96, :96]


def segmented(session: Session, model: str, volume: Volume, **settings: object) -> np.ndarray:
    entry = session.add_image(volume)
    session.choose_model(model)
    session.segment_settings = SegmentSettings(**settings)
    session.segment()
    session.run_until_idle()
    return entry.labels.copy()


def correct(session: Session, truth: np.ndarray, count: int) -> None:
    for number in [int(i) for i in np.unique(truth) if i][:count]:
        session.paint(np.flatnonzero(truth == number), session.current.next_id())


@pytest.mark.parametrize(("model", "image"), [("nuclei-2d", flat), ("nuclei-3d", deep)])
def test_segment_finds_what_the_processor_finds(session: Session, model: str, image) -> None:
    volume, _ = image()
    there = segmented(session, model, volume)
    here = segmented(session, model, replace(volume, name="again"), device="cpu") if GPU != "cpu" else there
    (found,) = matches(here, there, (0.8,))
    assert found.true_positives > 3
    assert found.true_positives >= 0.95 * max(len(np.unique(one)) - 1 for one in (here, there))


@pytest.mark.parametrize(("model", "image"), [("nuclei-2d", flat), (FRESH, flat), ("nuclei-3d", deep), (FRESH, deep)])
def test_teach_learns(session: Session, model: str, image) -> None:
    volume, truth = image()
    session.add_image(volume)
    session.choose_model(model)
    session.teach_settings = SHORT
    correct(session, truth, 12)
    session.teach()
    session.run_until_idle()
    version = session.project.lineage.get("v1")
    assert version is not None
    assert version.steps > 2
    if version.score_after is not None:
        assert version.score_after > 0.3


@pytest.mark.parametrize("image", [flat, deep])
def test_a_click_proposes_the_object_under_it(session: Session, image) -> None:
    volume, truth = image()
    session.add_image(volume)
    proposed = []
    session.click_proposed.connect(proposed.append)
    sizes = np.bincount(truth.ravel())
    sizes[0] = 0
    mine = truth == int(sizes.argmax())
    places = np.argwhere(mine)
    session.click(tuple(float(x) for x in places[len(places) // 2]))
    session.run_until_idle()
    session.keep_click()
    kept = session.current.labels > 0
    assert (kept & mine).sum() / (kept | mine).sum() > 0.5


def test_the_network_is_looked_inside(session: Session) -> None:
    volume, _ = flat()
    session.add_image(volume)
    session.choose_model("nuclei-2d")
    seen = []
    session.looked_inside.connect(lambda *found: seen.append(found))
    session.look_inside("encoder 0")
    session.run_until_idle()
    assert seen


def test_live_follows(session: Session) -> None:
    volume, truth = flat()
    session.add_image(volume)
    session.choose_model("nuclei-2d")
    seen = []
    session.live_proposed.connect(seen.append)
    session.live.on((slice(0, 1), slice(0, 1), slice(0, 160), slice(0, 160)))
    correct(session, truth, 4)
    session.run_until_idle()
    session.live.off()
    assert seen


@pytest.mark.skipif(GPU != "cuda", reason="only CUDA tells how much memory is free")
def test_segment_makes_do_with_little_memory(session: Session) -> None:
    volume, truth = samples.load("nuclei_2d")
    large = replace(volume, pixels=np.tile(volume.pixels, (1, 1, 1, 6, 6)))
    free, _ = torch.cuda.mem_get_info()
    taken = torch.empty(free - (160 << 20), dtype=torch.uint8, device="cuda")
    labels = segmented(session, "nuclei-2d", large, tile=2048)
    assert len(np.unique(labels)) > 0.5 * 36 * (len(np.unique(truth)) - 1)
    del taken
    torch.cuda.empty_cache()


def test_teach_and_segment_run_at_once() -> None:
    runners = ProcessRunners()
    try:
        with Session.temporary(runners) as session:
            volume, truth = flat()
            entry = session.add_image(volume)
            session.choose_model("nuclei-2d")
            session.teach_settings = SHORT
            correct(session, truth, 12)
            session.teach()
            session.segment()
            session.run_until_idle()
            assert session.project.lineage.get("v1") is not None
            assert len(np.unique(entry.labels)) > 5
    finally:
        runners.close()
