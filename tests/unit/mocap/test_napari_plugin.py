"""What napari asks of the plugin before anything is opened: no display."""

import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import h5py
import pytest
from npe2 import PluginManifest

from mocap.napari_plugin import SAMPLE, get_reader, read
from mocap.pipeline.review_open import open_desk, open_sample
from mocap.pipeline.sample_trials import SAMPLES, sample_trial
from tests.fixtures.unfit_files import UNFIT, write_unfit

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def manifest():
    return PluginManifest.from_file(ROOT / "mocap" / "napari.yaml")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    write_unfit(folder, sample_trial("walk"))
    with h5py.File(folder / "theirs.h5", "w") as file:
        file["pixels"] = [1, 2, 3]
    return folder


def test_the_manifest_is_valid_and_declared(manifest):
    manifest.validate_imports()
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert declared["entry-points"]["napari.manifest"] == {"mocap": "mocap:napari.yaml"}
    assert manifest.name == declared["name"] == "mocap"


def test_every_sample_of_the_menu_can_be_made(manifest):
    (reader,) = manifest.contributions.readers
    addresses = [sample.uri for sample in manifest.contributions.sample_data]
    assert [address.removeprefix(SAMPLE) for address in addresses] == list(SAMPLES)
    assert all(any(fnmatch(one, pattern) for pattern in reader.filename_patterns) for one in addresses)
    for name in SAMPLES:
        review = open_sample(name).review
        trial = review.trial
        assert trial.points.n_frames > 100
        assert len(trial.rig) == 4
        assert trial.keypoints is not None
        assert trial.angles.definition("pelvic_tilt").observable
        assert [made.task for made in trial.assessments] == [trial.task]
        assert review.notes == ()


def test_a_sample_is_the_same_each_time():
    first, second = sample_trial("squat"), sample_trial("squat")
    assert first.points.position.tobytes() == second.points.position.tobytes()


@pytest.mark.parametrize("name", [*UNFIT, "sound.h5", "gone.h5"])
def test_what_may_be_ours_is_taken(files, name):
    assert get_reader(str(files / name)) is read


def test_what_is_of_another_program_is_not_taken(files):
    assert get_reader(str(files / "theirs.h5")) is None
    assert get_reader([str(files / "sound.h5"), str(files / "theirs.h5")]) is None


def test_a_motion_file_says_how_decisions_are_kept(shared_data):
    desk = open_desk(shared_data / "squat_markers" / "static1.trc")
    assert desk.read_only.endswith("mocap import static1.trc --out static1.h5")
    assert "No angles are stored" in " ".join(desk.review.notes)


def test_what_a_trial_lacks_is_said_of_a_trial_file_too(files):
    assert open_desk(files / "sound.h5").review.notes == ()


def test_being_asked_loads_next_to_nothing():
    code = (
        "import sys; import mocap.napari_plugin as plugin; plugin.get_reader('gone.h5');"
        "print([name for name in ('numpy', 'h5py', 'scipy', 'napari', 'qtpy', 'PySide6') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
