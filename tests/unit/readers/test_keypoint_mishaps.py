"""Keypoint files as people copy and export them: hidden files, a folder too high, missing scores, corners."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from mocap.errors import FormatError, KeypointError
from mocap.readers.keypoints import read_keypoints
from mocap.skeleton import read_skeleton

_SPEC = importlib.util.spec_from_file_location(
    "keypoint_files", Path(__file__).resolve().parents[2] / "fixtures" / "keypoint_files.py"
)
made = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(made)

HALPE = read_skeleton("halpe_26").keypoints


def read(path):
    return read_keypoints(path, rate_hz=50.0, camera_names=made.CAMERAS,
                          image_sizes=dict.fromkeys(made.CAMERAS, made.SIZE))


def refusal(error, code, path):
    with pytest.raises(error) as caught:
        read(path)
    assert caught.value.code == code, caught.value
    return str(caught.value)


@pytest.mark.parametrize("writer", ["mmpose", "deeplabcut", "long_csv"])
def test_pixels_without_a_confidence_are_told(tmp_path, writer):
    truth = made.recorded(HALPE)
    truth.scores[1, 2:, 0, :3] = np.nan
    found = read(made.WRITERS[writer][0](tmp_path, truth))
    assert np.isnan(found.people.pixels[1, truth.frames[2], 0, :3]).all()
    assert "pixels without a confidence were left out: cam_2 6." in found.notes
    truth.scores[1] = np.nan
    (tmp_path / "other").mkdir()
    assert "cam_2 have pixels, and none has a confidence" in refusal(
        KeypointError, "KEYPOINT_EMPTY", made.WRITERS[writer][0](tmp_path / "other", truth))


def test_points_in_the_corner_of_the_image_are_none(tmp_path):
    truth = made.recorded(HALPE)
    truth.pixels[0] = 0
    assert "cam_1 lie at (0, 0)" in refusal(KeypointError, "KEYPOINT_EMPTY", made.mmpose(tmp_path, truth))


def test_what_systems_leave_beside_files_is_not_read(tmp_path):
    path = made.openpose(tmp_path, made.recorded(HALPE))
    (path / "cam_1_json" / "._cam_1_000000000001_keypoints.json").write_bytes(b"\0\5\x16\7")
    (path / ".ipynb_checkpoints").mkdir()
    (path / ".ipynb_checkpoints" / "a_1.json").write_text("{}")
    assert read(path).people.n_frames == 5


def test_a_folder_one_level_too_high_names_the_one_below(tmp_path):
    made.openpose(tmp_path / "of today", made.recorded(HALPE))
    assert f"give the path {tmp_path / 'of today'}." in refusal(FormatError, "SOURCE_UNKNOWN", tmp_path)
    (tmp_path / "tables").mkdir()
    table = made.long_csv(tmp_path / "tables", made.recorded(("hip", "knee", "toe")))
    assert f"'long': give the path {table}." in refusal(FormatError, "SOURCE_UNKNOWN", tmp_path / "tables")
    table.write_text("a,b\n1,2\n")
    other = table.rename(table.with_suffix(".txt"))
    assert "Known formats: pose2sim" in refusal(FormatError, "SOURCE_UNKNOWN", other.parent)
