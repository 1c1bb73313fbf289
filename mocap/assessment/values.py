"""Single values out of curves, with their uncertainty: what the columns of a table are made of."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mocap.assessment.movement import Movement
from mocap.signal.filters import lowpass
from mocap.trial import Metric, change_between

NAN = float("nan")
_MAD_TO_SD = 1.4826
_FIXED_PARTS = ("u_static", "u_landmark", "u_sta", "u_calibration", "u_gravity", "u_hip_centre")


@dataclass(frozen=True)
class Value:
    """One cell of a table.

    Attributes
    ----------
    value, sd : float
        NaN is not known.
    reason : str
        Why there is no value, or why to doubt it; empty otherwise.
    n : int
        Frames that it rests on; 0 where that tells nothing.
    """

    value: float
    sd: float = NAN
    reason: str = ""
    n: int = 0

    @property
    def known(self) -> bool:
        """Whether there is a value."""
        return bool(np.isfinite(self.value))

    def less_sure(self, *sds: float) -> "Value":
        """Return the value with further standard uncertainties, independent of its own; of known ones only."""
        parts = [one for one in (self.sd, *sds) if np.isfinite(one)]
        if not self.known:
            return self
        return Value(self.value, float(np.sqrt(sum(one**2 for one in parts))) if parts else NAN, self.reason, self.n)

    def times(self, factor: float) -> "Value":
        """Return the value in another unit, or with the other sign."""
        return Value(self.value * factor, self.sd * abs(factor), self.reason, self.n)


def withheld(reason: str) -> Value:
    """Return a value that is not told, with its reason."""
    return Value(NAN, NAN, reason)


def column(name: str, unit: str, meaning: str, values: Sequence[Value]) -> Metric:
    """Return the column of a table from its cells."""
    reasons = tuple(one.reason or ("" if one.known else "not known") for one in values)
    found, sd = (np.array([getattr(one, part) for one in values], float) for part in ("value", "sd"))
    return Metric(name, unit, meaning, found, sd, reasons=reasons, n=np.array([one.n for one in values], int))


def combined(function_value: float, parts: Sequence[tuple[float, float]], reason: str = "", n: int = 0) -> Value:
    """Return a value made of others that err independently.

    Parameters
    ----------
    function_value : float
    parts : sequence of (float, float)
        Slope by each of the others, and its standard uncertainty.
    """
    sd = float(np.sqrt(sum((slope * sd) ** 2 for slope, sd in parts)))
    return Value(function_value, sd, reason, n)


def angle_over(movement: Movement, name: str, frames: NDArray) -> Value:
    """Return the mean of an angle over frames, deg, with all of its uncertainty that is known.

    Random noise with its correlation over the frames, and beside it what does not change over the trial: landmarks,
    soft tissue, vertical, hip centres, the static.
    """
    values = movement.angle_deg(name)[frames]
    shown = np.isfinite(values)
    if not shown.any():
        return withheld(f"withheld: {movement.why_not(name) or f'{name} is missing or doubted in these frames'}")
    random = averaged_sd(movement, noise_deg(movement, name)[frames][shown], frames[shown])
    index = movement.angles.names.index(name)
    fixed = [float(np.rad2deg(getattr(movement.angles, part)[index])) for part in _FIXED_PARTS]
    known = [one for one in (random, *fixed) if np.isfinite(one)]
    sd = float(np.sqrt(sum(one**2 for one in known))) if np.isfinite(random) else NAN
    return Value(float(values[shown].mean()), sd, "", int(shown.sum()))


def noise_deg(movement: Movement, name: str) -> NDArray:
    """Return the random standard uncertainty of an angle, shape (time,) in deg.

    Where the points came without uncertainty, the scatter of the curve stands for it: see `NOISE_NOTE`.
    """
    stated = movement.sd_deg(name)
    if np.isfinite(stated).any():
        return stated
    return np.full(movement.n_frames, scatter_sd(movement, movement.angle_deg(name)))


NOISE_NOTE = "the points came without uncertainty: the scatter of the curves from frame to frame stands for their noise"


def noise_notes(movement: Movement) -> tuple[str, ...]:
    """Return `NOISE_NOTE` where the points of a trial came without uncertainty."""
    return () if np.isfinite(movement.angles.sd).any() else (NOISE_NOTE,)


def averaged_sd(movement: Movement, sd: NDArray, frames: NDArray) -> float:
    """Return the random standard uncertainty of a mean over frames whose noise is correlated."""
    known = np.isfinite(sd)
    if not known.any():
        return NAN
    sd, frames = sd[known], frames[known]
    apart = np.abs(frames[:, None] - frames[None, :])
    rho = np.asarray(movement.correlation)
    between = np.where(apart < len(rho), rho[np.minimum(apart, len(rho) - 1)], 0.0)
    return float(np.sqrt(max(sd @ between @ sd, 0.0)) / len(sd))


def angle_change(movement: Movement, name: str, from_frames: NDArray, to_frames: NDArray) -> Value:
    """Return the change of an angle from some frames to others, deg, with what does not cancel of its uncertainty."""
    if name not in movement.angles.names or movement.why_not(name):
        return withheld(f"withheld: {movement.why_not(name)}")
    change = change_between(movement.angles, name, from_frames, to_frames, movement.correlation)
    if not np.isfinite(change.value_rad):
        return withheld(f"withheld: {name} is missing or doubted at one of the two ends")
    made = Value(float(np.rad2deg(change.value_rad)), float(np.rad2deg(change.uncertainty_rad)), "",
                 change.n_from + change.n_to)  # fmt: skip
    if np.isfinite(change.random_rad):
        return made
    noise = noise_deg(movement, name)
    return made.less_sure(*(averaged_sd(movement, noise[frames], frames) for frames in (from_frames, to_frames)))


def both_sides(right: Value, left: Value) -> Value:
    """Return the mean of both sides; of one where the other is not known, and then says so."""
    if right.known and left.known:
        sd = 0.5 * float(np.hypot(right.sd, left.sd))
        return Value((right.value + left.value) / 2, sd, right.reason or left.reason, right.n + left.n)
    for one, word in ((right, "right"), (left, "left")):
        if one.known:
            return Value(one.value, one.sd, f"{word} side only", one.n)
    return right


def smoothed(movement: Movement, series: NDArray, cutoff_hz: float) -> NDArray:
    """Return a series, shape (time,), low-passed, so that an extreme of it is one of the movement and not of noise."""
    return lowpass(series[:, None], movement.rate_hz, min(cutoff_hz, 0.4 * movement.rate_hz))[0][:, 0]


def scatter_sd(movement: Movement, series: NDArray) -> float:
    """Return the noise of single samples of a series that moves smoothly, from its second differences.

    Their variance is 6 - 8 r1 + 2 r2 times that of the noise, r its autocorrelation; the median absolute value stands
    for it, so that jumps do not. The placement of landmarks is not in it. NaN of fewer than 5 samples in a row.
    """
    second = np.diff(series, 2)
    second = second[np.isfinite(second)]
    if len(second) < 5:
        return NAN
    rho = np.zeros(3)
    told = np.asarray(movement.correlation)[:3]
    rho[: len(told)] = told
    gain = 6.0 - 8.0 * rho[1] + 2.0 * rho[2]
    return float(_MAD_TO_SD * np.median(np.abs(second)) / np.sqrt(max(gain, 0.05)))


def mean_over(movement: Movement, series: NDArray, frames: NDArray, noise: float, why: str) -> Value:
    """Return the mean of a series over frames; `noise` is the standard uncertainty of a single sample."""
    values = series[frames]
    shown = np.isfinite(values)
    if not shown.any():
        return withheld(f"withheld: {why}")
    sd = averaged_sd(movement, np.full(int(shown.sum()), noise), frames[shown])
    return Value(float(values[shown].mean()), sd, "", int(shown.sum()))


def measure_series(movement: Movement, name: str) -> tuple[NDArray, NDArray, str]:
    """Return values and random standard uncertainties, shape (time,) or (time, 3), of a measure, and why there is none.

    Frames with a flag to doubt them are NaN.
    """
    measure = movement.measures.get(name)
    if measure is None:
        unknown = np.full(movement.n_frames, np.nan)
        return unknown, unknown, f"there is no measure {name}"
    doubt = measure.doubted if measure.values.ndim == 1 else measure.doubted[:, None]
    values = np.where(doubt, np.nan, measure.values)
    return values, np.asarray(measure.sd), "" if np.isfinite(values).any() else (measure.reason or "not observable")


def measure_over(movement: Movement, name: str, frames: NDArray) -> Value:
    """Return the mean of a measure of one column over frames, in its unit."""
    values, sd, why = measure_series(movement, name)
    inside = values[frames] if values.ndim == 1 else np.full(len(frames), np.nan)
    shown = np.isfinite(inside)
    if not shown.any():
        return withheld(f"withheld: {why or f'{name} is missing or doubted in these frames'}")
    noise = sd if np.isfinite(sd).any() else np.full(movement.n_frames, scatter_sd(movement, values))
    random = averaged_sd(movement, noise[frames][shown], frames[shown])
    return Value(float(inside[shown].mean()), random, movement.measures[name].reason, int(shown.sum()))


def extreme(movement: Movement, name: str, frames: NDArray, sign: float, cutoff_hz: float, half_s: float) -> Value:
    """Return the largest (`sign` 1) or smallest (-1) value of an angle in some frames, deg.

    It is sought in the low-passed curve, and is the mean of the angle about that frame, `half_s` to either side: the
    largest of many noisy values alone is too large.
    """
    index = extreme_frame(movement, movement.angle_deg(name), frames, sign, cutoff_hz)
    if index < 0:
        return angle_over(movement, name, frames)
    return angle_over(movement, name, about(movement, index, half_s, frames))


_REACH_PERIODS = 6.0


def extreme_frame(movement: Movement, series: NDArray, frames: NDArray, sign: float, cutoff_hz: float) -> int:
    """Return the frame of the largest or smallest value of the low-passed series among some; -1 where it is unknown."""
    if not len(frames):
        return -1
    # What lies farther off than the filter reaches changes nothing.
    reach = int(np.ceil(_REACH_PERIODS * movement.rate_hz / cutoff_hz))
    first = max(int(frames.min()) - reach, 0)
    near = series[first : int(frames.max()) + reach + 1]
    smooth = sign * smoothed(movement, near, cutoff_hz)[frames - first]
    return int(frames[int(np.nanargmax(smooth))]) if np.isfinite(smooth).any() else -1


def about(movement: Movement, frame: int, half_s: float, frames: NDArray) -> NDArray:
    """Return the frames from `half_s` before one to as long after it, as far as they are among some."""
    half = round(half_s * movement.rate_hz)
    return frames[(frames >= frame - half) & (frames <= frame + half)]
