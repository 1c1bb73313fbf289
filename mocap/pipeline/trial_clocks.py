"""The clocks of one trial's cameras: asked, told, and set right before anything is reconstructed."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from calibration import CameraRig
from mocap.errors import ConfigError, KeypointError
from mocap.pipeline.trial_clock_verdicts import (
    apart_verdicts,
    clock_verdicts,
    lost_verdicts,
    rate_verdict,
    unasked,
    unknowable,
)
from mocap.sync import common_times, estimate_offsets, resample_keypoints, without_rows
from mocap.sync.lost import LOST_OPTIONS, Losses, ends_out_of_step, find_losses
from mocap.sync.lost_holes import LostFrames, slots_with_holes
from mocap.sync.motion_look import Look, look_at
from mocap.sync.motion_options import MotionSyncOptions
from mocap.trial import CameraTimes, Keypoints2D, Operation, SyncEstimate, Timeline, Verdict

#: `auto` sets clocks that are proven to be off, `check` only tells of them, `off` does not ask.
CLOCK_MODES = ("auto", "check", "off")
_AS_FILMED = "as filmed"
_SLACK = 1e-6  # frames
_RATE_SHARE = 0.005
_CHANCE_SD = 3.0
_AGAIN = MotionSyncOptions(most_windows=12)  # enough to see that clocks which were set agree


@dataclass(frozen=True, eq=False)
class SetClocks:
    """Keypoints on the common timeline, and what is known of the clocks.

    Attributes
    ----------
    keypoints : Keypoints2D
    timeline : Timeline
    verdicts : tuple of Verdict
        One per camera: by how many frames its clock is off after what was done.
    operation : Operation or None
        What was done to the keypoints, where anything was.
    instants_s : ndarray or None, shape (camera, frame)
        When each frame was taken by all that is proven, where it was set right and where it was only told; None where
        nobody asked or nothing tells.
    """

    keypoints: Keypoints2D
    timeline: Timeline
    verdicts: tuple[Verdict, ...] = ()
    operation: Operation | None = None
    instants_s: NDArray | None = None


def checked_clock_mode(mode: str) -> str:
    """Return the mode, or refuse one that is not there (ConfigError, CLOCK_MODE)."""
    if mode not in CLOCK_MODES:
        raise ConfigError(
            f"There is no way '{mode}' to treat the clocks.", f"Known: {', '.join(CLOCK_MODES)}.", code="CLOCK_MODE"
        )
    return mode


def set_clocks(
    keypoints: Keypoints2D,
    rig: CameraRig,
    mode: str = "auto",
    *,
    times: CameraTimes | None = None,
    known: SyncEstimate | None = None,
    row_time_s: Mapping[str, float] | None = None,
) -> SetClocks:
    """Bring the keypoints of all cameras onto one timeline, as far as their clocks are known to differ.

    Parameters
    ----------
    keypoints : Keypoints2D
        By each camera's own frames, in the order of the rig.
    rig : CameraRig
    mode : str
        Of `CLOCK_MODES`.
    times : CameraTimes, optional
        When each frame was taken, by its camera's clock; without them frame i at i / rate.
    known : SyncEstimate, optional
        How the clocks stand to each other, from elsewhere (a flash, sound, an earlier look); else the movement of the
        keypoints tells.
    row_time_s : mapping of str to float, optional
        Rolling shutters: seconds from one row of the image to the next, by camera. Taken into account in every mode.

    Raises
    ------
    ConfigError
        CLOCK_MODE; ROW_TIMES for a camera that is not in the rig.
    KeypointError
        ROW_TIMES for a readout that is longer than the time between frames.
    """
    checked_clock_mode(mode)
    keypoints, said = _by_middle_rows(keypoints, rig, row_time_s or {}, times)
    answer = _set(keypoints, rig, mode, times, known)
    if not said:
        return answer
    done = answer.operation or Operation("set clocks", {"method": "rolling shutter", "notes": ""})
    notes = "; ".join(filter(None, (_as_notes([said]), str(done.parameters["notes"]))))
    return replace(answer, operation=replace(done, parameters={**done.parameters, "notes": notes}))


def _set(
    keypoints: Keypoints2D, rig: CameraRig, mode: str, times: CameraTimes | None, known: SyncEstimate | None
) -> SetClocks:
    nominal = Timeline(keypoints.rate_hz, keypoints.n_frames, camera_names=rig.names)
    if len(rig) < 2 or keypoints.n_cameras != len(rig):
        return SetClocks(keypoints, nominal)
    if mode == "off":
        return SetClocks(keypoints, nominal, (unasked(),))
    look = look_at(keypoints, rig, LOST_OPTIONS) if times is None and keypoints.n_frames > 1 else None
    estimate = known or _from_motion(keypoints, rig, times, look)
    losses, told = _losses(keypoints, rig, times, estimate, look), times
    if losses.lost:
        told = _times_with_holes(keypoints, rig, losses.lost, times)
        estimate = _after_losses(keypoints, rig, told, known)
    if estimate is None:
        return SetClocks(keypoints, nominal, (unknowable(keypoints, rig),))
    times = told if mode == "auto" else times
    done = _done(keypoints, rig, estimate, times, losses, mode)
    if not estimate.estimable.any():
        return done
    proven, n_frames = _proven(estimate), keypoints.n_frames
    return replace(done, instants_s=common_times(proven, told, n_frames=n_frames, rate_hz=keypoints.rate_hz)[0])


def _done(
    keypoints: Keypoints2D, rig: CameraRig, estimate: SyncEstimate, times: CameraTimes | None, losses: Losses, mode: str
) -> SetClocks:
    """Set right or left as filmed, and told."""
    nominal = Timeline(keypoints.rate_hz, keypoints.n_frames, camera_names=rig.names)
    # A camera whose clock is not known at all is told by its own verdict.
    apart = [one for one in losses.apart if estimate.estimable[one.camera]]
    said = (*lost_verdicts(losses.lost, mode), *apart_verdicts(apart, rig))
    if times is None and not (mode == "auto" and estimate.shifted.any()):
        timeline = _timeline(nominal, estimate, None, "nominal rate")
        return SetClocks(keypoints, timeline, (*said, *clock_verdicts(estimate, keypoints, rig)))
    done = _resampled(keypoints, rig, estimate if mode == "auto" else _as_filmed(estimate), times)
    if not _untold(times) and not losses.lost:
        said = apart_verdicts(ends_out_of_step(done.keypoints, rig, None if mode == "auto" else estimate), rig)
    clocks = done.verdicts if mode == "auto" else clock_verdicts(estimate, keypoints, rig)
    return replace(done, verdicts=(*said, *clocks, *rate_verdict(keypoints.rate_hz, done.timeline.rate_hz)))


def _untold(times: CameraTimes | None) -> bool:
    """Whether neither the cameras nor their footage tell when each frame was taken."""
    return times is None or set(times.source) == {"nominal rate"}


def _after_losses(
    keypoints: Keypoints2D, rig: CameraRig, times: CameraTimes, known: SyncEstimate | None
) -> SyncEstimate | None:
    """The clocks by frame times with holes: what was known of them before was told across the losses."""
    moved = _from_motion(keypoints, rig, times)
    return known if known is not None and (moved is None or not moved.estimable.all()) else moved


def _losses(
    keypoints: Keypoints2D, rig: CameraRig, times: CameraTimes | None, estimate: SyncEstimate | None,
    look: Look | None,
) -> Losses:
    """Frames that nobody told were lost: not asked where the cameras or their footage tell when each was taken."""
    if estimate is None or not _untold(times):
        return Losses()
    return find_losses(keypoints, rig, estimate, look=look)


def _times_with_holes(
    keypoints: Keypoints2D, rig: CameraRig, lost: tuple[LostFrames, ...], times: CameraTimes | None
) -> CameraTimes:
    """Frame times by the nominal rate, those after a loss later by what was lost."""
    n_frames = keypoints.n_frames
    own = np.tile(np.arange(n_frames) / keypoints.rate_hz, (len(rig), 1)) if times is None else np.array(times.time_s)
    late = {item.camera for item in lost}
    for name in late:
        camera = rig.names.index(name)
        own[camera] += (slots_with_holes(n_frames, name, lost) - np.arange(n_frames)) / keypoints.rate_hz
    source = tuple("movement" if name in late else "nominal rate" for name in rig.names)
    notes = () if times is None else times.notes
    return CameraTimes(rig.names, own, source, (*notes, *(item.words for item in lost)))


def _by_middle_rows(
    keypoints: Keypoints2D, rig: CameraRig, row_time_s: Mapping[str, float], times: CameraTimes | None
) -> tuple[Keypoints2D, str]:
    unknown = sorted(set(row_time_s) - set(rig.names))
    if unknown:
        raise ConfigError(
            f"Row times of cameras that are not in the calibration: {', '.join(unknown)}.",
            f"Known: {', '.join(rig.names)}.", code="ROW_TIMES",
        )  # fmt: skip
    if not any(row_time_s.values()) or keypoints.n_cameras != len(rig):
        return keypoints, ""
    rows = [row_time_s.get(name, 0.0) for name in rig.names]
    heights = [camera.size[1] for camera in rig]
    return without_rows(keypoints, rows, heights, None if times is None else times.time_s, rig.names)


def _from_motion(
    keypoints: Keypoints2D, rig: CameraRig, times: CameraTimes | None, look: Look | None = None,
    options: MotionSyncOptions | None = None,
) -> SyncEstimate | None:
    try:
        return estimate_offsets(keypoints, rig, times=times, look=look, options=options)
    except KeypointError as error:
        if error.code == "CLOCKS_APART":
            raise
        return None


def _resampled(
    keypoints: Keypoints2D, rig: CameraRig, estimate: SyncEstimate, times: CameraTimes | None
) -> SetClocks:
    when, _ = common_times(_proven(estimate), times, n_frames=keypoints.n_frames, rate_hz=keypoints.rate_hz)
    rate = _rate(when, keypoints.rate_hz)
    first, last = _shared_span(when)
    start = int(np.ceil(first * rate - _SLACK))
    done = resample_keypoints(
        keypoints, when, rate_hz=rate, start_s=start / rate,
        n_frames=max(int(np.floor(last * rate + _SLACK)) - start + 1, 1),
    )  # fmt: skip
    again = _from_motion(done.keypoints, rig, None, options=_AGAIN)
    source = f"{estimate.method}{'' if times is None else ' and ' + ', '.join(sorted(set(times.source)))}"
    common = Timeline(rate, done.keypoints.n_frames, done.start_s, camera_names=rig.names)
    timeline = replace(_timeline(common, estimate, again, source), frame_time_s=when)
    if again is None:
        verdicts: tuple[Verdict, ...] = (unknowable(done.keypoints, rig),)
    else:
        verdicts = clock_verdicts(again, done.keypoints, rig, estimate)
    said = [*estimate.words, done.note, *(times.notes if times is not None else ())]
    operation = Operation("set clocks", {"method": source, "notes": _as_notes(said)})
    return SetClocks(done.keypoints, timeline, verdicts, operation)


def _shared_span(when: NDArray) -> tuple[float, float]:
    """First and last common time that two cameras saw, of when each camera took its frames."""
    first, last = np.nanmin(when, axis=1), np.nanmax(when, axis=1)
    return float(np.sort(first)[min(1, len(first) - 1)]), float(np.sort(last)[max(len(last) - 2, 0)])


def _rate(when: NDArray, stated_hz: float) -> float:
    """The rate by the frames' own times, where it is not the stated one."""
    steps = np.diff(when, axis=1)
    own = np.array([1.0 / np.median(row[np.isfinite(row)]) for row in steps if np.isfinite(row).any()])
    found = float(np.median(own)) if len(own) else stated_hz
    return stated_hz if abs(found / stated_hz - 1) <= _RATE_SHARE else round(found, 3)


