"""`mocap calibrate` on a real recording: footage in, a calibration file and its figures out."""

import json

import numpy as np

from calibration import read_rig
from calibration.recipe import calibrate
from calibration.rigid import apply
from mocap.pipeline.review_calibration import read_calibration_view


def test_the_command_finds_the_board_where_it_is_held(board_recording) -> None:
    observations = board_recording.observations
    assert observations.camera_names == ("cam_0", "cam_1", "cam_2", "cam_3")
    assert (observations.image_sizes == [1280, 720]).all()
    shared = observations.frame_ids[observations.views().sum(axis=0) >= 2]
    # The board is in view of two cameras or more in frames 64 to 110 only; measured 45 frames (66 to 110) and 2225
    # corners, those of single cameras included.
    assert shared.min() >= 64 and shared.max() <= 110 and len(shared) >= 43
    assert observations.seen.sum() > 2000


def test_the_command_writes_what_the_library_finds(board_recording) -> None:
    rig, direct = read_rig(board_recording.calibration), calibrate(board_recording.observations).rig
    assert not rig.gravity_known
    for ours, theirs in zip(rig, direct, strict=True):
        assert ours.name == theirs.name and ours.size == theirs.size
        assert np.array_equal(ours.matrix, theirs.matrix) and np.array_equal(ours.distortion, theirs.distortion)
        assert np.abs(ours.cam_from_world - theirs.cam_from_world).max() < 1e-14  # through a Rodrigues vector: 2.1e-15
    assert dict(direct.metadata).items() <= dict(rig.metadata).items()


def test_the_command_writes_a_page_and_a_table_beside_the_calibration(board_recording) -> None:
    page = board_recording.calibration.with_suffix(".html").read_text(encoding="utf-8")
    table = json.loads(board_recording.calibration.with_suffix(".json").read_text(encoding="utf-8"))
    metadata = read_rig(board_recording.calibration).metadata
    assert page.startswith("<!doctype html>") and "cam_3" in page
    assert metadata["verdict"] == table["verdict"]["grade"] == "usable"
    # Of a third of the frames that took no part in the fit; measured 0.37 mm and 0.88 px.
    assert 0.2 < metadata["held_out_distance_rmse_mm"] < 0.6 and metadata["held_out_median_px"] < 1.1


def test_the_command_prints_what_it_wrote(board_recording) -> None:
    printed = json.loads(board_recording.printed)
    assert printed["cameras"] == ["cam_0", "cam_1", "cam_2", "cam_3"]
    assert printed["metadata"] == dict(read_rig(board_recording.calibration).metadata)
    assert printed["metadata"]["world"] == "camera:cam_0" and printed["metadata"]["gravity"] == "unknown"
    assert 0.9 < printed["metadata"]["reprojection_rms_px"] < 1.35  # measured 1.218
    assert all(not name.endswith(".mp4") for name in printed["ignored"])


def test_the_view_of_the_calibration_shows_the_boards_where_the_cameras_saw_them(board_recording) -> None:
    view = read_calibration_view(board_recording.calibration)
    assert view.notes == () and view.boards is not None and view.volume is not None
    assert len(view.boards.frames) > 80 and view.boards.n_cameras.max() == 4
    observations, errors = board_recording.observations, []
    for frame, pose in zip(view.boards.frames, view.boards.world_from_board, strict=True):
        seen = observations.pixels[:, observations.frame_ids == frame][:, 0]
        errors.append(np.linalg.norm(view.rig.project(apply(pose, view.boards.corners_board)) - seen, axis=2))
    assert np.nanmedian(np.concatenate(errors)) < 0.9  # px; measured 0.70
    assert [row.name for row in view.cameras] == ["cam_0", "cam_1", "cam_2", "cam_3"]
    assert sum(row.counts.sum() for row in view.cameras) > 2000
