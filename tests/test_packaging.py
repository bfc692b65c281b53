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
def built(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """A freshly built wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    run = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    return zipfile.ZipFile(next(folder.glob("*.whl")))


@pytest.fixture(scope="module")
def wheel(built: zipfile.ZipFile) -> list[str]:
    """The names in it."""
    return built.namelist()


@pytest.fixture(scope="module")
def installed(built: zipfile.ZipFile, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what it holds, as when it is installed."""
    folder = tmp_path_factory.mktemp("installed")
    built.extractall(folder)
    return folder


def run_installed(installed: Path, arguments: list[str]) -> subprocess.CompletedProcess[str]:
    """The command line of what is installed, where no checkout is on the path."""
    code = f"""
import sys
from pathlib import Path
sys.path[:] = [{str(installed)!r}, *(place for place in sys.path if not (Path(place) / "apprentice_lab").exists())]
from napari_apprentice import cli
sys.exit(cli.run({arguments!r}))
"""
    return subprocess.run(
        [sys.executable, "-c", code], cwd=installed, capture_output=True, text=True, timeout=100, check=False
    )


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


def test_wheel_holds_the_product_only(wheel: list[str]) -> None:
    assert {name.partition("/")[0].partition("-")[0] for name in wheel} == {"napari_apprentice"}
    assert not [name for name in wheel if "/bench" in name or "/recipes" in name]


@pytest.mark.parametrize(
    "arguments",
    [["bench", "speed", "--out", "o"], ["train", "nuclei-2d", "--data", "d", "--out", "o"], ["bench"], ["train"]],
    ids=" ".join,
)
def test_an_installed_package_says_in_one_sentence_where_the_lab_is(installed: Path, arguments: list[str]) -> None:
    run = run_installed(installed, arguments)
    assert (run.returncode, run.stdout) == (2, "")
    assert len(run.stderr.strip().splitlines()) == 1
    assert "run this command in a checkout" in run.stderr


def test_an_installed_package_makes_auto_encoders(installed: Path) -> None:
    run = run_installed(installed, ["train", "autoencoder", "--images", "none.tif", "--out", "again.safetensors"])
    assert run.returncode == 2
    assert "none.tif does not exist" in run.stderr
    assert "autoencoder" in run_installed(installed, ["train", "--help"]).stdout


def test_no_qt_binding_is_forced_on_anyone() -> None:
    required = " ".join(PROJECT["dependencies"]).lower()
    assert not [name for name in ("pyqt5", "pyqt6", "pyside", "napari[") if name in required]


def test_dependencies_have_lower_bounds_only() -> None:
    bounds = [entry.partition(";")[0] for entry in PROJECT["dependencies"]]
    assert not [entry for entry in bounds if "<" in entry or "==" in entry or "~" in entry]


def test_every_picture_in_the_documents_is_there_and_small() -> None:
    for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        for target in [part.partition(")")[0] for part in page.read_text().split("](")[1:]]:
            if "://" in target or target.startswith("#"):
                continue
            path = page.parent / target.partition("#")[0]
            assert path.exists(), f"{page.name} points at {target}"
            assert path.suffix != ".png" or path.stat().st_size < 300_000, target
