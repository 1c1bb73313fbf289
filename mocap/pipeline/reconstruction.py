"""Reconstruction as a recipe: keypoint files and a calibration in, a trial of 3D points out."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

import calibration
from calibration import CameraRig
from mocap.config.build import build
from mocap.keypoints.association import choose_person
from mocap.keypoints.people import PeopleKeypoints
from mocap.pipeline.digests import input_sha256
from mocap.readers.keypoints import read_keypoints
from mocap.reconstruction import ReconstructionOptions, reconstruct
from mocap.skeleton import bones_among
from mocap.storage import write_trial
from mocap.trial import Keypoints2D, Operation, Points3D, Timeline, Trial, Verdict

Progress = Callable[[str, int, int], None]


def load_keypoints(
    path: Path, rig: CameraRig, rate_hz: float | None, skeleton: str | None, source: str
) -> tuple[Keypoints2D, tuple[str, ...]]:
    """Read keypoints in the order of the rig's cameras; where a file holds several people, choose one per camera.

    Returns
    -------
    keypoints : Keypoints2D
    notes : tuple of str
        Which file became which camera, and which person was chosen how often.
    """
    read = read_keypoints(path, source=source, camera_names=rig.names, skeleton=skeleton, rate_hz=rate_hz)
    if isinstance(read.keypoints, PeopleKeypoints):
        chosen = choose_person(read.keypoints, rig)
        return chosen.keypoints, (*read.notes, *chosen.notes)
    return read.keypoints, read.notes


def reconstruct_trial(
    path: Path,
    rig: CameraRig,
    rate_hz: float | None,
    skeleton: str | None = None,
    source: str = "auto",
    options: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> Trial:
    """Return a trial of 3D points, with its keypoints, rig, timeline and quality figures."""
    chosen_options = build(ReconstructionOptions, options or {}, "session.toml", "options.reconstruction")
    keypoints, notes = load_keypoints(path, rig, rate_hz, skeleton, source)
    points = reconstruct(keypoints, rig, options=chosen_options, progress=progress)
    parameters = {name: value for name, value in vars(chosen_options).items() if value is not None}
    return Trial(
        trial_id=path.stem,
        points=points,
        rig=rig,
        timeline=Timeline(keypoints.rate_hz, keypoints.n_frames, camera_names=rig.names),
        keypoints=keypoints,
        axis_source=f"calibration: gravity {rig.metadata.get('gravity', 'not stated, Z taken as up')}",
        gravity_known=rig.gravity_known,
        bones=bones_among(points.names),
        quality=reconstruction_figures(points),
        operations=(Operation("read keypoints", {"notes": "; ".join(notes)}), Operation("reconstruct", parameters)),
        inputs={path.name: input_sha256(path)},
    )


def reconstruction_figures(points: Points3D) -> tuple[Verdict, ...]:
    """Return what a lab asks first: how much is missing, and how well the views agree.

    The limits are those at which a lab should look again: 5 % missing, 15 px of median reprojection error.
    """
    missing = 100.0 * float(np.mean(~np.isfinite(points.position).all(axis=2))) if points.position.size else 100.0
    figures = [Verdict("points missing", missing, 5.0, "%", missing <= 5.0)]
    if points.reprojection_error is not None and np.isfinite(points.reprojection_error).any():
        error = float(np.nanmedian(points.reprojection_error))
        figures.append(Verdict("median reprojection error", error, 15.0, "px", error <= 15.0))
    return tuple(figures)


def reconstruct_to_file(
    calibration_file: Path,
    path: Path,
    out: Path,
    rate_hz: float | None,
    skeleton: str | None,
    source: str,
    progress: Progress,
) -> Trial:
    """Reconstruct keypoint files with a calibration file and write the trial file."""
    rig = calibration.read_rig(calibration_file)
    trial = reconstruct_trial(path, rig, rate_hz, skeleton, source, progress=progress)
    write_trial(out, trial)
    return trial
