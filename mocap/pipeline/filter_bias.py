"""What a filter takes from the peaks of angles: the motion it cuts, which no sd holds."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mocap.pipeline.point_noise import trial_filter
from mocap.signal.filter_options import FilterOptions
from mocap.signal.filters import Butterworth
from mocap.signal.linear import LinearFilter
from mocap.signal.smoothing import filter_points
from mocap.trial import JointAngles, Points3D, Trial, Verdict

FILTER_BIAS = "filter_bias"
LIMIT_DEG = 0.5
_WIDER, _HIGHEST_SHARE = 4.0, 0.4  # of the cutoff, and of the rate
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

    The points are filtered once more with four times the cutoff (or not at all where the rate allows no such cutoff),
    and the angles compared at the highest and the lowest value of each. The motion between both cutoffs shows so, that
    beyond the second does not. Of smoothing that learns the motion the sd holds this part already.

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
    wider = _wider(linear, trial.points.rate_hz)
    other = compute(filter_points(trial.points, _as_before(trial, wider)).points)
    found = losses(angles, other, linear, wider)
    if not found:
        return ()
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
    without sd from the scatter of the differences over the trial. The ends of a recording, where filters know less,
    are left out, and so are frames with a reason to doubt.
    """
    own_answer, wider_answer = (_answer(one, linear.reach) for one in (linear, wider))
    ratio = float(np.linalg.norm(wider_answer - own_answer) / np.linalg.norm(own_answer))
    edge = round(angles.rate_hz / linear.cutoff_hz)
    found = []
    for column, name in enumerate(angles.names):
        if name not in other.names or not angles.definitions[column].observable:
            continue
        taken = other[name] - angles.values[:, column]
        taken = np.angle(np.exp(1j * np.where(np.isfinite(taken), taken, np.nan)))
        there = np.isfinite(taken) & (angles.frame_reason[:, column] == 0)
        there[:edge] = there[len(there) - edge :] = False
        if not there.any():
            continue
        static = float(np.nan_to_num(angles.u_static[column]))
        sd = ratio * np.sqrt(np.maximum(angles.sd[:, column] ** 2 - static**2, 0.0))
        scatter = _NORMAL * float(np.median(np.abs(taken[there])))
        frames = np.flatnonzero(there)
        for at in {int(frames[pick(angles.values[frames, column])]) for pick in (np.argmax, np.argmin)}:
            own = float(sd[at]) if np.isfinite(sd[at]) else scatter
            found.append(Loss(name, float(taken[at]), own, float(angles.time_s[at])))
    return found


def _wider(linear: LinearFilter, rate_hz: float) -> LinearFilter | None:
    cutoff = _WIDER * linear.cutoff_hz
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
