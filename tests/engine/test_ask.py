"""One object asked for with the bundled click network, through the engine as a session does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_apprentice.data.storage import scratch
from napari_apprentice.engine.plans import Engine
from napari_apprentice.events import Failed, Finished
from napari_apprentice.jobs import Asked, AskJob, ClickJob, ClickResult, PackedMask, Point, VolumeRef
from napari_apprentice.session.catalog import ASKED, bundled_files

MODEL = str(bundled_files()[ASKED][1])
CENTRES = {(60, 60): 14, (60, 170): 30, (170, 70): 22, (180, 190): 9}  # (y, x): radius


def disks(channels: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Bright disks of several sizes on grainy ground, (1, C, 1, Y, X), and their labels (Y, X)."""
    y, x = np.mgrid[:240, :240]
    labels = np.zeros((240, 240), int)
    for number, (at, radius) in enumerate(CENTRES.items(), 1):
        labels[np.hypot(y - at[0], x - at[1]) <= radius] = number
    pixels = np.random.default_rng(0).normal(100, 8, (1, channels, 1, 240, 240)) + 120 * (labels > 0)
    return pixels.astype(np.float32), labels


def ask(
    engine: Engine, image: VolumeRef, asked: Asked | None = None, point: Point | None = None, **more
) -> ClickResult:
    job = AskJob(id="a", image=image, click_model=MODEL, asked=asked or Asked(), point=point, generation=3, **more)
    *_, last = engine.run(job, lambda: False)
    assert isinstance(last, Finished), last
    assert isinstance(last.result, ClickResult)
    assert last.result.generation == 3
    return last.result


def whole(result: ClickResult, z: int = 0) -> np.ndarray:
    mask = np.zeros((240, 240), bool)
    if result.mask:
        _, deep, y, x = result.mask.slices
        assert deep == slice(z, z + 1)
        mask[y, x] = result.mask.unpacked()[0, 0]
    return mask


def iou(found: np.ndarray, truth: np.ndarray) -> float:
    return float((found & truth).sum() / (found | truth).sum())


@pytest.fixture
def engine() -> Engine:
    return Engine()


@pytest.fixture
def image(tmp_path: Path) -> VolumeRef:
    return VolumeRef(pixels=scratch.write(tmp_path / "disks.npy", disks()[0]))


def test_one_click_finds_disks_of_any_size_without_a_model_for_them(engine: Engine, image: VolumeRef) -> None:
    labels = disks()[1]
    for number, (y, x) in enumerate(CENTRES, 1):
        result = ask(engine, image, point=(0, 0, y, x))
        assert iou(whole(result), labels == number) > 0.75
        assert not result.is_unsure
    assert ask(engine, image, point=(0, 0, 120, 120)).is_unsure, "nothing but grain"


def test_a_box_finds_what_is_in_it(engine: Engine, image: VolumeRef) -> None:
    result = ask(engine, image, Asked(drawn=((0, 0, 28, 138), (0, 0, 92, 202))))
    assert iou(whole(result), disks()[1] == 2) > 0.75


def test_a_click_that_takes_away_leaves_the_rest(engine: Engine, image: VolumeRef) -> None:
    labels = disks()[1]
    both = ((labels == 1) | (labels == 2))[None, None]  # as two cells taken for one
    asked = Asked(add=((0, 0, 60, 170),), mask=ask(engine, image, point=(0, 0, 60, 170)).mask.of(both, (0, 0, 0, 0)))
    found = whole(ask(engine, image, asked, (0, 0, 60, 60), removes=True))
    assert not found[60, 60]
    assert found[60, 170]
    assert (found & (labels == 1)).sum() < 0.4 * (labels == 1).sum()


def test_channels_count_as_one_whatever_their_range(engine: Engine, tmp_path: Path) -> None:
    pixels, labels = disks(2)
    pixels[:, 1] *= 1000
    image = VolumeRef(pixels=scratch.write(tmp_path / "two.npy", pixels))
    for _ in range(2):  # the second time from what is kept
        result = ask(engine, image, point=(0, 0, 60, 170))
        assert iou(whole(result), labels == 2) > 0.75


def test_in_one_slice_of_a_volume_nothing_else_is_looked_at(engine: Engine, tmp_path: Path) -> None:
    pixels, labels = disks()
    volume = np.concatenate([np.full_like(pixels, np.nan), pixels, np.full_like(pixels, np.nan)], axis=2)
    image = VolumeRef(pixels=scratch.write(tmp_path / "three.npy", volume))
    result = ask(engine, image, point=(0, 1, 60, 170), one_slice=True)
    assert iou(whole(result, 1), labels == 2) > 0.75


def ball(volume_spacing: tuple[float, float, float], radius: float = 14.0) -> tuple[np.ndarray, np.ndarray]:
    """A bright ball, in pixels of a slice, in a grainy volume whose slices are thicker."""
    deep = volume_spacing[0] / volume_spacing[1]
    z, y, x = np.mgrid[:17, :100, :100]
    inside = np.hypot(np.hypot((z - 8) * deep, y - 50), x - 50) <= radius
    return np.random.default_rng(0).normal(100, 8, inside.shape) + 120 * inside, inside


