"""Why tags of plates were not found: those of other plates, of another dictionary, or seen in a mirror."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from calibration.detection.diagnosis import FAMILIES, family_of
from calibration.detection.tags import read_tags
from calibration.sources import CameraSource
from mocap.config.plates import PlateSet
from mocap.errors import MocapError
from mocap.readers.video import iter_footage, read_video_info

_LOOKS = 3  # images of each camera
_TWICE = 2  # images that a code is read in by chance are fewer
_NAMED = 8  # ids in a sentence
# Of so few bits that a room shows some by chance.
_DOUBTFUL = "DICT_APRILTAG_16h5"


def strange_tags(
    sources: Sequence[CameraSource], plates: PlateSet, blind: bool, elsewhere: bool
) -> tuple[str, ...]:
    """Return what images show in place of the tags that are looked for, a clause per camera.

    Parameters
    ----------
    sources : sequence of CameraSource
        Of cameras that lack tags.
    plates : PlateSet
    blind : bool
        No tag at all was found in these cameras: the reason is looked for, and not strange ids alone.
    elsewhere : bool
        Look for the tags of all other dictionaries too, which takes long.

    Returns
    -------
    tuple of str
        Nothing of a camera that shows no tag at all, or cannot be read.
    """
    told = []
    for source in sources:
        try:
            images = _some_images(source)
        except MocapError:
            continue  # told where it is worked on
        words = _strange(images, plates, blind, elsewhere) if images else ""
        if words:
            told.append(f"{source.name} {words}")
    return tuple(told)


def _some_images(source: CameraSource) -> list[NDArray]:
    total = read_video_info(source.path).n_frames if source.kind == "video" else len(source.files)
    places = np.unique(np.linspace(0, total - 1, _LOOKS + 2).round().astype(int)[1:-1]).tolist()
    if source.kind == "images":  # only these are read
        pairs = [(source.indices[place], source.files[place]) for place in places]
        part = replace(source, indices=tuple(index for index, _ in pairs), files=tuple(file for _, file in pairs))
        return [image for _, image in iter_footage(part)]
    return [image for at in places for _, image in iter_footage(source, start=at, stop=at + 1, threads=1)]


def _strange(images: Sequence[NDArray], plates: PlateSet, blind: bool, elsewhere: bool) -> str:
    own: dict[str, set[int]] = {}
    for plate in plates:
        own.setdefault(plate.dictionary, set()).update(plate.ids)
    for dictionary, ids in own.items():
        read = _read(images, family_of(dictionary))
        others = sorted(read - ids)
        if others:
            return f"shows {_tags(others)} of {family_of(dictionary)}, which no plate has"
        if not blind:
            continue
        mirrored = _read([np.ascontiguousarray(image[:, ::-1]) for image in images], family_of(dictionary))
        if not read and mirrored & ids:
            return (
                f"shows {_tags(sorted(mirrored & ids))} as in a mirror: switch off the mirror option of the recording "
                "software, or flip the video back"
            )
        if read:
            return f"shows {_tags(sorted(read))}, but too small, blurred or faint to be measured"
    known = {family_of(dictionary) for dictionary in own}
    for family in FAMILIES if elsewhere else ():
        read = _read(images, family) if family not in known and family != _DOUBTFUL else set()
        if read:
            return f"shows {_tags(sorted(read))} of {family}; the plates are of {', '.join(sorted(own))}"
    return ""


def _read(images: Sequence[NDArray], family: str) -> set[int]:
    """Return the ids that are read in two images, or in the only one."""
    counts = Counter(int(number) for image in images for number in read_tags(image, family, (0.0,)).ids)
    return {number for number, count in counts.items() if count >= min(_TWICE, len(images))}


def _tags(ids: Sequence[int]) -> str:
    shown = ", ".join(map(str, ids[:_NAMED]))
    return f"tag{'' if len(ids) == 1 else 's'} {shown}{', ...' if len(ids) > _NAMED else ''}"
