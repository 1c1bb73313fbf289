"""Videos of plates on the back of a synthetic person, standing and moving."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from calibration import Camera
from calibration.synthetic import RenderOptions
from mocap.config.plates import Plate, read_plates
from mocap.export.film import FilmFile
from mocap.pipeline.progress import Progress
from mocap.synthetic import SyntheticTrial
from mocap.synthetic.cases import MadeCase
from mocap.synthetic.plates import (
    SACRAL_SLOPE,
    Exposure,
    exposed_poses,
    render_plates,
    segment_from_plate,
    visible_tags,
)

_ON = {"sacrum": ("pelvis", SACRAL_SLOPE), "t12_l1": ("lumbar", 0.0)}
_POINTED = ("RASIS", "LASIS", "RPSIS", "LPSIS", "T12", "C7", "T10", "RLFE", "RMFE", "LLFE", "LMFE")
_STANDING_FRAMES = 25
_EXPOSURE = Exposure(0.004, 3)
_LOOK = RenderOptions(noise=2.0, blur_px=0.7)


def film_case(folder: Path, made: MadeCase, plates: str, name: str, progress: Progress) -> None:
    """Write `standing/` and the movement with a video of each camera, and what a pointer touched."""
    worn = [plate for plate in read_plates(plates).plate if plate.name in _ON]
    seeds = [made.case.seed & 0xFFFFFFFF, made.case.seed >> 64]
    for number, (trial, where, n_frames) in enumerate((
        (made.true_standing, "standing", _STANDING_FRAMES), (made.truth, name, made.truth.points.n_frames)
    )):  # fmt: skip
        poses = np.stack([_poses(trial, plate) for plate in worn], axis=1)
        (folder / where).mkdir(parents=True)
        for place, camera in enumerate(made.rig):
            progress(f"film {name}", place + number * len(made.rig), 2 * len(made.rig))
            film = FilmFile(folder / where / f"{camera.name}.mp4", camera.size, trial.points.rate_hz)
            for image in _images(camera, worn, poses[:n_frames], trial.points.rate_hz, [*seeds, number, place]):
                film.add(np.repeat(image[..., None], 3, axis=2))
            film.finish()
    progress(f"film {name}", 2 * len(made.rig), 2 * len(made.rig))
    first = made.true_standing.points
    rows = [f"{point},{','.join(f'{value:.5f}' for value in first.point(point)[0])}" for point in _POINTED]
    (folder / "landmarks.csv").write_text("\n".join(["point,x,y,z", *rows, ""]), encoding="utf-8", newline="\n")


def _poses(trial: SyntheticTrial, plate: Plate) -> NDArray:
    segment, slope = _ON[plate.name]
    index = trial.segments.names.index(segment)
    return trial.segments.world_from_segment[:, index] @ segment_from_plate(segment, slope)


def _images(
    camera: Camera, worn: list[Plate], poses: NDArray, rate_hz: float, seeds: list[int]
) -> Iterator[NDArray[np.uint8]]:
    exposed = np.stack([exposed_poses(poses[:, k], rate_hz, _EXPOSURE) for k in range(len(worn))], axis=2)
    shown = [k for k, plate in enumerate(worn) if visible_tags(camera, plate, poses[:, k]).any()]
    for frame, moments in enumerate(exposed):
        noise = np.random.default_rng([*seeds, frame])
        yield render_plates(camera, [worn[k] for k in shown], moments[:, shown], noise, _LOOK)
