"""Spans that a screen cannot tell apart are drawn as one."""

import numpy as np

from mocap.viewer.lanes import merged


def test_spans_nearer_than_a_pixel_are_one_and_none_is_lost():
    starts, ends = np.array([0.0, 1.0, 1.2, 5.0, 9.0]), np.array([0.5, 1.1, 1.5, 6.0, 9.1])
    assert merged(starts, ends, 0.0, 10.0, 0.0) == list(zip(starts, ends, strict=True))
    assert merged(starts, ends, 0.0, 10.0, 0.2) == [(0.0, 0.5), (1.0, 1.5), (5.0, 6.0), (9.0, 9.1)]
    assert merged(starts, ends, 0.6, 4.0, 1.0) == [(1.0, 1.5)]
    assert merged(starts, ends, 2.0, 4.0, 1.0) == []
    assert merged(np.empty(0), np.empty(0), 0.0, 1.0, 1.0) == []


def test_a_thousand_spans_cost_no_more_than_a_screen_has_columns():
    rng = np.random.default_rng(4)
    starts = np.sort(rng.uniform(0, 600, 20_000))
    ends = starts + rng.uniform(0, 0.05, len(starts))  # they lie over one another
    drawn = merged(starts, ends, 0.0, 600.0, 600 / 1300)
    assert len(drawn) <= 1300
    inside = np.zeros(len(starts), bool)
    for first, last in drawn:
        inside |= (starts >= first) & (ends <= last)
    assert inside.all()
