"""An old calibration held against today's footage: what is wrong, which cameras may be used, one placed anew."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import calibration
from calibration.camera import CameraRig
from calibration.detection import detect_board
from calibration.errors import CalibrationError
from calibration.files import write_rig
from calibration.in_use.agreement import Evidence, pair_table
from calibration.in_use.check import CheckLimits, Diagnosis, Sampling, UseCheck, check_in_use
from calibration.in_use.reestimate import Reestimation, reestimate
from calibration.observations import BoardObservations
from calibration.sources import find_sources
from mocap.errors import ConfigError, KeypointError
from mocap.keypoints.sides_names import side_partner
from mocap.pipeline.board_footage import footage_notes
from mocap.pipeline.boards import target_from
from mocap.pipeline.check_lines import age_of, check_lines, check_row, repair_line
from mocap.pipeline.keypoint_input import KeypointInput, load_keypoints
from mocap.pipeline.outputs import check_output
from mocap.pipeline.point_remedies import calibration_remedies
from mocap.pipeline.progress import Progress
from mocap.readers.video_probe import probe_videos
from mocap.reconstruction import usable_observations

_NOISE_SHARE = 1.5  # of keypoints of a person, see `CheckLimits`
_MOST_NUMBERS = 60_000_000  # of a dense table of all frames
_ROUNDING_PX = 1.0
_SHOWN_FRAMES = 100  # in which a camera placed anew is held against the others
_NO_BETTER = 1.1  # of what the camera missed the others by before


@dataclass(frozen=True)
class CheckOptions:
    """How to check.

    Attributes
    ----------
    limits : CheckLimits
        Where `noise_share` is 0 it is 1.5 for keypoints of a person.
    every : int
        Look for the board in each n-th frame only; lateness is then not seen.
    keypoints : KeypointInput
        How keypoint files are to be read.
    wand : bool
        The keypoints are markers, as exact as a board, and no person.
    now_s : float or None
        Time to which the calibration's age counts, seconds since 1970; the clock's when None.
    """

    limits: CheckLimits = field(default_factory=CheckLimits)
    every: int = 1
    keypoints: KeypointInput = field(default_factory=lambda: KeypointInput(rate_hz=1.0))
    wand: bool = False
    now_s: float | None = None


@dataclass(frozen=True, eq=False)
class CheckOutcome:
    """What a check found.

    Attributes
    ----------
    check : UseCheck
    diagnoses : tuple of Diagnosis
        The first is the one to mend first.
    age_h : float
        Of the calibration, see `check_lines.age_of`.
    rows : tuple of mapping
        One per camera, plain values.
    lines : tuple of str
        To print.
    status : int
        0, or 1 when something is wrong.
    repaired : Reestimation or None
    notes : tuple of str
        What was not looked at.
    age_told_by : str
    """

    check: UseCheck
    diagnoses: tuple[Diagnosis, ...]
    age_h: float
    rows: tuple[Mapping[str, Any], ...]
    lines: tuple[str, ...]
    status: int
    repaired: Reestimation | None = None
    notes: tuple[str, ...] = ()
    age_told_by: str = ""


@dataclass(frozen=True, eq=False)
class _Seen:
    """Points of today's footage: of a board also as such, with the sizes of the images."""

    pixels: NDArray
    frame_ids: NDArray
    partner: NDArray | None
    board: BoardObservations | None


