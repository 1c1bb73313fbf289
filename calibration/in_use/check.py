"""A calibration held against footage of a later day: what is wrong with it, and which cameras may still be used.

One cause is named when one explains it: footage that is exchanged, turned, mirrored or resized first, then the camera
that moved, changed its lens or runs late; what is left is said with its numbers.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from calibration.camera import Camera, CameraRig
from calibration.in_use.agreement import Evidence, pair_table
from calibration.in_use.change_systems import LATE, ZOOM, Systems, change_systems, speeds
from calibration.in_use.cropped import image_shift, with_image_shift
from calibration.in_use.diagnosis import told_of
from calibration.in_use.drift import CameraChange, best_change, doubted, sharpened, undone
from calibration.in_use.footage_faults import FootageFault, footage_fault, suspicious
from calibration.in_use.lateness import late_by, shifted
from calibration.in_use.named import LEAST_LATE, MOST_CHANCE, is_named
from calibration.in_use.use_verdict import GOOD, REFUSE, USABLE, CameraCheck, CheckLimits, Diagnosis, Sampling, UseCheck

__all__ = ["CameraCheck", "CheckLimits", "Diagnosis", "Sampling", "UseCheck", "check_in_use"]

_LATE_SDS = 5.0
_AS_GOOD = 0.97
_CLEARLY = 0.7
_AS_MUCH = 1.1  # a shift of the image may leave so much more than a camera that moved
_LEFT_POINTS = 1000
_MOST_CHANGES = 3
_LEAST_CAMERAS = 3
_MOST_STEPS = 4
_SETTLED_SDS = 0.05
_TELLS_NOTHING_MM = 100.0
_MOST_ZOOM = 1.0  # of the logarithm of the focal length: beyond, an estimate only bends to what it cannot be
_TOLD_MM = 0.1  # less is no figure of a room


def check_in_use(
    rig: CameraRig,
    pixels: NDArray,
    *,
    partner: NDArray | None = None,
    frame_ids: Sequence[int] | None = None,
    limits: CheckLimits | None = None,
    sampling: Sampling | None = None,
) -> UseCheck:
    """Hold a calibration against points that its cameras see today.

    Parameters
    ----------
    rig : CameraRig
    pixels : ndarray, shape (camera, time, point, 2)
        Corners of a board, balls of a wand or keypoints of a person, in the order of the rig's cameras; NaN where
        not seen.
    partner : ndarray of int, shape (point,), optional
        For each keypoint that of the other side of the body: what a mirrored image makes of it.
    frame_ids : sequence of int, optional
        Numbers of the frames.
    limits : CheckLimits, optional
    sampling : Sampling, optional

    Raises
    ------
    CalibrationError
        NOTHING_SHARED when no two cameras share enough points.
    """
    limits, sampling = limits or CheckLimits(), sampling or Sampling()
    frames = np.arange(pixels.shape[1]) if frame_ids is None else np.asarray(frame_ids)
    evidence = Evidence(rig, pixels[:, _sample(pixels, sampling.n_points)], partner)
    table = pair_table(evidence, evidence.as_named())
    evidence.score(evidence.as_named())  # refuses footage that shares nothing
    fault = footage_fault(evidence) if sampling.always_search or suspicious(evidence) else None
    chosen = _sample(pixels, sampling.n_change_points)
    changes, mm_per_px = _changes(rig, pixels, chosen, limits)
    if fault is not None and not _better_explained(evidence, fault, pixels, chosen, changes, limits):
        changes = {}
    elif fault is not None:
        fault = None
    shifts = _shifts(rig, pixels, chosen, changes, limits)
    cameras = tuple(
        _camera(rig, index, table, changes.get(index), frames[chosen], mm_per_px, evidence, fault, limits,
                shifts.get(index))
        for index in range(len(rig))
    )  # fmt: skip
    diagnoses = [Diagnosis(fault.code, fault.cameras, fault.cause, fault.remedy)] if fault else []
    own = [cameras[index].diagnosis for index in changes]  # worst first
    diagnoses += [diagnosis for diagnosis in own if diagnosis is not None]
    return UseCheck(cameras, table, _trend(rig, pixels, sampling), fault, tuple(diagnoses))


def _better_explained(
    evidence: Evidence, fault: FootageFault, pixels: NDArray, chosen: NDArray, changes: dict[int, CameraChange],
    limits: CheckLimits,
) -> bool:  # fmt: skip
    """Whether cameras that changed explain clearly more than a fault of the footage: a bump can look like a scale."""
    named = [change for change in changes.values() if is_named(change, limits)]
    if not named or any(abs(change.value[ZOOM]) > _MOST_ZOOM for change in named):
        return False
    return _left(evidence.rig, pixels, chosen, named) < _CLEARLY * fault.after_px / max(fault.before_px, 1e-9)


def _left(rig: CameraRig, pixels: NDArray, chosen: NDArray, changes: list[CameraChange]) -> float:
    """Return by how much cameras disagree with changes undone, as a share of how much they do as they are."""
    frames = _frames_left(pixels, chosen, changes)
    before = Evidence(rig, pixels[:, frames].copy())
    return _score(rig, pixels, frames, changes) / max(before.score(before.as_named()), 1e-9)


def _frames_left(pixels: NDArray, chosen: NDArray, changes: list[CameraChange]) -> NDArray:
    frames = chosen[max(change.first for change in changes) :]
    return np.asarray(frames[_sample(pixels[:, frames], _LEFT_POINTS)])


def _score(rig: CameraRig, pixels: NDArray, frames: NDArray, changes: list[CameraChange]) -> float:
    """Return by how much cameras disagree in some frames with changes undone, px."""
    shown, cameras = pixels[:, frames].copy(), list(rig.cameras)
    for change in changes:
        cameras[change.camera] = undone(cameras[change.camera], change)
        if change.kind == "late":
            shown[change.camera] = shifted(pixels[change.camera], frames, float(change.value[LATE]))
    after = Evidence(CameraRig(tuple(cameras)), shown)
    return after.score(after.as_named())


def _shifts(
    rig: CameraRig, pixels: NDArray, chosen: NDArray, changes: dict[int, CameraChange], limits: CheckLimits
) -> dict[int, tuple[float, float]]:
    """Return by how many px the images are shifted, of cameras of which that explains as much as that they moved."""
    named = [change for change in changes.values() if is_named(change, limits)]
    answer = {}
    for change in (change for change in named if change.kind == "moved"):
        others = [other for other in named if other is not change]
        frames = _frames_left(pixels, chosen, named)
        mended = CameraRig(tuple(_mended(camera, index, others) for index, camera in enumerate(rig)))
        shift = image_shift(mended, pixels[:, frames], change.camera)
        cropped = _score(with_image_shift(rig, change.camera, shift), pixels, frames, others)
        if cropped <= _AS_MUCH * _score(rig, pixels, frames, named):
            answer[change.camera] = shift
    return answer


def _mended(camera: Camera, index: int, changes: list[CameraChange]) -> Camera:
    for change in changes:
        camera = undone(camera, change) if change.camera == index else camera
    return camera


def _sample(pixels: NDArray, n_points: int) -> NDArray:
    """Return frames, evenly over those that two cameras share, that hold about so many points."""
    shared = np.isfinite(pixels[..., 0]).sum(axis=0) >= 2
    frames = np.flatnonzero(shared.any(axis=1))
    if not len(frames):
        return np.arange(min(1, pixels.shape[1]))
    wanted = max(int(np.ceil(n_points / max(shared[frames].sum(axis=1).mean(), 1.0))), 8)
    return frames[np.unique(np.linspace(0, len(frames) - 1, min(wanted, len(frames))).round().astype(int))]


def _changes(
    rig: CameraRig, pixels: NDArray, chosen: NDArray, limits: CheckLimits
) -> tuple[dict[int, CameraChange], NDArray]:
    """Return the best change of every camera, those that are at fault first, and mm per px of each camera.

    A camera at fault is taken out before the next is looked for.
    """
    left = pixels[:, chosen].copy()
    speed = speeds(pixels, chosen)
    found: dict[int, CameraChange] = {}
    mm_per_px = np.full(len(rig), np.nan)
    for turn in range(_MOST_CHANGES + 1):
        systems = change_systems(rig, left, speed)
        if systems is None:
            break
        there = systems.mm_per_px > 0
        fresh = np.isnan(mm_per_px) & there.any(axis=(1, 2))
        mm_per_px[fresh] = [float(np.median(own[seen])) for own, seen in zip(
            systems.mm_per_px[fresh], there[fresh], strict=True)]  # fmt: skip
        tried = {c: _judged(rig, systems, c) for c in range(len(rig)) if c not in found and there[c].any()}
        # Of two cameras nobody knows which is wrong; of three, views of a person say it once, and no more.
        if len(tried) < _LEAST_CAMERAS + (turn > 0 and limits.noise_share > 0):
            break
        worst = max(tried, key=lambda c: tried[c].gain)
        if tried[worst].chance < MOST_CHANCE:
            tried[worst] = _or_late(rig, pixels, chosen, tried[worst], found)
        if is_named(tried[worst], limits) and tried[worst].kind != "late":
            tried[worst] = _sharp(rig, left, speed, best_change(systems, worst))
        if not is_named(tried[worst], limits):
            found |= tried
            break
        found[worst] = tried[worst]
        left[worst] = np.nan
    return found, mm_per_px


def _judged(rig: CameraRig, systems: Systems, camera: int) -> CameraChange:
    change = best_change(systems, camera)
    # What noise explains needs no further doubt.
    return change if rig.covariance is None or change.chance > MOST_CHANCE else doubted(systems, change, rig.covariance)


def _sharp(rig: CameraRig, pixels: NDArray, speed: NDArray, change: CameraChange) -> CameraChange:
    """Return a change of pose or focal length estimated anew about where it leads, until nothing is left of it."""
    camera, first, systems = change.camera, change.first, None
    for _ in range(_MOST_STEPS):
        cameras = list(rig.cameras)
        cameras[camera] = undone(rig.cameras[camera], change)
        after = change_systems(CameraRig(tuple(cameras)), pixels[:, first:], speed[:, first:])
        if after is None or not (after.mm_per_px[camera] > 0).any():
            break
        systems, before = after, change
        change = sharpened(systems, before)
        sd = np.sqrt(np.maximum(np.diagonal(change.covariance), 1e-30))
        if (np.abs(change.value - before.value) < _SETTLED_SDS * sd).all():
            break
    if systems is None or rig.covariance is None:
        return change
    return doubted(systems, change, rig.covariance, 0)


def _or_late(
    rig: CameraRig, pixels: NDArray, chosen: NDArray, change: CameraChange, taken: dict[int, CameraChange]
) -> CameraChange:
    """Return the change as lateness where a shift in time explains more than it."""
    rest = pixels.copy()
    rest[list(taken)] = np.nan
    late = late_by(rig, rest, chosen, change.camera)
    if late is None or abs(late.frames) < max(LEAST_LATE, _LATE_SDS * late.sd) or not late.sd < LEAST_LATE:
        return change
    value, covariance = np.zeros(8), np.zeros((8, 8))
    value[LATE], covariance[LATE, LATE] = late.frames, late.sd**2
    shift = replace(change, kind="late", first=0, value=value, covariance=covariance, n_clusters=0)
    if change.kind != "late" and _left(rig, rest, chosen, [shift]) > _AS_GOOD * _left(rig, rest, chosen, [change]):
        return change
    return shift


def _camera(
    rig: CameraRig, index: int, table: NDArray, change: CameraChange | None, frames: NDArray,
    mm_per_px: NDArray, evidence: Evidence, fault: FootageFault | None, limits: CheckLimits,
    image_px: tuple[float, float] | None,
) -> CameraCheck:  # fmt: skip
    name = rig.names[index]
    known = table[index][np.isfinite(table[index])]
    residual = float(np.median(known)) if len(known) else float("nan")
    since = int(frames[change.first]) if change is not None and change.kind == "bumped" else None
    verdict, reason = _verdict(name, len(known), change, fault, limits)
    shared = int(np.delete(evidence.shared()[index], index).max(initial=0))
    told = None if change is None or not is_named(change, limits) else told_of(name, change, since, image_px)
    return CameraCheck(name, shared, residual, residual * float(mm_per_px[index]), change, since, verdict, reason, told)


def _verdict(
    name: str, n_pairs: int, change: CameraChange | None, fault: FootageFault | None, limits: CheckLimits
) -> tuple[str, str]:
    if fault is not None:
        return (REFUSE, fault.code) if name in fault.cameras else (USABLE, "not judged while other footage is wrong")
    if not n_pairs:
        return REFUSE, "shares too few points with the other cameras to be checked"
    if change is None:
        return USABLE, "not judged: too few other cameras agree to tell which one is wrong"
    if not is_named(change, limits):
        sure = max(change.effect_mm, limits.noise_share * change.noise_mm) + 2 * change.effect_sd_mm
        if sure > _TELLS_NOTHING_MM:
            return USABLE, f"not judged: what was shown tells no change below {sure:.0f} mm"
        if not limits.noise_share and sure > limits.refuse_mm:
            return USABLE, f"no change found, but one of up to {sure:.1f} mm would not show"
        return GOOD, f"no change found; one of more than {max(sure, _TOLD_MM):.1f} mm would show"
    if change.kind == "late":
        return REFUSE, f"late by {change.value[7]:+.2f} frames"
    worst = REFUSE if change.effect_mm > limits.refuse_mm else USABLE
    return worst, f"off by {change.effect_mm:.1f} mm in the volume"


def _trend(rig: CameraRig, pixels: NDArray, sampling: Sampling) -> NDArray:
    """Return each camera's median distance from the others in equal spans of time, shape (span, camera), px."""
    answer = np.full((sampling.n_spans, len(rig)), np.nan)
    for row, part in zip(answer, np.array_split(np.arange(pixels.shape[1]), max(sampling.n_spans, 1)), strict=False):
        own = pixels[:, part]
        if not len(part):
            continue
        evidence = Evidence(rig, own[:, _sample(own, sampling.n_points)])
        table = pair_table(evidence, evidence.as_named())
        for camera, line in enumerate(table):
            known = line[np.isfinite(line)]
            row[camera] = np.median(known) if len(known) else np.nan
    return answer
