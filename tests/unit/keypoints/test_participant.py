"""Who of the people is the participant, and what is said of it: bodies of known places."""

import numpy as np
import pytest

from calibration.synthetic import ring_rig
from mocap.errors import ConfigError, KeypointError, ShapeError
from mocap.keypoints import ParticipantRule, PeopleKeypoints, TrackOptions, associate_people, choose_participant

NAMES = tuple(f"k{i}" for i in range(8))
RIG = ring_rig(4)
N = 60


def body(place, seed=0, still=False, n_frames=N):
    rng = np.random.default_rng(seed)
    points = rng.uniform([-0.25, -0.25, 0.1], [0.25, 0.25, 1.7], (len(NAMES), 3)) + place
    sway = 0.0 if still else 0.1 * np.sin(np.arange(n_frames) / 8)
    return points + np.multiply.outer(np.broadcast_to(sway, n_frames), [1.0, 0.5, 0.0])[:, None]


def people_of(bodies, present=None, sigma=2.0, rate_hz=25.0):
    rng = np.random.default_rng(1)
    pixels = np.stack([RIG.project(points) for points in bodies], axis=2)
    pixels = pixels + rng.normal(0, sigma, pixels.shape)
    for person, frames in (present or {}).items():
        pixels[:, ~np.isin(np.arange(pixels.shape[1]), frames), person] = np.nan
    return PeopleKeypoints(pixels, np.isfinite(pixels[..., 0]).astype(float), NAMES, rate_hz)


TWO = [body([0.0, 0, 0]), body([1.0, 0.2, 0], 1)]


def test_the_longest_track_is_the_participant_and_the_other_is_mentioned():
    tracks = associate_people(people_of(TWO, {0: np.arange(5, 45)}), RIG)
    choice = choose_participant(tracks)
    assert tracks.n_tracks == 2 and (choice.person == 1).all() and choice.certain and not choice.doubtful.any()
    assert np.array_equal(choice.others, np.isin(np.arange(N), np.arange(5, 45)))
    assert choice.reason.startswith(f"participant: the longest track, {N} of {N} frames, 1.")
    assert "another person in 40 frames of cam_0, cam_1, cam_2 and cam_3" in choice.reason
    assert np.allclose(tracks.centre_world[0].mean(axis=0), np.mean(TWO[1], axis=(0, 1)), atol=0.01)


@pytest.mark.parametrize("who", [0, 1])
def test_the_capture_zone_and_a_click_choose_whom_they_are_on(who):
    people = people_of(TWO)
    tracks = associate_people(people, RIG)
    zone = ParticipantRule(zone_world=tuple(TWO[who].mean(axis=(0, 1))[:2]), zone_radius_m=0.4)
    pixel = people.pixels[2, 30, who, 4]
    click = ParticipantRule(click=(30, "cam_2", (float(pixel[0]), float(pixel[1]))))
    for rule in (zone, click):
        choice = choose_participant(tracks, rule)
        assert (choice.person == who).all() and choice.certain
    assert "the longest in the capture zone, 60 of 60 frames" in choose_participant(tracks, zone).reason


def test_two_people_who_are_equally_long_there_are_no_certain_choice():
    choice = choose_participant(associate_people(people_of(TWO), RIG))
    assert not choice.certain and "state the zone, or click" in choice.reason
    assert [verdict.passed for verdict in choice.verdicts] == [False, True, True]


def test_a_poster_is_not_the_participant():
    bodies = [body([1.0, 0.2, 0], 1, still=True), body([0.0, 0, 0])]
    tracks = associate_people(people_of(bodies, {1: np.arange(20)}, sigma=0.3), RIG)
    choice = choose_participant(tracks)
    assert (choice.person[:, :20] == 1).all() and "1 of the others never moved" in choice.reason


def test_a_person_who_was_hidden_for_a_while_is_the_same_one():
    tracks = associate_people(people_of(TWO, {0: np.r_[0:20, 40:60]}), RIG)
    assert tracks.n_tracks == 2 and sorted(tracks.seen.sum(axis=1)) == [40, 60]
    assert not tracks.doubtful.any()


def test_somebody_of_another_size_does_not_go_on_in_their_place():
    child = 0.6 * body([0.0, 0, 0], 0, n_frames=N)
    bodies = [np.where(np.arange(N)[:, None, None] < 25, body([0.0, 0, 0]), child)]
    people = people_of(bodies, {0: np.r_[0:24, 44:60]})
    assert associate_people(people, RIG).n_tracks == 2


def test_a_place_that_two_could_have_come_back_to_is_doubtful():
    bodies = [body([0.0, 0, 0]), body([0.5, 0.0, 0])]  # of one size
    people = people_of(bodies, {0: np.r_[0:20, 50:60], 1: np.r_[0:20, 50:60]})
    tracks = associate_people(people, RIG)
    assert tracks.doubtful[:, 50:52].any()


