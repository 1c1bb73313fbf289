"""Whether the board of the footage is the one of the session, and whether the cameras can be joined by it."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull, QhullError

from calibration.boards.targets import Target
from calibration.detection.corners import detect_corners
from calibration.detection.diagnosis import explain_absence, explain_blind_camera
from calibration.detection.pattern import usable_view
from mocap.doctor.clips import CALIBRATION, Clip
from mocap.doctor.finding import LOOK, STOP, Finding, refused

_LEAST_CORNERS = 6
_EXPLAINED = 4
_COVERED = 0.08  # in some pictures; the calibration itself judges more finely
_FEW = 0.15  # of the pictures


def board_findings(clips: Sequence[Clip], board: Target, floor: Sequence[tuple[int, int]]) -> Iterator[Finding]:
    """Yield what is wrong with board footage.

    Parameters
    ----------
    clips : sequence of Clip
        Of the calibration, with pictures of the same frames.
    board : Board or TagObject
    floor : sequence of (int, int)
        Frames in which it is said to lie on the floor.
    """
    usable = [clip for clip in clips if clip.pictures]
    seen = {clip.camera: _views(clip, board) for clip in usable}
    blind = [clip for clip in usable if not seen[clip.camera]]
    if not usable:
        return
    if len(blind) == len(usable):
        images = [image for clip in usable for image in _few(clip)]
        yield refused(explain_absence(images, board), CALIBRATION)
        return
    for clip in blind:
        error = explain_blind_camera([clip.camera], _few(clip), board)
        yield refused(error, clip.about)
    for clip in usable:
        if clip not in blind:
            yield from _coverage(clip, seen[clip.camera])
    yield from _apart(usable, seen)
    yield from _floor(usable, seen, floor)


def _few(clip: Clip) -> list[NDArray]:
    """Some of its pictures: trying every dictionary on all of them takes minutes."""
    images = list(clip.pictures.values())
    return images[:: max(1, len(images) // _EXPLAINED)]


def _views(clip: Clip, board: Target) -> dict[int, NDArray]:
    found = {frame: detect_corners(image, board) for frame, image in clip.pictures.items()}
    return {frame: pixels for frame, pixels in found.items() if usable_view(pixels, board, _LEAST_CORNERS)}


def _coverage(clip: Clip, views: Mapping[int, NDArray]) -> Iterator[Finding]:
    points = np.concatenate([pixels[np.isfinite(pixels[:, 0])] for pixels in views.values()])
    try:
        share = ConvexHull(points).volume / (clip.size[0] * clip.size[1])
    except QhullError:
        share = 0.0
    if len(views) < max(2, _FEW * len(clip.pictures)):
        yield Finding(
            "BOARD_FEW_VIEWS", LOOK, clip.about,
            f"The board is seen in {len(views)} of {len(clip.pictures)} pictures that were looked at.",
            "Show it to this camera for longer: near and far, tilted, in the corners of the picture.",
        )  # fmt: skip
    elif share < _COVERED:
        yield Finding(
            "BOARD_COVERAGE", LOOK, clip.about, f"The board reached {share:.0%} of the picture.",
            "Carry it to the edges and corners of this camera's picture, close enough to fill a third of it.",
        )  # fmt: skip


def _apart(clips: Sequence[Clip], seen: Mapping[str, Mapping[int, NDArray]]) -> Iterator[Finding]:
    names = tuple(clip.camera for clip in clips if seen[clip.camera])
    frames = sorted({frame for name in names for frame in seen[name]})
    if len(names) < 2:
        return
    there = np.array([[frame in seen[name] for frame in frames] for name in names])
    shared = there.astype(int) @ there.T.astype(int)
    groups = _groups(shared > 0)
    if len(groups) > 1:
        told = "; ".join(", ".join(names[member] for member in group) for group in groups)
        yield Finding(
            "CAMERAS_APART", STOP, CALIBRATION,
            f"In the pictures that were looked at, no board is seen by two cameras of different groups: {told}.",
            "Film the board where cameras of two groups see it at the same time, until all are joined.",
        )  # fmt: skip


def _groups(joined: NDArray) -> list[list[int]]:
    left, groups = set(range(len(joined))), []
    while left:
        group, edge = set(), {min(left)}
        while edge:
            group |= edge
            edge = {other for one in edge for other in np.flatnonzero(joined[one]).tolist()} - group
        groups.append(sorted(group))
        left -= group
    return groups


def _floor(
    clips: Sequence[Clip], seen: Mapping[str, Mapping[int, NDArray]], floor: Sequence[tuple[int, int]]
) -> Iterator[Finding]:
    shortest = min(clip.n_frames for clip in clips)
    for first, last in floor:
        words = f"frame {first}" if first == last else f"frames {first} to {last}"
        if last >= shortest:
            yield Finding(
                "FLOOR_FRAMES", STOP, CALIBRATION,
                f"The board is said to lie on the floor in {words}, and the footage has {shortest} frames.",
                "Mend world in [calibration]; frames count from 0.",
            )  # fmt: skip
        elif not any(first <= frame <= last for views in seen.values() for frame in views):
            yield Finding(
                "FLOOR_NOT_SEEN", STOP, CALIBRATION,
                f"No camera sees the board in {words}, where it is said to lie flat.",
                "Name the frames in which it lies on the floor (world in [calibration]), or lay it down and film it.",
            )  # fmt: skip
