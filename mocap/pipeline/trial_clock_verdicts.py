"""Verdicts on the clocks of one trial's cameras, in the words of a user."""

from collections.abc import Sequence

import numpy as np

from calibration import CameraRig
from calibration.digits import digits
from mocap.sync import LostFrames, MotionSyncOptions
from mocap.sync.lost_ends import EndApart
from mocap.sync.words import OTHER_RATE
from mocap.trial import Keypoints2D, SyncEstimate, Verdict

_LIMIT_FRAMES = MotionSyncOptions().matters_frames
_SYNCHRONISE = '`--clocks auto`, or clocks = "auto" in [sync] of a session'
# By whether it was set right and whether the movement decides the number.
_LOST_WORDS = {
    (True, True): "This was done: nothing stands for the lost frames, later ones were set where they belong.",
    (True, False): (
        "This was done: nothing stands for the lost frames, later ones were set by the likeliest number. The movement "
        "does not decide the number, so frames on one side of the loss may still be off by some. Give frame times, or "
        "leave this camera out."
    ),
    (False, True): f"Set them right ({_SYNCHRONISE}), or leave this camera out.",
    (False, False): (
        "The movement does not decide the number. Give frame times, or leave this camera out, or have later ones set "
        f"by the likeliest number ({_SYNCHRONISE})."
    ),
}
_STILL_SHARE = 0.003  # of the longer side of the image within a tenth of a second


def lost_verdicts(lost: tuple[LostFrames, ...], mode: str) -> tuple[Verdict, ...]:
    """One verdict per camera that lost frames; it fails where nothing was done about it, or their number is a guess."""
    verdicts = []
    done = mode == "auto"
    for name in dict.fromkeys(item.camera for item in lost):
        own = [item for item in lost if item.camera == name]
        decided = all(item.decided for item in own)
        what = _LOST_WORDS[done, decided]
        text = f"{' '.join(item.words for item in own)} {what}"
        count = sum(item.count for item in own)
        verdicts.append(Verdict(f"{name} frames", count, 0.0, "frames lost", done and decided, text))
    return tuple(verdicts)


def apart_verdicts(apart: Sequence[EndApart], rig: CameraRig) -> tuple[Verdict, ...]:
    """Tell of the end of the recording at which a camera fits least; others may miss because of it."""
    if not apart:
        return ()
    worst = max(apart, key=lambda one: (one.count > 0, one.gain))
    frames = worst.last - worst.first + 1
    where = f"its {'last' if worst.at_end else 'first'} {frames} frames ({worst.first} to {worst.last})"
    if worst.count:
        sd = f" +- {digits(worst.count_sd, 1)}" if np.isfinite(worst.count_sd) else ""
        why = f"as if it had lost {worst.count}{sd} frames there, which the movement does not tell well enough to set"
    else:
        why = (
            "and no number of lost frames can be told that sets it right: frames lost near the end, a camera that was "
            "moved, or keypoints of something else"
        )  # fmt: skip
    name = rig.names[worst.camera]
    text = f"Camera '{name}' does not fit the others in {where}, {why}. Leave them or this camera out."
    return (Verdict(f"{name} ends", float(frames), 0.0, "frames apart", False, text),)


def rate_verdict(stated: float, found: float) -> tuple[Verdict, ...]:
    """Tell of a stated rate, in Hz, that is not the one by the frames' own times."""
    if stated == found:
        return ()
    text = f"frames per second by their own times, which go before the stated {stated:.6g}; mend [sync] rate_hz"
    return (Verdict("rate", found, stated, "Hz", False, text),)


