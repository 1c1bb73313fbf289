"""What a user is told of how frames were placed in time."""

import numpy as np

from calibration.synthetic import ring_rig
from mocap.pipeline.notes import frame_time_note
from mocap.pipeline.trial_clocks import set_clocks
from mocap.synthetic import default_subject, observe, squat
from mocap.trial import Keypoints2D, Points3D, Timeline

EVEN = "frames of each camera are taken as evenly spaced at 100.0 Hz: nothing else was told of them"
N_FRAMES, AFTER, COUNT = 400, 200, 12


def filmed_with_a_loss(rig):
    """A squat that `cam_1` filmed without 12 of the frames."""
    points = squat(default_subject(seed=1), 2).points
    points = Points3D(points.position[:, ::3], points.names[::3], points.rate_hz)
    seen = observe(points, rig, pixel_sigma=1.0, seed=1).keypoints
    kept = np.arange(N_FRAMES) + COUNT * (np.arange(N_FRAMES) > AFTER)
    pixels, confidence = (np.array(one[:, :N_FRAMES]) for one in (seen.pixels, seen.confidence))
    pixels[1], confidence[1] = seen.pixels[1, kept], seen.confidence[1, kept]
    return Keypoints2D(pixels, confidence, seen.names, seen.rate_hz)


def test_frames_set_right_for_losses_are_not_said_to_be_evenly_spaced():
    rig = ring_rig(4, seed=1)
    keypoints = filmed_with_a_loss(rig)
    told = frame_time_note(set_clocks(keypoints, rig).timeline, None)
    assert told.startswith(f"frames of {rig.names[1]} were set right by the movement, which tells that some were lost")
    assert "evenly spaced at 100.0 Hz, as nothing else was told of them" in told and "; " not in told
    assert frame_time_note(set_clocks(keypoints, rig, "check").timeline, None) == EVEN


def test_frames_of_clocks_that_are_late_or_drift_are_evenly_spaced():
    when = np.arange(50) / 100 * np.array([[1.0], [1.0004]]) + np.array([[0.0], [0.03]])
    when[1, 40:] = np.nan
    timeline = Timeline(100.0, 50, camera_names=("a", "b"), source="motion", frame_time_s=when)
    assert frame_time_note(timeline, None) == EVEN
