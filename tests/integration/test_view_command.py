"""`mocap view` of what cannot be opened: one line and exit status 1, before any window."""

import json

import pytest

from calibration.files import write_rig
from calibration.synthetic.rigs import ring_rig
from mocap.pipeline.sample_trials import sample_trial
from tests.fixtures.unfit_files import UNFIT, write_unfit


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    write_unfit(folder, sample_trial("walk"))
    (folder / "folder.h5").mkdir()
    (folder / "words.txt").write_text("no motion")
    return folder


@pytest.fixture(autouse=True)
def no_display(monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.platform", "linux")


OTHERS = {"folder.h5": "FILE_MISSING", "words.txt": "SUFFIX_UNKNOWN", "gone.h5": "FILE_MISSING",
          "gone.c3d": "FILE_MISSING", "sound.h5": "VIEWER_NO_DISPLAY"}  # fmt: skip


@pytest.mark.parametrize(("name", "code"), (UNFIT | OTHERS).items())
def test_what_cannot_be_viewed_is_one_line(mocap_cli, files, name, code):
    done = mocap_cli("view", files / name)
    assert done.status == 1
    assert done.error_line.startswith(f"error {code}: ")
    assert done.out == ""


def test_a_calibration_is_opened_as_one(mocap_cli, tmp_path, monkeypatch):
    from mocap.viewer import calibration_window

    rig, opened = ring_rig(3, 1), []
    write_rig(tmp_path / "calibration.toml", rig)
    assert mocap_cli("view", tmp_path / "calibration.toml").error_line.startswith("error VIEWER_NO_DISPLAY: ")
    monkeypatch.setattr(calibration_window, "view_calibration", opened.append)
    told = json.loads(mocap_cli("view", tmp_path / "calibration.toml", "--json").out)
    assert told["cameras"] == list(rig.names)
    assert [view.rig.names for view in opened] == [rig.names]
    assert mocap_cli("view", tmp_path / "gone.toml").error_line.startswith("error CALIBRATION_MISSING: ")
