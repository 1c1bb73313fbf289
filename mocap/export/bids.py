"""A trial as part of a BIDS dataset, after BIDS 1.11 (motion since 1.9).

    dataset_description.json  README.md  participants.tsv  participants.json
    sub-<code>[/ses-<visit>]/[..._scans.tsv]
    sub-<code>[/ses-<visit>]/motion/sub-<code>[_ses-<visit>]_task-<task>_tracksys-omc_acq-<trial>_motion.tsv  .json
                                    ..._channels.tsv  .json  ..._events.tsv  .json

Several trials go into one dataset, also into one that others made: what they wrote of dataset and participants stays.

Source: K. Gorgolewski et al., Scientific Data 3:160044, 2016; S. Jeung et al., Motion-BIDS, Scientific Data 11:716,
2024; the rules of bids-specification.readthedocs.io, "Motion".
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import mocap
from mocap.errors import ExportError
from mocap.export.bids_tables import channel_table, event_table, motion_rows, tsv
from mocap.trial import Trial

BIDS_VERSION = "1.11.1"
#: Label of the tracking system: optical motion capture.
TRACKSYS = "omc"
#: Of a participant, where the trial knows it: column, what it is, its unit.
_KNOWN = (
    ("age", ("age", "age_years"), "years"), ("sex", ("sex",), ""), ("handedness", ("handedness",), ""),
    ("height", ("height_m",), "m"), ("weight", ("mass_kg",), "kg"),
)  # fmt: skip
PARTICIPANT_COLUMNS = ("participant_id", "subject_code", *(name for name, _, _ in _KNOWN))
_AXES = {"x": "ALS", "-x": "PRS", "y": "RAS", "-y": "LPS"}
_README = """# Motion capture

Positions of points (m) and joint angles (deg) over time, written by mocap {version} in the layout of BIDS (Motion).

