from __future__ import annotations

import inspect

import pytest
from napari.layers import Labels

from napari_apprentice.gui.labels_layer import ApprenticeLabels
from napari_apprentice.gui.napari_names import PRIVATE_NAMES, why_not_edit


def test_this_napari_is_one_that_we_know():
    assert why_not_edit() == ""


@pytest.mark.parametrize("name", [one.name for one in PRIVATE_NAMES if one.name != "_slice_input"])
def test_name_that_is_gone_is_named_in_one_sentence(monkeypatch, name):
    monkeypatch.delattr(Labels, name)
    assert f"which has no Labels.{name}, so that strokes would be lost" in why_not_edit()


def test_method_with_other_parameters_is_another_one(monkeypatch):
    monkeypatch.setattr(Labels, "_save_history", lambda self, value, merge: None)
    assert "has another Labels._save_history" in why_not_edit()


def test_painting_that_no_longer_ends_where_we_listen_is_found_by_trying(monkeypatch):
    def paint(self, coord, new_label, refresh=True):
        self.data[tuple(coord)] = new_label

    monkeypatch.setattr(Labels, "paint", paint)
    assert "paints otherwise" in why_not_edit()


def test_every_private_method_that_the_layer_overrides_or_calls_is_looked_for():
    kinds = [one for one in ApprenticeLabels.__mro__ if one.__module__.startswith("napari_apprentice")]
    methods = [name for one in kinds for name, value in vars(one).items() if callable(value)]
    own = {name for name in methods if name.startswith("_")}
    theirs = {name for name in own if hasattr(Labels, name) and not name.startswith("__")}
    called = {"_get_preserve_labels_source_label", "_slice_input"}
    assert theirs | called == {one.name for one in PRIVATE_NAMES}
    for name in theirs:
        assert [*inspect.signature(getattr(ApprenticeLabels, name)).parameters] == [
            *inspect.signature(getattr(Labels, name)).parameters
        ]