def check_calibration(
    calibration_file: Path,
    source: Path,
    board: Path | None,
    progress: Progress,
    options: CheckOptions | None = None,
    repair: str | None = None,
    out: Path | None = None,
) -> CheckOutcome:
    """Check a calibration file against footage of a board, or against keypoint files of a person or a wand.

    Parameters
    ----------
    calibration_file : Path
    source : Path
        Folder with one video or image folder per camera when a board is given; keypoint files otherwise.
    board : Path or None
        Board description or preset.
    progress : callable
    options : CheckOptions, optional
    repair : str, optional
        Camera to place anew from the others.
    out : Path, optional
        New calibration file, with `repair`.

    Raises
    ------
    ConfigError
        REPAIR_OUTPUT when `repair` has no `out`, or `out` exists already.
    CalibrationError
        REPAIR_NO_BETTER when the camera fits the others worse in its new place; nothing is written.
    MocapError
        What reading, detection, `check_in_use` and `reestimate` refuse.
    """
    options = options or CheckOptions()
    _check_repair(calibration_file, repair, out)
    whole = calibration.read_rig(calibration_file)
    rig, seen, notes = (
        _corners(source, whole, board, options, progress) if board else (whole, _keypoints(source, whole, options), ())
    )
    limits = options.limits
    if board is None and not options.wand and not limits.noise_share:
        limits = replace(limits, noise_share=_NOISE_SHARE)
    check = check_in_use(
        rig, seen.pixels, partner=seen.partner, frame_ids=seen.frame_ids.tolist(), limits=limits, sampling=Sampling()
    )
    diagnoses = (*_sizes(rig, seen.board, check), *check.diagnoses)
    age = age_of(rig, calibration_file, options.now_s)
    rows = tuple(check_row(camera) for camera in check.cameras)
    bad = bool(diagnoses) or any(camera.verdict == "refuse" for camera in check.cameras)
    lines, repaired = check_lines(check, diagnoses, age, limits, notes), None
    if repair is not None and out is not None:
        repaired, missed_px = _repaired(whole, repair, _of_all(seen, rig, whole), check)
        write_rig(out, repaired.rig)
        lines = (*lines, repair_line(rig, repaired, missed_px, out))
    return CheckOutcome(check, diagnoses, age.hours, rows, lines, int(bad), repaired, notes, age.told_by)


def _check_repair(calibration_file: Path, repair: str | None, out: Path | None) -> None:
    if repair is None:
        return
    if out is None or out.resolve() == calibration_file.resolve() or out.is_file():
        cause = (
            "A camera placed anew makes a new calibration file, and none is named." if out is None else
            f"{out} is the calibration that is checked; it is kept." if out.resolve() == calibration_file.resolve() else
            f"{out} exists and may be a calibration in use; it is kept."
        )  # fmt: skip
        raise ConfigError(cause, "Name a new file with --out.", code="REPAIR_OUTPUT")
    check_output(out)


def _corners(
    source: Path, rig: CameraRig, board: Path, options: CheckOptions, progress: Progress
) -> tuple[CameraRig, _Seen, tuple[str, ...]]:
    """Detect the board in the footage; the rig is cut to the cameras that there is footage of, and that is said."""
    sources, _ = find_sources(source)
    probe_videos(sources)
    names = {one.name for one in sources}
    known = [name for name in rig.names if name in names]
    if len(known) < 2:
        raise KeypointError(
            f"The footage is of {sorted(names)}, the calibration of {list(rig.names)}.",
            "Name the videos as the cameras are named in the calibration.",
            code="CAMERA_NAMES",
        )
    notes = [f"{name} is not checked: there is no footage of it." for name in rig.names if name not in names]
    notes += [f"{name} is not checked: the calibration does not know it." for name in sorted(names - set(known))]
    rig = rig.subset(known)
    found = detect_board(
        tuple(one for one in sources if one.name in known), target_from(board), every=options.every,
        progress=lambda camera, done, total: progress(f"detect in {camera}", done, total),
    ).subset_cameras(known)  # fmt: skip
    pixels, frame_ids = _dense(found, options.every)
    return rig, _Seen(pixels, frame_ids, None, found), (*notes, *footage_notes(sources))


def _of_all(seen: _Seen, rig: CameraRig, whole: CameraRig) -> _Seen:
    """Return what was seen for all cameras of a calibration, those without footage blind: none is to be lost."""
    if seen.board is None or len(rig) == len(whole):
        return seen
    at = [whole.names.index(name) for name in rig.names]
    pixels = np.full((len(whole), *seen.pixels.shape[1:]), np.nan)
    corners = np.full((len(whole), *seen.board.pixels.shape[1:]), np.nan)
    sizes = np.array([camera.size for camera in whole])
    pixels[at], corners[at], sizes[at] = seen.pixels, seen.board.pixels, seen.board.image_sizes
    board = BoardObservations(seen.board.board, whole.names, sizes, corners, seen.board.frame_ids)
    return _Seen(pixels, seen.frame_ids, None, board)


