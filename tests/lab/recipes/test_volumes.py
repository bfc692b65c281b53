"""Recipes for volumes: what they read, and that both parts of a training end in a model file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from apprentice_lab.recipes import cells_3d, nuclei_3d
from apprentice_lab.recipes.judge import AnnotatedImage
from apprentice_lab.recipes.stacks import STACKS, noisier, read_stack
from apprentice_lab.recipes.volume_training import train
from apprentice_lab.recipes.volumes import SIMULATED, VolumeRecipe, render, shares_of, shorten, without
from apprentice_lab.simulate.scene import nuclei_scene
from apprentice_lab.simulate.volumes import Sample, nuclei
from napari_apprentice.architecture import NetSettings
from napari_apprentice.data.models import read_header
from napari_apprentice.errors import UserError

DATA = Path(__file__).parents[4] / "shared" / "data"
SHAPE = (8, 32, 32)
real = pytest.mark.skipif(not (DATA / "nuclei3d_ovules").exists(), reason="annotated volumes not found in shared/data")


def _small(seed: int) -> Sample:
    return nuclei(replace(nuclei_scene(np.random.default_rng(seed), SHAPE), fill=0.2), seed)


def _example(name: str = "a", kind: str = "set", shape: tuple[int, int, int] = (12, 100, 40)) -> AnnotatedImage:
    """Bricks of 10 x 15 x 15 voxels that shine."""
    labels = np.zeros(shape, np.uint32)
    for number, (y, x) in enumerate((y, x) for y in range(0, shape[1] - 16, 18) for x in (2, 22)):
        labels[1:11, y : y + 15, x : x + 15] = number + 1
    light = np.random.default_rng(0).normal(100.0 + 40 * (labels > 0), 5.0)
    return AnnotatedImage(name, kind, name, light.astype(np.float32), labels)


@pytest.fixture
def tiny() -> VolumeRecipe:
    net = NetSettings(dims=3, in_channels=2, widths=(4, 8), pools=((1, 2, 2),))
    few = shorten(nuclei_3d.RECIPE, 1 / 4000)
    return replace(few, net=net, simulate=_small, rendered=1, mixed=1, small=(1, SHAPE), stacks=("img3d",))


@pytest.mark.parametrize("recipe", [nuclei_3d.RECIPE, cells_3d.RECIPE])
def test_a_model_of_volumes_is_small_and_takes_thin_stacks(recipe: VolumeRecipe) -> None:
    assert recipe.net.parameters <= 3_500_000
    assert recipe.net.multiple[0] <= 4
    assert all(n % m == 0 for n, m in zip(recipe.patch, recipe.net.multiple, strict=True))
    assert all(n % m == 0 for n, m in zip(recipe.small[1], recipe.net.multiple, strict=True))


def test_dev_volumes_are_never_learned_from() -> None:
    dev = {stack.name for stack in STACKS if stack.split == "dev"}
    assert dev == set(nuclei_3d.RECIPE.judged)
    assert not dev & set(nuclei_3d.RECIPE.stacks)


def test_volumes_of_one_specimen_are_left_out_together() -> None:
    recipe = without(cells_3d.RECIPE, "root")
    assert recipe.stacks == ("sample_ovule",)
    assert recipe.judged == ("patch_a", "patch_b")
    assert without(nuclei_3d.RECIPE, "ovule1135").stacks == ("8_cell_stage", "img3d")


def test_noisier_copies_drown_single_voxels_and_keep_objects() -> None:
    example = _example()
    copies = noisier(example, np.random.default_rng(0))
    assert [copy.name for copy in copies] == ["a snr 0.5", "a snr 0.15"]
    inside = example.labels > 0
    for copy in copies:
        assert copy.pixels[inside].mean() > copy.pixels[~inside].mean()
        assert copy.pixels[inside].std() > 5 * example.pixels[inside].std()
    assert noisier(copies[-1], np.random.default_rng(0)) == []
    assert noisier(replace(example, labels=np.ones_like(example.labels)), np.random.default_rng(0)) == []


def test_real_stacks_have_their_share_whatever_their_copies() -> None:
    a, b = _example("a"), _example("b")
    simulated = [replace(_example(f"{SIMULATED} {i}"), kind=SIMULATED) for i in range(10)]
    shares = shares_of(0.6, [a, *noisier(a, np.random.default_rng(0)), b, *simulated])
    np.testing.assert_allclose(shares.sum(), 1)
    np.testing.assert_allclose(shares[:3].sum(), 0.3)
    np.testing.assert_allclose(shares[3], 0.3)
    np.testing.assert_allclose(shares[4:], 0.04)


@pytest.mark.parametrize("recipe", [nuclei_3d.RECIPE, cells_3d.RECIPE])
def test_a_seed_renders_the_same_stack_again(recipe: VolumeRecipe) -> None:
    first, again = render(recipe, [7, 7])
    np.testing.assert_array_equal(first.pixels, again.pixels)
    np.testing.assert_array_equal(first.labels, again.labels)
    assert first.pixels.shape == (32, 128, 128)


def test_an_unknown_volume_and_a_wrong_folder_are_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no volume embryo: choose one of ovule1135"):
        read_stack(tmp_path, "embryo")
    with pytest.raises(UserError, match="has no nuclei3d_bbbc050/images/8_cell_stage"):
        read_stack(tmp_path, "8_cell_stage")


@real
def test_both_parts_end_in_a_model_and_are_not_done_twice(tiny: VolumeRecipe, tmp_path: Path) -> None:
    recipe = without(tiny, "ovule1137")
    recipe = replace(recipe, read=lambda data, split: [read_stack(data, "img3d")])
    path = train(recipe, DATA, tmp_path, device="cpu")
    header = read_header(path)
    assert header.net.dims == 3
    assert header.object_diameter == recipe.diameter
    assert header.scores
    simulated = tmp_path / SIMULATED / "nuclei-3d-simulated.safetensors"
    assert read_header(simulated).trained_on == ("simulated stacks",)
    written = simulated.stat().st_mtime_ns
    train(recipe, DATA, tmp_path, device="cpu")
    assert simulated.stat().st_mtime_ns == written
