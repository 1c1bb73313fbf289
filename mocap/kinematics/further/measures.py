"""What is measured of a body beside its angles: heel rise, knee over toe, centre of mass, balance, velocities."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.body import SIDES, Body
from mocap.kinematics.further.balance import balance_measures
from mocap.kinematics.further.centre_of_mass import MassCentre, centre_of_mass
from mocap.kinematics.further.coordinates import UPRIGHT, along, coordinate, sd_of, turn_part
from mocap.kinematics.further.rates import angular_velocity, central_difference_sd
from mocap.kinematics.landmarks import ISB_FROM_WORLD
from mocap.kinematics.observability import NO_STATIC, NotObservable
from mocap.kinematics.poses import segment_frames
from mocap.kinematics.traced import difference
from mocap.trial import Measure

_UP = UPRIGHT[1]


@dataclass(frozen=True)
class _Words:
    name: str
    unit: str
    definition: str
    positive: str


def body_measures(body: Body, covariances: Mapping[str, NDArray], rate_hz: float, sex: str) -> tuple[Measure, ...]:
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
    measures = []
    for side in SIDES:
        low = side.lower()
        rise = _Words(
            f"heel_rise_{low}", "m", "Height of the heel above its height in the static trial.", "heel lifted"
        )
        over = _Words(
            f"knee_over_toe_{low}", "m", "Distance of the knee centre from the vertical plane of the foot line.",
            "knee lateral to the foot line",
        )  # fmt: skip
        measures.append(_heel_rise(body, side, covariances, rise))
        measures.append(_knee_over_toe(body, side, covariances, over))
    words = _Words("centre_of_mass", "m", "Centre of mass of the body in the world.", "x, y, z of the world")
    try:
        body.up()
        mass = centre_of_mass(body, sex)
    except NotObservable as missing:
        lost = _missing(words, missing.reason, (body.n_frames, 3))
        return (*measures, lost, *balance_measures(body, None, covariances, rate_hz, missing.reason))
    measures.append(_mass_measure(words, mass, covariances, sex))
    return (*measures, *balance_measures(body, mass, covariances, rate_hz))


def _missing(words: _Words, reason: str, shape: tuple[int, ...]) -> Measure:
    return Measure(
        words.name, np.full(shape, np.nan), words.unit, words.definition, words.positive, "", reason=reason
    )


def _heel_rise(body: Body, side: str, covariances: Mapping[str, NDArray], words: _Words) -> Measure:
    try:
        body.up()
        (heel,) = body.need(f"{side}HEEL")
        if f"{side}HEEL" not in body.zeros.standing_height:
            raise NotObservable(NO_STATIC)
    except NotObservable as missing:
        return _missing(words, missing.reason, (body.n_frames,))
    height = along(heel, _UP)
    rise = height.value - body.zeros.standing_height[f"{side}HEEL"]
    return Measure(
        words.name, rise, words.unit, words.definition, words.positive, f"{side}HEEL; median height in the static",
        sd_of(height, covariances),
    )  # fmt: skip


def _knee_over_toe(body: Body, side: str, covariances: Mapping[str, NDArray], words: _Words) -> Measure:
    try:
        body.up()
        (heel,) = body.need(f"{side}HEEL")
        floor, tip, knee = body.foot_floor(side), body.foot_line(side)[1], body.knee(side)
    except NotObservable as missing:
        return _missing(words, missing.reason, (body.n_frames,))
    offset = coordinate(difference(knee, heel), floor, 2)
    return Measure(
        words.name, SIDES[side] * offset.value, words.unit, words.definition, words.positive,
        f"knee centre against the vertical plane through HEEL and {tip}", sd_of(offset, covariances),
    )  # fmt: skip


def _mass_measure(words: _Words, mass: MassCentre, covariances: Mapping[str, NDArray], sex: str) -> Measure:
    method = f"de Leva 1996, {sex}; {', '.join(mass.shares)}" + (f"; {mass.words}" if mass.words else "")
    reason = ""
    if mass.left_out:
        seen = f"{100 * mass.seen_mass:.1f} % of the body's mass is seen, and taken for the whole"
        reason = f"without {', '.join(mass.left_out)}: {seen}"
    world = mass.point.value @ ISB_FROM_WORLD
    sd = np.stack([sd_of(along(mass.point, axis), covariances) for axis in ISB_FROM_WORLD.T], axis=1)
    return Measure(words.name, world, words.unit, words.definition, words.positive, method, sd, reason)


def angular_velocities(body: Body, covariances: Mapping[str, NDArray], rate_hz: float) -> Iterator[Measure]:
    """Yield the angular velocity of every observable segment, in the axes of the world."""
    for name, (frame, _) in segment_frames(body).items():
        turning = angular_velocity(frame.axes, rate_hz) @ ISB_FROM_WORLD
        # Axes of the world, each with a sign that a standard uncertainty does not have.
        turns = [sd_of(turn_part(frame, axis), covariances) for axis in (0, 2, 1)]
        yield Measure(
            f"angular_velocity_{name}",
            turning,
            "rad/s",
            f"Angular velocity of the segment {name} in the world.",
            "right-handed about x, y, z of the world",
            "rotation vector from the frame before to the frame after; errors of frames taken as independent",
            central_difference_sd(np.stack(turns, axis=1), rate_hz),
        )


def all_measures(body: Body, covariances: Mapping[str, NDArray], rate_hz: float, sex: str) -> tuple[Measure, ...]:
    """Return `body_measures` and `angular_velocities`."""
    return (*body_measures(body, covariances, rate_hz, sex), *angular_velocities(body, covariances, rate_hz))
