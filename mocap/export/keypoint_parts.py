"""Detected keypoints as long tables in Parquet: one per camera as they are found, then one of all cameras.

Beside the rows a table tells in its metadata, under `mocap-keypoints`, what the footage was: the size of the images
above all, against which a reconstruction can hold its calibration.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq
from numpy.typing import NDArray

from mocap.errors import ExportError

#: Key of the metadata.
METADATA = b"mocap-keypoints"
_SCHEMA = pa.schema(
    [
        ("camera", pa.dictionary(pa.int32(), pa.string())), ("frame", pa.int32()), ("person", pa.int16()),
        ("keypoint", pa.dictionary(pa.int32(), pa.string())), ("x", pa.float32()), ("y", pa.float32()),
        ("confidence", pa.float32()),
    ]
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class CameraRows:
    """What was found in the images of one camera; a row is one person in one frame.

    Attributes
    ----------
    camera : str
    names : tuple of str
        Keypoint names.
    frame, person : ndarray of int, shape (row,)
        In the order of the frames; people count from 0 in each.
    pixels : ndarray, shape (row, keypoint, 2)
        NaN is missing.
    confidence : ndarray, shape (row, keypoint)
    n_frames : int
        Of the footage.
    """

    camera: str
    names: tuple[str, ...]
    frame: NDArray
    person: NDArray
    pixels: NDArray
    confidence: NDArray
    n_frames: int


def write_camera_rows(path: Path, rows: CameraRows, facts: Mapping[str, Any]) -> None:
    """Write one camera's keypoints whole or not at all; `facts` are plain values for the metadata.

    Raises
    ------
    ExportError
        NOT_WRITTEN
    """
    row, keypoint = np.nonzero(np.isfinite(rows.pixels).all(axis=2))
    columns = [
        pa.DictionaryArray.from_arrays(pa.array(np.zeros(len(row), np.int32)), pa.array([rows.camera])),
        pa.array(rows.frame[row].astype(np.int32)), pa.array(rows.person[row].astype(np.int16)),
        pa.DictionaryArray.from_arrays(pa.array(keypoint.astype(np.int32)), pa.array(list(rows.names))),
        *(pa.array(rows.pixels[row, keypoint, axis].astype(np.float32)) for axis in (0, 1)),
        pa.array(rows.confidence[row, keypoint].astype(np.float32)),
    ]  # fmt: skip
    people = int(rows.person.max(initial=-1)) + 1
    seen = [rows.names[index] for index in np.unique(keypoint)]
    told = {"camera": rows.camera, "frames": rows.n_frames, "people": people, "names": rows.names, "seen": seen,
            "frames_with_keypoints": len(np.unique(rows.frame[row])), **facts}  # fmt: skip
    _write(path, [pa.Table.from_arrays(columns, schema=_SCHEMA)], told)


def camera_facts(path: Path) -> dict[str, Any]:
    """Return the metadata of a table; nothing for a file that is not there, or none of these."""
    try:
        content = json.loads((pq.read_metadata(path).metadata or {}).get(METADATA, b"{}"))
    except (OSError, pa.ArrowException, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def read_camera_rows(path: Path) -> CameraRows:
    """Return one camera's keypoints as they were written, but for people without any.

    Raises
    ------
    ExportError
        PART_DAMAGED, for a file that is none of these.
    """
    told = camera_facts(path)
    try:
        table = pq.read_table(path, schema=_SCHEMA)
        names = tuple(told["names"])
        camera, n_frames = str(told["camera"]), int(told["frames"])
    except (OSError, pa.ArrowException, KeyError) as error:
        raise ExportError(
            f"{path} is no table of one camera's keypoints.", "Remove it, and detect the keypoints again.",
            code="PART_DAMAGED",
        ) from error  # fmt: skip
    keypoint = pa.compute.index_in(table["keypoint"].cast(pa.string()), pa.array(list(names))).to_numpy()
    places = np.column_stack((table["frame"].to_numpy(), table["person"].to_numpy()))
    rows, row = np.unique(places, axis=0, return_inverse=True)
    values = np.full((len(rows), len(names), 3), np.nan, np.float32)
    values[row, keypoint] = np.column_stack([table[name].to_numpy() for name in ("x", "y", "confidence")])
    confidence = np.nan_to_num(values[..., 2])
    return CameraRows(camera, names, rows[:, 0], rows[:, 1], values[..., :2], confidence, n_frames)


def join_cameras(parts: Sequence[Path], out: Path, facts: Mapping[str, Any], notes: Sequence[str] = ()) -> None:
    """Join the tables of single cameras into one, camera by camera.

    The first and the last frame of a camera are always there, with empty places where nothing was seen: the table
    keeps the length of the footage. Keypoints that no camera ever saw are left out; the `notes` of the metadata say so.

    Raises
    ------
    ExportError
        NOT_WRITTEN
    """
    told = [camera_facts(part) for part in parts]
    names = list(dict.fromkeys(name for one in told for name in one["names"]))
    seen = {name for one in told for name in one["seen"]}
    kept = [name for name in names if name in seen]
    several = any(one["people"] > 1 for one in told)
    cameras = {one["camera"]: {key: value for key, value in one.items() if key not in ("names", "seen", "camera")}
               for one in told}  # fmt: skip

    def tables() -> Iterator[pa.Table]:
        for part, one in zip(parts, told, strict=True):
            table = _with_ends(pq.read_table(part, schema=_SCHEMA), one, kept)
            yield table if several else table.drop_columns(["person"])

    unseen = [name for name in names if name not in seen]
    words = [*notes, *([f"no camera ever saw {', '.join(unseen)}: left out"] if unseen else [])]
    _write(out, tables(), {**facts, "cameras": cameras, "notes": words})


def _with_ends(table: pa.Table, one: Mapping[str, Any], kept: Sequence[str]) -> pa.Table:
    """Return a camera's rows in order, with empty ones where its first or last frame lacks a keypoint."""
    frame, person = table["frame"].to_numpy(), table["person"].to_numpy()
    keypoint = pa.compute.index_in(table["keypoint"].cast(pa.string()), pa.array(kept)).to_numpy()
    ends = np.unique([0, max(int(one["frames"]) - 1, 0)])
    own = (person == 0) & np.isin(frame, ends)
    there = set(zip(frame[own].tolist(), keypoint[own].tolist(), strict=True))
    lacking = [(f, k) for f in ends.tolist() for k in range(len(kept)) if (f, k) not in there]
    more_frame, more_keypoint = np.array(lacking, int).reshape(-1, 2).T
    nothing = np.full(len(lacking), np.nan, np.float32)
    columns = {
        "camera": [one["camera"]] * len(lacking), "frame": more_frame, "person": np.zeros(len(lacking), int),
        "keypoint": [kept[k] for k in more_keypoint], "x": nothing, "y": nothing, "confidence": 0 * nothing,
    }  # fmt: skip
    more = pa.Table.from_pydict(columns, schema=pa.schema([(f.name, _plain(f.type)) for f in _SCHEMA]))
    whole = pa.concat_tables([table.cast(more.schema), more])
    keys = np.concatenate([keypoint, more_keypoint]), np.concatenate([person, np.zeros(len(lacking))]), np.concatenate(
        [frame, more_frame]
    )
    return whole.take(np.lexsort(keys)).cast(_SCHEMA)


def _plain(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _write(path: Path, tables: Iterable[pa.Table], told: Mapping[str, Any]) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    writer = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for table in tables:
            schema = table.schema.with_metadata({METADATA: json.dumps(told)})
            writer = writer or pq.ParquetWriter(beside, schema, write_page_checksum=True)
            writer.write_table(table.replace_schema_metadata(schema.metadata))
        if writer is not None:
            writer.close()
        beside.replace(path)
    except (OSError, pa.ArrowException) as error:
        raise ExportError(
            f"The keypoints {path} cannot be written: {error}.", "Check the rights and the free space.",
            code="NOT_WRITTEN",
        ) from error  # fmt: skip
    finally:
        beside.unlink(missing_ok=True)
