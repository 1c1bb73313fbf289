"""The world as an object: where it stands in the rig, what it rests on, and how far it may be off."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.camera import Camera, CameraRig
from calibration.errors import FormatError, ShapeError
from calibration.rigid import checked_rigid, inverse

WORLD_VERSION = 1
GRAVITY_UNKNOWN = "unknown"
GRAVITY_FROM_FLOOR = "board on floor"
#: What `metadata["gravity"]` says of each source.
GRAVITY_TEXT = {
    "floor_board": GRAVITY_FROM_FLOOR,
    "l_frame": "L-frame",
    "surveyed_points": "surveyed points",
    "wand": "upright wand",
    "plumb_line": "plumb line",
    "feet": "feet on floor",
    "camera": GRAVITY_UNKNOWN,
}
_LEVEL = 0.95


@dataclass(frozen=True, eq=False)
class WorldFrame:
    """A world and what it rests on.

    Attributes
    ----------
    source : str
        A key of `GRAVITY_TEXT`.
    text : str
        What was chosen, as `parse_world` reads it.
    root_from_world : ndarray, shape (4, 4)
        From the world to the frame in which the source was measured (of the refinement, or of the rig before), m.
    tilt_covariance : ndarray, shape (2, 2)
        Of the small rotations of the world about its own x and y, rad²: what the cameras leave uncertain and the
        source's own noise together, relative to the camera whose pose was held. NaN when gravity is unknown.
    origin_sd_mm : float
        Root of the summed variances of the origin's three coordinates.
    residual : float
        How far the source disagrees with itself, in `residual_unit` and as `residual_meaning` says; NaN where it
        cannot disagree.
    residual_unit : str
        'mm' or 'deg'.
    residual_meaning : str
    notes : str
        What was presumed, and each part's own residual.
    version : int
    """

    source: str
    text: str
    root_from_world: NDArray
    tilt_covariance: NDArray
    origin_sd_mm: float
    residual: float = float("nan")
    residual_unit: str = "mm"
    residual_meaning: str = ""
    notes: str = ""
    version: int = WORLD_VERSION

    def __post_init__(self) -> None:
        if self.source not in GRAVITY_TEXT or self.residual_unit not in ("mm", "deg"):
            raise ShapeError(
                f"A world from '{self.source}' with a residual in '{self.residual_unit}' is unknown.",
                f"Sources are {', '.join(GRAVITY_TEXT)}; units mm and deg.",
            )
        object.__setattr__(self, "root_from_world", checked_rigid(self.root_from_world, "root_from_world"))
        covariance = np.array(self.tilt_covariance, float).reshape(2, 2)
        covariance.flags.writeable = False
        object.__setattr__(self, "tilt_covariance", covariance)

    @property
    def gravity_known(self) -> bool:
        """Whether Z is up."""
        return self.source != "camera"

    @property
    def gravity_sd_deg(self) -> float:
        """Standard deviation of the angle between Z and up: both axes of tilt combined; NaN when unknown."""
        return float(np.rad2deg(np.sqrt(np.trace(self.tilt_covariance))))

    @property
    def gravity_limit_deg(self) -> float:
        """Angle between Z and up that is not passed in 95 of 100 cases; NaN when unknown."""
        return float(np.rad2deg(tilt_limit(self.tilt_covariance)))

    def metadata(self) -> dict[str, str | float | int]:
        """Return the table that goes into a rig's metadata; what is not known is left out."""
        table: dict[str, str | float | int] = {
            "world": self.text,
            "gravity": GRAVITY_TEXT[self.source],
            "world_version": self.version,
            "world_source": self.source,
            "world_gravity_sd_deg": self.gravity_sd_deg,
            "world_gravity_limit_deg": self.gravity_limit_deg,
            "world_tilt_covariance_rad2": _row(self.tilt_covariance),
            "world_origin_sd_mm": self.origin_sd_mm,
            f"world_residual_{self.residual_unit}": self.residual,
            "world_residual_meaning": self.residual_meaning,
            "world_notes": self.notes,
            "world_root_from_world": _row(self.root_from_world),
        }
        return {key: value for key, value in table.items() if value == value and value != ""}


