"""Processes of ours that nobody talks to."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_apprentice.processes import waited_for


def test_a_process_is_waited_for_in_silence_and_its_exit_code_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "work.py").write_text(
        "import sys\nfrom pathlib import Path\nimport napari_apprentice\nprint('loud')\n"
        "Path(sys.argv[1]).write_text(napari_apprentice.__file__)\nsys.exit(int(sys.argv[2]))\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert [waited_for(["work", str(tmp_path / "found"), code]) for code in ("0", "3")] == [0, 3]
    assert Path((tmp_path / "found").read_text()).name == "__init__.py"
    assert capfd.readouterr() == ("", "")
