"""C3D files: markers in metres with Z up, and what else the file brings along, kept apart."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.digits import counted
from mocap.errors import FormatError
from mocap.readers import axes
from mocap.readers.c3d_content import C3dContent, load_c3d
from mocap.readers.c3d_data import C3dData, check_size, frames_of, read_data, rotation_ratio
from mocap.readers.c3d_doubts import doubts_of
from mocap.readers.c3d_header_events import header_events
from mocap.readers.c3d_labels import (
    descriptions_of,
    kept_words,
    kinds_of,
    labels_of,
    model_of,
    own_groups,
    taken_status,
    words_of,
)
from mocap.readers.c3d_origin import OwnWords, kept_parameters, own_words
from mocap.readers.c3d_parts import analog_of, events_of, force_plates_of, numbers_of, subject_of
from mocap.readers.far_samples import without_far, without_jumps
from mocap.readers.files import file_digest, read_bytes
from mocap.readers.imported import CHANGED, Imported, ImportedEvent
from mocap.readers.model_points import model_points
from mocap.schema import METRES_PER, Status
from mocap.trial import FileOrigin, ImportedPoses, Points3D

_NO_TURN = 1e-3
_OWN_AXES = axes.Axes("z", "stated", "x")


@dataclass(frozen=True)
class _Clock:
    rate_hz: float
    start_s: float


@dataclass(frozen=True)
class _Space:
    """How the file's lengths and axes become ours."""

    metres_per_unit: float
    unit: str
    axes: axes.Axes
    notes: tuple[str, ...]


def read_c3d(path: Path | str, up: str | None = None, units: str | None = None) -> Imported:
    """Read a C3D file.

    Parameters
    ----------
    path : path
    up : str, optional
        The file's axis that points up; when left out: POINT:Y_SCREEN, checked against the body, or else the body.
    units : str, optional
        Length unit, in place of POINT:UNITS.

    Returns
    -------
    Imported
        `points` are the markers and model points that are positions; time 0 is the first stored frame, so events
        are moved from the recording's clock by (first_frame - 1) / rate. A file written here keeps its own clock, the
        rate to the last bit and the flags of its samples.

    Raises
    ------
    SourceError
        `FILE_MISSING`, `C3D_TRUNCATED`.
    FormatError
        `C3D_NOT`, `C3D_BROKEN`, `C3D_EMPTY`, `C3D_ANALOG_RATE`, `UNITS`, `AXES`.
    """
    path = Path(path)
    file = load_c3d(path)
    parameters = file.parameters
    frames = frames_of(file.header, parameters, path)
    check_size(path, file.header, parameters, frames.count)
    content = read_bytes(path)
    data = read_data(content, file.header, parameters, frames.count, path)
    own = own_words(parameters, _rate(file, path), content)
    # What is as it was written here is taken as it is; all else is looked over.
    sound = own is not None and own.intact
    clock = _clock(_rate(file, path), own)
    names, label_notes = labels_of(parameters, "POINT", data.points.shape[1], "point")
    kinds = kinds_of(names, parameters, own is not None)
    is_point = np.array([kind is None for kind in kinds], bool)
    markers = tuple(name for name, kind in zip(names, kinds, strict=True) if kind is None)
    if not frames.count or not (names or data.rotations.size):
        raise FormatError(f"{path} holds no points in any frame.", "Export the trial with its markers.", "C3D_EMPTY")
    positions, zero_notes = _without_zeros(data.points[:, is_point], not sound)
    space = _space(positions, markers, parameters, (up, units), own if sound else None, data.rotations.size > 0, path)
    positions, far_notes = _plausible(positions * space.metres_per_unit, clock, own)
    poses, pose_notes = _poses(data.rotations, file, clock, space, path)
    plates, plate_notes = force_plates_of(parameters, space.metres_per_unit, space.axes.up)
    kept, kept_notes = kept_parameters(parameters, bool(plates))
    model, model_units = model_of(names, kinds, data.points, parameters, own is not None)
    quality = _quality(data, is_point, positions, space.metres_per_unit)
    subject, raw = subject_of(parameters)
    return Imported(
        points=_points(positions, markers, model, quality, clock, own, space),
        model=model,
        model_units=model_units,
        model_descriptions=descriptions_of(names, parameters),
        events=_events(content, file, (frames.first - 1) / clock.rate_hz, clock.start_s),
        analog=analog_of(parameters, data.analog, _analog_rate(file, data, clock, path), clock.start_s),
        force_plates=plates,
        poses=poses,
        origin=FileOrigin(
            space.unit, space.axes.up, frames.first, names, kept | kept_words(names, parameters), **quality
        ),
        subject=subject,
        parameters=raw,
        model_points=model_points(markers, own_groups(parameters)),
        first_frame=frames.first,
        units_original=space.unit,
        up_axis_original=space.axes.up,
        axis_source=space.axes.source,
        forward_axis=space.axes.forward,
        created=own.created_utc if own else "",
        subject_code=own.subject_code if own else "",
        sha256=file_digest(content),
        notes=(
            *label_notes, *zero_notes, *space.notes, *far_notes, *space.axes.notes, *pose_notes,
            *plate_notes, *kept_notes, *doubts_of(file.header, parameters, len(content)),
        ),
    )  # fmt: skip


