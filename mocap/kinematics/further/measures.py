"""What is measured of a body beside its angles: heel rise, knee over toe, centre of mass, balance, velocities."""

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.body import SIDES, Body
from mocap.kinematics.further.balance import balance_drafts
from mocap.kinematics.further.carried_places import carried_places
from mocap.kinematics.further.centre_of_mass import MassCentre, centre_of_mass
from mocap.kinematics.further.coordinates import UPRIGHT, along, coordinate, turn_part
from mocap.kinematics.further.drafts import Draft, Words, finished, lost, stacked
from mocap.kinematics.further.rates import angular_velocity, central_difference_sd
from mocap.kinematics.landmarks import ISB_FROM_WORLD
from mocap.kinematics.observability import NO_STATIC, NotObservable
from mocap.kinematics.poses import segment_frames
from mocap.kinematics.traced import Scalar, difference, evaluate
from mocap.trial import Measure

_UP = UPRIGHT[1]
_NO_NEIGHBOURS = "no frame has the segment in the frame before it and in the frame after it"
_CENTRE = Words("centre_of_mass", "m", "Centre of mass of the body in the world.", "x, y, z of the world")


def all_measures(body: Body, covariances: Mapping[str, NDArray], rate_hz: float, sex: str) -> tuple[Measure, ...]:
    """Return the measures of a body in the Z-up world; what it cannot show is NaN with the reason.

    Parameters
    ----------
    body : Body
        With heading and zeros.
    covariances : mapping of str to ndarray, shape (time, 3, 3)
        Of the points, m²; empty without any.
    rate_hz : float
    sex : str
        Of de Leva's table: `male` or `female`.
    """
    return finished(measure_drafts(body, rate_hz, sex), covariances)


def measure_drafts(body: Body, rate_hz: float, sex: str) -> list[Draft]:
    """Return the measures of a body with what they are made of; parameters as of `all_measures`."""
    drafts: list[Draft] = []
    for side in SIDES:
        drafts += [_heel_rise(body, side), _knee_over_toe(body, side)]
    mass, reason = _mass_of(body, sex)
    drafts.append(lost(_CENTRE, reason, (body.n_frames, 3)) if mass is None else _centre(mass, sex))
    drafts += balance_drafts(body, mass, rate_hz, reason)
    drafts += angular_velocities(body, rate_hz)
    drafts += carried_places(body)
    return drafts


def _mass_of(body: Body, sex: str) -> tuple[MassCentre | None, str]:
    try:
        body.up()
        return centre_of_mass(body, sex), ""
    except NotObservable as missing:
        return None, missing.reason


def _heel_rise(body: Body, side: str) -> Draft:
    words = Words(
        f"heel_rise_{side.lower()}", "m", "Height of the heel above its height in the static trial.", "heel lifted"
    )
    try:
        body.up()
        (heel,) = body.need(f"{side}HEEL")
        if f"{side}HEEL" not in body.zeros.standing_height:
            raise NotObservable(NO_STATIC)
    except NotObservable as missing:
        return lost(words, missing.reason, (body.n_frames,))
    height = along(heel, _UP)
    rise = height.value - body.zeros.standing_height[f"{side}HEEL"]
    return Draft(words, rise, f"{side}HEEL; median height in the static", scalars=(height,))


def _knee_over_toe(body: Body, side: str) -> Draft:
    words = Words(
        f"knee_over_toe_{side.lower()}", "m", "Distance of the knee centre from the vertical plane of the foot line.",
        "knee lateral to the foot line",
    )  # fmt: skip
    try:
        body.up()
        (heel,) = body.need(f"{side}HEEL")
        floor, tip, knee = body.foot_floor(side), body.foot_line(side)[1], body.knee(side)
    except NotObservable as missing:
        return lost(words, missing.reason, (body.n_frames,))
    offset = coordinate(difference(knee, heel), floor, 2)
    method = f"knee centre against the vertical plane through HEEL and {tip}"
    return Draft(words, SIDES[side] * offset.value, method, scalars=(offset,))


def _centre(mass: MassCentre, sex: str) -> Draft:
    method = f"de Leva 1996, {sex}; {', '.join(mass.shares)}" + (f"; {mass.words}" if mass.words else "")
    reason = ""
    if mass.left_out:
        seen = f"{100 * mass.seen_mass:.1f} % of the body's mass is seen, and taken for the whole"
        reason = f"without {', '.join(mass.left_out)}: {seen}"
    axes: tuple[Scalar, ...] = tuple(along(mass.point, axis) for axis in ISB_FROM_WORLD.T)
    return Draft(_CENTRE, mass.point.value @ ISB_FROM_WORLD, method, reason, axes, stacked)


def angular_velocities(body: Body, rate_hz: float) -> Iterator[Draft]:
    """Yield the angular velocity of every observable segment, in the axes of the world."""
    frames = {name: frame for name, (frame, _) in segment_frames(body).items()}
    evaluate(frames.values())
    for name, frame in frames.items():
        words = Words(
            f"angular_velocity_{name}", "rad/s", f"Angular velocity of the segment {name} in the world.",
            "right-handed about x, y, z of the world",
        )  # fmt: skip
        # Axes of the world, each with a sign that a standard uncertainty does not have.
        turns = tuple(turn_part(frame, axis) for axis in (0, 2, 1))
        values = angular_velocity(frame.axes, rate_hz) @ ISB_FROM_WORLD
        yield Draft(
            words,
            values,
            "rotation vector from the frame before to the frame after; errors of frames taken as independent",
            "" if np.isfinite(values).any() else _NO_NEIGHBOURS,
            scalars=turns,
            spread=lambda sds: central_difference_sd(np.stack(sds, axis=1), rate_hz),
            reach=1,
        )
