"""Keypoints drawn into images, for a person to look at."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from mocap.keypoints.pose.crops import Crop
from mocap.skeleton import bones_among, side_of

# BGR: left blue, right orange, the midline green, so that a swap of sides is seen at once.
_COLOURS = {"left": (255, 120, 30), "right": (20, 130, 255), "centre": (90, 220, 60)}
_DOUBTFUL = 0.3  # confidence below which a keypoint is drawn hollow
_MARGIN = 0.06
_SMALL, _INSET = 0.35, 0.4  # shares of an image: keypoints nearer together are shown again in an inset that large
_GAP = 6  # px between the images of a sheet


def limit_threads(count: int) -> None:
    """Let image operations of this process use so many threads; the cameras share the cores."""
    cv2.setNumThreads(count)


def draw_keypoints(image: NDArray, pixels: NDArray, confidence: NDArray, names: Sequence[str]) -> NDArray:
    """Return a copy of an image with people's keypoints and bones.

    Parameters
    ----------
    image : ndarray of uint8, shape (height, width) or (height, width, 3)
        BGR.
    pixels : ndarray, shape (person, keypoint, 2)
        Missing ones are left out.
    confidence : ndarray, shape (person, keypoint)
    names : sequence of str

    Returns
    -------
    ndarray of uint8, shape (height, width, 3)
    """
    canvas = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR) if image.ndim == 2 else np.array(image)
    size = max(2, round(max(image.shape[:2]) / 320))
    place = {name: index for index, name in enumerate(names)}
    bones = [(place[first], place[second]) for first, second in bones_among(tuple(names))]
    colours = [_COLOURS[side_of(name)] for name in names]
    for person, sure in zip(pixels, confidence, strict=True):
        seen = np.isfinite(person).all(axis=1)
        spots = np.where(seen[:, None], np.round(np.nan_to_num(person)), 0).astype(int)
        for first, second in bones:
            if seen[first] and seen[second]:
                mean = tuple(int(a + b) // 2 for a, b in zip(colours[first], colours[second], strict=True))
                ends = tuple(map(int, spots[first])), tuple(map(int, spots[second]))
                cv2.line(canvas, *ends, mean, max(1, size // 2), cv2.LINE_AA)
        for index in np.flatnonzero(seen):
            spot = tuple(map(int, spots[index]))
            filled = cv2.FILLED if sure[index] >= _DOUBTFUL else max(1, size // 2)
            cv2.circle(canvas, spot, size, colours[index], filled, cv2.LINE_AA)
    return canvas


def picture(
    image: NDArray, pixels: NDArray, confidence: NDArray, names: Sequence[str], longest: int, label: str = ""
) -> NDArray:
    """Return a small picture of an image with its keypoints; what is small in it is shown enlarged in a corner.

    Parameters
    ----------
    image, pixels, confidence, names
        As for `draw_keypoints`.
    longest : int
        Px of the longer side at most.
    label : str
    """
    small = reduced(draw_keypoints(image, pixels, confidence, names), longest, label)
    seen = pixels[np.isfinite(pixels).all(axis=-1)]
    if not len(seen):
        return small
    low, high = seen.min(axis=0), seen.max(axis=0)
    side = max(1.5 * float((high - low).max()), 32.0)
    inset = min(round(_INSET * longest), *small.shape[:2])
    if side > _SMALL * max(image.shape[:2]):
        return small
    centre = (low + high) / 2
    crop = Crop((float(centre[0]), float(centre[1])), side / inset, (inset, inset))
    near = draw_keypoints(crop.cut(image), crop.from_image(pixels), confidence, names)
    left, top = _free_corner(seen * small.shape[1] / image.shape[1], small.shape[:2], inset)
    small[top : top + inset, left : left + inset] = near
    cv2.rectangle(small, (left, top), (left + inset - 1, top + inset - 1), (255, 255, 255), 1)
    return small


def _free_corner(spots: NDArray, shape: tuple[int, ...], inset: int) -> tuple[int, int]:
    """Return the column and row of the inset's corner where it hides the fewest spots, shape (spot, 2).

    The label is at the top left, and so that corner is the last to be taken.
    """
    right, bottom = shape[1] - inset, shape[0] - inset
    places = [(0, bottom), (right, bottom), (right, 0), (0, 0)]
    margin = _MARGIN * inset  # what is drawn of a spot is wider than it
    hidden = [
        int(((spots >= np.subtract(place, margin)) & (spots < np.add(place, inset + margin))).all(axis=1).sum())
        for place in places
    ]
    return places[int(np.argmin(hidden))]


def reduced(image: NDArray, longest: int, label: str = "") -> NDArray:
    """Return an image whose longer side has at most so many px, with a label in its corner."""
    factor = min(1.0, longest / max(image.shape[:2]))
    small = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA) if factor < 1 else image.copy()
    if label:
        for colour, width in (((0, 0, 0), 3), ((255, 255, 255), 1)):
            cv2.putText(small, label, (6, 18), cv2.FONT_HERSHEY_SIMPLEX, 0.5, colour, width, cv2.LINE_AA)
    return small


def contact_sheet(images: Sequence[NDArray], columns: int = 6) -> bytes:
    """Return the PNG of images of one size side by side, in rows."""
    height, width = images[0].shape[:2]
    across = min(columns, len(images))
    down = -(-len(images) // across)
    sheet = np.full((down * (height + _GAP) - _GAP, across * (width + _GAP) - _GAP, 3), 40, np.uint8)
    for index, image in enumerate(images):
        row, column = divmod(index, across)
        top, left = row * (height + _GAP), column * (width + _GAP)
        sheet[top : top + height, left : left + width] = image
    return cv2.imencode(".png", sheet)[1].tobytes()
