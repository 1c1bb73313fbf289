"""A body at one instant as lines, from the side and from the front."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from mocap.report.angle_figures import LEFT, RIGHT
from mocap.report.assessment.plot import GRAY, INK, drawing
from mocap.report.svg import shape, text
from mocap.trial import Trial

Places = Mapping[str, NDArray]
NOWHERE: Places = MappingProxyType({})
_WIDTH, _HEIGHT, _WORDS = 230.0, 190.0, 16.0
_UP = np.array([0.0, 0.0, 1.0])
_TOES = ("HALLUX", "TOE", "BTOE", "MT2", "BigToe")
_TRUNK = ("lumbar", "thorax")
_HEADS = ("VERTEX", "Head", "Nose", "C7")
_ARMS = (("SJC", "EJC", "WJC"), ("Shoulder", "Elbow", "Wrist"), ("SHO", "ELB", "WRB"))
_JOINTS = (("femur", ("HJC", "Hip", "ASI")), ("shank_proximal", ("KJC", "Knee", "LFE", "KNE")),
           ("shank_distal", ("AJC", "Ankle", "LMAL", "ANK")))  # fmt: skip
_RINGS = (("RASIS", "LASIS", "LPSIS", "RPSIS"), ("RASI", "LASI", "LPSI", "RPSI"))


@dataclass(frozen=True, eq=False)
class Stick:
    """One line of a body: places, shape (point, 3) in m, NaN is missing; `side` is `r`, `l` or empty."""

    places: NDArray
    side: str = ""


def sticks_of(trial: Trial, frame: int, places: Places = NOWHERE) -> tuple[Stick, ...]:
    """Return the lines of a body in a frame: legs, pelvis and trunk by the segments, the rest by points and bones.

    Parameters
    ----------
    trial : Trial
    frame : int
    places : mapping of str to ndarray, shape (time, 3)
        Landmarks and joint centres by their canonical names, where points have other ones.
    """
    body = _Body(trial, frame, places)
    found = [one for side in ("r", "l") for one in (body.leg(side), body.arm(side))]
    found += [body.pelvis(), body.trunk(), body.shoulders(), body.bar()]
    if trial.segments is None or not np.isfinite(np.concatenate([one.places for one in found[:1]])).any():
        found += body.bones()
    return tuple(one for one in found if np.isfinite(one.places).all(axis=1).sum() > 1)


def forward_of(trial: Trial, frame: int, places: Places = NOWHERE) -> NDArray:
    """Return where the person faces in a frame, level, shape (3,): by the pelvis, the hips, or as the trial states."""
    body = _Body(trial, frame, places)
    pelvis = body.axis("pelvis", 0)
    hips = [body.joint(side, 0) for side in "rl"]
    across = np.cross(hips[1] - hips[0], _UP)
    stated = {"x": [1.0, 0, 0], "-x": [-1.0, 0, 0], "y": [0, 1.0, 0], "-y": [0, -1.0, 0]}
    for one in (pelvis, across, np.array(stated.get(trial.forward_axis, [1.0, 0, 0]), float)):
        level = one * [1.0, 1.0, 0.0]
        if np.isfinite(level).all() and np.linalg.norm(level) > 1e-6:
            return np.asarray(level / np.linalg.norm(level))
    return np.array([1.0, 0.0, 0.0])


@dataclass(frozen=True, eq=False)
class _Body:
    trial: Trial
    frame: int
    places: Places

    def point(self, name: str) -> NDArray:
        if name in self.places:
            return np.asarray(self.places[name][self.frame])
        points = self.trial.points_smoothed or self.trial.points
        return points.position[self.frame, points.names.index(name)] if name in points.names else np.full(3, np.nan)

    def origin(self, segment: str) -> NDArray:
        return self._pose(segment)[:3, 3]

    def axis(self, segment: str, which: int) -> NDArray:
        return self._pose(segment)[:3, which]

    def _pose(self, segment: str) -> NDArray:
        segments = self.trial.segments
        if segments is None or segment not in segments.names:
            return np.full((4, 4), np.nan)
        return np.asarray(segments.world_from_segment[self.frame, segments.names.index(segment)])

    def _first(self, names: Sequence[str]) -> NDArray:
        return next((place for name in names if np.isfinite(place := self.point(name)).all()), np.full(3, np.nan))

    def leg(self, side: str) -> Stick:
        letter = side.upper()
        chain = [self.joint(side, which) for which in range(3)]
        heel = self._first([f"{letter}{name}" for name in ("HEEL", "HEE", "Heel")])
        toe = self._first([f"{letter}{name}" for name in _TOES])
        # Down to the heel, along the sole, and back to the ankle.
        return Stick(np.stack([*chain, heel, toe, chain[-1]]), side)

    def joint(self, side: str, which: int) -> NDArray:
        """Return hip, knee or ankle (0 to 2): by its segment, else by its point."""
        segment, names = _JOINTS[which]
        place = self.origin(f"{segment}_{side}")
        return place if np.isfinite(place).all() else self._first([f"{side.upper()}{name}" for name in names])

    def arm(self, side: str) -> Stick:
        letter = side.upper()
        chains = [np.stack([self.point(f"{letter}{name}") for name in names]) for names in _ARMS]
        return Stick(max(chains, key=lambda one: int(np.isfinite(one).all(axis=1).sum())), side)

    def pelvis(self) -> Stick:
        hips = [self.joint("r", 0), self.joint("l", 0)]
        for names in _RINGS:
            ring = np.stack([self.point(name) for name in (*names, names[0])])
            if np.isfinite(ring).all():
                return Stick(ring)
        return Stick(np.stack(hips))

    def trunk(self) -> Stick:
        hips = np.stack([self.joint("r", 0), self.joint("l", 0)]).mean(axis=0)
        shoulders = np.stack([self.arm(side).places[0] for side in "rl"]).mean(axis=0)
        above = [self.origin(name) for name in _TRUNK]
        spine = [hips, *(above if np.isfinite(above).any() else [shoulders]), self._first(_HEADS)]
        return Stick(np.stack(spine))

    def shoulders(self) -> Stick:
        return Stick(np.stack([self.arm(side).places[0] for side in "rl"]))

    def bar(self) -> Stick:
        return Stick(np.stack([self.point("BAR_R"), self.point("BAR_L")]))

    def bones(self) -> list[Stick]:
        sides = {"r": "r", "l": "l"}
        return [Stick(np.stack([self.point(a), self.point(b)]),
                      sides.get(a[:1].lower(), "") if a[:1].lower() == b[:1].lower() else "")
                for a, b in self.trial.bones]  # fmt: skip


def stick_picture(
    sticks: Sequence[Stick], forward: NDArray, reach: tuple[NDArray, float], words: str, names: Sequence[str]
) -> str:
    """Return one instant from the right side and from the front, on one scale.

    Parameters
    ----------
    sticks : sequence of Stick
    forward : ndarray, shape (3,)
        Where the person faces, level.
    reach : tuple
        Place on the floor, shape (3,), that stands in the middle, and the height in m that has room.
    words : str
        Read out in its place.
    names : sequence of str
        Of the two views.
    """
    middle, tall = reach
    left = np.cross(_UP, forward)
    scale = min((_HEIGHT - _WORDS - 8) / tall, _WIDTH / 2 / (0.62 * tall))
    shapes, floor = [], _HEIGHT - _WORDS
    for view, (across, name) in enumerate(zip((forward, left), names, strict=True)):
        centre = _WIDTH * (0.25 + 0.5 * view)
        shapes += [shape("path", d=f"M{centre - 54:.1f} {floor:.1f}h108", stroke=GRAY, stroke_width=1),
                   text(centre, _HEIGHT - 3, name, 10, "middle", INK)]  # fmt: skip
        for one in sorted(sticks, key=lambda stick: stick.side != "l"):  # the left leg lies behind, seen from the right
            flat = np.stack([centre + scale * (one.places - middle) @ across,
                             floor - scale * (one.places - middle) @ _UP], axis=1)  # fmt: skip
            shapes.append(_line(flat, one.side))
    return drawing(_HEIGHT, shapes, words, _WIDTH, "frames")


def _line(flat: NDArray, side: str) -> str:
    known = flat[np.isfinite(flat).all(axis=1)]
    path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in known)
    styles = {"r": (RIGHT, 2.4, ""), "l": (LEFT, 2.0, "5 2.5"), "": (INK, 2.4, "")}
    colour, width, dash = styles[side]
    dashes = {"stroke_dasharray": dash} if dash else {}
    return shape("path", d=path, fill="none", stroke=colour, stroke_width=width, stroke_linejoin="round",
                 stroke_linecap="butt" if dash else "round", **dashes)  # fmt: skip
