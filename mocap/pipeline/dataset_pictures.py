"""Which picture of a camera shows a frame of a trial, when it was taken, and the picture itself."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from calibration import Camera
from mocap.errors import MocapError
from mocap.export.dataset.bodies import Body
from mocap.export.dataset.faces import head_balls, jpeg, without_faces
from mocap.export.dataset.labels import Seen, ViewLabels, seen_points
from mocap.pipeline.review_footage import ReviewFootage, find_footage, places_of
from mocap.trial import Trial

_ENDLESS = np.iinfo(np.int32).max


def seen_of(
    recorded: Trial, names: tuple[str, ...], camera: int, frames: NDArray, footage: ReviewFootage | None
) -> Seen:
    """Return which pictures of a camera show some frames, when they were taken, and what was detected in them.

    `names` are those of the points as recorded. Without footage, pictures are counted by the times that the trial
    states.
    """
    assert recorded.rig is not None  # whoever asks has cameras
    name = recorded.rig.names[camera]
    n_pictures = _ENDLESS
    if footage is not None:
        n_pictures = footage.n_pictures(name) if name in footage.cameras else 0
    places = places_of(recorded, name, n_pictures)[frames]
    offset_s = np.where(places >= 0, taken_s(recorded, name, places) - recorded.points.time_s[frames], 0.0)
    return Seen(places, offset_s, seen_points(recorded.keypoints, camera, names, frames))


def taken_s(trial: Trial, camera: str, places: NDArray) -> NDArray:
    """Return when pictures of a camera were taken on the common clock, shape (n,), s."""
    timeline, points = trial.timeline, trial.points
    nominal = points.start_s + places / points.rate_hz
    if timeline is None or camera not in timeline.camera_names:
        return nominal
    at = timeline.camera_names.index(camera)
    if timeline.frame_time_s is not None:
        known = timeline.frame_time_s[at]
        return known[np.clip(places, 0, len(known) - 1)]
    own_s = timeline.start_s + places / points.rate_hz
    return (own_s - timeline.offset_s[at]) / (1 + 1e-6 * timeline.drift_ppm[at])


def footage_of(path: Path, recorded: Trial) -> tuple[ReviewFootage | None, str]:
    """Return the footage of a trial, or why there is none."""
    found, told = find_footage(path, recorded)
    return found, "" if found is not None else (told[0] if told else "no footage of the trial is found")


def fits(footage: ReviewFootage, camera: Camera, name: str) -> bool:
    """Whether a camera's pictures have the size that it was calibrated with."""
    return footage.size(name) in ((0, 0), camera.size)


def write_pictures(
    footage: ReviewFootage, name: str, camera: Camera, labels: ViewLabels, body: Body, targets: list[Path], faces: bool
) -> NDArray:
    """Write the pictures of some labels, and return which could be written, shape (n,) of bool.

    Parameters
    ----------
    footage : ReviewFootage
    name : str
        Of the camera there.
    camera : Camera
    labels : ViewLabels
    body : Body
        Of the same frames.
    targets : list of Path
    faces : bool
        Faces stay.
    """
    centres, radii = head_balls(body)
    done = np.zeros(len(targets), bool)
    for row, target in enumerate(targets):
        try:
            image = footage.image(name, int(labels.pictures[row]))
            if image.shape[1::-1] != camera.size:
                continue
            if not faces:
                image = without_faces(image, camera, centres[row], radii)
        except MocapError:
            continue  # a damaged picture, or a face that nobody can find: counted by who asked
        target.write_bytes(jpeg(image))
        done[row] = True
    return done
