"""What a reader of motion files hands over: points in our world, and everything else the file brought along."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from mocap.trial import Analog, FileOrigin, ForcePlate, ImportedPoses, JointAngles, ModelOutputs, Points3D

__all__ = ["CHANGED", "Analog", "ForcePlate", "Imported", "ImportedEvent"]

CHANGED = "the file was changed since it was written here."
"""Note on a file of this program whose digest does not fit: it is looked over as one of others."""


@dataclass(frozen=True)
class ImportedEvent:
    """One event of a file.

    Attributes
    ----------
    time_s : float
        On the clock of the points: 0 is the first stored frame of a C3D.
    label : str
        As in the file, e.g. `Foot Strike`.
    side : str
        `left`, `right` or `general`.
    """

    time_s: float
    label: str
    side: str = "general"


@dataclass(frozen=True, eq=False)
class Imported:
    """The content of a motion file in metres, world Z up.

    Attributes
    ----------
    points : Points3D
        Markers and other true points; missing is NaN. No keypoint at all when the file holds only angles.
    model : mapping of str to mapping of str to ndarray (time, 3)
        Model outputs that a C3D stores as points, by kind (`angles`, `forces`, `moments`, `powers`, `scalars`)
        and label, in the file's own units (`model_units`) and the file's own axes; missing is NaN.
    model_descriptions : mapping of str to str
        The file's words about them, by label.
    angles : JointAngles, optional
        Joint angles of a file that has nothing but angles (MOT), named `imported_<column>`.
    events : tuple of ImportedEvent
    analog : Analog, optional
    force_plates : tuple of ForcePlate
    poses : ImportedPoses, optional
        Poses of segments that the file holds.
    origin : FileOrigin, optional
        What the file says beside all this, for the way back into its format.
    subject : mapping of str to float or str
        What is known of the person, in SI units with the unit in the name (`leg_length_l_m`, `mass_kg`).
    parameters : mapping of str to float or str
        The subject parameters by the file's own names and in the file's own units.
    model_points : tuple of str
        Names of points that are no markers: a recording program computed them.
    first_frame : int
        Number of the first stored frame in the recording, counted from 1.
    units_original : str
        Length unit of the file, or the one that was given.
    up_axis_original : str
        `x`, `y`, `z`, or with a minus: the file's axis that points up.
    axis_source : str
        `stated` in the file, `inferred` from the body, or `given` by the caller.
    forward_axis : str
        World axis the person faces (`x`, `-x`, `y`, `-y`), from left and right labels; `x` where these are absent.
    created : str
        Recording time of the file, empty where it has none.
    subject_code : str
        Of a file written here; names of persons are not taken over from others.
    sha256 : str
        Of the file.
    notes : tuple of str
        What was found and decided, for the user.
    """

    points: Points3D
    model: Mapping[str, Mapping[str, NDArray]] = field(default_factory=dict)
    model_units: Mapping[str, str] = field(default_factory=dict)
    model_descriptions: Mapping[str, str] = field(default_factory=dict)
    angles: JointAngles | None = None
    events: tuple[ImportedEvent, ...] = ()
    analog: Analog | None = None
    force_plates: tuple[ForcePlate, ...] = ()
    poses: ImportedPoses | None = None
    origin: FileOrigin | None = None
    subject: Mapping[str, float | str] = field(default_factory=dict)
    parameters: Mapping[str, float | str] = field(default_factory=dict)
    model_points: tuple[str, ...] = ()
    first_frame: int = 1
    units_original: str = "m"
    up_axis_original: str = "z"
    axis_source: str = "stated"
    forward_axis: str = "x"
    created: str = ""
    subject_code: str = ""
    sha256: str = ""
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        frozen = {kind: MappingProxyType(dict(group)) for kind, group in self.model.items()}
        object.__setattr__(self, "model", MappingProxyType(frozen))
        for name in ("model_units", "model_descriptions", "subject", "parameters"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    @property
    def model_angles(self) -> Mapping[str, NDArray]:
        """The file's own joint angles by label, each (time, 3), in degrees unless `model_units` says otherwise."""
        return self.model.get("angles", MappingProxyType({}))

    @property
    def model_outputs(self) -> tuple[ModelOutputs, ...]:
        """The model outputs as parts of a trial, one per kind."""
        return tuple(
            ModelOutputs(kind, tuple(group), np.stack(list(group.values()), axis=1), self.model_units.get(kind, ""),
                         tuple(self.model_descriptions.get(label, "") for label in group))
            for kind, group in self.model.items() if group
        )  # fmt: skip
