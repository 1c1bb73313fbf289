"""A trial that is read and written again gives the same bytes: what a stage made is the same before and after."""

from pathlib import Path

import numpy as np
import pytest

from mocap.storage import as_stored, content_sha256, read_trial, write_trial
from mocap.storage.settled import settled, settled_degrees


def test_degrees_come_back_from_radians_to_the_last_bit() -> None:
    random = np.random.default_rng(0)
    radians = np.concatenate([random.uniform(-4, 4, 100_000), [0.0, np.nan, np.pi]])
    plain = np.rad2deg(radians)
    assert (np.rad2deg(np.deg2rad(plain)) != plain)[:-3].sum() > 1000  # of 100 000, 7000 are not themselves again
    degrees = settled_degrees(radians)
    np.testing.assert_array_equal(np.rad2deg(np.deg2rad(degrees)), degrees)
    np.testing.assert_array_max_ulp(degrees[np.isfinite(degrees)], plain[np.isfinite(plain)], 1)


def test_a_conversion_that_never_comes_to_rest_is_left_after_a_while() -> None:
    out = settled(np.array([1.0]), lambda there: there + 1.0, lambda back: back)
    assert np.isfinite(out).all()


@pytest.mark.parametrize("name", ["full", "bare"])
def test_a_trial_that_is_read_and_written_again_is_the_same_file(tmp_path: Path, trials, name: str) -> None:
    first, second = tmp_path / "a.h5", tmp_path / "b.h5"
    write_trial(first, trials[name])
    write_trial(second, read_trial(first))
    assert second.read_bytes() == first.read_bytes()


def test_a_trial_as_stored_is_what_its_file_gives_back(tmp_path: Path, trials) -> None:
    write_trial(tmp_path / "a.h5", trials["full"])
    write_trial(tmp_path / "b.h5", as_stored(trials["full"]))
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()
    assert content_sha256(read_trial(tmp_path / "a.h5")) == content_sha256(trials["full"])
