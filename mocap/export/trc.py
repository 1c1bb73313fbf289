"""Points as TRC, as OpenSim reads it: Y up, the person facing X, metres, gaps as `nan`.

OpenSim's reader of tables drops an empty cell at the end of a row and then refuses the row, so gaps are written out;
its reader of markers and its inverse kinematics take `nan` as missing, too. Line 2 may hold the eight known keys alone,
so what the format leaves open, the axes, stands behind the file's name in line 1, where every reader passes over it.
"""

import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from calibration.files import write_texts
from mocap.export.plain import (
    Cell,
    beside,
    csv_text,
    flagged_samples,
    nothing_to_write,
    number,
    plain_names,
    status_words,
)
from mocap.schema import Status
from mocap.trial import Points3D, Trial

_KEYS = (
    "DataRate", "CameraRate", "NumFrames", "NumMarkers", "Units", "OrigDataRate", "OrigDataStartFrame", "OrigNumFrames",
)  # fmt: skip
# The world's axis to the right of a person who faces the first one.
_RIGHT = {"x": "-y", "y": "x", "-x": "y", "-y": "-x"}
#: Begins what line 1 says of the axes, and shows that a file was written here.
MARK = "mocap: x y z here are "
SAMPLES = ("frame", "time_s", "point", "status", "meaning")
POINTS = ("column", "point", "frames", "missing", *(str(flag.name).lower() for flag in Status))


def export_trc(trial: Trial, path: Path | str) -> tuple[Path, ...]:
    """Write the points as TRC, and what became of each sample beside it.

    Positions are in metres and keep every bit; rate and times, too. Frames count from 1, the time of the first one is
    that of the trial. A reader of ours finds the trial's own axes again by line 1.

    Parameters
    ----------
    trial : Trial
    path : path
        Ending in `.trc`. Smoothed points, where there are any, become `<stem>_smoothed.trc`. Beside each lie
        `<stem>_points.csv` (a row per point: its column, its name, frames by flag) and `<stem>_samples.csv` (a row per
        sample that is filled, filtered, edited, rejected or doubtful).

    Returns
    -------
    tuple of Path
        What was written.

    Raises
    ------
    ExportError
        `EXPORT_EMPTY` without points.
    SourceError
        `WRITE_FAILED`; what was there before is then as it was.
    """
    path = Path(path)
    if not trial.points.names or not trial.points.n_frames:
        raise nothing_to_write("points", "Export angles as mot or csv.")
    axes = file_axes(trial.forward_axis)
    vertical = "z up" if trial.gravity_known else "z, of which it is not known that it is up"
    texts: dict[Path, str | bytes] = {}
    for name, points in trc_parts(trial, path).items():
        texts[name] = _text(points, (name.name, f"{MARK}{' '.join(axes)} of a lab with {vertical}"), axes)
        texts[beside(name, "points")] = csv_text(POINTS, point_rows(points))
        texts[beside(name, "samples")] = csv_text(SAMPLES, sample_rows(points))
    write_texts(texts, "WRITE_FAILED")
    return tuple(texts)


def trc_parts(trial: Trial, path: Path) -> dict[Path, Points3D]:
    """Return the TRC files of a trial with what each holds."""
    parts = {path: trial.points}
    if trial.points_smoothed is not None:
        parts[path.with_name(f"{path.stem}_smoothed{path.suffix}")] = trial.points_smoothed
    return parts


def file_axes(forward: str) -> tuple[str, str, str]:
    """Return the world's axes that x, y and z of the file are: forward, up, right.

    Parameters
    ----------
    forward : str
        World axis that the person faces: `x`, `-x`, `y`, `-y`; `x` where it is none of these.
    """
    plain = forward.strip().lower().removeprefix("+")
    plain = plain if plain in _RIGHT else "x"
    return plain, "z", _RIGHT[plain]


def turned(position: NDArray, axes: tuple[str, str, str]) -> NDArray:
    """Return positions (..., 3) of the world in the axes of the file."""
    columns = [position[..., "xyz".index(axis[-1])] * (-1.0 if axis.startswith("-") else 1.0) for axis in axes]
    return np.stack(columns, axis=-1)


def _text(points: Points3D, told: tuple[str, ...], axes: tuple[str, str, str]) -> str:
    rate, frames, names = number(points.rate_hz), str(points.n_frames), plain_names(points.names)
    values = (rate, rate, frames, str(len(names)), "m", rate, "1", frames)
    labels = [part for label in names for part in (label, "", "")]
    axis_labels = [f"{axis}{place}" for place in range(1, len(names) + 1) for axis in "XYZ"]
    head = (_KEYS, values, ("Frame#", "Time", *labels), ("", "", *axis_labels), ("",))
    table = turned(points.position, axes).reshape(points.n_frames, -1)
    # The sign of a zero that was turned says nothing.
    rows = [
        "\t".join((str(frame), number(time), *(number(value) for value in row)))
        for frame, (time, row) in enumerate(zip(points.time_s, (table + 0.0).tolist(), strict=True), start=1)
    ]
    rest = "\n".join(["\t".join(line) for line in head] + rows) + "\n"
    # So that who reads it knows whether it still is what was written.
    digest = hashlib.sha256(rest.encode()).hexdigest()
    return "\t".join(("PathFileType", "4", "(X/Y/Z)", *plain_names(told))) + f", sha256 {digest}\n{rest}"


def point_rows(points: Points3D) -> list[list[Cell]]:
    """Return the cells of `POINTS`: a row per point, frames by what became of them."""
    missing = ~np.isfinite(points.position).all(axis=2)
    return [
        [
            column, name, points.n_frames, int(missing[:, place].sum()),
            *(int(((points.status[:, place] & flag) > 0).sum()) for flag in Status),
        ]
        for place, (column, name) in enumerate(zip(plain_names(points.names), points.names, strict=True))
    ]  # fmt: skip


def sample_rows(points: Points3D) -> list[list[Cell]]:
    """Return the cells of `SAMPLES`: a row per sample that is more than measured or missing."""
    labels, times = plain_names(points.names), points.time_s
    return [
        [int(frame) + 1, float(times[frame]), labels[place], int(points.status[frame, place]),
         status_words(int(points.status[frame, place]))]
        for frame, place in flagged_samples(points)
    ]  # fmt: skip
