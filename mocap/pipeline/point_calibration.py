"""Calibration without a board as a recipe: keypoint files of a wand or a walking person in, calibration file out."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

import calibration
from calibration.boards.wand import Wand, read_wand
from calibration.points.feet import in_world_of, rig_on_feet
from calibration.points.recipe import (
    PERSON_FRAMES,
    WAND_FRAMES,
    calibrate_from_person,
    calibrate_from_wand,
    no_length,
)
from calibration.world import Landmarks, parse_world, read_landmarks
from mocap.config.presets import preset_path
from mocap.errors import KeypointError
from mocap.pipeline.keypoint_input import KeypointInput
from mocap.pipeline.outputs import check_calibration_outputs
from mocap.pipeline.places import landmark_name, located
from mocap.pipeline.point_lengths import parse_lengths
from mocap.pipeline.point_report import PointOutcome, write_point_calibration
from mocap.pipeline.point_tracks import notes_on_movement, person_tracks, read_point_files, wand_tracks
from mocap.pipeline.recorded import dated, keypoint_files

FEET = "feet"  # the world's name where the person's own feet tell the floor
_FOOT = {"heel": "heel", "toe": "toe", "hallux": "toe"}


def calibrate_wand_files(
    path: Path,
    wand: Path,
    how: KeypointInput,
    out: Path | None = None,
    lenses: Path | None = None,
    image_sizes: Mapping[str, tuple[int, int]] | None = None,
    world: str | None = None,
    max_frames: int = WAND_FRAMES,
    lengths: Sequence[str] = (),
    report: bool = True,
    anyway: bool = False,
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
        Nothing is written or assessed without it; what is refused leaves the calibration file as it was.
    lenses : Path, optional
        A calibration file with the lenses of the cameras; poses in it are no part of the answer.
    image_sizes : mapping of str to (int, int), optional
        Width and height by camera; needed without `lenses`, and then the names of the cameras.
    world : str, optional
        As `calibration.calibrate` takes it, but no board on the floor.
    max_frames : int
    lengths : sequence of str
        Further lengths between markers, or between cameras, to hold against the wand.
    report, anyway : bool
        As `mocap.pipeline.point_report.write_point_calibration` takes them.

    Raises
    ------
    MocapError
        What reading and `calibration.points.recipe.calibrate_from_wand` refuse; LENGTH_FORMAT, LENGTH_UNITS,
        KEYPOINT_UNKNOWN, MARKERS_UNKNOWN, SEVERAL_WANDS,
        LENS_UNKNOWN.
    """
    if out is not None:
        check_calibration_outputs(out, report, _read(path, world, wand, lenses))
    described = wand_from(wand)
    rig = None if lenses is None else calibration.read_rig(lenses, lenses_alone=True)
    tracks, notes = wand_tracks(read_point_files(path, rig, image_sizes, how), described)
    landmarks = _landmarks(world, tracks.camera_names, path)
    known, tapes = parse_lengths(lengths, tracks.point_names, tracks.camera_names)
    found = calibrate_from_wand(
        tracks, described, rig, world, landmarks, max_frames, lengths=known, tapes=tapes
    )
    found = dated(found, keypoint_files(path))
    return write_point_calibration(found, (*notes, *notes_on_movement(tracks)), out, report, anyway)


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
    report: bool = True,
    anyway: bool = False,
) -> PointOutcome:
    """Calibrate from the keypoints of a person who walks about, and write the calibration file.

    Parameters
    ----------
    path, how, out, lenses, image_sizes, max_frames, report, anyway
        As in `calibrate_wand_files`. Where a camera shows several people, the one on whom most cameras agree is
        taken (`mocap.pipeline.point_tracks.person_tracks`).
    lengths : sequence of str
        Known lengths between keypoints, or between cameras, in m with their sd: 'RHip-RKnee=0.42+-0.005'.
    world : str, optional
        'feet' for the floor under the person's own heels and toes (gravity presumes a level floor), or as in
        `calibrate_wand_files`.
    min_confidence : float
        Keypoints below are left out.

    Raises
    ------
    MocapError
        What reading and `calibration.points.recipe.calibrate_from_person` refuse; SCALE_UNKNOWN, LENGTH_FORMAT,
        LENGTH_UNITS, KEYPOINT_UNKNOWN, SEVERAL_PEOPLE, LENS_UNKNOWN, FEET_TOO_FEW.
    """
    if out is not None:
        check_calibration_outputs(out, report, _read(path, world, lenses))
    if not lengths:
        raise no_length()
    rig = None if lenses is None else calibration.read_rig(lenses, lenses_alone=True)
    on_feet = world == FEET
    if on_feet and how.rate_hz is None:
        raise KeypointError(
            f"The frame rate of {path} is not known, and contacts of the feet depend on it.",
            "Give the frame rate in Hz.",
            code="RATE_MISSING",
        )
    files = read_point_files(path, rig, image_sizes, how)
    known, tapes = parse_lengths(lengths, files.people.names, tuple(files.image_sizes))
    tracks, notes = person_tracks(files, rig, known, min_confidence)
    landmarks = None if on_feet else _landmarks(world, tracks.camera_names, path)
    feet, kinds = foot_places(tracks.point_names) if on_feet else ([], [])
    found = calibrate_from_person(tracks, known, rig, None if on_feet else world, landmarks, max_frames, tapes=tapes)
    if on_feet:
        sigma = float(np.median(found.quality.sigma_px))
        volume = found.points[np.isfinite(found.points).all(axis=2)]
        rig = rig_on_feet(found.rig, tracks.pixels[:, :, feet], kinds, how.rate_hz or 0.0, sigma, volume)
        found = in_world_of(found, rig)
    found = dated(found, keypoint_files(path))
    return write_point_calibration(found, (*notes, *notes_on_movement(tracks)), out, report, anyway)


def _read(path: Path, world: str | None, *others: Path | None) -> list[Path]:
    marks = landmark_name(world)
    places = _places(path) if marks else ()
    return [path, *(one for one in others if one is not None), *(place / marks for place in places)]


def _places(path: Path) -> tuple[Path, Path]:
    """Where the landmarks may lie: where the program runs, and beside the keypoints."""
    return Path(), path if path.is_dir() else path.parent


def wand_from(name_or_path: Path) -> Wand:
    """Return the wand of a file, or of the preset of that name."""
    if not name_or_path.exists() and name_or_path.suffix != ".toml" and name_or_path.name == str(name_or_path):
        return read_wand(preset_path("wands", str(name_or_path)))
    return read_wand(name_or_path)


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


def _landmarks(world: str | None, names: tuple[str, ...], path: Path) -> Landmarks | None:
    choice = parse_world(world, names)
    return read_landmarks(located(choice.file, _places(path)), names) if choice.file else None
