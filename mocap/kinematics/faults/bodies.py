"""Points that ought to keep their places on one body, and what is told of one that did not."""

from dataclasses import dataclass

PLATE_M, FOOT_M, SKIN_M, TRUNK_M = 0.002, 0.009, 0.015, 0.020
"""How far a point may be from its place; see `tests/accuracy/test_moved_markers.py` for what real skin does."""


@dataclass(frozen=True)
class Group:
    """Points that move as one body; `plate` where nothing but the points themselves may move them apart."""

    name: str
    words: str
    points: tuple[str, ...]
    limit_m: float
    plate: bool = False


@dataclass(frozen=True)
class Moved:
    """A fault of one group.

    Attributes
    ----------
    group : Group
    names : tuple of str
        The points that may be the one; empty where no single one explains the change.
    size_m, limit_m : float
    start, stop : int
        The first frame of it, and the one behind the last.
    of_static : bool
        Whether the static shows another shape, which may be the wrong one; else the trial itself changes.
    exchanged : bool
        Whether two of the points named have each other's labels.
    either : int
        Where nothing tells which side of a change is right, the frame of the change; else -1.
    in_static : bool
        Whether the change is within the static.
    mixed : bool
        Whether labels of several of the points may be mixed up, so that none of the group is to be trusted.
    """

    group: Group
    names: tuple[str, ...]
    size_m: float
    limit_m: float
    start: int
    stop: int
    of_static: bool
    exchanged: bool = False
    either: int = -1
    in_static: bool = False
    mixed: bool = False


def _groups() -> tuple[Group, ...]:
    numbers = range(1, 7)
    plates = [
        Group("pelvis_plate", "sacral plate", tuple(f"SAC{i}" for i in numbers), PLATE_M, plate=True),
        Group("lumbar_plate", "T12/L1 plate", tuple(f"T12_{i}" for i in numbers), PLATE_M, plate=True),
    ]
    body = [
        Group("pelvis", "pelvis", ("RASIS", "LASIS", "RPSIS", "LPSIS", "SACR"), SKIN_M),
        Group("thorax", "thorax", ("C7", "T10", "CLAV", "STRN"), TRUNK_M),
    ]
    for s in "RL":
        thigh, shank = (tuple(f"{s}{part}{i}" for i in numbers) for part in ("TH", "SH"))
        # The malleoli lie near the axis of the ankle, so that the foot keeps its distances to them.
        foot = tuple(s + name for name in ("HEEL", "MT1", "MT2", "MT5", "TOE", "LMAL", "MMAL"))
        tracking = tuple(f"{s}FT{i}" for i in numbers)
        plates.append(Group(f"foot_plate_{s.lower()}", f"foot plate {s}", tracking, PLATE_M, plate=True))
        body += [
            Group(f"thigh_{s.lower()}", f"thigh {s}", (*thigh, f"{s}LFE", f"{s}MFE"), SKIN_M),
            Group(f"shank_{s.lower()}", f"shank {s}", (*shank, f"{s}LMAL", f"{s}MMAL"), SKIN_M),
            Group(f"foot_{s.lower()}", f"foot {s}", foot, FOOT_M),
        ]
    return (*plates, *body)


GROUPS = _groups()
