"""Joint angles with their definitions and uncertainties."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.arrays import checked_array
from mocap.errors import ShapeError
from mocap.trial.checks import checked_names, checked_rate, checked_reasons, freeze

#: Uncertainties of an angle that are one figure for a trial.
CONSTANT_PARTS = (
    "u_landmark", "u_sta", "u_static", "u_landmark_change", "u_calibration", "u_gravity", "u_gravity_change",
    "u_hip_centre", "u_hip_centre_change",
)  # fmt: skip


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
        Random standard uncertainty: of the points from frame to frame, and `u_static`; NaN where the points came
        without covariance.
    u_landmark : ndarray, shape (angle,)
        Standard uncertainty of landmark placement, constant over a trial; drops out of changes.
    u_sta : ndarray, shape (angle,)
        Standard uncertainty of soft tissue for the task, what it rests on being said in the method; NaN where no
        published figure holds for the task and the markers (see `mocap.kinematics.soft_tissue`), never 0.
    start_s : float
    frame_reason : ndarray of uint8, shape (time, angle)
        Why there is no value in a frame, or one to doubt: index into `frame_reason_words`; 0 is observable.
    frame_reason_words : tuple of str
        The first is empty.
    u_static : ndarray, shape (angle,)
        The part of `sd` that stays over the trial and drops out of changes: the noise of the static trial, left in
        zeros and in the places of landmarks. NaN where that is not known; then `sd` is without it.
    u_landmark_change : ndarray, shape (angle,)
        The most that landmark placement leaves in a change of the angle between any two of up to 50 frames spread over
        the trial (see `change_between`): a misplaced landmark does not turn every posture alike. A posture that lies
        between those frames may change by more.
    u_calibration : ndarray, shape (angle,)
        Standard uncertainty from the calibration of the cameras, beside `sd`: the same in every frame of a trial in one
        place. NaN where that is not known.
    u_gravity : ndarray, shape (angle,)
        Standard uncertainty from that of the vertical, beside all others: the same error in every frame of a trial. 0
        for what does not depend on the vertical, NaN where nothing states how well it is known.
    u_gravity_change : ndarray, shape (angle,)
        The most that it leaves in a change of the angle between any two of up to 100 frames spread over the trial: 0
        while the person keeps facing one way, up to twice `u_gravity` when turning round.
    u_hip_centre : ndarray, shape (angle,)
        Standard uncertainty from how far the hip centres are off, as published for how they were found, beside all
        others: constant in the pelvis over a trial, the most of the angle at any of up to 50 frames spread over it. 0
        for what does not depend on a hip centre, NaN where nothing tells its error.
    u_hip_centre_change : ndarray, shape (angle,)
        The most that it leaves in a change of the angle between any two of up to 50 frames spread over the trial.
    """

    definitions: tuple[AngleDefinition, ...]
    values: NDArray
    rate_hz: float
    sd: NDArray = None  # type: ignore[assignment]  # always an array once constructed
    u_landmark: NDArray = None  # type: ignore[assignment]  # always an array once constructed
    u_sta: NDArray = None  # type: ignore[assignment]  # always an array once constructed
    start_s: float = 0.0
    frame_reason: NDArray = None  # type: ignore[assignment]  # always an array once constructed
    frame_reason_words: tuple[str, ...] = ("",)
    u_static: NDArray = None  # type: ignore[assignment]  # always an array once constructed
    u_landmark_change: NDArray = None  # type: ignore[assignment]  # always an array once constructed
    u_calibration: NDArray = None  # type: ignore[assignment]  # always an array once constructed
    u_gravity: NDArray = None  # type: ignore[assignment]  # always an array once constructed
    u_gravity_change: NDArray = None  # type: ignore[assignment]  # always an array once constructed
    u_hip_centre: NDArray = None  # type: ignore[assignment]  # always an array once constructed
    u_hip_centre_change: NDArray = None  # type: ignore[assignment]  # always an array once constructed

    def __post_init__(self) -> None:
        n_angles = len(checked_names(self.names, "JointAngles"))
        values = checked_array(self.values, "values", ("time", n_angles))
        unknown = np.full(n_angles, np.nan)
        sd = np.full(values.shape, np.nan) if self.sd is None else self.sd
        freeze(
            self,
            definitions=tuple(self.definitions),
            values=values,
            rate_hz=checked_rate(self.rate_hz, "JointAngles"),
            sd=checked_array(sd, "sd", values.shape),
            start_s=float(self.start_s),
            frame_reason=checked_reasons(self.frame_reason, values.shape, len(self.frame_reason_words)),
            frame_reason_words=tuple(self.frame_reason_words),
        )
        for part in CONSTANT_PARTS:
            stated = getattr(self, part)
            freeze(self, **{part: checked_array(unknown if stated is None else stated, part, (n_angles,))})
        shown = [
            d.name
            for d, column in zip(self.definitions, values.T, strict=True)
            if not d.observable and np.isfinite(column).any()
        ]
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
