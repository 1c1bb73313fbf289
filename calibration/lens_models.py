"""Which lens parameters a model frees, and what is believed of them before any board was seen.

The beliefs are weak Gaussian priors of ordinary lenses on square pixels. A few slanted views across the image
outweigh them by orders of magnitude; where the views show little of a parameter (the usual trap: the principal
point and the tangential terms trade against the camera's rotation, k2 against k3), they keep it ordinary, so that
a lens with nine parameters can always be asked for without fitting noise.
"""

import numpy as np
from numpy.typing import NDArray

from calibration.bundle import LensPrior
from calibration.bundle_system import N_LENS
from calibration.errors import CalibrationError

#: Free parameters among fx, fy, cx, cy and the eight coefficients, and whether the priors apply.
LENS_MODELS: dict[str, tuple[str, bool]] = {
    "auto": ("111111111000", True),  # Brown, five coefficients, with priors
    "brown5": ("111111111000", False),  # the same without priors
    "brown2": ("111111000000", True),  # k1 and k2 only
    "rational8": ("111111111111", True),
    "pinhole": ("111100000000", True),
    "fisheye": ("111111110000", True),  # equidistant, four coefficients
}

CENTRE_SD = 0.01  # of the longer side of the image
ASPECT_SD = 0.001  # of fx / fy
BROWN_SD = (0.5, 0.15, 0.001, 0.001, 0.05, 0.5, 0.15, 0.05)  # k1 k2 p1 p2 k3 k4 k5 k6
FISHEYE_SD = (0.2, 0.1, 0.05, 0.03, 1.0, 1.0, 1.0, 1.0)  # k1 k2 k3 k4, and four unused


def checked_model(model: str, camera: str) -> str:
    """Return the name of a lens model, or refuse it.

    Raises
    ------
    CalibrationError
        LENS_MODEL_UNKNOWN
    """
    if model not in LENS_MODELS:
        raise CalibrationError(
            f"Camera '{camera}': there is no lens model '{model}'.",
            f"Choose one of {', '.join(LENS_MODELS)}.",
            code="LENS_MODEL_UNKNOWN",
        )
    return model


def free_parameters(models: list[str]) -> NDArray[np.bool_]:
    """Return which lens parameters move, shape (camera, 12)."""
    return np.array([[flag == "1" for flag in LENS_MODELS[model][0]] for model in models])


def lens_prior(models: list[str], sizes: NDArray, focal_px: NDArray) -> LensPrior:
    """Return the priors of cameras.

    Parameters
    ----------
    models : list of str
    sizes : ndarray, shape (camera, 2)
        Image width and height, px.
    focal_px : ndarray, shape (camera,)
        A first estimate: turns the prior on fx / fy into one on fx - fy.
    """
    mean = np.zeros((len(models), N_LENS))
    mean[:, 2:4] = (np.asarray(sizes) - 1) / 2
    precision = np.zeros_like(mean)
    precision[:, 2:4] = 1.0 / (CENTRE_SD * np.max(sizes, axis=1)[:, None]) ** 2
    for camera, model in enumerate(models):
        precision[camera, 4:] = 1.0 / np.square(FISHEYE_SD if model == "fisheye" else BROWN_SD)
    used = np.array([LENS_MODELS[model][1] for model in models], dtype=float)
    return LensPrior(mean, precision * used[:, None], used / (ASPECT_SD * focal_px) ** 2)
