from __future__ import annotations

import numpy as np
import torch

from napari_apprentice.architecture import NetSettings
from napari_apprentice.data.labels.corrections import dilate_in_planes
from napari_apprentice.data.representations.log_distance import LogDistance
from napari_apprentice.engine import judging
from napari_apprentice.engine.device import pick
from napari_apprentice.engine.losses import Objective
from napari_apprentice.engine.nets import build
from napari_apprentice.engine.training_data import frames_of, read_corrections
from napari_apprentice.engine.tune_decoding import Known, tune_decoding
from napari_apprentice.engine.windows import windows_of
from napari_apprentice.settings import DecodeSettings, NormalizeSettings

TINY = NetSettings(in_channels=2, widths=(8, 16), pools=((1, 2, 2),))


def cases_from(folder, disks, corrected, job, *, teaching: bool):
    pixels, labels = disks()
    found = read_corrections(job(folder, pixels, labels, corrected(labels)))
    (frame,) = frames_of(found, [1.0])
    windows = list(windows_of(frame, LogDistance(), NormalizeSettings(), np.random.default_rng(0)))
    return judging.cases_of(windows, TINY, "teaches" if teaching else "judges")


def perfect(case):
    """What a perfect network says, but that foreground is too wide by two pixels."""
    wide = dilate_in_planes(case.labels > 0, 2)
    return np.stack([np.where(wide, 0.6, 0.1) + 0.3 * (case.labels > 0), case.target[0, 1].numpy()]).astype(np.float32)


def test_boxes_hold_what_is_judged_with_context():
    confirmed = np.zeros((1, 200, 200), np.uint8)
    confirmed[0, 60:70, 60:70] = 2
    confirmed[0, 180:, 10:20] = 1
    boxes = judging.boxes_around(confirmed, (1, 4, 4))
    assert len(boxes) == 2
    inside = np.zeros(confirmed.shape, bool)
    for box in boxes:
        inside[box] = True
        assert all((part.stop - part.start) % 4 == 0 for part in box[1:])
    assert inside[dilate_in_planes(confirmed > 0, 30)].all()
    assert inside.mean() < 0.6


def test_perfect_predictions_get_full_marks(tmp_path, disks, corrected, job):
    cases = cases_from(tmp_path, disks, corrected, job, teaching=False)
    predicted = judging.CasePredictions(predictions=[perfect(case) for case in cases])
    found = judging.match_cases(cases, predicted, LogDistance(), DecodeSettings(foreground=0.8, prominence=0.3))
    assert found[-1].average_precision == 1.0
    assert found[0].true_positives > 5


def chosen(cases, predicted, known):
    steps = tune_decoding(cases, predicted, LogDistance(), known, sections=True)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def test_decoding_is_tuned_to_what_the_network_says(tmp_path, disks, corrected, job):
    cases = cases_from(tmp_path, disks, corrected, job, teaching=True)
    predicted = judging.CasePredictions(predictions=[perfect(case) for case in cases])
    found = chosen(cases, predicted, Known(DecodeSettings(foreground=0.3)))
    assert found.foreground > 0.6 or found.edge > 0
    assert found.min_size > 20  # disks have some 250 pixels


def test_a_model_that_does_well_drops_no_more_than_before(tmp_path, disks, corrected, job):
    cases = cases_from(tmp_path, disks, corrected, job, teaching=True)
    predicted = judging.CasePredictions(predictions=[perfect(case) for case in cases])
    first = DecodeSettings(foreground=0.7, min_size=20, confidence=0.5)
    good, bad = (chosen(cases, predicted, Known(first, score)) for score in (0.8, 0.3))
    assert (good.min_size, good.confidence) == (20, 0.5)
    assert bad.min_size > 20
    small = DecodeSettings(foreground=0.7, min_size=900, confidence=0.5)  # all that was corrected would be dropped
    assert chosen(cases, predicted, Known(small, 0.8)).min_size < 250


def test_of_too_few_objects_nothing_is_chosen_but_for_a_fresh_network(tmp_path, disks, corrected, job):
    cases = cases_from(tmp_path, disks, corrected, job, teaching=True)[:1]
    case = cases[0]
    few = np.isin(case.labels, np.unique(case.labels)[1:4])
    case = judging.EvaluationCase(
        case.name, case.image, case.target, case.weight, case.labels, np.where(few, case.confirmed, 0)
    )
    predicted = judging.CasePredictions(predictions=[perfect(case)])
    first = DecodeSettings(foreground=0.7, min_size=20, confidence=0.5)
    assert chosen([case], predicted, Known(first, 0.1)) == first
    assert chosen([case], predicted, Known(first)).min_size == 12


def test_the_loss_of_a_case_counts_only_what_is_confirmed(tmp_path, disks, corrected, job):
    torch.manual_seed(0)
    cases = cases_from(tmp_path, disks, corrected, job, teaching=False)
    net = build(TINY).eval()

    def loss(some):
        steps = judging.predict_cases(net, TINY, some, Objective(LogDistance().meanings), 20.0, pick("cpu"))
        while True:
            try:
                next(steps)
            except StopIteration as end:
                return end.value.loss

    spoiled = [
        judging.EvaluationCase(
            e.name, e.image, torch.where(e.weight > 0, e.target, 9.0), e.weight, e.labels, e.confirmed
        )
        for e in cases
    ]
    assert loss(cases) == loss(spoiled)
