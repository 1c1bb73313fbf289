"""What is wrong with a trial file: format, schema, digests."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mocap.errors import TrialFileError
from mocap.storage.decode import decode
from mocap.storage.hdf import load
from mocap.storage.hdf_open import SealError
from mocap.storage.integrity import PATH, mismatches
from mocap.storage.layout import Group, Variable
from mocap.storage.migrate import migrated

_ATTRIBUTES = (
    "format", "format_version", "trial_id", "subject_code", "task", "created_utc", "length_unit", "up_axis",
    "forward_axis", "handedness", "gravity_vector", "gravity_known", "axis_source", "site", "rig_id", "operator",
    "protocol_sha256",
)  # fmt: skip
_FIXED = {"length_unit": "m", "up_axis": "z", "handedness": "right"}


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with a file: where, what, and the code of the error."""

    item: str
    problem: str
    code: str

    def __str__(self) -> str:
        place = "" if self.item in self.problem else f"{self.item} "
        return f"{self.code}: {place}{self.problem}"


def inspect(path: Path, *, sealed: bool) -> tuple[Finding, ...]:
    """Return everything that is wrong with a trial file, reading it in this process.

    The HDF5 library may crash or hang on a damaged file: without a seal only in a process of its own.

    Raises
    ------
    SealError
        When it is to be sealed, and is not.
    """
    try:
        groups, found = load(path, sealed=sealed)
    except SealError:
        raise
    except TrialFileError as error:
        return (Finding(str(path), error.cause, error.code),)
    findings = [Finding(item, problem, "TRIAL_DAMAGED") for item, problem in mismatches(groups.get(PATH), found)]
    groups = migrated(groups)
    findings += _schema_findings(groups)
    try:
        decode(groups)
    except TrialFileError as error:
        findings.append(Finding("/", error.cause, error.code))
    return tuple(findings)


def _schema_findings(groups: Mapping[str, Group]) -> list[Finding]:
    root = groups["/"].attributes
    findings = [Finding("/", f"the attribute {name} is missing", "TRIAL_SCHEMA")
                for name in _ATTRIBUTES if name not in root]  # fmt: skip
    findings += [Finding("/", f"{name} is '{root[name]}', expected '{value}'", "TRIAL_SCHEMA")
                 for name, value in _FIXED.items() if name in root and str(root[name]) != value]  # fmt: skip
    for path, group in groups.items():
        for name, variable in group.variables.items():
            item = f"{path.rstrip('/')}/{name}"
            findings += [Finding(item, problem, "TRIAL_SCHEMA") for problem in _problems(variable, group)]
        findings += _time_findings(path, group)
    position = groups["/points"].variables.get("position") if "/points" in groups else None
    if position is not None and position.data.size and not np.isfinite(position.data).any():
        findings.append(Finding("/points/position", "holds not one finite value", "POINTS_EMPTY"))
    return findings


def _problems(variable: Variable, group: Group) -> list[str]:
    absent = [name for name in ("units", "long_name") if name not in variable.attributes]
    problems = [f"the attribute {name} is missing" for name in absent]
    if len(variable.dims) != variable.data.ndim:
        return [*problems, "its axes do not fit its shape"]
    for dim, length in zip(variable.dims, variable.data.shape, strict=True):
        axis = group.variables.get(dim)
        if axis is None or axis.data.shape != (length,):
            problems.append(f"its axis '{dim}' of length {length} is not that of the group")
    return problems


def _time_findings(path: str, group: Group) -> list[Finding]:
    """Frame times have to be those of the rate, to a nanosecond."""
    time, rate = group.variables.get("time"), group.attributes.get("rate_hz")
    if time is None or rate is None or time.data.ndim != 1 or not len(time.data):
        return []
    item = f"{path}/time"
    if not _is_positive(rate) or time.data.dtype.kind not in "iuf":
        return [Finding(item, "or rate_hz of its group is no plain number", "TRIAL_SCHEMA")]
    expected = time.data[0] + np.arange(len(time.data)) / float(rate)
    if np.allclose(time.data, expected, rtol=0, atol=1e-9):
        return []
    return [Finding(item, "does not go on at rate_hz", "TRIAL_SCHEMA")]


def _is_positive(value: Any) -> bool:
    """Whether an attribute, which may be anything, is one finite number above 0."""
    array = np.asarray(value)
    return array.shape == () and array.dtype.kind in "iuf" and bool(np.isfinite(array)) and bool(array > 0)
