"""Centre of mass of the body from its segments (de Leva 1996), with the load that it carries."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.body import SIDES, Body
from mocap.kinematics.further.de_leva import OMPHALION, TABLE
from mocap.kinematics.observability import NotObservable
from mocap.kinematics.traced import Vec, combine, mean

SEEN_SHARE = 0.9
"""A limb that is seen in fewer of the frames that show trunk and legs is left out. A choice, not a measurement."""

Ends = tuple[Vec, Vec]


@dataclass(frozen=True, eq=False)
class MassCentre:
    """Centre of mass over time (ISB-turned world, m) and what it is made of.

    Attributes
    ----------
    point : Vec
    shares : mapping of str to float
        Part of each segment in what is seen; they add to 1.
    seen_mass : float
        Part of the body's mass that the seen segments have in the table.
    words : str
        Ends that stand for others, in words; empty without any.
    left_out : tuple of str
    """

    point: Vec
    shares: Mapping[str, float]
    seen_mass: float
    words: str
    left_out: tuple[str, ...]


def centre_of_mass(body: Body, sex: str = "male") -> MassCentre:
    """Return the centre of mass of a body.

    Trunk and legs have to be there. Head, arms and hands that are not (both sides together) are left out, and the
    masses of the others add to 1 all the same.

    Parameters
    ----------
    body : Body
    sex : str
        Column of the table: `male` or `female`.

    Raises
    ------
    NotObservable
        Without trunk or legs.
    """
    notes: list[str] = []
    segments = _trunk(body, sex, notes) | _legs(body, notes)
    core = np.all([np.isfinite(end.value).all(axis=1) for ends in segments.values() for end in ends], axis=0)
    left_out = []
    for name, more in (("head", _head(body, notes)), *_arms(body)):
        if more and _mostly_seen(more, core):
            segments |= more
        else:
            left_out.append(name)
    masses = {name: TABLE[_row(name)].share(sex) for name in segments}
    total = sum(masses.values())
    shares = {name: mass / total for name, mass in masses.items()}
    vectors, weights = [], []
    for name, (first, second) in segments.items():
        centre = TABLE[_row(name)].centre(sex)
        vectors += [first, second]
        weights += [shares[name] * (1.0 - centre), shares[name] * centre]
    whole = sum(TABLE[_row(name)].share(sex) for name in _WHOLE)
    return MassCentre(combine(weights, vectors), shares, total / whole, "; ".join(notes), tuple(left_out))


def with_load(point: NDArray, body_mass_kg: float, load: NDArray, load_kg: float) -> NDArray:
    """Return the common centre of mass, shape (time, 3), of a body and what it carries.

    Parameters
    ----------
    point : ndarray, shape (time, 3)
        Centre of mass of the body, m.
    body_mass_kg, load_kg : float
    load : ndarray, shape (time, 3)
        Centre of the load: of a barbell the middle between its ends.
    """
    return (body_mass_kg * np.asarray(point) + load_kg * np.asarray(load)) / (body_mass_kg + load_kg)


_WHOLE = ("head", "trunk", *(f"{limb}_{side}" for limb in ("upper_arm", "forearm", "hand", "thigh", "shank", "foot")
                             for side in "rl"))  # fmt: skip


def _row(name: str) -> str:
    """Return the row of the table of a segment: without its side."""
    return name[:-2] if name.endswith(("_r", "_l")) else name


def _mostly_seen(ends: Mapping[str, Ends], core: NDArray) -> bool:
    there = np.all([np.isfinite(end.value).all(axis=1) for pair in ends.values() for end in pair], axis=0)
    return bool((there & core).sum() >= SEEN_SHARE * core.sum())


def _trunk(body: Body, sex: str, notes: list[str]) -> dict[str, Ends]:
    hips = body.mid_hip()
    if body.has("C7", "STRN", "T12"):
        (c7, xiphoid, t12) = body.need("C7", "STRN", "T12")
        middle = mean([xiphoid, t12])
        navel = combine([1.0 - OMPHALION[sex], OMPHALION[sex]], [middle, hips])
        notes.append("trunk in three parts: C7, mid(STRN, T12) as the level of the xiphoid, omphalion, mid-hip")
        return {"upper_trunk": (c7, middle), "middle_trunk": (middle, navel), "lower_trunk": (navel, hips)}
    if body.has("C7"):
        return {"trunk": (body.points["C7"], hips)}
    if body.has("RSJC", "LSJC"):
        notes.append("trunk from mid-shoulder to mid-hip")
        return {"trunk_from_shoulders": (mean(body.need("RSJC", "LSJC")), hips)}
    raise NotObservable("needs C7, or both shoulder centres, for the trunk")


def _legs(body: Body, notes: list[str]) -> dict[str, Ends]:
    segments: dict[str, Ends] = {}
    for side in SIDES:
        low = side.lower()
        segments[f"thigh_{low}"] = (body.hip(side), body.knee(side))
        if body.has(f"{side}LMAL"):
            segments[f"shank_{low}"] = (body.knee(side), body.points[f"{side}LMAL"])
        else:
            segments[f"shank_to_ankle_{low}"] = (body.knee(side), body.ankle(side))
        (heel,) = body.need(f"{side}HEEL")
        segments[f"foot_{low}"] = (heel, _toe(body, side, notes))
    return segments


def _toe(body: Body, side: str, notes: list[str]) -> Vec:
    for name in ("HALLUX", "BTOE", "TOE", "MT2"):
        if body.has(side + name):
            if name in ("TOE", "MT2"):
                notes.append(f"{side}{name} in place of the toe tip")
            return body.points[side + name]
    raise NotObservable(f"needs a toe marker on the {'right' if side == 'R' else 'left'} foot")


def _head(body: Body, notes: list[str]) -> dict[str, Ends]:
    for top, base in (("VERTEX", "C7"), ("HEAD", "C7"), ("HEAD", "NECK")):
        if body.has(top, base):
            if base == "NECK":
                notes.append("neck keypoint in place of C7")
            return {"head": (body.points[top], body.points[base])}
    return {}


def _arms(body: Body) -> tuple[tuple[str, dict[str, Ends]], ...]:
    parts: tuple[tuple[str, str, tuple[str, str]], ...] = (
        ("upper arms", "upper_arm", ("SJC", "EJC")), ("forearms", "forearm", ("EJC", "WJC")),
        ("hands", "hand", ("WJC", "MET3")),
    )  # fmt: skip
    found = []
    for words, name, (upper, lower) in parts:
        pairs = {}
        if all(body.has(side + upper, side + lower) for side in SIDES):
            for side in SIDES:
                pairs[f"{name}_{side.lower()}"] = (body.points[side + upper], body.points[side + lower])
        found.append((words, pairs))
    return tuple(found)
