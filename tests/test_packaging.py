"""What is shipped: the manifest, the sample images and the bundled models, and what the README promises."""

from __future__ import annotations

import subprocess
import sys
import tomllib
import zipfile
from importlib import resources
from pathlib import Path

import npe2
import pytest

import napari_apprentice

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The names in a freshly built wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    run = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    return zipfile.ZipFile(next(folder.glob("*.whl"))).namelist()


def test_packaged_manifest_is_the_one_at_the_top() -> None:
    packaged = resources.files(napari_apprentice).joinpath("napari.yaml").read_text()
    assert packaged == (ROOT / "napari.yaml").read_text()


def test_manifest_belongs_to_this_distribution_and_its_names_can_be_imported() -> None:
    manifest = npe2.PluginManifest.from_file(ROOT / "napari.yaml")
    assert manifest.name == PROJECT["name"]
    manifest.validate_imports()


def test_napari_finds_the_plugin_in_an_installed_package() -> None:
    manager = npe2.PluginManager()
    manager.discover()
    if PROJECT["name"] not in manager:
        pytest.skip("napari-apprentice is on the path but not installed")
    assert manager.get_manifest(PROJECT["name"]).package_version == napari_apprentice.__version__


def test_wheel_contains_manifest_samples_and_bundled_models(wheel: list[str]) -> None:
    expected = {"napari.yaml"}
    expected |= {f"sample_data/{path.name}" for path in (ROOT / "sample_data").glob("*.tif")}
    expected |= {f"bundled/{path.name}" for path in (ROOT / "src/napari_apprentice/bundled").glob("*")}
    assert {f"napari_apprentice/{name}" for name in expected} <= set(wheel)


def test_wheel_contains_each_file_once(wheel: list[str]) -> None:
    assert len(wheel) == len(set(wheel))


def test_no_qt_binding_is_forced_on_anyone() -> None:
    required = " ".join(PROJECT["dependencies"]).lower()
    assert not [name for name in ("pyqt5", "pyqt6", "pyside", "napari[") if name in required]


def test_dependencies_have_lower_bounds_only() -> None:
    bounds = [entry.partition(";")[0] for entry in PROJECT["dependencies"]]
    assert not [entry for entry in bounds if "<" in entry or "==" in entry or "~" in entry]


def test_every_picture_in_the_documents_is_there_and_small() -> None:
    for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for target in [part.partition(")")[0] for part in page.read_text().split("](")[1:]]:
            if "://" in target or target.startswith("#"):
                continue
            path = page.parent / target.partition("#")[0]
            assert path.exists(), f"{page.name} points at {target}"
            assert path.suffix != ".png" or path.stat().st_size < 300_000, target
