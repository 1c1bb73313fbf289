"""First estimates from one camera alone: its lens, and where the board stood in each of its views.

Only one focal length, k1 and k2 are estimated here, in that order and with the principal point held in the middle
of the image, because a free start falls into far minima; the joint refinement frees the rest.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.errors import BoardError, SolverError
from calibration.initial.outliers import sound_corners
from calibration.initial.planar import focal_from_homographies, homographies, planar_poses
from calibration.lens import undistort
from calibration.rigid import apply, inverse
from calibration.solve.bundle import BundleProblem, LensPrior, minimise
from calibration.solve.bundle_system import (
    N_CAMERA,
    N_LENS,
    BundleState,
    Views,
    board_views,
    lens_coefficients,
    squared_errors,
)
from calibration.views import spread_views

_MAX_VIEWS = 15
_FOCAL_GUESSES = (0.5, 0.8, 1.2, 1.8, 3.0)  # in longer sides of the image
_FISHEYE_GUESSES = (0.25, 0.32, 0.4, 0.5, 0.65, 0.85)
_GOOD_RMS = 0.004  # in longer sides of the image: 5 px of 1280
_MISMATCH = 0.08  # of the board's extent in the image; lenses bend a board by 0.03 at most
_FOCAL_RANGE = (0.15, 12.0)  # in longer sides of the image
_SQUARE_SD_PX = 1e-3  # of fx - fy while one focal length is estimated
_K1_SD = 0.5
_FISHEYE_FROM = 0.0005  # in longer sides of the image: where two coefficients leave no more, no other lens is tried
_FISHEYE_GAIN = 0.7  # noise of a fisheye over that of Brown's two coefficients from which on it is one
_ROBUST_SIGMAS = 3.0
_TOLERANCE = 1e-3  # a start need not be sharper


@dataclass(frozen=True, eq=False)
class LensEstimate:
    """A lens from one camera's views.

    Attributes
    ----------
    parameters : ndarray, shape (12,)
        fx, fy, cx, cy, k1 k2 p1 p2 k3 k4 k5 k6 (fisheye: k1 k2 k3 k4 0 0 0 0).
    fisheye : bool
    rms_px : float
        Distance from corner to model over the views used.
    n_views : int
        Views used.
    """

    parameters: NDArray
    fisheye: bool
    rms_px: float
    n_views: int


def estimate_lens(
    pixels: NDArray,
    corners_board: NDArray,
    size: tuple[int, int],
    fisheye: bool | None,
    camera: str,
    faces: tuple[NDArray, ...] | None = None,
) -> LensEstimate:
    """Estimate the lens of one camera from its views of a board.

    Parameters
    ----------
    pixels : ndarray, shape (view, corner, 2)
        NaN where not seen; views as `usable_views` accepts them.
    corners_board : ndarray, shape (corner, 3)
        Metres.
    size : tuple of int
        Image width and height, px.
    fisheye : bool or None
        Equidistant model in place of Brown's; None for whichever explains the views.
    camera : str
        For the error text.
    faces : tuple of ndarray of int, optional
        Corners that lie in one plane, face by face; all of them when left out.

    Raises
    ------
    BoardError
        BOARD_MISMATCH when the corners do not lie as on a plane board of this description.
    SolverError
        NO_LENS when no focal length explains the views.
    """
    chosen = pixels[spread_views(pixels, _MAX_VIEWS)]
    faces = (np.arange(len(corners_board)),) if faces is None else faces
    check_board(chosen, corners_board, faces, camera)
    longer = max(size)
    parameters, rms, spread = (_fisheye_fit if fisheye else _brown_fit)(chosen, corners_board, size, faces)
    if fisheye is None and not (spread < _FISHEYE_FROM * longer and rms < 0.5 * _GOOD_RMS * longer):
        other = _fisheye_fit(chosen, corners_board, size, faces)
        # By the median, as one view with a wrong pose tells nothing of the lens; unless Brown's would be refused.
        fisheye = bool(other[2] < _FISHEYE_GAIN * spread or other[1] < _GOOD_RMS * longer < 0.25 * rms)
        parameters, rms, _ = other if fisheye else (parameters, rms, spread)
    if not (np.isfinite(parameters).all() and rms < 4 * _GOOD_RMS * longer and _plausible(parameters[0], longer)):
        raise SolverError(
            f"Camera '{camera}': no lens explains its {len(chosen)} views of the board (best: {rms:.1f} px RMS).",
            "Check that the board's squares and sizes are as described, and film it slanted, near and far.",
            code="NO_LENS",
        )
    return LensEstimate(parameters, bool(fisheye), rms, len(chosen))


def check_board(pixels: NDArray, corners_board: NDArray, faces: tuple[NDArray, ...], camera: str) -> None:
    """Refuse corners that no homography brings near the board: ids of another layout, or a bent board.

    Parameters
    ----------
    pixels : ndarray, shape (view, corner, 2)
        NaN where not seen.
    corners_board : ndarray, shape (corner, 3)
    faces : tuple of ndarray of int
        Corners that lie in one plane, face by face.
    camera : str
        For the error text.

    Raises
    ------
    BoardError
        BOARD_MISMATCH
    """
    off = _board_miss(pixels, corners_board, faces)
    if off > _MISMATCH:  # wrong corners here and there are no other board
        off = _board_miss(pixels, corners_board, faces, only_sound=True)
    if off > _MISMATCH:
        raise BoardError(
            f"Camera '{camera}': the corners do not lie as on this board (off by {100 * off:.0f} % of its extent in "
            "the image).",
            "Check squares_x, squares_y, dictionary and legacy in board.toml against the printed board.",
            code="BOARD_MISMATCH",
        )


def _board_miss(pixels: NDArray, corners_board: NDArray, faces: tuple[NDArray, ...], only_sound: bool = False) -> float:
    """Median over views of the RMS distance from the best homography, as a share of the board's extent; 0 without."""
    misses = []
    for face in faces:
        plane = apply(_face_from_board(corners_board[face]), corners_board[face])[:, :2]
        image = pixels[:, face]
        if only_sound:
            image = np.where(sound_corners(image, plane)[0][..., None], image, np.nan)
        matrix = homographies(plane, image)
        mapped = np.insert(plane, 2, 1.0, axis=1) @ np.swapaxes(matrix, 1, 2)
        with np.errstate(invalid="ignore", divide="ignore"):
            off = mapped[..., :2] / mapped[..., 2:] - image
        good = np.isfinite(matrix).all(axis=(1, 2))
        extent = np.linalg.norm(np.nanmax(image[good], axis=1) - np.nanmin(image[good], axis=1), axis=1)
        misses.append(np.sqrt(np.nanmean((off[good] ** 2).sum(axis=-1), axis=1)) / extent)
    every = np.concatenate(misses)
    return float(np.median(every)) if len(every) else 0.0


