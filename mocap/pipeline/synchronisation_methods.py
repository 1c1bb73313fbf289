"""The ways to compare the clocks of a trial's cameras, best first, and what each needs."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from calibration import CameraRig
from calibration.sources import CameraSource
from mocap.errors import KeypointError, SourceError
from mocap.pipeline.progress import Progress
from mocap.pipeline.synchronisation_check import held_against, without_chance
from mocap.pipeline.trial_clock_verdicts import apart_verdicts
from mocap.readers.frame_times_cameras import NOMINAL, CameraFrames
from mocap.readers.video import iter_footage
from mocap.readers.video_audio import read_audio
from mocap.sync import estimate_offsets
from mocap.sync.flash import estimate_flash
from mocap.sync.frame_times import estimate_timestamps
from mocap.sync.lost import find_losses
from mocap.sync.sound import estimate_sound
from mocap.trial import Keypoints2D, SyncEstimate

METHODS = ("auto", "motion", "flash", "sound", "timestamps")
_LOST = "The offset of this camera holds for the longer part alone; reconstruction sets the frames right."
_BLOCKS = 12
_EVERY = 4  # pixels of the image that are looked at for a flash: one in so many along each side


@dataclass(frozen=True, eq=False)
class Evidence:
    """All that may tell the clocks: frame times, footage, and keypoints in the order of time with their rig."""

    frames: CameraFrames
    footage: tuple[CameraSource, ...]
    keypoints: Keypoints2D | None
    rig: CameraRig | None


def estimate_clocks(method: str, evidence: Evidence, progress: Progress) -> tuple[SyncEstimate, tuple[str, ...]]:
    """Estimate the clocks by one method, or by the best of all that tells them.

    Parameters
    ----------
    method : str
        Of `METHODS`. `auto` takes times by one clock, else movement, else a flash, else sound, until one tells the
        clock of every camera; else the one that told most. What was asked is held against each other, a flash
        against sound in any case.
    evidence : Evidence
    progress : callable

    Returns
    -------
    estimate : SyncEstimate
    tried : tuple of str
        What other methods said, in plain words.

    Raises
    ------
    SourceError
        SYNC_NO_INPUT: the method has nothing to work with; with `auto` none has.
    """
    ways = {"timestamps": _by_timestamps, "motion": _by_motion, "flash": _by_flash, "sound": _by_sound}
    refused: dict[str, str] = {}
    told: list[SyncEstimate] = []
    for name in ways if method == "auto" else (method,):
        try:
            estimate = ways[name](evidence, progress)
        except (SourceError, KeypointError) as error:
            if method != "auto":
                raise
            refused[name] = error.cause
            continue
        told.append(estimate)
        # A flash may be another light, and what was heard costs little to ask.
        if estimate.estimable.all() and name != "flash":
            break
    if not told:
        raise _no_input(f"Nothing tells the cameras' clocks ({'; '.join(f'{n}: {why}' for n, why in refused.items())})")
    best = max(told, key=lambda one: one.estimable.sum())  # of several that told as many the first
    interval = np.array([order.interval_s for order in evidence.frames.orders])
    answer = held_against(best, [one for one in told if one is not best], interval)
    answer = without_chance(answer) if method == "auto" else answer
    if method == "auto" and best.method == "timestamps" and evidence.keypoints is not None:
        answer = _checked_by_motion(answer, answer.words[len(best.words) :], evidence, progress)
    said = refused | {one.method: " ".join(one.words) for one in told if one.method != answer.method}
    return answer, tuple(f"{name}: {said[name]}" for name in ways if name in said)


def _checked_by_motion(
    stamped: SyncEstimate, held: tuple[str, ...], evidence: Evidence, progress: Progress
) -> SyncEstimate:
    """Hold one clock's word against the movement: it may have stamped another instant than that of exposure.

    What others were found to say of it, `held`, stays in either case.
    """
    try:
        moved = _by_motion(evidence, progress)
    except (SourceError, KeypointError):
        return stamped
    if not moved.shifted.any():
        px = moved.error_before_px
        return replace(stamped, error_before_px=px, error_after_px=px, words=(*stamped.words, *moved.words))
    said = "The movement disagrees with the frame times, and goes before them."
    return replace(moved, words=(*moved.words, *held, said))


def _by_timestamps(evidence: Evidence, progress: Progress) -> SyncEstimate:
    frames = evidence.frames
    if not frames.common_clock:
        raise _no_input("The frame times are not those of one clock")
    jitter = np.array([order.jitter * order.interval_s for order in frames.orders])
    return estimate_timestamps(frames.times, jitter)


def _by_motion(evidence: Evidence, progress: Progress) -> SyncEstimate:
    if evidence.keypoints is None or evidence.rig is None:
        raise _no_input("Movement tells clocks only with keypoints and a calibration, which are not there")
    progress("movement", 0, 1)
    times = evidence.frames.times
    estimate = estimate_offsets(evidence.keypoints, evidence.rig, times=times)
    words = estimate.words
    if set(times.source) == {NOMINAL}:
        losses = find_losses(evidence.keypoints, evidence.rig, estimate)
        words += tuple(f"{item.words} {_LOST}" for item in losses.lost)
        apart = [one for one in losses.apart if estimate.estimable[one.camera]]
        words += tuple(verdict.text for verdict in apart_verdicts(apart, evidence.rig))
    if not estimate.estimable.all():
        words += ("Film a lamp that all cameras see, or record sound with all, and synchronise by that.",)
    progress("movement", 1, 1)
    return replace(estimate, words=words)


def _by_flash(evidence: Evidence, progress: Progress) -> SyncEstimate:
    _check_footage(evidence)
    times = evidence.frames.times
    level = np.full(times.time_s.shape, np.nan)
    for camera, (source, order) in enumerate(zip(evidence.footage, evidence.frames.orders, strict=True)):
        curve = brightness_of(source, progress)
        level[camera, : len(order.footage_index)] = curve[order.footage_index]
    return estimate_flash(level, times)


def _by_sound(evidence: Evidence, progress: Progress) -> SyncEstimate:
    _check_footage(evidence)
    tracks = []
    for done, source in enumerate(evidence.footage):
        progress("sound", done, len(evidence.footage))
        tracks.append(read_audio(source.path) if source.kind == "video" else None)
    progress("sound", len(tracks), len(tracks))
    if sum(track is not None for track in tracks) < 2:
        raise _no_input("Fewer than two cameras recorded sound")
    if "timestamps" in evidence.frames.times.source:
        raise _no_input("Sound tells the clocks of containers, and the frame times are by files of the cameras' own")
    interval = np.array([order.interval_s for order in evidence.frames.orders])
    return estimate_sound(tracks, evidence.frames.times.camera_names, interval)


def brightness_of(source: CameraSource, progress: Progress) -> NDArray:
    """Return how bright each frame is where a flash would show best, shape (frame,).

    Parameters
    ----------
    source : CameraSource
    progress : callable

    Notes
    -----
    The image as a whole and its blocks are followed; taken is the curve whose highest rise from one frame to the next
    stands out most against its usual ones, so that a small lamp in a corner counts as well.
    """
    rows = []
    for index, image in iter_footage(source):
        rows.append(_blocks(image))
        if index % 100 == 0:
            progress(f"look at {source.name}", index, None)
    progress(f"look at {source.name}", len(rows), len(rows))
    curves = np.array(rows, np.float64)
    step = np.abs(np.diff(curves, axis=0))
    usual = np.median(step, axis=0) + 0.05 if len(step) else np.ones(curves.shape[1])
    return curves[:, int(np.argmax(step.max(axis=0, initial=0.0) / usual))]


def _blocks(image: NDArray) -> NDArray:
    """Return the mean gray value of the image and of each of its blocks."""
    small = image[::_EVERY, ::_EVERY]
    n_rows, n_columns = (max(side // _BLOCKS, 1) for side in small.shape)
    cut = small[: n_rows * min(_BLOCKS, small.shape[0]), : n_columns * min(_BLOCKS, small.shape[1])]
    parts = cut.reshape(cut.shape[0] // n_rows, n_rows, cut.shape[1] // n_columns, n_columns)
    means = parts.mean(axis=(1, 3), dtype=np.float32).ravel()
    return np.concatenate([[means.mean()], means])


def _check_footage(evidence: Evidence) -> None:
    if not evidence.footage:
        raise _no_input("Flashes and sound are in the footage, which is not there")


def _no_input(cause: str) -> SourceError:
    return SourceError(
        f"{cause}.", "Give footage, files of frame times or keypoints with a calibration; or use another --method.",
        code="SYNC_NO_INPUT",
    )  # fmt: skip
