"""First estimates from one camera alone: its lens, and where the board stood in each of its views.

OpenCV does this part. Only one focal length, k1 and k2 are estimated here, in that order and with the principal
point held in the middle of the image, because a free start falls into far minima; the joint refinement frees
the rest. Source of the two poses a planar view allows: Collins and Bartoli, "Infinitesimal plane-based pose
estimation", 2014.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.bundle_system import N_LENS, lens_coefficients
from calibration.errors import BoardError, SolverError
from calibration.lens import distort, undistort
from calibration.rigid import from_rotvec
from calibration.views import spread_views

OPENCV_VERSION = cv2.__version__

_MAX_VIEWS = 15
_FOCAL_GUESSES = (0.5, 0.8, 1.2, 1.8, 3.0)  # in longer sides of the image
_FISHEYE_GUESSES = (0.25, 0.32, 0.4, 0.5, 0.65, 0.85)
_GOOD_RMS = 0.004  # in longer sides of the image: 5 px of 1280
_MISMATCH = 0.08  # of the board's extent in the image; lenses bend a board by 0.03 at most
_CRITERIA = (cv2.TERM_CRITERIA_COUNT + cv2.TERM_CRITERIA_EPS, 30, 1e-6)
_FOCAL_RANGE = (0.15, 12.0)  # in longer sides of the image


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
    pixels: NDArray, corners_board: NDArray, size: tuple[int, int], fisheye: bool, camera: str
) -> LensEstimate:
    """Estimate the lens of one camera from its views of a planar board.

    Parameters
    ----------
    pixels : ndarray, shape (view, corner, 2)
        NaN where not seen; views as `usable_views` accepts them.
    corners_board : ndarray, shape (corner, 3)
        Metres, z = 0.
    size : tuple of int
        Image width and height, px.
    fisheye : bool
        Equidistant model in place of Brown's.
    camera : str
        For the error text.

    Raises
    ------
    BoardError
        BOARD_MISMATCH when the corners do not lie as on a plane board of this description.
    SolverError
        NO_LENS when no focal length explains the views.
    """
    chosen = pixels[spread_views(pixels, _MAX_VIEWS)]
    _check_board(chosen, corners_board, camera)
    fit = _fisheye_fit if fisheye else _brown_fit
    with _one_thread():
        parameters, rms = fit(chosen, corners_board, size)
    longer = max(size)
    if not (np.isfinite(parameters).all() and rms < 4 * _GOOD_RMS * longer and _plausible(parameters[0], longer)):
        raise SolverError(
            f"Camera '{camera}': no lens explains its {len(chosen)} views of the board (best: {rms:.1f} px RMS).",
            "Check that the board's squares and sizes are as described, and film it slanted, near and far.",
            code="NO_LENS",
        )
    return LensEstimate(parameters, fisheye, rms, len(chosen))


@contextmanager
def _one_thread() -> Iterator[None]:
    # With several, OpenCV adds up in an order of its own each time, and two runs differ in the last digits.
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(threads)


def _check_board(pixels: NDArray, corners_board: NDArray, camera: str) -> None:
    """Refuse corners that no homography brings near the board: ids of another layout, or a bent board."""
    misses = []
    for view in pixels:
        seen = np.isfinite(view).all(axis=-1)
        matrix, _ = cv2.findHomography(corners_board[seen, :2], view[seen])
        if matrix is None:
            continue
        mapped = cv2.perspectiveTransform(corners_board[None, seen, :2], matrix)[0]
        extent = np.linalg.norm(np.ptp(view[seen], axis=0))
        misses.append(np.sqrt(np.mean(np.sum((mapped - view[seen]) ** 2, axis=1))) / extent)
    if misses and np.median(misses) > _MISMATCH:
        raise BoardError(
            f"Camera '{camera}': the corners do not lie as on this board (off by {100 * np.median(misses):.0f} % of "
            "its extent in the image).",
            "Check squares_x, squares_y, dictionary and legacy in board.toml against the printed board.",
            code="BOARD_MISMATCH",
        )


def _plausible(focal: float, longer: int) -> bool:
    return bool(_FOCAL_RANGE[0] * longer < focal < _FOCAL_RANGE[1] * longer)


def _brown_fit(pixels: NDArray, corners_board: NDArray, size: tuple[int, int]) -> tuple[NDArray, float]:
    longer = max(size)
    seen = np.isfinite(pixels).all(axis=-1)
    objects = [corners_board[one].astype(np.float32) for one in seen]
    images = [view[one].astype(np.float32) for view, one in zip(pixels, seen, strict=True)]
    try:
        focal = float(cv2.initCameraMatrix2D(objects, images, size, 1.0)[0, 0])
    except cv2.error:
        focal = np.nan
    guesses = [focal] if _plausible(focal, longer) else []
    best, best_rms = np.full(N_LENS, np.nan), np.inf
    for guess in [*guesses, *(factor * longer for factor in _FOCAL_GUESSES)]:
        parameters, rms = _staged(objects, images, size, guess)
        if rms < best_rms and _plausible(parameters[0], longer):
            best, best_rms = parameters, rms
        if best_rms < _GOOD_RMS * longer:
            break
    return best, best_rms


def _staged(objects: list, images: list, size: tuple[int, int], focal: float) -> tuple[NDArray, float]:
    matrix: NDArray = np.array([[focal, 0, (size[0] - 1) / 2], [0, focal, (size[1] - 1) / 2], [0, 0, 1.0]])
    distortion: NDArray = np.zeros(5)
    held = (
        cv2.CALIB_USE_INTRINSIC_GUESS
        | cv2.CALIB_FIX_ASPECT_RATIO
        | cv2.CALIB_FIX_PRINCIPAL_POINT
        | cv2.CALIB_ZERO_TANGENT_DIST
        | cv2.CALIB_FIX_K3
    )
    rms = np.inf
    try:
        for flags in (held | cv2.CALIB_FIX_K2, held):
            answer = cv2.calibrateCamera(objects, images, size, matrix, distortion, flags=flags, criteria=_CRITERIA)
            rms, matrix, distortion = answer[0], np.asarray(answer[1]), np.asarray(answer[2])
    except cv2.error:
        return np.full(N_LENS, np.nan), np.inf
    parameters = np.concatenate([matrix[[0, 1, 0, 1], [0, 1, 2, 2]], np.ravel(distortion)[:5], np.zeros(3)])
    return parameters, float(rms) if np.isfinite(parameters).all() else np.inf


def _fisheye_fit(pixels: NDArray, corners_board: NDArray, size: tuple[int, int]) -> tuple[NDArray, float]:
    """Try focal lengths of the ideal equidistant lens; the joint refinement bends it to the real one."""
    best, best_rms = np.full(N_LENS, np.nan), np.inf
    for factor in _FISHEYE_GUESSES:
        focal = factor * max(size)
        parameters = np.array([focal, focal, (size[0] - 1) / 2, (size[1] - 1) / 2, *np.zeros(8)])
        _, rms = board_candidates(pixels, corners_board, parameters, True)
        total = float(np.median(np.nan_to_num(rms[:, 0], nan=1e6)))
        if total < best_rms:
            best, best_rms = parameters, total
    return best, best_rms


def board_candidates(
    pixels: NDArray, corners_board: NDArray, lens: NDArray, fisheye: bool
) -> tuple[NDArray, NDArray]:
    """Return the two poses that each planar view allows.

    Parameters
    ----------
    pixels : ndarray, shape (view, corner, 2)
        NaN where not seen.
    corners_board : ndarray, shape (corner, 3)
    lens : ndarray, shape (12,)
    fisheye : bool

    Returns
    -------
    cam_from_board : ndarray, shape (view, 2, 4, 4)
        The better one first; NaN where there is none.
    rms_px : ndarray, shape (view, 2)
        Distance from corner to model; NaN where there is no pose.
    """
    coefficients = lens_coefficients(lens, fisheye)
    normalised, _ = undistort((pixels - lens[2:4]) / lens[:2], coefficients, fisheye)
    poses = np.full((len(pixels), 2, 4, 4), np.nan)
    for view, rays in enumerate(normalised):
        seen = np.isfinite(rays).all(axis=-1)
        if seen.sum() >= 4:
            _place_pair(poses[view], rays[seen], corners_board[seen])
    rms = np.full(poses.shape[:2], np.nan)
    for choice in (0, 1):
        rms[:, choice] = _rms(poses[:, choice], pixels, corners_board, lens, fisheye)
    poses[np.isnan(rms)] = np.nan
    order = np.argsort(rms, axis=1)  # NaN last
    return np.take_along_axis(poses, order[..., None, None], axis=1), np.take_along_axis(rms, order, axis=1)


def _place_pair(pair: NDArray, rays: NDArray, corners: NDArray) -> None:
    try:
        _, rotations, translations, _ = cv2.solvePnPGeneric(
            corners, rays[:, None], np.eye(3), None, flags=cv2.SOLVEPNP_IPPE
        )
    except cv2.error:
        return
    for choice, (rotation, translation) in enumerate(zip(rotations[:2], translations[:2], strict=True)):
        if np.isfinite(rotation).all() and np.isfinite(translation).all():
            pair[choice] = from_rotvec(rotation.ravel(), translation.ravel())


def _rms(cam_from_board: NDArray, pixels: NDArray, corners_board: NDArray, lens: NDArray, fisheye: bool) -> NDArray:
    coefficients = lens_coefficients(lens, fisheye)
    points_cam = corners_board @ cam_from_board[:, :3, :3].swapaxes(1, 2) + cam_from_board[:, None, :3, 3]
    seen = np.isfinite(pixels).all(axis=-1)
    with np.errstate(invalid="ignore", over="ignore"):
        depth = np.where(points_cam[..., 2:] > 1e-6, points_cam[..., 2:], np.nan)
        bent, _ = distort(points_cam[..., :2] / depth, coefficients, fisheye)
        squares = ((bent * lens[:2] + lens[2:4] - pixels) ** 2).sum(axis=-1)
        return np.sqrt(np.where(seen, squares, 0.0).sum(axis=-1) / np.maximum(seen.sum(axis=-1), 1))
