"""The frozen types of the flow, in flow order: Timeline, Keypoints2D, Points3D, Segments, JointAngles, Event,
Assessment, Trial."""

from mocap.trial.angles import AngleDefinition, JointAngles
from mocap.trial.assessment import METRIC_UNITS, Assessment, Metric, Rejected, Rule, Table, Words, joined, stacked
from mocap.trial.bone_errors import BoneErrors
from mocap.trial.changes import Change, change_between
from mocap.trial.conventions import (
    FILE_UNITS,
    convention_rows,
    frame_reasons,
    measure_frame_reasons,
    measure_rows,
    shared_parts,
)
from mocap.trial.edits import PointEdit
from mocap.trial.events import Event
from mocap.trial.keypoints import Keypoints2D, Timeline
from mocap.trial.measures import Measure
from mocap.trial.points import Points3D, Segments
from mocap.trial.record import Operation, Trial, Verdict
from mocap.trial.recorded import MODEL_KINDS, Analog, FileOrigin, FileParameter, ForcePlate, ImportedPoses, ModelOutputs
from mocap.trial.scalars import (
    BEYOND_REACH,
    CONFIRMED_REACH,
    NEAR_GIMBAL_LOCK,
    beyond_reach,
    doubted,
    scalar_values,
)
from mocap.trial.shown import shown
from mocap.trial.steps import SettingRow, Step, StepInput
from mocap.trial.sync import CameraTimes, SyncEstimate

__all__ = [
    "BEYOND_REACH",
    "CONFIRMED_REACH",
    "FILE_UNITS",
    "METRIC_UNITS",
    "MODEL_KINDS",
    "NEAR_GIMBAL_LOCK",
    "Analog",
    "AngleDefinition",
    "Assessment",
    "BoneErrors",
    "CameraTimes",
    "Change",
    "Event",
    "FileOrigin",
    "FileParameter",
    "ForcePlate",
    "ImportedPoses",
    "JointAngles",
    "Keypoints2D",
    "Measure",
    "Metric",
    "ModelOutputs",
    "Operation",
    "PointEdit",
    "Points3D",
    "Rejected",
    "Rule",
    "Segments",
    "SettingRow",
    "Step",
    "StepInput",
    "SyncEstimate",
    "Table",
    "Timeline",
    "Trial",
    "Verdict",
    "Words",
    "beyond_reach",
    "change_between",
    "convention_rows",
    "doubted",
    "frame_reasons",
    "joined",
    "measure_frame_reasons",
    "measure_rows",
    "scalar_values",
    "shared_parts",
    "shown",
    "stacked",
]
