"""Pelvic tilt and height of the hips over squats with a known tuck, as curves alone: quick to draw by the thousand."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from mocap.errors import ShapeError
from mocap.synthetic.planted import Tempo
from mocap.synthetic.squats import tuck_curve

_STANDING_TILT = 12.0  # deg
_RISE = 31.0  # deg, from standing to the onset
_STANDING_M = 0.92
_SWAY_HZ = (0.25, 0.35, 0.5)
_SWAY_TILT = 100.0  # deg per m: 0.1 deg per mm
_SETTLED = 1e-4  # of the correlation of the noise, below which it is 0


@dataclass(frozen=True)
class WinkCase:
    """One squat.

    Attributes
    ----------
    magnitude_deg, onset : float
        Asked for at a sharp corner; rounding it makes the tuck a little smaller.
    smoothing : float
        Half width of the rounding, in depth.
    tempo : Tempo
    depth_m : float
    shape : function, optional
        Tilt in deg above standing by depth, in place of a tuck: of a squat without one.
    """

    magnitude_deg: float = 12.0
    onset: float = 0.8
    smoothing: float = 0.0
    tempo: Tempo = field(default_factory=Tempo)
    depth_m: float = 0.42
    shape: Callable[[NDArray], NDArray] | None = None


@dataclass(frozen=True, eq=False)
class WinkCurves:
    """Squats without noise, and the truth.

    Attributes
    ----------
    tilt_deg, height_m : ndarray, shape (time,)
    start, bottom, rise, end : ndarray of int, shape (repetition,)
        Frames where the descent begins, where it ends, where the ascent begins and ends.
    magnitude_deg, onset : ndarray, shape (repetition,)
        Largest tilt of the descent less that at the bottom, and the middle of the corner; NaN onset without a tuck.
    standing_m : float
    rate_hz : float
    """

    tilt_deg: NDArray
    height_m: NDArray
    start: NDArray
    bottom: NDArray
    rise: NDArray
    end: NDArray
    magnitude_deg: NDArray
    onset: NDArray
    standing_m: float
    rate_hz: float


def wink_curves(cases: Sequence[WinkCase], rate_hz: float = 100.0, sway_m: float = 0.0, seed: int = 0) -> WinkCurves:
    """Return squats one after the other.

    Parameters
    ----------
    cases : sequence of WinkCase
    rate_hz : float
    sway_m : float
        Amplitude of a slow sway that tilts the pelvis by 0.1 deg per mm; part of the truth.
    seed : int
        Phases of the sway.

    Raises
    ------
    ShapeError
        Without a case.
    """
    if not cases:
        raise ShapeError("No squat is asked for.", "Give one case or more.")
    parts, marks, begin = [], [], 0.0
    for case in cases:
        tempo = case.tempo
        marks.append(begin + np.cumsum([tempo.rest_s, tempo.descent_s, tempo.pause_s, tempo.ascent_s]))
        begin = float(marks[-1][-1])
    time_s = np.arange(round((begin + cases[-1].tempo.rest_s) * rate_hz) + 1) / rate_hz
    phases = np.random.default_rng(seed).uniform(0, 2 * np.pi, len(_SWAY_HZ))
    sway = sway_m * np.sin(2 * np.pi * np.outer(time_s, _SWAY_HZ) + phases).mean(axis=1)
    tilt, height = _STANDING_TILT + _SWAY_TILT * sway, np.full(len(time_s), _STANDING_M)
    truth = []
    for case, (begins, low, rises, ends) in zip(cases, marks, strict=True):
        depth = _eased((time_s - begins) / (low - begins)) - _eased((time_s - rises) / (ends - rises))
        tilt = tilt + _tilt(case, depth)
        height = height - case.depth_m * depth
        fine = np.linspace(begins, low, 4001)
        own = _tilt(case, _eased((fine - begins) / (low - begins)))
        own = own + _SWAY_TILT * np.interp(fine, time_s, sway)
        truth.append(float(own.max() - own[-1]))
        parts.append(np.round(np.array([begins, low, rises, ends]) * rate_hz).astype(int))
    start, bottom, rise, end = np.array(parts).T
    onset = np.array([np.nan if case.shape is not None or case.magnitude_deg <= 0 else case.onset for case in cases])
    return WinkCurves(tilt, height, start, bottom, rise, end, np.array(truth), onset, _STANDING_M, rate_hz)


def coloured_noise(n_samples: int, sd: float, memory_s: float, rate_hz: float, seed: int) -> tuple[NDArray, NDArray]:
    """Return noise, shape (n_samples,), and its correlation by distance, shape (lag,), 1 first.

    Parameters
    ----------
    n_samples : int
    sd : float
    memory_s : float
        Time in which the correlation falls to 1/e; 0 is white.
    rate_hz : float
    seed : int
    """
    rng = np.random.default_rng(seed)
    if memory_s <= 0:
        return sd * rng.standard_normal(n_samples), np.ones(1)
    kept = float(np.exp(-1.0 / (memory_s * rate_hz)))
    burn_in = int(10 * memory_s * rate_hz) + 1
    steps = rng.standard_normal(n_samples + burn_in) * np.sqrt(1 - kept**2)
    lags = int(np.ceil(np.log(_SETTLED) / np.log(kept))) + 1
    return sd * lfilter([1.0], [1.0, -kept], steps)[burn_in:], kept ** np.arange(lags)


def _tilt(case: WinkCase, depth: NDArray) -> NDArray:
    if case.shape is not None:
        return np.asarray(case.shape(depth))
    return np.asarray(tuck_curve(depth, _RISE, case.magnitude_deg, case.onset, case.smoothing))


def _eased(share: NDArray) -> NDArray:
    share = np.clip(share, 0.0, 1.0)
    return share**3 * (10.0 - 15.0 * share + 6.0 * share**2)