def test_one_person_shown_twice_by_a_view_is_one():
    people = people_of([TWO[0], TWO[0] + 0.02])
    pixels = people.pixels.copy()
    pixels[1:, :, 1] = np.nan
    tracks = associate_people(PeopleKeypoints(pixels, np.isfinite(pixels[..., 0]).astype(float), NAMES, 25.0), RIG)
    assert tracks.n_tracks == 1 and tracks.views.min() == 4


def test_frames_between_those_that_are_put_together_are_claimed_too():
    tracks = associate_people(people_of(TWO, rate_hz=100.0), RIG)
    assert (np.sort(tracks.person[:, :, 1:-4], axis=0) == np.array([0, 1])[:, None, None]).all()


def test_nobody_in_the_zone_or_in_common_and_wrong_rules_are_refused():
    tracks = associate_people(people_of(TWO), RIG)
    clicks = [(3, "cam_1", (1.0, 1.0)), (3, "cam_9", (1.0, 1.0)), (99, "cam_1", (1.0, 1.0))]
    for rule in (ParticipantRule(zone_world=(5.0, 5.0)), *(ParticipantRule(click=click) for click in clicks)):
        with pytest.raises(KeypointError) as caught:
            choose_participant(tracks, rule)
        assert caught.value.code == "NO_PERSON"
    empty = np.full((4, 5, 2, 8, 2), np.nan)
    with pytest.raises(KeypointError, match="two cameras agree"):
        associate_people(PeopleKeypoints(empty, np.zeros(empty.shape[:4]), NAMES, 25.0), RIG)
    with pytest.raises(KeypointError) as caught:
        associate_people(people_of(TWO), ring_rig(5))
    assert caught.value.code == "CAMERA_COUNT"
    for rule in ({"rule": "best"}, {"rule": "zone"}, {"rule": "click"}, {"zone_radius_m": 0.0}):
        with pytest.raises(ConfigError):
            ParticipantRule(**rule)
    with pytest.raises(ConfigError):
        TrackOptions(reach_m=0)


def test_a_participant_who_comes_back_as_somebody_new_is_told():
    away = {0: np.r_[0:40, 75:100]}  # comes back elsewhere, after longer than pieces are joined over
    moved = body([0.0, 0, 0], n_frames=100)
    moved[50:] += [0.8, 0.8, 0.0]
    options = TrackOptions(join_s=0.5)
    choice = choose_participant(associate_people(people_of([moved], away), RIG, options))
    present = choice.verdicts[2]
    assert (present.name, present.passed) == ("participant present", False) and abs(present.measured - 40) < 3
    assert "frames 75 to 99 show somebody whose lengths differ from the participant's by" in present.text
    child = np.where(np.arange(100)[:, None, None] < 50, moved, 0.7 * moved)
    other = choose_participant(associate_people(people_of([child], away), RIG, options))
    assert not other.lost and not other.verdicts[2].passed
    whole = choose_participant(associate_people(people_of([body([0.0, 0, 0])]), RIG))
    assert not whole.lost and all(verdict.passed for verdict in whole.verdicts)


def test_a_camera_without_the_participant_gets_nobody():
    people = people_of(TWO)
    pixels = people.pixels.copy()
    pixels[2, :, 0] = np.nan  # only the other one is left to camera 2
    pixels[[0, 1, 3], :, 1] = np.nan
    choice = choose_participant(associate_people(PeopleKeypoints(pixels, people.confidence, NAMES, 25.0), RIG))
    assert (choice.person[2] == -1).all() and np.isnan(choice.keypoints.pixels[2]).all()
    assert (choice.person[[0, 1, 3]] == 0).all()


def test_four_people_in_eight_cameras_are_never_mixed():
    rig, n = ring_rig(8), 6
    bodies = [body(place, seed, n_frames=n) for seed, place in enumerate(
        ([0, 0, 0], [0.8, 0.6, 0], [-0.8, 0.5, 0], [0.1, -0.9, 0]))]  # fmt: skip
    rng = np.random.default_rng(4)
    pixels = np.stack([rig.project(points) for points in bodies], axis=2)
    pixels += rng.normal(0, 4.0, pixels.shape)
    order = rng.permuted(np.broadcast_to(np.arange(4), pixels.shape[:3]), axis=2)
    pixels = np.take_along_axis(pixels, order[..., None, None], axis=2)
    tracks = associate_people(PeopleKeypoints(pixels, np.ones(pixels.shape[:4]), NAMES, 25.0), rig)
    who = np.take_along_axis(order[None], tracks.person[..., None], axis=3)[..., 0]  # (track, camera, time)
    assert tracks.n_tracks == 4 and (who == who[:, :1, :1]).all() and sorted(who[:, 0, 0]) == [0, 1, 2, 3]


def test_keypoints_of_people_need_an_axis_of_people():
    with pytest.raises(ShapeError, match="pixels has shape"):
        PeopleKeypoints(np.zeros((1, 2, 3, 2)), np.zeros((1, 2, 3)), NAMES, 50)
