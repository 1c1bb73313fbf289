"""What recordings say of themselves, held against each other and against the session."""

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

import numpy as np

from mocap.doctor.clips import CALIBRATION, Clip
from mocap.doctor.finding import LOOK, STOP, Finding

_RATE_SHARE = 0.02
_LENGTH_FRAMES, _LENGTH_SHARE = 3, 0.02
_GAP = 1.5  # frame intervals
_SHORT_S = 1.0
_HEAD_BYTES = 1 << 20


def video_findings(clips: Sequence[Clip], rates_hz: Mapping[str, float]) -> Iterator[Finding]:
    """Yield what is wrong with the recordings of a session.

    Parameters
    ----------
    clips : sequence of Clip
    rates_hz : mapping of str to float
        What the session says of each camera's rate.
    """
    by_camera: dict[str, list[Clip]] = defaultdict(list)
    by_place: dict[str, list[Clip]] = defaultdict(list)
    for clip in clips:
        by_camera[clip.camera].append(clip)
        by_place[clip.place].append(clip)
    for own in by_camera.values():
        yield from _sizes(own)
    for clip in clips:
        yield from _rate(clip, rates_hz.get(clip.camera))
        yield from _times(clip)
        yield from _duration(clip, rates_hz.get(clip.camera))
    for together in by_place.values():
        yield from _rates(together)
        yield from _lengths(together)
        yield from _same(together)


def _sizes(own: Sequence[Clip]) -> Iterator[Finding]:
    first = own[0]
    for clip in own[1:]:
        if clip.rotation_deg != first.rotation_deg:
            yield Finding(
                "ROTATION_DIFFERS", STOP, clip.about,
                f"The rotation tag is {clip.rotation_deg} deg, in {first.place} {first.rotation_deg} deg.",
                "Turn the video as that one was turned before; a camera must not be turned between recordings.",
            )  # fmt: skip
        elif clip.size == first.size[::-1] and clip.size != first.size:
            yield Finding(
                "ROTATION_DIFFERS", STOP, clip.about,
                f"The pictures are {_size(clip)}, those of {first.place} {_size(first)}: one of them is turned.",
                "Turn the video back as the calibration was filmed; if the camera itself was turned, calibrate again.",
            )  # fmt: skip
        elif clip.size != first.size:
            yield Finding(
                "SIZE_DIFFERS", STOP, clip.about,
                f"The pictures are {_size(clip)}, those of {first.place} {_size(first)}.",
                "Calibrate with the resolution, crop and zoom of the trials, and export all videos alike.",
            )  # fmt: skip


def _rate(clip: Clip, stated: float | None) -> Iterator[Finding]:
    # The rate of board footage is its own affair: frames correspond by their index.
    if stated and clip.place != CALIBRATION and abs(clip.rate_hz / stated - 1) > _RATE_SHARE:
        yield Finding(
            "RATE_DIFFERS", STOP, clip.about, f"The video has {clip.rate_hz:.2f} Hz, the session says {stated:g} Hz.",
            "Mend rate_hz in [sync] or of the camera; a slow-motion file needs the rate at which it was filmed.",
        )  # fmt: skip


def _rates(together: Sequence[Clip]) -> Iterator[Finding]:
    known = [clip for clip in together if np.isfinite(clip.rate_hz)]
    rates = [clip.rate_hz for clip in known]
    if rates and max(rates) / min(rates) - 1 > _RATE_SHARE:
        told = ", ".join(f"{clip.camera} {clip.rate_hz:.2f} Hz" for clip in known)
        yield Finding(
            "RATES_UNEQUAL", LOOK, known[0].place, f"The cameras have different rates: {told}.",
            "Set all cameras to one rate, or state rate_hz of each in [cameras].",
        )  # fmt: skip


def _lengths(together: Sequence[Clip]) -> Iterator[Finding]:
    counts = {clip.camera: clip.n_frames for clip in together}
    if not counts or max(counts.values()) - min(counts.values()) <= max(
        _LENGTH_FRAMES, _LENGTH_SHARE * max(counts.values())
    ):
        return
    told = ", ".join(f"{camera} {count}" for camera, count in counts.items())
    yield Finding(
        "FRAMES_DIFFER", LOOK, together[0].place, f"The cameras have different numbers of frames: {told}.",
        "Start all cameras together, or let `mocap sync` find the offsets; a camera that stopped early sees nothing of "
        "the end.",
    )  # fmt: skip


def _times(clip: Clip) -> Iterator[Finding]:
    steps = np.diff(clip.times_s)
    if len(steps) < 3:
        return
    usual = float(np.median(steps))
    gaps, doubled = np.flatnonzero(steps > _GAP * usual), np.flatnonzero(steps <= 0)
    if len(gaps):
        places = ", ".join(str(gap) for gap in gaps[:5])
        yield Finding(
            "FRAMES_DROPPED", LOOK, clip.about,
            f"{len(gaps)} gaps between frames, behind {places}{' and more' if len(gaps) > 5 else ''}.",
            "Record with fewer cameras per bus or a faster disk; keep the times of the frames (timestamps) with the "
            "footage, so that nothing is taken for another moment.",
        )  # fmt: skip
    if len(doubled):
        yield Finding(
            "FRAMES_DOUBLED", LOOK, clip.about, f"{len(doubled)} frames have the time of the one before.",
            "Export the video again without changing its frame times.",
        )  # fmt: skip


def _duration(clip: Clip, stated: float | None) -> Iterator[Finding]:
    rate = clip.rate_hz if np.isfinite(clip.rate_hz) else stated
    if rate and clip.place != CALIBRATION and clip.n_frames / rate < _SHORT_S:
        yield Finding(
            "TOO_SHORT", LOOK, clip.about, f"It lasts {clip.n_frames / rate:.2f} s.",
            "Record at least a second of standing, and a movement from standing to standing.",
        )  # fmt: skip


def _same(together: Sequence[Clip]) -> Iterator[Finding]:
    heads = [(clip, _head(clip)) for clip in together]
    for (one, first), (other, second) in pairwise(sorted(heads, key=lambda pair: pair[1])):
        if first == second:
            yield Finding(
                "SAME_FOOTAGE", STOP, one.place, f"{one.camera} and {other.camera} have the same footage.",
                "Put each camera's own file in its place: one was copied twice.",
            )  # fmt: skip


def _head(clip: Clip) -> str:
    """What tells a recording from others: its length and the bytes of its beginning."""
    path = clip.source.files[0] if clip.source.files else clip.source.path
    with path.open("rb") as file:
        digest = hashlib.sha256(file.read(_HEAD_BYTES)).hexdigest()
    return f"{digest} {path.stat().st_size} {clip.n_frames}"


def _size(clip: Clip) -> str:
    return f"{clip.size[0]} x {clip.size[1]} px"
