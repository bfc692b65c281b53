from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtGui import QGuiApplication
from qtpy.QtTest import QTest

from napari_apprentice.events import Failed, Progress, Validated
from napari_apprentice.gui import samples
from napari_apprentice.session import SessionOptions


def approve_all(panel):
    panel.tools.use("approve image")


def test_disabled_buttons_say_why_beside_them_and_in_the_tooltip(panel):
    for job in (panel.segment.job, panel.teach.job):
        assert not job.verb.button.isEnabled()
        assert job.verb.reason.text() == job.verb.button.toolTip()
        assert "There is no image" in job.verb.reason.text()


@pytest.mark.parametrize(
    ("pixels", "sentence"),
    [
        (np.zeros((40, 50)), "Every pixel of odd is 0"),
        (np.full((40, 50), np.nan), "has no finite pixel"),
    ],
)
def test_image_with_nothing_to_see_is_one_sentence(panel, viewer, pixels, sentence):
    viewer.add_image(pixels, name="odd", contrast_limits=(0, 1))
    QTest.qWait(50)
    assert sentence in panel.image.below.text()
    assert panel.session.current is None


def test_teaching_shows_curves_then_before_and_after_and_goes_back(panel, opened, runners, cells):
    panel.session.edits.replace_labels(np.where(cells()[None, None] > 500, 4, 0))
    approve_all(panel)
    panel.session.options = SessionOptions(resegment_after_teach=False)
    panel.teach.job.verb.button.click()
    job = runners.jobs[-1]
    job.say(Validated(step=0, seconds=0, validation_loss=0.5, score=0.6), Progress(done=1, total=9, left_s=80))
    QTest.qWait(120)
    assert panel.teach.curves.isVisible()
    assert panel.teach.job.words.text() == "about 80 s left"
    job.finish()
    QTest.qWait(120)
    versions = panel.teach.versions
    assert versions.outcome.text() == "Version 1 on corrections set aside: 0.61 before, 0.74 after. It is in use."
    assert versions.decide.isHidden()
    assert panel.model.choice.currentText().startswith("Version 1")
    versions.back.click()
    assert panel.session.model.key == "nuclei-2d"
    assert not versions.decide.isHidden()
    assert versions.keep.isHidden()  # that was decided by going back
    assert versions.back.isHidden()


def test_worse_model_is_used_only_when_asked_for(panel, opened, runners, cells):
    panel.session.edits.replace_labels(np.where(cells()[None, None] > 500, 4, 0))
    approve_all(panel)
    panel.teach.job.verb.button.click()
    runners.jobs[-1].scores = {"score_before": 0.8, "score_after": 0.7, "better": False}
    runners.jobs[-1].finish()
    QTest.qWait(120)
    versions = panel.teach.versions
    assert versions.outcome.text() == (
        "Version 1 waits for you. On corrections set aside it is not clearly better (0.80 before, 0.70 after)."
    )
    assert panel.session.model.key == "nuclei-2d"
    versions.keep.click()
    assert "kept but not in use" in versions.outcome.text()
    assert panel.session.waiting is None
    versions.adopt.click()
    assert panel.session.model.key == "v1"


def test_failure_is_said_in_its_section_and_the_button_is_back(panel, opened, runners):
    panel.segment.job.verb.button.click()
    runners.jobs[-1].say(Failed(message="Out of memory: choose smaller tiles."))
    QTest.qWait(120)
    assert panel.segment.below.text() == "Out of memory: choose smaller tiles."
    assert panel.segment.job.verb.isVisible()
    assert panel.segment.details.isHidden()


def test_bug_offers_its_details(panel, opened, runners):
    panel.segment.job.verb.button.click()
    runners.jobs[-1].say(Failed(message="Something went wrong.", user_error=False, details="Traceback: x"))
    QTest.qWait(120)
    panel.segment.details.click()
    assert QGuiApplication.clipboard().text() == "Something went wrong.\n\nTraceback: x"


def test_cancel_leaves_the_masks_as_they_were(panel, opened, viewer, runners):
    panel.segment.job.verb.button.click()
    QTest.qWait(80)
    runners.jobs[-1].tile()
    QTest.qWait(120)
    panel.segment.job.cancel.click()
    QTest.qWait(120)
    assert panel.segment.job.ended.text() == "Cancelled; the masks are as before."
    assert not panel.session.current.labels.any()
    assert "proposal" not in viewer.layers[-1].name


def test_layers_may_go_while_a_job_runs(panel, opened, viewer, runners):
    panel.segment.job.verb.button.click()
    QTest.qWait(80)
    runners.jobs[-1].tile()
    QTest.qWait(150)
    viewer.layers.clear()
    assert "was removed" in panel.image.below.text()
    assert "nothing is lost" in panel.correct.below.text()
    runners.jobs[-1].finish()
    QTest.qWait(120)
    assert len(np.unique(panel.session.current.labels)) == 13
    panel.correct.missing.click()
    assert len(np.unique(panel.label_layers.labels.data)) == 13
    assert tuple(panel.label_layers.labels.scale) == (0.5, 0.5)


