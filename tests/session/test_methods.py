"""What was done is noted with each image, said by exports, and told as a paragraph; with the real engine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from napari_apprentice.cli.app import run
from napari_apprentice.data import samples
from napari_apprentice.data.exports import read_provenance
from napari_apprentice.data.weights import weights_sha256
from napari_apprentice.errors import UserError
from napari_apprentice.runners import InlineRunners
from napari_apprentice.session import Session
from napari_apprentice.settings import TeachSettings


def test_a_project_tells_what_was_done(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    volume, _ = samples.load("nuclei_2d")
    volume = replace(volume, pixels=volume.pixels[..., :192, :192], name="nuclei")
    project = tmp_path / "project"
    with Session.create(project, InlineRunners()) as session:
        session.add_image(volume)
        session.choose_model("nuclei-2d")
        assert session.current.mask_sources == ()
        session.segment_settings = session.segment_settings.model_copy(update={"diameter": 24.0})
        session.segment()
        session.run_until_idle()
        entry = session.current
        (source,) = entry.mask_sources
        assert (source.by, source.settings, source.model.name) == ("segment", {"diameter": 24.0}, "Nuclei 2D")
        assert source.model.weights == weights_sha256(session.model.file)
        session.segment()
        session.run_until_idle()
        assert entry.mask_sources == (source,)  # the same again is not noted again
        first, second = (int(one) for one in np.unique(entry.labels)[1:3])
        session.edits.approve_object(tuple(np.argwhere(entry.labels == first)[0]))
        session.export_labels(tmp_path / "a.tif")
        told = read_provenance(tmp_path / "a.tif")
        assert told.masks == (source,)
        assert told.confirmed.of_object == {str(first): 1.0}
        session.teach_settings = TeachSettings(max_steps=4, max_seconds=20, batch_size=2, patch=64, threads=1)
        session.edits.approve_object(tuple(np.argwhere(entry.labels == second)[0]))
        session.teach()
        session.run_until_idle()
        (version,) = session.project.lineage.versions
        assert (version.objects, version.images) == (2, (entry.id,))
        assert version.settings["max_steps"] == "4"
        session.use(version.id)
        session.run_until_idle()
        objects = len(np.unique(entry.labels)) - 1
        text = session.methods()
    assert text.startswith("One 2D image")
    assert "with diameter 24.0, all else as usual" in text
    assert "was taught in this project, from Nuclei 2D, on 2 objects confirmed by hand in 1 image" in text
    assert f"There are {objects} objects, of which 2 were drawn, corrected or approved as a whole by hand" in text
    assert "dsb2018 train" in text
    for cited in ("Ronneberger, Fischer & Brox, MICCAI 2015", "PyTorch", "napari contributors", "scikit-image"):
        assert cited in text.partition("\n\n")[2]
    assert run(["methods", str(project)]) == 0  # it is known when the project is opened again
    assert "".join(capsys.readouterr().out.split()) == "".join(text.split())


def test_without_an_image_there_is_nothing_to_tell() -> None:
    with Session.temporary(InlineRunners()) as session, pytest.raises(UserError, match="open one first"):
        session.methods()


def test_labels_that_no_model_made_are_said_to_be(tmp_path: Path) -> None:
    volume, truth = samples.load("nuclei_2d")
    with Session.temporary(InlineRunners()) as session:
        session.add_image(volume, truth)
        assert "No model is noted that proposed masks" in session.methods()
