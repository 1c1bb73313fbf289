"""The median of what is there, against numpy's."""

import numpy as np
import pytest

from mocap.signal.medians import finite_median


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("missing", [np.nan, np.inf])
def test_the_median_is_that_of_numpy_without_what_is_missing(axis, missing):
    rng = np.random.default_rng(axis)
    values = rng.normal(size=(6, 7, 5))
    values[rng.uniform(size=values.shape) < 0.4] = missing
    values[0, 0] = values[:, 1, 2] = missing
    there = np.where(np.isfinite(values), values, np.nan)
    empty = np.isnan(there).all(axis=axis)
    expected = np.full(empty.shape, np.nan)
    expected[~empty] = np.nanmedian(np.moveaxis(there, axis, -1)[~empty], axis=-1)
    np.testing.assert_allclose(finite_median(values, axis), expected, rtol=0, atol=0)


def test_of_nothing_there_is_no_median():
    assert np.isnan(finite_median(np.empty((3, 0)), 1)).all() and finite_median(np.empty((3, 0)), 0).shape == (0,)
