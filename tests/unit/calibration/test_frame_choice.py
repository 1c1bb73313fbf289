"""Frames chosen for what they show: against brute force, against every n-th frame, and what must not be dropped."""

import itertools
from collections.abc import Callable

import numpy as np
import pytest

from calibration.boards.board import Board
from calibration.errors import ShapeError
from calibration.frame_choice import _what_frames_show, choose_frames
from calibration.observations import BoardObservations
from calibration.quality.figures import volume_error
from calibration.recipe import calibrate
from calibration.rigid import from_rotvec
from calibration.synthetic import board_poses, ring_rig
from calibration.synthetic.corners import observe_board

BOARD = Board("charuco", 7, 5, 0.1, 0.07, "DICT_4X4_50")
GRID = np.stack(np.meshgrid(*[np.linspace(-0.7, 0.7, 4)] * 2, np.linspace(0.2, 1.8, 4)), axis=-1).reshape(-1, 3)


def dwelling_poses(n: int, seed: int, n_places: int = 60) -> np.ndarray:
    """Poses of a board that is held for a long time in some places and shortly in others, never quite still."""
    rng = np.random.default_rng(seed)
    stay = rng.pareto(2.0, n_places) + 0.3
    place = np.sort(rng.choice(n_places, n, p=stay / stay.sum()))
    poses = board_poses(BOARD, n_places, seed)[place]
    return np.array([pose @ from_rotvec(rng.normal(0, 0.02, 3), rng.normal(0, 0.01, 3)) for pose in poses])


def observed(n_frames: int, seed: int = 0, n_cameras: int = 4, dwelling: bool = True) -> tuple:
    rig = ring_rig(n_cameras, seed, radius_m=4.0, size=(1920, 1080))
    poses = dwelling_poses(n_frames, seed) if dwelling else board_poses(BOARD, n_frames, seed)
    return rig, observe_board(rig, BOARD, poses, 0.12, seed + 1)


def value_in(observations: BoardObservations) -> Callable[[np.ndarray], float]:
    """What frames of a recording are worth."""
    shows, weight = _what_frames_show(observations)
    return lambda frames: float(weight @ np.log1p(np.asarray(shows[np.asarray(frames)].sum(axis=0)).ravel()))


def test_the_greedy_choice_is_nearly_the_best_of_all() -> None:
    _, observations = observed(12)
    value = value_in(observations)
    best = max(value(np.array(some)) for some in itertools.combinations(range(12), 4))
    chosen = choose_frames(observations, 4)
    assert value(chosen) >= 0.97 * best  # measured 0.990; theory promises 0.63
    rng = np.random.default_rng(0)
    chance = [value(rng.choice(12, 4, replace=False)) for _ in range(50)]
    assert value(chosen) >= max(chance)


def test_each_step_takes_the_frame_of_most_gain() -> None:
    _, observations = observed(60)
    chosen, value = list[int](), value_in(observations)
    for _ in range(6):
        rest = [frame for frame in range(60) if frame not in chosen]
        chosen.append(max(rest, key=lambda frame: value(np.array([*chosen, frame]))))
    np.testing.assert_array_equal(choose_frames(observations, 6), np.sort(chosen))


def test_frames_to_keep_stay_and_the_rest_complements_them() -> None:
    _, observations = observed(200)
    keep = (5, 6, 7, 190)
    chosen = choose_frames(observations, 30, keep=keep)
    assert set(keep) <= set(chosen.tolist()) and len(chosen) == 30
    assert (np.diff(chosen) > 0).all()
    np.testing.assert_array_equal(choose_frames(observations, 4, keep=keep), keep)


def test_frames_that_show_nothing_are_not_chosen_unless_kept() -> None:
    _, observations = observed(40)
    pixels = observations.pixels.copy()
    pixels[:, 10:] = np.nan
    few = BoardObservations(
        BOARD, observations.camera_names, observations.image_sizes, pixels, observations.frame_ids
    )
    useful = choose_frames(few, 30)
    assert len(useful) <= 10 and useful.max() < 10
    assert 25 in choose_frames(few, 30, keep=(25,))
    nothing = BoardObservations(
        BOARD, observations.camera_names, observations.image_sizes, np.full_like(pixels, np.nan), observations.frame_ids
    )
    assert len(choose_frames(nothing, 5)) == 0
    np.testing.assert_array_equal(choose_frames(nothing, 5, keep=(3,)), [3])


def test_all_frames_when_there_are_no_more_than_asked_for() -> None:
    _, observations = observed(20)
    useful = np.flatnonzero(observations.views().any(axis=0))
    np.testing.assert_array_equal(choose_frames(observations), useful)


@pytest.mark.parametrize(("n", "keep"), [(0, ()), (1, (2, 3)), (5, (99,)), (5, (-1,))])
def test_what_cannot_be_chosen_is_refused(n: int, keep: tuple[int, ...]) -> None:
    _, observations = observed(20)
    with pytest.raises(ShapeError):
        choose_frames(observations, n, keep=keep)


def volume_errors(seed: int, dwelling: bool) -> list[float]:
    """Volume error in mm from 100 chosen of 1000 frames, and from every tenth."""
    rig, observations = observed(1000, seed, dwelling=dwelling)
    frames = choose_frames(observations, 100), np.arange(0, observations.n_frames, 10)
    return [1e3 * volume_error(calibrate(observations.subset_frames(some)).rig, rig, GRID) for some in frames]


def rms(values: list[float]) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


def test_a_tenth_of_the_frames_chosen_is_better_than_every_tenth() -> None:
    ours, theirs = zip(*[volume_errors(seed, True) for seed in (1, 2)], strict=True)
    assert rms(ours) < 0.9 * rms(theirs)  # measured 0.156 mm against 0.271 mm


@pytest.mark.heavy
@pytest.mark.parametrize(("dwelling", "ratio"), [(True, 0.8), (False, 0.85)])
def test_a_tenth_of_the_frames_chosen_is_better_than_every_tenth_over_seeds(dwelling: bool, ratio: float) -> None:
    ours, theirs = zip(*[volume_errors(seed, dwelling) for seed in range(10)], strict=True)
    print(f"dwelling {dwelling}: RMS {rms(ours):.3f} mm against {rms(theirs):.3f} mm")
    # Measured 0.158 mm against 0.251 mm where the board dwells, 0.108 mm against 0.169 mm where every pose is new.
    assert rms(ours) < ratio * rms(theirs)


@pytest.mark.heavy
@pytest.mark.parametrize(("dwelling", "ratio"), [(True, 2.2), (False, 2.9)])
def test_four_hundred_frames_of_a_long_recording_against_all_of_them(dwelling: bool, ratio: float) -> None:
    errors = []
    for seed in range(3):
        rig, observations = observed(4000, seed, dwelling=dwelling)
        some = [np.arange(4000), choose_frames(observations), np.arange(0, 4000, 10)]
        errors.append([1e3 * volume_error(calibrate(observations.subset_frames(s)).rig, rig, GRID) for s in some])
    every, ours, theirs = (rms(list(column)) for column in zip(*errors, strict=True))
    print(f"dwelling {dwelling}: RMS of all {every:.4f}, chosen {ours:.4f}, every tenth {theirs:.4f} mm")
    # Measured over 4 seeds, in mm, from all 4000, 400 chosen, every tenth: 0.057, 0.091, 0.134 where the board dwells,
    # 0.026, 0.062, 0.088 where every pose is new. A tenth of independent frames has 3.2 times the error of all.
    assert ours < 0.85 * theirs
    assert ours < ratio * every