def clock_verdicts(
    estimate: SyncEstimate, keypoints: Keypoints2D, rig: CameraRig, corrected: SyncEstimate | None = None
) -> tuple[Verdict, ...]:
    """One verdict per camera that is off or was, or one for all."""
    verdicts = []
    off = np.abs(estimate.offset_s) * keypoints.rate_hz
    for camera, name in enumerate(estimate.camera_names):
        was = corrected is not None and bool(corrected.shifted[camera])
        if not estimate.shifted[camera] and not was:
            continue
        passed = bool(np.isfinite(off[camera])) and not estimate.shifted[camera]
        text = _clock_words(name, estimate, corrected, passed)
        verdicts.append(Verdict(f"{name} clock", float(off[camera]), _LIMIT_FRAMES, "frames", passed, text))
    if not estimate.estimable.all():
        verdicts.append(unknowable(keypoints, rig, " ".join(estimate.words)))
    if verdicts:
        return tuple(verdicts)
    worst = int(np.nanargmax(off))
    text = (
        f"largest offset, of camera '{estimate.camera_names[worst]}' "
        f"(+- {digits(float(estimate.offset_sd_s[worst]) * keypoints.rate_hz, 1)}), below what matters. "
        f"{' '.join(estimate.words)}"
    )
    # A movement that only another frame rate explains is no agreement.
    agreed = not any(OTHER_RATE in said for said in estimate.words)
    return (Verdict("clocks agree", float(off[worst]), _LIMIT_FRAMES, "frames", agreed, text),)


def _clock_words(name: str, estimate: SyncEstimate, corrected: SyncEstimate | None, passed: bool) -> str:
    """What is said of one camera's clock, what was done about it, and what can be done where that is not enough."""
    now, before = (
        " ".join(words for words in one.words if f"'{name}'" in words) if one is not None else ""
        for one in (estimate, corrected)
    )
    if corrected is None:
        return f"{now} Synchronise the recording ({_SYNCHRONISE}), or leave this camera out.".strip()
    done = f"{before} This was done: its keypoints were read at the common instants.".strip()
    if passed:
        return done
    left = now or "it cannot be told of this camera."
    was = corrected.shifted[corrected.camera_names.index(name)]
    return (
        f"{f'{done} By the movement thereafter: ' if was else 'With the other clocks set: '}{left} If the trial has a "
        "file in sync/, run mocap sync again by another method, or delete it; else leave this camera out."
    )


def unasked() -> Verdict:
    """Nobody asked."""
    text = "nobody asked whether the cameras are in step"
    return Verdict("clocks agree", np.nan, _LIMIT_FRAMES, "frames", False, text)


def unknowable(keypoints: Keypoints2D, rig: CameraRig, words: str = "") -> Verdict:
    """Whether all cameras are in step is not known; where nobody moves, it does not matter."""
    share = _movement(keypoints) / max(max(camera.size) for camera in rig)
    still = share <= _STILL_SHARE
    text = words or "too little moves in the sight of several cameras to tell whether they are in step"
    end = " Nothing moves enough for it to matter." if still else " Synchronise by a lamp or by sound (mocap sync)."
    told = f"{text.rstrip('.')}.{end}"
    if still:
        return Verdict("clocks agree", 100.0 * share, 100.0 * _STILL_SHARE, "% of the image", True, told)
    return Verdict("clocks agree", np.nan, _LIMIT_FRAMES, "frames", False, told)


def _movement(keypoints: Keypoints2D) -> float:
    """How far keypoints move in the image within a tenth of a second, px: 90 % move less. 0 where nothing tells.

    Means of a tenth of a second are compared, lest the noise be taken for movement.
    """
    length = max(round(0.1 * keypoints.rate_hz), 1)
    n_blocks = keypoints.n_frames // length
    if n_blocks < 2:
        return 0.0
    pixels = keypoints.pixels[:, : n_blocks * length].astype(float)
    blocks = pixels.reshape(len(pixels), n_blocks, length, -1, 2)
    there = np.isfinite(blocks).all(axis=-1)
    count = there.sum(axis=2)
    mean = np.where(there[..., None], blocks, 0.0).sum(axis=2) / np.maximum(count, 1)[..., None]
    step = np.linalg.norm(np.diff(mean, axis=1), axis=-1)
    known = np.minimum(count[:, 1:], count[:, :-1]) >= max(length // 2, 1)
    return float(np.quantile(step[known], 0.9)) if known.any() else 0.0
