"""Choosing one of several people: synthetic crowds whose identities are known."""

import numpy as np
import pytest

from calibration.synthetic import ring_rig
from mocap.errors import ConfigError, KeypointError, ShapeError
from mocap.keypoints import AssociationOptions, PeopleKeypoints, choose_person

NAMES = tuple(f"k{i}" for i in range(12))


def body(centre, n_frames=30, seed=0):
    """Twelve points about a centre that sways, shape (time, keypoint, 3)."""
    rng = np.random.default_rng(seed)
    points = rng.uniform([-0.25, -0.25, 0.1], [0.25, 0.25, 1.7], (12, 3)) + centre
    sway = 0.1 * np.sin(np.arange(n_frames)[:, None, None] / 10 + rng.uniform(0, 6, (12, 1)))
    return points + sway * np.array([1, 0.5, 0])


def crowd(rig, bodies, sigma=4.0, seed=0):
    """Pixels (camera, time, person, keypoint, 2) in shuffled places, and where the first body went."""
    rng = np.random.default_rng(seed)
    pixels = np.stack([rig.project(points) for points in bodies], axis=2)
    pixels += rng.normal(0, sigma, pixels.shape)
    order = rng.permuted(np.broadcast_to(np.arange(len(bodies)), (*pixels.shape[:2], len(bodies))), axis=2)
    shuffled = np.take_along_axis(pixels, order[..., None, None], axis=2)
    return shuffled, order.argmin(axis=2)


def people_of(pixels):
    return PeopleKeypoints(pixels, np.isfinite(pixels[..., 0]).astype(float), NAMES, 50.0)


def test_the_one_seen_by_most_cameras_is_followed():
    rig = ring_rig(4)
    pixels, first = crowd(rig, [body([0, 0, 0]), body([0.9, -0.4, 0], seed=1)])
    second = 1 - first
    for camera in (1, 3):  # the second person is out of sight of two cameras
        pixels[camera, np.arange(30), second[camera]] = np.nan
    choice = choose_person(people_of(pixels), rig)
    assert np.array_equal(choice.person, first)
    assert (choice.others == 1).all()
    assert 1 < choice.error_px.mean() < 5  # 4 px of noise; measured 3.2
    assert np.array_equal(choice.keypoints.pixels[2, 7], pixels[2, 7, first[2, 7]])


@pytest.mark.parametrize(("place", "wanted"), [((0, 0, 1), 0), ((0.9, -0.4, 1), 1)])
def test_of_two_equals_the_one_near_the_place_is_followed(place, wanted):
    rig = ring_rig(5)
    pixels, first = crowd(rig, [body([0, 0, 0]), body([0.9, -0.4, 0], seed=1)])
    choice = choose_person(people_of(pixels), rig, options=AssociationOptions(near_world=place))
    assert np.array_equal(choice.person, first if wanted == 0 else 1 - first)


def test_two_equals_are_never_mixed_or_exchanged():
    rig = ring_rig(4)
    pixels, _ = crowd(rig, [body([0, 0, 0]), body([0.7, 0.7, 0], seed=1), body([-0.8, 0.5, 0], seed=2)], seed=4)
    person = choose_person(people_of(pixels), rig).person
    same = np.take_along_axis(pixels, person[:, :, None, None, None], axis=2)[:, :, 0]
    truths = [rig.project(body(c, seed=s)) for c, s in (([0, 0, 0], 0), ([0.7, 0.7, 0], 1), ([-0.8, 0.5, 0], 2))]
    distances = [np.linalg.norm(same - truth, axis=-1).max() for truth in truths]
    assert sorted(distances)[0] < 25 < sorted(distances)[1]


def test_a_camera_without_the_person_gets_nobody():
    rig = ring_rig(5)
    pixels, first = crowd(rig, [body([0, 0, 0]), body([1.0, 0.2, 0], seed=1)])
    pixels[2, np.arange(30), first[2]] = np.nan  # only the second person is left to camera 2
    for camera in (0, 1, 3, 4):
        pixels[camera, np.arange(30), 1 - first[camera]] = np.nan
    choice = choose_person(people_of(pixels), rig)
    assert (choice.person[2] == -1).all() and np.isnan(choice.keypoints.pixels[2]).all()
    assert np.array_equal(choice.person[[0, 1, 3, 4]], first[[0, 1, 3, 4]])


def test_single_people_are_kept_even_where_they_disagree():
    rig = ring_rig(3)
    pixels, _ = crowd(rig, [body([0, 0, 0])])
    pixels[1] += 300
    pixels[0, 5] = np.nan
    choice = choose_person(people_of(pixels), rig)
    assert np.flatnonzero(choice.person.ravel() < 0).tolist() == [5]
    assert np.array_equal(choice.keypoints.pixels[1], pixels[1, :, 0])


def test_combinations_beyond_the_beam_are_found():
    rig = ring_rig(8)
    bodies = [body(c, 6, s) for s, c in enumerate([[0, 0, 0], [0.8, 0.6, 0], [-0.8, 0.5, 0], [0.1, -0.9, 0]])]
    pixels, first = crowd(rig, bodies)
    near = AssociationOptions(near_world=(0, 0, 1), candidates=4)  # 5^8 combinations
    assert np.array_equal(choose_person(people_of(pixels), rig, options=near).person, first)


def test_nobody_in_common_is_refused():
    rig = ring_rig(3)
    pixels = np.full((3, 4, 2, 12, 2), np.nan)
    pixels[0] = 300.0
    with pytest.raises(KeypointError) as caught:
        choose_person(people_of(pixels), rig)
    assert caught.value.code == "NO_PERSON"
    with pytest.raises(KeypointError) as caught:
        choose_person(people_of(pixels), ring_rig(4))
    assert caught.value.code == "CAMERA_COUNT"


def test_types_are_checked():
    with pytest.raises(ShapeError, match="pixels has shape"):
        PeopleKeypoints(np.zeros((1, 2, 3, 2)), np.zeros((1, 2, 3)), NAMES, 50)
    with pytest.raises(ConfigError, match="out of range"):
        AssociationOptions(jump_m=0)
