"""What keypoints of any format have to stand: their rate, their image sizes, and pixels that can be pixels."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from mocap.config.presets import preset_names
from mocap.errors import KeypointError
from mocap.readers.keypoints_common import CameraDetections
from mocap.readers.words import few
from mocap.skeleton import read_skeleton

_RATES_ALIKE = 0.005
# Encoders crop or pad by some pixels: such images are told of, and others are of another resolution.
_SIZES_ALIKE = 0.02
# All of a person within this many pixels of the corner: no pixels, but fractions of the image (0 to 1, or -1 to 1).
_FRACTIONS = 2.0
_LEAST = 8  # numbers
_LARGEST_IMAGE = 100_000
_MOSTLY = 0.6


def chosen_rate(given: float | None, told: float | None, path: Path) -> tuple[float, tuple[str, ...]]:
    """Return the frame rate and a note: what was given goes before what the files tell.

    Raises
    ------
    KeypointError
        RATE_MISSING.
    """
    if given is None and told is None:
        raise KeypointError(
            f"The frame rate of {path} is not known; its files do not tell it.",
            "Give the frame rate in Hz (--rate HZ, or rate_hz in [sync]).",
            code="RATE_MISSING",
        )
    if given is None:
        assert told is not None
        return told, (f"{_plain(told)} Hz, as the files tell.",)
    if told is not None and abs(told / given - 1) > _RATES_ALIKE:
        return given, (f"the files tell {_plain(told)} Hz, {_plain(given)} Hz was given and is used.",)
    return given, ()


def _plain(rate: float) -> str:
    return f"{rate:.3f}".rstrip("0").rstrip(".")


def check_sizes(told: Mapping[str, tuple[int, int]], known: Mapping[str, tuple[int, int]]) -> tuple[str, ...]:
    """Hold the image sizes that the files tell against the calibration's; return a line per camera that differs.

    Raises
    ------
    KeypointError
        IMAGE_SIZE when one is of another resolution.
    """
    differ = {camera: (size, known[camera]) for camera, size in told.items()
              if camera in known and tuple(size) != tuple(known[camera])}  # fmt: skip
    words = [f"{camera}: {size[0]} x {size[1]} px in the files, {other[0]} x {other[1]} px in the calibration"
             for camera, (size, other) in differ.items()]  # fmt: skip
    far = [max(abs(a / b - 1) for a, b in zip(size, other, strict=True)) > _SIZES_ALIKE
           for size, other in differ.values()]  # fmt: skip
    if any(far):
        raise KeypointError(
            f"The keypoints are of images of another size: {'; '.join(words)}.",
            "Use the calibration of these recordings: same resolution, same rotation.",
            code="IMAGE_SIZE",
        )
    return tuple(words)


def views(detections: Mapping[str, CameraDetections]) -> tuple[str, ...]:
    """Return notes on keypoints that one camera alone ever saw, and on how many people were seen at once."""
    if len(detections) < 2:
        return ()
    seen: dict[str, list[str]] = {}
    people = {}
    for camera, found in detections.items():
        there = np.isfinite(found.pixels).all(axis=-1)
        people[camera] = int(there.any(axis=2).sum(axis=1).max(initial=0))
        for name, ever in zip(found.names, there.any(axis=(0, 1)), strict=True):
            if ever:
                seen.setdefault(name, []).append(camera)
    lone = [f"{name} ({cameras[0]})" for name, cameras in seen.items() if len(cameras) == 1]
    notes: tuple[str, ...] = (f"one camera alone ever saw {few(lone)}: no 3D of it.",) if lone else ()
    if max(people.values()) > 1:
        notes += ("people in one frame, at most: " + ", ".join(f"{c} {n}" for c, n in people.items()) + ".",)
    return notes


def unused_skeleton(detections: Mapping[str, CameraDetections], skeleton: str | None) -> tuple[str, ...]:
    """Return a note where a skeleton was asked for and files name other keypoints, or the same in another order."""
    if skeleton is None:
        return ()
    asked = read_skeleton(skeleton).keypoints
    own = {camera: found.names for camera, found in detections.items() if found.names != asked}
    if not own:
        return ()
    apart = dict.fromkeys(name for names in own.values() for name in (*names, *asked)
                          if (name in names) != (name in asked))  # fmt: skip
    whose = "" if len(own) == len(detections) else f" of {few(own)}"
    how = f"and differ from it in {few(apart)}" if apart else "in another order"
    return (f"the skeleton {skeleton} was not used: the files{whose} name their keypoints themselves, {how}.",)


def high_scores(detections: Mapping[str, CameraDetections]) -> tuple[str, ...]:
    """Return a note that counts the confidences which were taken as 1 because they pass it."""
    high = {camera: found.above_one for camera, found in detections.items() if found.above_one[0]}
    if not high:
        return ()
    counts = few(f"{camera} {count} (up to {most:.2f})" for camera, (count, most) in high.items())
    return (f"scores above 1 were taken as 1: {counts}.",)


def unscored_samples(detections: Mapping[str, CameraDetections]) -> tuple[str, ...]:
    """Return a note that counts the samples which have pixels and are missing for want of a confidence.

    Raises
    ------
    KeypointError
        KEYPOINT_EMPTY when a camera has no other.
    """
    _check_scored(detections)
    bare = [f"{camera} {found.unscored}" for camera, found in detections.items() if found.unscored]
    return (f"pixels without a confidence were left out: {few(bare)}.",) if bare else ()


def _check_scored(detections: Mapping[str, CameraDetections]) -> None:
    lost = [camera for camera, found in detections.items() if found.unscored and not found.confidence.any()]
    if lost:
        raise KeypointError(
            f"The keypoints of {', '.join(lost)} have pixels, and none has a confidence: the numbers are empty or NaN.",
            "Export the detector's scores; where there are none, write 1 for what was found.",
            code="KEYPOINT_EMPTY",
        )


def stray_names(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return a note on names that are not of the detector's skeleton which most of them are of."""
    known = [read_skeleton(preset) for preset in preset_names("skeletons")]
    shares = [(len(set(names) & set(skeleton.keypoints)), -len(skeleton.keypoints), skeleton)
              for skeleton in known if skeleton.ordered and set(names) & set(skeleton.keypoints)]  # fmt: skip
    if not shares:
        return ()
    count, _, best = max(shares, key=lambda share: share[:2])
    stray = [name for name in names if name not in best.keypoints]
    if not stray or count < _MOSTLY * len(best.keypoints):
        return ()
    return (f"{few(stray, 8)}: not of the skeleton {best.name}, which the other keypoints are of.",)


