"""An old calibration held against today's footage: what is wrong, which cameras may be used, one placed anew."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import calibration
from calibration.camera import CameraRig
from calibration.detection import detect_board
from calibration.files import write_rig
from calibration.in_use.agreement import Evidence, pair_table
from calibration.in_use.check import CameraCheck, CheckLimits, Diagnosis, Sampling, UseCheck, check_in_use
from calibration.in_use.reestimate import Reestimation, reestimate
from calibration.observations import BoardObservations
from calibration.sources import find_sources
from mocap.errors import ConfigError, KeypointError
from mocap.pipeline.boards import target_from
from mocap.pipeline.notes import check_output
from mocap.pipeline.progress import Progress
from mocap.pipeline.reconstruction import KeypointInput, load_keypoints
from mocap.reconstruction import usable_observations
from mocap.synthetic.observation import partners

_NOISE_SHARE = 1.5  # of keypoints of a person, see `CheckLimits`
_MOST_NUMBERS = 60_000_000  # of a dense table of all frames
_ROUNDING_PX = 1.0


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
        Of the calibration file, by its own word (`created_utc`) or its time stamp.
    rows : tuple of mapping
        One per camera, plain values.
    lines : tuple of str
        To print.
    status : int
        0, or 1 when something is wrong.
    repaired : Reestimation or None
    """

    check: UseCheck
    diagnoses: tuple[Diagnosis, ...]
    age_h: float
    rows: tuple[Mapping[str, Any], ...]
    lines: tuple[str, ...]
    status: int
    repaired: Reestimation | None = None


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
        REPAIR_OUTPUT when `repair` has no `out`, or `out` is the calibration that is checked.
    MocapError
        What reading, detection, `check_in_use` and `reestimate` refuse.
    """
    options = options or CheckOptions()
    _check_repair(calibration_file, repair, out)
    rig = calibration.read_rig(calibration_file)
    rig, seen = _corners(source, rig, board, options, progress) if board else (rig, _keypoints(source, rig, options))
    limits = options.limits
    if board is None and not options.wand and not limits.noise_share:
        limits = replace(limits, noise_share=_NOISE_SHARE)
    check = check_in_use(
        rig, seen.pixels, partner=seen.partner, frame_ids=seen.frame_ids.tolist(), limits=limits, sampling=Sampling()
    )
    diagnoses = (*_sizes(rig, seen.board, check), *check.diagnoses)
    age_h = _age_h(rig, calibration_file, options.now_s)
    repaired = None
    if repair is not None and out is not None:
        repaired = _repaired(rig, repair, seen, check)
        write_rig(out, repaired.rig)
    rows = tuple(_row(camera) for camera in check.cameras)
    bad = bool(diagnoses) or any(camera.verdict == "refuse" for camera in check.cameras)
    lines = _lines(check, diagnoses, age_h, limits)
    if repaired is not None and out is not None:
        lines = (*lines, *_repair_lines(rig, repaired, seen, out))
    return CheckOutcome(check, diagnoses, age_h, rows, lines, int(bad), repaired)


def _check_repair(calibration_file: Path, repair: str | None, out: Path | None) -> None:
    if repair is None:
        return
    if out is None or out.resolve() == calibration_file.resolve():
        raise ConfigError(
            "A camera placed anew makes a new calibration file, and none is named." if out is None else
            f"{out} is the calibration that is checked; it is kept.",
            "Name another file with --out.",
            code="REPAIR_OUTPUT",
        )  # fmt: skip
    check_output(out)


def _corners(
    source: Path, rig: CameraRig, board: Path, options: CheckOptions, progress: Progress
) -> tuple[CameraRig, _Seen]:
    """Detect the board in the footage; the rig is cut to the cameras that there is footage of."""
    sources, _ = find_sources(source)
    names = {one.name for one in sources}
    known = [name for name in rig.names if name in names]
    if len(known) < 2:
        raise KeypointError(
            f"The footage is of {sorted(names)}, the calibration of {list(rig.names)}.",
            "Name the videos as the cameras are named in the calibration.",
            code="CAMERA_NAMES",
        )
    rig = rig.subset(known)
    found = detect_board(
        tuple(one for one in sources if one.name in known), target_from(board), every=options.every,
        progress=lambda camera, done, total: progress(f"detect in {camera}", done, total),
    ).subset_cameras(known)  # fmt: skip
    pixels, frame_ids = _dense(found, options.every)
    return rig, _Seen(pixels, frame_ids, None, found)


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
    keypoints, first, _ = load_keypoints(source, rig, options.keypoints)
    pixels = np.where(usable_observations(keypoints)[..., None], keypoints.pixels, np.nan).astype(float)
    return _Seen(pixels, np.arange(keypoints.n_frames) + first, partners(keypoints.names), None)


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


def _age_h(rig: CameraRig, path: Path, now_s: float | None) -> float:
    now = time.time() if now_s is None else now_s
    told = rig.metadata.get("created_utc")
    try:
        made = datetime.fromisoformat(str(told).replace("Z", "+00:00")).timestamp() if told else path.stat().st_mtime
    except ValueError:
        made = path.stat().st_mtime
    return (now - made) / 3600.0


def _repaired(rig: CameraRig, name: str, seen: _Seen, check: UseCheck) -> Reestimation:
    """Place a camera anew from the frames since it moved."""
    rig.subset([name])
    since = check.cameras[rig.names.index(name)].since
    if seen.board is not None:
        board = seen.board if since is None else seen.board.subset_frames(seen.board.frame_ids >= since)
        return reestimate(rig, name, board)
    pixels = seen.pixels if since is None else seen.pixels[:, seen.frame_ids >= since]
    return reestimate(rig, name, pixels)


def _row(camera: CameraCheck) -> dict[str, Any]:
    change = camera.change
    row: dict[str, Any] = {
        "camera": camera.name, "points": camera.n_points, "residual_px": camera.residual_px,
        "residual_mm": camera.residual_mm, "verdict": camera.verdict, "reason": camera.reason,
    }  # fmt: skip
    if change is not None:
        row |= {
            "kind": change.kind if camera.diagnosis else "", "effect_mm": change.effect_mm,
            "effect_sd_mm": change.effect_sd_mm, "turn_deg": change.turn_deg, "turn_sd_deg": change.turn_sd_deg,
            "shift_mm": change.shift_mm, "shift_sd_mm": change.shift_sd_mm, "since_frame": camera.since,
        }  # fmt: skip
    return row


def _lines(
    check: UseCheck, diagnoses: tuple[Diagnosis, ...], age_h: float, limits: CheckLimits
) -> tuple[str, ...]:
    width = max(len(camera.name) for camera in check.cameras)
    lines = [f"{'camera':<{width}}  verdict  residual px    mm   trend px"]
    for index, camera in enumerate(check.cameras):
        trend = " ".join("-" if np.isnan(value) else f"{value:.2f}" for value in check.trend_px[:, index])
        lines.append(f"{camera.name:<{width}}  {camera.verdict:<7}  {camera.residual_px:11.2f}  "
                     f"{camera.residual_mm:4.1f}   {trend}   {camera.reason}")  # fmt: skip
    lines += [f"{one.code}: {one.cause} {one.remedy}" for one in diagnoses]
    if age_h >= limits.very_old_h:
        lines.append(f"The calibration is {age_h:.1f} h old: calibrate again (advised from {limits.very_old_h:g} h).")
    elif age_h >= limits.old_h:
        lines.append(f"The calibration is {age_h:.1f} h old: check it before recording (from {limits.old_h:g} h).")
    return tuple(lines)


def _repair_lines(rig: CameraRig, repaired: Reestimation, seen: _Seen, out: Path) -> tuple[str, ...]:
    where = rig.names.index(repaired.name)
    shown = seen.pixels[:, :: max(1, seen.pixels.shape[1] // 100)]
    before, after = (
        float(np.nanmedian(pair_table(evidence, evidence.as_named())[where]))
        for evidence in (Evidence(rig, shown), Evidence(repaired.rig, shown))
    )
    of_noise = "" if repaired.rig.covariance is not None else ", of the noise alone: the calibration has no covariance"
    return (
        f"{repaired.name} placed anew: turned by {repaired.turn_deg:.3f} deg, moved by {repaired.shift_mm:.1f} mm "
        f"(sd {repaired.turn_sd_deg:.3f} deg, {repaired.shift_sd_mm:.1f} mm{of_noise}); it missed the others by "
        f"{before:.2f} px and now by {after:.2f} px. Written to {out}; the old calibration is kept.",
    )
