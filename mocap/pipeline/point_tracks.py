"""Keypoint files as points that calibrate: one person, or one wand, in every camera frame."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from calibration import CameraRig
from calibration.boards.wand import Wand
from calibration.errors import CalibrationError
from calibration.points.lenses import FOCAL_GUESSES, ordinary_lenses
from calibration.points.people import followed, person_across_cameras
from calibration.points.recipe import calibrate_from_person
from calibration.points.tracks import KnownLength, PointTracks
from mocap.errors import ConfigError, KeypointError
from mocap.keypoints import PeopleKeypoints
from mocap.pipeline.keypoint_input import KeypointInput, check_image_size
from mocap.pipeline.point_remedies import calibration_remedies
from mocap.readers.keypoints import read_keypoints
from mocap.skeleton import side_of

_CELLS = 8  # of an image along each side
_LITTLE = 0.25
_CORNER = 0.72  # images told 1.5 times too large, as 1080p for 720p, are filled to 0.67 at most
_FIRST_FRAMES = 60  # for the calibration that only tells who is who
_SIDES = (("left", "right"), ("Left", "Right"), ("LEFT", "RIGHT"), ("L", "R"), ("l", "r"))


@dataclass(frozen=True, eq=False)
class PointFiles:
    """What keypoint files hold of the cameras that are to be calibrated.

    Attributes
    ----------
    people : PeopleKeypoints
    image_sizes : mapping of str to (int, int)
        By camera, in the order of `people`.
    notes : tuple of str
    """

    people: PeopleKeypoints
    image_sizes: Mapping[str, tuple[int, int]]
    notes: tuple[str, ...]

    @property
    def several(self) -> NDArray:
        """Which camera frames show more than one person, shape (camera, time)."""
        return np.asarray(self.people.people_seen > 1)

    def tracks(self, person: NDArray, min_confidence: float, exchanged: NDArray | None = None) -> PointTracks:
        """Return the points of one person, or wand, per camera frame; `person` as `PeopleKeypoints.chosen` takes it."""
        keypoints = self.people.chosen(person)
        pixels = np.where((keypoints.confidence >= min_confidence)[..., None], keypoints.pixels, np.nan)
        names = keypoints.names
        return PointTracks(
            pixels.astype(float), tuple(self.image_sizes), np.array(list(self.image_sizes.values())), names,
            np.arange(len(names)) if exchanged is None else exchanged,
        )  # fmt: skip


def read_point_files(
    path: Path, rig: CameraRig | None, image_sizes: Mapping[str, tuple[int, int]] | None, how: KeypointInput
) -> PointFiles:
    """Read the keypoints of the cameras of a rig, or of those whose image sizes are told.

    Raises
    ------
    MocapError
        LENS_UNKNOWN, IMAGE_SIZE, CAMERA_UNKNOWN, CALIBRATION_SIZE, and what
        `mocap.readers.keypoints.read_keypoints` refuses.
    """
    sizes = dict(image_sizes or {}) if rig is None else {camera.name: camera.size for camera in rig}
    _check_sizes(sizes, image_sizes or {})
    if len(sizes) < 2:
        raise ConfigError(
            "Neither the lenses nor the image sizes of two cameras are known.",
            "Give a calibration.toml with the lenses (--lenses), or the size of each camera's images "
            "(--image-size cam_0=1920x1080, once per camera).",
            code="LENS_UNKNOWN",
        )
    with calibration_remedies():
        read = read_keypoints(
            path, source=how.source, camera_names=tuple(sizes), skeleton=how.skeleton, rate_hz=how.rate_hz or 1.0,
            declared=how.cameras or None, keypoints=how.names or None,
        )  # fmt: skip
    files = PointFiles(read.people, sizes, tuple(note.rstrip(".") for note in read.notes))
    shown = rig if rig is not None else ordinary_lenses(tuple(sizes), np.array(list(sizes.values())), 1.0)
    for person in range(read.people.n_people):
        check_image_size(read.people.person(person), shown)
    return files


def _check_sizes(known: Mapping[str, tuple[int, int]], told: Mapping[str, tuple[int, int]]) -> None:
    """Refuse image sizes that are told in vain, or against those of the lenses."""
    strange = sorted(set(told) - set(known))
    if strange:
        raise ConfigError(
            f"An image size is given for {strange}; the lenses are of {list(known)}.",
            "Name the camera as the calibration of the lenses names it.",
            code="CAMERA_UNKNOWN",
        )
    differ = [f"{name} is {known[name][0]} x {known[name][1]} px there, not {size[0]} x {size[1]} px"
              for name, size in told.items() if tuple(known[name]) != tuple(size)]  # fmt: skip
    if differ:
        raise ConfigError(
            f"The lenses are for images of another size: {'; '.join(differ)}.",
            "Leave --image-size out where it is wrong; where the images are smaller, rescale the lenses first "
            "(mocap convert --rescale).",
            code="CALIBRATION_SIZE",
        )


def wand_tracks(files: PointFiles, wand: Wand) -> tuple[PointTracks, tuple[str, ...]]:
    """Return the markers of a wand in its own order, and what has to be told.

    Raises
    ------
    KeypointError
        MARKERS_UNKNOWN, SEVERAL_WANDS
    """
    names, seen = files.people.names, files.people.people_seen
    if set(wand.names) <= set(names):
        order = [names.index(name) for name in wand.names]
    elif len(names) == wand.n_markers and not set(wand.names) & set(names):
        order = list(range(len(names)))
    else:
        raise KeypointError(
            f"The wand has {wand.n_markers} markers ({', '.join(wand.names)}), the files hold {len(names)} "
            f"({', '.join(names)}).",
            "Describe the wand as it is: one place in markers for each of its markers, and names = [...] as in the "
            "files where these hold other points too.",
            code="MARKERS_UNKNOWN",
        )
    several, notes = files.several, list(files.notes)
    if 2 * several.sum() > (seen > 0).sum():
        raise KeypointError(
            f"{int(several.sum())} of {int((seen > 0).sum())} camera frames show several wands, and cannot be used.",
            "Keep one set of markers per camera and frame in the files: cover reflections, take other wands away.",
            code="SEVERAL_WANDS",
        )
    if several.any():
        notes.append(f"{int(several.sum())} camera frames with several wands left out")
    tracks = files.tracks(_alone(files.people), 0.0)
    return PointTracks(
        tracks.pixels[:, :, order], tracks.camera_names, tracks.image_sizes, tuple(names[i] for i in order),
        wand.exchanged, wand.labelled,
    ), tuple(notes)  # fmt: skip


def person_tracks(
    files: PointFiles, rig: CameraRig | None, lengths: Sequence[KnownLength], min_confidence: float
) -> tuple[PointTracks, tuple[str, ...]]:
    """Return the keypoints of the one person that is meant, and what has to be told.

    Where images show several people it is the one on whom most cameras agree, and of two such the one who walks.
    The poses of `rig` have no say: they are what is to be found.

    Raises
    ------
    CalibrationError
        SEVERAL_PEOPLE when that cannot be told.
    """
    several, exchanged = files.several, partner_places(files.people.names)
    person = _alone(files.people)
    if not several.any():
        return files.tracks(person, min_confidence, exchanged), files.notes
    confident = files.people.confidence >= min_confidence
    pixels = np.where(confident[..., None], files.people.pixels, np.nan).astype(float)
    sizes = np.array(list(files.image_sizes.values()))
    guesses = [ordinary_lenses(tuple(files.image_sizes), sizes, share) for share in FOCAL_GUESSES]
    rigs = [rig] if rig is not None else guesses
    chosen = person_across_cameras(rigs, pixels)
    # A camera that no other one vouches for is left to the calibration to judge, where it shows one person alone.
    lost = np.asarray((chosen.person < 0).all(axis=1))
    person = np.where(lost[:, None], person, chosen.person)
    try:
        first = calibrate_from_person(
            files.tracks(person, min_confidence, exchanged), lengths, rig, max_frames=_FIRST_FRAMES
        )
    except CalibrationError:
        pass  # whatever is wrong, the calibration itself will say it
    else:
        person = followed(first.rig, pixels, person)
    notes = [*files.notes, _told(files, person, chosen.rivals)]
    return files.tracks(person, min_confidence, exchanged), tuple(notes)


def notes_on_movement(tracks: PointTracks) -> tuple[str, ...]:
    """Say where the points filled little of the images, or lie in one corner of them as of smaller ones."""
    cells = np.full((tracks.n_cameras, _CELLS * _CELLS), False)
    low, high = np.ones((tracks.n_cameras, 2)), np.zeros((tracks.n_cameras, 2))
    for camera, (pixels, size) in enumerate(zip(tracks.pixels, tracks.image_sizes, strict=True)):
        places = pixels[np.isfinite(pixels).all(axis=2)] / size
        column, row = np.clip((_CELLS * places).astype(int), 0, _CELLS - 1).T
        cells[camera, _CELLS * row + column] = True
        low[camera], high[camera] = places.min(axis=0, initial=1.0), places.max(axis=0, initial=0.0)
    covered = cells.mean(axis=1)
    told = [f"{name} {100 * share:.0f} %" for name, share in zip(tracks.camera_names, covered, strict=True)]
    notes = []
    if np.median(covered) < _LITTLE:
        notes.append(
            f"the points filled little of the images ({', '.join(told)}): outside them the calibration is carried on, "
            "not measured; move through the whole volume"
        )
    if (high < _CORNER).all() and (np.median(low, axis=0) < 1.0 - _CORNER).all():
        notes.append("all points lie in the top left of the images: check that the image sizes are right")
    return tuple(notes)


def _told(files: PointFiles, person: NDArray, rivals: int) -> str:
    several = files.several
    cameras = [name for name, own in zip(files.image_sizes, several, strict=True) if own.any()]
    text = f"{int(several.sum())} camera frames show several people ({', '.join(cameras)}): "
    text += "taken is the one on whom most cameras agree"
    if rivals:
        text += f", and who walks; they agree on {rivals} other{'s' if rivals > 1 else ''} too"
    missing = int(((person < 0) & (files.people.people_seen > 0)).sum())
    return text + (f"; that person was not found in {missing} camera frames with people" if missing else "")


def _alone(people: PeopleKeypoints) -> NDArray:
    """Place of the person in each camera frame that shows one alone, shape (camera, time); -1 elsewhere."""
    there = np.isfinite(people.pixels).all(axis=-1).any(axis=-1)
    return np.where(there.sum(axis=2) == 1, there.argmax(axis=2), -1)


def partner_places(names: Sequence[str]) -> NDArray:
    """Return for every keypoint the place of its partner on the other side, or its own, shape (keypoint,)."""
    places = np.arange(len(names))
    position = {name: place for place, name in enumerate(names)}
    for place, name in enumerate(names):
        if side_of(name) != "left":
            continue
        options = [right + name[len(left) :] for left, right in _SIDES if name.startswith(left)]
        options += [name[: -len(left)] + right for left, right in _SIDES if name.endswith(left)]
        partner = next((position[o] for o in options if o in position and side_of(o) == "right"), None)
        if partner is not None:
            places[place], places[partner] = partner, place
    return places
