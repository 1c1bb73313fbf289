"""C3D files read back with our own reader and held against the trial they were written from."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mocap.errors import MocapError
from mocap.export.c3d import written_poses
from mocap.export.c3d_columns import IMPORTED, camera_mask_of, residual_of
from mocap.export.c3d_events import told_events
from mocap.export.differences import Difference, number_differences, word_differences
from mocap.readers import Imported, read_c3d
from mocap.readers.imported import CHANGED
from mocap.trial import Trial
from mocap.trial.c3d_words import EVENTS, STRIKE_AND_OFF

# Of a number in single precision, half its last place; two more operations in double precision take little beside.
_SINGLE = 2.0**-24 * 1.01
_TIME_S = 4e-6  # seconds of a minute in single precision


def c3d_differences(trial: Trial, path: Path) -> tuple[Difference, ...]:
    """Return what a C3D file has otherwise than the trial: positions, angles, analog samples, poses and plates to
    single precision, events to 4 us, rate and flags to the last bit, names, units and gaps exactly."""
    try:
        found = read_c3d(path)
    except MocapError as error:
        return (Difference(path.name, f"cannot be read back: {error.cause}"),)
    return tuple(_all(trial, found))


def _all(trial: Trial, found: Imported) -> Iterator[Difference]:
    points = trial.points
    if CHANGED in found.notes:
        yield Difference("the file", "is not what was written: its digest is another")
    yield from word_differences("points, names", points.names, _in_order(points.names, found.points.names))
    yield from number_differences("rate (Hz)", points.rate_hz, found.points.rate_hz)
    yield from number_differences("start (s)", points.start_s, found.points.start_s)
    if set(points.names) == set(found.points.names):
        order = [found.points.names.index(name) for name in points.names]
        yield from _single("points, position (m)", points.position, found.points.position[:, order])
        yield from number_differences("points, status", points.status, found.points.status[:, order])
        yield from _quality(trial, found, order)
    yield from word_differences("code of the person", [trial.subject_code], [found.subject_code])
    yield from word_differences("axis the person faces", [trial.forward_axis], [found.forward_axis])
    yield from _outputs(trial, found)
    yield from _angles(trial, found)
    yield from _events(trial, found)
    yield from _analog(trial, found)
    yield from _plates(trial, found)
    yield from _poses(trial, found)


def _quality(trial: Trial, found: Imported, order: list[int]) -> Iterator[Difference]:
    """Compare what the file says of each sample: its error in steps of a 255th of the largest, and its cameras."""
    back, points = found.origin, trial.points
    known = np.isfinite(points.position).all(axis=2)
    if back is None or not known.any():
        return
    none = np.zeros((*points.position.shape[:2],))
    errors = none if back.residual is None else back.residual[:, order]
    cameras = none if back.camera_mask is None else back.camera_mask[:, order]
    residual = residual_of(points, trial.origin)[known]
    most = float(residual.max()) / 255 + 1e-12
    yield from number_differences("points, error (m)", residual, errors[known], most=most)
    mask = camera_mask_of(points, trial.origin)[known] & 0x7F
    yield from number_differences("points, cameras", mask, cameras[known])


def _in_order(wanted: tuple[str, ...], found: tuple[str, ...]) -> list[str]:
    """The names found, those wanted first and in their order: a file keeps the order of the one before."""
    there = set(found)
    return [name for name in wanted if name in there] + [name for name in found if name not in set(wanted)]


def _single(item: str, expected: NDArray, found: NDArray) -> tuple[Difference, ...]:
    """Compare what was stored in single precision, each number by its own size."""
    expected, found = np.asarray(expected, float), np.asarray(found, float)
    largest = float(np.nan_to_num(np.abs(expected)).max(initial=0.0))
    rough = number_differences(item, expected, found, most=largest * _SINGLE + 1e-300)
    if rough or expected.shape != found.shape:
        return rough
    with np.errstate(invalid="ignore"):
        off = np.abs(found - expected) > np.abs(expected) * _SINGLE + 1e-40
    if not off.any():
        return ()
    place = tuple(int(index) for index in np.argwhere(off)[0])
    return (Difference(item, f"differs beyond single precision at {place}"),)


def _outputs(trial: Trial, found: Imported) -> Iterator[Difference]:
    own = {*_own_labels(trial)}
    for one in trial.model_outputs:
        back = found.model.get(one.kind, {})
        # What is the same as the trial's own stands there once; what differs, under another label.
        back = {**back, **{label: back[f"{label}{IMPORTED}"] for label in own if f"{label}{IMPORTED}" in back}}
        labels = [label for label in one.labels if label in back]
        yield from word_differences(f"{one.kind} of the file, labels", one.labels, labels)
        if len(labels) == len(one.labels) and labels:
            values = np.stack([back[label] for label in labels], axis=1)
            yield from _single(f"{one.kind} of the file", one.values, values)
            yield from word_differences(f"{one.kind} of the file, unit", [one.unit], [found.model_units[one.kind]])


def _angles(trial: Trial, found: Imported) -> Iterator[Difference]:
    angles = trial.angles
    if angles is None:
        return
    taken = set(trial.points.names)
    scalars = found.model.get("scalars", {})
    for index, name in enumerate(angles.names):
        values, sd, doubts = angles.deg(name), angles.sd_deg(name), angles.frame_reason[:, index]
        yield from _along_x(f"angle {name} (deg)", values, found.model_angles, name, taken)
        if np.isfinite(sd).any():
            yield from _along_x(f"sd of angle {name} (deg)", sd, scalars, f"{name}_sd", taken)
        if (doubts.astype(bool) & np.isfinite(values)).any():
            yield from _along_x(f"doubts of angle {name}", doubts.astype(float), scalars, f"{name}_doubt", taken)


def _own_labels(trial: Trial) -> tuple[str, ...]:
    names = () if trial.angles is None else trial.angles.names
    return tuple(f"{name}{end}" for name in names for end in ("", "_sd", "_doubt"))


def _along_x(
    item: str, expected: NDArray, columns: Mapping[str, NDArray], name: str, taken: set[str]
) -> Iterator[Difference]:
    """Compare values that stand as the first coordinate of a point, the others of which are nothing."""
    back = columns.get(f"{name}#2" if name in taken else name)
    if back is None:
        yield Difference(item, "is missing")
        return
    yield from _single(item, expected, back[:, 0])
    if np.nan_to_num(back[:, 1:]).any():
        yield Difference(item, "has a second and a third coordinate")


def _events(trial: Trial, found: Imported) -> Iterator[Difference]:
    told = sorted((one.side, _plain(one.label), one.time_s) for one in told_events(trial))
    back = sorted((one.side, _plain(one.label), one.time_s) for one in found.events)
    yield from word_differences("events", [f"{label} {side}" for side, label, _ in told],
                                [f"{label} {side}" for side, label, _ in back])  # fmt: skip
    if len(told) == len(back):
        times, times_back = (np.array([time for *_, time in rows]) for rows in (told, back))
        yield from number_differences("events, time (s)", times, times_back, most=_TIME_S)


def _plain(label: str) -> str:
    """One word for what files and trials call alike."""
    ours = EVENTS.get(label.strip().lower(), label.strip())
    return STRIKE_AND_OFF.get(ours, ours)


def _analog(trial: Trial, found: Imported) -> Iterator[Difference]:
    given, back = trial.analog, found.analog
    if given is None or back is None:
        if given is not None and given.values.size:
            yield Difference("analog channels", "are missing")
        return
    yield from word_differences("analog channels, names", given.names, back.names)
    yield from word_differences("analog channels, units", given.units, back.units)
    yield from number_differences("analog channels, rate (Hz)", given.rate_hz, back.rate_hz, most=1e-9 * given.rate_hz)
    # An offset is added to what is stored, so it is the largest sample of a channel that counts.
    if given.values.shape != back.values.shape:
        yield from number_differences("analog channels", given.values, back.values)
        return
    for index, name in enumerate(given.names):
        column = given.values[:, index]
        largest = float(np.nan_to_num(np.abs(column)).max(initial=0.0))
        most = 2 * _SINGLE * max(largest, 32767.0 * _step(trial, index))
        yield from number_differences(f"analog channel {name}", column, back.values[:, index], most=most)


def _step(trial: Trial, channel: int) -> float:
    """Units of one step of a channel whose file has an offset; 0 without one."""
    parameters = trial.origin.parameters if trial.origin else {}
    scale, offset, general = (parameters.get(f"ANALOG:{name}") for name in ("SCALE", "OFFSET", "GEN_SCALE"))
    if scale is None or offset is None or general is None or channel >= min(len(scale.values), len(offset.values)):
        return 0.0
    return abs(float(scale.values[channel]) * float(general.values[0])) if offset.values[channel] else 0.0


def _plates(trial: Trial, found: Imported) -> Iterator[Difference]:
    if len(trial.force_plates) != len(found.force_plates):
        yield Difference("force plates", f"{len(found.force_plates)} there, expected {len(trial.force_plates)}")
        return
    for number, (given, back) in enumerate(zip(trial.force_plates, found.force_plates, strict=True), start=1):
        item = f"force plate {number}"
        yield from number_differences(f"{item}, type", given.kind, back.kind)
        yield from number_differences(f"{item}, channels", given.channels, back.channels)
        yield from _single(f"{item}, corners (m)", given.corners_world, back.corners_world)
        yield from _single(f"{item}, origin (m)", given.origin_plate, back.origin_plate)
        if given.calibration is not None:
            rows, columns = given.calibration.shape
            matrix = np.empty((0, 0)) if back.calibration is None else back.calibration[:rows, :columns]
            yield from _single(f"{item}, calibration", given.calibration, matrix)


def _poses(trial: Trial, found: Imported) -> Iterator[Difference]:
    given = written_poses(trial)
    if given is None or not given.names:
        return
    if found.poses is None or found.poses.names != given.names:
        yield Difference("poses", "are missing or bear other names")
        return
    yield from number_differences("poses, rate (Hz)", given.rate_hz, found.poses.rate_hz, most=1e-9 * given.rate_hz)
    # One number missing makes a matrix missing.
    expected = np.where(np.isfinite(given.world_from_segment).all(axis=(2, 3))[..., None, None],
                        given.world_from_segment, np.nan)  # fmt: skip
    yield from _single("poses", expected, found.poses.world_from_segment)