def test_in_a_volume_the_object_is_found_through_all_slices(engine: Engine, tmp_path: Path) -> None:
    spacing = (2.0, 0.5, 0.5)
    pixels, inside = ball(spacing)
    ref = scratch.write(tmp_path / "ball.npy", pixels[None, None].astype(np.float32))
    image = VolumeRef(pixels=ref, spacing=spacing, unit="um")
    first = ask(engine, image, point=(0, 8, 50, 50))
    found = np.zeros(inside.shape, bool)
    found[first.mask.slices[1:]] = first.mask.unpacked()[0]
    assert iou(found, inside) > 0.6
    assert first.smoothing is not None
    asked = Asked(add=((0, 8, 50, 50),), mask=first.mask, smoothing=first.smoothing)
    alone = ask(engine, image, asked, (0, 8, 50, 50), one_slice=True)
    _, deep, _, _ = alone.mask.slices
    assert deep == first.mask.slices[1], "what there is of it in other slices stays"
    drawn = ask(engine, image, Asked(drawn=((0, 8, 34, 34), (0, 8, 66, 66))))
    found = np.zeros(inside.shape, bool)
    found[drawn.mask.slices[1:]] = drawn.mask.unpacked()[0]
    assert iou(found, inside) > 0.6


def test_a_model_that_proposes_all_objects_cannot_be_asked(engine: Engine, image: VolumeRef) -> None:
    other = str(bundled_files()["nuclei-2d"][1])
    job = AskJob(id="a", image=image, click_model=other, asked=Asked(), point=(0, 0, 60, 60), generation=1)
    *_, last = engine.run(job, lambda: False)
    assert isinstance(last, Failed)
    assert "asked for single objects" in last.message


def test_a_click_model_is_not_asked_for_all_objects(engine: Engine, image: VolumeRef) -> None:
    *_, last = engine.run(ClickJob(id="c", image=image, model=MODEL, point=(0, 0, 60, 60), generation=1), lambda: False)
    assert isinstance(last, Failed)
    assert last.user_error


def test_taking_away_in_a_slice_without_the_object_adds_nothing(engine: Engine, tmp_path: Path) -> None:
    pixels, labels = disks()
    image = VolumeRef(pixels=scratch.write(tmp_path / "three.npy", np.concatenate([pixels] * 3, axis=2)))
    mask = PackedMask.of((labels == 2)[None, None], (0, 1, 0, 0))
    asked = Asked(add=((0, 1, 60, 170),), mask=mask)
    assert ask(engine, image, asked, (0, 0, 60, 170), removes=True, one_slice=True).mask == mask


def test_the_rival_stays_in_the_slice_too(engine: Engine, tmp_path: Path) -> None:
    pixels, _ = disks()
    ref = VolumeRef(pixels=scratch.write(tmp_path / "two.npy", np.concatenate([pixels] * 2, axis=2)))
    for model in bundled_files()["nuclei-3d"][1], tmp_path / "gone.safetensors":
        rival = ClickJob(id="r", image=ref, model=str(model), point=(0, 0, 60, 170), generation=3)
        found = ask(engine, ref, point=(0, 0, 60, 170), one_slice=True, rival=rival)
        assert iou(whole(found), disks()[1] == 2) > 0.75


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_pixels_that_are_no_numbers_hide_nothing_in_another_channel(engine: Engine, tmp_path: Path, bad: float) -> None:
    pixels, labels = disks(2)
    pixels[:, 1, :, ::3] = bad
    for name in ("some", "all"):
        image = VolumeRef(pixels=scratch.write(tmp_path / f"{name}.npy", pixels))
        assert iou(whole(ask(engine, image, point=(0, 0, 60, 170))), labels == 2) > 0.75
        pixels[:, 1] = bad


def test_single_voxels_that_are_no_numbers_count_as_dark_and_do_not_spread(engine: Engine, tmp_path: Path) -> None:
    spacing = (2.0, 0.5, 0.5)
    pixels, inside = ball(spacing)
    pixels[np.random.default_rng(1).random(pixels.shape) < 0.05] = np.nan
    ref = scratch.write(tmp_path / "ball.npy", pixels[None, None].astype(np.float32))
    found = solid(ask(engine, VolumeRef(pixels=ref, spacing=spacing), point=(0, 8, 50, 50)), inside.shape)
    assert iou(found, inside) > 0.6


@pytest.mark.parametrize("thickness", [1e-5, 1e6])
def test_a_volume_with_a_strange_spacing_is_answered(engine: Engine, tmp_path: Path, thickness: float) -> None:
    pixels, inside = ball((2.0, 0.5, 0.5))
    ref = scratch.write(tmp_path / "ball.npy", pixels[None, None].astype(np.float32))
    found = solid(ask(engine, VolumeRef(pixels=ref, spacing=(thickness, 0.5, 0.5)), point=(0, 8, 50, 50)), inside.shape)
    assert iou(found[8], inside[8]) > 0.75


def test_a_part_of_an_object_that_nobody_clicked_stays(engine: Engine, tmp_path: Path) -> None:
    spacing = (2.0, 0.5, 0.5)
    pixels, inside = ball(spacing)
    ref = scratch.write(tmp_path / "ball.npy", pixels[None, None].astype(np.float32))
    image, split = VolumeRef(pixels=ref, spacing=spacing), inside.copy()
    split[7:10] = False
    asked = Asked(add=((0, 6, 50, 50),), mask=PackedMask.of(split[None], (0, 0, 0, 0)))
    found = solid(ask(engine, image, asked, (0, 6, 50, 58)), inside.shape)
    assert (found[10:] == split[10:]).all()
    found = solid(ask(engine, image, asked, (0, 10, 50, 50), removes=True), inside.shape)
    assert not found[10:].any(), "clicked away"
    assert found[6].any()


def solid(result: ClickResult, shape: tuple[int, ...]) -> np.ndarray:
    mask = np.zeros(shape, bool)
    if result.mask:
        mask[result.mask.slices[1:]] = result.mask.unpacked()[0]
    return mask
