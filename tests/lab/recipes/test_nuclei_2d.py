from __future__ import annotations

import numpy as np

from apprentice_lab.recipes.images import luminance
from apprentice_lab.recipes.judge import AnnotatedImage
from apprentice_lab.recipes.nuclei_2d import SHARES, shares_of
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
