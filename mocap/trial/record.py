"""One recording with all that was computed from it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from calibration import CameraRig
from mocap.errors import ShapeError
from mocap.trial.angles import JointAngles
from mocap.trial.assessment import Assessment
from mocap.trial.checks import freeze
from mocap.trial.edits import PointEdit
from mocap.trial.events import Event
from mocap.trial.keypoints import Keypoints2D, Timeline
from mocap.trial.points import Points3D, Segments
from mocap.trial.recorded import Analog, FileOrigin, ForcePlate, ImportedPoses, ModelOutputs, check_recorded
from mocap.trial.steps import SettingRow, Step


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
        Whether world Z is known to be up; the points are given the same.
    subject, context : mapping
        Numbers and words about the person (m) and the circumstances.
    inputs : mapping of str to str
        SHA-256 of every input file by its name.
    events : tuple of Event
        Of all tasks, detected, imported and edited ones side by side.
    assessments : tuple of Assessment
        One per task.
    analog, force_plates, model_outputs, imported_poses
        What a file brought along beside its points; model outputs one per kind.
    origin : FileOrigin, optional
        The motion file behind the points.
    steps : tuple of Step
        What has to be done with which inputs to make this trial again; none where that is not recorded.
    settings : tuple of SettingRow
        The settings in effect, and where each came from.
    edits : tuple of PointEdit
        A reviewer's corrections of points, in their order; `points` stays raw.
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
    events: tuple[Event, ...] = ()
    assessments: tuple[Assessment, ...] = ()
    analog: Analog | None = None
    force_plates: tuple[ForcePlate, ...] = ()
    model_outputs: tuple[ModelOutputs, ...] = ()
    imported_poses: ImportedPoses | None = None
    origin: FileOrigin | None = None
    steps: tuple[Step, ...] = ()
    settings: tuple[SettingRow, ...] = ()
    edits: tuple[PointEdit, ...] = ()

    def __post_init__(self) -> None:
        freeze(
            self,
            subject=MappingProxyType(dict(self.subject)),
            context=MappingProxyType(dict(self.context)),
            inputs=MappingProxyType(dict(self.inputs)),
            bones=tuple((str(a), str(b)) for a, b in self.bones),
            quality=tuple(self.quality),
            operations=tuple(self.operations),
            events=tuple(self.events),
            assessments=tuple(self.assessments),
            force_plates=tuple(self.force_plates),
            model_outputs=tuple(self.model_outputs),
            steps=tuple(self.steps),
            settings=tuple(self.settings),
            edits=tuple(self.edits),
        )
        check_recorded(self.points.n_frames, len(self.points.names), self.model_outputs, self.origin)
        for name in ("points", "points_smoothed"):
            part = getattr(self, name)
            if part is not None and part.gravity_known != self.gravity_known:
                freeze(self, **{name: replace(part, gravity_known=self.gravity_known)})
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
