"""Labels as Parquet tables: frames with their angles, pictures, and one row for each point of each picture.

Written block by block, so that memory does not grow with the dataset. Units and meanings are in the schema.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mocap.export.dataset.labels import ViewLabels
from mocap.export.dataset.projection import largest_sd
from mocap.export.dataset.recordings import Recording, picture_name
from mocap.export.dataset.splits import SPLITS
from mocap.export.dataset.truth import ANGLES, OF_REPETITION

if TYPE_CHECKING:
    import pyarrow as pa

_ROWS = 65536  # of a row group: what is kept in memory until it is written
# Name, type, unit, meaning.
_WHO = (
    ("subject", "word", "", "who, by pseudonym unless names were kept"),
    ("recording", "word", "", "which recording"),
)
_FRAMES = (
    *_WHO, ("frame", "int32", "1", "of the recording, from 0"), ("time_s", "double", "s", "of the frame"),
    ("movement", "word", "", "task of the recording"),
    ("checks_passed", "bool", "", "all checks of the recording's quality hold"),
    *(column for name in ANGLES for column in (
        (f"{name}_deg", "double", "deg", "anterior tilt, flexion and dorsiflexion +; null where not observable"),
        (f"{name}_sd_deg", "double", "deg", "whole standard uncertainty, as far as it is known"),
        (f"{name}_missing", "word", "", "why there is no value"),
    )),
    ("repetition", "int32", "1", "counted from 1; null outside of repetitions"),
    ("depth", "double", "1", "0 standing, 1 at the bottom of the repetition"),
    ("wink_phase", "word", "", "standing, before, tucking, recovering, after; none: no tuck; unknown"),
    *((name, "double", unit, f"of the repetition: {meaning}") for name, unit, meaning in OF_REPETITION),
)  # fmt: skip
_VIEWS = (
    *_WHO, ("frame", "int32", "1", "of the recording, from 0"), ("camera", "word", "", "name of the camera"),
    ("picture", "int32", "1", "of the camera's footage, from 0"),
    ("picture_offset_s", "double", "s", "when it was taken, after the time of the frame; labels are of that instant"),
    ("file_name", "word", "", "of the picture"), ("width", "int32", "px", ""), ("height", "int32", "px", ""),
    ("box_left", "double", "px", ""), ("box_top", "double", "px", ""), ("box_width", "double", "px", ""),
    ("box_height", "double", "px", ""), ("view", "word", "", "side of the person that the camera sees"),
    ("azimuth_deg", "double", "deg", "of the camera from the person: 0 in front, 90 left, 180 behind"),
    ("labelled", "int32", "1", "points labelled in the picture"),
)  # fmt: skip
_LANDMARKS = (
    *_WHO, ("frame", "int32", "1", "of the recording, from 0"), ("camera", "word", "", "name of the camera"),
    ("keypoint", "word", "", "name of the point"),
    ("u", "double", "px", "centre of the top-left pixel is 0; null where there is no label"), ("v", "double", "px", ""),
    ("cov_uu", "float", "px2", "covariance of the label"), ("cov_uv", "float", "px2", ""),
    ("cov_vv", "float", "px2", ""), ("sigma_px", "float", "px", "standard deviation where it is greatest"),
    ("visibility", "uint8", "1", "0 not in the picture or not known, 1 in it but not to be seen, 2 to be seen"),
    ("hidden", "bool", "", "the person's own body is in the line of sight, by geometry"),
    ("detected", "bool", "", "the camera's own detection is there"),
    ("detection_px", "float", "px", "distance of that detection from the label"),
    ("status", "uint8", "1", "1 measured, 2 filled, 4 filtered, 8 edited, 16 rejected, 32 doubtful; 0 missing"),
    *((f"{axis}_{frame}", "double", "m", meaning) for frame, meaning in (
        ("world", "Z up"), ("cam", "in the camera's frame: x right, y down, z ahead")) for axis in "xyz"),
)  # fmt: skip


class TableWriter:
    """Writes `<split>/frames.parquet`, `views.parquet` and `landmarks.parquet` below a folder."""

    def __init__(self, folder: Path) -> None:
        self._tables = {
            (split, name): _Table(folder / split / f"{name}.parquet", columns)
            for split in SPLITS
            for name, columns in (("frames", _FRAMES), ("views", _VIEWS), ("landmarks", _LANDMARKS))
        }  # fmt: skip
        self._told: tuple[str, set[int]] = ("", set())  # frames of the recording at hand

    def add(self, recording: Recording, camera: int, labels: ViewLabels) -> None:
        """Write the labels of one camera over some frames; each frame's truth with the first camera that shows it."""
        if not len(labels.frames):
            return
        if self._told[0] != recording.name:
            self._told = (recording.name, set())
        new = np.array([frame for frame in labels.frames.tolist() if frame not in self._told[1]], int)
        if len(new):
            self._tables[recording.split, "frames"].add(_frame_cells(recording, new))
            self._told[1].update(new.tolist())
        self._tables[recording.split, "views"].add(_view_cells(recording, camera, labels))
        self._tables[recording.split, "landmarks"].add(_landmark_cells(recording, camera, labels))

    def close(self) -> tuple[Path, ...]:
        """Write what is left, and return the files."""
        return tuple(table.close() for table in self._tables.values())

    def give_up(self) -> None:
        """Close what is open; the folder is somebody else's to take away."""
        for table in self._tables.values():
            table.give_up()


