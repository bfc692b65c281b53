"""Models of classes are made, judged, written, and kept out of the package where they must be."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import napari_apprentice
from apprentice_lab.recipes import hippocampus, membranes, sections
from apprentice_lab.recipes.classes import ClassRecipe, choose_decision, judge
from apprentice_lab.recipes.judge import AnnotatedImage
from apprentice_lab.recipes.recipe import train
from apprentice_lab.training.pretrain import Cycle
from napari_apprentice.architecture import NetSettings
from napari_apprentice.data.models import read_header
from napari_apprentice.errors import UserError
from napari_apprentice.session.catalog import bundled_files
from napari_apprentice.settings import ClassName

DATA = Path(__file__).parents[4] / "shared" / "data"
MEMBRANE = (ClassName(value=1, name="membrane"),)


def line_at(x: int, name: str = "a") -> AnnotatedImage:
    """A bright line in a dim volume (2, 32, 32)."""
    labels = np.zeros((2, 32, 32), np.uint8)
    labels[:, :, x : x + 2] = 1
    noise = np.random.default_rng(x).normal(0, 3, labels.shape)
    return AnnotatedImage(name, "made", name, (20 + 100 * labels + noise).astype(np.float32), labels)


def read_lines(data: Path, split: str) -> list[AnnotatedImage]:
    return [line_at(x, f"{split}{x}") for x in {"train": (6, 14), "fold": (20,), "dev": (9, 25)}[split]]


RECIPE = ClassRecipe(
    name="lines",
    title="Lines",
    net=NetSettings(in_channels=2, out_channels=1, widths=(4, 8), pools=((1, 2, 2),)),
    cycles=(Cycle(12, 1e-2),),
    read=read_lines,
    shares=lambda examples: np.full(len(examples), 1 / len(examples)),
    trained_on=("lines",),
    licence="none",
    batch_size=2,
    patch=(1, 32, 32),
    classes=MEMBRANE,
    lines=True,
)


def test_a_recipe_gives_a_model_with_its_scores_and_pictures(tmp_path: Path) -> None:
    header = read_header(train(RECIPE, tmp_path, tmp_path))
    assert (header.kind, header.classes) == ("classes", MEMBRANE)
    scores = json.loads((tmp_path / "scores.json").read_text())
    assert scores["step"] == 12
    assert header.scores["dev line F1"] == pytest.approx(scores["dev"]["line F1"], abs=1e-4)
    assert {path.name for path in (tmp_path / "pictures").iterdir()} == {"made-worst.png", "made-median.png"}


def test_the_decision_is_where_lines_are_found_best() -> None:
    example = line_at(10)
    prediction = np.where(example.labels > 0, 0.62, 0.31)[None]
    decision, score = choose_decision([example], [prediction], lines=True)
    assert 0.31 < decision < 0.62
    assert score == 1.0
    assert choose_decision([example], [prediction], lines=False) == (decision, 1.0)


def test_scores_of_each_class_and_of_lines() -> None:
    near, far = line_at(10), line_at(20)
    shifted = np.roll(near.labels, 1, axis=2)
    report = judge(MEMBRANE, [near, far], [shifted, far.labels], lines=True)
    assert report["Dice membrane"] == pytest.approx(0.75)
    assert report["Dice membrane, pooled"] == pytest.approx(0.75)
    assert report["line F1"] == 1.0
    assert "line F1" not in judge(MEMBRANE, [near], [shifted], lines=False)


def test_what_is_not_shipped_is_never_written_into_the_package(tmp_path: Path) -> None:
    package = Path(napari_apprentice.__file__).parent
    with pytest.raises(UserError, match="choose a folder outside"):
        train(replace(RECIPE, shipped=False), tmp_path, package / "bundled")
    assert not hippocampus.RECIPE.shipped
    assert hippocampus.RECIPE.why_not_written_to(package)
    assert not hippocampus.RECIPE.why_not_written_to(tmp_path)
    assert not membranes.FLAT.why_not_written_to(package / "bundled")


def test_no_bundled_model_knows_images_that_are_shared_alike() -> None:
    for _, path in bundled_files().values():
        assert not any("hippocampus" in name for name in read_header(path).trained_on)


@pytest.mark.parametrize("recipe", [membranes.FLAT, membranes.DEEP, hippocampus.RECIPE], ids=lambda one: one.name)
def test_networks_are_small_and_take_the_patches(recipe: ClassRecipe) -> None:
    assert recipe.net.parameters <= 3_500_000
    assert all(n % m == 0 for n, m in zip(recipe.patch, recipe.net.multiple, strict=True))
    assert recipe.net.out_channels == (1 if len(recipe.classes) == 1 else 1 + len(recipe.classes))


def test_sections_are_cut_three_ways_to_learn_from_and_apart_from_the_fold() -> None:
    if not (DATA / "em_fib25").exists():
        pytest.skip("needs the annotated images in ../shared/data")
    xy, xz, yz = sections.read_examples(DATA, "train")
    assert [one.pixels.shape for one in (xy, xz, yz)] == [(130, 250, 250), (250, 130, 250), (250, 130, 250)]
    np.testing.assert_array_equal(xz.pixels[7], xy.pixels[:, 7])
    np.testing.assert_array_equal(yz.pixels[7], xy.pixels[:, :, 7])
    (fold,) = sections.read_examples(DATA, "fold")
    assert fold.pixels.shape == (15, 250, 250)
    assert 0.05 < fold.labels.mean() < 0.15
    np.testing.assert_allclose(sections.shares_of([xy, xz, yz]), (0.5, 0.25, 0.25))
    with pytest.raises(UserError, match="em_fib25"):
        sections.read_examples(DATA / "none", "dev")


def test_cases_of_the_hippocampus_have_three_parts_and_alike_intensities() -> None:
    if not (DATA / "sharealike").exists():
        pytest.skip("needs the annotated images in ../shared/data")
    parts = {split: hippocampus.read_examples(DATA, split) for split in ("train", "fold", "dev")}
    assert [len(part) for part in parts.values()] == [54, 6, 20]
    names = [example.name for part in parts.values() for example in part]
    assert len(set(names)) == 80
    assert max(example.pixels.max() for example in parts["dev"]) > 1000 > min(e.pixels.max() for e in parts["dev"])
    inside = [float(hippocampus.RECIPE.source(e).image[0, : len(e.labels)][e.labels > 0].mean()) for e in parts["dev"]]
    assert 0.2 < min(inside) < max(inside) < 0.5
