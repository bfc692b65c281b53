"""The network of a fresh start, and looking inside the one in use."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from napari_apprentice.architecture import FreshSettings, NetSettings, preset
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.models import METADATA_KEY, ModelHeader
from napari_apprentice.data.storage import scratch
from napari_apprentice.errors import UserError
from napari_apprentice.events import Finished
from napari_apprentice.jobs import InsideResult
from napari_apprentice.session import FRESH, InsideMap, Session


def image(seed: int = 0, shape=(1, 1, 1, 20, 30)) -> Volume:
    pixels = np.random.default_rng(seed).integers(0, 1000, shape).astype(np.uint16)
    return Volume(pixels, name=f"cells {seed}")


def model_file(path: Path, net: NetSettings) -> str:
    header = ModelHeader(id=path.stem, name=path.stem, net=net)
    save_file({"w": np.zeros(3, np.float32)}, path, metadata={METADATA_KEY: header.model_dump_json()})
    return str(path)


@pytest.fixture
def ready(session, tmp_path):
    """A session with an image and an attention U-Net; ``found`` are the maps it showed."""
    session.found = []
    session.looked_inside.connect(session.found.append)
    session.add_image(image())
    session.choose_model(model_file(tmp_path / "gated.safetensors", preset("attention-unet", in_channels=2, width=8)))
    return session


def seen(session: Session, number: int = -1, **fields) -> None:
    """What the engine answers."""
    started = session.runners.started[number]
    job = started.job
    values = np.arange(12, dtype=np.float16).reshape(2, 1, 2, 3)
    result = InsideResult(
        job=job.id,
        generation=job.generation,
        level=job.level,
        map=scratch.write(job.out.path, values),
        channels=(1, 0),
        frame=0,
        scale=(1.0, 2.0, 2.0),
        origin=(0.0, 0.5, 4.5),
    )
    started.events.append(Finished(result=result))
    session.pump()


# a fresh start


def test_a_fresh_start_is_the_network_that_was_chosen(session):
    session.add_image(image())
    session.choose_model(FRESH)
    session.paint(np.arange(60), 1)
    session.fresh_settings = FreshSettings(network="resunet", width=8, dropout=0.2)
    assert session.model.title == "fresh Residual U-Net (2D)"
    session.teach()
    job = session.runners.started[-1].job
    assert job.net == FreshSettings(network="resunet", width=8, dropout=0.2).net(2, in_channels=2)
    assert job.encoder is None


def test_the_choice_is_kept_with_the_project(session, tmp_path):
    changed = []
    session.settings_changed.connect(lambda: changed.append(1))
    session.add_image(image())
    session.fresh_settings = FreshSettings(network="unet++", encoder=tmp_path / "vgg.pth")
    assert changed == [1]
    path = session.project.path
    session.close()
    with Session.open(path) as again:
        assert again.fresh_settings == FreshSettings(network="unet++", encoder=tmp_path / "vgg.pth")


def test_a_network_for_volumes_is_refused_on_a_2d_image(session):
    session.add_image(image())
    session.choose_model(FRESH)
    session.paint(np.arange(60), 1)
    session.fresh_settings = FreshSettings(network="unet3d")
    assert session.model.title == "fresh 3D U-Net"
    assert session.why_not_teach() == "The network unet3d is for volumes: choose another one."
    assert session.models.why_not_fits(session.current.volume) == session.why_not_teach()
    with pytest.raises(UserError, match="for volumes"):
        session.teach()
    session.add_image(image(1, (1, 1, 9, 20, 30)))
    assert session.models.fresh_net().dims == 3


def test_weights_to_begin_with_must_be_there(session, tmp_path):
    session.add_image(image())
    session.choose_model(FRESH)
    session.paint(np.arange(60), 1)
    session.fresh_settings = FreshSettings(encoder=tmp_path / "vgg.pth")
    assert "vgg.pth with weights for the encoder" in session.why_not_teach()
    (tmp_path / "vgg.pth").write_bytes(b"weights")
    session.teach()
    assert session.runners.started[-1].job.encoder == str(tmp_path / "vgg.pth")


def test_an_encoder_is_for_a_fresh_start_only(ready, tmp_path):
    ready.paint(np.arange(60), 1)
    ready.fresh_settings = FreshSettings(network="unet3d", encoder=tmp_path / "missing.pth")
    ready.teach()
    job = ready.runners.started[-1].job
    assert (job.net, job.encoder) == (None, None)


def test_a_fresh_start_can_be_repeated_outside(session):
    session.add_image(image())
    session.choose_model(FRESH)
    session.fresh_settings = FreshSettings(network="attention-unet", width=8, norm="instance")
    command = session.command_line("teach")
    assert command.endswith("--model fresh --network attention-unet --width 8 --norm instance")
    assert "session.fresh_settings = na.FreshSettings(network='attention-unet', width=8, norm='instance')" in (
        session.python_lines("teach")
    )
    session.fresh_settings = FreshSettings(encoder=Path("vgg 16.pth"))
    assert session.command_line("teach").endswith("--network unet --encoder 'vgg 16.pth'")
    assert "na.FreshSettings(encoder='vgg 16.pth')" in session.python_lines("teach")


# looking inside


def test_levels_are_known_without_torch(ready):
    names = [stage.name for stage in ready.verbs.look_inside.levels]
    assert names[:3] == ["encoder 0", "encoder 1", "encoder 2"]
    assert {"bottleneck", "gate 0", "decoder 0"} < set(names)


def test_looking_inside_says_what_is_missing(session):
    assert "no image" in session.verbs.look_inside.why_not()
    session.add_image(image())
    session.choose_model(FRESH)
    assert session.verbs.look_inside.why_not() == (
        "A fresh network has learned nothing that could be seen inside: teach it first."
    )
    with pytest.raises(UserError, match="teach it first"):
        session.look_inside("encoder 0")


def test_an_unknown_level_is_one_sentence(ready):
    with pytest.raises(UserError, match="gated has no level gate 9: choose one of output, encoder 0, "):
        ready.look_inside("gate 9")


def test_the_part_in_view_is_asked_for(ready):
    ready.look_inside("gate 0", (slice(0, 1), slice(0, 1), slice(4, 99), slice(5, 9)))
    job = ready.runners.started[-1].job
    assert job.box == ((0, 1), (0, 1), (4, 20), (5, 9))
    assert (job.level, job.model) == ("gate 0", str(ready.model.file))
    with pytest.raises(UserError, match="outside the image"):
        ready.look_inside("gate 0", (slice(0, 1), slice(0, 1), slice(40, 99), slice(5, 9)))


def test_a_map_comes_back_and_its_file_goes(ready):
    ready.look_inside("encoder 1")
    seen(ready)
    (found,) = ready.found
    assert isinstance(found, InsideMap)
    assert (found.level, found.channels, found.scale, found.origin) == ("encoder 1", (1, 0), (1, 2, 2), (0, 0.5, 4.5))
    np.testing.assert_array_equal(found.values, np.arange(12).reshape(2, 1, 2, 3))
    assert ready.inside_map is found
    assert not Path(ready.runners.started[-1].job.out.path).exists()
    assert not ready.busy()


def test_only_the_last_look_is_answered(ready):
    ready.look_inside("encoder 1")
    ready.look_inside("encoder 2")
    seen(ready, 0)
    assert ready.found == []
    seen(ready)
    assert [found.level for found in ready.found] == ["encoder 2"]


def test_a_map_of_another_image_or_model_is_dropped(ready, tmp_path):
    ready.look_inside("encoder 1")
    ready.add_image(image(1))
    seen(ready)
    ready.look_inside("encoder 1")
    ready.choose_model(model_file(tmp_path / "other.safetensors", preset("unet", in_channels=2, width=8)))
    seen(ready)
    ready.look_inside("encoder 1")
    ready.images.reinterpret(ready.current, image(2))
    seen(ready)
    assert ready.found == []
    assert ready.inside_map is None
