"""Keypoints of other programs: everybody in view, feet too, in the images of these cameras, enough of them."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from mocap.doctor.finding import LOOK, STOP, Finding
from mocap.errors import MocapError
from mocap.keypoints import PeopleKeypoints
from mocap.kinematics.marker_sets import find_marker_set

_FEET = ("toe", "heel", "ankle", "mt1", "mt2", "mt5", "mal", "calc", "foot")
_SEEN, _FEET_SEEN = 0.5, 0.5
_MAX_OUTSIDE = 0.1
_SHORT_S = 1.0
_MIN_CONFIDENCE = 0.3


def keypoint_findings(
    about: str, people: PeopleKeypoints, cameras: Sequence[str], sizes: Mapping[str, tuple[int, int]], chosen: bool,
    set_stated: bool,
) -> Iterator[Finding]:  # fmt: skip
    """Yield what is wrong with the keypoints of a trial.

    Parameters
    ----------
    about : str
        The trial.
    people : PeopleKeypoints
    cameras : sequence of str
        Names along its first axis.
    sizes : mapping of str to (int, int)
        Of the images, where they are known.
    chosen : bool
        The session says who of several people is meant.
    set_stated : bool
        The session names its marker set.
    """
    there = np.isfinite(people.pixels[..., 0]) & (people.confidence >= _MIN_CONFIDENCE)
    duration = there.shape[1] / people.rate_hz
    if duration < _SHORT_S:
        yield Finding(
            "TOO_SHORT", LOOK, about, f"It lasts {duration:.2f} s.",
            "Record at least a second of standing, and a movement from standing to standing.",
        )  # fmt: skip
    feet = [any(word in name.casefold() for word in _FEET) for name in people.names]
    for place, camera in enumerate(cameras):
        own = there[place]
        yield from _in_view(f"{about}/{camera}", own, np.array(feet))
        if camera in sizes:
            yield from _outside(f"{about}/{camera}", people.pixels[place], sizes[camera])
    several = float(np.mean((there.sum(axis=-1) > there.shape[-1] / 3).sum(axis=2) > 1))
    if several > 0.1 and not chosen:
        yield Finding(
            "SEVERAL_PEOPLE", LOOK, about, f"Several people are seen in {several:.0%} of the frames.",
            "Say who is meant: zone = [x, y] in [keypoints.participant], or a click; else the longest track is taken.",
        )  # fmt: skip
    if not set_stated:
        yield from _marker_set(about, people.names)


def _in_view(about: str, there: NDArray, feet: NDArray) -> Iterator[Finding]:
    seen = np.any(there, axis=1, keepdims=True)[:, 0]  # (time, keypoint): by whichever person
    whole = seen.mean(axis=1) > 0.5
    if not seen.any():
        yield Finding(
            "PERSON_ABSENT", STOP, about, "No keypoint is seen in any frame.",
            "Check that the file is of this camera, and that the person stands in its view.",
        )  # fmt: skip
    elif whole.mean() < _SEEN:
        yield Finding(
            "PERSON_ABSENT", LOOK, about,
            f"Half of the keypoints or more are seen in {whole.mean():.0%} of the frames.",
            "Turn the camera to where the person moves, or leave it out of [cameras].",
        )  # fmt: skip
    elif feet.any() and seen[whole][:, feet].mean() < _FEET_SEEN:
        yield Finding(
            "FEET_NOT_SEEN", LOOK, about, f"Feet are seen in {seen[whole][:, feet].mean():.0%} of the frames.",
            "Lower or tilt the camera until the feet stay in the picture: without them there is no ankle, no heel rise "
            "and no ground.",
        )  # fmt: skip


def _outside(about: str, pixels: NDArray, size: tuple[int, int]) -> Iterator[Finding]:
    x, y = pixels[..., 0], pixels[..., 1]
    # Comparisons with NaN are false: what is missing is not outside.
    outside = (x < -0.5) | (x > size[0] - 0.5) | (y < -0.5) | (y > size[1] - 0.5)
    share = np.count_nonzero(outside) / (np.count_nonzero(np.isfinite(x)) or 1)
    if share > _MAX_OUTSIDE:
        yield Finding(
            "IMAGE_SIZE", STOP, about,
            f"{share:.0%} of the keypoints lie outside of {size[0]} x {size[1]} px: they reach to "
            f"{np.nanmax(x):.0f}, {np.nanmax(y):.0f}.",
            "Use the calibration of these recordings: the same resolution, crop and rotation.",
        )  # fmt: skip


def _marker_set(about: str, names: Sequence[str]) -> Iterator[Finding]:
    try:
        find_marker_set(names)
    except MocapError as error:
        yield Finding(error.code, STOP, about, error.cause, error.remedy)
