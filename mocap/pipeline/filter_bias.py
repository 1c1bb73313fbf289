"""What a filter takes from the peaks of angles: the motion it cuts, which no sd holds."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mocap.errors import KinematicsError
from mocap.pipeline.point_noise import trial_filter
from mocap.schema import Status
from mocap.signal.filter_options import FilterOptions
from mocap.signal.filters import Butterworth
from mocap.signal.linear import LinearFilter
from mocap.signal.smoothing import filter_points
from mocap.trial import JointAngles, Points3D, Trial, Verdict, doubted, scalar_values

FILTER_BIAS = "filter_bias"
LIMIT_DEG = 0.5
_WIDER, _HIGHEST_SHARE = 4.0, 0.4  # of the cutoff, and of the rate
_LEAST_WIDER_HZ = 6.0  # below which four times the cutoff cuts motion of people, too
_MOST_ENDS = 4  # a quarter of the trial at each end is left out at most
_SURE = 4.0  # standard deviations: two peaks of every angle are looked at
_NORMAL = 1.4826


@dataclass(frozen=True)
class Loss:
    """What a filter takes from one peak of an angle, its standard uncertainty, both in rad, and where."""

    angle: str
    taken: float
    sd: float
    at_s: float

    @property
    def told(self) -> float:
        """What is taken, 0 where that may be chance (within 4 standard deviations)."""
        return abs(self.taken) if abs(self.taken) > _SURE * self.sd else 0.0


def filter_verdicts(
    trial: Trial, angles: JointAngles, compute: Callable[[Points3D], JointAngles]
) -> tuple[Verdict, ...]:
    """Return how much of the peaks of the angles the filter of the points takes; nothing where no filter was run.

    The points are filtered once more with four times the cutoff and 6 Hz at least (or not at all where the rate allows
    no such cutoff), and the angles compared at the highest and the lowest value of each. The motion between both
    cutoffs shows so, that beyond the second does not. Of smoothing that learns the motion the sd holds this part
    already. Where nothing can be compared the measure is NaN, and the verdict fails.

    Parameters
    ----------
    trial : Trial
        With smoothed points.
    angles : JointAngles
        Of these.
    compute : callable
        Other points of the trial to their angles.
    """
    linear = trial_filter(trial)
    if linear is None or trial.points_smoothed is None:
        return ()
    if not (trial.points_smoothed.status & np.uint8(Status.FILTERED)).any():
        return ()  # too short for the filter, which a note of it says
    if not np.isfinite(scalar_values(angles)).any():
        return ()  # no figure of an angle is taken from anything
    wider = _wider(linear, trial.points.rate_hz)
    try:
        other = compute(filter_points(trial.points, _as_before(trial, wider)).points)
    except KinematicsError as error:
        return (_not_judged(linear, f"filtered less, the points are refused: {error.cause}"),)
    found = losses(angles, other, linear, wider)
    if not found:
        return (_not_judged(linear, "no frame without a flag has a value by both filters"),)
    worst = max(found, key=lambda loss: loss.told)
    most = float(np.rad2deg(worst.told))
    compared = "no filter" if wider is None else f"a cutoff of {wider.cutoff_hz:.3g} Hz"
    text = (
        f"the most that the filter ({linear.cutoff_hz:.3g} Hz) takes from the highest or lowest value of an angle, "
        f"against {compared}; 0 where it may be noise. No sd holds it"
    )
    if most > 0:
        text += f". Here: {worst.angle} at {worst.at_s:.2f} s; a higher cutoff takes less"
    return (Verdict(FILTER_BIAS, most, LIMIT_DEG, "deg", most <= LIMIT_DEG, text),)


def _not_judged(linear: LinearFilter, why: str) -> Verdict:
    text = f"what the filter ({linear.cutoff_hz:.3g} Hz) takes from the peaks of angles cannot be judged: {why}"
    return Verdict(FILTER_BIAS, float("nan"), LIMIT_DEG, "deg", False, text)


def losses(angles: JointAngles, other: JointAngles, linear: LinearFilter, wider: LinearFilter | None) -> list[Loss]:
    """Return what the filter takes from the highest and the lowest value of each angle.

    Parameters
    ----------
    angles : JointAngles
        Of filtered points.
    other : JointAngles
        Of the same points filtered less; may lack angles.
    linear, wider : LinearFilter
        Of both; None is no filter.

    Notes
    -----
    The uncertainty of a difference follows from the sd of the angle and the answers of both filters to white noise;
    without sd from the scatter of the differences over the trial, or of their bends from frame to frame where that says
    less: a filter that takes much of the motion makes the former large. The ends of a recording, where filters know
    less, are left out, a quarter of it each at most, and so are frames with a reason to doubt.
    """
    own_answer, wider_answer = (_answer(one, linear.reach) for one in (linear, wider))
    between = wider_answer - own_answer
    ratio = float(np.linalg.norm(between) / np.linalg.norm(own_answer))
    smoothness = float(np.linalg.norm(between) / np.linalg.norm(np.diff(between, 2)))
    n_frames = len(angles.values)
    edge = min(round(angles.rate_hz / linear.cutoff_hz), n_frames // _MOST_ENDS)
    sound = ~doubted(angles)
    sound[:edge] = sound[n_frames - edge :] = False
    found = []
    for column, name in enumerate(angles.names):
        if name not in other.names or not angles.definitions[column].observable:
            continue
        taken = other[name] - angles.values[:, column]
        taken = np.angle(np.exp(1j * np.where(np.isfinite(taken), taken, np.nan)))
        there = np.isfinite(taken) & sound[:, column]
        if not there.any():
            continue
        static = float(np.nan_to_num(angles.u_static[column]))
        sd = ratio * np.sqrt(np.maximum(angles.sd[:, column] ** 2 - static**2, 0.0))
        scatter = _scatter(np.where(there, taken, np.nan), smoothness)
        frames = np.flatnonzero(there)
        for at in {int(frames[pick(angles.values[frames, column])]) for pick in (np.argmax, np.argmin)}:
            own = float(sd[at]) if np.isfinite(sd[at]) else scatter
            found.append(Loss(name, float(taken[at]), own, float(angles.time_s[at])))
    return found


def _scatter(taken: NDArray, smoothness: float) -> float:
    """Return the standard deviation, in rad, of the noise in differences, shape (time,), of which some are known.

    `smoothness` is the ratio of the standard deviations of such noise and of its second difference in time.
    """
    known, bends = (one[np.isfinite(one)] for one in (np.abs(taken), smoothness * np.abs(np.diff(taken, 2))))
    return _NORMAL * float(min(np.median(one) for one in (known, bends) if len(one)))


def _wider(linear: LinearFilter, rate_hz: float) -> LinearFilter | None:
    cutoff = max(_WIDER * linear.cutoff_hz, _LEAST_WIDER_HZ)
    return Butterworth(cutoff, rate_hz) if cutoff <= _HIGHEST_SHARE * rate_hz else None


def _as_before(trial: Trial, wider: LinearFilter | None) -> FilterOptions:
    """Return the options of another filter, what else was done to the points being done again."""
    known = next(operation.parameters for operation in trial.operations if operation.name == "smooth")
    stated = {name: known[name] for name in ("longest_gap_s", "hampel", "hampel_frames", "hampel_sd") if name in known}
    chosen = {"method": "none"} if wider is None else {"cutoff_hz": wider.cutoff_hz}
    return FilterOptions(**{**stated, **chosen})  # type: ignore[arg-type]


def _answer(linear: LinearFilter | None, reach: int) -> NDArray:
    """Return the answer of a filter to a single sample, shape (2 * reach + 1,); None is no filter."""
    impulse = np.zeros((2 * reach + 1, 1))
    impulse[reach] = 1.0
    return (impulse if linear is None else linear(impulse))[:, 0]
