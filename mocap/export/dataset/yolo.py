"""Labels as Ultralytics reads them for pose: a text file for each picture, and `data.yaml`.

The format holds one box and u, v, visibility of each point, in parts of the picture's size; everything else goes into
the tables beside it.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mocap.export.dataset.labels import OUTSIDE, ViewLabels
from mocap.export.dataset.recordings import Recording, picture_name
from mocap.export.dataset.splits import SPLITS
from mocap.skeleton import side_of

_DECIMALS = 7  # of a part of the picture: below 0.001 px in 4K


class YoloWriter:
    """Writes `labels/<split>/*.txt` and `data.yaml` below a folder."""

    def __init__(self, folder: Path, names: Sequence[str]) -> None:
        self._folder, self._names = folder, tuple(names)
        self._place = {name: k for k, name in enumerate(self._names)}
        for split in SPLITS:
            (folder / "labels" / split).mkdir(parents=True)

    def add(self, recording: Recording, camera: int, labels: ViewLabels) -> None:
        """Write the labels of one camera over some frames."""
        place = np.array([self._place[name] for name in recording.names], int)
        shown = recording.rig.cameras[camera]
        size = np.array(shown.size, float)
        folder = self._folder / "labels" / recording.split
        for row in range(len(labels.frames)):
            visible = labels.visibility[row]
            labelled = visible > OUTSIDE
            points = np.zeros((len(self._names), 3))
            points[place[labelled], :2] = labels.pixel[row][labelled] / size
            points[place, 2] = visible
            corner, extent = labels.box[row, :2], labels.box[row, 2:]
            box = np.concatenate([(corner + extent / 2) / size, extent / size])
            cells = [f"{value:.{_DECIMALS}f}" for value in box]
            for u, v, seen in points:
                cells += [f"{u:.{_DECIMALS}f}", f"{v:.{_DECIMALS}f}", f"{seen:.0f}"]
            name = picture_name(recording.name, shown.name, int(labels.pictures[row]))
            (folder / f"{name}.txt").write_text(f"0 {' '.join(cells)}\n", encoding="utf-8", newline="\n")

    def close(self) -> tuple[Path, ...]:
        """Write what the program is told of the dataset."""
        names = ", ".join(f"\"{name}\"" for name in self._names)
        text = (
            "# Pose labels for Ultralytics; set path to where this folder lies.\npath: .\n"
            + "".join(f"{split}: images/{split}\n" for split in SPLITS)
            + f"kpt_shape: [{len(self._names)}, 3]\nflip_idx: {self._flipped()}\nnames:\n  0: person\n"
            f"kpt_names:\n  0: [{names}]\n"
        )
        target = self._folder / "data.yaml"
        target.write_text(text, encoding="utf-8", newline="\n")
        return (target,)

    def give_up(self) -> None:
        """Nothing is open."""

    def _flipped(self) -> list[int]:
        """Return for each point the one that it becomes in a mirrored picture."""
        return [self._place.get(mirrored_name(name), k) for k, name in enumerate(self._names)]


def mirrored_name(name: str) -> str:
    """Return the name of the same point on the other side; the name itself where it has no side."""
    side = side_of(name)
    if side == "centre":
        return name
    pairs = (("right", "left"), ("Right", "Left"), ("RIGHT", "LEFT"), ("R", "L"), ("r", "l"))
    own = 0 if side == "right" else 1
    head, _, plain = name.rpartition(":")
    head = f"{head}:" if head else ""
    for pair in pairs:
        if plain.startswith(pair[own]):
            return f"{head}{pair[1 - own]}{plain[len(pair[own]):]}"
    for pair in pairs:
        if plain.endswith(pair[own]):
            return f"{head}{plain[: -len(pair[own])]}{pair[1 - own]}"
    return name