def _events(content: bytes, file: C3dContent, first_s: float, start_s: float) -> tuple[ImportedEvent, ...]:
    """Events of the parameters, on the recording's clock, and those of the header, on that of the first frame."""
    events = events_of(file.parameters, first_s - start_s)
    more = header_events(content, file.header.processor, start_s, events)
    return tuple(sorted((*events, *more), key=lambda event: (event.time_s, event.side, event.label)))


def _rate(file: C3dContent, path: Path) -> float:
    given = np.ravel(numbers_of(file.parameters, "POINT", "RATE"))
    rate = float(given[0]) if len(given) else 0.0
    if not (np.isfinite(rate) and rate > 0):
        rate = file.header.rate_hz
    if not (np.isfinite(rate) and 0 < rate < 1e5):
        raise FormatError(f"{path} has a frame rate of {rate} Hz.", "Export the trial again.", code="C3D_BROKEN")
    return rate


def _clock(rate_hz: float, own: OwnWords | None) -> _Clock:
    if own is None:
        return _Clock(rate_hz, 0.0)
    return _Clock(own.rate_hz if np.isfinite(own.rate_hz) else rate_hz, own.start_s)


def _analog_rate(file: C3dContent, data: C3dData, clock: _Clock, path: Path) -> float:
    """The rate of the analog samples: a whole multiple of that of the frames, and what the file states has to agree."""
    ratio = file.header.samples_per_frame
    stated = np.ravel(numbers_of(file.parameters, "ANALOG", "RATE"))
    rate = clock.rate_hz * ratio
    if data.analog.shape[1] and len(stated) and stated[0] and not abs(stated[0] - rate) <= 1e-3 * rate:
        raise FormatError(
            f"{path} says {stated[0]:g} Hz for its analog channels, and holds {ratio} samples a frame at "
            f"{clock.rate_hz:g} Hz.", "Export it again, the analog rate a whole multiple of the frame rate.",
            code="C3D_ANALOG_RATE",
        )  # fmt: skip
    return rate


def _space(
    positions: NDArray, markers: tuple[str, ...], parameters: Mapping[str, Any], given: Sequence[str | None],
    own: OwnWords | None, has_poses: bool, path: Path,
) -> _Space:  # fmt: skip
    """Unit and axes; what holds nothing but model outputs has no need of them."""
    up, units = given
    stated = next(iter(words_of(parameters, "POINT", "UNITS")), "")
    if own is not None and not any(given) and stated.lower() in METRES_PER:
        # Written here: what made the trial has judged the body already.
        told = axes.Axes(own.up_axis, own.axis_source, own.forward_axis)
        return _Space(METRES_PER[stated.lower()], stated, told, ())
    if not markers and not has_poses:
        return _Space(METRES_PER.get(stated.lower(), 1e-3), stated or "mm", _OWN_AXES, ())
    factor, unit, notes = axes.find_scale(positions, markers, stated, units, path.name)
    found = axes.find_axes(positions * factor, markers, _stated_up(parameters), up, path.name)
    return _Space(factor, unit, found, notes)


