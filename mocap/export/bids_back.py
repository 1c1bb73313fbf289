"""A BIDS dataset read back as any reader of tables would, and held against the trial."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from mocap.export.bids import bids_names, bids_texts
from mocap.export.bids_tables import MISSING
from mocap.export.differences import Difference, number_differences, word_differences
from mocap.export.plain import plain_names
from mocap.schema import Status
from mocap.trial import Trial


def bids_differences(trial: Trial, path: Path) -> tuple[Difference, ...]:
    """Return what a dataset of `export_bids` has otherwise than the trial: none, to the last bit."""
    texts, names = bids_texts(trial), bids_names(trial)
    found: list[Difference] = []
    for name, text in texts.items():
        found += _text_differences(path / name, name.as_posix(), text)
    try:
        channels = _table(path / names.file("channels.tsv"))
        samples = [line.split("\t") for line in _lines(path / names.file("motion.tsv"))]
        sidecar = json.loads((path / names.file("motion.json")).read_text(encoding="utf-8"))
        values = np.array([[np.nan if cell == MISSING else float(cell) for cell in row] for row in samples])
        found += _values_differences(trial, channels, values, sidecar)
    except (OSError, ValueError, KeyError, IndexError) as error:
        found.append(Difference(names.file("motion.tsv").name, f"is not read: {error}"))
    return tuple(found)


def _text_differences(file: Path, item: str, text: str) -> tuple[Difference, ...]:
    """Compare line by line; the samples are compared as numbers."""
    try:
        lines = _lines(file)
    except (OSError, ValueError) as error:
        return (Difference(item, f"is not read: {error}"),)
    if item.endswith("_motion.tsv"):
        return ()
    return word_differences(f"{item}, lines", text.encode("utf-8", "replace").decode().splitlines(), lines)


def _values_differences(
    trial: Trial, channels: list[dict[str, str]], values: np.ndarray, sidecar: dict[str, Any]
) -> list[Difference]:
    """Compare channel by channel with the parts of the trial, as their rows say what they are."""
    points, angles = trial.points, trial.angles
    found = list(number_differences("SamplingFrequency", points.rate_hz, sidecar["SamplingFrequency"]))
    if values.shape != (points.n_frames, len(channels)):
        shape = (points.n_frames, len(channels))
        return [*found, Difference("_motion.tsv", f"has {values.shape} rows and columns, expected {shape}")]
    places = {name: place for place, name in enumerate(plain_names(points.names, "_"))}
    turns = plain_names(() if angles is None else angles.names, "_")
    seen = {"POS": 0, "JNTANG": 0, "MISC": 0}
    for column, row in zip(values.T, channels, strict=True):
        kind, item = row["type"], f"_motion.tsv, {row['name']}"
        seen[kind] += 1
        if kind == "JNTANG":
            assert angles is not None
            expected = np.rad2deg(angles.values[:, turns.index(row["tracked_point"])])
        elif kind == "POS":
            expected = points.position[:, places[row["tracked_point"]], "xyz".index(row["component"])]
        else:
            expected = points.status[:, places[row["tracked_point"]]]
        found += number_differences(item, expected, column)
    plain = np.isin(points.status, (0, int(Status.MEASURED))).all(axis=0)
    wanted = {"POS": 3 * len(points.names), "JNTANG": 0 if angles is None else len(angles.names),
              "MISC": int((~plain).sum())}  # fmt: skip
    return [*found, *(Difference(kind, f"has {seen[kind]} channels, expected {wanted[kind]}")
                      for kind in wanted if seen[kind] != wanted[kind])]  # fmt: skip


def _lines(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8").splitlines()


def _table(file: Path) -> list[dict[str, str]]:
    header, *rows = [line.split("\t") for line in _lines(file)]
    return [dict(zip(header, row, strict=True)) for row in rows]
