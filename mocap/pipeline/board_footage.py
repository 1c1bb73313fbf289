"""Board footage as the calibration takes it: which video is whose, corners found, the frames that show most."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from pathlib import Path

import numpy as np

from calibration.boards.targets import Target
from calibration.detection.footage import scan_board
from calibration.detection.tried import tried_frame
from calibration.errors import BoardError
from calibration.frame_choice import choose_frames
from calibration.observations import BoardObservations
from calibration.sources import CameraSource, frame_count
from calibration.world import WorldChoice
from mocap.errors import ConfigError, SourceError
from mocap.pipeline.output_kinds import PICTURE, is_alike, signed_picture
from mocap.pipeline.progress import Progress


@dataclass(frozen=True, eq=False)
class SeenBoard:
    """Corners of one board in the chosen frames, and what a user has to know of the rest."""

    observations: BoardObservations
    notes: tuple[str, ...]


def seen_board(
    sources: Sequence[CameraSource],
    board: Target,
    choice: WorldChoice,
    max_frames: int,
    progress: Progress,
    alone: bool = True,
    picture: Path | None = None,
) -> SeenBoard:
    """Find a board in the footage and choose the frames that together show most of it.

    Parameters
    ----------
    sources : sequence of CameraSource
    board : Board or TagObject
    choice : WorldChoice
        Frames in which the board lies on the floor are always kept.
    max_frames : int
        Largest number of frames; 0 for all.
    progress : callable
    alone : bool
        Whether this is the only board, so that every camera has to see it.
    picture : Path, optional
        PNG that shows what was tried, when the footage does not show the board as it is described.

    Raises
    ------
    BoardError
        As `detect_board`; the remedy names the picture.
    """
    label = "detect" if alone else f"detect {board.type} {board.dictionary or ''}".rstrip()
    floor = [frame for first, last in choice.spans for frame in range(first, last + 1)] if choice.on_floor else []
    try:
        scan = scan_board(
            sources,
            board,
            progress=lambda camera, done, total: progress(f"{label} in {camera}", done, total),
            by_every_camera=alone,
            keep=floor,
        )
    except BoardError as seen_otherwise:
        error = seen_otherwise if alone else _of_several(seen_otherwise, board)
        shown = None if picture is None else _shown(error, sources, board, picture)
        raise (shown or error) from seen_otherwise
    observations, notes = scan.observations, scan.notes
    if max_frames and observations.n_frames > max_frames:
        kept = np.flatnonzero(np.isin(observations.frame_ids, floor))
        chosen = choose_frames(observations, max(max_frames, len(kept)), keep=kept.tolist())
        notes = (*notes, f"{len(chosen)} of {observations.n_frames} frames with the board chosen for what they show")
        observations = observations.subset_frames(chosen)
    return SeenBoard(observations, notes)


def _of_several(error: BoardError, board: Target) -> BoardError:
    """Return the refusal of one board of several: what was found in its place may be another of them."""
    told = BoardError(
        f"Of several boards, the {board.describe()} is not seen as described. {error.cause}",
        "Record this board as well, leave it out, or correct its own file, unless what was found is another of the "
        "boards.",
        error.code,
    )
    told.cameras = error.cameras
    return told


def _shown(error: BoardError, sources: Sequence[CameraSource], board: Target, picture: Path) -> BoardError | None:
    """Leave a picture of what was tried and name it; None where it cannot be left: the refusal says enough."""
    about = [source for source in sources if source.name in (error.cameras or (source.name,))]
    tried = tried_frame(about, board)
    if tried is None:
        return None
    try:
        # Among the images of a camera it would be a frame of theirs the next time.
        among = picture.parent.resolve() in {source.path.resolve() for source in sources}
        if among or (picture.exists() and not is_alike(picture, PICTURE)):
            return None
        picture.write_bytes(signed_picture(tried.png()))
    except OSError:
        return None
    where = f"{picture} shows what was found in frame {tried.frame} of {tried.camera}."
    shown = BoardError(error.cause, f"{error.remedy.rstrip('.')}. {where}", error.code)
    shown.cameras = error.cameras
    return shown


def check_told_apart(boards: Sequence[Target]) -> None:
    """Refuse boards of one footage that show the same markers, or none.

    Raises
    ------
    BoardError
        BOARDS_ALIKE
    """
    marks = [board.dictionary or "no marker" for board in boards]
    for mark in marks:
        if marks.count(mark) > 1:
            raise BoardError(
                f"{marks.count(mark)} boards have {mark}, so that footage cannot tell them apart.",
                "Print each board with a dictionary of its own, or use one board.",
                code="BOARDS_ALIKE",
            )


def footage_notes(sources: Sequence[CameraSource]) -> tuple[str, ...]:
    """Return what has to be known of the footage as a whole: one camera alone, and recordings of unequal length."""
    if len(sources) == 1:
        return (f"{sources[0].name} is alone: its lens is calibrated, but there is no rig to measure points with",)
    return length_note(sources)


def length_note(sources: Sequence[CameraSource]) -> tuple[str, ...]:
    """Return the note that recordings are of unequal length; none where they are equal."""
    sentence = unequal_lengths(sources)
    return (sentence[:1].lower() + sentence[1:].rstrip("."),) if sentence else ()


def unequal_lengths(sources: Sequence[CameraSource]) -> str:
    """Return a sentence on recordings of unequal length; nothing where they are equal, or there is one alone."""
    lengths = {source.name: _length(source) for source in sources}
    known = [length for length in lengths.values() if length is not None]
    if len(set(known)) < 2:
        return ""
    told = ", ".join(f"{name} {length}" for name, length in lengths.items() if length is not None)
    return (
        f"The cameras have different numbers of frames ({told}): frames are paired by their index, so that all "
        "recordings have to begin at the same moment; the longer ones are alone at their end."
    )


def _length(source: CameraSource) -> int | None:
    """Frames from index 0 to the last, those that are missing among images included."""
    try:
        return source.indices[-1] + 1 if source.kind == "images" else frame_count(source)
    except SourceError:
        return None  # what cannot be read is refused where it is read


def files_of(sources: Sequence[CameraSource]) -> tuple[Path, ...]:
    """Return every file of the footage."""
    return tuple(path for source in sources for path in (source.files or (source.path,)))


def named_sources(
    sources: Sequence[CameraSource], ignored: Sequence[Path], patterns: Mapping[str, str]
) -> tuple[tuple[CameraSource, ...], tuple[Path, ...]]:
    """Give each camera of a session the footage that its pattern names.

    Raises
    ------
    ConfigError
        When a pattern fits no footage, or several.
    """
    named = []
    for name, pattern in patterns.items():
        fitting = [source for source in sources if pattern in {source.name, source.path.name}] or [
            source for source in sources if fnmatch(source.path.name, pattern) or fnmatch(source.name, pattern)
        ]
        if len(fitting) != 1:
            raise ConfigError(
                f"session.toml: the pattern '{pattern}' of camera '{name}' fits {[s.path.name for s in fitting]}; "
                f"the footage is {[s.path.name for s in sources]}.",
                "Give each camera in [cameras] a pattern that fits one file or folder.",
                code="CAMERA_PATTERN",
            )
        named.append(replace(fitting[0], name=name))
    used = {source.path for source in named}
    return tuple(named), (*ignored, *(source.path for source in sources if source.path not in used))
