"""What one lunge towards a wall shows: distance of the toes, inclination of the shank, dorsiflexion, heel, contact."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mocap.assessment.knee_to_wall.lunges import Lunge
from mocap.assessment.knee_to_wall.settings import KneeToWallSettings
from mocap.assessment.knee_to_wall.wall import Wall
from mocap.assessment.movement import Movement
from mocap.assessment.values import (
    Value,
    about,
    angle_over,
    extreme_frame,
    mean_over,
    measure_series,
    scatter_sd,
    smoothed,
    withheld,
)

_MM, _CM = 1000.0, 100.0
_KNEE_FRONTS = ("PAT", "PATELLA", "TTB")


@dataclass(frozen=True)
class Measured:
    """One lunge.

    Attributes
    ----------
    distance : Value
        From the tip of the hallux to the wall, cm.
    shank, ankle : Value
        Largest inclination with the heel down, and dorsiflexion there, deg.
    heel : Value
        Highest rise of the heel, mm.
    gap : Value
        Smallest distance of the front of the knee from the wall, mm.
    contact, set_up : str
        Words.
    """

    distance: Value
    shank: Value
    ankle: Value
    heel: Value
    gap: Value
    contact: str
    set_up: str


def measured(movement: Movement, lunge: Lunge, wall: Wall, settings: KneeToWallSettings) -> Measured:
    """Return what a lunge shows."""
    rise, why = heel_rise_mm(movement, lunge, settings)
    frames = lunge.part.whole
    with np.errstate(invalid="ignore"):
        down = frames[rise[frames] < settings.heel_down_mm]
    heel = Value(float(np.nanmax(rise[frames]))) if np.isfinite(rise[frames]).any() else withheld(f"withheld: {why}")
    shank, ankle = _angles(movement, lunge, down, why, settings)
    gap, series = _gap(movement, lunge, wall, settings)
    contact = "not known" if not gap.known else "yes" if gap.value <= settings.contact_mm else "no"
    distance = _distance(movement, lunge, wall, settings, (series, down, gap))
    return Measured(distance, shank, ankle, heel, gap, contact, set_up(distance, shank, settings))


def heel_rise_mm(movement: Movement, lunge: Lunge, settings: KneeToWallSettings) -> tuple[NDArray, str]:
    """Return the low-passed rise of the front heel, shape (time,) in mm, and why it is not known.

    Above its height in the static trial, else above that just before the lunge.
    """
    values, _, why = measure_series(movement, f"heel_rise_{lunge.side.lower()}")
    if why:
        height = movement.place(f"{lunge.side}HEEL")[:, 2]
        standing = height[lunge.part.standing]
        if not np.isfinite(standing).any():
            return np.full(movement.n_frames, np.nan), "the heel is not known"
        values = height - np.nanmean(standing)
    return _MM * smoothed(movement, values, settings.filter_hz), ""


def set_up(distance: Value, shank: Value, settings: KneeToWallSettings) -> str:
    """Return whether distance and inclination agree by the known slope, in words."""
    if not (distance.known and shank.known):
        return "not known"
    expected = settings.deg_per_cm * distance.value
    if abs(shank.value - expected) <= settings.cross_check_deg:
        return "consistent"
    told = f"{distance.value:.1f} cm let expect {expected:.0f} deg"
    return f"look at it: {told}, and the shank is at {shank.value:.0f} deg"


def _angles(
    movement: Movement, lunge: Lunge, down: NDArray, why: str, settings: KneeToWallSettings
) -> tuple[Value, Value]:
    side = lunge.side.lower()
    if not len(down):
        words = withheld(f"withheld: {why or f'the heel is never less than {settings.heel_down_mm:g} mm up'}")
        return words, words
    name = f"shank_inclination_{side}"
    frame = extreme_frame(movement, movement.angle_deg(name), down, 1.0, settings.filter_hz)
    near = down if frame < 0 else about(movement, frame, settings.extreme_seconds, down)
    return angle_over(movement, name, near), angle_over(movement, f"ankle_dorsiflexion_{side}", near)


def _gap(movement: Movement, lunge: Lunge, wall: Wall, settings: KneeToWallSettings) -> tuple[Value, NDArray]:
    """Return the smallest distance of the knee's front from the wall, mm, and its course, shape (time,)."""
    unknown = np.full(movement.n_frames, np.nan)
    if not wall.known:
        return withheld(f"not assessable: {wall.method}"), unknown
    landmark = next((lunge.side + one for one in _KNEE_FRONTS if lunge.side + one in movement.places), "")
    knee = movement.place(landmark or f"{lunge.side}KJC")
    series = _MM * wall.before(knee, _person(movement, lunge)) - (0.0 if landmark else settings.patella_offset_mm)
    smooth = smoothed(movement, series, settings.filter_hz)
    if not np.isfinite(smooth[lunge.part.whole]).any():
        return withheld("withheld: the knee is missing throughout"), unknown
    noise = scatter_sd(movement, series[lunge.part.whole])
    return Value(float(np.nanmin(smooth[lunge.part.whole])), noise), smooth


def _person(movement: Movement, lunge: Lunge) -> NDArray:
    """Return where the person is when the lunge starts: this side of the wall."""
    return np.asarray(np.nanmean(movement.place(f"{lunge.side}HEEL")[lunge.part.standing], axis=0))


def _distance(
    movement: Movement, lunge: Lunge, wall: Wall, settings: KneeToWallSettings, seen: tuple[NDArray, NDArray, Value]
) -> Value:
    gaps, down, gap = seen
    if not wall.known:
        return withheld(f"not assessable: {wall.method}")
    if f"{lunge.side}HALLUX" not in movement.places:
        return withheld(f"not assessable: the tip of the toes ({lunge.side}HALLUX) is not marked")
    if not gap.known:
        return gap
    if gap.value > settings.contact_mm:
        limit = f"{settings.contact_mm:g} mm is contact"
        return withheld(f"withheld: the knee stays {gap.value:.0f} mm from the wall; {limit}")
    with np.errstate(invalid="ignore"):
        touching = lunge.part.whole[gaps[lunge.part.whole] <= settings.contact_mm]
    if not np.isin(touching, down).all():
        return withheld(f"withheld: the heel rises {settings.heel_down_mm:g} mm or more while the knee is at the wall")
    series = _CM * wall.before(movement.place(f"{lunge.side}HALLUX"), _person(movement, lunge))
    noise = scatter_sd(movement, series[lunge.part.whole])
    found = mean_over(movement, series, touching, noise, "the tip of the toes is missing at the wall")
    return found.less_sure(settings.landmark_sd_mm / 10.0)
