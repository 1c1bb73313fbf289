"""Calibrations between programs: read, complete, hold to the footage, write."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from calibration import CameraRig
from calibration.formats import check_image_sizes, format_named, read_parts, rescale_rig, write_calibration
from calibration.formats.combine import merge_parts
from calibration.formats.exchange import with_size
from calibration.formats.fields import MAX_PIXELS
from calibration.formats.parts import RigParts
from mocap.errors import ConfigError
from mocap.pipeline.outputs import check_new, check_nothing_lost, check_output


@dataclass(frozen=True)
class CalibrationInput:
    """One calibration file and what the user says of it.

    Attributes
    ----------
    path : Path
    format : str or None
        Found from the content when None.
    units : str or None
        Needed where the format implies none.
    """

    path: Path
    format: str | None = None
    units: str | None = None


@dataclass(frozen=True)
class Converted:
    """What was written, and what has to be told.

    Attributes
    ----------
    rig : CameraRig
    source_format : str
    notes : tuple of str
    """

    rig: CameraRig
    source_format: str
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Footage:
    """What is known of the images.

    Attributes
    ----------
    sizes : mapping of str to (width, height)
        Given where the calibration does not say them, by camera; the empty name stands for all others.
    folder : Path or None
        Footage to hold the calibration to.
    rescale : bool
        Rescale the calibration to the footage.
    """

    sizes: Mapping[str, tuple[int, int]]
    folder: Path | None = None
    rescale: bool = False


def convert_to_file(
    source: CalibrationInput,
    to: str,
    out: Path,
    out_units: str | None,
    footage: Footage,
    poses: CalibrationInput | None = None,
    z_up: bool = False,
) -> Converted:
    """Convert a calibration and write it; nothing is written unless all of it can be.

    Parameters
    ----------
    source : CalibrationInput
        All of the calibration, or its lenses.
    to, out, out_units
        As `calibration.formats.write_calibration` takes them.
    footage : Footage
    poses : CalibrationInput, optional
        Where to take the poses from, by camera name.
    z_up : bool
        State that Z points up, where the calibration does not know.
    """
    target = format_named(to)
    if not target.pair:
        check_output(out)
    inputs = [source, *([poses] if poses is not None else [])]
    written = [out / name for name in target.pair] or [out]
    check_nothing_lost(written, [file for one in inputs for file in (one.path, *(one.path / f.name for f in written))])
    parts, row = read_parts(source.path, source.format, source.units)
    what = source.path.name
    if poses is not None:
        other, _ = read_parts(poses.path, poses.format, poses.units)
        parts, what = merge_parts(parts, other), f"{what} with the poses of {poses.path.name}"
    rig = _sized(parts, footage.sizes, what).complete(what)
    rig, notes = _held_to_footage(rig, footage)
    if z_up and rig.gravity_known:
        notes += (f"gravity was known already ({rig.metadata.get('gravity')}): --z-up changes nothing",)
    elif z_up:
        rig = CameraRig(rig.cameras, {**rig.metadata, "gravity": "Z up, as stated by the user"}, rig.covariance)
    check_new(written)
    lost = write_calibration(out, rig, to, out_units)
    return Converted(rig, row.name, _told(parts, notes, lost))


def _sized(parts: RigParts, sizes: Mapping[str, tuple[int, int]], what: str) -> RigParts:
    """Fill in the sizes that the file lacks; what was said in vain, or against the file, is refused."""
    named = {one.name: one for one in parts.cameras}
    strange = sorted(set(sizes) - {"", *named})
    if strange:
        raise ConfigError(
            f"--size is given for {strange}; the cameras of {what} are {list(named)}.",
            "Name the camera as the calibration names it.",
            code="CAMERA_UNKNOWN",
        )
    given = {name: sizes.get(name, sizes.get("")) for name, one in named.items()
             if name in sizes or all(other.size for other in parts.cameras)}  # fmt: skip
    differ = [f"'{name}' {named[name].size} px, not {size}" for name, size in given.items()
              if size is not None and named[name].size is not None and named[name].size != size]  # fmt: skip
    if differ:
        raise ConfigError(
            f"{what} gives its own sizes of the image: {'; '.join(differ)}.",
            "Leave --size out; where footage was made smaller, give it with --footage and --rescale.",
            code="CALIBRATION_SIZE",
        )
    return with_size(parts, sizes, sizes.get(""))


def _held_to_footage(rig: CameraRig, footage: Footage) -> tuple[CameraRig, tuple[str, ...]]:
    if footage.folder is None:
        if footage.rescale:
            raise ConfigError("There is nothing to rescale to.", "Give the footage too.", code="NO_FOOTAGE")
        return rig, ()
    from calibration.sources import find_sources, frame_size

    sources, _ = find_sources(footage.folder)
    sizes = {one.name: frame_size(one) for one in sources}
    if not footage.rescale:
        check_image_sizes(rig, sizes)
        return rig, ()
    scaled = rescale_rig(rig, sizes)
    changed = [f"{new.name} to {new.size[0]} x {new.size[1]} px"
               for old, new in zip(rig, scaled, strict=True) if old.size != new.size]  # fmt: skip
    return scaled, (f"rescaled: {', '.join(changed)}",) if changed else ()


def _told(parts: RigParts, *more: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*parts.notes, *(note for notes in more for note in notes))))


def sizes_of(texts: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Return sizes by camera of texts such as `1920x1080` (for all) or `left=1920x1080`.

    Raises
    ------
    ConfigError
        SIZE_NOT_UNDERSTOOD
    """
    sizes = {}
    for text in texts:
        name, _, size = text.rpartition("=")
        width, _, height = size.lower().partition("x")
        counted = len(size) < 14 and all(side.isascii() and side.isdigit() for side in (width, height))
        if not counted or not all(0 < int(side) <= MAX_PIXELS for side in (width, height)):
            raise ConfigError(
                f"The size '{text}' is not WIDTHxHEIGHT.", "Write 1920x1080, or left=1920x1080.",
                code="SIZE_NOT_UNDERSTOOD",
            )  # fmt: skip
        sizes[name] = (int(width), int(height))
    return sizes