def _plausible(focal: float, longer: int) -> bool:
    return bool(_FOCAL_RANGE[0] * longer < focal < _FOCAL_RANGE[1] * longer)


def _brown_fit(
    pixels: NDArray, corners_board: NDArray, size: tuple[int, int], faces: tuple[NDArray, ...]
) -> tuple[NDArray, float, float]:
    """As `_staged`, from the best of several focal lengths."""
    longer = max(size)
    centre = (np.array(size) - 1) / 2
    planes = [apply(_face_from_board(corners_board[face]), corners_board[face])[:, :2] for face in faces]
    flat = np.concatenate([homographies(plane, pixels[:, face]) for plane, face in zip(planes, faces, strict=True)])
    focal = focal_from_homographies(flat, centre)
    guesses = [focal] if _plausible(focal, longer) else []
    best, best_rms, best_spread = np.full(N_LENS, np.nan), np.inf, np.inf
    for guess in [*guesses, *(factor * longer for factor in _FOCAL_GUESSES)]:
        parameters, rms, spread = _staged(pixels, corners_board, _lens_of(guess, centre), False, faces)
        if rms < best_rms and _plausible(parameters[0], longer):
            best, best_rms, best_spread = parameters, rms, spread
        if best_rms < _GOOD_RMS * longer:
            break
    return best, best_rms, best_spread


def _lens_of(focal: float, centre: NDArray) -> NDArray:
    lens = np.zeros(N_LENS)
    lens[:2], lens[2:4] = focal, centre
    return lens


def _staged(
    pixels: NDArray, corners_board: NDArray, lens: NDArray, fisheye: bool, faces: tuple[NDArray, ...]
) -> tuple[NDArray, float, float]:
    """Free the focal length and k1, then k2; return the lens, the RMS distance and the noise of a coordinate in px."""
    poses, _ = board_candidates(pixels, corners_board, lens, fisheye, faces)
    placed = np.isfinite(poses[:, 0, 0, 0])
    if not placed.any():
        return np.full(N_LENS, np.nan), np.inf, np.inf
    views = board_views(pixels[None, placed], np.array([fisheye]), corners_board)
    state = BundleState(lens[None], np.eye(4)[None], poses[placed, 0])
    free = np.zeros((1, N_CAMERA), dtype=bool)
    free[0, [0, 1, 4]] = True
    precision = np.zeros((1, N_LENS))
    precision[0, 4:6] = 1 / _K1_SD**2
    prior = LensPrior(np.zeros((1, N_LENS)), precision, np.array([1 / _SQUARE_SD_PX**2]))
    try:
        for last in (4, 5):
            free[0, last] = True
            sigma = np.maximum(_spread(state, views), 1e-6)
            state = minimise(BundleProblem(views, free, prior), state, sigma, _ROBUST_SIGMAS, _TOLERANCE).state
    except SolverError:
        return np.full(N_LENS, np.nan), np.inf, np.inf
    squares = squared_errors(state, views)[views.seen]
    return state.lenses[0], float(np.sqrt(squares.mean())), float(_spread(state, views)[0])


