from __future__ import annotations

from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
import torch

from napari_apprentice.architecture import NetSettings
from napari_apprentice.data.labels.instances import encode
from napari_apprentice.data.representations.classes import Classes
from napari_apprentice.data.representations.log_distance import LogDistance, rescale_distance
from napari_apprentice.engine.augment import (
    AUGMENTATIONS,
    NO_AUGMENTATION,
    Augmentation,
    PatchView,
    draw_bend,
    draw_view,
    sample,
    sample_tilted,
    suit_to_spacing,
)
from napari_apprentice.engine.batches import Source, draw_batch, draw_patch
from napari_apprentice.engine.light import change_light
from napari_apprentice.settings import AugmentationName

IDENTITY = ((1.0, 0.0), (0.0, 1.0))
EVERYTHING = Augmentation(elastic=3.0, tilt=0.6)
ALONE = {
    "rotation": replace(NO_AUGMENTATION, rotate=True),
    "scaling": replace(NO_AUGMENTATION, scale=(0.5, 2.0), stretch=0.2),
    "translation": replace(NO_AUGMENTATION, shift=0.5),
    "flips": replace(NO_AUGMENTATION, flip=True),
    "elastic": replace(NO_AUGMENTATION, elastic=3.0),
    "tilt": replace(NO_AUGMENTATION, tilt=0.6),
    "contrast": replace(NO_AUGMENTATION, contrast=0.3),
    "gamma": replace(NO_AUGMENTATION, gamma=0.3),
    "noise": replace(NO_AUGMENTATION, noise=0.1),
    "blur": replace(NO_AUGMENTATION, blur=1.0),
}
LIGHT = ("contrast", "gamma", "noise", "blur")


