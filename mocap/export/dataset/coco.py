"""Labels as COCO keypoints: one JSON file for each split, written as it grows."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

from mocap.export.dataset.labels import OUTSIDE, ViewLabels
from mocap.export.dataset.projection import largest_sd
from mocap.export.dataset.recordings import Recording, picture_name, squat_row
from mocap.export.dataset.splits import SPLITS

_PX, _M, _DEG = 3, 5, 4  # decimals


class CocoWriter:
    """Writes `annotations/<split>.json` below a folder.

    Parameters
    ----------
    folder : Path
    names : sequence of str
        Of all points in the dataset, in the order of every annotation.
    bones : sequence of (str, str)
    info : mapping
        What is told of the dataset.
    """

    def __init__(
        self, folder: Path, names: Sequence[str], bones: Sequence[tuple[str, str]], info: Mapping[str, Any]
    ) -> None:
        self._folder, self._names, self._bones, self._info = folder / "annotations", tuple(names), bones, dict(info)
        self._place = {name: k for k, name in enumerate(self._names)}
        self._folder.mkdir(parents=True)
        self._files: dict[tuple[str, str], TextIO] = {
            (split, what): self._part(split, what).open("w", encoding="utf-8", newline="\n")
            for split in SPLITS for what in ("images", "annotations")
        }  # fmt: skip
        self._count = 0
        self._licences: dict[str, int] = {}

    def add(self, recording: Recording, camera: int, labels: ViewLabels) -> None:
        """Write the labels of one camera over some frames."""
        place = np.array([self._place[name] for name in recording.names], int)
        shown = recording.rig.cameras[camera]
        for row in range(len(labels.frames)):
            self._count += 1
            licence = self._licences.setdefault(recording.licence or "not stated", len(self._licences) + 1)
            image = {
                "id": self._count, "license": licence, "width": shown.size[0], "height": shown.size[1],
                "file_name": f"{picture_name(recording.name, shown.name, int(labels.pictures[row]))}.jpg",
                "recording": recording.name, "subject": recording.subject, "camera": shown.name,
                "picture": int(labels.pictures[row]), "view": str(labels.view[row]),
                "azimuth_deg": _rounded(labels.azimuth_deg[row], 1),
            }  # fmt: skip
            self._line(recording.split, "images", image)
            self._line(recording.split, "annotations", self._annotation(recording, labels, row, place))

    def close(self) -> tuple[Path, ...]:
        """Put the parts together, and return the files."""
        for file in self._files.values():
            file.close()
        made = []
        licences = [{"id": number, "name": name, "url": ""} for name, number in self._licences.items()]
        for split in SPLITS:
            target = self._folder / f"{split}.json"
            with target.open("w", encoding="utf-8", newline="\n") as file:
                head = {"info": self._info | {"split": split}, "licenses": licences, "categories": [self._category()]}
                file.write(json.dumps(head, ensure_ascii=False)[:-1])
                for what in ("images", "annotations"):
                    file.write(f', "{what}": [\n')
                    _copy_lines(self._part(split, what), file)
                    file.write("]")
                    self._part(split, what).unlink()
                file.write("}\n")
            made.append(target)
        return tuple(made)

    def give_up(self) -> None:
        """Close what is open; the folder is somebody else's to take away."""
        for file in self._files.values():
            file.close()

    def _part(self, split: str, what: str) -> Path:
        return self._folder / f".{split}_{what}.part"

    def _line(self, split: str, what: str, content: Mapping[str, Any]) -> None:
        self._files[split, what].write(json.dumps(content, ensure_ascii=False, allow_nan=False) + "\n")

    def _category(self) -> dict[str, Any]:
        skeleton = [[self._place[a] + 1, self._place[b] + 1] for a, b in self._bones
                    if a in self._place and b in self._place]  # fmt: skip
        return {"id": 1, "name": "person", "supercategory": "person", "keypoints": list(self._names),
                "skeleton": skeleton}  # fmt: skip

    def _annotation(self, recording: Recording, labels: ViewLabels, row: int, place: NDArray) -> dict[str, Any]:
        visible = labels.visibility[row]
        labelled = visible > OUTSIDE
        flat = np.zeros((len(self._names), 3))
        flat[place[labelled], :2] = np.round(labels.pixel[row][labelled], _PX)
        flat[place, 2] = visible
        left, top, width, height = (round(float(value), _PX) for value in labels.box[row])
        frame = int(labels.frames[row])
        sigma = np.where(labelled, largest_sd(labels.covariance_px[row]), np.nan)
        world = np.where(labelled[:, None], labels.world[row], np.nan)
        cam = np.where(labelled[:, None], labels.cam[row], np.nan)
        return {
            "id": self._count, "image_id": self._count, "category_id": 1, "iscrowd": 0,
            "bbox": [left, top, width, height], "area": round(width * height, _PX),
            "num_keypoints": int(labelled.sum()),
            "keypoints": [int(v) if k % 3 == 2 else v for k, v in enumerate(flat.ravel().tolist())],
            "keypoints_sigma_px": self._spread(sigma, place, _PX),
            "keypoints_hidden": self._spread(np.where(labelled, labels.hidden[row], np.nan), place, 0),
            "keypoints_world_m": self._spread(world, place, _M), "keypoints_camera_m": self._spread(cam, place, _M),
            "keypoints_status": self._spread(labels.status[row].astype(float), place, 0),
            "checks_passed": not recording.failed,
            "subject": recording.subject, "recording": recording.name, "movement": recording.movement, "frame": frame,
            "time_s": round(float(recording.time_s[frame] + labels.picture_offset_s[row]), 6),
            "angles_deg": {name: _rounded(one.values_deg[frame], _DEG) for name, one in recording.angles.items()},
            "angles_sd_deg": {name: _rounded(one.sd_deg[frame], _DEG) for name, one in recording.angles.items()},
            "angles_missing": {name: one.reasons[frame] for name, one in recording.angles.items()
                               if one.reasons[frame]},
            **{name: round(value, 6) if isinstance(value, float) else value
               for name, value in squat_row(recording, frame).items()},
        }  # fmt: skip

    def _spread(self, values: NDArray, place: NDArray, decimals: int) -> list[Any]:
        """Return values of a recording's points as a list over all points, null where there is none."""
        whole = np.full((len(self._names), *values.shape[1:]), np.nan)
        whole[place] = np.round(values, decimals)
        flat = whole.ravel()
        lost = np.isnan(flat)
        return [None if gone else (value if decimals else int(value))
                for value, gone in zip(flat.tolist(), lost, strict=True)]  # fmt: skip


def _rounded(value: float, decimals: int) -> float | None:
    return round(float(value), decimals) if np.isfinite(value) else None


def _copy_lines(path: Path, file: TextIO) -> None:
    with path.open(encoding="utf-8", newline="\n") as lines:
        before = ""
        for line in lines:
            file.write(before + line.rstrip("\n"))
            before = ",\n"