def _spread(state: BundleState, views: Views) -> NDArray:
    """Noise of one coordinate of a corner by the median distance, shape (1,), px."""
    squares = squared_errors(state, views)[views.seen]
    return np.array([np.sqrt(np.median(squares) / (2 * np.log(2.0)))])


def _fisheye_fit(
    pixels: NDArray, corners_board: NDArray, size: tuple[int, int], faces: tuple[NDArray, ...]
) -> tuple[NDArray, float, float]:
    """Try focal lengths of the ideal equidistant lens, refine the best; the joint refinement frees the rest."""
    best, best_rms = np.full(N_LENS, np.nan), np.inf
    for factor in _FISHEYE_GUESSES:
        lens = _lens_of(factor * max(size), (np.array(size) - 1) / 2)
        _, rms = board_candidates(pixels, corners_board, lens, True, faces)
        total = float(np.median(np.nan_to_num(rms[:, 0], nan=1e6)))
        if total < best_rms:
            best, best_rms = lens, total
    fit = _staged(pixels, corners_board, best, True, faces)
    sound = np.isfinite(fit[0]).all() and _plausible(fit[0][0], max(size))
    return fit if sound else (best, best_rms, best_rms)


def board_candidates(
    pixels: NDArray, corners_board: NDArray, lens: NDArray, fisheye: bool, faces: tuple[NDArray, ...] | None = None
) -> tuple[NDArray, NDArray]:
    """Return the two best poses that each view allows: of a flat board the two that look alike.

    Parameters
    ----------
    pixels : ndarray, shape (view, corner, 2)
        NaN where not seen.
    corners_board : ndarray, shape (corner, 3)
    lens : ndarray, shape (12,)
    fisheye : bool
    faces : tuple of ndarray of int, optional
        Corners that lie in one plane, face by face; all of them when left out.

    Returns
    -------
    cam_from_board : ndarray, shape (view, 2, 4, 4)
        The better one first; NaN where there is none.
    rms_px : ndarray, shape (view, 2)
        Distance from corner to model; NaN where there is no pose.
    """
    faces = (np.arange(len(corners_board)),) if faces is None else faces
    normalised, _ = undistort((pixels - lens[2:4]) / lens[:2], lens_coefficients(lens, fisheye), fisheye)
    found = []
    for face in faces:
        face_from_board = _face_from_board(corners_board[face])
        plane = apply(face_from_board, corners_board[face])[:, :2]
        found.append(planar_poses(plane, normalised[:, face]) @ face_from_board)
    poses = np.concatenate(found, axis=1)
    every = [_rms(one, pixels, corners_board, lens, fisheye) for one in np.swapaxes(poses, 0, 1)]
    rms = np.stack(every, axis=1)
    poses[np.isnan(rms)] = np.nan
    order = np.argsort(rms, axis=1)[:, :2]  # NaN last
    return np.take_along_axis(poses, order[..., None, None], axis=1), np.take_along_axis(rms, order, axis=1)


def _face_from_board(corners: NDArray) -> NDArray:
    """A frame, shape (4, 4), whose z = 0 is the plane of these corners; the board's own where that is it already."""
    if not corners[:, 2].any():
        return np.eye(4)
    centre = corners.mean(axis=0)
    axes = np.linalg.svd(corners - centre, full_matrices=False)[2]
    board_from_face = np.eye(4)
    board_from_face[:3, 0], board_from_face[:3, 1] = axes[0], axes[1]
    board_from_face[:3, 2], board_from_face[:3, 3] = np.cross(axes[0], axes[1]), centre
    return inverse(board_from_face)


def _rms(cam_from_board: NDArray, pixels: NDArray, corners_board: NDArray, lens: NDArray, fisheye: bool) -> NDArray:
    """RMS distance, shape (view,), in px; NaN without a pose, or with a seen corner behind the camera."""
    there = np.isfinite(cam_from_board).all(axis=(1, 2))
    safe = np.where(there[:, None, None], cam_from_board, np.eye(4))
    views = board_views(pixels[None], np.array([fisheye]), corners_board)
    squares = squared_errors(BundleState(lens[None], np.eye(4)[None], safe), views)
    answer = np.full(len(pixels), np.nan)
    answer[views.body] = np.sqrt(squares.sum(axis=1) / np.maximum(views.seen.sum(axis=1), 1))
    answer[~there | ~np.isfinite(answer)] = np.nan
    return answer
