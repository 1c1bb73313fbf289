"""Errors of the pipeline; the tree of `calibration.errors` goes on here, under the same base.

    MocapError                      the one base to catch
    ├── (those of calibration.errors: ShapeError, SourceError, FormatError, CalibrationError, ...)
    ├── ConfigError                 a configuration or preset has an unknown key, a wrong value, or is missing
    ├── KeypointError               keypoints do not fit the cameras, the skeleton or each other
    ├── ReconstructionError         too little of the input could be turned into 3D points
    ├── KinematicsError             markers, static trial or units make angles impossible or implausible
    ├── AssessmentError             a trial cannot be assessed, or results do not belong together
    ├── TrialFileError              a trial file is damaged, newer, or not a trial file
    ├── ExportError                 the hand-over cannot be written
    └── ViewerError                 the viewer cannot be opened here
"""

from calibration.errors import (
    BoardError,
    CalibrationError,
    FormatError,
    MocapError,
    ShapeError,
    SolverError,
    SourceError,
    ViewGraphError,
)

__all__ = [
    "AssessmentError",
    "BoardError",
    "CalibrationError",
    "ConfigError",
    "ExportError",
    "FormatError",
    "KeypointError",
    "KinematicsError",
    "MocapError",
    "ReconstructionError",
    "ShapeError",
    "SolverError",
    "SourceError",
    "TrialFileError",
    "ViewGraphError",
    "ViewerError",
]


class ConfigError(MocapError, ValueError):
    """A configuration or preset has an unknown key, a wrong value, or is missing."""

    code = "CONFIG"


class KeypointError(MocapError):
    """Keypoints do not fit the cameras, the skeleton or each other."""

    code = "KEYPOINTS"


class ReconstructionError(MocapError):
    """Too little of the input could be turned into 3D points."""

    code = "RECONSTRUCTION"


class KinematicsError(MocapError):
    """Markers, static trial or units make angles impossible or implausible."""

    code = "KINEMATICS"


class AssessmentError(MocapError):
    """A trial cannot be assessed: it has no angles, or the results do not belong together."""

    code = "ASSESSMENT"


class TrialFileError(MocapError):
    """A trial file is damaged, newer than this program, or not a trial file."""

    code = "TRIAL_FILE"


class ExportError(MocapError):
    """The hand-over cannot be written."""

    code = "EXPORT"


class ViewerError(MocapError):
    """The viewer cannot be opened here."""

    code = "VIEWER"
