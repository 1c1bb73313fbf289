"""What is told of points that left their places on the body: a verdict, and flags in the frames concerned."""

from collections.abc import Callable, Collection, Mapping, Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from mocap.errors import KinematicsError
from mocap.kinematics.faults.bodies import GROUPS, Moved
from mocap.kinematics.frame_flags import PointFlag, with_point_flags
from mocap.kinematics.landmarks import SPINOUS, Calibration
from mocap.trial import JointAngles, Points3D, Verdict

_TOLD = 4
_FEW = 200  # frames that tell whether a point is seen
_FEW_SEGMENTS = 1
"""Segments whose points may lie elsewhere than in the static before it is doubted: single markers come off."""
_MANY_SEGMENTS, _FAR = 3, 1.5
"""So many segments, each with a point farther off than so many times its limit, are another person's."""


def words_of(fault: Moved) -> str:
    """Return in words what happened, without the moment: the points, and how far they are off."""
    text = _what(fault)
    if fault.in_static:
        return f"{text} in part of the static"
    return f"{text}, or it is the static that is wrong" if fault.of_static else text


def _what(fault: Moved) -> str:
    return _which(fault) + (", or labels of several of its points are mixed up" if fault.mixed else "")


def _which(fault: Moved) -> str:
    size = f"{1000 * fault.size_m:.0f} mm"
    if fault.exchanged:
        return f"labels of {_listed(fault.names, 'and')} exchanged on the {fault.group.words}"
    if len(fault.names) == 1:
        return f"{fault.names[0]} {size} off its place on the {fault.group.words}"
    if fault.names:
        return f"{_listed(fault.names, 'or')} {size} off its place on the {fault.group.words}"
    return f"shape of the {fault.group.words} changed by {size}"


def _listed(names: Sequence[str], last: str) -> str:
    return f"{', '.join(names[:-1])} {last} {names[-1]}"


