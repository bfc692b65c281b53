"""A project in which nothing was done leaves no folder behind; one with something learned stays."""

from __future__ import annotations

from napari_apprentice.gui.panel_runtime import _is_untouched
from napari_apprentice.project.versions import Version, now
from napari_apprentice.session import Session


def test_what_clicks_learned_is_kept_when_nothing_else_was_done(tmp_path):
    with Session.create(tmp_path / "here") as session:
        assert _is_untouched(session)
        session.project.click_lineage.add(Version(id="v1", parent="click-2d", created=now(), by="clicks"))
        assert not _is_untouched(session)
