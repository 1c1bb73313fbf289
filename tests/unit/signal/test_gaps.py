"""Gaps: a cubic is filled exactly, long gaps stay, flags tell."""

import numpy as np

from mocap.schema import Status
from mocap.signal.gaps import fill_gaps
from mocap.signal.runs import runs

RATE = 100.0


def _cubic(n_frames=60):
    time = np.arange(n_frames) / RATE
    one = 1 + 2 * time - 3 * time**2 + 5 * time**3
    return np.stack([one, -one, 2 * one], axis=1)[:, None]


def _status(position):
    return np.isfinite(position).all(axis=2).astype(np.uint8) * np.uint8(Status.MEASURED)


def test_runs():
    assert runs(np.array([1, 1, 0, 1, 0, 0, 1], bool)) == [(0, 2), (3, 4), (6, 7)]
    assert runs(np.zeros(3, bool)) == [] and runs(np.zeros(0, bool)) == []


def test_a_cubic_is_filled_exactly_and_flagged():
    true = _cubic()
    position = true.copy()
    position[20:30] = np.nan
    filled, status = fill_gaps(position, _status(position), RATE)
    np.testing.assert_allclose(filled, true, atol=1e-12)  # 2e-15
    assert (status[20:30] == Status.FILLED).all() and (np.delete(status, range(20, 30)) == Status.MEASURED).all()
    assert np.isnan(position[20:30]).all()


def test_gaps_too_long_at_an_end_or_beside_a_lone_sample_stay():
    position = _cubic()
    position[:3] = np.nan
    position[20:31] = np.nan  # 0.11 s
    position[40] = position[42] = np.nan  # 41 stands alone between them
    position[57:] = np.nan
    filled, status = fill_gaps(position, _status(position), RATE)
    np.testing.assert_array_equal(filled, position)
    assert not (status & Status.FILLED).any()


def test_a_rejected_sample_stays_flagged_as_rejected():
    position = _cubic()
    position[20] = np.nan
    status = _status(position)
    status[20] = Status.REJECTED
    _, status = fill_gaps(position, status, RATE)
    assert status[20] == Status.REJECTED | Status.FILLED