Each `_channels.tsv` tells what the columns of its `_motion.tsv` are. Angles carry their definition in `_channels.tsv`,
column `description`. Columns of type MISC named `<point>_status` are sums of 1 measured, 2 filled, 4 filtered,
8 edited, 16 rejected, 32 doubtful; points without one were measured or are missing (n/a) throughout. Uncertainties,
assessments and smoothed points are not in this layout; mocap exports them as parquet or json.
"""


@dataclass(frozen=True)
class BidsNames:
    """How a trial is called in a dataset."""

    subject: str
    session: str
    task: str
    trial: str

    @property
    def folder(self) -> Path:
        """Folder of the subject, or of its session."""
        return Path(f"sub-{self.subject}") / (f"ses-{self.session}" if self.session else "")

    @property
    def start(self) -> str:
        """What the names of all its files begin with."""
        return f"sub-{self.subject}{f'_ses-{self.session}' if self.session else ''}"

    def file(self, suffix: str) -> Path:
        """Path of a file of the trial within the dataset: `motion.tsv`, `channels.json`, ..."""
        name = f"{self.start}_task-{self.task}_tracksys-{TRACKSYS}_acq-{self.trial}_{suffix}"
        return self.folder / "motion" / name

    @property
    def scans(self) -> Path:
        """Path of the list of recordings."""
        return self.folder / f"{self.start}_scans.tsv"


def export_bids(trial: Trial, path: Path | str) -> tuple[Path, ...]:
    """Write a trial as a BIDS dataset of its own.

    Parameters
    ----------
    trial : Trial
    path : path
        Folder of the dataset, made when missing.

    Returns
    -------
    tuple of Path
        What was written.

    Raises
    ------
    ExportError
        `EXPORT_EMPTY` without points and angles.
    """
    path = Path(path)
    if not motion_rows(trial).size:
        raise ExportError("The trial has no points and no angles.", "Export it as json.", code="EXPORT_EMPTY")
    written = []
    for name, text in bids_texts(trial).items():
        file = path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode("utf-8", "replace"))
        written.append(file)
    return tuple(written)


def bids_names(trial: Trial) -> BidsNames:
    """Return the labels of a trial, of letters and digits alone.

    Without a code of the subject the trial's own name stands for it, so that no two people become one.
    """
    visit = trial.context.get("visit", "")
    session = _label(visit if isinstance(visit, str) else f"{visit:g}")
    name = _label(trial.trial_id) or "trial"
    return BidsNames(_label(trial.subject_code) or name, session, _label(trial.task) or "unknown", name)


def bids_texts(trial: Trial) -> dict[Path, str]:
    """Return the files of a dataset of one trial, by their paths within it."""
    names = bids_names(trial)
    rows, channels = motion_rows(trial), channel_table(trial)
    body = "".join("\t".join(repr(v) if known else "n/a" for v, known in zip(row, seen, strict=True)) + "\n"
                   for row, seen in zip(rows.tolist(), np.isfinite(rows).tolist(), strict=True))  # fmt: skip
    texts = {
        Path("dataset_description.json"): _json(_description()),
        Path("README.md"): _README.format(version=mocap.__version__),
        Path("participants.tsv"): tsv(PARTICIPANT_COLUMNS, [_participant(trial, names)]),
        Path("participants.json"): _json(_participant_columns()),
        names.file("motion.tsv"): body,
        names.file("motion.json"): _json(_sidecar(trial, channels)),
        names.file("channels.tsv"): tsv(tuple(channels[0]), [tuple(row.values()) for row in channels]),
        names.file("channels.json"): _json(_frames(trial)),
    }
    # Without events, too: those of an earlier export must not stay beside new samples.
    columns, events = event_table(trial)
    texts[names.file("events.tsv")] = tsv(tuple(columns), events)
    texts[names.file("events.json")] = _json(columns)
    if re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z?", trial.created_utc):
        own = names.file("motion.tsv").relative_to(names.folder).as_posix()
        texts[names.scans] = tsv(("filename", "acq_time"), [(own, trial.created_utc)])
    return texts


def _label(name: str) -> str:
    # Names of files have an end; what becomes alike by it is refused where both come together.
    return re.sub(r"[^0-9a-zA-Z]", "", name)[:40]


def _json(content: Any) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _description() -> dict[str, Any]:
    return {
        "Name": "Motion capture", "BIDSVersion": BIDS_VERSION, "DatasetType": "raw",
        "GeneratedBy": [{"Name": "mocap", "Version": mocap.__version__}],
    }  # fmt: skip


def _participant(trial: Trial, names: BidsNames) -> tuple[str | float, ...]:
    known = [next((trial.subject[key] for key in keys if key in trial.subject), "n/a") for _, keys, _ in _KNOWN]
    return (f"sub-{names.subject}", trial.subject_code, *known)


def _participant_columns() -> dict[str, Any]:
    told: dict[str, Any] = {"subject_code": {"Description": "code of the person in the laboratory"}}
    for name, keys, unit in _KNOWN:
        told[name] = {"Description": f"{name} as stated ({keys[-1]})"} | ({"Units": unit} if unit else {})
    return told


def _sidecar(trial: Trial, channels: list[dict[str, Any]]) -> dict[str, Any]:
    points, kinds = trial.points, [row["type"] for row in channels]
    cameras = f", {len(trial.rig)} cameras" if trial.rig is not None else ""
    counts = {f"{kind}ChannelCount": kinds.count(kind) for kind in
              ("ACCEL", "ANGACCEL", "GYRO", "JNTANG", "LATENCY", "MAGN", "ORNT", "POS", "VEL")}  # fmt: skip
    task = trial.task or "unknown"
    return {
        "TaskName": task,
        "TaskDescription": "; ".join(f"{key}: {value}" for key, value in sorted(trial.context.items())) or "not stated",
        "SamplingFrequency": points.rate_hz, "SamplingFrequencyEffective": points.rate_hz,
        "RecordingDuration": points.n_frames / points.rate_hz,
        "MotionChannelCount": len(kinds), **counts, "MiscChannelCount": kinds.count("MISC"),
        "TrackedPointsCount": len(points.names), "MissingValues": "n/a",
        "TrackingSystemName": f"optical motion capture{cameras}",
        "InstitutionName": trial.site or "n/a", "SoftwareVersions": f"mocap {mocap.__version__}",
        # Beyond BIDS: what an import needs to make the same trial of it.
        "TrialId": trial.trial_id, "TimeOfFirstSample": points.start_s,
    }  # fmt: skip


def _frames(trial: Trial) -> dict[str, Any]:
    plain = trial.forward_axis.strip().lower().removeprefix("+")
    lab: dict[str, Any] = {"Description": "the laboratory, right-handed; axes by the person's nominal facing direction"}
    if trial.gravity_known:
        lab["SpatialAxes"] = _AXES.get(plain, "ALS")
    else:
        lab["Description"] = "the laboratory, right-handed; it is not known which way is up"
    described = "angles between axes of two segments, or against the laboratory: see the column description"
    return {"reference_frame": {"Description": "what a channel is measured against",
                                "Levels": {"global": lab, "joint": {"Description": described}}}}  # fmt: skip
