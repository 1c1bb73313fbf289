"""Points in the world and poses of segments over time."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.arrays import checked_array
from mocap.errors import ShapeError
from mocap.schema import Status
from mocap.trial.bone_errors import BoneErrors, checked_bone_errors
from mocap.trial.checks import checked_names, checked_rate, checked_reasons, freeze
from mocap.trial.measures import Measure


@dataclass(frozen=True, eq=False)
class Points3D:
    """Points in the world (metres, Z up) with what is known of their making.

    Attributes
    ----------
    position : ndarray, shape (time, keypoint, 3)
        Metres; NaN is missing.
    names : tuple of str
    rate_hz : float
    covariance : ndarray, shape (time, keypoint, 3, 3)
        Square metres; NaN where unknown, as for every marker of a file that brings none.
    status : ndarray of uint8, shape (time, keypoint)
        Flags of `mocap.schema.Status`; when left out: measured where finite.
    reprojection_error : ndarray, shape (camera, time, keypoint), or None
        Distance in px of each observation from the projected point, also of the rejected ones.
    n_views : ndarray of uint8, shape (time, keypoint), or None
        Cameras whose observation was used.
    start_s : float
        Time of frame 0.
    calibration_covariance : ndarray, shape (time, keypoint, 3, 3), or None
        Square metres, beside `covariance`: what the calibration's own uncertainty adds. The same error in every
        frame for a point that stays where it is, so smoothing does not lessen it; NaN where unknown.
    gravity_known : bool
        False where the world's Z is known not to be known as up: angles against gravity are then not observable.
    bone_errors : BoneErrors, or None
        How errors of points that bones join go together; None where all are independent of each other.
    """

    position: NDArray
    names: tuple[str, ...]
    rate_hz: float
    covariance: NDArray = None  # type: ignore[assignment]  # always an array once constructed
    status: NDArray = None  # type: ignore[assignment]  # always an array once constructed
    reprojection_error: NDArray | None = None
    n_views: NDArray | None = None
    start_s: float = 0.0
    gravity_known: bool = True
    calibration_covariance: NDArray | None = None
    bone_errors: BoneErrors | None = None

    def __post_init__(self) -> None:
        names = checked_names(self.names, "Points3D")
        position = checked_array(self.position, "position", ("time", len(names), 3))
        shape = position.shape[:2]
        measured = np.isfinite(position).all(axis=2)
        status = measured * np.uint8(Status.MEASURED) if self.status is None else self.status
        covariance = self.covariance
        if covariance is None:
            covariance = np.broadcast_to(np.float32(np.nan), (*shape, 3, 3))
        dtype = np.float32 if np.asarray(covariance).dtype == np.float32 else np.float64
        freeze(
            self,
            names=names,
            position=position,
            rate_hz=checked_rate(self.rate_hz, "Points3D"),
            covariance=checked_array(covariance, "covariance", (*shape, 3, 3), dtype),
            status=checked_array(status, "status", shape, np.uint8),
            start_s=float(self.start_s),
            bone_errors=checked_bone_errors(self.bone_errors, names, len(position)),
        )
        if self.reprojection_error is not None:
            error = checked_array(self.reprojection_error, "reprojection_error", ("camera", *shape), np.float32)
            freeze(self, reprojection_error=error)
        if self.calibration_covariance is not None:
            freeze(
                self,
                calibration_covariance=checked_array(
                    self.calibration_covariance, "calibration_covariance", (*shape, 3, 3), np.float32
                ),
            )
        if self.n_views is not None:
            freeze(self, n_views=checked_array(self.n_views, "n_views", shape, np.uint8))

    @property
    def n_frames(self) -> int:
        """Length of the time axis."""
        return self.position.shape[0]

    @property
    def time_s(self) -> NDArray:
        """Frame times, shape (time,), in seconds."""
        return self.start_s + np.arange(self.n_frames) / self.rate_hz

    def point(self, name: str) -> NDArray:
        """Return the positions, shape (time, 3), of one named point.

        Raises
        ------
        ShapeError
            When there is no such point.
        """
        if name not in self.names:
            raise ShapeError(f"There is no point '{name}' among {list(self.names)}.", "Name a point that is there.")
        return self.position[:, self.names.index(name)]


@dataclass(frozen=True, eq=False)
class Segments:
    """Segment poses over time.

    Attributes
    ----------
    names : tuple of str
        `pelvis`, `thorax`, `lumbar`, `femur_r`, ...
    world_from_segment : ndarray, shape (time, segment, 4, 4)
        Axes are the ISB ones of the segment (X anterior, Y up, Z right), the world is ours (Z up); NaN is missing.
    rate_hz : float
    measures : tuple of Measure
        Centre of mass, base-of-support margin, heel rise and whatever else is measured of the body beside angles.
    frame_reason : ndarray of uint8, shape (time, segment)
        What is wrong in a frame with the points of a pose, so that it is to be doubted or missing: index into
        `frame_reason_words`; 0 is nothing known.
    frame_reason_words : tuple of str
        The first is empty.
    """

    names: tuple[str, ...]
    world_from_segment: NDArray
    rate_hz: float
    measures: tuple[Measure, ...] = ()
    frame_reason: NDArray = None  # type: ignore[assignment]  # always an array once constructed
    frame_reason_words: tuple[str, ...] = ("",)

    def __post_init__(self) -> None:
        names = checked_names(self.names, "Segments")
        poses = checked_array(self.world_from_segment, "world_from_segment", ("time", len(names), 4, 4))
        checked_names([measure.name for measure in self.measures], "Segments.measures")
        for measure in self.measures:
            if len(measure.values) != len(poses):
                raise ShapeError(
                    f"Measure '{measure.name}' has {len(measure.values)} frames, the segments have {len(poses)}.",
                    "Build segments and measures from one recording.",
                )
        freeze(
            self,
            names=names,
            world_from_segment=poses,
            rate_hz=checked_rate(self.rate_hz, "Segments"),
            measures=tuple(self.measures),
            frame_reason=checked_reasons(self.frame_reason, poses.shape[:2], len(self.frame_reason_words)),
            frame_reason_words=tuple(self.frame_reason_words),
        )

    def measure(self, name: str) -> Measure:
        """Return the named measure.

        Raises
        ------
        ShapeError
            When there is no such measure.
        """
        for one in self.measures:
            if one.name == name:
                return one
        names = [one.name for one in self.measures]
        raise ShapeError(f"There is no measure '{name}' among {names}.", "Name a measure that is there.")
