"""Footage that cannot be of its calibrated camera: names exchanged, images turned, mirrored, or of another size.

Each suspicion is a way to undo it; the one after which the cameras agree is the cause. What one cause explains is
not blamed on two.
"""

from dataclasses import dataclass, replace
from itertools import combinations, permutations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment, minimize

from calibration.in_use.agreement import Evidence, Role, pair_table
from calibration.in_use.image_motion import ImageChange, possible_scales, possible_turns

_MUCH_BETTER = 0.75  # score with a fault undone over that without
_PLAUSIBLE_SHARE = 0.0125  # of the longer side: no detector is worse, see the reconstruction's own limit
_HELPS = 0.95
_FIRST_SHIFT_PX = 50.0
_SIMPLER = 1.25  # a simpler cause may leave so much more
_SUSPICIOUS_SHARE = 0.005
_SUSPICIOUS_RATIO = 1.6  # of the worst pair to the best
_ALIKE_RATIO = 3.0  # of the pairs with undone faults to those that are as named: one noise is in both
_MOST_TRIED = 6  # pairs of cameras of which all orders are tried, from the best


@dataclass(frozen=True)
class FootageFault:
    """What is wrong with the footage of some cameras.

    Attributes
    ----------
    code : str
        CAMERAS_SWAPPED, CAMERA_ROTATED, CAMERA_MIRRORED, IMAGE_SIZE or IMAGE_CROPPED.
    cameras : tuple of str
        Whose footage it is.
    change : ImageChange or None
        What was done to the images.
    belongs_to : tuple of str
        CAMERAS_SWAPPED: the camera of the calibration that the footage of each of `cameras` fits.
    before_px, after_px : float
        Disagreement of the cameras as they are and with the fault undone.
    """

    code: str
    cameras: tuple[str, ...]
    change: ImageChange | None
    belongs_to: tuple[str, ...]
    before_px: float
    after_px: float

    @property
    def cause(self) -> str:
        """What is wrong, in one sentence."""
        who = ", ".join(f"'{name}'" for name in self.cameras)
        gain = f"undone, the cameras agree to {self.after_px:.1f} px instead of {self.before_px:.1f} px"
        if self.code == "CAMERAS_SWAPPED":
            pairs = ", ".join(f"'{a}' is of camera '{b}'" for a, b in zip(self.cameras, self.belongs_to, strict=True))
            return f"Cameras are exchanged against the calibration: the footage named {pairs}; {gain}."
        done = self.change.describe() if self.change else ""
        return f"The images of {who} are {done} against the calibration; {gain}."

    @property
    def remedy(self) -> str:
        """What to do about it."""
        return _REMEDIES[self.code]


_REMEDIES = {
    "CAMERAS_SWAPPED": "Give each file the name of the camera that took it, or calibrate again.",
    "CAMERA_ROTATED": "Switch off the rotation of the recording or conversion software, or calibrate with footage "
    "that is turned alike.",
    "CAMERA_MIRRORED": "Switch off the mirror option of the recording software, or flip the videos back.",
    "IMAGE_CROPPED": "Use the whole images, or move the principal points of the calibration by as much.",
    "IMAGE_SIZE": "Record at the calibrated size, or rescale the calibration with mocap convert.",
}
_CODES = {
    "turned": "CAMERA_ROTATED", "mirrored": "CAMERA_MIRRORED", "flipped": "CAMERA_MIRRORED", "scaled": "IMAGE_SIZE",
    "cropped": "IMAGE_CROPPED",
}  # fmt: skip


def suspicious(evidence: Evidence) -> bool:
    """Return whether some pairs of cameras disagree by more than good footage does, or than the others."""
    table = pair_table(evidence, evidence.as_named())
    pairs = table[np.isfinite(table)]
    longest = max(max(camera.size) for camera in evidence.rig)
    return bool(len(pairs) and pairs.max() > min(_SUSPICIOUS_SHARE * longest, _SUSPICIOUS_RATIO * pairs.min()))


