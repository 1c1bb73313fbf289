"""The frozen types of the flow, in flow order: Timeline, Keypoints2D, Points3D, Segments, JointAngles, Trial."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration import CameraRig
from calibration.arrays import checked_array
from mocap.errors import ShapeError
from mocap.schema import Status


def _checked_rate(rate_hz: float, owner: str) -> float:
    rate_hz = float(rate_hz)
    if not (np.isfinite(rate_hz) and 0 < rate_hz < 1e6):
        raise ShapeError(f"{owner} has a rate of {rate_hz} Hz.", "Give the frame rate in Hz, above 0.")
    return rate_hz


def _checked_names(names: Any, owner: str) -> tuple[str, ...]:
    names = tuple(str(name) for name in names)
    doubles = sorted({name for name in names if names.count(name) > 1})
    if doubles or not all(names):
        raise ShapeError(f"{owner} has empty or doubled names: {doubles}.", "Give every keypoint its own name.")
    return names


def _freeze(instance: Any, **values: Any) -> None:
    for name, value in values.items():
        object.__setattr__(instance, name, value)


@dataclass(frozen=True, eq=False)
class Timeline:
    """The common clock, and how each camera's own frame times relate to it.

    Attributes
    ----------
    rate_hz : float
    n_frames : int
    start_s : float
        Time of frame 0.
    camera_names : tuple of str
    offset_s : ndarray, shape (camera,)
        Camera time minus common time.
    drift_ppm : ndarray, shape (camera,)
    source : str
        Where the times come from: `nominal rate`, `timestamps`, ...
    """

    rate_hz: float
    n_frames: int
    start_s: float = 0.0
    camera_names: tuple[str, ...] = ()
    offset_s: NDArray = None  # type: ignore[assignment]  # always an array once constructed
    drift_ppm: NDArray = None  # type: ignore[assignment]  # always an array once constructed
    source: str = "nominal rate"

    def __post_init__(self) -> None:
        if self.n_frames < 0:
            raise ShapeError(f"A timeline of {self.n_frames} frames.", "Give 0 or more frames.")
        names = _checked_names(self.camera_names, "Timeline")
        zeros = np.zeros(len(names))
        _freeze(
            self,
            rate_hz=_checked_rate(self.rate_hz, "Timeline"),
            camera_names=names,
            offset_s=checked_array(zeros if self.offset_s is None else self.offset_s, "offset_s", (len(names),)),
            drift_ppm=checked_array(zeros if self.drift_ppm is None else self.drift_ppm, "drift_ppm", (len(names),)),
        )

    @property
    def time_s(self) -> NDArray:
        """Common frame times, shape (time,), in seconds."""
        return self.start_s + np.arange(self.n_frames) / self.rate_hz


@dataclass(frozen=True, eq=False)
class Keypoints2D:
    """What the cameras saw, cameras in the order of the rig.

    Attributes
    ----------
    pixels : ndarray, shape (camera, time, keypoint, 2)
        Origin in the centre of the top-left pixel; NaN is missing.
    confidence : ndarray, shape (camera, time, keypoint)
        In [0, 1]; 0 where missing.
    names : tuple of str
        Keypoint names.
    rate_hz : float
    """

    pixels: NDArray
    confidence: NDArray
    names: tuple[str, ...]
    rate_hz: float

    def __post_init__(self) -> None:
        names = _checked_names(self.names, "Keypoints2D")
        dtype = np.float32 if np.asarray(self.pixels).dtype == np.float32 else np.float64
        pixels = checked_array(self.pixels, "pixels", ("camera", "time", len(names), 2), dtype)
        confidence = checked_array(self.confidence, "confidence", pixels.shape[:3], dtype)
        if np.isinf(pixels).any() or not ((confidence >= 0) & (confidence <= 1)).all():
            raise ShapeError(
                "pixels are infinite, or confidence is outside 0 to 1.",
                "Mark missing keypoints by NaN pixels and confidence 0.",
            )
        _freeze(
            self, pixels=pixels, confidence=confidence, names=names, rate_hz=_checked_rate(self.rate_hz, "Keypoints2D")
        )

    @property
    def n_cameras(self) -> int:
        """Length of the camera axis."""
        return self.pixels.shape[0]

    @property
    def n_frames(self) -> int:
        """Length of the time axis."""
        return self.pixels.shape[1]


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
    """

    position: NDArray
    names: tuple[str, ...]
    rate_hz: float
    covariance: NDArray = None  # type: ignore[assignment]  # always an array once constructed
    status: NDArray = None  # type: ignore[assignment]  # always an array once constructed
    reprojection_error: NDArray | None = None
    n_views: NDArray | None = None
    start_s: float = 0.0

    def __post_init__(self) -> None:
        names = _checked_names(self.names, "Points3D")
        position = checked_array(self.position, "position", ("time", len(names), 3))
        shape = position.shape[:2]
        measured = np.isfinite(position).all(axis=2)
        status = measured * np.uint8(Status.MEASURED) if self.status is None else self.status
        covariance = self.covariance
        if covariance is None:
            covariance = np.broadcast_to(np.float32(np.nan), (*shape, 3, 3))
        dtype = np.float32 if np.asarray(covariance).dtype == np.float32 else np.float64
        _freeze(
            self,
            names=names,
            position=position,
            rate_hz=_checked_rate(self.rate_hz, "Points3D"),
            covariance=checked_array(covariance, "covariance", (*shape, 3, 3), dtype),
            status=checked_array(status, "status", shape, np.uint8),
            start_s=float(self.start_s),
        )
        if self.reprojection_error is not None:
            error = checked_array(self.reprojection_error, "reprojection_error", ("camera", *shape), np.float32)
            _freeze(self, reprojection_error=error)
        if self.n_views is not None:
            _freeze(self, n_views=checked_array(self.n_views, "n_views", shape, np.uint8))

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
    """

    names: tuple[str, ...]
    world_from_segment: NDArray
    rate_hz: float

    def __post_init__(self) -> None:
        names = _checked_names(self.names, "Segments")
        _freeze(
            self,
            names=names,
            world_from_segment=checked_array(
                self.world_from_segment, "world_from_segment", ("time", len(names), 4, 4)
            ),
            rate_hz=_checked_rate(self.rate_hz, "Segments"),
        )


@dataclass(frozen=True)
class AngleDefinition:
    """What an angle means; stored with it in every file.

    Attributes
    ----------
    name : str
    definition, sequence, positive, zero, method : str
        In words: segments and axes, Cardan order, which direction is +, what reads 0, which markers were used.
    reference : str
        `absolute` or `static`.
    observable : bool
        False when the input cannot show the angle; then every value is NaN.
    reason : str
        Why not, or why only in part; empty otherwise.
    """

    name: str
    definition: str
    sequence: str
    positive: str
    zero: str
    reference: str
    method: str
    observable: bool = True
    reason: str = ""


@dataclass(frozen=True, eq=False)
class JointAngles:
    """Angles over time with their standard uncertainties, in radians.

    Attributes
    ----------
    definitions : tuple of AngleDefinition
        In the order of the angle axis.
    values : ndarray, shape (time, angle)
        Radians; NaN is missing or not observable.
    rate_hz : float
    sd : ndarray, shape (time, angle)
        Random standard uncertainty, frame to frame; NaN where the points came without covariance.
    u_landmark : ndarray, shape (angle,)
        Standard uncertainty of landmark placement, constant over a trial; drops out of changes.
    u_sta : ndarray, shape (angle,)
        Standard uncertainty of soft tissue for the task; NaN where no figure is known.
    start_s : float
    """

    definitions: tuple[AngleDefinition, ...]
    values: NDArray
    rate_hz: float
    sd: NDArray = None  # type: ignore[assignment]  # always an array once constructed
    u_landmark: NDArray = None  # type: ignore[assignment]  # always an array once constructed
    u_sta: NDArray = None  # type: ignore[assignment]  # always an array once constructed
    start_s: float = 0.0

    def __post_init__(self) -> None:
        n_angles = len(_checked_names(self.names, "JointAngles"))
        values = checked_array(self.values, "values", ("time", n_angles))
        unknown = np.full(n_angles, np.nan)
        sd = np.full(values.shape, np.nan) if self.sd is None else self.sd
        _freeze(
            self,
            definitions=tuple(self.definitions),
            values=values,
            rate_hz=_checked_rate(self.rate_hz, "JointAngles"),
            sd=checked_array(sd, "sd", values.shape),
            u_landmark=checked_array(unknown if self.u_landmark is None else self.u_landmark, "u_landmark", (n_angles,)),
            u_sta=checked_array(unknown if self.u_sta is None else self.u_sta, "u_sta", (n_angles,)),
            start_s=float(self.start_s),
        )
        shown = [d.name for d, column in zip(self.definitions, values.T, strict=True)
                 if not d.observable and np.isfinite(column).any()]
        if shown:
            raise ShapeError(f"Angles {shown} are not observable but carry values.", "Set them to NaN.")

    @property
    def names(self) -> tuple[str, ...]:
        """Angle names in order."""
        return tuple(definition.name for definition in self.definitions)

    @property
    def time_s(self) -> NDArray:
        """Frame times, shape (time,), in seconds."""
        return self.start_s + np.arange(self.values.shape[0]) / self.rate_hz

    def __getitem__(self, name: str) -> NDArray:
        """Return one angle, shape (time,), in radians."""
        return self.values[:, self._index(name)]

    def deg(self, name: str | None = None) -> NDArray:
        """Return all angles, shape (time, angle), or the named one, shape (time,), in degrees."""
        return np.rad2deg(self.values if name is None else self[name])

    def sd_deg(self, name: str) -> NDArray:
        """Return the random standard uncertainty, shape (time,), of the named angle in degrees."""
        return np.rad2deg(self.sd[:, self._index(name)])

    def definition(self, name: str) -> AngleDefinition:
        """Return the definition of the named angle."""
        return self.definitions[self._index(name)]

    def _index(self, name: str) -> int:
        if name not in self.names:
            raise ShapeError(f"There is no angle '{name}' among {list(self.names)}.", "Name an angle that is there.")
        return self.names.index(name)


@dataclass(frozen=True)
class Verdict:
    """One check of quality: what was measured, its limit, and whether it holds."""

    name: str
    measured: float
    limit: float
    unit: str
    passed: bool
    text: str = ""


@dataclass(frozen=True)
class Operation:
    """One step of the making of a trial, for `/provenance`; carries no clock."""

    name: str
    parameters: Mapping[str, str | float | int | bool] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Trial:
    """One recording with all that was computed from it; what the trial file holds.

    Attributes
    ----------
    trial_id : str
    points : Points3D
        As reconstructed or imported; never changed afterwards.
    points_smoothed : Points3D, optional
    subject_code, task, created_utc, site, operator : str
        `created_utc` is the recording's own time, never the clock of the computer.
    forward_axis, axis_source : str
        Which world axis the person nominally faces; how the axes are known (`stated`, `inferred`, `given`, ...).
    gravity_known : bool
        Whether world Z is known to be up.
    subject, context : mapping
        Numbers and words about the person (m) and the circumstances.
    inputs : mapping of str to str
        SHA-256 of every input file by its name.
    """

    trial_id: str
    points: Points3D
    points_smoothed: Points3D | None = None
    rig: CameraRig | None = None
    timeline: Timeline | None = None
    keypoints: Keypoints2D | None = None
    segments: Segments | None = None
    angles: JointAngles | None = None
    subject_code: str = ""
    task: str = ""
    created_utc: str = ""
    site: str = ""
    operator: str = ""
    forward_axis: str = "x"
    axis_source: str = "stated"
    gravity_known: bool = True
    subject: Mapping[str, float | str] = field(default_factory=dict)
    context: Mapping[str, float | str] = field(default_factory=dict)
    bones: tuple[tuple[str, str], ...] = ()
    quality: tuple[Verdict, ...] = ()
    operations: tuple[Operation, ...] = ()
    inputs: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _freeze(
            self,
            subject=MappingProxyType(dict(self.subject)),
            context=MappingProxyType(dict(self.context)),
            inputs=MappingProxyType(dict(self.inputs)),
            bones=tuple((str(a), str(b)) for a, b in self.bones),
            quality=tuple(self.quality),
            operations=tuple(self.operations),
        )
        n_frames = self.points.n_frames
        for name in ("points_smoothed", "keypoints", "segments", "angles"):
            part = getattr(self, name)
            if part is not None and _length(part) != n_frames:
                raise ShapeError(
                    f"{name} has {_length(part)} frames, the points have {n_frames}.",
                    "Build a trial from parts of one recording on one timeline.",
                )
        if self.keypoints is not None and self.rig is not None and self.keypoints.n_cameras != len(self.rig):
            raise ShapeError(
                f"Keypoints of {self.keypoints.n_cameras} cameras, a rig of {len(self.rig)}.",
                "Pass the rig that belongs to the keypoints.",
            )


def _length(part: Points3D | Keypoints2D | Segments | JointAngles) -> int:
    if isinstance(part, Segments):
        return part.world_from_segment.shape[0]
    if isinstance(part, JointAngles):
        return part.values.shape[0]
    return part.n_frames
