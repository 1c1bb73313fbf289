"""The cameras' pictures for a review: found beside the trial, and told by the trial's own clock.

What finds and reads footage is imported where there is some: it takes more memory than many a trial.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mocap.errors import MocapError
from mocap.pipeline.session_place import session_around
from mocap.trial import Timeline, Trial

if TYPE_CHECKING:
    from calibration.sources import CameraSource


class ReviewFootage:
    """Pictures of cameras by the frames of a trial (`mocap.viewer.review.Footage`).

    Parameters
    ----------
    sources : tuple of CameraSource
        Named as the cameras are.
    trial : Trial
    """

    def __init__(self, sources: "tuple[CameraSource, ...]", trial: Trial) -> None:
        from mocap.readers.footage_access import FootagePictures

        self._pictures = {source.name: FootagePictures(source) for source in sources}
        self._places = {
            name: places_of(trial, name, pictures.n_frames) for name, pictures in self._pictures.items()
        }

    @property
    def cameras(self) -> tuple[str, ...]:
        """See `Footage`."""
        return tuple(self._pictures)

    def n_pictures(self, camera: str) -> int:
        """Return how many pictures a camera has."""
        return self._pictures[camera].n_frames

    def size(self, camera: str) -> tuple[int, int]:
        """Return width and height of a camera's pictures in px; (0, 0) where only a picture itself tells."""
        return self._pictures[camera].size

    def place(self, camera: str, frame: int) -> int:
        """See `Footage`."""
        return int(self._places[camera][frame])

    def image(self, camera: str, place: int) -> NDArray:
        """See `Footage`."""
        return self._pictures[camera].image(place)


def places_of(trial: Trial, camera: str, n_pictures: int) -> NDArray:
    """Return the place in a camera's footage of every frame of a trial, shape (time,); -1 where it took none then.

    By the times at which the trial says that its pictures were taken; where it holds none, by the offset and drift of
    the camera's clock; without these, frames correspond by index.
    """
    time_s, timeline = trial.points.time_s, trial.timeline
    rate_hz = trial.points.rate_hz
    if timeline is None or camera not in timeline.camera_names:
        found = np.arange(len(time_s))
    elif timeline.frame_time_s is not None:
        return _nearest(timeline.frame_time_s[timeline.camera_names.index(camera)], time_s, n_pictures)
    else:
        found = _by_clock(timeline, camera, time_s, rate_hz)
    return np.where((found >= 0) & (found < n_pictures), found, -1)


def find_footage(path: Path, trial: Trial, videos: Path | None = None) -> tuple[ReviewFootage | None, tuple[str, ...]]:
    """Return the footage of a trial, and what is to be known of it, a sentence each.

    Parameters
    ----------
    path : Path
        Trial file.
    trial : Trial
    videos : Path, optional
        Folder with a video or a folder of images per camera; else those that the session names, in whose results the
        trial lies.

    Raises
    ------
    SourceError
        For a folder that was given and holds no footage of these cameras; what is found by itself is never refused,
        only left out.
    """
    names = () if trial.rig is None else trial.rig.names
    if not names:
        return None, ("There are no cameras in this trial, so none has pictures.",) if videos is not None else ()
    if videos is not None:
        sources, told = _given(videos, names)
        return _opened(sources, trial, told)
    try:
        sources, told = _of_session(path, trial.trial_id, names)
        return _opened(sources, trial, told) if sources else (None, (told,) if told else ())
    except MocapError as error:
        return None, (f"No pictures are shown: {error.cause}",)


def _opened(
    sources: "tuple[CameraSource, ...]", trial: Trial, told: str
) -> tuple[ReviewFootage, tuple[str, ...]]:
    footage, notes = ReviewFootage(sources, trial), [told] if told else []
    for camera in trial.rig or ():
        if camera.name in footage.cameras:
            size = footage.size(camera.name)
            if size not in ((0, 0), camera.size):
                seen, calibrated = (" x ".join(map(str, one)) for one in (size, camera.size))
                notes.append(f"Pictures of {camera.name} are {seen} px, and it was calibrated with {calibrated}: "
                             "points may be drawn beside what they are of.")  # fmt: skip
    missing = [name for name in (trial.rig.names if trial.rig else ()) if name not in footage.cameras]
    if missing:
        notes.append(f"There are no pictures of {', '.join(missing)}.")
    return footage, tuple(notes)


def _given(folder: Path, names: tuple[str, ...]) -> "tuple[tuple[CameraSource, ...], str]":
    from calibration.sources import CameraSource, find_sources
    from mocap.readers.keypoints_cameras import match_cameras

    sources, _ = find_sources(folder)
    by_name = {source.name: source for source in sources}
    there = tuple(by_name[name] for name in names if name in by_name)
    if there:
        return there, ""
    found = match_cameras(list(by_name), names, None)
    told = ", ".join(f"{name} from {by_name[other].path.name}" for name, other in found.items() if name != other)
    renamed = tuple(CameraSource(name, one.path, one.kind, one.files, one.indices)
                    for name, other in found.items() for one in (by_name[other],))  # fmt: skip
    return renamed, f"Pictures of {told}." if told else ""


def _of_session(path: Path, name: str, cameras: tuple[str, ...]) -> "tuple[tuple[CameraSource, ...], str]":
    """Return the footage that a session names for a trial, where the file lies in the results of one."""
    folder = session_around(path.resolve())
    if folder is None:
        return (), ""
    from mocap.config.session import read_session
    from mocap.pipeline.synchronisation_inputs import camera_footage, trial_footage

    session = read_session(folder)
    entry = next((one for one in session.trial if one.name in (name, path.stem)), None)
    if entry is None:
        return (), ""
    sources = trial_footage(session, folder, entry)
    return camera_footage(session, sources, cameras)


def _nearest(taken_s: NDArray, time_s: NDArray, n_pictures: int) -> NDArray:
    """Return the picture nearest to each time, within half the time between pictures."""
    known = np.flatnonzero(np.isfinite(taken_s[:n_pictures]))
    if not len(known):
        return np.full(len(time_s), -1)
    order = known[np.argsort(taken_s[known], kind="stable")]
    when = taken_s[order]
    after = np.clip(np.searchsorted(when, time_s), 1, max(1, len(when) - 1))
    before = np.maximum(after - 1, 0)
    after = np.minimum(after, len(when) - 1)
    near = np.where(np.abs(when[after] - time_s) < np.abs(when[before] - time_s), after, before)
    step = float(np.median(np.diff(when))) if len(when) > 1 else np.inf
    return np.where(np.abs(when[near] - time_s) <= 0.5 * step * (1 + 1e-6), order[near], -1)


def _by_clock(timeline: Timeline, camera: str, time_s: NDArray, rate_hz: float) -> NDArray:
    at = timeline.camera_names.index(camera)
    own_s = time_s * (1 + 1e-6 * timeline.drift_ppm[at]) + timeline.offset_s[at]
    return np.round((own_s - timeline.start_s) * rate_hz).astype(int)
