"""Which lens parameters a model frees, and what is believed of them before any board was seen.

The beliefs are weak Gaussian priors of ordinary lenses on square pixels. A few slanted views across the image
outweigh them by orders of magnitude; where the views show little of a parameter (the usual trap: the principal
point and the tangential terms trade against the camera's rotation, k2 against k3), they keep it ordinary, so that
a lens with nine parameters can always be asked for without fitting noise.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.errors import CalibrationError
from calibration.solve.bundle import LensPrior
from calibration.solve.bundle_system import N_LENS

#: Free parameters among fx, fy, cx, cy and the eight coefficients, and whether the priors apply.
LENS_MODELS: dict[str, tuple[str, bool]] = {
    "auto": ("111111111000", True),  # chosen from the data, beginning from Brown, five coefficients, with priors
    "brown5": ("111111111000", False),  # the same without priors
    "brown2": ("111111000000", True),  # k1 and k2 only
    "rational8": ("111111111111", True),
    "pinhole": ("111100000000", True),
    "fisheye": ("111111110000", True),  # equidistant, four coefficients
}

#: What may be held, and the places of the parameters in the lens vector: of Brown's models, and of the fisheye.
HOLDS: dict[str, tuple[int, ...]] = {
    "fx=fy": (), "c=held": (2, 3), "p=held": (6, 7), "k1=held": (4,), "k2=held": (5,), "k3=held": (8,),
    "k4=held": (9,), "k5=held": (10,), "k6=held": (11,),
}  # fmt: skip
FISHEYE_HOLDS: dict[str, tuple[int, ...]] = {
    "fx=fy": (), "c=held": (2, 3), "k1=held": (4,), "k2=held": (5,), "k3=held": (6,), "k4=held": (7,),
}  # fmt: skip

CENTRE_SD = 0.01  # of the longer side of the image
ASPECT_SD = 0.001  # of fx / fy
BROWN_SD = (0.5, 0.15, 0.001, 0.001, 0.05, 0.5, 0.15, 0.05)  # k1 k2 p1 p2 k3 k4 k5 k6
FISHEYE_SD = (0.2, 0.1, 0.05, 0.03, 1.0, 1.0, 1.0, 1.0)  # k1 k2 k3 k4, and four unused
_SQUARE_SD_PX = 1e-3  # of fx - fy where one focal length was asked for


@dataclass(frozen=True)
class LensModel:
    """A lens model as it was asked for.

    Attributes
    ----------
    name : str
        Key of `LENS_MODELS`.
    holds : tuple of str
        Keys of `HOLDS`, or of `FISHEYE_HOLDS`.
    """

    name: str
    holds: tuple[str, ...] = ()

    @property
    def fisheye(self) -> bool:
        """Whether the lens is equidistant."""
        return self.name == "fisheye"

    @property
    def square(self) -> bool:
        """Whether fx and fy are one."""
        return "fx=fy" in self.holds

    def free(self) -> NDArray[np.bool_]:
        """Return which lens parameters move, shape (12,)."""
        answer = np.array([flag == "1" for flag in LENS_MODELS[self.name][0]])
        for hold in self.holds:
            answer[list((FISHEYE_HOLDS if self.fisheye else HOLDS)[hold])] = False
        return answer


def checked_model(model: str, camera: str = "") -> str:
    """Return the name of a lens model, or refuse it.

    A model is a name alone ('auto', 'brown5', 'brown2', 'rational8', 'pinhole', 'fisheye'), or a name, a colon and
    what is to be held, joined by commas: 'fx=fy' (one focal length), 'c=held' (the principal point in the middle of
    the image), 'p=held' (no tangential terms), 'k1=held' to 'k6=held' (a coefficient at 0), such as
    'brown5:fx=fy,c=held'. What 'auto:...' holds is held whatever else is chosen.

    Raises
    ------
    CalibrationError
        LENS_MODEL_UNKNOWN
    """
    parsed_model(model, camera)
    return model


def parsed_model(model: str, camera: str = "") -> LensModel:
    """Return a lens model from its text, as `checked_model` describes it.

    Raises
    ------
    CalibrationError
        LENS_MODEL_UNKNOWN
    """
    name, _, words = (part.strip() for part in model.partition(":"))
    of = f" of camera '{camera}'" if camera else ""
    if name not in LENS_MODELS:
        raise CalibrationError(
            f"The lens model '{name}'{of} does not exist.",
            f"Choose one of {', '.join(LENS_MODELS)}, with what is to be held behind a colon where wanted "
            f"({', '.join(HOLDS)}), such as 'brown5:fx=fy,c=held'.",
            code="LENS_MODEL_UNKNOWN",
        )
    holds = tuple(word.strip() for word in words.split(",")) if ":" in model else ()
    known = FISHEYE_HOLDS if name == "fisheye" else HOLDS
    unknown = [hold for hold in holds if hold not in known]
    if unknown:
        raise CalibrationError(
            f"The lens model '{model}'{of} holds '{unknown[0]}', which is not known of '{name}'.",
            f"Known of '{name}': {', '.join(known)}, joined by commas, such as '{name}:fx=fy,c=held'.",
            code="LENS_MODEL_UNKNOWN",
        )
    return LensModel(name, holds)


def held_words(model: str, holds: tuple[str, ...]) -> tuple[str, ...]:
    """Return those of `holds` that another model knows too."""
    known = FISHEYE_HOLDS if model == "fisheye" else HOLDS
    # The coefficients of a fisheye bear the same names and are others.
    return tuple(hold for hold in holds if hold in known and (model != "fisheye" or not hold.startswith("k")))


def fisheye_model(model: str) -> str:
    """Return the fisheye that holds what a model, as `checked_model` describes it, was asked to hold."""
    kept = held_words("fisheye", parsed_model(model).holds)
    return "fisheye:" + ",".join(kept) if kept else "fisheye"


def free_parameters(models: list[str]) -> NDArray[np.bool_]:
    """Return which lens parameters move, shape (camera, 12), of models as `checked_model` describes them."""
    return np.stack([parsed_model(model).free() for model in models])


def lens_prior(models: list[str], sizes: NDArray, focal_px: NDArray) -> LensPrior:
    """Return the priors of cameras.

    Parameters
    ----------
    models : list of str
        As `checked_model` describes them.
    sizes : ndarray, shape (camera, 2)
        Image width and height, px.
    focal_px : ndarray, shape (camera,)
        A first estimate: turns the prior on fx / fy into one on fx - fy.
    """
    parsed = [parsed_model(model) for model in models]
    mean = np.zeros((len(models), N_LENS))
    mean[:, 2:4] = (np.asarray(sizes) - 1) / 2
    precision = np.zeros_like(mean)
    precision[:, 2:4] = 1.0 / (CENTRE_SD * np.max(sizes, axis=1)[:, None]) ** 2
    for camera, model in enumerate(parsed):
        precision[camera, 4:] = 1.0 / np.square(FISHEYE_SD if model.fisheye else BROWN_SD)
    used = np.array([LENS_MODELS[model.name][1] for model in parsed], dtype=float)
    square = np.array([model.square for model in parsed])
    aspect = np.where(square, 1.0 / _SQUARE_SD_PX**2, used / (ASPECT_SD * focal_px) ** 2)
    return LensPrior(mean, precision * used[:, None], aspect)
