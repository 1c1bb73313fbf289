"""Which points each angle of a trial is made of, found by computing a few frames with gradients."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics import landmarks as lm
from mocap.kinematics.body import Body
from mocap.kinematics.models import build_body
from mocap.kinematics.observability import Outcome
from mocap.kinematics.tape.points import count_seen

_SOME = 9


def angle_sources(outcomes: Mapping[str, Outcome]) -> dict[str, frozenset[str]]:
    """Return the points that each observable angle depends on, from outcomes that carry gradients."""
    return {name: frozenset(one.angle.grad) for name, one in outcomes.items() if one.angle is not None}


def frames_with(outcome: Outcome) -> NDArray:
    """Return some frames in which an angle has a value, all over the trial; it needs one."""
    assert outcome.angle is not None
    there = np.flatnonzero(np.isfinite(outcome.angle.value))
    chosen: NDArray = there[np.unique(np.linspace(0, len(there) - 1, _SOME).round().astype(int))]
    return chosen


def telling_frames(positions: Mapping[str, NDArray]) -> NDArray:
    """Return the frame that shows most points and, until each point is shown, the one that shows most beside it.

    An angle that the fullest frame lacks is so among those of a frame with the point that was wanting.
    """
    count = count_seen(positions.values())
    chosen = [int(np.argmax(count))]
    for values in positions.values():
        if np.isnan(values[chosen, 0]).all():
            seen = np.isfinite(values[:, 0])
            if seen.any():
                chosen.append(int(np.argmax(np.where(seen, count, -1))))
    return np.array(chosen)


def few_frames(
    positions: Mapping[str, NDArray],
    calibration: lm.Calibration | None,
    pelvis: str,
    noise: Mapping[str, float],
    body: Body,
    *,
    frames: NDArray,
    heading: bool = False,
) -> Body:
    """Return the body at some frames, such as `telling_frames`, every point depending on itself.

    Parameters
    ----------
    positions : mapping of str to ndarray, shape (time, 3)
        What the trial measured, m.
    calibration, pelvis, noise
        As for `build_landmarks`.
    body : Body
        That of the whole trial.
    frames : ndarray of int
    heading : bool
        Whether what shows where the person faces, over the whole trial, counts among the points of angles by heading.
    """
    points = lm.traced_points({name: values[frames] for name, values in positions.items()}, True)
    found = lm.build_landmarks(points, calibration, pelvis, noise)
    setting = replace(body.setting, traces_heading=heading)
    return build_body(found.points, found.poses, setting, body.zeros, body.heading)
