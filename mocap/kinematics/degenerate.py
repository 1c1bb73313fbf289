"""Recordings in which nothing is to be seen: no frames, no positions, or all points on one spot or line."""

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.definitions import definition_of
from mocap.kinematics.marker_sets import MarkerSet, match
from mocap.kinematics.observability import Outcome
from mocap.kinematics.tape.points import FARTHEST_M
from mocap.trial import JointAngles, Points3D, Verdict

NO_FRAMES = "there are no frames"
NOTHING_SEEN = "no point is seen in any frame"
NO_EXTENT = "in every frame all points coincide or lie on one line"
_LOOKS = 16
_SPOT_M = 1e-6
_LINE_SHARE = 0.01


def nothing_to_see(points: Points3D, labels: list[str]) -> str:
    """Return why a recording can show no angle at all, empty where it may.

    Parameters
    ----------
    points : Points3D
    labels : list of str
        Those that are landmarks.
    """
    if points.n_frames == 0:
        return NO_FRAMES
    columns = [points.names.index(label) for label in labels]
    looks = np.unique(np.linspace(0, points.n_frames - 1, _LOOKS).round().astype(int))
    if _any_extent(points.position[looks][:, columns]):
        return ""
    position = points.position[:, columns]
    if _any_extent(position):
        return ""
    seen = _is_seen(position)
    if not seen.any():
        return NOTHING_SEEN
    # Two points that are seen at a time say nothing of a line; what they lack is told angle by angle.
    return NO_EXTENT if (seen.sum(axis=1) >= 3).any() else ""


def _is_seen(position: NDArray) -> NDArray:
    """Return which points, of (time, point, 3), every frame has."""
    seen: NDArray = (np.abs(position) <= FARTHEST_M).all(axis=2)
    return seen


def _any_extent(position: NDArray) -> bool:
    """Tell whether any frame, of (time, point, 3), shows three points that are not on one line."""
    seen = _is_seen(position)
    for frame, there in zip(position, seen, strict=True):
        if there.sum() >= 3:
            centred = frame[there] - frame[there].mean(axis=0)
            first, second, _ = np.linalg.svd(centred, compute_uv=False)
            # A share, as the unit of length may be wrong, which has a refusal of its own.
            if first > _SPOT_M and second >= _LINE_SHARE * first:
                return True
    return False


def angles_of_nothing(points: Points3D, names: tuple[str, ...], reason: str) -> JointAngles:
    """Return angles without a value, each with the reason."""
    shape = (points.n_frames, len(names))
    return JointAngles(
        tuple(definition_of(name, Outcome(None, reason=reason)) for name in names),
        np.full(shape, np.nan),
        points.rate_hz,
        start_s=points.start_s,
        frame_reason=np.ones(shape, np.uint8),
        frame_reason_words=("", reason),
    )


def usable_static(static: Points3D | None, marker_set: MarkerSet) -> tuple[Points3D | None, tuple[Verdict, ...]]:
    """Return the static trial, or None with a verdict that fails where it shows nothing at all."""
    if static is None:
        return None, ()
    labels = list(match(marker_set, static.names).label_of.values())
    reason = nothing_to_see(static, labels) if labels else ""
    if not reason:
        return static, ()
    text = f"frames of the static trial that show a body: {reason}. The angles were computed without it"
    return None, (Verdict("static_usable", 0.0, 1.0, "frames", passed=False, text=text),)
