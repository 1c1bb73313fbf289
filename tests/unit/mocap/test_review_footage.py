"""Which picture of a camera belongs to a frame of the trial, and where footage is found."""

import dataclasses

import numpy as np
import pytest

from mocap.errors import SourceError
from mocap.pipeline.review_footage import find_footage, places_of
from mocap.trial import Timeline
from tests.fixtures.numbered_videos import number_of, write_numbered
from tests.viewer.conftest import make_trial

RATE = 50.0


def on_clock(**more):
    trial = make_trial(60)
    return dataclasses.replace(trial, timeline=Timeline(RATE, 60, camera_names=trial.rig.names, **more))


def test_without_a_clock_frames_correspond_by_index():
    trial = make_trial(60)
    np.testing.assert_array_equal(places_of(trial, "cam_0", 60), np.arange(60))
    np.testing.assert_array_equal(places_of(trial, "cam_0", 50)[48:52], [48, 49, -1, -1])


def test_an_offset_and_a_drift_move_the_places():
    trial = on_clock(offset_s=np.array([0.1, 0, 0, 0]), drift_ppm=np.array([0, 0, 0, 1e4]))
    np.testing.assert_array_equal(places_of(trial, "cam_0", 60)[[0, 10, 54, 55]], [5, 15, 59, -1])
    assert places_of(trial, "cam_3", 80)[59] == 60  # one in a hundred too quick


def test_the_times_of_the_pictures_go_before_all_and_lost_ones_are_missing():
    times = np.tile(np.arange(60) / RATE, (4, 1))
    lost = np.delete(times[0], [20, 21])  # two frames that the recorder dropped
    times[0] = np.append(lost, [np.nan, np.nan])
    trial = on_clock(frame_time_s=times, offset_s=np.array([9.0, 0, 0, 0]))
    found = places_of(trial, "cam_0", 58)
    np.testing.assert_array_equal(found[:20], np.arange(20))
    assert (found[20:22] == -1).all()
    np.testing.assert_array_equal(found[22:60], np.arange(20, 58))


def test_a_camera_at_half_the_rate_gives_each_picture_to_the_frames_about_it():
    times = np.full((4, 60), np.nan)
    times[:, :30] = np.arange(30) / (RATE / 2)
    found = places_of(on_clock(frame_time_s=times), "cam_1", 30)
    assert (np.abs(found[:-1] / (RATE / 2) - np.arange(59) / RATE) <= 0.5 / (RATE / 2) + 1e-9).all()


def test_pictures_are_frame_exact_with_offset_lost_frames_and_b_frames(tmp_path):
    """The pictures carry the number of the trial's frame at which they were taken."""
    taken = [number for number in range(3, 60) if number not in (30, 31, 32)]
    write_numbered(tmp_path / "cam_0.mp4", taken)
    write_numbered(tmp_path / "cam_1.mp4", range(60))
    times = np.full((4, 60), np.nan)
    times[0, : len(taken)] = np.array(taken) / RATE
    times[1] = np.arange(60) / RATE
    trial = on_clock(frame_time_s=times)
    footage, notes = find_footage(tmp_path / "trial.h5", trial, tmp_path)
    for frame in (3, 29, 33, 59, 40, 12):
        for camera in ("cam_0", "cam_1"):
            assert number_of(footage.image(camera, footage.place(camera, frame))) == frame
    assert [footage.place("cam_0", frame) for frame in (0, 2, 30, 32)] == [-1] * 4
    assert any("160 x 96 px, and it was calibrated with 1920 x 1080" in note for note in notes)
    assert notes[-1] == "There are no pictures of cam_2, cam_3."


def test_no_footage_is_no_obstacle_but_a_folder_that_was_given_has_to_hold_some(tmp_path):
    trial = make_trial(5)
    footage, notes = find_footage(tmp_path / "trial.h5", trial)
    assert footage is None and notes == ()
    with pytest.raises(SourceError):
        find_footage(tmp_path / "trial.h5", trial, tmp_path)
    (tmp_path / "session.toml").write_text("not = a session")
    assert find_footage(tmp_path / "trial.h5", trial)[1][0].startswith("No pictures are shown: ")


def test_a_session_names_its_footage(tmp_path):
    folder = tmp_path / "session"
    (folder / "squat").mkdir(parents=True)
    (folder / "results").mkdir()
    for number in range(4):
        write_numbered(folder / "squat" / f"cam_{number}.mp4", range(20))
    (folder / "session.toml").write_text(
        '[session]\nid = "S"\nsubject_code = "P01"\n\n[calibration]\nfile = "calibration.toml"\n\n'
        '[keypoints]\nsource = "video"\n\n[[trial]]\nname = "squat_01"\ntask = "squat"\nfiles = "squat"\n')
    footage, _ = find_footage(folder / "results" / "squat_01.h5", make_trial(20))
    assert footage.cameras == ("cam_0", "cam_1", "cam_2", "cam_3")
    assert number_of(footage.image("cam_2", footage.place("cam_2", 11))) == 11
