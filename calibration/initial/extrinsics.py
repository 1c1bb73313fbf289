"""Where the cameras stand to each other: pairwise poses from shared boards, joined along a spanning tree.

Each planar view allows two poses of the board, often almost equally well. Which of them is right is not guessed
per view: between two cameras that stand still, only the right choices give the same relative pose in every frame.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from calibration.errors import ViewGraphError
from calibration.rigid import inverse

MIN_SHARED_VIEWS = 3
_MAX_PAIR_FRAMES = 24
_CONSENSUS = 0.25  # rad, or share of the distance to the board, within which two relative poses agree
_IRLS_ROUNDS = 20
_MEAN_SETTLED = 1e-5  # rad and m: a start needs no more


@dataclass(frozen=True, eq=False)
class PairPose:
    """Relative pose of two cameras.

    Attributes
    ----------
    every_i_from_j : ndarray, shape (agreeing, 4, 4)
        Of the frames that agree on one relative pose.
    n_shared : int
        Frames that both cameras saw.
    scale : float
        Distance to the board in m, in which translations are compared with angles.
    """

    every_i_from_j: NDArray
    n_shared: int
    scale: float

    @property
    def n_agreeing(self) -> int:
        """Frames that agree."""
        return len(self.every_i_from_j)

    def i_from_j(self) -> NDArray:
        """Return the mean of the relative poses, shape (4, 4)."""
        return _robust_mean(self.every_i_from_j, self.scale)


def pair_pose(cam_i_from_board: NDArray, cam_j_from_board: NDArray) -> PairPose | None:
    """Find the relative pose on which most frames agree.

    Parameters
    ----------
    cam_i_from_board, cam_j_from_board : ndarray, shape (frame, 2, 4, 4)
        The two poses that each view allows; NaN where there is none.

    Returns
    -------
    PairPose or None
        None when the cameras share no frame.
    """
    shared = np.isfinite(cam_i_from_board[:, 0, 0, 0]) & np.isfinite(cam_j_from_board[:, 0, 0, 0])
    frames = np.flatnonzero(shared)
    if not len(frames):
        return None
    few = frames[np.unique(np.linspace(0, len(frames) - 1, _MAX_PAIR_FRAMES).astype(int))]
    relative = _combinations(cam_i_from_board[few], cam_j_from_board[few])
    # Translations are compared in units of the distance to the board, so that they count like angles.
    scale = float(np.nanmedian(np.linalg.norm(cam_i_from_board[few][..., :3, 3], axis=-1)))
    scale = max(scale, float(np.nanmedian(np.linalg.norm(cam_j_from_board[few][..., :3, 3], axis=-1))))
    votes = relative.reshape(-1, 4, 4)
    votes = votes[np.isfinite(votes[:, 0, 0])]
    gaps = _gap(votes[:, None, None], relative, scale).min(axis=2)
    winner = votes[int(np.minimum(gaps, _CONSENSUS).sum(axis=1).argmin())]
    every = _combinations(cam_i_from_board[frames], cam_j_from_board[frames])
    gaps = _gap(winner, every, scale)
    agreeing = gaps.min(axis=1) < _CONSENSUS
    chosen = every[np.flatnonzero(agreeing), gaps[agreeing].argmin(axis=1)]
    return PairPose(chosen, len(frames), scale)


def _combinations(cam_i_from_board: NDArray, cam_j_from_board: NDArray) -> NDArray:
    """All i_from_j, shape (frame, 4, 4, 4), that the two poses of both views allow."""
    board_from_cam_j = inverse(cam_j_from_board)
    combined = cam_i_from_board[:, :, None] @ board_from_cam_j[:, None, :]
    return combined.reshape(len(combined), 4, 4, 4)


def _gap(one: NDArray, many: NDArray, scale: float) -> NDArray:
    """Angle plus scaled distance between poses, shape (..., 4, 4), that broadcast; infinite for NaN."""
    trace = np.einsum("...ij,...ij->...", one[..., :3, :3], many[..., :3, :3])
    angle = np.arccos(np.clip((trace - 1.0) / 2.0, -1.0, 1.0))
    off = many[..., :3, 3] - one[..., :3, 3]
    shift = np.sqrt(np.einsum("...i,...i->...", off, off))
    total = angle + shift / scale
    return np.where(np.isnan(total), np.inf, total)


def _robust_mean(poses: NDArray, scale: float) -> NDArray:
    """Geometric (L1) mean of poses, shape (pose, 4, 4), by reweighted chordal means."""
    weights, mean = np.ones(len(poses)), poses[0]
    for _ in range(_IRLS_ROUNDS):
        before, total = mean, weights / weights.sum()
        left, _, right = np.linalg.svd(np.tensordot(total, poses[:, :3, :3], 1))
        mean = np.eye(4)
        mean[:3, :3] = left @ np.diag([1.0, 1.0, np.linalg.det(left @ right)]) @ right
        mean[:3, 3] = total @ poses[:, :3, 3]
        if np.abs(mean - before).max() < _MEAN_SETTLED:
            break
        weights = 1.0 / np.maximum(_gap(mean, poses, scale), 1e-6)
    return mean


def place_cameras(candidates: NDArray, names: tuple[str, ...]) -> NDArray:
    """Place all cameras in the frame of the best-connected one.

    Parameters
    ----------
    candidates : ndarray, shape (camera, frame, 2, 4, 4)
        cam_from_board, the two poses of each view, NaN where there is none.
    names : tuple of str
        For the error text.

    Returns
    -------
    ndarray, shape (camera, 4, 4)
        cam_from_root.

    Raises
    ------
    ViewGraphError
        CAMERAS_NOT_CONNECTED when the cameras fall into groups without enough shared views.
    """
    n_cameras = len(candidates)
    pairs: dict[tuple[int, int], PairPose] = {}
    strength = np.zeros((n_cameras, n_cameras), dtype=int)
    for i in range(n_cameras):
        for j in range(i + 1, n_cameras):
            pose = pair_pose(candidates[i], candidates[j])
            if pose is not None and pose.n_agreeing >= MIN_SHARED_VIEWS:
                pairs[i, j] = pose
                strength[i, j] = strength[j, i] = pose.n_agreeing
    check_connected(strength, names)
    root = int(strength.sum(axis=1).argmax())
    cam_from_root = np.full((n_cameras, 4, 4), np.nan)
    cam_from_root[root] = np.eye(4)
    placed = {root}
    # Prim's maximum spanning tree: the strongest link to any camera that has a place already.
    while len(placed) < n_cameras:
        inside = np.zeros(n_cameras, dtype=bool)
        inside[list(placed)] = True
        links = np.where(~inside[:, None] & inside[None, :], strength, -1)
        new, old = (int(index) for index in np.unravel_index(links.argmax(), links.shape))
        new_from_old = pairs[new, old].i_from_j() if new < old else inverse(pairs[old, new].i_from_j())
        cam_from_root[new] = new_from_old @ cam_from_root[old]
        placed.add(new)
    return cam_from_root


def check_connected(shared: NDArray, names: tuple[str, ...], remedy: str = "") -> None:
    """Refuse cameras that fall into groups.

    Parameters
    ----------
    shared : ndarray of int, shape (camera, camera)
        Frames that two cameras share; below MIN_SHARED_VIEWS is no link.
    names : tuple of str
    remedy : str
        What would connect them, where more is known of it than that they have to share views.

    Raises
    ------
    ViewGraphError
        CAMERAS_NOT_CONNECTED, naming the groups and the number of shared views of every pair.
    """
    n_groups, group = connected_components(shared >= MIN_SHARED_VIEWS, directed=False)
    if n_groups == 1:
        return
    groups = [[name for name, own in zip(names, group, strict=True) if own == index] for index in range(n_groups)]
    counts = ", ".join(
        f"{names[i]}-{names[j]} {shared[i, j]}" for i in range(len(names)) for j in range(i + 1, len(names))
    )
    raise ViewGraphError(
        f"The cameras fall into {n_groups} groups that share fewer than {MIN_SHARED_VIEWS} consistent views of the "
        f"board: {' | '.join(' '.join(group) for group in groups)}. Shared views: {counts}.",
        remedy or "Hold the board where cameras of different groups see it at the same time, for a few seconds each.",
        code="CAMERAS_NOT_CONNECTED",
    )
