"""The points of a person that gait events are found in: pelvis, heels and forefeet, low-passed."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mocap.assessment.movement import Movement
from mocap.schema import Status
from mocap.signal.filters import lowpass
from mocap.signal.gaps import fill_gaps

SIDES = ("right", "left")
UP = np.array([0.0, 0.0, 1.0])
_FOREFOOT = (("MT2",), ("MT1", "MT5"), ("TOE",), ("HALLUX",), ("BTOE", "STOE"), ("BTOE",))
_PELVIS = (("RPSIS", "LPSIS"), ("SACR",), ("RASIS", "LASIS"), ("RHJC", "LHJC"))
_NYQUIST_SHARE = 0.4
_MAD_TO_SD = 1.4826


@dataclass(frozen=True, eq=False)
class Foot:
    """One foot.

    Attributes
    ----------
    heel, forefoot : ndarray, shape (time, 3)
        m, world Z up; NaN is missing.
    source : str
        Which points these are.
    noise_m : float
        Noise of single samples of the points before they were low-passed.
    """

    heel: NDArray
    forefoot: NDArray
    source: str = ""
    noise_m: float = 0.0


@dataclass(frozen=True, eq=False)
class Walker:
    """What gait events are found in.

    Attributes
    ----------
    pelvis : ndarray, shape (time, 3)
        Middle of the PSIS, the sacrum marker, middle of the ASIS or of the hip centres, the first that there is.
    ahead : ndarray, shape (time, 3)
        Level, from the back of the pelvis to its front; NaN where nothing tells it.
    feet : mapping of str to Foot
        `right` and `left`.
    leg_m : float
    rate_hz, cutoff_hz : float
        Of the frames, and of the low-pass.
    start_s : float
        Time of the first frame.
    sources : str
        Which points these are.
    """

    pelvis: NDArray
    ahead: NDArray
    feet: Mapping[str, Foot]
    leg_m: float
    rate_hz: float
    cutoff_hz: float
    start_s: float
    sources: str

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return len(self.pelvis)

    def time_s(self, frame: float) -> float:
        """Return the time of a frame, which may have a fraction."""
        return self.start_s + frame / self.rate_hz

    def frame(self, time_s: float) -> float:
        """Return the frame of a time, with its fraction."""
        return (time_s - self.start_s) * self.rate_hz


def walker_of(movement: Movement, cutoff_hz: float, bridge_s: float) -> tuple[Walker | None, str]:
    """Return the points, low-passed (Butterworth, zero lag), or None and what is lacking.

    Parameters
    ----------
    movement : Movement
    cutoff_hz : float
        At rates too low for it, 0.4 of the rate.
    bridge_s : float
        Gaps up to this are bridged by cubic splines before.
    """
    pelvis, pelvis_name = _first(movement.places, _PELVIS, "", movement.n_frames)
    raw, lacking = feet_of(movement.places, movement.n_frames)
    if not pelvis_name:
        lacking = ("pelvis (PSIS, SACR, ASIS or hip centres)", *lacking)
    leg = leg_length(movement)
    if not np.isfinite(leg):
        lacking = (*lacking, "leg length (given, or by hip, knee and ankle centres)")
    if lacking:
        return None, f"there is no {'; no '.join(lacking)}"

    cutoff = min(cutoff_hz, _NYQUIST_SHARE * movement.rate_hz)

    def smooth(points: NDArray) -> NDArray:
        status = np.where(np.isfinite(points).all(axis=1), np.uint8(Status.MEASURED), np.uint8(0))[:, None]
        whole, _ = fill_gaps(points[:, None], status, movement.rate_hz, bridge_s)
        return lowpass(whole[:, 0], movement.rate_hz, cutoff)[0]

    feet = {side: Foot(smooth(foot.heel), smooth(foot.forefoot), foot.source,
                       max(_scatter(foot.heel), _scatter(foot.forefoot))) for side, foot in raw.items()}  # fmt: skip
    sources = "; ".join([pelvis_name, *(foot.source for foot in feet.values())])
    return Walker(
        smooth(pelvis), _ahead(movement), feet, leg, movement.rate_hz, cutoff, movement.angles.start_s, sources
    ), ""


def _scatter(points: NDArray) -> float:
    """Return the noise of single samples, independent from frame to frame, from their third differences."""
    third = np.diff(points, 3, axis=0)
    shown = np.abs(third[np.isfinite(third)])
    return float(_MAD_TO_SD * np.median(shown) / np.sqrt(20.0)) if len(shown) else 0.0


def feet_of(places: Mapping[str, NDArray], n_frames: int) -> tuple[dict[str, Foot], tuple[str, ...]]:
    """Return the feet by side, and what is lacking of them.

    Parameters
    ----------
    places : mapping of str to ndarray, shape (time, 3)
        By canonical names. The forefoot is MT2, the middle of MT1 and MT5, or a toe, the first that there is.
    n_frames : int
    """
    feet, lacking = {}, []
    for side in SIDES:
        letter = side[0].upper()
        heel, heel_name = _first(places, (("HEEL",),), letter, n_frames)
        forefoot, name = _first(places, _FOREFOOT, letter, n_frames)
        if not heel_name:
            lacking.append(f"{side} heel")
        if not name:
            lacking.append(f"{side} forefoot (MT2, MT1 and MT5, toe)")
        feet[side] = Foot(heel, forefoot, f"{heel_name}, {name}")
    return feet, tuple(lacking)


def leg_length(movement: Movement) -> float:
    """Return the length of the legs, m: as given, else thigh and shank between joint centres and the ankle's height.

    The mean of both sides. Without knee or ankle centres, the usual height of the hip centres or the pelvis.
    """
    given = [movement.number(name) for name in ("leg_length_r_m", "leg_length_l_m")]
    if not np.isfinite(given).any():
        given = [movement.number("leg_length_m")]
    if np.isfinite(given).any():
        return float(np.nanmean(given))
    lengths = []
    for letter in "RL":
        hip, knee, ankle = (movement.place(f"{letter}{name}") for name in ("HJC", "KJC", "AJC"))
        heel = movement.place(f"{letter}HEEL")[:, 2]
        bones = np.linalg.norm(hip - knee, axis=1) + np.linalg.norm(knee - ankle, axis=1)
        if np.isfinite(bones).any() and np.isfinite(heel).any():
            lengths.append(float(np.nanmedian(bones) + np.nanpercentile(ankle[:, 2], 10) - np.nanpercentile(heel, 5)))
    if lengths:
        return float(np.mean(lengths))
    pelvis, name = _first(movement.places, _PELVIS, "", movement.n_frames)
    heels = [movement.place(f"{letter}HEEL")[:, 2] for letter in "RL"]
    if not name or not all(np.isfinite(heel).any() for heel in heels):
        return float("nan")
    return float(np.nanmedian(pelvis[:, 2]) - min(np.nanpercentile(heel, 5) for heel in heels))


def _first(
    places: Mapping[str, NDArray], choices: tuple[tuple[str, ...], ...], letter: str, n_frames: int
) -> tuple[NDArray, str]:
    """Return the middle of the first points that are all there, and their names."""
    for names in choices:
        whole = [letter + name for name in names]
        if all(name in places and np.isfinite(places[name]).any() for name in whole):
            return np.asarray(np.mean([places[name] for name in whole], axis=0)), "-".join(whole)
    return np.full((n_frames, 3), np.nan), ""


def _ahead(movement: Movement) -> NDArray:
    """Return the level direction of the pelvis: from PSIS to ASIS, else across the hip centres, else the feet."""
    right, left = movement.place("RASIS"), movement.place("LASIS")
    back, name = _first(movement.places, _PELVIS[:2], "", movement.n_frames)
    vector = (right + left) / 2 - back
    if not name or not np.isfinite(vector).any():
        across = movement.place("RHJC") - movement.place("LHJC")
        vector = np.cross(UP, across)
    level = vector * [1.0, 1.0, 0.0]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(level / np.linalg.norm(level, axis=1, keepdims=True))