def _frame_cells(recording: Recording, frames: NDArray) -> dict[str, Any]:
    squat = recording.squat
    number = squat.repetition[frames]
    cells: dict[str, Any] = {
        **_who(recording, len(frames)), "frame": frames, "time_s": recording.time_s[frames],
        "movement": _words(recording.movement, len(frames)),
        "checks_passed": np.full(len(frames), not recording.failed),
        "repetition": np.where(number > 0, number, -1), "depth": squat.depth[frames], "wink_phase": squat.phase[frames],
    }  # fmt: skip
    for name, one in recording.angles.items():
        cells |= {f"{name}_deg": one.values_deg[frames], f"{name}_sd_deg": one.sd_deg[frames],
                  f"{name}_missing": one.reasons[frames]}  # fmt: skip
    for name, _, _ in OF_REPETITION:
        values = np.append(np.nan, squat.of_repetition.get(name, np.zeros(0)))
        cells[name] = values[np.where(number < len(values), number, 0)]
    return cells


def _view_cells(recording: Recording, camera: int, labels: ViewLabels) -> dict[str, Any]:
    n, shown = len(labels.frames), recording.rig.cameras[camera]
    names = [f"{picture_name(recording.name, shown.name, int(picture))}.jpg" for picture in labels.pictures]
    box = dict(zip(("box_left", "box_top", "box_width", "box_height"), labels.box.T, strict=True))
    return {
        **_who(recording, n), "frame": labels.frames, "camera": _words(shown.name, n), "picture": labels.pictures,
        "picture_offset_s": labels.picture_offset_s, "file_name": np.array(names, object),
        "width": np.full(n, shown.size[0]), "height": np.full(n, shown.size[1]), **box, "view": labels.view,
        "azimuth_deg": labels.azimuth_deg, "labelled": (labels.visibility > 0).sum(axis=1),
    }  # fmt: skip


