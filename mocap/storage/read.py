"""Read a trial: nothing is believed before its digests match."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from mocap.errors import TrialFileError
from mocap.storage.decode import TOLD, decode, decode_told
from mocap.storage.encode_assessment import EVENTS, decoded_events
from mocap.storage.encode_edits import EDITS, decoded_edits
from mocap.storage.hdf import load
from mocap.storage.hdf_open import SealError
from mocap.storage.integrity import PATH, mismatches
from mocap.storage.isolation import inspect_isolated
from mocap.storage.layout import Group, Variable
from mocap.storage.migrate import migrated
from mocap.storage.refusal import CONTENT_ERRORS, RESTORE, contradiction, refuse
from mocap.storage.trial_file import open_trial_file
from mocap.trial import Event, Operation, PointEdit, Trial, Verdict


def read_trial(path: Path | str) -> Trial:
    """Read a trial file, verified against its own digests.

    Raises
    ------
    SourceError
        `FILE_MISSING`.
    TrialFileError
        `NOT_A_TRIAL`, `TRIAL_NEWER`, `TRIAL_DAMAGED` (naming the damaged item), `TRIAL_UNSAFE`, `TRIAL_SCHEMA`.
    """
    path = Path(path)
    groups, found = _loaded(path)
    problems = mismatches(groups.get(PATH), found)
    if problems:
        refuse(path, problems)
    try:
        return decode(migrated(groups))
    except TrialFileError as error:
        raise TrialFileError(f"{path}: {error.cause}", error.remedy, error.code) from error


def _loaded(path: Path) -> tuple[dict[str, Group], dict[str, str]]:
    """Read and digest a file; where its seal is broken, only when nothing is found to be wrong with it."""
    try:
        return load(path)
    except SealError:
        # Changed or damaged since it was written: what exactly is found out where a crash does no harm.
        findings = inspect_isolated(path)
        if findings:
            refuse(path, [(finding.item, finding.problem) for finding in findings], findings[0].code)
        return load(path, sealed=False)


_LARGE = ("/keypoints2d", "/analog", "/segments", "/points/covariance", "/points/calibration_covariance",
          "/points/reprojection_error", "/points_smoothed/covariance", "/points_smoothed/calibration_covariance",
          "/points_smoothed/reprojection_error")  # fmt: skip
"""What `read_light` leaves in the file: a review reads a moment of it."""
_RAW, _SMOOTHED, _POSITION = "/points", "/points_smoothed", "position"


def read_light(path: Path | str) -> Trial:
    """Read a trial file without what is large and needed by the frame: views, covariances, errors, poses, channels.

    Where there are smoothed points, the positions of the raw ones are left out, too: they are NaN, take no memory, and
    their status tells which of them there are. `open_trial_file` reads all of that, frame by frame; everything that is
    read is verified.

    Raises
    ------
    SourceError
        `FILE_MISSING`.
    TrialFileError
        `NOT_A_TRIAL`, `TRIAL_NEWER`, `TRIAL_DAMAGED` (naming the damaged item), `TRIAL_UNSAFE`, `TRIAL_SCHEMA`.
    """
    path = Path(path)
    with open_trial_file(path) as file:
        large = (*_LARGE, f"{_RAW}/{_POSITION}") if _SMOOTHED in file.groups else _LARGE
        groups = {
            name: file.group(name, [item.removeprefix(f"{name}/") for item in large if item.startswith(f"{name}/")])
            for name in file.groups if name not in large and name != PATH
        }  # fmt: skip
        if len(large) > len(_LARGE):
            groups[_RAW] = _with_nan(groups[_RAW], file.shape(f"{_RAW}/{_POSITION}"))
    try:
        return decode(migrated(groups))
    except TrialFileError as error:
        raise TrialFileError(f"{path}: {error.cause}", error.remedy, error.code) from error


def _with_nan(group: Group, shape: tuple[int, ...]) -> Group:
    """Return a group of points with positions that take no memory."""
    missing = Variable(("time", "keypoint", "axis"), np.broadcast_to(np.float64(np.nan), shape))
    return replace(group, variables={**group.variables, _POSITION: missing})


def read_told(path: Path | str) -> tuple[tuple[Verdict, ...], tuple[Operation, ...]]:
    """Read the verdicts of a trial file and how it was made, and nothing else.

    Raises
    ------
    SourceError
        `FILE_MISSING`.
    TrialFileError
        `NOT_A_TRIAL`, `TRIAL_NEWER`, `TRIAL_DAMAGED`, `TRIAL_UNSAFE`, `TRIAL_SCHEMA`.
    """
    return decode_told(_parts(path, TOLD))


def _parts(path: Path | str, names: Sequence[str]) -> dict[str, Group]:
    """Read the root's attributes and those groups of a file that are there, verified."""
    with open_trial_file(path) as file:
        parts = {name: file.group(name) for name in ("/", *names) if name in file.groups}
    return migrated(parts)


def read_identity(path: Path | str) -> tuple[str, str]:
    """Read the code of the person and the name of the trial, and nothing else.

    Raises
    ------
    SourceError
        `FILE_MISSING`.
    TrialFileError
        `NOT_A_TRIAL`, `TRIAL_NEWER`, `TRIAL_DAMAGED`, `TRIAL_UNSAFE`.
    """
    with open_trial_file(path) as file:
        told = file.attributes("/")
    return str(told.get("subject_code", "")), str(told.get("trial_id", ""))


def read_events(path: Path | str) -> tuple[Event, ...]:
    """Read the events of a trial file, and nothing else.

    Raises
    ------
    SourceError
        `FILE_MISSING`.
    TrialFileError
        `NOT_A_TRIAL`, `TRIAL_NEWER`, `TRIAL_DAMAGED`, `TRIAL_UNSAFE`, `TRIAL_SCHEMA`.
    """
    groups = _parts(path, [EVENTS])
    try:
        return decoded_events(groups[EVENTS]) if EVENTS in groups else ()
    except CONTENT_ERRORS as error:
        raise _not_whole(path, EVENTS, error) from error


def read_edits(path: Path | str) -> tuple[PointEdit, ...]:
    """Read the corrections of points of a trial file, and nothing else.

    Raises
    ------
    SourceError
        `FILE_MISSING`.
    TrialFileError
        `NOT_A_TRIAL`, `TRIAL_NEWER`, `TRIAL_DAMAGED`, `TRIAL_UNSAFE`, `TRIAL_SCHEMA`.
    """
    groups = _parts(path, [EDITS])
    try:
        return decoded_edits(groups.get(EDITS))
    except CONTENT_ERRORS as error:
        raise _not_whole(path, EDITS, error) from error


def _not_whole(path: Path | str, group: str, error: Exception) -> TrialFileError:
    cause = f"{path}: {group} is not whole: {contradiction(error).rstrip('.')}."
    return TrialFileError(cause, RESTORE, code="TRIAL_SCHEMA")
