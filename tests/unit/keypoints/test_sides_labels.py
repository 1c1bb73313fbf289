"""The most probable labels: held against every sequence there is, and against the whole problem solved again."""

from itertools import product

import numpy as np
import pytest

from calibration import Camera
from mocap.keypoints.sides_evidence import ray_table
from mocap.keypoints.sides_labels import Agreement, signs


def problem(seed, n_frames, n_cameras, strength=1.0):
    rng = np.random.default_rng(seed)
    pair = rng.normal(strength, 1.5, (n_cameras, n_cameras, n_frames)).astype(np.float32)
    turned = rng.choice([-1.0, 1.0], (n_frames, n_cameras))
    return Agreement(pair, turned, rng.normal(0.5, 1.0, (n_frames - 1, n_cameras))), rng.normal(
        0, 0.5, (n_frames, n_cameras)
    )


def energy(said, field, labels):
    sign = signs(np.array(labels)) * said.turned
    own = signs(np.array(labels))
    n_cameras = field.shape[1]
    between = sum(
        said.pair[a, b] * sign[:, a] * sign[:, b] for a in range(n_cameras) for b in range(a + 1, n_cameras)
    ).sum()
    return -between - (field * own).sum() - (said.stay * own[1:] * own[:-1]).sum()


@pytest.mark.parametrize(("seed", "n_frames", "n_cameras"), [(0, 5, 2), (1, 4, 3), (2, 3, 4), (3, 1, 3)])
def test_no_other_sequence_of_labels_has_less_energy(seed, n_frames, n_cameras):
    said, field = problem(seed, n_frames, n_cameras, 0.3)
    found = said.solved(field).T
    every = product(product([False, True], repeat=n_cameras), repeat=n_frames)
    assert energy(said, field, found) == pytest.approx(min(energy(said, field, labels) for labels in every), abs=1e-5)


@pytest.mark.parametrize("seed", range(4))
def test_stretches_solved_again_are_as_if_all_were(seed):
    n_frames, rng = 3000, np.random.default_rng(seed)
    said, field = problem(seed, n_frames, 3)
    first = said.solved(field)
    score = np.ones(n_frames)
    for start in rng.integers(0, n_frames - 40, 3 * (seed % 2)):
        score[start : start + 40] = -1.0
    score[: 30 * seed] = -1.0  # a stretch at the beginning is not held there
    more = field + 1.5 * score[:, None] * signs(first).T
    again = said.solved_again(more, first, score < 0)
    assert np.array_equal(again, said.solved(more))
    assert np.array_equal(again, first) == (seed == 0)


@pytest.mark.parametrize("distortion", [(-0.3, 0.12, 0.001, -0.0005, -0.02), (0.1, -0.02, 0.003, 0.0)])
def test_rays_looked_up_are_those_of_the_lens(distortion):
    camera = Camera(
        "c", (1280, 720), np.array([[900.0, 0, 640], [0, 905, 362], [0, 0, 1]]), np.array(distortion), np.eye(4),
        fisheye=len(distortion) == 4,
    )  # fmt: skip
    table = ray_table(camera)
    middle = (table[1:, 1:] + table[:-1, :-1] + table[1:, :-1] + table[:-1, 1:]) / 4
    down, across = np.indices(middle.shape[:2])
    exact, slope = camera.undistort(np.stack([across, down], axis=-1) * 8.0 + 4.0 - 160.0)
    inside = (slice(20, 110), slice(20, 180))
    off = np.einsum("...ij,...j->...i", slope, middle - exact)[inside]
    assert np.nanmax(np.abs(off)) < 0.03  # px, between four pixels of the table; measured 0.014 both
