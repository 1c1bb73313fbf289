"""The presets are found wherever the package is run from."""

import subprocess
import sys
import zipfile
from pathlib import Path

ASK_NAPARI = (
    "from npe2 import PluginManifest; made = PluginManifest.from_distribution('mocap'); made.validate_imports();"
    "print(made.name, made.contributions.readers[0].command)"
)
ROOT = Path(__file__).resolve().parents[2]
ASK = (
    "import mocap; from mocap.config.presets import preset_path;"
    "print(mocap.__file__); print(preset_path('skeletons', 'coco_17'))"
)


def ask(folder: Path, package_parent: Path) -> list[Path]:
    done = subprocess.run(
        [sys.executable, "-c", ASK],
        cwd=folder, env={"PYTHONPATH": str(package_parent), "PATH": ""}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [Path(line) for line in done.stdout.split()]


def test_presets_are_found_in_a_wheel_run_from_another_folder(tmp_path: Path) -> None:
    # -p no isolation: the backend is in the development extra, so no network is needed.
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT, capture_output=True, check=True,
    )  # fmt: skip
    (wheel,) = tmp_path.glob("*.whl")
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    assert {path.name for path in site.iterdir() if "." not in path.name} == {"mocap", "calibration"}
    module, preset = ask(tmp_path, site)
    assert module.is_relative_to(site)
    assert preset.is_relative_to(site)
    # napari finds its plugins by what is installed.
    found = subprocess.run(
        [sys.executable, "-c", ASK_NAPARI],
        cwd=tmp_path, env={"PYTHONPATH": str(site), "PATH": ""}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert found.stdout.split() == ["mocap", "mocap.get_reader"]


def test_presets_are_found_from_a_checkout_run_from_another_folder(tmp_path: Path) -> None:
    module, preset = ask(tmp_path, ROOT)
    assert module.is_relative_to(ROOT)
    assert preset == ROOT / "configs" / "skeletons" / "coco_17.toml"