def _landmark_cells(recording: Recording, camera: int, labels: ViewLabels) -> dict[str, Any]:
    n, k = labels.visibility.shape
    rows, labelled = n * k, (labels.visibility > 0).ravel()
    covariance = np.where(labelled[:, None, None], labels.covariance_px.reshape(-1, 2, 2), np.nan)
    world, cam = (np.where(np.isfinite(part), part, np.nan).reshape(-1, 3) for part in (labels.world, labels.cam))
    places = {f"{axis}_{frame}": part[:, column] for frame, part in (("world", world), ("cam", cam))
              for column, axis in enumerate("xyz")}  # fmt: skip
    return {
        **_who(recording, rows), "frame": np.repeat(labels.frames, k),
        "camera": _words(recording.rig.cameras[camera].name, rows),
        "keypoint": _Words(np.tile(np.arange(k, dtype=np.int32), n), recording.names),
        "u": np.where(labelled, labels.pixel[..., 0].ravel(), np.nan),
        "v": np.where(labelled, labels.pixel[..., 1].ravel(), np.nan),
        "cov_uu": covariance[:, 0, 0], "cov_uv": covariance[:, 0, 1], "cov_vv": covariance[:, 1, 1],
        "sigma_px": largest_sd(covariance), "visibility": labels.visibility.ravel(), "hidden": labels.hidden.ravel(),
        "detected": labels.detected.ravel(), "detection_px": np.where(labelled, labels.detection_px.ravel(), np.nan),
        "status": labels.status.ravel(), **places,
    }  # fmt: skip


class _Words:
    """Words as numbers into a list of them."""

    def __init__(self, numbers: NDArray, words: tuple[str, ...]) -> None:
        self.numbers, self.words = numbers, words


def _words(word: str, n: int) -> _Words:
    return _Words(np.zeros(n, np.int32), (word,))


def _who(recording: Recording, n: int) -> dict[str, Any]:
    return {"subject": _words(recording.subject, n), "recording": _words(recording.name, n)}


class _Table:
    """A Parquet file that grows; there is none before its first row, and an empty one where none comes."""

    def __init__(self, path: Path, columns: tuple[tuple[str, str, str, str], ...]) -> None:
        self._path, self._columns = path, columns
        self._writer: Any = None
        self._waiting: list[pa.RecordBatch] = []
        self._n = 0

    def add(self, cells: Mapping[str, Any]) -> None:
        import pyarrow as pa  # heavy, and not needed by other formats

        schema = self._schema()
        batch = pa.record_batch([_array(cells[field.name], field.type) for field in schema], schema=schema)
        self._waiting.append(batch)
        self._n += len(batch)
        if self._n >= _ROWS:
            self._write()

    def close(self) -> Path:
        self._write()
        self._writer.close()
        return self._path

    def give_up(self) -> None:
        if self._writer is not None:
            self._writer.close()

    def _write(self) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        if self._writer is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._writer = pq.ParquetWriter(self._path, self._schema(), compression="zstd", write_page_checksum=True)
        if self._waiting:
            # Words of different recordings are numbered differently: one list for all of a group.
            table = pa.Table.from_batches(self._waiting).unify_dictionaries()
            self._writer.write_table(table, row_group_size=self._n)
        self._waiting, self._n = [], 0

    def _schema(self) -> "pa.Schema":
        import pyarrow as pa

        kinds = {"word": pa.dictionary(pa.int32(), pa.string()), "bool": pa.bool_()}
        return pa.schema([
            pa.field(name, kinds[kind] if kind in kinds else pa.type_for_alias(kind),
                     metadata={"unit": unit, "long_name": meaning})
            for name, kind, unit, meaning in self._columns
        ])  # fmt: skip


def _array(cells: Any, kind: Any) -> Any:
    import pyarrow as pa

    if isinstance(cells, _Words):
        return pa.DictionaryArray.from_arrays(pa.array(cells.numbers, pa.int32()), pa.array(cells.words, pa.string()))
    values = np.asarray(cells)
    if pa.types.is_dictionary(kind):
        return pa.array([str(one) or None for one in values.tolist()], pa.string()).dictionary_encode()
    if pa.types.is_floating(kind):
        return pa.array(values.astype(kind.to_pandas_dtype()), from_pandas=True)
    if values.dtype.kind == "i" and (values < 0).any():
        return pa.array(values, mask=values < 0, type=kind)
    return pa.array(values, type=kind)
