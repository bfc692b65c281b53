"""The list of models: what each is for, those that fit the image first, the likely best at the top."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_apprentice.data.image.light import light_of
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.project.versions import Version
from napari_apprentice.session.suitability import bundled_for


def dark(z: int = 1, channels: int = 1) -> Volume:
    """Bright squares on dark ground."""
    pixels = np.random.default_rng(0).integers(0, 50, (1, channels, z, 96, 96)).astype(np.uint16)
    pixels[..., 20:40, 20:40] += 800
    return Volume(pixels, name="dark")


def even() -> Volume:
    """Grey ground with some darker and brighter spots."""
    pixels = np.random.default_rng(0).normal(100, 3, (1, 1, 1, 96, 96))
    pixels[..., 20:30, 20:30] = 20
    pixels[..., 60:70, 20:40] = 250
    return Volume(pixels.astype(np.uint8), name="even")


def colour() -> Volume:
    pixels = np.random.default_rng(0).integers(0, 255, (1, 3, 1, 64, 64)).astype(np.uint8)
    return Volume(pixels, name="slide", metadata={"rgb": True})


@pytest.mark.parametrize(
    ("volume", "light"),
    [
        (dark(), "dark"),
        (even(), "even"),
        (colour(), "colour"),
        (dark(channels=2), None),
        (Volume(np.random.default_rng(0).integers(0, 255, (1, 1, 1, 64, 64)).astype(np.uint8)), None),  # noise
        (Volume(np.full((1, 1, 1, 8, 8), np.nan, np.float32)), None),
        (Volume(np.full((1, 1, 1, 8, 8), 7, np.uint8)), None),
    ],
)
def test_how_an_image_was_lit_is_told_by_its_grey_values(volume, light):
    assert light_of(volume) == light


@pytest.mark.parametrize(
    ("volume", "first", "fits"),
    [
        (dark(), "nuclei-2d", {"nuclei-2d", "fresh"}),
        (even(), "cells-2d", {"cells-2d", "fresh"}),
        (colour(), "nuclei-2d", {"nuclei-2d", "fresh"}),
        (dark(z=4), "nuclei-3d", {"nuclei-3d", "cells-3d", "nuclei-2d", "fresh"}),
        (dark(channels=2), "fresh", {"fresh"}),
    ],
)
def test_those_that_fit_the_image_come_first_and_the_first_is_used_by_itself(session, volume, first, fits):
    session.choose_image(session.add_image(volume))
    found = session.suited_models()
    assert found[0].choice.key == first == session.model.key
    assert {one.choice.key for one in found if one.fits} == fits
    assert all(one.reason for one in found if not one.fits)
    cannot = [bool(one.why_not) for one in found]
    assert cannot == sorted(cannot)


def test_each_says_what_it_is_for_in_a_few_words(session):
    purposes = {one.choice.key: one.purpose for one in session.suited_models()}
    assert purposes["cells-2d"] == "whole cells: phase contrast"
    assert purposes["fresh"] == "knows nothing yet: you teach it"
    assert all(0 < len(purpose) <= 40 for purpose in purposes.values())


def test_one_of_another_light_says_so(session):
    session.choose_image(session.add_image(even()))
    reason = next(one.reason for one in session.suited_models() if one.choice.key == "nuclei-2d")
    assert reason == (
        "nuclei-2d learned from bright objects on dark ground or stained tissue in colour; "
        "this image has grey ground, as in phase contrast."
    )


def test_pixels_of_nanometres_are_of_electron_microscopy(session):
    session.choose_image(session.add_image(replace(dark(), spacing=(8.0, 8.0, 8.0), unit="nm")))
    reasons = {one.choice.key: one.reason for one in session.suited_models()}
    assert reasons["nuclei-2d"] == (
        "nuclei-2d learned from light microscopy; pixels of 8 nm are of electron microscopy."
    )
    found = bundled_for(session.current.volume)
    assert [one.choice.key for one in found if one.fits] == ["membranes-2d"]
    assert [one.choice.key for one in bundled_for(even()) if one.fits] == ["cells-2d"]


def test_versions_taught_here_come_before_others_but_for_those_that_were_worse(session, waiting_versions):
    keys = [one.choice.key for one in session.suited_models() if one.fits]
    assert keys == ["v1", "v3", "nuclei-2d", "v4", "v2", "fresh"]  # v1 is in use, v2 was worse, v4 was put away
    purposes = {one.choice.key: one.purpose for one in session.suited_models()}
    assert purposes["v1"] == "taught here, from nuclei-2d"
    assert purposes["v3"] == "taught here"


@pytest.fixture
def waiting_versions(session):
    """Four versions of which the first is used."""
    session.choose_image(session.add_image(dark()))
    file, lineage = session.model.file, session.project.lineage
    lineage.folder.mkdir(exist_ok=True)
    told = ({"better": True}, {"better": False}, {"parent": "v1"}, {"is_put_away": True})
    for number, fields in enumerate(told, start=1):
        (lineage.folder / f"v{number}.safetensors").write_bytes(file.read_bytes())
        lineage.add(Version(**{"id": f"v{number}", "parent": "nuclei-2d", "created": "", **fields}))
    session.choose_model("v1")
