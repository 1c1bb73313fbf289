"""The recordings that calibrate a person beyond the static: named by files, opened, and treated as the static is."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from mocap.config.plain_names import recorded_name
from mocap.kinematics import CalibrationRecordings, Clicked
from mocap.pipeline.digests import input_sha256
from mocap.trial import Points3D


@dataclass(frozen=True)
class RecordingPaths:
    """Files of calibration recordings (.h5, .c3d, .trc), all optional.

    Attributes
    ----------
    functional_hip, functional_knee : tuple of Path
        Movements of the hips and of the knees.
    closing : Path, optional
        A second static at the end.
    pivot : Path, optional
        A pointer that pivots about its tip.
    pointed : tuple of (str, Path)
        Landmarks, and recordings in which the pointer touches them.
    clicks : Path, optional
        A `landmarks.toml`: landmarks clicked in views of the static.
    """

    functional_hip: tuple[Path, ...] = ()
    functional_knee: tuple[Path, ...] = ()
    closing: Path | None = None
    pivot: Path | None = None
    pointed: tuple[tuple[str, Path], ...] = ()
    clicks: Path | None = None

    @property
    def files(self) -> tuple[Path, ...]:
        """Every file that is named, once."""
        single = (path for path in (self.closing, self.pivot) if path is not None)
        pointed = (path for _, path in self.pointed)
        return tuple(dict.fromkeys((*self.functional_hip, *self.functional_knee, *single, *pointed)))


NO_PATHS = RecordingPaths()


def open_recordings(
    paths: RecordingPaths, opened: Callable[[Path], Points3D], clicked: tuple[Clicked, ...] = ()
) -> CalibrationRecordings | None:
    """Return the recordings, or None when no file is named; `opened` reads one as the static is read."""
    if not paths.files and not clicked:
        return None
    points = {path: opened(path) for path in paths.files}
    return CalibrationRecordings(
        functional_hip=tuple(points[path] for path in paths.functional_hip),
        functional_knee=tuple(points[path] for path in paths.functional_knee),
        closing=points[paths.closing] if paths.closing is not None else None,
        pivot=points[paths.pivot] if paths.pivot is not None else None,
        pointed=tuple((name, points[path]) for name, path in paths.pointed),
        clicked=clicked,
    )


def recording_digests(paths: RecordingPaths, taken: Mapping[str, str] = MappingProxyType({})) -> dict[str, str]:
    """Return the SHA-256 of every file by its name, as `named_digests` does."""
    return named_digests([*paths.files, *([] if paths.clicks is None else [paths.clicks])], taken)


def named_digests(paths: Iterable[Path], taken: Mapping[str, str] = MappingProxyType({})) -> dict[str, str]:
    """Return the SHA-256 of files by name; of another file with a name already there, by name and number (`a.h5 (2)`).

    `taken` holds names and digests of files that are known already.
    """
    known = dict(taken)
    for path in paths:
        own = recorded_name(path.name)
        digest, name, number = input_sha256(path), own, 1
        while known.get(name, digest) != digest:
            number += 1
            name = f"{own} ({number})"
        known[name] = digest
    return {name: digest for name, digest in known.items() if name not in taken}
