from __future__ import annotations

import json

import numpy as np
import pytest

from napari_apprentice.data.files import read_image
from napari_apprentice.data.image.channels import chosen_channels
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.errors import UserError
from napari_apprentice.project import images
from napari_apprentice.project.folder import Project
from napari_apprentice.project.recent import recent_projects


def volume(seed: int = 0, **more) -> Volume:
    pixels = np.random.default_rng(seed).integers(0, 1000, (1, 1, 1, 20, 30)).astype(np.uint16)
    return Volume(pixels, **{"name": "cells", **more})


def test_a_project_is_named_after_its_image_and_found_as_the_latest():
    first = Project.create(name="my cells.tif")
    assert first.path.name.startswith("my-cells-tif-")
    first.keep(volume())
    first.close()
    second = Project.create(name="my cells.tif")
    assert second.path != first.path
    second.close()
    third = Project.open(recent_projects()[0].path)
    assert third.path == second.path
    assert [recent.images for recent in recent_projects()] == [0, 1]
    third.close()


def test_two_windows_do_not_share_a_project():
    project = Project.create(name="a")
    with pytest.raises(UserError, match="open in another window"):
        Project.open(project.path)
    assert recent_projects()[0].is_open
    project.close()
    Project.open(project.path).close()


def test_the_same_image_finds_its_folder_again(tmp_path):
    project = Project.create(tmp_path / "p")
    first, new = project.keep(volume())
    again, known = project.keep(volume(spacing=(1.0, 0.5, 0.5)))
    assert (new, known) == (True, False)
    assert again is first
    assert first.image.spacing == (1.0, 0.5, 0.5)
    other, new = project.keep(volume(1))
    assert new
    assert other.id != first.id
    project.close()


def test_pixels_without_a_file_are_copied_and_reopened(tmp_path):
    project = Project.create(tmp_path / "p")
    _folder, _ = project.keep(volume(spacing=(1.0, 0.5, 0.5), unit="um"))
    project.close()
    project = Project.open(tmp_path / "p")
    reopened = images.reopen(project.entries[0].image, project.entries[0].path)
    np.testing.assert_array_equal(reopened.pixels, volume().pixels)
    assert (reopened.spacing, reopened.unit, reopened.name) == ((1.0, 0.5, 0.5), "um", "cells")
    project.close()


def test_a_temporary_project_leaves_nothing():
    project = Project.temporary()
    project.keep(volume())
    assert project.path.exists()
    project.close()
    assert not project.path.exists()
    assert recent_projects() == []


def test_a_damaged_project_is_one_sentence(tmp_path):
    Project.create(tmp_path / "p").close()
    document = tmp_path / "p" / "project.json"
    document.write_text(document.read_text()[:20])
    with pytest.raises(UserError, match="cannot be read"):
        Project.open(tmp_path / "p")
    with pytest.raises(UserError, match="not an apprentice project"):
        Project.open(tmp_path)


def test_a_damaged_entry_does_not_keep_the_rest_from_opening(tmp_path):
    project = Project.create(tmp_path / "p")
    kept = [project.keep(volume(seed))[0] for seed in (0, 1)]
    project.close()
    (kept[0].path / "entry.json").write_text("{")
    project = Project.open(tmp_path / "p")
    assert [entry.id for entry in project.entries] == [kept[1].id]
    assert len(project.complaints) == 1
    project.close()


def test_settings_are_kept_as_readable_json(tmp_path):
    project = Project.create(tmp_path / "p")
    project.change(kind="classes")
    project.close()
    assert json.loads((tmp_path / "p" / "project.json").read_text())["kind"] == "classes"
    project = Project.open(tmp_path / "p")
    assert project.record.kind == "classes"
    project.close()


def test_an_image_read_differently_than_its_file_says_is_not_copied(tmp_path):
    """Channels that are slices, or one channel of several, are found again in the file."""
    import tifffile

    pixels = np.random.default_rng(0).integers(0, 1000, (3, 20, 30)).astype(np.uint16)
    source = tmp_path / "stack.tif"
    tifffile.imwrite(source, pixels)
    project = Project.create(tmp_path / "p")
    as_slices = Volume(pixels[None, None], name="slices", source=str(source))
    one_channel = Volume(pixels[None, 1:2, None], name="channel 1", source=str(source))
    for wanted in (as_slices, one_channel):
        folder, _ = project.keep(wanted)
        assert not folder.image.copied
        np.testing.assert_array_equal(images.reopen(folder.image, folder.path).pixels, wanted.pixels)
    project.close()


def test_channels_that_were_chosen_are_taken_from_the_file_again(tmp_path):
    import tifffile

    pixels = np.random.default_rng(0).integers(0, 1000, (4, 20, 30)).astype(np.uint16)
    source = tmp_path / "four.tif"
    tifffile.imwrite(source, pixels, metadata={"axes": "CYX"})
    project = Project.create(tmp_path / "p")
    wanted = chosen_channels(read_image(source), (2, 0, 3))
    project.keep(wanted)
    project.close()
    project = Project.open(tmp_path / "p")
    folder = project.entries[0]
    assert not folder.image.copied
    assert folder.image.reading.channels == (2, 0, 3)
    np.testing.assert_array_equal(images.reopen(folder.image, folder.path).pixels[0, :, 0], pixels[[2, 0, 3]])
    project.close()


def test_a_project_of_before_with_one_channel_opens(tmp_path):
    import tifffile

    pixels = np.random.default_rng(0).integers(0, 1000, (3, 20, 30)).astype(np.uint16)
    source = tmp_path / "three.tif"
    tifffile.imwrite(source, pixels)
    project = Project.create(tmp_path / "p")
    project.keep(Volume(pixels[None, 1:2, None], name="one", source=str(source)))
    project.close()
    path = next((tmp_path / "p").glob("entries/*/entry.json"))
    record = json.loads(path.read_text())
    record["reading"] = {"order": [0, 1, 2], "channel": 1}
    path.write_text(json.dumps(record))
    project = Project.open(tmp_path / "p")
    folder = project.entries[0]
    np.testing.assert_array_equal(images.reopen(folder.image, folder.path).pixels[0, 0, 0], pixels[1])
    project.close()


def test_a_file_that_changed_is_said(tmp_path):
    import tifffile

    source = tmp_path / "a.tif"
    tifffile.imwrite(source, volume(0).pixels[0, 0, 0])
    project = Project.create(tmp_path / "p")
    folder, _ = project.keep(volume(0, source=str(source)))
    tifffile.imwrite(source, volume(1).pixels[0, 0, 0])
    with pytest.raises(UserError, match="not the image it was"):
        images.reopen(folder.image, folder.path)
    project.close()


def test_a_project_whose_folder_was_exchanged_leaves_the_arrays_of_the_other_alone(tmp_path):
    path = tmp_path / "project"
    moved = Project.create(path)
    path.rename(tmp_path / "elsewhere")
    other = Project.create(path)
    array = other.scratch / "pixels.npy"
    array.write_bytes(b"needed")
    moved.close()
    assert array.read_bytes() == b"needed"
    other.close()
    assert not array.exists()
