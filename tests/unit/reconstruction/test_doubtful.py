"""Samples that something speaks against keep their values and carry a flag."""

import numpy as np

from mocap.reconstruction.doubtful import flag_doubtful
from mocap.schema import Status
from mocap.signal.implausible import Implausible
from mocap.trial import Points3D


def planted(frozen=(), leap=(), stray=()):
    masks = []
    for places in (frozen, leap, stray):
        mask = np.zeros((10, 3), bool)
        for place in places:
            mask[place] = True
        masks.append(mask)
    return Implausible(*masks, np.zeros_like(masks[0]))


def points():
    position = np.random.default_rng(0).normal(0, 1, (10, 3, 3))
    position[9, 2] = np.nan
    return Points3D(position, ("a", "b", "c"), 100.0)


def test_each_reason_flags_its_samples_and_is_counted():
    given = points()
    used, exchanged = np.ones((2, 10, 2), bool), np.zeros((2, 10, 2), bool)
    exchanged[1, 4:6, 1] = True
    used[1, 5, 1] = False  # told exchanged, but no part of the point
    flagged, verdict = flag_doubtful(given, planted(frozen=[(1, 0)], leap=[(2, 0)], stray=[(9, 2)]), used, exchanged)
    doubtful = (flagged.status & np.uint8(Status.DOUBTFUL)) != 0
    assert [tuple(place) for place in np.argwhere(doubtful)] == [(1, 0), (2, 0), (4, 1)]
    assert ((flagged.status & ~np.uint8(Status.DOUBTFUL)) == given.status).all()
    assert np.array_equal(flagged.position, given.position, equal_nan=True)
    assert np.isclose(verdict.measured, 100 * 3 / 29) and not verdict.passed
    for words in ("1 frozen", "1 leaping", "1 of a view with exchanged sides"):
        assert words in verdict.text
    assert "stray" not in verdict.text  # that sample is missing


def test_nothing_is_flagged_where_nothing_is_wrong():
    given = points()
    flagged, verdict = flag_doubtful(given, planted())
    assert flagged is given and verdict.measured == 0.0 and verdict.passed
