from __future__ import annotations

from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest

from apprentice_lab.recipes.card import table, write_report
from apprentice_lab.recipes.judge import ALL, AnnotatedImage, choose_decoding, compare
from napari_apprentice.data.labels.instances import decode, encode
from napari_apprentice.data.labels.outline_pictures import busiest


def _squares(count: int) -> np.ndarray:
    labels = np.zeros((64, 64), np.uint32)
    for i in range(count):
        labels[4:16, 4 + 14 * i : 16 + 14 * i] = i + 1
    return labels


def _example(name: str, kind: str, count: int) -> AnnotatedImage:
    labels = _squares(count)
    return AnnotatedImage(name, kind, name, (labels > 0) * 100.0, labels)


def test_scores_are_means_over_images_and_over_objects() -> None:
    examples = [_example("a", "fluo_small", 1), _example("b", "fluo_small", 4), _example("c", "histo", 2)]
    found = [_squares(1), _squares(1), _squares(2)]
    report = compare(examples, {"model": found})["model"]
    assert report["fluo_small"].mean == pytest.approx((0.625,) * 3)
    assert report["fluo_small"].pooled == pytest.approx((0.4,) * 3)
    assert report["fluo_small"].objects == 5
    assert report["histo"].mean == (1, 1, 1)
    assert report[ALL] == report["fluo_small"]


def test_the_decoding_that_drops_doubtful_objects_is_chosen() -> None:
    example = _example("a", "fluo_small", 3)
    prediction, _ = encode(example.labels[None], np.full((1, 64, 64), 2, np.uint8))
    prediction[0, 0, 40:52, 40:52] = 0.72
    prediction[1, 0, 40:52, 40:52] = 1
    decoding, score = choose_decoding([example], [prediction], lambda found, how: decode(found, how)[0])
    assert score == 1
    assert decoding.confidence > 0.72 or decoding.foreground > 0.72


def test_the_report_has_a_line_and_pictures_for_every_kind(tmp_path: Path) -> None:
    examples = [_example("a", "fluo_small", 1), _example("b", "histo", 4)]
    found = [_squares(1), _squares(3)]
    reports = compare(examples, {"model": found, "classical": found})
    assert "| histo | 1 | 4 | 0.750 |" in table(reports)
    write_report(tmp_path, reports, examples, found)
    assert (tmp_path / "scores.json").exists()
    picture = iio.imread(tmp_path / "pictures" / "histo-worst.png")
    assert picture.shape == (256, 516, 3)  # four times as large


def test_the_busiest_window_holds_the_objects() -> None:
    labels = np.zeros((100, 40), np.uint32)
    labels[70:90, 5:10] = 1
    y, x = busiest(labels, 48)
    assert labels[y, x].sum() == labels.sum()
    assert labels[y, x].shape == (48, 40)
