"""Whether pictures show anything: exposure, focus, a camera that hangs."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from mocap.doctor.clips import Clip
from mocap.doctor.finding import LOOK, STOP, Finding

_DARK, _BRIGHT, _FLAT = 45.0, 0.35, 2.0
_BURNT = 252
_SHARP, _AMONG = 0.10, 0.35
_STILL = 0.02  # gray levels, less than any sensor's noise


def picture_findings(clips: Sequence[Clip]) -> Iterator[Finding]:
    """Yield what is wrong with the pictures of recordings made in one place."""
    sharp = {clip.camera: float(np.median([sharpness(image) for image in clip.pictures.values()]))
             for clip in clips if clip.pictures}  # fmt: skip
    for clip in clips:
        if not clip.pictures:
            continue
        images = list(clip.pictures.values())
        blank = all(float(np.std(image)) < _FLAT for image in images)
        if blank:
            yield Finding(
                "PICTURE_BLANK", STOP, clip.about, f"The pictures are of one gray ({np.mean(images[0]):.0f} of 255).",
                "Take the cap off, or record again: the camera gave no picture.",
            )  # fmt: skip
            continue
        yield from _exposure(clip, images)
        yield from _focus(clip, sharp)
        if len(images) > 2 and _is_frozen(images):
            yield Finding(
                "PICTURE_FROZEN", STOP, clip.about, f"{len(images)} pictures of different moments are the same.",
                "The camera hung, or the file is a still: record again.",
            )  # fmt: skip


def sharpness(image: NDArray) -> float:
    """Return how much of the detail of a picture is finer than two pixels.

    The variance of the Laplacian against that of the picture at half its size, of the ninth with most of it: about 1 in
    focus, below 0.1 where edges are spread over five pixels and more.
    """
    half = image[: image.shape[0] // 2 * 2, : image.shape[1] // 2 * 2].astype(np.float32)
    half = half.reshape(half.shape[0] // 2, 2, half.shape[1] // 2, 2).mean(axis=(1, 3))
    fine, coarse = _tiles(_laplacian(image.astype(np.float32))), _tiles(_laplacian(half))
    place = int(np.argmax(coarse))
    return float(fine.flat[place] / max(float(coarse.flat[place]), 1e-6))


def _laplacian(image: NDArray) -> NDArray:
    centre = image[1:-1, 1:-1]
    return image[:-2, 1:-1] + image[2:, 1:-1] + image[1:-1, :-2] + image[1:-1, 2:] - 4 * centre


def _tiles(values: NDArray) -> NDArray:
    height, width = values.shape[0] // 3, values.shape[1] // 3
    cut = values[: 3 * height, : 3 * width].reshape(3, height, 3, width)
    return np.asarray(cut.var(axis=(1, 3)))


def _exposure(clip: Clip, images: Sequence[NDArray]) -> Iterator[Finding]:
    light = float(np.median([np.percentile(image, 98) for image in images]))
    burnt = float(np.median([np.mean(image >= _BURNT) for image in images]))
    if light < _DARK:
        yield Finding(
            "PICTURE_DARK", LOOK, clip.about, f"98 % of the pixels are darker than {light:.0f} of 255.",
            "More light, a wider aperture or more gain; not a longer exposure, which blurs movement.",
        )  # fmt: skip
    if burnt > _BRIGHT:
        yield Finding(
            "PICTURE_BRIGHT", LOOK, clip.about, f"{burnt:.0%} of the pixels are burnt out.",
            "A shorter exposure, or less light behind the person.",
        )  # fmt: skip


def _focus(clip: Clip, sharp: Mapping[str, float]) -> Iterator[Finding]:
    own, others = sharp[clip.camera], [value for camera, value in sharp.items() if camera != clip.camera]
    if own < _SHARP and (not others or own < _AMONG * float(np.median(others))):
        yield Finding(
            "PICTURE_BLURRED", LOOK, clip.about,
            f"Edges are spread: {own:.2f} of its detail is fine, {float(np.median(others or [1.0])):.2f} elsewhere.",
            "Focus by hand on the middle of the volume and lock it, clean the lens, shorten the exposure.",
        )  # fmt: skip


def _is_frozen(images: Sequence[NDArray]) -> bool:
    first = images[0].astype(np.int16)
    return all(float(np.mean(np.abs(image.astype(np.int16) - first))) < _STILL for image in images[1:])