def _dense(found: BoardObservations, every: int) -> tuple[NDArray, NDArray]:
    """Return the corners of all frames in a row, so that a step in time is a frame; as found where that is too long."""
    ids = found.frame_ids
    n_frames = int(ids[-1] - ids[0]) + 1 if len(ids) else 0
    if every > 1 or n_frames * found.pixels[:, :1].size > _MOST_NUMBERS:
        # Frames far apart: no speeds can be had from them.
        return found.pixels, ids
    pixels = np.full((found.n_cameras, n_frames, *found.pixels.shape[2:]), np.nan)
    pixels[:, ids - ids[0]] = found.pixels
    return pixels, np.arange(n_frames) + int(ids[0] if len(ids) else 0)


def _keypoints(source: Path, rig: CameraRig, options: CheckOptions) -> _Seen:
    with calibration_remedies():
        loaded = load_keypoints(source, rig, options.keypoints)
        keypoints, first = loaded.keypoints, loaded.first_frame
    pixels = np.where(usable_observations(keypoints)[..., None], keypoints.pixels, np.nan).astype(float)
    return _Seen(pixels, np.arange(keypoints.n_frames) + first, np.array(side_partner(keypoints.names)), None)


def _sizes(rig: CameraRig, board: BoardObservations | None, check: UseCheck) -> tuple[Diagnosis, ...]:
    """Name cameras whose footage has another size; none where the search has named that already."""
    if board is None or (check.fault is not None and check.fault.code in ("IMAGE_SIZE", "CAMERA_ROTATED")):
        return ()
    told, factors, names = [], [], []
    for camera, size in zip(rig, board.image_sizes.tolist(), strict=True):
        if tuple(size) != camera.size:
            told.append(f"{camera.name} is calibrated at {camera.size[0]} x {camera.size[1]} px, its footage is "
                        f"{size[0]} x {size[1]} px")  # fmt: skip
            factors.append(size[0] / camera.size[0] if _alike(camera.size, size) else np.nan)
            names.append(camera.name)
    if not told:
        return ()
    if np.isfinite(factors).all():
        by = ", ".join(f"{factor:.4g}" for factor in sorted(set(np.round(factors, 4))))
        remedy = f"Record at the calibrated size, or rescale the calibration (by {by}) with mocap convert --rescale."
    else:
        remedy = "The images were cropped or are of another camera: use uncropped footage, or calibrate again."
    return (Diagnosis("IMAGE_SIZE", tuple(names), f"{'; '.join(told)}.", remedy),)


def _alike(size: tuple[int, int], other: list[int]) -> bool:
    return abs(other[0] - size[0] * other[1] / size[1]) <= _ROUNDING_PX


def _repaired(rig: CameraRig, name: str, seen: _Seen, check: UseCheck) -> tuple[Reestimation, tuple[float, float]]:
    """Place a camera anew from the frames since it moved; return also by how much it misses the others without and
    with it."""
    rig.subset([name])
    # What noise explains is no moment at which it moved.
    moved = [one.since for one in check.cameras if one.name == name and one.diagnosis is not None]
    since = seen.frame_ids[0] if not moved or moved[0] is None else moved[0]
    pixels = seen.pixels[:, seen.frame_ids >= since]
    board = None if seen.board is None else seen.board.subset_frames(seen.board.frame_ids >= since)
    repaired = reestimate(rig, name, pixels if board is None else board)
    before, after = (_missed_px(one, pixels, rig.names.index(name)) for one in (rig, repaired.rig))
    if not after < _NO_BETTER * before:
        raise CalibrationError(
            f"Placed anew, camera '{name}' misses the others by {after:.2f} px, as it is by {before:.2f} px.",
            "Keep the calibration for this camera; look for the fault elsewhere, or show more of the volume.",
            code="REPAIR_NO_BETTER",
        )
    return repaired, (before, after)


def _missed_px(rig: CameraRig, pixels: NDArray, camera: int) -> float:
    shared = np.flatnonzero(np.isfinite(pixels[camera, ..., 0]).any(axis=1))
    evidence = Evidence(rig, pixels[:, shared[:: max(1, len(shared) // _SHOWN_FRAMES)]])
    return float(np.nanmedian(pair_table(evidence, evidence.as_named())[camera]))
