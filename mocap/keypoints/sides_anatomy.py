"""What the body itself says of left and right: it faces forward where its feet, face and pelvis point.

All cameras may agree on a body whose sides are exchanged. Toes lie ahead of heels, eyes ahead of ears, ASIS ahead of
PSIS and knees bend forward; none of that needs to know which side is which, and together with "up" it says where the
right has to be. A limb is attached to the side of the body that it is nearer to.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mocap.keypoints.sides_names import part_of, stem

_LATERAL = ("pelvis", "ASIS", "shoulders")
_PARENTS = {
    "ASIS": ("pelvis", "shoulders"), "pelvis": ("ASIS", "shoulders", "legs"), "legs": ("pelvis", "ASIS", "shoulders"),
    "shoulders": ("pelvis", "ASIS", "legs"), "arms": ("shoulders", "pelvis"), "head": ("shoulders", "pelvis"),
}  # fmt: skip
_PROXIMAL = {"legs": ("knee", "lfe", "mfe", "kne", "kjc", "thi", "th1", "th2", "th3"),
             "arms": ("elbow", "elb", "ejc", "upa")}  # fmt: skip
_ATTACHED_M = 0.05
_CLEAR = 2.0  # several cues that agree count as two


@dataclass(frozen=True)
class _Cue:
    """Points that lie ahead of others by about so much, m, in a body that stands along an axis."""

    ahead: tuple[str, ...]
    behind: tuple[str, ...]
    axis: str
    size_m: float


_CUES = (
    _Cue(("toe", "hallux", "footindex", "mt1", "mt2", "5meta", "mt5"), ("heel", "hee", "calc"), "leg", 0.10),
    _Cue(("toe", "hallux", "footindex", "mt1", "mt2", "5meta", "mt5"), ("ankle", "ank", "lmal", "mmal"), "leg", 0.10),
    _Cue(("asis", "asi"), ("psis", "psi"), "trunk", 0.06),
    _Cue(("clav", "strn", "sternum"), ("c7", "t10"), "trunk", 0.06),
    _Cue(("nose", "eye"), ("ear",), "trunk", 0.05),
)
_KNEE_SIZE_M = 0.06


def facing_score(points: NDArray, names: Sequence[str], pairs: Sequence[tuple[int, int]]) -> NDArray:
    """Return whether the sides of a body are where it faces say they are.

    Parameters
    ----------
    points : ndarray, shape (time, keypoint, 3)
        World, m; NaN is missing.
    names : sequence of str
    pairs : sequence of (int, int)
        Right and left places.

    Returns
    -------
    ndarray, shape (time,)
        Near +2 when right and left are as they should be, near -2 when they are exchanged, 0 when nothing tells.
    """
    right = _lateral(points, names, pairs, _LATERAL)
    axes = {"leg": _up(points, names, ("pelvis", "ASIS"), ("legs",)),
            "trunk": _up(points, names, ("shoulders",), ("pelvis", "ASIS"))}  # fmt: skip
    axes["leg"] = np.where(np.isfinite(axes["leg"]), axes["leg"], axes["trunk"])
    axes["trunk"] = np.where(np.isfinite(axes["trunk"]), axes["trunk"], axes["leg"])
    total = np.zeros(len(points))
    for cue in _CUES:
        ahead = _middle(points, names, cue.ahead, pairs) - _middle(points, names, cue.behind, pairs)
        total += _share(ahead, axes[cue.axis], right, cue.size_m)
    knee = _middle(points, names, ("knee", "lfe", "mfe", "kne"), pairs)
    ends = (_middle_of_parts(points, names, ("pelvis", "ASIS"), pairs)
            + _middle(points, names, ("ankle", "ank", "lmal", "mmal"), pairs)) / 2  # fmt: skip
    total += _share(knee - ends, axes["leg"], right, _KNEE_SIZE_M)
    return np.clip(total, -_CLEAR, _CLEAR)


def attached_score(
    points: NDArray, names: Sequence[str], pairs: Sequence[tuple[int, int]], part: str
) -> NDArray:
    """Return whether the sides of one part are those of the body that it hangs on, shape (time,), in -1 to 1."""
    own = _mean_side(points, _near(names, pairs, part))
    across = _mean_side(points, _held(names, pairs, part))
    length = np.linalg.norm(across, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        apart = np.sum(own * across, axis=1) / length
    return np.where(np.isfinite(apart), np.clip(np.nan_to_num(apart) / _ATTACHED_M, -1.0, 1.0), 0.0)


def _near(names: Sequence[str], pairs: Sequence[tuple[int, int]], part: str) -> list[tuple[int, int]]:
    own = [pair for pair in pairs if part_of(names[pair[0]]) == part]
    near = [pair for pair in own if any(_is(names[pair[0]], word) for word in _PROXIMAL.get(part, ()))]
    return near or own


def _held(names: Sequence[str], pairs: Sequence[tuple[int, int]], part: str) -> list[tuple[int, int]]:
    for parent in _PARENTS.get(part, ("shoulders", "pelvis")):
        held = [pair for pair in pairs if part_of(names[pair[0]]) == parent]
        if held:
            return held
    return []


def _share(ahead: NDArray, up: NDArray, right: NDArray, size_m: float) -> NDArray:
    forward = np.cross(up, right)
    length = np.linalg.norm(forward, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        value = np.sum(ahead * forward, axis=1) / length / size_m
    return np.where(np.isfinite(value), np.clip(np.nan_to_num(value), -1.0, 1.0), 0.0)


def _is(name: str, word: str) -> bool:
    short = stem(name)
    return short.startswith(word) or short.endswith(word)


def _mean_side(points: NDArray, pairs: Sequence[tuple[int, int]]) -> NDArray:
    """Mean vector from left to right, shape (time, 3); NaN where no pair is whole."""
    if not pairs:
        return np.full((len(points), 3), np.nan)
    return _mean(np.stack([points[:, r] - points[:, left] for r, left in pairs], axis=1))


def _lateral(
    points: NDArray, names: Sequence[str], pairs: Sequence[tuple[int, int]], parts: Sequence[str]
) -> NDArray:
    return _mean_side(points, [pair for pair in pairs if part_of(names[pair[0]]) in parts] or list(pairs))


def _up(points: NDArray, names: Sequence[str], upper: Sequence[str], lower: Sequence[str]) -> NDArray:
    ends = [[place for place, name in enumerate(names) if part_of(name) in parts] for parts in (upper, lower)]
    if not ends[0] or not ends[1]:
        return np.full((len(points), 3), np.nan)
    return _mean(points[:, ends[0]]) - _mean(points[:, ends[1]])


def _middle(
    points: NDArray, names: Sequence[str], words: Sequence[str], pairs: Sequence[tuple[int, int]]
) -> NDArray:
    return _balanced(points, [i for i, name in enumerate(names) if any(_is(name, word) for word in words)], pairs)


def _middle_of_parts(
    points: NDArray, names: Sequence[str], parts: Sequence[str], pairs: Sequence[tuple[int, int]]
) -> NDArray:
    return _balanced(points, [i for i, name in enumerate(names) if part_of(name) in parts], pairs)


def _balanced(points: NDArray, places: Sequence[int], pairs: Sequence[tuple[int, int]]) -> NDArray:
    """Mean of points and of middles of pairs that are whole, shape (time, 3): one side alone would pull it over."""
    own = set(places)
    middles = [(points[:, r] + points[:, left]) / 2 for r, left in pairs if r in own and left in own]
    paired = {place for pair in pairs for place in pair}
    middles += [points[:, place] for place in places if place not in paired]
    return _mean(np.stack(middles, axis=1)) if middles else np.full((len(points), 3), np.nan)


def _mean(points: NDArray) -> NDArray:
    seen = np.isfinite(points).all(axis=2)
    count = seen.sum(axis=1)[:, None]
    total = np.where(seen[..., None], points, 0.0).sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
