from __future__ import annotations

import numpy as np

from apprentice_lab.recipes.images import luminance
from apprentice_lab.recipes.judge import AnnotatedImage
from apprentice_lab.recipes.nuclei_2d import RECIPE, SHARES, shares_of
from apprentice_lab.sets import held_out


def test_the_held_out_groups_are_whole_small_and_of_every_kind() -> None:
    images = (
        [("small", f"g{i % 20}") for i in range(100)] + [("large", "big")] * 50 + [("large", f"l{i}") for i in range(9)]
    )
    fold = held_out(images)
    counts = {kind: sum(k == kind and g in fold for k, g in images) for kind in ("small", "large")}
    assert "big" not in fold
    assert 10 <= counts["small"] <= 15
    assert 6 <= counts["large"] <= 7
    assert held_out(images[::-1]) == fold


def test_kinds_are_drawn_by_their_shares() -> None:
    pixels = np.zeros((4, 4))
    kinds = ["fluo_small"] * 3 + ["fluo_large"]
    shares = shares_of([AnnotatedImage(str(i), kind, "g", pixels, pixels) for i, kind in enumerate(kinds)])
    np.testing.assert_allclose(shares.sum(), 1)
    np.testing.assert_allclose(shares[3] / shares[:3].sum(), SHARES["fluo_large"] / SHARES["fluo_small"])


def test_luminance_of_gray_is_gray() -> None:
    gray = np.full((2, 2, 3), 100, np.uint8)
    np.testing.assert_allclose(luminance(gray), 100)
    assert luminance(gray[..., 0]) is not None


def test_half_of_the_patches_of_an_image_in_colour_are_stained_otherwise_and_show_the_same_objects() -> None:
    labels = np.kron(np.arange(9).reshape(3, 3), np.ones((16, 16))).astype(np.uint32)
    glass_eosin_nuclei = np.array([[240, 225, 90], [240, 150, 60], [240, 195, 140]], np.uint8)
    colours = glass_eosin_nuclei[:, labels % 3]
    gray = luminance(np.moveaxis(colours, 0, -1))
    examples = [
        AnnotatedImage("section", "histology_tnbc", "a", gray, labels, colours),
        AnnotatedImage("cells", "fluo_small", "b", gray, labels),
    ]
    sources, shares = RECIPE.sources(examples)
    assert len(sources) == len(shares) == 2 + RECIPE.stains
    np.testing.assert_allclose(shares[0], shares[1:-1].sum())
    np.testing.assert_allclose([shares[:-1].sum(), shares[-1]], shares_of(examples))
    own, *others, _ = sources
    assert all(other.target is own.target and other.labels is own.labels for other in others)
    assert all(other.image.shape == own.image.shape and (other.image != own.image).any() for other in others)
