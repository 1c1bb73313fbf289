"""Who is who depends on the clocks, and the clocks are told by whoever is followed: both, until they agree."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from calibration import CameraRig
from mocap.keypoints import ParticipantRule
from mocap.pipeline.keypoint_input import LoadedKeypoints, ReadPeople, participant_of
from mocap.sync import common_times
from mocap.trial import CameraTimes, Keypoints2D, SyncEstimate, Verdict

_MOVED_FRAMES = 3.0  # people are told apart as well with clocks that are little off
#: Name of the verdict that who is who and the clocks do not agree.
UNSETTLED = "people by clocks"
_MOST_TURNS = 3
_CHANCE_SD = 3.0

Found = TypeVar("Found")


def settled_participant(
    read: ReadPeople,
    rig: CameraRig,
    rule: ParticipantRule,
    when_s: NDArray | None,
    clocks: Callable[[Keypoints2D], tuple[Found, NDArray | None]],
) -> tuple[LoadedKeypoints, Found]:
    """Choose the participant by frames that were taken at once; again where the clocks turn out to be other ones.

    Parameters
    ----------
    read : ReadPeople
    rig : CameraRig
    rule : ParticipantRule
    when_s : ndarray, shape (camera, frame), optional
        When each frame was taken, as far as it is known before; None by the number of the frame.
    clocks : callable
        Of the participant's keypoints: whatever is wanted of them, and when each frame was taken, by what is proven
        of the clocks; None where nothing is.

    Returns
    -------
    LoadedKeypoints
        With a verdict that fails where people and clocks still do not agree after the last turn.
    object
        What `clocks` returned of these.
    """
    plain = np.broadcast_to(np.arange(read.people.n_frames) / read.people.rate_hz, read.people.pixels.shape[:2])
    note = ""
    for turn in range(_MOST_TURNS):
        loaded = participant_of(read, rig, rule, when_s)
        found, told_s = clocks(loaded.keypoints)
        if read.people.n_people == 1 or told_s is None:
            break
        moved = _moved_frames(told_s, plain if when_s is None else when_s, read.people.rate_hz)
        if moved <= _MOVED_FRAMES:
            break
        if turn == _MOST_TURNS - 1:
            return replace(loaded, notes=(*loaded.notes, note), verdicts=(*loaded.verdicts, _unsettled(moved))), found
        when_s = told_s
        note = f"people were told apart again by the clocks as they were found, which moved frames by up to {moved:.0f}"
    return (replace(loaded, notes=(*loaded.notes, note)) if note else loaded), found


def _unsettled(moved: float) -> Verdict:
    """Who is who by these clocks is not who the clocks were told by."""
    text = (
        f"people were told apart {_MOST_TURNS} times, each time by the clocks found of those before, and the clocks "
        f"still move (by {moved:.0f} frames at last): whose keypoints these are is not settled. Synchronise by a lamp "
        "or by sound (mocap sync), or leave the camera out whose clock is told to be off."
    )
    return Verdict(UNSETTLED, moved, _MOVED_FRAMES, "frames", False, text)


def known_instants(
    times: CameraTimes | None, known: SyncEstimate | None, n_frames: int | None = None, rate_hz: float | None = None
) -> NDArray | None:
    """Return when each frame was taken, shape (camera, frame) in s, by what is known of the clocks; None for nothing.

    Parameters
    ----------
    times : CameraTimes, optional
        The cameras' own clocks.
    known : SyncEstimate, optional
        How they stand to each other. What movement told counts where it is beyond chance.
    n_frames : int, optional
    rate_hz : float, optional
        Of the frames, where there are no times.
    """
    if known is None:
        return None if times is None else times.time_s
    with np.errstate(invalid="ignore"):
        sure = known.shifted | (np.abs(known.offset_s) > _CHANCE_SD * known.offset_sd_s) | (known.method != "motion")
    proven = replace(known, offset_s=np.where(sure, known.offset_s, 0.0), drift_ppm=np.where(sure, known.drift_ppm, 0))
    return common_times(proven, times, n_frames=n_frames, rate_hz=rate_hz)[0]


def _moved_frames(one_s: NDArray, other_s: NDArray, rate_hz: float) -> float:
    """By how many frames cameras moved against each other at most, at any time; what is not known moves nothing."""
    apart = one_s - other_s
    known = np.isfinite(apart)
    most = np.max(apart, axis=0, where=known, initial=-np.inf)
    least = np.min(apart, axis=0, where=known, initial=np.inf)
    both = known.sum(axis=0) > 1
    return float(np.max(most[both] - least[both], initial=0.0)) * rate_hz