def footage_fault(evidence: Evidence) -> FootageFault | None:
    """Return the one fault that, undone, brings the cameras into agreement; None when none does.

    Parameters
    ----------
    evidence : Evidence

    Raises
    ------
    CalibrationError
        NOTHING_SHARED
    """
    named = evidence.as_named()
    before = evidence.score(named)
    longest = max(max(camera.size) for camera in evidence.rig)
    limit = min(_MUCH_BETTER * before, _PLAUSIBLE_SHARE * longest)
    _prepare(evidence)
    ways = [*_changed(evidence, possible_turns()), *_changed(evidence, possible_scales()), swapped(evidence)]
    ways = [roles for roles in ways if _fits(evidence, roles)]
    scored = sorted(((evidence.score(roles), _n_changed(roles, named), roles) for roles in ways), key=lambda s: s[:2])
    if not scored or scored[0][0] > limit:
        return None
    after, _, roles = min((s for s in scored if s[0] <= _SIMPLER * scored[0][0]), key=lambda s: (s[1], s[0]))
    if all(role.change is not None and role.change.kind == "scaled" for role in roles):
        cropped = _all_cropped(evidence)
        if evidence.score(cropped) < _MUCH_BETTER * after:
            after, roles = evidence.score(cropped), cropped
    return _fault(evidence, roles, before, after)


def _all_cropped(evidence: Evidence) -> tuple[Role, ...]:
    """Return all footage as if shifted alike, by what makes the cameras agree best: cropped on one side."""

    def roles(shift: NDArray) -> tuple[Role, ...]:
        change = ImageChange("cropped", shift_px=(round(float(shift[0]), 2), round(float(shift[1]), 2)))
        return tuple(replace(role, change=change) for role in evidence.as_named())

    simplex = _FIRST_SHIFT_PX * np.array([(0.0, 0.0), (1.0, 0.0), (0.0, 1.0)])
    found = minimize(
        lambda shift: evidence.score(roles(shift)), simplex[0], method="Nelder-Mead",
        options={"initial_simplex": simplex, "xatol": 0.5, "fatol": 0.05},
    )  # fmt: skip
    return roles(found.x)


def _prepare(evidence: Evidence) -> None:
    n = range(len(evidence.rig))
    changed = [Role(i, i, change) for i in n for change in (*possible_turns(), *possible_scales())]
    evidence.prepare((*changed, *(Role(i, a) for i in n for a in n)))


def _fits(evidence: Evidence, roles: tuple[Role, ...]) -> bool:
    """Return whether undone footage agrees about as well as what is left as named; true where nothing tells.

    A camera that was knocked, or whose images are cropped, agrees somewhat better for being mirrored or rescaled, and
    still stands out.
    """
    named = evidence.as_named()
    undone = np.array([one != other for one, other in zip(roles, named, strict=True)])
    table = pair_table(evidence, roles)
    of_undone = undone[:, None] | undone
    kept, mended = (table[mask & np.isfinite(table)] for mask in (~of_undone, of_undone))
    if not len(kept) or not len(mended):
        return True
    longest = max(max(camera.size) for camera in evidence.rig)
    limit = max(_ALIKE_RATIO * float(np.sqrt(np.mean(kept**2))), _SUSPICIOUS_SHARE * longest)
    return bool(np.sqrt(np.mean(mended**2)) <= limit)


def _n_changed(roles: tuple[Role, ...], named: tuple[Role, ...]) -> int:
    return sum(one != other for one, other in zip(roles, named, strict=True))


def _changed(evidence: Evidence, changes: tuple[ImageChange, ...]) -> list[tuple[Role, ...]]:
    """Return for each change the best set of cameras that it may have been made to."""
    named = evidence.as_named()
    ways = []
    for change in changes:
        roles, score = named, evidence.score(named)
        # One camera after the other, as long as each helps; and all of them at once.
        for _ in range(len(named) - 1):
            trials = [_with(roles, index, change) for index in range(len(roles)) if roles[index].change is None]
            best = min(trials, key=evidence.score)
            if evidence.score(best) >= _HELPS * score:
                break
            roles, score = best, evidence.score(best)
            ways.append(roles)
        ways.append(tuple(replace(role, change=change) for role in named))
    return ways


def _with(roles: tuple[Role, ...], index: int, change: ImageChange) -> tuple[Role, ...]:
    return (*roles[:index], replace(roles[index], change=change), *roles[index + 1 :])