def test_masks_shown_again_lie_below_the_one_layer_of_what_is_confirmed(panel, opened, viewer):
    viewer.layers.remove(opened)
    panel.correct.missing.click()
    assert [layer.name for layer in viewer.layers] == ["cells", "cells masks", "cells confirmed"]
    assert panel.label_layers.confirmed.visible
    viewer.layers.remove(panel.label_layers.confirmed)
    panel.label_layers.show_confirmed(True)
    assert [layer.name for layer in viewer.layers] == ["cells", "cells masks", "cells confirmed"]
    assert viewer.layers.selection.active is panel.label_layers.labels


def test_renamed_layer_stays_the_same_image(panel, opened, viewer):
    viewer.layers["cells"].name = "other"
    assert panel.image.choice.currentText() == "other"
    assert panel.label_layers.labels is opened


def test_corrected_pixel_size_goes_to_the_layer_and_to_the_masks(panel, opened, viewer):
    panel.image.reading.plane.setValue(0.25)
    panel.image.reading.plane.editingFinished.emit()
    assert tuple(viewer.layers["cells"].scale) == (0.25, 0.25)
    assert tuple(opened.scale) == (0.25, 0.25)
    assert panel.session.current.volume.spacing[1:] == (0.25, 0.25)


def test_classes_have_number_keys(panel, viewer, hand):
    data, options, _ = samples.tissue_2d()[0]
    viewer.add_image(data, **options)
    QTest.qWait(50)
    assert panel.session.kind == "classes"
    assert panel.image.words.text().startswith("2D, RGB")
    hand.key(Qt.Key.Key_2)
    assert panel.tools.current == "paint"
    hand.drag(panel.label_layers.labels, (100, 100), (100, 160))
    assert set(np.unique(panel.session.current.labels)) == {0, 2}
    panel.correct.classes._on_remove(panel.session.classes[1])
    assert "is in use" in panel.correct.below.text()


def test_volume_is_clicked_and_approved_slice_by_slice(panel, viewer, hand, runners, cells):
    viewer.add_image(cells((6, 120, 160)), name="stack", scale=(2, 0.5, 0.5))
    QTest.qWait(50)
    viewer.dims.set_point(0, 4)  # slice 2
    panel.tools.use("click")
    hand.click(panel.label_layers.labels, (20, 60))
    QTest.qWait(80)
    assert runners.jobs[-1].job.point[1] == 2
    runners.jobs[-1].finish()
    QTest.qWait(120)
    hand.key(Qt.Key.Key_Return)
    entry = panel.session.current
    assert (entry.labels == 1).sum() == 6 * 256
    panel.tools.use("approve slice")
    assert (entry.confirmed[0, 2] > 0).all()
    assert not (entry.confirmed[0, 1] == 1).any()
    viewer.dims.ndisplay = 3
    panel.tools.use("approve view")
    assert "switch the view to 2D" in panel.correct.below.text()


def test_what_was_said_of_an_image_goes_with_it(panel, opened, viewer, runners, cells):
    panel.segment.job.verb.button.click()
    QTest.qWait(80)
    runners.jobs[-1].finish()
    QTest.qWait(120)
    assert panel.segment.job.ended.text().startswith("12 objects")
    viewer.layers["cells"].scale = (0.25, 0.25)  # the same image still
    assert panel.segment.job.ended.text().startswith("12 objects")
    panel.image.open(viewer.add_image(cells(seed=1), name="more"))
    assert panel.segment.job.ended.text() == ""


def test_image_that_was_segmented_is_named_while_another_one_is_shown(panel, opened, viewer, runners, cells):
    panel.segment.job.verb.button.click()
    QTest.qWait(80)
    panel.image.open(viewer.add_image(cells(seed=1), name="more"))
    runners.jobs[-1].finish()
    QTest.qWait(120)
    assert panel.segment.job.ended.text().startswith("cells: 12 objects")


def test_a_version_that_is_not_taken_counts_as_taught(panel, opened, runners, cells):
    panel.session.edits.replace_labels((cells() > 500)[None, None].astype(int))
    panel.session.edits.approve_region((slice(None),) * 4)
    assert panel.project.words.text().endswith("0 taught versions")
    panel.teach.job.verb.button.click()
    QTest.qWait(80)
    runners.jobs[-1].scores |= {"better": False}
    runners.jobs[-1].finish()
    QTest.qWait(120)
    assert "waits for you" in panel.teach.versions.outcome.text()
    assert panel.project.words.text().endswith("1 taught version")


def test_image_that_is_shown_again_after_its_layer_was_removed_lies_below_its_masks(panel, opened, viewer):
    opened.paint((30, 30), 7)
    removed = viewer.layers["cells"]
    viewer.window._qt_window.hide()  # nothing is drawn: Mesa may end when an image went (docs/reliability.md)
    viewer.layers.remove(removed)
    assert panel.images.current.layer is None
    other = viewer.add_image(removed.data[::-1].copy(), name="upside down")
    QTest.qWait(50)
    assert panel.images.current.layer is None
    again = viewer.add_image(removed.data, name="again", scale=(0.5, 0.5), units=("um", "um"))
    QTest.qWait(50)
    assert panel.images.current.layer is again
    assert panel.image.choice.currentData() is again
    masks = panel.label_layers.labels
    assert masks.data[30, 30] == 7
    assert viewer.layers.index(masks) > viewer.layers.index(again) > viewer.layers.index(other)
