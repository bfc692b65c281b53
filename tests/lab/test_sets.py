"""Folders of annotated images: splits, kinds, groups, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from apprentice_lab.sets import pair_files, picture, pictures, training_part
from napari_apprentice.errors import UserError

DATA = Path(__file__).parents[3] / "shared" / "data"


def _set(folder: Path, names: tuple[str, ...], shape: tuple[int, ...] = (8, 9)) -> Path:
    for part in ("images", "labels"):
        (folder / part).mkdir(parents=True)
        for name in names:
            axes = "ZYX"[-len(shape) :]
            tifffile.imwrite(
                folder / part / f"{name}.tif", np.ones(shape, np.uint16), ome=True, metadata={"axes": axes}
            )
    return folder


def test_index_csv_gives_kind_group_and_split(tmp_path: Path) -> None:
    folder = _set(tmp_path / "cells", ("a", "b", "c"))
    (folder / "index.csv").write_text("id,type,split,group\na,fluo,dev,g1\nb,histo,dev,\nc,fluo,train,g2\n")
    assert [(one.name, one.kind, one.group) for one in pictures(folder, "dev")] == [
        ("a", "fluo", "g1"),
        ("b", "histo", "b"),
    ]
    assert [one.name for one in pictures(folder)] == ["a", "b", "c"]
    with pytest.raises(UserError, match="choose one of dev, train, all"):
        pictures(folder, "test")


def test_splits_json_will_do_and_so_will_a_bare_folder(tmp_path: Path) -> None:
    folder = _set(tmp_path / "stacks", ("a.1", "b"), (5, 8, 9))
    assert [(one.name, one.kind) for one in pictures(folder, "dev")] == [("a.1", "stacks"), ("b", "stacks")]
    (folder / "splits.json").write_text('{"train": ["a.1"], "dev": ["b"], "seed": 3}')
    (one,) = pictures(folder, "dev")
    volume, truth = one.read()
    assert volume.labels_shape == truth.shape == (1, 5, 8, 9)


def test_an_index_without_names_is_refused(tmp_path: Path) -> None:
    (tmp_path / "index.csv").write_text("file,type\na.tif,fluo\n")
    with pytest.raises(UserError, match="no column id"):
        pictures(tmp_path)


def test_labels_of_another_size_are_refused(tmp_path: Path) -> None:
    folder = _set(tmp_path, ("a",))
    tifffile.imwrite(folder / "labels" / "a.tif", np.ones((8, 8), np.uint16))
    with pytest.raises(UserError, match="one size"):
        pictures(folder)[0].read()


def test_an_empty_folder_says_what_is_needed(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="images/ and labels/"):
        pictures(tmp_path)


@pytest.mark.data
@pytest.mark.parametrize(
    "name",
    [
        "nuclei3d_stardist_mini",
        "cells3d_ovule",
        "nuclei3d_ovules",
        "nuclei3d_bbbc050",
        "cells3d_root",
        "sharealike/hippocampus_msd",
    ],
)
def test_the_volumes_are_read_as_volumes(name: str) -> None:
    if not DATA.exists():
        pytest.skip("needs the annotated images in ../shared/data")
    for one in pictures(DATA / name)[:2]:
        volume, truth = one.read()
        assert volume.is_3d
        assert truth.any()


def test_a_format_without_a_reader_is_said(tmp_path: Path) -> None:
    for part in ("images", "labels"):
        (tmp_path / part).mkdir()
        (tmp_path / part / "a.xyz").write_text("?")
    with pytest.raises(UserError, match=r"no image in .*images \(TIFF"):
        pictures(tmp_path)


def test_an_image_that_the_index_names_must_be_there(tmp_path: Path) -> None:
    folder = _set(tmp_path / "cells", ("a", "b"))
    (folder / "index.csv").write_text("id,split\na,dev\nb,dev\nc,train\n")
    assert [one.name for one in pictures(folder, "dev")] == ["a", "b"]
    with pytest.raises(UserError, match="names the image c, which is not both in images/ and in labels/"):
        pictures(folder, "train")
    assert picture(folder, "b").name == "b"
    with pytest.raises(UserError, match="no image c with labels"):
        picture(folder, "c")


def test_truth_may_lie_in_another_folder_and_kinds_in_another_column(tmp_path: Path) -> None:
    folder = _set(tmp_path / "tissue", ("a",))
    (folder / "labels").rename(folder / "membranes")
    (folder / "index.csv").write_text("id,objective\na,20x\n")
    (one,) = pictures(folder, truth_in="membranes")
    assert (one.kind, one.labels().shape) == ("20x", (1, 1, 8, 9))
    assert [one.kind for one in pictures(folder, truth_in="membranes", kinds=("type",))] == ["tissue"]


def test_two_folders_are_paired_by_name_and_what_has_no_labels_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = _set(tmp_path / "own", ("a", "b"))
    (folder / "labels" / "a.tif").rename(folder / "labels" / "a_masks.tif")
    (folder / "labels" / "b.tif").unlink()
    (one,) = pair_files(folder / "images", folder / "labels")
    assert (one.name, one.kind, one.group) == ("a", "images", "a")
    assert one.read()[1].shape == (1, 1, 8, 9)
    assert "Left out, without labels: b.tif." in caplog.text


def test_recipes_hold_a_fold_of_train_out_by_group(tmp_path: Path) -> None:
    names = tuple(f"{i:02}" for i in range(40))
    folder = _set(tmp_path / "cells", names)
    assert training_part(folder, "dev") == []  # nothing is said: all is train
    assert len(training_part(folder, "train")) + len(training_part(folder, "fold")) == 40
    rows = [f"{name},{'dev' if i < 8 else 'train'},{i // 2}" for i, name in enumerate(names)]
    (folder / "index.csv").write_text("\n".join(["id,split,group", *rows]) + "\n")
    train, fold, dev = (training_part(folder, part) for part in ("train", "fold", "dev"))
    assert len(dev) == 8
    assert len(fold) == 4  # a tenth of 32, in whole groups of two
    assert len(train) == 28
    assert not {one.group for one in train} & {one.group for one in fold}