def swapped(evidence: Evidence) -> tuple[Role, ...]:
    """Return the assignment of footage to cameras on which all pairs agree best.

    Two pieces of footage are tried as every ordered pair of cameras; the rest follows by an assignment problem, and
    exchanges improve it as long as they can.
    """
    n = len(evidence.rig)
    shared = evidence.shared()
    np.fill_diagonal(shared, -1)
    first, second = (int(index) for index in np.unravel_index(int(shared.argmax()), shared.shape))
    squares = _squares(evidence)
    cost = np.sqrt(np.nan_to_num(squares, nan=evidence.cap_px**2))
    starts = sorted(permutations(range(n), 2), key=lambda pair: cost[first, pair[0], second, pair[1]])
    best = np.arange(n)
    least = _means(squares, best[None])[0]
    for start in starts[: _MOST_TRIED * n]:
        cameras, score = _improved(squares, _assigned(cost, (first, second), start))
        if score < least - 1e-9:
            best, least = cameras, score
    return tuple(Role(index, int(camera)) for index, camera in enumerate(best))


def _squares(evidence: Evidence) -> NDArray:
    """Squared distances of any footage as any camera to any other so, (footage, camera, footage, camera)."""
    n = len(evidence.rig)
    squares = np.full((n, n, n, n), np.nan)
    for i, j in combinations(range(n), 2):
        for a, b in permutations(range(n), 2):
            squares[i, a, j, b] = squares[j, b, i, a] = evidence.distance(Role(i, a), Role(j, b)) ** 2
    return squares


def _means(squares: NDArray, cameras: NDArray) -> NDArray:
    """Mean square over all pairs of each assignment, (assignment, footage) of cameras; infinite for none."""
    footage = np.arange(cameras.shape[1])
    own = squares[footage[:, None], cameras[:, :, None], footage[None, :], cameras[:, None, :]]
    known = np.isfinite(own)
    count = known.sum(axis=(1, 2))
    return np.where(count > 0, np.where(known, own, 0.0).sum(axis=(1, 2)) / np.maximum(count, 1), np.inf)


def _assigned(cost: NDArray, footage: tuple[int, int], cameras: tuple[int, int]) -> NDArray:
    """Cameras of all footage, where those of two are given and the others fit to these best."""
    n = len(cost)
    left = [index for index in range(n) if index not in footage]
    free = [index for index in range(n) if index not in cameras]
    table = sum(cost[np.ix_(left, free)][:, :, j, b] for j, b in zip(footage, cameras, strict=True))
    answer = np.empty(n, int)
    answer[list(footage)] = cameras
    if left:
        rows, columns = linear_sum_assignment(np.asarray(table))
        answer[np.array(left)[rows]] = np.array(free)[columns]
    return answer


def _improved(squares: NDArray, cameras: NDArray) -> tuple[NDArray, float]:
    """Exchange two cameras as long as that helps; and the mean square after it."""
    score = float(_means(squares, cameras[None])[0])
    pairs = np.array(list(combinations(range(len(cameras)), 2)))
    rows = np.arange(len(pairs))
    for _ in range(len(cameras)):
        trials = np.tile(cameras, (len(pairs), 1))
        trials[rows, pairs[:, 0]], trials[rows, pairs[:, 1]] = cameras[pairs[:, 1]], cameras[pairs[:, 0]]
        scores = _means(squares, trials)
        best = int(np.argmin(scores))
        if scores[best] >= score:
            break
        cameras, score = trials[best], float(scores[best])
    return cameras, score


def _fault(evidence: Evidence, roles: tuple[Role, ...], before: float, after: float) -> FootageFault | None:
    names = evidence.rig.names
    changed = [role for role in roles if role.change is not None]
    if changed:
        change = changed[0].change
        assert change is not None
        return FootageFault(
            _CODES[change.kind], tuple(names[r.footage] for r in changed), change, (), before, after
        )  # fmt: skip
    moved = [role for role in roles if role.footage != role.camera]
    if not moved:
        return None
    to = tuple(names[role.camera] for role in moved)
    return FootageFault("CAMERAS_SWAPPED", tuple(names[r.footage] for r in moved), None, to, before, after)
