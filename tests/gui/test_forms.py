from __future__ import annotations

import pytest
from qtpy.QtCore import Qt

from napari_apprentice.architecture.fresh import FreshSettings
from napari_apprentice.gui.widgets.forms import Form
from napari_apprentice.settings import SegmentSettings, TeachSettings


@pytest.mark.parametrize("settings", [SegmentSettings(), TeachSettings(), SegmentSettings(diameter=31.5)])
def test_every_field_starts_at_its_setting(qtbot, settings):
    form = Form(settings, lambda new: None)
    qtbot.addWidget(form)
    for name, value in settings:
        assert form.fields[name].value == (0 if value is None else value), name


def test_changed_field_makes_new_settings(qtbot):
    got = []
    form = Form(SegmentSettings(), got.append, ("diameter", "tile"))
    qtbot.addWidget(form)
    form.fields["diameter"].value = 30
    form.fields["diameter"].value = 0
    assert got == [SegmentSettings(diameter=30), SegmentSettings()]


def test_shown_settings_are_not_reported(qtbot):
    got = []
    form = Form(TeachSettings(), got.append)
    qtbot.addWidget(form)
    form.show_settings(TeachSettings(batch_size=4))
    assert form.fields["batch_size"].value == 4
    assert got == []


def test_limits_come_from_the_setting(qtbot):
    form = Form(SegmentSettings(), lambda new: None)
    qtbot.addWidget(form)
    assert (form.fields["tile"].min, form.fields["tile"].max) == (32, 4096)


def test_a_small_number_that_may_be_empty_can_be_given(qtbot):
    got = []
    form = Form(TeachSettings(), got.append, ("learning_rate",))
    qtbot.addWidget(form)
    form.fields["learning_rate"].native.setValue(0.0025)
    form.fields["learning_rate"].native.setValue(0)
    assert [settings.learning_rate for settings in got] == [0.0025, None]


def test_a_number_that_may_be_empty_has_no_values_between_empty_and_its_lowest(qtbot):
    got = []
    form = Form(TeachSettings(), got.append, ("patch",))
    qtbot.addWidget(form)
    form.show()
    patch = form.fields["patch"].native
    assert patch.text() == "automatic"
    qtbot.keyClick(patch, Qt.Key.Key_Up)
    qtbot.keyClick(patch, Qt.Key.Key_Up)
    qtbot.keyClick(patch, Qt.Key.Key_Down)
    qtbot.keyClick(patch, Qt.Key.Key_Down)
    assert [settings.patch for settings in got] == [16, 32, 16, None]
    patch.selectAll()
    qtbot.keyClicks(patch, "8")
    qtbot.keyClick(patch, Qt.Key.Key_Return)
    assert (got[-1].patch, patch.text()) == (16, "16")
    patch.selectAll()
    qtbot.keyClicks(patch, "96")
    qtbot.keyClick(patch, Qt.Key.Key_Return)
    assert [settings.patch for settings in got[4:]] == [16, 96]


def test_a_file_that_is_not_chosen_stays_none_beside_a_field_that_changes(qtbot):
    got = []
    form = Form(FreshSettings(), got.append, ("network", "encoder"))
    qtbot.addWidget(form)
    form.fields["network"].value = "resunet"
    assert got == [FreshSettings(network="resunet")]
    assert form.fields["encoder"].value is None


@pytest.mark.parametrize("is_shown_later", [False, True])
def test_what_a_script_or_a_project_chose_beyond_the_range_of_a_field_is_shown_and_kept(qtbot, is_shown_later):
    chosen = TeachSettings(seed=5_000_000_000, max_steps=2_000_000, max_seconds=0.004, learning_rate=1.25e-7)
    told = []
    form = Form(TeachSettings() if is_shown_later else chosen, told.append)
    qtbot.addWidget(form)
    form.show_settings(chosen)
    assert form.fields["learning_rate"].value == 1.25e-7
    form.fields["patience"].value = 7
    assert told == [chosen.model_copy(update={"patience": 7})]
    form.show_settings(TeachSettings())
    assert form.settings == TeachSettings()
