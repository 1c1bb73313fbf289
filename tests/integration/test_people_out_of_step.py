"""Two people filmed by cameras out of step: who is who is asked of frames that were taken at once."""

import numpy as np
import pytest

from calibration.synthetic import ring_rig
from mocap.keypoints import ParticipantRule, PeopleKeypoints, simultaneous
from mocap.pipeline.keypoint_input import ReadPeople, participant_of
from mocap.pipeline.trial_clocks import set_clocks
from mocap.pipeline.trial_people import known_instants, settled_participant
from mocap.synthetic import default_subject, faced, observe, squat, walking
from mocap.trial import CameraTimes, Points3D

BODY = ("RASIS", "LASIS", "RSJC", "LSJC", "REJC", "LEJC", "RWJC", "LWJC", "RLFE", "LLFE", "RLMAL", "LLMAL", "RHEEL",
        "LHEEL", "RHALLUX", "LHALLUX", "C7", "CLAV", "VERTEX")  # fmt: skip
RATE, N_FRAMES = 100.0, 400
LATE = np.array([0, 20, 0, 20])  # frames
ZONE = ParticipantRule(zone_world=(0.0, 0.0), zone_radius_m=0.5)


def filmed(seed, late, rig):
    """Somebody who squats and somebody who walks past, 0.8 m away, in any order; and who is in which place."""
    rng = np.random.default_rng(seed)
    bodies = [faced(squat(default_subject(seed=seed)), 0.3, (0.0, 0.0, 0.0)),
              faced(walking(default_subject(seed=seed + 50), 6.0), 2.0, (0.7, 0.3, 0.0))]  # fmt: skip
    views = []
    for index, body in enumerate(bodies):
        places = [body.points.names.index(name) for name in BODY]
        shown = Points3D(body.points.position[:N_FRAMES, places], BODY, RATE)
        seen = observe(shown, rig, 10 * seed + index, pixel_sigma=2.0, dropout=0.02, desync_frames=late)
        views.append(seen.keypoints)
    pixels = np.stack([view.pixels for view in views], axis=2)
    confidence = np.stack([view.confidence for view in views], axis=2)
    order = rng.permuted(np.broadcast_to(np.arange(2), pixels.shape[:3]), axis=2)
    pixels = np.take_along_axis(pixels, order[..., None, None], axis=2)
    return PeopleKeypoints(pixels, np.take_along_axis(confidence, order[..., None], axis=2), BODY, RATE), order


def kept(found, people, order):
    """Share of the detections of the participant that were taken, by camera; nobody else's may be.

    Asked of the frames whose moment two cameras saw.
    """
    pixels = found.keypoints.pixels
    answer, at = np.zeros((people.n_cameras, 2)), np.arange(N_FRAMES) - LATE[:, None]
    asked = (at >= 0) & (at < N_FRAMES - LATE.max())
    for who in range(2):
        own = np.take_along_axis(people.pixels, (order == who).argmax(axis=2)[..., None, None, None], axis=2)[:, :, 0]
        there = np.isfinite(own).any(axis=(2, 3)) & asked
        same = there & np.isfinite(pixels).any(axis=(2, 3)) & ((own == pixels) | np.isnan(own)).all(axis=(2, 3))
        answer[:, who] = same.sum(axis=1) / there.sum(axis=1)
    assert not answer[:, 1].any()
    return answer[:, 0]


@pytest.fixture(scope="module")
def scene():
    rig = ring_rig(4, 1)
    return (rig, *filmed(1, LATE, rig))


def test_known_clocks_tell_who_is_who(scene):
    rig, people, order = scene
    read = ReadPeople(people, 0, ())
    by_number = kept(participant_of(read, rig, ZONE), people, order)
    assert by_number[[1, 3]].max() < 0.95  # measured 0.88 to 0.91: some frames of the late cameras are nobody's
    own = np.tile(np.arange(N_FRAMES) / RATE, (4, 1))
    times = CameraTimes(rig.names, own - LATE[:, None] / RATE, ("timestamps",) * 4)
    when = known_instants(times, None, N_FRAMES, RATE)
    assert (kept(participant_of(read, rig, ZONE, when), people, order) == 1).all()


def test_clocks_that_are_found_after_tell_again(scene):
    rig, people, order = scene
    frames = []

    def clocks(keypoints):
        done = set_clocks(keypoints, rig)
        frames.append(keypoints)
        return done, done.instants_s

    found, done = settled_participant(ReadPeople(people, 0, ()), rig, ZONE, None, clocks)
    assert len(frames) == 2 and (kept(found, people, order) == 1).all()
    assert np.allclose(RATE * done.timeline.offset_s, LATE, atol=0.3)
    said = "people were told apart again by the clocks as they were found, which moved frames by up to 20"
    assert found.notes[-1] == said


def test_clocks_that_are_only_told_tell_people_apart_all_the_same(scene):
    rig, people, order = scene
    times = CameraTimes(rig.names, np.tile(np.arange(N_FRAMES) / RATE, (4, 1)), ("timestamps",) * 4)
    asked = []

    def clocks(keypoints):
        asked.append(set_clocks(keypoints, rig, "check", times=times))
        return asked[-1], asked[-1].instants_s

    found, done = settled_participant(ReadPeople(people, 0, ()), rig, ZONE, times.time_s, clocks)
    assert len(asked) == 2 and (kept(found, people, order) == 1).all()  # by the stamps alone 0.88 to 0.91
    assert not all(verdict.passed for verdict in done.verdicts) and not done.timeline.offset_s.any()


def test_a_click_is_on_the_frame_of_its_own_camera(scene):
    rig, people, order = scene
    who = order[1, 150].argmin()
    pixel = people.pixels[1, 150, who, 16]
    rule = ParticipantRule(click=(150, rig.names[1], (float(pixel[0]), float(pixel[1]))))
    when = (np.arange(N_FRAMES) - LATE[:, None]) / RATE
    assert (kept(participant_of(ReadPeople(people, 0, ()), rig, rule, when), people, order) == 1).all()


def test_clocks_without_any_common_time_are_said_to_tell_nothing(scene):
    rig, people, _ = scene
    few = PeopleKeypoints(people.pixels[:, 100:150], people.confidence[:, 100:150], BODY, RATE)
    when = np.arange(50) / RATE + np.array([0.0, 100.0, np.nan, np.nan])[:, None]
    found = participant_of(ReadPeople(few, 0, ()), rig, ZONE, when)
    assert "no two cameras share any time" in found.notes[0]


def test_frames_go_into_slots_of_their_own():
    pixels = np.arange(2 * 5, dtype=float).reshape(2, 5, 1, 1, 1) * np.ones((2, 5, 1, 3, 2))
    people = PeopleKeypoints(pixels, np.ones((2, 5, 1, 3)), ("a", "b", "c"), 50.0)
    when = np.array([[0.0, 0.02, 0.06, 0.0649, 0.10], [0.021, 0.041, 0.061, 0.08, np.nan]])
    placed, slot = simultaneous(people, when)
    assert slot.tolist() == [[-1, 0, 2, 3, -1], [0, 1, 2, 3, -1]] and placed.n_frames == 4
    assert placed.pixels[0, 2, 0, 0, 0] == 2 and np.isnan(placed.pixels[0, 1]).all()
    assert placed.confidence[0, 1].sum() == 0
    apart = simultaneous(people, when + np.array([[0.0], [1e6]]))
    assert apart[0] is people and apart[1].tolist() == [[0, 1, 2, 3, 4]] * 2