def _as_filmed(estimate: SyncEstimate) -> SyncEstimate:
    """Clocks that are told and left as they are."""
    zeros = np.zeros(len(estimate.camera_names))
    return replace(estimate, offset_s=zeros, drift_ppm=zeros, method=_AS_FILMED, words=())


def _proven(estimate: SyncEstimate) -> SyncEstimate:
    """The clocks without what may be chance: a camera that agrees with the others keeps its samples to the bit."""
    if estimate.method != "motion":
        return estimate
    with np.errstate(invalid="ignore"):
        off = np.abs(estimate.offset_s) > _CHANCE_SD * estimate.offset_sd_s
        drifts = np.abs(estimate.drift_ppm) > _CHANCE_SD * estimate.drift_sd_ppm
    moved = estimate.shifted | off | drifts
    return replace(
        estimate, offset_s=np.where(moved, estimate.offset_s, 0.0), drift_ppm=np.where(moved, estimate.drift_ppm, 0.0)
    )


def _timeline(timeline: Timeline, estimate: SyncEstimate, again: SyncEstimate | None, source: str) -> Timeline:
    after = (again or estimate).error_before_px
    return replace(
        timeline, source=source, offset_s=np.nan_to_num(estimate.offset_s), offset_sd_s=estimate.offset_sd_s,
        drift_ppm=np.nan_to_num(estimate.drift_ppm), drift_sd_ppm=estimate.drift_sd_ppm, residual_px=after,
    )  # fmt: skip


def _as_notes(said: list[str]) -> str:
    """Join sentences as notes are joined: none may hold the separator."""
    return "; ".join(sentence.rstrip(".").replace("; ", ", ") for sentence in said if sentence)