def check_pixels(
    detections: Mapping[str, CameraDetections], sizes: Mapping[str, tuple[int, int]]
) -> tuple[dict[str, CameraDetections], tuple[str, ...]]:
    """Refuse fractions of the image; leave out samples that lie more than one image size outside, with a note.

    Raises
    ------
    KeypointError
        KEYPOINTS_NORMALISED.
    """
    checked, notes, fractions = {}, [], []
    for camera, found in detections.items():
        # Axis by axis: a reduction over two numbers costs more than the comparisons.
        u, v = found.pixels[..., 0], found.pixels[..., 1]
        seen = np.isfinite(u) & np.isfinite(v)
        small, strange = 0, np.zeros(seen.shape, bool)
        with np.errstate(invalid="ignore"):
            for axis, size in zip((u, v), sizes.get(camera, (_LARGEST_IMAGE, _LARGEST_IMAGE)), strict=True):
                small += int(np.count_nonzero((np.abs(axis) <= _FRACTIONS) & seen))
                strange |= (axis < -size) | (axis > 2 * size)
        n_seen = int(np.count_nonzero(seen))
        if 2 * n_seen >= _LEAST and small >= 0.95 * 2 * n_seen:
            fractions.append(camera)
        strange &= seen
        if strange.any():
            first = np.argwhere(strange)[0]
            notes.append(
                f"{camera}: {int(strange.sum())} of {n_seen} samples lie far outside the image and were left "
                f"out, the first: frame {int(found.frames[first[0]])}, {found.names[first[2]]}."
            )
            found = replace(
                found, pixels=np.where(strange[..., None], np.nan, found.pixels),
                confidence=np.where(strange, 0.0, found.confidence),
            )  # fmt: skip
        checked[camera] = found
    nowhere = [camera for camera in fractions if not np.nan_to_num(detections[camera].pixels).any()]
    if nowhere:
        raise KeypointError(
            f"All keypoints of {', '.join(nowhere)} lie at (0, 0), with a confidence above 0.",
            "Detect them again; where nothing is found, leave the numbers empty, or give confidence 0.",
            code="KEYPOINT_EMPTY",
        )
    if fractions:
        raise KeypointError(
            f"The keypoints of {', '.join(fractions)} lie between -{_FRACTIONS:.0f} and {_FRACTIONS:.0f}: they are "
            "fractions of the image, not pixels.",
            "Export them in pixels.",
            code="KEYPOINTS_NORMALISED",
        )
    return checked, tuple(notes)
