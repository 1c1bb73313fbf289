"""What `mocap compare` compares: the angles of a file, under its own names and under ours."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from calibration import CameraRig
from mocap.errors import KinematicsError
from mocap.pipeline.compare_foreign import PREFIX, opensim_angles, plug_in_gait_angles, without_counterpart
from mocap.readers import read_motion
from mocap.storage import read_trial
from mocap.trial import JointAngles, Points3D

_TRIAL_FILES = (".h5", ".hdf5")


@dataclass(frozen=True, eq=False)
class Source:
    """The angles of one side of a comparison.

    Attributes
    ----------
    name : str
        Of the file.
    angles : JointAngles
        Under the file's own names.
    translated : JointAngles or None
        Those of another program under our names and signs.
    points : Points3D
        By which two analyses of one recording are known.
    notes : tuple of str
    rig : CameraRig or None
        The cameras of the recording, by which two recordings in one world are known.
    """

    name: str
    angles: JointAngles
    translated: JointAngles | None
    points: Points3D
    notes: tuple[str, ...] = ()
    rig: CameraRig | None = None

    @property
    def by_our_names(self) -> JointAngles:
        """The translated angles where there are some, else the file's own."""
        return self.angles if self.translated is None else self.translated


def read_source(path: Path, up: str | None = None, units: str | None = None) -> Source:
    """Read the angles of a trial file, a MOT or STO file, or the model outputs of a C3D file.

    Raises
    ------
    KinematicsError
        NO_ANGLES, for a file of markers alone.
    MocapError
        What the readers refuse.
    """
    if path.suffix.lower() in _TRIAL_FILES:
        trial = read_trial(path)
        if trial.angles is None or not trial.angles.names:
            raise _no_angles(path)
        return replace(_source(path.name, trial.angles, trial.points), rig=trial.rig)
    imported = read_motion(path, up=up, units=units)
    if imported.angles is not None:
        return _source(path.name, imported.angles, imported.points)
    points = imported.points
    angles = plug_in_gait_angles(imported.model_angles, points.rate_hz, points.start_s, path.name)
    if angles is None:
        raise _no_angles(path)
    return Source(path.name, angles, None, points)


def same_recording(a: Source, b: Source) -> bool:
    """Whether both rest on the same points, to the bit, and so on one clock."""
    one, other = a.points, b.points
    return (
        bool(one.names) and set(one.names) == set(other.names) and one.rate_hz == other.rate_hz
        and one.start_s == other.start_s and one.position.shape == other.position.shape
        and all(np.array_equal(one.point(name), other.point(name), equal_nan=True) for name in one.names)
    )  # fmt: skip


def same_vertical(a: Source, b: Source) -> bool:
    """Whether both rest on one calibration: all cameras that both have, and at least one, stand alike to the bit.

    An error of the vertical is then in both, and cancels while the person faces one way.
    """
    if a.rig is None or b.rig is None:
        return False
    one, other = ({camera.name: camera.cam_from_world for camera in rig} for rig in (a.rig, b.rig))
    common = set(one) & set(other)
    return bool(common) and all(np.array_equal(one[name], other[name]) for name in common)


def _source(name: str, angles: JointAngles, points: Points3D) -> Source:
    if not any(one.startswith(PREFIX) for one in angles.names):
        return Source(name, angles, None, points)
    translated, notes = opensim_angles(angles)
    lone = without_counterpart(angles.names, translated)
    told = (f"without a counterpart among our angles: {', '.join(one.removeprefix(PREFIX) for one in lone)}",)
    return Source(name, angles, translated, points, (*notes, *(told if lone else ())))


def _no_angles(path: Path) -> KinematicsError:
    return KinematicsError(
        f"{path.name} holds no joint angles.",
        f"Compute them first: mocap kinematics {path.name} --static STANDING --out angles.h5, and compare that file.",
        code="NO_ANGLES",
    )
