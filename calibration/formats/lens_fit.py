"""Say a lens in the words of another model: least squares over the image, with the residual told.

Every fit keeps the matrix and asks for the coefficients that bring the same rays to the same pixels; it is linear in
them, so the answer is the optimum. What is farther off than `MAX_RMS_PX` is refused.
"""


import numpy as np
from numpy.typing import NDArray

from calibration.camera import Camera
from calibration.digits import digits
from calibration.errors import FormatError

MAX_RMS_PX = 0.1
_GRID = 41
_GOOD_PX = 0.01  # of a radial lens about the principal point: nothing is won by another centre


def pixel_grid(size: tuple[int, int]) -> NDArray:
    """Return points, shape (41 * 41, 2), all over an image, its borders included, in px."""
    u, v = np.meshgrid(np.linspace(0, size[0] - 1, _GRID), np.linspace(0, size[1] - 1, _GRID))
    return np.stack([u.ravel(), v.ravel()], axis=1)


def as_brown(camera: Camera, terms: int = 5) -> tuple[NDArray, tuple[str, ...]]:
    """Return k1 k2 p1 p2 [k3] of a camera, fitted when it has others, with a note on the fit.

    Parameters
    ----------
    camera : Camera
    terms : int
        5, or 4 where the other format has no k3.

    Raises
    ------
    FormatError
        CALIBRATION_LENS for a fisheye, and where the fit is off by more than 0.1 px RMS.
    """
    own = camera.distortion
    if camera.fisheye:
        raise FormatError(
            f"Camera '{camera.name}' has a fisheye lens, which this format does not know.",
            "Choose a format with fisheye lenses: anipose, caliscope, kalibr, opencv for one camera.",
            code="CALIBRATION_LENS",
        )
    if not own[terms:].any():
        return own[:terms], ()
    pixels = pixel_grid(camera.size)
    rays, _ = camera.undistort(pixels)
    return fitted_brown(camera.name, pixels, rays, camera.matrix, terms)


def fitted_brown(
    name: str, pixels: NDArray, rays: NDArray, matrix: NDArray, terms: int = 5
) -> tuple[NDArray, tuple[str, ...]]:
    """Fit Brown's coefficients to pixels and their ideal rays.

    Parameters
    ----------
    name : str
        Of the camera.
    pixels, rays : ndarray, shape (n, 2)
        Px, and x/z, y/z; NaN rays are left out.
    matrix : ndarray, shape (3, 3)
    terms : int
        4 (k1 k2 p1 p2) or 5 (and k3).

    Returns
    -------
    coefficients : ndarray, shape (terms,)
    notes : tuple of str
        Residual of the fit.
    """
    known = np.isfinite(rays).all(axis=1)
    focal = np.array([matrix[0, 0], matrix[1, 1]])
    bent = (pixels - matrix[:2, 2]) / focal
    x, y = rays[known].T
    r2 = x * x + y * y
    columns = [(x * r2, y * r2), (x * r2**2, y * r2**2), (2 * x * y, r2 + 2 * y * y), (r2 + 2 * x * x, 2 * x * y)]
    columns.append((x * r2**3, y * r2**3))
    design = np.stack([np.stack(pair, axis=1) * focal for pair in columns[:terms]], axis=-1)
    answer, residual = _solved(design, (bent[known] - rays[known]) * focal)
    return answer, (_judged(name, residual, float(known.mean())),)


def fitted_inverse_radial(
    name: str, pixels: NDArray, rays: NDArray, matrix: NDArray
) -> tuple[NDArray, NDArray, tuple[str, ...]]:
    """Fit ideal = c + (pixel - c) (1 + a r² + b r⁴ + d r⁶), r in px from the centre c: Vicon's model.

    The centre is the principal point where that suffices; else it is fitted too: to first order, a radial lens about
    another centre is one with tangential terms. Same parameters as `fitted_brown`.

    Returns
    -------
    centre : ndarray, shape (2,)
        In px.
    coefficients : ndarray, shape (3,)
        In px⁻², px⁻⁴, px⁻⁶.
    notes : tuple of str
        Residual of the fit.
    """
    from scipy.optimize import least_squares  # a tenth of a second that `import calibration` must not cost

    known = np.isfinite(rays).all(axis=1)
    seen, ideal = pixels[known], rays[known] * np.array([matrix[0, 0], matrix[1, 1]]) + matrix[:2, 2]
    centre = matrix[:2, 2].copy()
    answer, residual = _radial_about(centre, seen, ideal)
    if np.isfinite(residual).all() and np.sqrt(np.mean((residual**2).sum(axis=1))) > _GOOD_PX:
        reach = np.ptp(pixels, axis=0) / 4
        found = least_squares(
            lambda place: _radial_about(place, seen, ideal)[1].ravel(), centre, bounds=(centre - reach, centre + reach)
        )
        centre = found.x
        answer, residual = _radial_about(centre, seen, ideal)
    return centre, answer, (_judged(name, residual, float(known.mean())),)


def _radial_about(centre: NDArray, seen: NDArray, ideal: NDArray) -> tuple[NDArray, NDArray]:
    """The best coefficients for a centre, and what they leave."""
    offset = seen - centre
    scale = float(np.linalg.norm(offset, axis=1).max())  # powers up to r⁶ of thousands of px spoil the conditioning
    r2 = (offset**2).sum(axis=1, keepdims=True) / scale**2
    answer, residual = _solved(np.stack([offset * r2, offset * r2**2, offset * r2**3], axis=-1), ideal - seen)
    return answer / scale ** np.array([2, 4, 6]), residual


def inverse_radial_rays(pixels: NDArray, centre: NDArray, coefficients: NDArray, matrix: NDArray) -> NDArray:
    """Return the rays, shape (n, 2), of pixels under Vicon's model; NaN where it folds over."""
    offset = pixels - centre
    r2 = (offset**2).sum(axis=1)
    powers = r2[:, None] ** np.arange(1, len(coefficients) + 1)
    ideal = offset * (1 + powers @ coefficients)[:, None] + centre
    orders = 2 * np.arange(1, len(coefficients) + 1) + 1
    ideal[~(1 + powers @ (coefficients * orders) > 0)] = np.nan
    return (ideal - matrix[:2, 2]) / np.array([matrix[0, 0], matrix[1, 1]])


def _solved(design: NDArray, wanted: NDArray) -> tuple[NDArray, NDArray]:
    flat, target = design.reshape(-1, design.shape[-1]), wanted.ravel()
    if len(target) < 4 * flat.shape[1] or not np.isfinite(flat).all() or not np.isfinite(target).all():
        return np.zeros(flat.shape[1]), np.full((1, 2), np.inf)
    answer = np.linalg.lstsq(flat, target, rcond=None)[0]
    return answer, (flat @ answer - target).reshape(-1, 2)


def _judged(name: str, residual: NDArray, covered: float) -> str:
    distance = np.linalg.norm(residual, axis=1)
    rms, worst = float(np.sqrt(np.mean(distance**2))), float(distance.max())
    if not rms <= MAX_RMS_PX or covered < 0.98:
        raise FormatError(
            f"Camera '{name}': its lens cannot be said in the other format's model: {digits(rms)} px RMS, "
            f"{digits(worst)} px at worst, over {100 * covered:.0f} % of the image.",
            "Choose a format with this lens model (anipose, caliscope), or calibrate with fewer coefficients.",
            code="CALIBRATION_LENS",
        )
    return f"lens of {name} fitted: {digits(rms)} px RMS, {digits(worst)} px at worst over the image"


