"""What a review window opens: a file becomes a desk, whatever of it can be decided on.

What a kind of file needs is imported with the first one of that kind: to look at a trial file takes no kinematics.
"""

from pathlib import Path

from mocap.errors import SourceError, ViewerError
from mocap.pipeline.review_desk import TrialDesk
from mocap.pipeline.review_footage import find_footage
from mocap.pipeline.trial_outputs import TRIAL_SUFFIXES
from mocap.trial import Trial
from mocap.viewer.lacking import lacking
from mocap.viewer.review import Desk, Footage, ViewOnly


def open_desk(path: Path, videos: Path | None = None) -> Desk:
    """Open a trial file, or a C3D or TRC file, for review.

    Decisions are kept in trial files alone; a motion file can be looked at, and its notes say how it becomes one.
    `videos` is a folder with the cameras' pictures of a trial file; those of its session when left out.

    Raises
    ------
    SourceError
        FILE_MISSING, of a folder as well, and what the readers raise.
    TrialFileError, FormatError
        What the file is refused for.
    ViewerError
        VIEWER_EMPTY, where it has no point or no frame.
    """
    if path.is_dir():
        raise SourceError(f"{path} is a folder.", "Open one of the trials in it.", code="FILE_MISSING")
    desk = _trial_desk(path, videos) if path.suffix.lower() in TRIAL_SUFFIXES else _motion_desk(path)
    _check_filled(desk.review.trial, path.name)
    return desk


def open_sample(name: str) -> Desk:
    """Make a sample for review; see `mocap.pipeline.sample_trials`.

    Raises
    ------
    ViewerError
        SAMPLE_UNKNOWN.
    """
    from mocap.pipeline.sample_trials import sample_trial

    trial = sample_trial(name)
    return ViewOnly(trial, "this is a sample, which lies in no file", lacking(trial))


def _trial_desk(path: Path, videos: Path | None) -> Desk:
    def footage_of(trial: Trial, folder: Path | None) -> tuple[Footage | None, tuple[str, ...]]:
        footage, told = find_footage(path, trial, folder)
        return footage, (*lacking(trial), *told)

    return TrialDesk(path, footage_of, videos)


def _motion_desk(path: Path) -> Desk:
    from mocap.pipeline.motion import import_motion

    trial = import_motion(path, None, None)
    kind = path.suffix[1:].upper()
    made = f"mocap import {path.name} --out {path.stem}.h5"
    return ViewOnly(trial, f"a {kind} file keeps no decisions; make a trial of it: {made}", lacking(trial))


def _check_filled(trial: Trial, name: str) -> None:
    if trial.points.n_frames == 0 or not trial.points.names:
        raise ViewerError(
            f"{name} has {trial.points.n_frames} frames of {len(trial.points.names)} points: there is nothing to see.",
            "Open a file with at least one frame and one point.",
            code="VIEWER_EMPTY",
        )
