"""Analog channels and force plates of a C3D file."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from mocap.errors import ExportError
from mocap.export.c3d_bytes import text, whole
from mocap.trial import FileOrigin, FileParameter, ForcePlate, Trial

_SAME = 1e-6


def analog_part(trial: Trial) -> tuple[NDArray, dict[str, FileParameter]]:
    """Return the samples as stored, shape (frame, sample, channel), and the parameters of ANALOG.

    Scale and offset are those of the file that the trial came from; else samples are stored as they are.

    Raises
    ------
    ExportError
        `EXPORT_ANALOG_RATE`: no whole number of samples a frame, or another clock than that of the points.
    """
    analog, points = trial.analog, trial.points
    if analog is None:
        empty = {"GEN_SCALE": FileParameter((1.0,), (), "real"), "LABELS": text(),
                 "SCALE": FileParameter((), (0,), "real"), "OFFSET": FileParameter((), (0,), "integer")}  # fmt: skip
        return np.zeros((points.n_frames, 0, 0)), empty
    n_samples, n_channels = analog.values.shape
    ratio = n_samples // max(points.n_frames, 1)
    whole_ratio = ratio >= 1 and ratio * points.n_frames == n_samples
    if not whole_ratio or abs(analog.rate_hz - ratio * points.rate_hz) > _SAME * analog.rate_hz or (
        abs(analog.start_s - points.start_s) > _SAME
    ):  # fmt: skip
        raise ExportError(
            f"{n_samples} analog samples at {analog.rate_hz:g} Hz do not go with {points.n_frames} frames at "
            f"{points.rate_hz:g} Hz: a C3D file holds the same whole number of samples in each frame.",
            "Resample the analog channels to a multiple of the frame rate, or export into another format.",
            code="EXPORT_ANALOG_RATE",
        )  # fmt: skip
    scale, offset, general = _scaling(trial.origin, n_channels)
    stored = analog.values / (scale * general) + offset
    entries = {
        "LABELS": text(*analog.names),
        "DESCRIPTIONS": text(*analog.descriptions),
        "UNITS": text(*analog.units),
        "SCALE": FileParameter(tuple(scale), (n_channels,), "real"),
        "OFFSET": FileParameter(tuple(int(value) for value in offset), (n_channels,), "integer"),
        "GEN_SCALE": FileParameter((general,), (), "real"),
    }
    return stored.reshape(points.n_frames, ratio, n_channels), entries


def _scaling(origin: FileOrigin | None, n_channels: int) -> tuple[NDArray, NDArray, float]:
    """Scale and offset a channel and the general scale of the file, where they are whole and can be undone."""
    none = np.ones(n_channels), np.zeros(n_channels), 1.0
    if origin is None:
        return none
    found = [origin.parameters.get(f"ANALOG:{name}") for name in ("SCALE", "OFFSET", "GEN_SCALE")]
    if any(one is None or one.kind == "text" for one in found):
        return none
    scale, offset, general = (np.array(one.values, float) for one in found if one is not None)
    stated = origin.parameters.get("ANALOG:FORMAT")
    unsigned = stated is not None and [str(word).strip().upper() for word in stated.values] == ["UNSIGNED"]
    if len(scale) < n_channels or len(offset) < n_channels or not len(general) or unsigned:
        return none
    factor = scale[:n_channels] * general[0]
    if not (np.isfinite(factor).all() and factor.all() and (np.abs(offset) <= 32767).all()):
        return none
    return scale[:n_channels], offset[:n_channels], float(general[0])


def plate_group(
    plates: Sequence[ForcePlate], in_file: Callable[[NDArray], NDArray], per_metre: float
) -> dict[str, FileParameter]:
    """Return the parameters of FORCE_PLATFORM.

    Parameters
    ----------
    plates : sequence of ForcePlate
    in_file : callable
        From our world to the file's unit and axes.
    per_metre : float
        Units of the file in a metre; the origin stays in the plate's own axes.
    """
    if not plates:
        return {}
    terminals = max(len(plate.channels) for plate in plates)
    channels = np.zeros((terminals, len(plates)), int)
    for index, plate in enumerate(plates):
        channels[: len(plate.channels), index] = np.array(plate.channels, int) + 1
    entries = {
        "USED": whole(len(plates)),
        "TYPE": FileParameter(tuple(plate.kind for plate in plates), (len(plates),), "integer"),
        "CORNERS": _real(np.stack([in_file(plate.corners_world).T for plate in plates], axis=-1)),
        "ORIGIN": _real(np.stack([plate.origin_plate * per_metre for plate in plates], axis=-1)),
        "CHANNEL": FileParameter(tuple(channels.ravel(order="F").tolist()), channels.shape, "integer"),
    }
    if plates[0].zero_frames is not None:
        entries["ZERO"] = whole(*plates[0].zero_frames)
    shapes = [plate.calibration.shape for plate in plates if plate.calibration is not None]
    if shapes:
        matrices = np.zeros((max(rows for rows, _ in shapes), max(columns for _, columns in shapes), len(plates)))
        for index, plate in enumerate(plates):
            if plate.calibration is not None:
                rows, columns = plate.calibration.shape
                matrices[:rows, :columns, index] = plate.calibration
        entries["CAL_MATRIX"] = _real(matrices)
    return entries


def _real(values: NDArray) -> FileParameter:
    return FileParameter(tuple(values.ravel(order="F").tolist()), values.shape, "real")