def _row(matrix: NDArray) -> str:
    return " ".join(repr(float(value)) for value in matrix.ravel()) if np.isfinite(matrix).all() else ""


def world_from_metadata(metadata: Mapping[str, str | float | int | bool]) -> WorldFrame | None:
    """Return the world that a rig's metadata tell of; None when they tell of none.

    Raises
    ------
    FormatError
        WORLD_FORMAT when it is of a later version or not whole.
    """
    if "world_source" not in metadata:
        return None
    version = metadata.get("world_version", 0)
    if not isinstance(version, int) or not 1 <= version <= WORLD_VERSION:
        raise FormatError(
            f"The world is of version {version}, known is {WORLD_VERSION}.", "Update the program.", code="WORLD_FORMAT"
        )
    unit = "deg" if "world_residual_deg" in metadata else "mm"
    try:
        return WorldFrame(
            str(metadata["world_source"]), str(metadata["world"]),
            _numbers(metadata["world_root_from_world"]).reshape(4, 4),
            _numbers(metadata.get("world_tilt_covariance_rad2", "nan nan nan nan")).reshape(2, 2),
            float(metadata.get("world_origin_sd_mm", np.nan)), float(metadata.get(f"world_residual_{unit}", np.nan)),
            unit, str(metadata.get("world_residual_meaning", "")), str(metadata.get("world_notes", "")), version,
        )  # fmt: skip
    except (KeyError, ValueError) as error:
        raise FormatError(
            f"The world in the metadata is not whole: {error}.", "Calibrate again.", code="WORLD_FORMAT"
        ) from error


def _numbers(text: str | float | int | bool) -> NDArray:
    return np.array([float(part) for part in str(text).split()])


def tilt_limit(tilt_covariance: NDArray, level: float = _LEVEL) -> float:
    """Return the angle, in rad, that the tilt stays below with probability `level`.

    Exact for a Gaussian tilt about two axes of any covariance: in polar coordinates of the whitened plane the
    radius is Rayleigh's, and what is left is a mean over the direction.
    """
    if not np.isfinite(tilt_covariance).all():
        return float("nan")
    large, small = np.maximum(np.linalg.eigvalsh(tilt_covariance)[::-1], 0.0)
    if large <= 0.0:
        return 0.0
    direction = (np.arange(720) + 0.5) * np.pi / 1440
    spread = np.maximum(large * np.cos(direction) ** 2 + small * np.sin(direction) ** 2, 1e-300)
    low, high = 0.0, 10.0 * float(np.sqrt(large))
    for _ in range(80):
        middle = 0.5 * (low + high)
        beyond = float(np.exp(-0.5 * middle**2 / spread).mean())
        low, high = (middle, high) if beyond > 1.0 - level else (low, middle)
    return 0.5 * (low + high)


def camera_frame(text: str, cam_from_root: NDArray) -> WorldFrame:
    """Return the world that is a camera's own frame: gravity unknown."""
    unknown = np.full((2, 2), np.nan)
    return WorldFrame("camera", text, inverse(cam_from_root), unknown, 0.0, notes="gravity is unknown")


def rig_in_world(rig: CameraRig, frame: WorldFrame) -> CameraRig:
    """Return a rig moved into a world that was found in its present frame; metadata tell of the new one."""
    cameras = tuple(
        Camera(c.name, c.size, c.matrix, c.distortion, c.cam_from_world @ frame.root_from_world, c.fisheye)
        for c in rig
    )
    old = {key: value for key, value in rig.metadata.items() if not key.startswith(("world", "gravity", "floor_"))}
    # In the cameras' own frames, the covariance is the same numbers in any world.
    return CameraRig(cameras, {**old, **frame.metadata()}, rig.covariance)
