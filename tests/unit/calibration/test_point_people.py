"""One of several people, found in all cameras from lenses alone: who walks, who stands by, who cannot be told apart."""

import numpy as np
import pytest

from calibration.errors import CalibrationError
from calibration.points.people import followed, person_across_cameras, strands_of
from calibration.rigid import from_rotvec
from calibration.synthetic import ring_rig

RIG = ring_rig(3, seed=2)
FRAMES = 90


def _body(seed: int, centre: tuple[float, float], reach: float, phase: float = 0.0) -> np.ndarray:
    """Keypoints of somebody who circles about a place and swings the limbs, shape (frame, keypoint, 3)."""
    rng = np.random.default_rng(seed)
    shape = rng.uniform([-0.3, -0.3, 0.0], [0.3, 0.3, 1.7], (14, 3))
    angle = np.linspace(0.0, 5.0, FRAMES) + phase
    turn = from_rotvec(np.stack([0 * angle, 0 * angle, angle], 1), np.zeros((FRAMES, 3)))[:, :3, :3]
    path = np.stack([centre[0] + reach * np.cos(angle), centre[1] + 0.7 * reach * np.sin(angle), 0 * angle], 1)
    swing = 0.15 * reach * np.sin(9 * angle[:, None, None] + rng.uniform(0, 6, (14, 3)))
    return np.einsum("fij,fkj->fki", turn, shape + swing) + path[:, None]


def _seen(bodies: list[np.ndarray], cameras: list[list[int]], seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Pixels (camera, frame, person, keypoint, 2) in no order, and the place of body 0, -1 where it is not seen."""
    rng = np.random.default_rng(seed)
    pixels = np.stack([RIG.project(body) for body in bodies], axis=2)
    pixels += 4.0 * rng.standard_normal(pixels.shape)
    for body, seeing in enumerate(cameras):
        pixels[[c for c in range(3) if c not in seeing], :, body] = np.nan
    order = np.argsort(rng.random(pixels.shape[:3]), axis=2)
    pixels = np.take_along_axis(pixels, order[..., None, None], axis=2)
    place = np.where((order == 0).any(axis=2), order.argmin(axis=2), -1)
    place[[c for c in range(3) if c not in cameras[0]]] = -1
    return pixels, place


def test_people_are_followed_through_shuffled_detections() -> None:
    pixels, place = _seen([_body(1, (0.0, 0.0), 0.6), _body(2, (1.5, -1.0), 0.02)], [[0], [0]])
    strand = strands_of(pixels[0])
    assert len(set(strand[np.arange(FRAMES), place[0]])) == 1
    pixels[0, 40:80] = np.nan  # gone for longer than the gap: nobody knows who comes back
    assert strand.max() < strands_of(pixels[0]).max()


def test_the_person_whom_all_cameras_see_is_taken_and_the_one_in_two_left() -> None:
    pixels, place = _seen([_body(1, (0.0, 0.0), 0.6), _body(2, (1.2, -1.0), 0.3)], [[0, 1, 2], [0, 1]])
    found = person_across_cameras([RIG], pixels)
    np.testing.assert_array_equal(found.person, place)
    assert found.rivals == 1


def test_of_two_whom_all_cameras_see_the_one_who_walks_is_taken() -> None:
    pixels, place = _seen([_body(1, (0.0, 0.0), 0.7), _body(2, (0.8, -0.8), 0.05)], [[0, 1, 2]] * 2)
    np.testing.assert_array_equal(person_across_cameras([RIG], pixels).person, place)


def test_two_who_walk_alike_cannot_be_told_apart() -> None:
    pixels, _ = _seen([_body(1, (0.6, 0.0), 0.4), _body(2, (-0.6, 0.0), 0.4, 1.0)], [[0, 1, 2]] * 2)
    with pytest.raises(CalibrationError) as caught:
        person_across_cameras([RIG], pixels)
    assert caught.value.code == "SEVERAL_PEOPLE" and "two people" in caught.value.cause


def test_cameras_that_agree_on_nobody_are_told_with_the_number_of_frames() -> None:
    pixels, _ = _seen([_body(1, (0.0, 0.0), 0.6), _body(2, (1.2, -1.0), 0.3)], [[0], [0]])
    with pytest.raises(CalibrationError) as caught:
        person_across_cameras([RIG], pixels)
    assert caught.value.code == "SEVERAL_PEOPLE" and f"{FRAMES} of {3 * FRAMES} camera frames" in caught.value.cause


def test_a_person_who_was_lost_is_found_again_where_the_cameras_expect_him() -> None:
    pixels, place = _seen([_body(1, (0.0, 0.0), 0.6), _body(2, (1.2, -1.0), 0.05)], [[0, 1, 2]] * 2)
    known = place.copy()
    known[0, 30:], known[1, :20] = -1, 1 - known[1, :20]  # lost in one camera, taken for the other in another
    np.testing.assert_array_equal(followed(RIG, pixels, known), place)