def balls(radius: float = 9.0, depth: int = 24, edge: int = 64) -> Source:
    """Bright balls, voxels as deep as wide, everything confirmed."""
    z, y, x = np.mgrid[:depth, :edge, :edge]
    labels = np.zeros((depth, edge, edge), np.uint32)
    for number, (cy, cx) in enumerate([(20, 20), (42, 22), (30, 44)], start=1):
        labels[(z - depth // 2) ** 2 + (y - cy) ** 2 + (x - cx) ** 2 <= radius**2] = number
    target, weight = encode(labels, np.where(labels > 0, 2, 1).astype(np.uint8))
    image = torch.from_numpy((labels > 0).astype(np.float32))[None]
    centres = np.array([[depth // 2, 32.0, 32.0]], np.float32)
    return Source(
        image,
        torch.from_numpy(target),
        torch.from_numpy(weight),
        torch.from_numpy(labels.astype(np.float32)),
        centres,
        representation=LogDistance(),
    )


def test_the_identity_cuts_the_patch_around_its_centre() -> None:
    stack = torch.arange(100.0).view(1, 1, 10, 10)
    out = sample(stack, PatchView((4.5, 5.5), IDENTITY, 1.0), (4, 4), interpolate=True)
    torch.testing.assert_close(out[0, 0], stack[0, 0, 3:7, 4:8])


def test_a_view_that_magnifies_twice_sees_half_as_far() -> None:
    stack = torch.zeros(1, 1, 8, 8)
    stack[..., 3:5, 3:5] = 1
    out = sample(stack, PatchView((3.5, 3.5), ((0.5, 0), (0, 0.5)), 2.0), (8, 8), interpolate=False)
    expected = torch.zeros(8, 8)
    expected[2:6, 2:6] = 1
    torch.testing.assert_close(out[0, 0], expected)


def test_beyond_the_border_the_image_is_mirrored() -> None:
    stack = torch.arange(4.0).view(1, 1, 1, 4).expand(1, 1, 4, 4).contiguous()
    out = sample(stack, PatchView((1.5, 3.5), IDENTITY, 1.0), (4, 4), interpolate=False)
    torch.testing.assert_close(out[0, 0, 0], torch.tensor([2.0, 3.0, 3.0, 2.0]))


def test_a_volume_turned_by_a_right_angle_has_its_axes_swapped() -> None:
    stack = torch.rand(1, 5, 5, 5, generator=torch.Generator().manual_seed(0))
    about_y = torch.tensor([[0.0, 0, -1], [0, 1, 0], [1, 0, 0]])  # x -> z, z -> -x
    seen, inside = sample_tilted(
        stack, PatchView((2.0, 2.0), IDENTITY, 1.0, lean=about_y), (5, 5, 5), 0, interpolate=True
    )
    torch.testing.assert_close(seen[0], stack[0].permute(2, 1, 0).flip(0), atol=1e-5, rtol=0)
    assert inside.all()
    _, inside = sample_tilted(
        stack[:, :3], PatchView((2.0, 2.0), IDENTITY, 1.0, lean=about_y), (3, 5, 5), 0, interpolate=True
    )
    assert inside[:, :, 1:4].all()
    assert not inside[:, :, [0, 4]].any()


def test_what_has_an_upright_is_turned_a_little_either_way() -> None:
    how, rng = replace(NO_AUGMENTATION, rotate=True, turn=0.2), np.random.default_rng(0)
    matrices = [np.array(draw_view((0.0, 0.0), how, rng).matrix) for _ in range(200)]
    angles = [np.arctan2(m[1, 0], m[0, 0]) for m in matrices]
    assert -0.2 < min(angles) < -0.15
    assert 0.15 < max(angles) < 0.2


@pytest.mark.parametrize("name", ALONE)
@pytest.mark.parametrize("depth", [1, 8])
def test_labels_are_never_interpolated_and_stay_with_the_image(name: str, depth: int) -> None:
    values = torch.tensor([0.0, 7.0, 300.0, 70001.0])
    source = balls() if depth > 1 else _slice_of(balls(), 12)
    assert source.labels is not None
    labels = values[source.labels.long()]
    source = replace(
        source,
        labels=labels,
        target=labels[None],
        weight=torch.ones_like(labels)[None],
        kind="classes",
        representation=Classes(3),
    )
    changed = 0
    for seed in range(5):
        rng = np.random.default_rng(seed)
        image, target, weight = draw_patch(source, (depth, 48, 48), ALONE[name], rng, anywhere=0.0)
        assert set(target.unique().tolist()) <= set(values.tolist())
        known = weight > 0
        if name not in LIGHT:
            agree = (image - (target > 0).float()).abs() < 0.501  # interpolated is at most half a voxel off
            assert agree[known].float().mean() > 0.98
        plain = draw_patch(source, (depth, 48, 48), NO_AUGMENTATION, np.random.default_rng(seed), anywhere=0.0)
        changed += not torch.equal(image, plain[0])
    assert changed > 0 or (name == "tilt" and depth == 1)  # a slice has nothing to lean into


def _slice_of(source: Source, z: int) -> Source:
    part = slice(z, z + 1)
    assert source.labels is not None
    return Source(
        source.image[:, part],
        source.target[:, part],
        source.weight[:, part],
        source.labels[part],
        source.centres * np.array([0, 1, 1], np.float32),
        representation=source.representation,
    )


def test_an_elastic_field_is_smooth_and_never_folds() -> None:
    for seed in range(20):
        bend = draw_bend((96, 128), 4.0, np.random.default_rng(seed)).double()
        assert bend.shape == (2, 96, 128)
        dy, dx = torch.gradient(bend, dim=(1, 2))
        area = (1 + dx[0]) * (1 + dy[1]) - dy[0] * dx[1]
        assert area.min() > 0
        assert 1.0 < bend.std() < 6.0


def test_distances_grow_with_the_image() -> None:
    source = _slice_of(balls(), 12)
    double = replace(NO_AUGMENTATION, scale=(2.0, 2.0))
    _, target, _ = draw_patch(source, (1, 16, 16), double, np.random.default_rng(0))
    old = rescale_distance(source.target[1].numpy(), 2.0)
    assert set(target[1].unique().tolist()) <= set(np.unique(old).tolist())
    # a distance of n voxels, measured from a voxel's centre, is 2 (n - 1/2) + 1/2
    three = rescale_distance(np.log1p(np.array([0.0, 1, 2], np.float32)), 2.0)
    np.testing.assert_allclose(np.expm1(three), [0, 1.5, 3.5], rtol=1e-5)


@pytest.mark.parametrize("how", [replace(NO_AUGMENTATION, elastic=4.0), replace(NO_AUGMENTATION, tilt=1.5)])
def test_bent_and_tilted_distances_are_those_of_the_objects_one_sees(how: Augmentation) -> None:
    source = balls()
    for seed in range(4):
        rng = np.random.default_rng(seed)
        image, target, weight = draw_patch(source, (8, 48, 48), how, rng, anywhere=0.0)
        truth, _ = encode((image > 0.5).numpy()[0].astype(np.uint32), np.full(image.shape[1:], 2, np.uint8))
        known = (weight[1] > 0) & (target[0] > 0)
        assert known.float().mean() > 0.05
        away = (target[1].expm1() - torch.from_numpy(truth[1]).expm1())[known].abs()
        assert away.quantile(0.95) < 1.5  # the interpolated outline is half a voxel off on either side
        assert (target[1][target[0] == 0] == 0).all()


def test_an_object_cut_by_the_patch_has_distances_only_where_they_are_sure() -> None:
    edge = 64
    labels = np.zeros((1, edge, edge), np.uint32)
    labels[:, 8:56, 8:56] = 1  # a square of 48: much larger than the patch
    target, weight = encode(labels, np.where(labels > 0, 2, 1).astype(np.uint8))
    source = Source(
        torch.from_numpy(labels.astype(np.float32))[None],
        torch.from_numpy(target),
        torch.from_numpy(weight),
        torch.from_numpy(labels.astype(np.float32)),
        np.array([[0, 16.0, 32.0]], np.float32),
        representation=LogDistance(),
    )
    still = replace(NO_AUGMENTATION, elastic=1e-6)  # bent so little that the old distances are still right
    _, bent, sure = draw_patch(source, (1, 25, 25), still, np.random.default_rng(0), anywhere=0.0)
    _, plain, _ = draw_patch(source, (1, 25, 25), NO_AUGMENTATION, np.random.default_rng(0), anywhere=0.0)
    inside, known = plain[0] > 0, sure[1] > 0
    torch.testing.assert_close(bent[1][known], plain[1][known])
    assert (inside & known).any()
    assert (inside & ~known).any()


def test_nothing_becomes_known_by_bending() -> None:
    source = balls()
    nobody = replace(source, weight=torch.zeros_like(source.weight))
    _, _, weight = draw_patch(nobody, (8, 32, 32), EVERYTHING, np.random.default_rng(0))
    assert (weight == 0).all()


def test_numbers_are_interpolated_but_not_with_unknown_ones() -> None:
    image = torch.linspace(0, 1, 40).view(1, 1, 1, 40).expand(1, 1, 40, 40).contiguous()
    weight = torch.ones_like(image)
    weight[..., 20:] = 0
    target = torch.where(weight > 0, image, torch.nan)
    source = Source(image, target, weight, kind="values", centres=np.array([[0, 20.0, 20.0]], np.float32))
    rotated = replace(NO_AUGMENTATION, rotate=True, noise=0.2)
    seen, number, known = draw_patch(source, (1, 24, 24), rotated, np.random.default_rng(3), anywhere=0.0)
    assert number.isfinite().all()
    assert 0 < known.mean() < 1
    assert number[known > 0].max() <= 20 / 39
    assert number[known > 0].unique().numel() > 24  # between the numbers of the columns
    assert not torch.equal(seen, number)  # the light is on the image only


def test_light_leaves_the_shape_and_stays_in_range() -> None:
    source = balls()
    for seed in range(20):
        image = change_light(source.image, source.labels, Augmentation(), np.random.default_rng(seed))
        assert image.shape == source.image.shape
        assert image.isfinite().all()
        assert 0 <= image.min() <= image.max() <= 4
    torch.testing.assert_close(
        change_light(source.image, None, NO_AUGMENTATION, np.random.default_rng(0)), source.image
    )


def test_batches_are_the_same_for_the_same_seed_and_pad_thin_volumes_with_weight_0() -> None:
    for how in (Augmentation(), EVERYTHING):
        sources = [_slice_of(balls(), 12)]
        draw = [draw_batch(sources, np.ones(1), 3, (4, 16, 16), how, np.random.default_rng(7), 20) for _ in "ab"]
        for one, two in zip(*draw, strict=True):
            torch.testing.assert_close(one, two)
        assert draw[0].inputs.shape == (3, 2, 4, 16, 16)
        assert draw[0].weight[:, 0, :1].min() == 1
        assert draw[0].weight[:, :, 1:].max() == 0


def test_only_cubic_voxels_are_tilted() -> None:
    how = Augmentation(tilt=0.3)
    for pools, tilt in ((((2, 2, 2),), 0.3), (((1, 2, 2),), 0.0)):
        assert suit_to_spacing(how, NetSettings(dims=3, widths=(8, 16), pools=pools)).tilt == tilt
    assert suit_to_spacing(how, NetSettings(dims=2)).tilt == 0.0


def test_settings_name_augmentations() -> None:
    assert set(AUGMENTATIONS) == set(get_args(AugmentationName))
    view = draw_view((3.0, 4.0), AUGMENTATIONS["none"], np.random.default_rng(0), (8, 8))
    assert view == PatchView((3.0, 4.0), IDENTITY, 1.0)
