"""Calibration without a board as a recipe: keypoint files of a wand or a walking person in, calibration file out."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import calibration
from calibration import CameraRig
from calibration.boards.wand import Wand, read_wand
from calibration.files import write_rig
from calibration.points.feet import rig_on_feet
from calibration.points.quality import PointQuality
from calibration.points.recipe import PERSON_FRAMES, WAND_FRAMES, calibrate_from_person, calibrate_from_wand
from calibration.points.tracks import KnownLength, PointTracks
from calibration.world import Landmarks, parse_world, read_landmarks
from mocap.config.presets import preset_path
from mocap.errors import ConfigError, KeypointError
from mocap.keypoints import PeopleKeypoints, choose_person
from mocap.pipeline.notes import check_output
from mocap.pipeline.reconstruction import KeypointInput
from mocap.readers.keypoints import read_keypoints
from mocap.skeleton import side_of
from mocap.trial import Keypoints2D

FEET = "feet"  # the world's name where the person's own feet tell the floor
_LENGTH = re.compile(r"(?P<ends>.+?)\s*=\s*(?P<length>[0-9.eE]+)\s*(?:\+-|±|\+/-)\s*(?P<sd>[0-9.eE]+)\s*m?")
_SIDES = (("left", "right"), ("Left", "Right"), ("LEFT", "RIGHT"), ("L", "R"), ("l", "r"))
_FOOT = {"heel": "heel", "toe": "toe", "hallux": "toe"}


@dataclass(frozen=True)
class PointOutcome:
    """A rig calibrated from points, its figures, and what has to be told of how the files were read."""

    rig: CameraRig
    quality: PointQuality
    scale_sd: float
    notes: tuple[str, ...]


def calibrate_wand_files(
    path: Path,
    wand: Path,
    how: KeypointInput,
    out: Path | None = None,
    lenses: Path | None = None,
    image_sizes: Mapping[str, tuple[int, int]] | None = None,
    world: str | None = None,
    max_frames: int = WAND_FRAMES,
) -> PointOutcome:
    """Calibrate from the markers of a wand in keypoint files, and write the calibration file.

    Parameters
    ----------
    path : Path
        As `mocap.readers.keypoints.read_keypoints` takes it; the keypoints are the wand's markers, by its `names`,
        or in the order of the file when they have none in common and are as many.
    wand : Path
        A `wand.toml`, or the name of a preset of `configs/wands`.
    how : KeypointInput
        The rate does not matter.
    out : Path, optional
        Nothing is written without it, nor when anything is refused.
    lenses : Path, optional
        A calibration file with the lenses of the cameras; poses in it are no part of the answer.
    image_sizes : mapping of str to (int, int), optional
        Width and height by camera; needed without `lenses`, and then the names of the cameras.
    world : str, optional
        As `calibration.calibrate` takes it, but no board on the floor.
    max_frames : int

    Raises
    ------
    MocapError
        What reading and `calibration.points.recipe.calibrate_from_wand` refuse; MARKERS_UNKNOWN, LENS_UNKNOWN.
    """
    if out is not None:
        check_output(out)
    described = wand_from(wand)
    rig = None if lenses is None else calibration.read_rig(lenses)
    tracks, notes = _tracks(path, rig, image_sizes, how)
    landmarks = _landmarks(world, tracks.camera_names, path)
    tracks = _as_markers(tracks, described)
    found = calibrate_from_wand(tracks, described, rig, world, landmarks, max_frames)
    outcome = PointOutcome(found.rig, found.quality, found.scale_sd, notes)
    if out is not None:
        write_rig(out, outcome.rig)
    return outcome


def calibrate_person_files(
    path: Path,
    lengths: Sequence[str],
    how: KeypointInput,
    out: Path | None = None,
    lenses: Path | None = None,
    image_sizes: Mapping[str, tuple[int, int]] | None = None,
    world: str | None = None,
    min_confidence: float = 0.3,
    max_frames: int = PERSON_FRAMES,
) -> PointOutcome:
    """Calibrate from the keypoints of a person who walks about, and write the calibration file.

    Parameters
    ----------
    path, how, out, lenses, image_sizes, max_frames
        As in `calibrate_wand_files`. Where a camera shows several people, `lenses` has to be an old calibration of
        the same rig, and the person on whom it agrees is taken; without `lenses` such camera frames are left out.
    lengths : sequence of str
        Known lengths between keypoints, in m with their sd: 'RHip-RKnee=0.42+-0.005'.
    world : str, optional
        'feet' for the floor under the person's own heels and toes (gravity presumes a level floor), or as in
        `calibrate_wand_files`.
    min_confidence : float
        Keypoints below are left out.

    Raises
    ------
    MocapError
        What reading and `calibration.points.recipe.calibrate_from_person` refuse; LENGTH_FORMAT, KEYPOINT_UNKNOWN,
        LENS_UNKNOWN, FEET_TOO_FEW.
    """
    if out is not None:
        check_output(out)
    rig = None if lenses is None else calibration.read_rig(lenses)
    on_feet = world == FEET
    if on_feet and how.rate_hz is None:
        raise KeypointError(
            f"The frame rate of {path} is not known, and contacts of the feet depend on it.",
            "Give the frame rate in Hz.",
            code="RATE_MISSING",
        )
    tracks, notes = _tracks(path, rig, image_sizes, how, min_confidence)
    tracks = replace(tracks, exchanged=partner_places(tracks.point_names))
    known = [parse_length(text, tracks.point_names) for text in lengths]
    landmarks = None if on_feet else _landmarks(world, tracks.camera_names, path)
    feet, kinds = foot_places(tracks.point_names) if on_feet else ([], [])
    found = calibrate_from_person(tracks, known, rig, None if on_feet else world, landmarks, max_frames)
    answer = found.rig
    if on_feet:
        sigma = float(np.median(found.quality.sigma_px))
        volume = found.points[np.isfinite(found.points).all(axis=2)]
        answer = rig_on_feet(found.rig, tracks.pixels[:, :, feet], kinds, how.rate_hz or 0.0, sigma, volume)
    if out is not None:
        write_rig(out, answer)
    return PointOutcome(answer, found.quality, found.scale_sd, notes)


def wand_from(name_or_path: Path) -> Wand:
    """Return the wand of a file, or of the preset of that name."""
    if not name_or_path.exists() and name_or_path.suffix != ".toml" and name_or_path.name == str(name_or_path):
        return read_wand(preset_path("wands", str(name_or_path)))
    return read_wand(name_or_path)


def parse_length(text: str, names: Sequence[str]) -> KnownLength:
    """Read 'RHip-RKnee=0.42+-0.005' (m, and its standard deviation).

    Raises
    ------
    ConfigError
        LENGTH_FORMAT
    KeypointError
        KEYPOINT_UNKNOWN
    """
    match = _LENGTH.fullmatch(text.strip())
    remedy = f"Write NAME-NAME=LENGTH+-SD in metres, such as RHip-RKnee=0.42+-0.005; keypoints: {', '.join(names)}."
    try:
        numbers = (float(match["length"]), float(match["sd"])) if match else None
    except ValueError:
        numbers = None
    if match is None or numbers is None:
        raise ConfigError(f"The known length '{text}' is not understood.", remedy, code="LENGTH_FORMAT")
    ends = match["ends"]
    cuts = [i for i, letter in enumerate(ends) if letter == "-"]
    fitting = [(ends[:i].strip(), ends[i + 1 :].strip()) for i in cuts]
    for one, other in fitting:
        if one in names and other in names and one != other:
            return KnownLength(list(names).index(one), list(names).index(other), *numbers)
    raise KeypointError(f"'{ends}' does not name two different keypoints.", remedy, code="KEYPOINT_UNKNOWN")


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


def foot_places(names: Sequence[str]) -> tuple[list[int], list[str]]:
    """Return the places of heels and toes among keypoints, and which of both each is.

    Raises
    ------
    KeypointError
        FEET_MISSING when there are not both.
    """
    found = [(place, kind) for place, name in enumerate(names) for key, kind in _FOOT.items() if key in name.lower()]
    if {kind for _, kind in found} != {"heel", "toe"}:
        raise KeypointError(
            f"There are no heels and toes among the keypoints {', '.join(names)}.",
            "Use a detector with heels and toes (BODY_25, HALPE_26), or choose another world.",
            code="FEET_MISSING",
        )
    # Small and big toes keep different heights.
    return [place for place, _ in found], [kind if kind == "heel" else _stem(names[place]) for place, kind in found]


def _stem(name: str) -> str:
    text = name.lower()
    return "small toe" if "small" in text else "toe"


def _tracks(
    path: Path,
    rig: CameraRig | None,
    image_sizes: Mapping[str, tuple[int, int]] | None,
    how: KeypointInput,
    min_confidence: float = 0.0,
) -> tuple[PointTracks, tuple[str, ...]]:
    sizes = dict(image_sizes or {}) if rig is None else {camera.name: camera.size for camera in rig}
    if len(sizes) < 2:
        raise ConfigError(
            "Neither the lenses nor the image sizes of two cameras are known.",
            "Give a calibration.toml with the lenses (--lenses), or the size of each camera's images.",
            code="LENS_UNKNOWN",
        )
    read = read_keypoints(
        path, source=how.source, camera_names=tuple(sizes), skeleton=how.skeleton, rate_hz=how.rate_hz or 1.0,
        declared=how.cameras or None, keypoints=how.names or None,
    )  # fmt: skip
    people, notes = read.people, [note.rstrip(".") for note in read.notes]
    keypoints = _one_person(people, rig, notes)
    pixels = np.where((keypoints.confidence >= min_confidence)[..., None], keypoints.pixels, np.nan)
    sizes_array = np.array([sizes[name] for name in sizes])
    names = keypoints.names
    tracks = PointTracks(pixels.astype(float), tuple(sizes), sizes_array, names, np.arange(len(names)))
    return tracks, tuple(notes)


def _one_person(people: PeopleKeypoints, rig: CameraRig | None, notes: list[str]) -> Keypoints2D:
    there = np.isfinite(people.pixels).all(axis=-1).any(axis=-1)
    several = there.sum(axis=2) > 1
    if several.any() and rig is not None:
        notes.append("several people: the one on whom the cameras agree best, as the given calibration has them stand")
        return choose_person(people, rig).keypoints
    if several.any():
        notes.append(f"{int(several.sum())} camera frames with several people left out")
    return people.chosen(np.where(several | ~there.any(axis=2), -1, there.argmax(axis=2)))


def _as_markers(tracks: PointTracks, wand: Wand) -> PointTracks:
    names = tracks.point_names
    if set(wand.names) <= set(names):
        order = [names.index(name) for name in wand.names]
    elif len(names) == wand.n_markers and not set(wand.names) & set(names):
        order = list(range(len(names)))
    else:
        raise KeypointError(
            f"The wand's markers are {', '.join(wand.names)}, the files hold {', '.join(names)}.",
            "Name the markers in wand.toml (names = [...]) as the files do.",
            code="MARKERS_UNKNOWN",
        )
    return PointTracks(
        tracks.pixels[:, :, order], tracks.camera_names, tracks.image_sizes, tuple(names[i] for i in order),
        wand.exchanged, wand.labelled,
    )  # fmt: skip


def _landmarks(world: str | None, names: tuple[str, ...], path: Path) -> Landmarks | None:
    choice = parse_world(world, names)
    if not choice.file:
        return None
    folder = path if path.is_dir() else path.parent
    beside = folder / choice.file
    return read_landmarks(beside if beside.exists() and not Path(choice.file).exists() else choice.file, names)
