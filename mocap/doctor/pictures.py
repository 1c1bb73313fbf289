"""Whether pictures show anything: exposure, focus, a camera that hangs."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from mocap.doctor.clips import Clip
from mocap.doctor.finding import LOOK, STOP, Finding

_DARK, _BRIGHT, _FLAT = 45.0, 0.35, 2.0
_BURNT = 252
_BLURRED, _SOFT, _USUAL = 0.13, 0.2, 0.5
_TILES, _EDGES = 5, 8.0
_STILL, _STILL_MOST = 0.15, 3.0  # gray levels; a person who stands still for a second makes over 100 somewhere


def picture_findings(clips: Sequence[Clip]) -> Iterator[Finding]:
    """Yield what is wrong with the pictures of recordings made in one place."""
    sharp = {clip.camera: _typical([sharpness(image) for image in clip.pictures.values()]) for clip in clips}
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
                "PICTURE_FROZEN", LOOK, clip.about, f"{len(images)} pictures of different moments are the same.",
                "If the person was in view, the camera hung: record again.",
            )  # fmt: skip


def _typical(values: Sequence[float]) -> float:
    known = [value for value in values if np.isfinite(value)]
    return float(np.median(known)) if known else float("nan")


def sharpness(image: NDArray) -> float:
    """Return how much of the detail of a picture is fine: above 0.3 in focus, below 0.2 where edges are 5 px wide.

    The variance of the Laplacian at half the size against that at a quarter, each in the part of the picture with most
    of it, less that in the part with least, which is the noise of the sensor. NaN where nothing has an edge.
    """
    half = _halved(image.astype(np.float32))
    fine, coarse = _tiles(_laplacian(half)), _tiles(_laplacian(_halved(half)))
    place = int(np.argmax(coarse))
    rough = float(coarse.flat[place] - coarse.min())
    return float(fine.flat[place] - fine.min()) / rough if rough > _EDGES else float("nan")


def _halved(image: NDArray) -> NDArray:
    height, width = image.shape[0] // 2, image.shape[1] // 2
    return np.asarray(image[: 2 * height, : 2 * width].reshape(height, 2, width, 2).mean(axis=(1, 3)))


def _laplacian(image: NDArray) -> NDArray:
    centre = image[1:-1, 1:-1]
    return image[:-2, 1:-1] + image[2:, 1:-1] + image[1:-1, :-2] + image[1:-1, 2:] - 4 * centre


def _tiles(values: NDArray) -> NDArray:
    height, width = values.shape[0] // _TILES, values.shape[1] // _TILES
    cut = values[: _TILES * height, : _TILES * width].reshape(_TILES, height, _TILES, width)
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
    own = sharp[clip.camera]
    others = [value for camera, value in sharp.items() if camera != clip.camera and np.isfinite(value)]
    usual = float(np.median(others)) if others else _USUAL
    # Comparisons with NaN are false: a picture without edges tells nothing.
    if own < _BLURRED or (own < _SOFT and own < 0.5 * usual):
        yield Finding(
            "PICTURE_BLURRED", LOOK, clip.about,
            f"Edges are spread over several pixels: sharpness {own:.2f}, {usual:.2f} elsewhere, and {_USUAL} is usual.",
            "Focus by hand on the middle of the volume and lock it, clean the lens, shorten the exposure.",
        )  # fmt: skip


def _is_frozen(images: Sequence[NDArray]) -> bool:
    """Whether pictures differ by no more than what a codec makes of one and the same."""
    first = images[0].astype(np.int16)
    apart = [np.abs(image.astype(np.int16) - first) for image in images[1:]]
    return all(float(one.mean()) < _STILL and float(np.percentile(one, 99.9)) <= _STILL_MOST for one in apart)