def _stated_up(parameters: Mapping[str, Any]) -> str | None:
    """The axis that the file shows upwards on a screen; None when it says none, or one that is no axis."""
    screen = next(iter(words_of(parameters, "POINT", "Y_SCREEN")), "").lower().removeprefix("+")
    return screen if screen in axes.UP_AXES else None


def _points(
    positions: NDArray, markers: tuple[str, ...], model: dict[str, dict[str, NDArray]], quality: Mapping[str, Any],
    clock: _Clock, own: OwnWords | None, space: _Space,
) -> Points3D:  # fmt: skip
    measured = (np.isfinite(positions).all(axis=2) * np.uint8(Status.MEASURED)).astype(np.uint8)
    mask = quality["camera_mask"]
    return Points3D(
        axes.world_from_file(positions, space.axes.up),
        markers,
        clock.rate_hz,
        status=measured if own is None else taken_status(markers, model, measured),
        n_views=None if mask is None else np.unpackbits(mask[..., None], axis=2).sum(axis=2, dtype=np.uint8),
        start_s=clock.start_s,
        gravity_known=own is None or own.gravity_known,
    )


def _quality(data: C3dData, is_point: NDArray, positions: NDArray, metres_per_unit: float) -> dict[str, Any]:
    """What the file says of its samples' errors and cameras; None where it says 0 of all."""
    seen = np.isfinite(positions).all(axis=2)
    residual = np.where(seen, data.residual[:, is_point] * metres_per_unit, np.nan).astype(np.float32)
    mask = np.where(seen, data.camera_mask[:, is_point], 0).astype(np.uint8)
    return {
        "residual": residual if np.nan_to_num(residual).any() else None,
        "camera_mask": mask if mask.any() else None,
    }


def _poses(
    rotations: NDArray, file: C3dContent, clock: _Clock, space: _Space, path: Path
) -> tuple[ImportedPoses | None, tuple[str, ...]]:
    """Poses in our world: axes of the file turned, metres; what is no rotation is said."""
    if not rotations.size:
        return None, ()
    names, notes = labels_of(file.parameters, "ROTATION", rotations.shape[1], "rotation")
    poses = rotations.copy()
    poses[..., :3, 3] *= space.metres_per_unit
    turned = axes.world_from_file(poses[..., :3, :].swapaxes(-1, -2), space.axes.up)
    poses[..., :3, :] = turned.swapaxes(-1, -2)
    turn = poses[..., :3, :3]
    with np.errstate(invalid="ignore"):
        off = np.abs(turn @ turn.swapaxes(-1, -2) - np.eye(3)).max(axis=(2, 3)) > _NO_TURN
        off |= np.linalg.det(turn) < 0
    if off.any():
        notes += (f"{counted(int(off.sum()), 'pose')} whose matrix is no rotation.",)
    rate = clock.rate_hz * rotation_ratio(file.parameters, file.header, path)
    return ImportedPoses(names, poses, rate, clock.start_s), notes


def _plausible(positions: NDArray, clock: _Clock, own: OwnWords | None) -> tuple[NDArray, tuple[str, ...]]:
    """Take samples as missing that no laboratory holds, unless they were written here and the file is as it was."""
    if own is not None and own.intact:
        return positions, ()
    changed = () if own is None else (CHANGED,)
    positions, far_notes = without_far(positions)
    positions, jump_notes = without_jumps(positions, clock.rate_hz)
    return positions, (*changed, *far_notes, *jump_notes)


def _without_zeros(positions: NDArray, foreign: bool) -> tuple[NDArray, tuple[str, ...]]:
    """Take points at exactly 0, 0, 0 in files of others, and infinite ones, as missing: no marker sits there to the
    last bit."""
    zeros = (positions == 0).all(axis=2) & foreign
    wild = np.isinf(positions).any(axis=2)
    notes = []
    if zeros.any():
        notes.append(f"{counted(int(zeros.sum()), 'sample')} at exactly 0, 0, 0 taken as missing.")
    if wild.any():
        notes.append(f"{counted(int(wild.sum()), 'infinite sample')} taken as missing.")
    return np.where((zeros | wild)[..., None], np.nan, positions), tuple(notes)