def moved_verdict(
    found: Sequence[Moved], n_groups: int, points: Points3D, trial: Mapping[str, NDArray], static: Collection[str]
) -> tuple[Verdict, ...]:
    """Return `markers_moved`: whether every point is where it was, naming points, size and time; none without groups.

    The figure is that of the fault that exceeds its limit most, m. `trial` are landmarks, shape (time, 3) each, and
    `static` the names of those there, empty without one.
    """
    if not n_groups:
        return ()
    told = sorted(found, key=lambda fault: fault.size_m / fault.limit_m, reverse=True)
    segments = "1 segment" if n_groups == 1 else f"{n_groups} segments"
    text = f"places of the points of {segments}, against {'the static' if static else 'the beginning'}"
    for fault in told[:_TOLD]:
        text += f"; {_what(fault)} {_when(fault, points)}"
    more = len(told) - _TOLD
    text += f"; and {more} more" if more > 0 else ""
    text += _unseen({name for name, path in trial.items() if np.isfinite(path[:: len(path) // _FEW + 1]).any()}, static)
    text += ". Look at these markers and their labels" if told else ""
    size, limit = (told[0].size_m, told[0].limit_m) if told else (0.0, 0.015)
    return (Verdict("markers_moved", size, limit, "m", not told, text),)


def _unseen(trial: Collection[str], static: Collection[str]) -> str:
    """Return in words what of a trial has no shape to judge, or a triangle alone; nothing of empty groups."""
    few, three = list[str](), list[str]()
    judged = set[str]()
    for group in GROUPS:
        seen = [name for name in group.points if name in trial]
        both = [name for name in seen if not static or name in static]
        judged.update(both if len(both) >= 3 else ())
        if len(both) == 3:
            three.append(group.words)
        elif seen and len(both) < 3:
            few.append(group.words)
    spinous = [name for name in SPINOUS if name in trial and name not in judged]
    few += [f"spinous markers {', '.join(spinous)}"] if spinous else []
    text = f"; of too few points, so that only steps between two frames are seen: {', '.join(few)}" if few else ""
    return text + (f"; of three points, so that one off their plane is not seen: {', '.join(three)}" if three else "")


def _when(fault: Moved, points: Points3D) -> str:
    if fault.in_static:
        return "in part of the static"
    if fault.of_static:
        return "all the trial: static and trial differ, and either may be wrong"

    def at(frame: int) -> str:
        return f"about {points.start_s + frame / points.rate_hz:.2f} s (frame {frame})"

    if fault.either >= 0:
        return f"before or behind {at(fault.either)}, nothing tells which"
    if fault.start == 0 and fault.stop < points.n_frames:
        return f"until {at(fault.stop)}"
    return f"from {at(fault.start)}" + (f" to {at(fault.stop)}" if fault.stop < points.n_frames else "")


def same_placement(found: Sequence[Moved], n_groups: int, *, refuse: bool) -> tuple[Verdict, ...]:
    """Return whether the markers of the static sit where those of the trial do; none where nothing can be compared.

    People of one size have the same lengths, but nobody's markers sit on all segments as another's do.

    Parameters
    ----------
    found : sequence of Moved
        Of a trial with its static.
    n_groups : int
        How many groups of points were compared.
    refuse : bool
        Whether a static that does not belong to the trial is refused.

    Raises
    ------
    KinematicsError
        STATIC_OTHER_SUBJECT when the points of three segments or more lie far from where the static has them.
    """
    changed = [one for one in found if one.of_static and not one.exchanged and not one.group.plate]
    if n_groups < 2:
        return ()
    told = ", ".join(f"{one.group.words} {1000 * one.size_m:.0f} mm" for one in changed)
    if refuse and sum(one.size_m > _FAR * one.limit_m for one in changed) >= _MANY_SEGMENTS:
        raise KinematicsError(
            f"The static trial is of another person, or its markers were put on anew: they sit elsewhere on {told}.",
            "Give the static trial of this person and session; static_check=flag (--set, or [options.kinematics]) lets "
            "it pass, flagged.",
            code="STATIC_OTHER_SUBJECT",
        )
    text = f"segments, of {n_groups}, whose markers sit elsewhere than in the static{': ' if told else ''}{told}"
    passed = len(changed) <= _FEW_SEGMENTS
    text += "" if passed else ". Is it of this person, and were no markers put on anew?"
    return (Verdict("static_same_placement", float(len(changed)), float(_FEW_SEGMENTS), "segments", passed, text),)


def with_moved_flags(
    angles: JointAngles,
    found: Sequence[Moved],
    sources: Callable[[], Mapping[str, frozenset[str]]],
    carriers: Mapping[str, frozenset[str]] = MappingProxyType({}),
) -> JointAngles:
    """Return the angles with a flag where they are made of points that left their places.

    Parameters
    ----------
    angles : JointAngles
        With `frame_reason`.
    found : sequence of Moved
    sources : callable
        Gives, per angle, the points that it is made of; asked only where there is a fault.
    carriers : mapping of str to frozenset of str
        Points that carry a landmark of the static; what they give is as wrong as the landmark was in the static.

    Returns
    -------
    JointAngles
        Angles by a plate whose shape changed are NaN: its pose is anything. Others keep their value with a reason, an
        earlier one if there is one.
    """
    if not found:
        return angles
    worst = sorted(found, key=lambda fault: fault.size_m / fault.limit_m, reverse=True)
    flags = [
        PointFlag(words_of(one), points_of(one, carriers), np.arange(one.start, one.stop), one.group.plate,
                  lost=one.group.plate)
        for one in sorted(worst, key=lambda one: one.group.plate)
    ]  # fmt: skip
    return with_point_flags(angles, flags, sources)


def points_of(fault: Moved, carriers: Mapping[str, frozenset[str]] = MappingProxyType({})) -> frozenset[str]:
    """Return the points that a fault concerns, those that carry a landmark of the static included."""
    all_of_them = fault.group.plate or fault.mixed or not fault.names
    concerned = set(fault.group.points if all_of_them else fault.names)
    if fault.of_static or fault.in_static:
        concerned.update(*(carriers.get(name, frozenset()) for name in tuple(concerned)))
    return frozenset(concerned)


def carriers_of(calibration: Calibration | None) -> dict[str, frozenset[str]]:
    """Return, per landmark that a static tied to a cluster, the points of the cluster."""
    if calibration is None:
        return {}
    return {name: frozenset(calibration.clusters[on].names) for name, (on, _) in calibration.places.items()}
