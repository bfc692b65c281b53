"""What a project shows of itself when it is closed."""

from __future__ import annotations

import json
from pathlib import Path

import imagecodecs
import numpy as np
import pytest

from napari_apprentice.data.image.volume import Volume
from napari_apprentice.project.folder import Project
from napari_apprentice.project.recent import recent_projects
from napari_apprentice.session import Session, project_overview
from napari_apprentice.settings import ClassName


def _image(name: str = "cells", seed: int = 0, shape: tuple[int, ...] = (1, 1, 1, 40, 60)) -> Volume:
    return Volume(np.random.default_rng(seed).integers(0, 255, shape).astype(np.uint8), name=name)


def _squares(volume: Volume, *ids: int) -> np.ndarray:
    labels = np.zeros(volume.labels_shape, np.uint32)
    for i, id_ in enumerate(ids):
        labels[:, :, 4:12, 4 + 10 * i : 12 + 10 * i] = id_
    return labels


def test_objects_are_counted_by_their_ids_over_slices_and_frames() -> None:
    labels = np.zeros((2, 2, 3, 3), np.uint32)
    assert project_overview.count(labels) == 0
    labels[0, 0, 0, 0] = labels[1, 1, 2, 2] = 7
    labels[0, 1, 1, 1] = 2
    assert project_overview.count(labels) == 2


@pytest.mark.parametrize(("shape", "size"), [((40, 60), (40, 60)), ((300, 100), (100, 34)), ((1, 900), (1, 113))])
def test_a_picture_is_small_and_shows_image_and_masks(shape: tuple[int, int], size: tuple[int, int]) -> None:
    pixels = np.tile(np.linspace(0, 1000, shape[1]), (1, shape[0], 1))
    labels = np.zeros(shape, np.uint32)
    plain = project_overview.picture(pixels, labels)
    assert plain.shape == (*size, 3)
    assert (plain[..., 0] == plain[..., 2]).all()  # grey
    assert plain[0, 0, 0] < 20
    assert plain[0, -1, 0] > 230
    labels[:, : shape[1] // 2] = 4
    masked = project_overview.picture(pixels, labels)
    assert (masked[:, : size[1] // 2 - 1, 0] != masked[:, : size[1] // 2 - 1, 2]).all()
    np.testing.assert_array_equal(masked[:, size[1] // 2 + 2 :], plain[:, size[1] // 2 + 2 :])


def test_a_closed_project_says_how_many_objects_it_has_and_shows_its_first_image() -> None:
    first, second = _image(), _image("more", 1)
    with Session() as session:
        session.add_image(first, _squares(first, 3, 9))
        session.add_image(second, _squares(second, 1))
    (recent,) = recent_projects()
    assert (recent.images, recent.objects) == (2, 3)
    assert recent.picture is not None
    assert imagecodecs.png_decode(recent.picture.read_bytes()).shape == (40, 60, 3)
    before = recent.picture.read_bytes()
    with Session(Project.open(recent.path)) as session:  # the second image only
        session.undo()
    (recent,) = recent_projects()
    assert recent.objects == 2
    assert recent.picture is not None
    assert recent.picture.read_bytes() == before


def test_the_image_worked_on_last_is_current_when_the_project_is_opened_again() -> None:
    with Session() as session:
        entry = session.add_image(_image())
        session.add_image(_image("more", 1))
        session.choose_image(entry)
    (recent,) = recent_projects()
    with Session(Project.open(recent.path)) as session:
        assert session.current is not None
        assert session.current.name == "cells"


def test_a_model_chosen_before_there_was_a_project_belongs_to_it() -> None:
    with Session() as session:
        session.choose_model("cells-2d")
        session.add_image(_image())
    (recent,) = recent_projects()
    with Session(Project.open(recent.path)) as session:
        assert session.model.key == "cells-2d"


def test_classes_are_not_counted_as_objects() -> None:
    image = _image()
    with Session() as session:
        session.choose_kind("classes", (ClassName(value=1, name="one", color="#ff0000"),))
        session.add_image(image, _squares(image, 1))
    (recent,) = recent_projects()
    assert recent.objects is None
    assert recent.picture is not None


@pytest.mark.parametrize("content", ["", "[]", '{"objects": {"a": "many"}}', "\x00"])
def test_a_damaged_overview_is_as_none(content: str) -> None:
    image = _image()
    with Session() as session:
        session.add_image(image, _squares(image, 3))
    (recent,) = recent_projects()
    (recent.path / "overview.json").write_text(content, encoding="utf-8")
    (again,) = recent_projects()
    assert again.objects is None
    with Session(Project.open(recent.path)):
        pass
    told = json.loads((recent.path / "overview.json").read_text(encoding="utf-8"))
    assert list(told["objects"].values()) == [1]


def test_a_project_of_several_images_is_called_after_them(tmp_path: Path) -> None:
    project = Project.create(by_itself=True, name="a")
    assert project.name == "a"
    for seed, name in enumerate("abcd"):
        project.keep(_image(name, seed))
        expected = ["a", "a, b", "a and 2 more", "a and 3 more"][seed]
        assert project.name == expected
    project.close()
    named = Project.create(tmp_path / "p", name="mine")
    named.keep(_image())
    assert named.name == "mine"
    named.close()
