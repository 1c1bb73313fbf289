"""What a review reads a frame at a time is what the whole file holds."""

import dataclasses

import numpy as np
import pytest

from mocap.errors import TrialFileError
from mocap.pipeline.review_parts import FileParts
from mocap.storage import read_light, read_trial, write_trial
from mocap.trial import Keypoints2D, Points3D, Trial
from mocap.viewer.parts import TrialParts


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    rng = np.random.default_rng(5)
    n_frames, names = 1300, ("RHip", "LHip", "neck")
    position = rng.normal(size=(n_frames, 3, 3))
    position[rng.random((n_frames, 3)) < 0.1] = np.nan
    root = rng.normal(scale=1e-3, size=(n_frames, 3, 3, 3)).astype("f4")
    covariance = root @ root.swapaxes(-1, -2)
    errors = np.abs(rng.normal(size=(4, n_frames, 3))).astype("f4")
    points = Points3D(position, names, 100.0, covariance, reprojection_error=errors)
    smoothed = Points3D(position + 1, names, 100.0, 4 * covariance)
    pixels = rng.normal(500, 100, (4, n_frames, 3, 2)).astype("f4")
    views = Keypoints2D(pixels, rng.random((4, n_frames, 3)).astype("f4"), names, 100.0)
    path = tmp_path_factory.mktemp("parts") / "trial.h5"
    write_trial(path, Trial("parts", points, points_smoothed=smoothed, keypoints=views))
    return path


def of_frame(parts, frame):
    """All that there is of a frame."""
    views = [getattr(parts, name)(camera, frame) for camera in range(4) for name in ("pixels", "confidence")]
    return [*views, parts.covariance(frame), parts.errors(frame)]


def test_parts_of_a_file_are_those_of_the_trial(stored):
    whole = TrialParts(read_trial(stored))
    parts = FileParts(stored, read_light(stored))
    assert parts.keypoint_names == whole.keypoint_names
    for frame in (0, 511, 512, 1299, 3):
        for mine, theirs in zip(of_frame(parts, frame), of_frame(whole, frame), strict=True):
            np.testing.assert_array_equal(mine, theirs)
    for mine, theirs in ((dict(parts.error_blocks()), dict(whole.error_blocks())),):
        assert mine.keys() == theirs.keys()
        np.testing.assert_array_equal(mine[0], theirs[0])
    parts.close()


def test_few_blocks_stay_in_memory(stored):
    parts = FileParts(stored, read_light(stored))
    for frame in range(0, 1300, 50):
        of_frame(parts, frame)
    assert sum(one.nbytes for one in parts._blocks.values()) < 20e6
    parts.close()


def test_a_light_trial_lacks_nothing_but_the_large_arrays(stored):
    light, whole = read_light(stored), read_trial(stored)
    assert light.keypoints is None
    for one, other in ((light.points, whole.points), (light.points_smoothed, whole.points_smoothed)):
        assert one.reprojection_error is None
        assert np.isnan(one.covariance).all()
        np.testing.assert_array_equal(one.status, other.status)
    np.testing.assert_array_equal(light.points_smoothed.position, whole.points_smoothed.position)
    # The raw ones are not shown where there are others.
    assert np.isnan(light.points.position).all() and light.points.position.strides == (0, 0, 0)
    left = {"points", "points_smoothed", "keypoints"}
    for field in {one.name for one in dataclasses.fields(Trial)} - left:
        assert getattr(light, field) == getattr(whole, field), field


def asked(parts):
    """Everything of some frames, and what was told of it."""
    told = []
    parts.on_refused(told.append)
    return [of_frame(parts, frame) for frame in range(0, 1300, 100)], told


def test_what_is_damaged_is_told_once_and_missing_and_all_else_is_right(stored, tmp_path):
    content = bytearray(stored.read_bytes())
    whole, _ = asked(FileParts(stored, read_light(stored)))
    path = tmp_path / "damaged.h5"
    shown = refused = 0
    for place in range(len(content) // 4, len(content), len(content) // 20):
        content[place] ^= 0xFF
        path.write_bytes(content)
        content[place] ^= 0xFF
        try:
            parts = FileParts(path, read_light(path))
        except TrialFileError:
            refused += 1
            continue
        found, told = asked(parts)
        assert len(told) <= 1
        for now, truth in zip(found, whole, strict=True):
            for one, other in zip(now, truth, strict=True):
                missing = one.size == 0 or not np.isfinite(one).any()
                assert (bool(told) and missing) or np.array_equal(one, other, equal_nan=True)
        shown += bool(told)
    assert shown >= 2 and refused >= 3
