"""The height that repetitions are found in: filtered, with its speed, its noise and the height of standing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mocap.assessment.movement import Movement
from mocap.assessment.repetition_settings import RepetitionSettings
from mocap.signal.filters import lowpass
from mocap.signal.runs import runs

_BRIDGED_S = 0.25  # gaps up to this are bridged to find repetitions in; no value is taken from them
_FEET = ("HALLUX", "TOE", "BTOE", "MT2", "MT1", "MT5", "STOE", "HEEL", "AJC")
_NAMES = {"R": "right", "L": "left"}


@dataclass(frozen=True, eq=False)
class Height:
    """A height over time and what is needed beside it.

    Attributes
    ----------
    name : str
        Of what: 'the middle of the hip centres', ...
    values_m : ndarray, shape (time,)
        NaN is missing.
    leg_length_m : float
        From the height of standing to the floor.
    feet : mapping of str to sequence of ndarray, shape (time, 3)
        Points of each foot that is known, world, m.
    soles : tuple of ndarray, shape (time, 3)
        Heel and toe of the right and of the left foot, where all four are known; else empty.
    """

    name: str
    values_m: NDArray
    leg_length_m: float
    feet: Mapping[str, tuple[NDArray, ...]] = field(default_factory=dict)
    soles: tuple[NDArray, ...] = ()

    def stagger_m(self, inside: slice) -> float:
        """Return how far one foot stands in front of the other along both, m; NaN where the feet are not known."""
        if len(self.soles) != 4:
            return float("nan")
        known = [part[inside, :2][np.isfinite(part[inside]).all(axis=1)] for part in self.soles]
        if not all(len(one) for one in known):
            return float("nan")
        heel_r, toe_r, heel_l, toe_l = (np.median(one, axis=0) for one in known)
        ahead = (toe_r - heel_r) / np.linalg.norm(toe_r - heel_r) + (toe_l - heel_l) / np.linalg.norm(toe_l - heel_l)
        length = float(np.linalg.norm(ahead))
        return abs(float((heel_r - heel_l) @ ahead)) / length if length > 0 else float("nan")

    def lifts(self, inside: slice) -> Iterator[tuple[str, float]]:
        """Yield each foot with how far it leaves the floor in a part of the trial, m, by its point that rises least."""
        for side, points in self.feet.items():
            rises = [float(np.nanmax(one[inside, 2]) - np.nanpercentile(one[:, 2], 5)) for one in points
                     if np.isfinite(one[inside, 2]).any()]  # fmt: skip
            if rises:
                yield _NAMES[side], min(rises)

    def foot_shifts(self, inside: slice, rate_hz: float, filter_hz: float) -> Iterator[tuple[str, float]]:
        """Yield each foot with how far over the floor it moved in a part of the trial, m.

        The point of the foot that moved least tells: a heel that lifts does not move the foot.
        """
        for side, points in self.feet.items():
            shifts = [_shift(point[inside, :2], rate_hz, filter_hz) for point in points]
            known = [shift for shift in shifts if np.isfinite(shift)]
            if known:
                yield _NAMES[side], min(known)


def _shift(track: NDArray, rate_hz: float, filter_hz: float) -> float:
    """Return the farthest that a track over the floor gets from where it begins, m."""
    if not np.isfinite(track).all(axis=1).any():
        return float("nan")
    smooth, _ = lowpass(track, rate_hz, min(filter_hz, 0.4 * rate_hz))
    there = smooth[np.isfinite(smooth).all(axis=1)]
    first = there[: max(int(0.1 * rate_hz), 1)].mean(axis=0)
    return float(np.linalg.norm(there - first, axis=1).max())


def hip_height(movement: Movement) -> Height | None:
    """Return the height of the middle of the hip centres; of the pelvis or the bar where these are not known.

    Returns
    -------
    Height or None
        None where none of them is known.
    """
    choices = (
        ("the middle of the hip centres", ("RHJC", "LHJC")),
        ("the pelvis", ("RASIS", "LASIS", "RPSIS", "LPSIS")),
        ("the sacral plate", ("SAC1", "SAC2", "SAC3", "SAC4")),
        ("the bar", ("BAR_R", "BAR_L")),
    )
    feet = {
        side: tuple(movement.places[side + name] for name in _FEET if side + name in movement.places) for side in "RL"
    }
    lowest = [point[:, 2] for points in feet.values() for point in points]
    for name, points in choices:
        heights = [movement.places[point][:, 2] for point in points if point in movement.places]
        if len(heights) != len(points) or not np.isfinite(np.mean(heights, axis=0)).any():
            continue
        values = np.mean(heights, axis=0)
        floor = min((float(np.nanmin(one)) for one in lowest if np.isfinite(one).any()), default=float("nan"))
        length = float(np.nanpercentile(values, 95)) - floor
        return Height(name, values, length if np.isfinite(length) else 0.0, feet, _soles(movement))
    return None


def _soles(movement: Movement) -> tuple[NDArray, ...]:
    toes = [next((movement.places[side + name] for name in _FEET[:4] if side + name in movement.places), None)
            for side in "RL"]  # fmt: skip
    heels = [movement.places.get(f"{side}HEEL") for side in "RL"]
    found = (heels[0], toes[0], heels[1], toes[1])
    return tuple(one for one in found if one is not None) if all(one is not None for one in found) else ()


@dataclass(frozen=True, eq=False)
class Settled:
    """A height without gaps, filtered, with its speed and the height of standing.

    Attributes
    ----------
    height_m, speed_m_s : ndarray, shape (time,)
        Beyond the first and last known frame the height stays what it is there.
    standing_m : float
    height_sd_m, speed_sd_m_s : float
        Noise of the filtered height and of its speed.
    notes : tuple of str
    """

    height_m: NDArray
    speed_m_s: NDArray
    standing_m: float
    height_sd_m: float
    speed_sd_m_s: float
    notes: tuple[str, ...]

    def instant_sd(self, frame: int, rate_hz: float) -> float:
        """Return the standard uncertainty, s, of the instant at which the speed passes its value in a frame."""
        rise = float(np.abs(np.gradient(self.speed_m_s[max(frame - 2, 0) : frame + 3])).max()) * rate_hz
        frame_sd = 1.0 / (rate_hz * np.sqrt(12.0))
        return float(np.hypot(frame_sd, self.speed_sd_m_s / rise)) if rise > 0 else float("nan")


def settled(height: Height, rate_hz: float, settings: RepetitionSettings) -> Settled | None:
    """Return a height made ready to find repetitions in; None where it is hardly ever known."""
    known = np.isfinite(height.values_m)
    if known.sum() < max(settings.still_seconds * rate_hz, 3):
        return None
    frames = np.arange(len(known))
    bridged = np.interp(frames, frames[known], height.values_m[known])
    cutoff = min(settings.filter_hz, 0.4 * rate_hz)
    smooth = lowpass(bridged[:, None], rate_hz, cutoff)[0][:, 0]
    speed = np.gradient(smooth) * rate_hz
    notes = []
    wide = [(stop - start) / rate_hz for start, stop in runs(~known) if start > 0 and stop < len(known)]
    wide = [gap for gap in wide if gap > _BRIDGED_S]
    if wide:
        notes.append(f"{height.name} is missing in {len(wide)} stretches of up to {max(wide):.1f} s")
    standing = _standing(smooth, speed, known, height, rate_hz, settings)
    if standing is None:
        standing = float(np.percentile(smooth[known], 95))
        notes.append(
            f"no quiet standing of {settings.still_seconds:g} s: the height of standing is the highest 5 % of the trial"
        )
    return Settled(smooth, speed, standing, *_noise(bridged - smooth, known, rate_hz, cutoff), tuple(notes))


def _standing(
    smooth: NDArray, speed: NDArray, known: NDArray, height: Height, rate_hz: float, settings: RepetitionSettings
) -> float | None:
    """Return the height in the longest quiet stand near the top of the trial."""
    low, high = np.percentile(smooth[known], [5, 95])
    quiet = runs(known & (np.abs(speed) < settings.still_speed))
    # What is held at the bottom is no standing; who jumps is higher than that, but not at rest.
    stands = [(stop - start, float(np.median(smooth[start:stop]))) for start, stop in quiet
              if stop - start >= settings.still_seconds * rate_hz]  # fmt: skip
    stands = [one for one in stands if one[1] >= (low + high) / 2]
    if not stands:
        return None
    top = max(height_m for _, height_m in stands) - settings.standing_share * height.leg_length_m
    return max(one for one in stands if one[1] >= top)[1]


def _noise(rest: NDArray, known: NDArray, rate_hz: float, cutoff: float) -> tuple[float, float]:
    """Return the SD that the noise of a height leaves in the filtered one, and in its speed."""
    steps = np.diff(rest[known])
    sd = float(1.4826 * np.median(np.abs(steps - np.median(steps))) / np.sqrt(2.0)) if len(steps) else float("nan")
    impulse = np.zeros((max(int(4 * rate_hz / cutoff), 9), 1))
    impulse[len(impulse) // 2] = 1.0
    response = lowpass(impulse, rate_hz, cutoff)[0][:, 0]
    turned = np.gradient(response) * rate_hz
    return sd * float(np.sqrt((response**2).sum())), sd * float(np.sqrt((turned**2).sum()))
