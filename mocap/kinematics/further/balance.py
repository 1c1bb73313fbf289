"""Balance: how the centre of mass stands over the feet, at rest and in movement."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.body import SIDES, Body
from mocap.kinematics.further.base_of_support import CONTACT_M, distance_inside
from mocap.kinematics.further.centre_of_mass import MassCentre
from mocap.kinematics.further.coordinates import UPRIGHT, along, ratio, sd_of, weighted
from mocap.kinematics.further.rates import central_difference, central_difference_sd
from mocap.kinematics.observability import NO_STATIC, NotObservable
from mocap.kinematics.traced import Vec, difference, mean
from mocap.trial import Measure

GRAVITY_M_S2 = 9.81
_CORNERS = ("HEEL", "MT1", "MT2", "MT5", "HALLUX", "TOE", "BTOE", "STOE")
_FLOOR = [0, 2]
_INSIDE = "inside the base of support"
_HULL = "convex hull, in the floor plane, of the foot points that touch the floor"

_MARGIN = ("base_of_support_margin", "m", f"Distance of the centre of mass from the border of the {_HULL}.", _INSIDE)
_STABILITY = (
    "margin_of_stability", "m",
    f"Distance of the extrapolated centre of mass (Hof 2005: position + velocity / sqrt(g/l)) from the border of the "
    f"{_HULL}; l = leg length.", _INSIDE,
)  # fmt: skip
_VARIABLE = (
    "margin_of_stability_variable_length", "m",
    f"Distance of the extrapolated centre of mass (Hof 2005: position + velocity / sqrt(g/l)) from the border of the "
    f"{_HULL}; l = height of the centre of mass above the ankles.", _INSIDE,
)  # fmt: skip
_RATIO = (
    "com_ap_ratio", "1", "Place of the centre of mass between heels (0) and toes (1), means of both feet, along the "
    "heading.", "towards the toes",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Feet:
    names: tuple[str, ...]
    corners: tuple[Vec, ...]
    touching: NDArray

    def places(self) -> NDArray:
        """Return the corners that count, shape (time, corner, 2) in the floor plane; NaN for the others."""
        flat = np.stack([corner.value[:, _FLOOR] for corner in self.corners], axis=1)
        return np.where(self.touching[..., None], flat, np.nan)


def balance_measures(
    body: Body, mass: MassCentre | None, covariances: Mapping[str, NDArray], rate_hz: float, reason: str = ""
) -> tuple[Measure, ...]:
    """Return margin in the base of support, place between heels and toes, and margins of stability.

    Parameters
    ----------
    body : Body
    mass : MassCentre or None
        None, with the reason, where it is not observable.
    covariances : mapping of str to ndarray, shape (time, 3, 3)
    rate_hz : float
    reason : str
    """
    if mass is None:
        return tuple(_lost(words, reason, body.n_frames) for words in (_MARGIN, _RATIO, _STABILITY, _VARIABLE))
    about = f"{100 * mass.seen_mass:.1f} % of the body's mass seen" if mass.left_out else ""
    place = _place_between(body, mass, covariances, about)
    try:
        feet = _feet(body)
    except NotObservable as missing:
        first, *others = (_lost(words, missing.reason, body.n_frames) for words in (_MARGIN, _STABILITY, _VARIABLE))
        return (first, place, *others)
    values, sd, _ = _margin(mass.point, mass.point.value, feet, covariances)
    method = f"corners {', '.join(feet.names)}, each below {1000 * CONTACT_M:.0f} mm over its height in the static"
    still = _made(_MARGIN, values, sd, method, about)
    return (still, place, *_stability(body, mass, feet, covariances, rate_hz, method, about))


def _lost(words: tuple[str, str, str, str], reason: str, n_frames: int) -> Measure:
    name, unit, definition, positive = words
    return Measure(name, np.full(n_frames, np.nan), unit, definition, positive, "", reason=reason)


def _made(words: tuple[str, str, str, str], values: NDArray, sd: NDArray, method: str, reason: str) -> Measure:
    name, unit, definition, positive = words
    if not np.isfinite(values).any():
        reason = "no frame shows three foot points on the floor together with the centre of mass"
    return Measure(name, values, unit, definition, positive, method, sd, reason)


def _feet(body: Body) -> _Feet:
    body.up()
    standing = body.zeros.standing_height
    seen = [side + corner for side in SIDES for corner in _CORNERS if side + corner in body.points]
    names = tuple(name for name in seen if name in standing)
    if len(seen) >= 3 and not names:
        raise NotObservable(f"{NO_STATIC}: it tells how high the foot points are when they touch the floor")
    if len(names) < 3:
        raise NotObservable(f"needs three foot points in trial and static; there are: {', '.join(names) or 'none'}")
    corners = tuple(body.points[name] for name in names)
    with np.errstate(invalid="ignore"):
        touching = np.stack(
            [corner.value[:, 1] < standing[name] + CONTACT_M for name, corner in zip(names, corners, strict=True)],
            axis=1,
        )
    return _Feet(names, corners, touching)


def _margin(
    centre: Vec, point: NDArray, feet: _Feet, covariances: Mapping[str, NDArray]
) -> tuple[NDArray, NDArray, NDArray]:
    """Return the margin of a point (ISB axes), its uncertainty from centre and feet, and where it grows.

    Shapes (time,), (time,) and (time, 3).
    """
    found = distance_inside(point[:, _FLOOR], feet.places())
    inward = np.stack([found.inward[:, 0], np.zeros(len(point)), found.inward[:, 1]], axis=1)
    border = weighted(found.weights, feet.corners)
    return found.distance, sd_of(along(difference(centre, border), inward), covariances), inward


def _place_between(body: Body, mass: MassCentre, covariances: Mapping[str, NDArray], about: str) -> Measure:
    try:
        ahead = body.subject().axes[:, :, 0]
        heels = mean([body.need(f"{side}HEEL")[0] for side in SIDES])
        tips = [_tip(body, side) for side in SIDES]
    except NotObservable as missing:
        return _lost(_RATIO, missing.reason, body.n_frames)
    toes = mean([tip for tip, _ in tips])
    found = ratio(along(difference(mass.point, heels), ahead), along(difference(toes, heels), ahead))
    source = body.heading.source if body.heading else ""
    return _made(_RATIO, found.value, sd_of(found, covariances), f"HEEL to {tips[0][1]}; heading: {source}", about)


def _tip(body: Body, side: str) -> tuple[Vec, str]:
    for name in ("HALLUX", "BTOE", "TOE", "MT2"):
        if body.has(side + name):
            return body.points[side + name], name
    raise NotObservable(f"needs a toe marker in front of {side}HEEL")


def _stability(
    body: Body,
    mass: MassCentre,
    feet: _Feet,
    covariances: Mapping[str, NDArray],
    rate_hz: float,
    method: str,
    about: str,
) -> tuple[Measure, Measure]:
    centre = mass.point.value
    velocity = central_difference(centre, rate_hz)
    axes = np.stack([sd_of(along(mass.point, axis), covariances) for axis in UPRIGHT], axis=1)
    velocity_sd = central_difference_sd(axes, rate_hz)
    method = f"{method}; velocity by central differences, errors of frames taken as independent"
    made = []
    for words, (length, told) in ((_STABILITY, _leg_length(body)), (_VARIABLE, _height(body, centre))):
        if length is None:
            made.append(_lost(words, told, body.n_frames))
            continue
        with np.errstate(invalid="ignore", divide="ignore"):
            period = np.sqrt(length / GRAVITY_M_S2)
        extrapolated = centre + velocity * np.reshape(period, (-1, 1))
        values, sd, inward = _margin(mass.point, extrapolated, feet, covariances)
        moving = np.sqrt(np.einsum("ti,ti->t", inward**2, velocity_sd**2)) * period
        made.append(_made(words, values, np.hypot(sd, moving), f"{method}; {told}", about))
    return made[0], made[1]


def _leg_length(body: Body) -> tuple[NDArray | None, str]:
    size = body.setting.size
    if size is None or not np.isfinite(size.leg_length):
        return None, f"{NO_STATIC}: it tells the leg length"
    return np.array([size.leg_length]), f"l = {size.leg_length:.3f} m, ASIS to medial malleolus or as given"


def _height(body: Body, centre: NDArray) -> tuple[NDArray | None, str]:
    try:
        ankles = mean([body.ankle(side) for side in SIDES])
    except NotObservable as missing:
        return None, missing.reason
    height = centre[:, 1] - ankles.value[:, 1]
    return np.where(height > 0.1, height, np.nan), "l over time"
