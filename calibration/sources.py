"""Footage of the cameras: one video or one image folder per camera, read frame by frame in bounded memory."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.errors import FormatError, ShapeError, SourceError
from calibration.source_order import frame_indices, natural_text

VIDEO_SUFFIXES = (".mp4", ".avi", ".mov", ".mkv", ".m4v", ".mpg", ".mpeg", ".webm", ".wmv", ".mts", ".m2ts")
IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".pgm", ".webp")

# FFmpeg's own complaints would stand beside our one error line; OpenCV reads this when it opens its first video.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")


@dataclass(frozen=True)
class CameraSource:
    """Footage of one camera.

    Attributes
    ----------
    name : str
        The file's stem or the folder's name.
    path : Path
    kind : str
        'video' or 'images'.
    files : tuple of Path
        The images, in order; empty for a video.
    indices : tuple of int
        Frame index of each image; empty for a video, whose frames count from 0.
    """

    name: str
    path: Path
    kind: str
    files: tuple[Path, ...] = ()
    indices: tuple[int, ...] = ()


def find_sources(folder: str | Path) -> tuple[tuple[CameraSource, ...], tuple[Path, ...]]:
    """Find the footage of each camera in a folder.

    Parameters
    ----------
    folder : path
        Holds one video or one folder of images per camera.

    Returns
    -------
    sources : tuple of CameraSource
        In natural order of their names (cam_2 before cam_10).
    ignored : tuple of Path
        What is neither a video nor a folder of images, in the same order.

    Raises
    ------
    SourceError
        SOURCE_MISSING, SOURCE_EMPTY (no camera in it) or CAMERA_DOUBLE (two sources of one name).
    FormatError
        FRAMES_UNPAIRED: image folders whose files cannot be told to belong to the same moments.

    Notes
    -----
    Frames of the cameras correspond by index. Images get theirs from the last number in their name when all
    folders count alike, so that a lost image leaves a gap and does not shift what follows; otherwise by position.
    """
    folder = Path(folder)
    try:
        entries = sorted(folder.iterdir(), key=_natural)
        found = [_as_source(path) for path in entries]
    except OSError as error:
        raise SourceError(
            f"The folder {folder} cannot be read: {error.strerror or error}.",
            "Give the folder that holds one video or one image folder per camera.",
            code="SOURCE_MISSING",
        ) from error
    sources = [source for source in found if source is not None]
    ignored = tuple(path for path, source in zip(entries, found, strict=True) if source is None)
    if not sources:
        raise SourceError(
            f"{folder} holds no footage: {_what_instead(ignored)}.",
            "Put one video or one folder of images per camera directly into it, named like the camera.",
            code="SOURCE_EMPTY",
        )
    names = [source.name for source in sources]
    doubles = sorted({name for name in names if names.count(name) > 1}, key=natural_text)
    if doubles:
        raise SourceError(
            f"Several files or folders in {folder} are named like camera '{doubles[0]}'.",
            "Keep one video or one image folder per camera.",
            code="CAMERA_DOUBLE",
        )
    return tuple(_indexed(sources)), ignored


def frame_count(source: CameraSource) -> int | None:
    """Return the number of frames that the footage says it has, or None where a video does not say."""
    if source.kind == "images":
        return len(source.files)
    capture = _opened(source)
    try:
        count = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
    finally:
        capture.release()
    return count if count > 0 else None


def frame_size(source: CameraSource) -> tuple[int, int]:
    """Return width and height in px of the first frame."""
    for _, gray in iter_frames(source):
        return gray.shape[1], gray.shape[0]
    raise _unreadable(source, "holds no frame")


def iter_frames(
    source: CameraSource, every: int = 1, limit: int | None = None, *, colour: bool = False
) -> Iterator[tuple[int, NDArray]]:
    """Read frames one by one.

    Parameters
    ----------
    source : CameraSource
    every : int
        Yield only frames whose index is a multiple of it.
    limit : int, optional
        Stop before this index.
    colour : bool
        Give BGR images, not gray ones.

    Yields
    ------
    index : int
    image : ndarray of uint8, shape (height, width) or (height, width, 3)

    Raises
    ------
    SourceError
        VIDEO_UNREADABLE or IMAGE_UNREADABLE: it cannot be opened, holds no frame or ends early.
    FormatError
        IMAGE_SIZE: images of several sizes in one folder.
    """
    if every < 1:
        raise ShapeError(f"every = {every} is not at least 1.", "Give 1 to read every frame.")
    frames = _iter_images if source.kind == "images" else _iter_video
    yield from frames(source, every, limit, colour)


def _iter_images(source: CameraSource, every: int, limit: int | None, colour: bool) -> Iterator[tuple[int, NDArray]]:
    size = None
    for index, path in zip(source.indices, source.files, strict=True):
        if index % every or (limit is not None and index >= limit):
            continue
        image = _read_image(path, colour)
        if size is not None and image.shape != size:
            raise FormatError(
                f"{path} is {image.shape[1]} x {image.shape[0]} px, the images before it are {size[1]} x {size[0]} px.",
                "Keep only images of one recording, at one resolution, in a camera's folder.",
                code="IMAGE_SIZE",
            )
        size = image.shape
        yield index, image


def _read_image(path: Path, colour: bool) -> NDArray:
    # imdecode and not imread: imread prints its own warning, and fails on non-ASCII paths on some systems.
    try:
        data = np.fromfile(path, np.uint8)
        kind = cv2.IMREAD_COLOR if colour else cv2.IMREAD_GRAYSCALE
        image = cv2.imdecode(data, kind) if data.size else None
    except (OSError, cv2.error):
        image = None
    if image is None:
        raise SourceError(
            f"The image {path} is truncated or not an image.", "Copy it again, or remove it.", code="IMAGE_UNREADABLE"
        )
    return image


def _iter_video(source: CameraSource, every: int, limit: int | None, colour: bool) -> Iterator[tuple[int, NDArray]]:
    capture = _opened(source)
    try:
        promised = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
        index = 0
        while limit is None or index < limit:
            if not capture.grab():
                break
            if index % every == 0:
                ok, image = capture.retrieve()
                if not ok:
                    break
                yield index, image if colour or image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
            index += 1
        else:
            return
    finally:
        capture.release()
    if index == 0:
        raise _unreadable(source, "holds no frame that can be decoded")
    # Containers that store no count estimate it from the duration, so the last few frames prove nothing.
    if index < promised - max(2, promised // 50):
        raise _unreadable(source, f"ends after {index} of {promised} frames")


def _opened(source: CameraSource) -> cv2.VideoCapture:
    level = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(min(level, cv2.utils.logging.LOG_LEVEL_ERROR))  # our error line says it better
    try:
        # Only FFmpeg: another backend would take `cam_01.mp4` for the first of a sequence of images.
        capture = cv2.VideoCapture(str(source.path), cv2.CAP_FFMPEG)
    finally:
        cv2.utils.logging.setLogLevel(level)
    if not capture.isOpened():
        raise _unreadable(source, "cannot be opened as a video")
    return capture


def _unreadable(source: CameraSource, what: str) -> SourceError:
    return SourceError(
        f"The footage of camera '{source.name}' ({source.path}) {what}.",
        "Copy it again from the camera, or convert it to H.264 in an .mp4.",
        code="VIDEO_UNREADABLE" if source.kind == "video" else "IMAGE_UNREADABLE",
    )


def _as_source(path: Path) -> CameraSource | None:
    if path.name.startswith("."):
        return None
    if path.is_dir():
        images = sorted((file for file in path.iterdir() if _is_image(file)), key=_natural)
        return CameraSource(path.name, path, "images", tuple(images)) if images else None
    if path.suffix.lower() in VIDEO_SUFFIXES:
        return CameraSource(path.stem, path, "video")
    return None


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".") and path.is_file()


def _natural(path: Path) -> tuple:
    return natural_text(path.name)


def _what_instead(ignored: tuple[Path, ...]) -> str:
    if not ignored:
        return "it is empty"
    if any(_is_image(path) for path in ignored):
        return "its images lie directly in it, not in one folder per camera"
    return f"found only {', '.join(path.name for path in ignored[:5])}{', ...' if len(ignored) > 5 else ''}"


def _indexed(sources: list[CameraSource]) -> list[CameraSource]:
    """Give the images of all folders frame indices that mean the same moments."""
    indices = frame_indices({s.name: [file.stem for file in s.files] for s in sources if s.kind == "images"})
    return [replace(s, indices=indices[s.name]) if s.kind == "images" else s for s in sources]
