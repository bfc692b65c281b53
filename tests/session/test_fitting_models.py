"""Which model is chosen by itself: one that learned from images of the sort that is open, else none."""

from __future__ import annotations

import numpy as np
import pytest

from napari_apprentice.data import samples
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.session.catalog import why_unlikely
from napari_apprentice.settings import ClassName

UNNAMED = (ClassName(value=1, name="class 1", color="#7b3294"),)
MEMBRANE = (ClassName(value=1, name="Membrane", color="#7b3294"),)
STROMA = (ClassName(value=1, name="stroma", color="#7b3294"),)


def grey(spacing=1.0, unit="pixel", z=1):
    pixels = np.random.default_rng(0).integers(0, 255, (1, 1, z, 64, 64)).astype(np.uint8)
    return Volume(pixels, (spacing,) * 3, unit, name="grey")


def in_colour(spacing=1.0, unit="pixel"):
    pixels = np.random.default_rng(0).integers(0, 255, (1, 3, 1, 64, 64)).astype(np.uint8)
    return Volume(pixels, (spacing,) * 3, unit, name="slide", metadata={"rgb": True})


def test_classes_on_an_image_in_colour_begin_with_a_fresh_network(session):
    volume, _ = samples.load("tissue_2d")
    session.choose_image(session.add_image(volume))
    assert session.model.key == "nuclei-2d"  # which learned from images in colour too
    session.choose_kind("classes", UNNAMED)
    assert session.model.is_fresh
    assert session.verbs.segment.why_not() == (
        "A fresh network knows nothing yet: paint a few areas of each class and press Teach."
    )


@pytest.mark.parametrize(
    ("volume", "classes", "key"),
    [
        (grey(5, "nm"), UNNAMED, "membranes-2d"),  # electron microscopy, by the size of its pixels
        (grey(5, "nm", z=4), UNNAMED, "membranes-3d"),
        (grey(), UNNAMED, "fresh"),  # it could be anything
        (grey(0.1, "um"), UNNAMED, "fresh"),
        (grey(), MEMBRANE, "membranes-2d"),
        (grey(5, "nm"), STROMA, "fresh"),
        (in_colour(), MEMBRANE, "fresh"),
        (in_colour(5, "nm"), MEMBRANE, "fresh"),
    ],
)
def test_a_model_of_classes_is_chosen_where_pixels_and_names_say_so(session, volume, classes, key):
    session.choose_image(session.add_image(volume))
    session.choose_kind("classes", classes)
    assert session.model.key == key
    assert bool(session.verbs.segment.why_not()) == (key == "fresh")


def test_a_person_may_choose_it_all_the_same_and_is_told(session):
    session.choose_image(session.add_image(in_colour()))
    session.choose_kind("classes", UNNAMED)
    session.choose_model("membranes-2d")
    assert session.verbs.segment.why_not() == ""
    assert [one.name for one in session.classes] == ["membrane"]
    assert session.models.why_unlikely(session.current.volume) == (
        "membranes-2d learned from grey images and slide is in colour: "
        "choose another model, or a fresh network and teach it."
    )


def test_classes_that_have_names_or_labels_stay_when_a_model_is_chosen(session):
    session.choose_image(session.add_image(grey()))
    session.choose_kind("classes", STROMA)
    session.choose_model("membranes-2d")
    assert session.classes == STROMA
    session.choose_kind("classes", UNNAMED)
    session.paint((0, 0, 9, 9), 1)
    session.choose_model("membranes-2d")
    assert session.classes == UNNAMED


def test_pixels_that_are_much_larger_are_said(session):
    model = session.models.find("membranes-2d")
    assert why_unlikely(model, grey(40, "nm"), MEMBRANE) == ""
    assert why_unlikely(model, grey(0.25, "um"), MEMBRANE) == (
        "membranes-2d learned from pixels of 10 nm and those of grey are 0.25 um: "
        "choose another model, or a fresh network and teach it."
    )
    assert why_unlikely(session.models.find("cells-2d"), grey(0.1, "um"), ()) == ""  # finer ones are made coarser
