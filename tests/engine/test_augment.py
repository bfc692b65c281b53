from __future__ import annotations

import numpy as np
import torch

from napari_apprentice.engine.augment import NO_AUGMENTATION, Augmentation, View, change_light, draw_view, sample
from napari_apprentice.engine.batches import Source, draw_batch, draw_patch

IDENTITY = ((1.0, 0.0), (0.0, 1.0))


def test_the_identity_cuts_the_patch_around_its_centre() -> None:
    stack = torch.arange(100.0).view(1, 1, 10, 10)
    out = sample(stack, View((4.5, 5.5), IDENTITY, 1.0), (4, 4), interpolate=True)
    torch.testing.assert_close(out[0, 0], stack[0, 0, 3:7, 4:8])


def test_a_view_that_magnifies_twice_sees_half_as_far() -> None:
    stack = torch.zeros(1, 1, 8, 8)
    stack[..., 3:5, 3:5] = 1
    out = sample(stack, View((3.5, 3.5), ((0.5, 0), (0, 0.5)), 2.0), (8, 8), interpolate=False)
    expected = torch.zeros(8, 8)
    expected[2:6, 2:6] = 1
    torch.testing.assert_close(out[0, 0], expected)


def test_beyond_the_border_the_image_is_mirrored() -> None:
    stack = torch.arange(4.0).view(1, 1, 1, 4).expand(1, 1, 4, 4).contiguous()
    out = sample(stack, View((1.5, 3.5), IDENTITY, 1.0), (4, 4), interpolate=False)
    torch.testing.assert_close(out[0, 0, 0], torch.tensor([2.0, 3.0, 3.0, 2.0]))


def _two_slices() -> Source:
    rng = np.random.default_rng(1)
    labels = torch.from_numpy(np.kron(rng.integers(0, 5, (2, 6, 6)), np.ones((1, 8, 8)))).float()
    target = torch.stack([(labels > 0).float(), torch.log1p(labels)])
    return Source(labels[None] / 4, target, torch.ones_like(target), labels, np.array([[0.0, 20.0, 20.0]]))


def test_labels_stay_integer_and_aligned_with_the_image() -> None:
    source = _two_slices()
    spatial = Augmentation(contrast=0, gamma=0, noise=0, blur=0, invert=0, dim_objects=0)
    for seed in range(10):
        view = draw_view((20.0, 25.0), spatial, np.random.default_rng(seed))
        labels = sample(source.labels[None], view, (32, 32), interpolate=False)
        image = sample(source.image, view, (32, 32), interpolate=True)
        assert set(labels.unique().tolist()) <= {0.0, 1.0, 2.0, 3.0, 4.0}
        # blocks are 8 voxels wide, so that most voxels are away from any edge
        agree = (image * 4 - labels).abs() < 0.01
        assert agree.float().mean() > 0.6
        flipped = sample(
            source.labels[None], View(view.centre, view.matrix, view.scale, True), (32, 32), interpolate=False
        )
        plain = sample(
            source.labels[None], View(view.centre, view.matrix, view.scale, False), (32, 32), interpolate=False
        )
        torch.testing.assert_close(flipped.flip(1), plain)


def test_distances_grow_with_the_image() -> None:
    source = _two_slices()
    double = Augmentation((2.0, 2.0), 0.0, False, False, 0, 0, 0, 0, 0, 0)
    _, target, _ = draw_patch(source, (1, 16, 16), double, np.random.default_rng(0))
    inside = target[0] > 0
    before = torch.expm1(target[1][inside])
    # a distance of n voxels, measured from a voxel's centre, is 2 (n - 1/2) + 1/2
    assert set(before.round(decimals=3).tolist()) <= {1.5, 3.5, 5.5, 7.5}
    assert (target[1][~inside] == 0).all()


def test_light_leaves_the_shape_and_stays_in_range() -> None:
    source = _two_slices()
    for seed in range(20):
        image = change_light(source.image, source.labels, Augmentation(), np.random.default_rng(seed))
        assert image.shape == source.image.shape
        assert image.isfinite().all()
        assert 0 <= image.min() <= image.max() <= 4
    torch.testing.assert_close(
        change_light(source.image, None, NO_AUGMENTATION, np.random.default_rng(0)), source.image
    )


def test_batches_are_the_same_for_the_same_seed_and_pad_thin_volumes_with_weight_0() -> None:
    sources = [_two_slices()]
    draw = [draw_batch(sources, np.ones(1), 3, (4, 16, 16), Augmentation(), np.random.default_rng(7), 20) for _ in "ab"]
    for one, two in zip(*draw, strict=True):
        torch.testing.assert_close(one, two)
    assert draw[0].inputs.shape == (3, 2, 4, 16, 16)
    assert draw[0].weight[:, :, :2].min() == 1
    assert draw[0].weight[:, :, 2:].max() == 0
