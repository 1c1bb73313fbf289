"""What is said of a calibration in use: limits, findings and verdicts."""

from dataclasses import dataclass

from numpy.typing import NDArray

from calibration.in_use.drift import CameraChange
from calibration.in_use.footage_faults import FootageFault

GOOD, USABLE, REFUSE = "good", "usable", "refuse"


@dataclass(frozen=True)
class CheckLimits:
    """Limits of a check of a calibration in use; those of trusted commercial systems.

    Attributes
    ----------
    residual_mm : float
        Error in the volume above which a camera is 'usable' only, and its change is named.
    refuse_mm : float
        Above which it is refused.
    noise_share : float
        A change also has to exceed so many times the noise of a single point: keypoints of a person lie elsewhere for
        each side that they are seen from, and that is no fault of a camera. 0 for boards and wands.
    old_h, very_old_h : float
        Age of a calibration from which a check, and from which a new calibration is advised, hours.
    """

    residual_mm: float = 3.0
    refuse_mm: float = 6.0
    noise_share: float = 0.0
    old_h: float = 5.0
    very_old_h: float = 12.0


@dataclass(frozen=True)
class Sampling:
    """How much of the footage is looked at.

    Attributes
    ----------
    n_points : int
        About so many points in the search for footage that is exchanged or changed.
    n_change_points : int
        And in that for cameras that changed.
    always_search : bool
        Also search for such footage where no pair of cameras disagrees more than it may.
    n_spans : int
        Spans of time of the trend.
    """

    n_points: int = 500
    n_change_points: int = 4000
    always_search: bool = False
    n_spans: int = 6


@dataclass(frozen=True)
class Diagnosis:
    """One thing that is wrong.

    Attributes
    ----------
    code : str
        CAMERAS_SWAPPED, CAMERA_ROTATED, CAMERA_MIRRORED, IMAGE_SIZE, CAMERA_MOVED, LENS_CHANGED, CAMERA_LATE or
        CALIBRATION_DISAGREES.
    cameras : tuple of str
    cause, remedy : str
    """

    code: str
    cameras: tuple[str, ...]
    cause: str
    remedy: str


@dataclass(frozen=True, eq=False)
class CameraCheck:
    """What was found of one camera.

    Attributes
    ----------
    name : str
    n_points : int
        That it shares with another camera.
    residual_px, residual_mm : float
        By how much it misses the others, as the sigma of a coordinate: noise of detection and calibration together.
    change : CameraChange or None
        Its own change that fits best, significant or not; None with too few points.
    since : int or None
        Frame from which on the change holds, when it came within the footage.
    verdict : str
        'good', 'usable' or 'refuse'.
    reason : str
    diagnosis : Diagnosis or None
        What is wrong with this camera alone.
    """

    name: str
    n_points: int
    residual_px: float
    residual_mm: float
    change: CameraChange | None
    since: int | None
    verdict: str
    reason: str
    diagnosis: Diagnosis | None


@dataclass(frozen=True, eq=False)
class UseCheck:
    """Outcome of a check.

    Attributes
    ----------
    cameras : tuple of CameraCheck
    pair_px : ndarray, shape (camera, camera)
        By how much pairs miss each other, as the sigma of a coordinate; NaN for too few points.
    trend_px : ndarray, shape (time span, camera)
        The same per camera in equal spans of the footage.
    fault : FootageFault or None
    diagnoses : tuple of Diagnosis
        The first is the one to mend first.
    """

    cameras: tuple[CameraCheck, ...]
    pair_px: NDArray
    trend_px: NDArray
    fault: FootageFault | None
    diagnoses: tuple[Diagnosis, ...]
