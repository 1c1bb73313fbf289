"""Balance: how the centre of mass stands over the feet, at rest and in movement."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.body import SIDES, Body
from mocap.kinematics.further.base_of_support import CONTACT_M, distance_inside
from mocap.kinematics.further.centre_of_mass import MassCentre
from mocap.kinematics.further.coordinates import UPRIGHT, along, ratio_along, weighted
from mocap.kinematics.further.drafts import Draft, Words, lost
from mocap.kinematics.further.rates import central_difference, central_difference_sd
from mocap.kinematics.observability import NO_STATIC, NotObservable
from mocap.kinematics.traced import Scalar, Vec, difference, evaluate, mean

GRAVITY_M_S2 = 9.81
_CORNERS = ("HEEL", "MT1", "MT2", "MT5", "HALLUX", "TOE", "BTOE", "STOE")
_FLOOR = [0, 2]
_INSIDE = "inside the base of support"
_HULL = "convex hull, in the floor plane, of the foot points that touch the floor"

_MARGIN = Words(
    "base_of_support_margin", "m", f"Distance of the centre of mass from the border of the {_HULL}.", _INSIDE
)
_STABILITY = Words(
    "margin_of_stability", "m",
    f"Distance of the extrapolated centre of mass (Hof 2005: position + velocity / sqrt(g/l)) from the border of the "
    f"{_HULL}; l = leg length.", _INSIDE,
)  # fmt: skip
_VARIABLE = Words(
    "margin_of_stability_variable_length", "m",
    f"Distance of the extrapolated centre of mass (Hof 2005: position + velocity / sqrt(g/l)) from the border of the "
    f"{_HULL}; l = height of the centre of mass above the ankles.", _INSIDE,
)  # fmt: skip
_RATIO = Words(
    "com_ap_ratio", "1", "Place of the centre of mass between heels (0) and toes (1), means of both feet, along the "
    "heading.", "towards the toes",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Feet:
    names: tuple[str, ...]
    corners: tuple[Vec, ...]
    touching: NDArray
    left_out: str

    def places(self) -> NDArray:
        """Return the corners that count, shape (time, corner, 2) in the floor plane; NaN for the others.

        Frames that lack one have none: it may have touched the floor, and the base would be too small without it.
        """
        flat = np.stack([corner.value[:, _FLOOR] for corner in self.corners], axis=1)
        counts = self.touching & np.isfinite(flat).all(axis=(1, 2))[:, None]
        return np.where(counts[..., None], flat, np.nan)

    def told(self) -> str:
        """Say what lacks: corners throughout, or in some frames."""
        gone = np.stack([~np.isfinite(corner.value).all(axis=1) for corner in self.corners], axis=1)
        frames = int(gone.any(axis=1).sum())
        lacking = ", ".join(self.names[k] for k in np.flatnonzero(gone.any(axis=0)))
        missing = f"no value in {frames} frames, which lack foot points ({lacking})" if frames else ""
        return "; ".join(filter(None, (self.left_out, missing)))


def balance_drafts(body: Body, mass: MassCentre | None, rate_hz: float, reason: str = "") -> list[Draft]:
    """Return margin in the base of support, place between heels and toes, and margins of stability.

    Parameters
    ----------
    body : Body
    mass : MassCentre or None
        None, with the reason, where it is not observable.
    rate_hz : float
    reason : str
    """
    shape = (body.n_frames,)
    if mass is None:
        return [lost(words, reason, shape) for words in (_MARGIN, _RATIO, _STABILITY, _VARIABLE)]
    about = f"{100 * mass.seen_mass:.1f} % of the body's mass seen" if mass.left_out else ""
    place = _place_between(body, mass, about)
    try:
        feet = _feet(body)
    except NotObservable as missing:
        first, *others = (lost(words, missing.reason, shape) for words in (_MARGIN, _STABILITY, _VARIABLE))
        return [first, place, *others]
    evaluate([mass.point, *feet.corners])
    values, margin, _ = _margin(mass.point, mass.point.value, feet)
    method = f"corners {', '.join(feet.names)}, each below {1000 * CONTACT_M:.0f} mm over its height in the static"
    about = "; ".join(filter(None, (about, feet.told())))
    still = Draft(_MARGIN, values, method, _told(values, about), (margin,))
    return [still, place, *_stability(body, mass, feet, rate_hz, method, about)]


def _told(values: NDArray, reason: str) -> str:
    if np.isfinite(values).any():
        return reason
    none = "no frame shows all foot points, three of them on the floor, together with the centre of mass"
    return "; ".join(filter(None, (none, reason)))


def _feet(body: Body) -> _Feet:
    body.up()
    standing = body.zeros.standing_height
    known = {side + corner for side in SIDES for corner in _CORNERS} & {*body.points}
    evaluate([body.points[name] for name in known])
    shown = {name for name in known if np.isfinite(body.points[name].value).all(axis=1).any()}
    seen = [side + corner for side in SIDES for corner in _CORNERS if side + corner in shown]
    names = tuple(name for name in seen if name in standing)
    if len(seen) >= 3 and not names:
        raise NotObservable(f"{NO_STATIC}: it tells how high the foot points are when they touch the floor")
    # A base without one of the feet, or with a single point of it, is not the base of that person.
    if min(sum(name[0] == side for name in names) for side in SIDES) < 2:
        there = ", ".join(names) or "none"
        raise NotObservable(f"needs two points of each foot in trial and static; there are: {there}")
    # What only one foot has makes the base lopsided.
    either = {side + name[1:] for side in SIDES for name in seen}
    left_out = ", ".join(sorted(either - {*names}))
    corners = tuple(body.points[name] for name in names)
    with np.errstate(invalid="ignore"):
        touching = np.stack(
            [corner.value[:, 1] < standing[name] + CONTACT_M for name, corner in zip(names, corners, strict=True)],
            axis=1,
        )
    return _Feet(names, corners, touching, f"without {left_out}, not both in trial and static" if left_out else "")


def _margin(centre: Vec, point: NDArray, feet: _Feet) -> tuple[NDArray, Scalar, NDArray]:
    """Return the margin of a point (ISB axes), its gradient by centre and feet, and where it grows, shape (time, 3)."""
    found = distance_inside(point[:, _FLOOR], feet.places())
    inward = np.stack([found.inward[:, 0], np.zeros(len(point)), found.inward[:, 1]], axis=1)
    return found.distance, along(difference(centre, weighted(found.weights, feet.corners)), inward), inward


def _place_between(body: Body, mass: MassCentre, about: str) -> Draft:
    try:
        facing = body.subject()
        heels = mean([body.need(f"{side}HEEL")[0] for side in SIDES])
        tips = [_tip(body, side) for side in SIDES]
    except NotObservable as missing:
        return lost(_RATIO, missing.reason, (body.n_frames,))
    toes = mean([tip for tip, _ in tips])
    found = ratio_along(difference(mass.point, heels), difference(toes, heels), facing.axes[:, :, 0])
    source = body.heading.source if body.heading else ""
    method = f"HEEL to {tips[0][1]}; heading: {source}"
    return Draft(_RATIO, found.value, method, about, (found,), by_heading=tuple(facing.grad))


def _tip(body: Body, side: str) -> tuple[Vec, str]:
    for name in ("HALLUX", "BTOE", "TOE", "MT2"):
        if body.has(side + name):
            return body.points[side + name], name
    raise NotObservable(f"needs a toe marker in front of {side}HEEL")


def _stability(
    body: Body, mass: MassCentre, feet: _Feet, rate_hz: float, method: str, about: str
) -> tuple[Draft, Draft]:
    centre = mass.point.value
    velocity = central_difference(centre, rate_hz)
    axes = tuple(along(mass.point, axis) for axis in UPRIGHT)
    method = f"{method}; velocity by central differences, errors of frames taken as independent"
    made = []
    for words, (length, told, also) in ((_STABILITY, _leg_length(body)), (_VARIABLE, _height(body, centre))):
        if length is None:
            made.append(lost(words, told, (body.n_frames,)))
            continue
        with np.errstate(invalid="ignore", divide="ignore"):
            period = np.sqrt(length / GRAVITY_M_S2)
        values, margin, inward = _margin(mass.point, centre + velocity * np.reshape(period, (-1, 1)), feet)

        def spread(sds: Sequence[NDArray], inward: NDArray = inward, period: NDArray = period) -> NDArray:
            moving = central_difference_sd(np.stack(sds[1:], axis=1), rate_hz)
            return np.hypot(sds[0], np.sqrt(np.einsum("ti,ti->t", inward**2, moving**2)) * period)

        made.append(Draft(words, values, f"{method}; {told}", _told(values, about), (margin, *axes), spread, 1, also))
    return made[0], made[1]


def _leg_length(body: Body) -> tuple[NDArray | None, str, tuple[str, ...]]:
    size = body.setting.size
    if size is None or not np.isfinite(size.leg_length):
        return None, f"{NO_STATIC}: it tells the leg length", ()
    return np.array([size.leg_length]), f"l = {size.leg_length:.3f} m, ASIS to medial malleolus or as given", ()


def _height(body: Body, centre: NDArray) -> tuple[NDArray | None, str, tuple[str, ...]]:
    """Return the height of the centre above the ankles, in words, and the points of the ankles."""
    try:
        ankles = mean([body.ankle(side) for side in SIDES])
    except NotObservable as missing:
        return None, missing.reason, ()
    height = centre[:, 1] - ankles.value[:, 1]
    return np.where(height > 0.1, height, np.nan), "l over time", tuple(ankles.grad)
