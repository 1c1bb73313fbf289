"""The real geometry of plates from footage: the detector's corners, refined, written as a measured `plates.toml`."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from calibration import read_rig
from calibration.camera import CameraRig
from calibration.digits import counted, digits
from calibration.errors import SourceError
from calibration.sources import CameraSource, find_sources, frame_size
from mocap.config.plates import PlateSet, plates_text, read_plates, sd_of_confidence, with_corners
from mocap.errors import ConfigError, ReconstructionError
from mocap.keypoints.plates import TrackingOptions, make_plate_detector
from mocap.pipeline.detection_absence import strange_tags
from mocap.pipeline.output_kinds import Kind
from mocap.pipeline.outputs import check_outputs
from mocap.readers.video import iter_footage, read_video_info
from mocap.reconstruction.rigid_fit import Sights
from mocap.reconstruction.rigid_shape import MeasuredPlate, measure_plate, require_size
from mocap.sync import estimate_offsets
from mocap.trial import Keypoints2D

MEASURED = Kind("measured plates written here", rb'note = "measured', 4_000_000)
_MOMENTS = 200  # frames of the footage that are looked at
_SIZE_LIMIT = 0.02
_SD_PX = 0.01
_RATE_HZ = 25.0  # where nothing tells: it turns frames into seconds and back
_LEAST_MOMENTS = 10
_WORSE = 1.3  # by which out of step has to miss
Progress = Callable[[str, int, int | None], None]


@dataclass(frozen=True, eq=False)
class PlateCalibration:
    """What footage says of plates.

    Attributes
    ----------
    plates : PlateSet
        Those that were seen as measured, the others as drawn.
    measured : dict of str to MeasuredPlate
    unseen : tuple of str
        Plates that the footage does not show.
    notes : tuple of str
    """

    plates: PlateSet
    measured: dict[str, MeasuredPlate]
    unseen: tuple[str, ...]
    notes: tuple[str, ...]


def calibrate_plates(
    footage: Path, plates_path: Path, calibration: Path, out: Path, camera: str | None = None,
    progress: Progress | None = None,
) -> PlateCalibration:  # fmt: skip
    """Measure plates and write them.

    Parameters
    ----------
    footage : Path
        A video, a folder of images, or a folder with one of these per camera.
    plates_path, calibration : Path
        As drawn; the lens of the camera, or the cameras.
    out : Path
    camera : str, optional
        Which of the calibration a single video is of, where its name does not tell.
    progress : callable, optional

    Raises
    ------
    SourceError, ConfigError
        As reading does; CAMERA_UNKNOWN, CAMERA_SIZE.
    ReconstructionError
        PLATE_NOT_SEEN, PLATE_SIZE, PLATE_STEP (cameras out of step), or as `measure_plate`.
    """
    plates = read_plates(plates_path)
    check_outputs({out: MEASURED}, [footage, plates_path, calibration])
    rig, sources = _paired(footage, read_rig(calibration), camera)
    pixels, confidence, rate = _detected(sources, rig, plates, progress)
    if not np.isfinite(pixels).any():
        instead = strange_tags(sources, plates, blind=True, elsewhere=True)
        raise ReconstructionError(
            f"The footage shows none of the plates {', '.join(plate.name for plate in plates)}"
            f"{': ' if instead else ''}{'; '.join(instead)}.",
            "Check the dictionary and the ids, and film nearer: a tag has to be 20 px wide and more.",
            code="PLATE_NOT_SEEN",
        )
    _require_step(rig, Keypoints2D(pixels, confidence, plates.keypoint_names, rate))
    shown = np.isfinite(pixels[..., 0]).any(axis=(0, 2))
    result = _measured(plates, rig, pixels[:, shown], confidence[:, shown])
    out.write_text(plates_text(result.plates), encoding="utf-8")
    return result


def _paired(footage: Path, rig: CameraRig, camera: str | None) -> tuple[CameraRig, list[CameraSource]]:
    sources = _sources(footage)
    if len(sources) == 1:
        name = camera or (sources[0].name if sources[0].name in rig.names else None)
        name = rig.names[0] if name is None and len(rig) == 1 else name
        if name is None or name not in rig.names:
            raise ConfigError(
                f"Nothing says which camera '{sources[0].name}' is of; the calibration has {list(rig.names)}.",
                "Name it with --camera.",
                code="CAMERA_UNKNOWN",
            )
        names = [name]
    else:
        sources = [source for source in sources if source.name in rig.names]
        names = [source.name for source in sources]
        if not names:
            raise ConfigError(
                f"No footage in {footage} is named like a camera of the calibration: {list(rig.names)}.",
                "Name videos or folders like the cameras.",
                code="CAMERA_UNKNOWN",
            )
    rig = rig.subset(names)
    for own, source in zip(rig, sources, strict=True):
        size = read_video_info(source.path).size if source.kind == "video" else frame_size(source)
        if size != own.size:
            raise ConfigError(
                f"{source.path} has images of {size[0]} x {size[1]} px, the calibration of '{own.name}' is for "
                f"{own.size[0]} x {own.size[1]}.",
                "Use footage of the resolution that was calibrated.",
                code="CAMERA_SIZE",
            )
    return rig, sources


def _sources(footage: Path) -> list[CameraSource]:
    if footage.is_file():
        return [CameraSource(footage.stem, footage, "video")]
    try:
        return list(find_sources(footage)[0])
    except SourceError as error:
        if error.code != "SOURCE_EMPTY":
            raise
        # A folder of one camera's images.
        found = [source for source in find_sources(footage.absolute().parent)[0] if source.name == footage.name]
        if not found:
            raise
        return found


def _detected(
    sources: list[CameraSource], rig: CameraRig, plates: PlateSet, progress: Progress | None
) -> tuple[NDArray, NDArray, float]:
    """Return pixels, shape (camera, moment, keypoint, 2), confidences, and how many of the moments are in a second."""
    about = [read_video_info(source.path) for source in sources if source.kind == "video"]
    count = max([info.n_frames for info in about] + [len(source.files) for source in sources])
    rates = [rate for info in about for rate in (info.mean_rate_hz, info.tagged_rate_hz) if np.isfinite(rate)]
    every = max(1, count // _MOMENTS)
    seen: list[dict[int, tuple[NDArray, NDArray]]] = []
    for source, camera in zip(sources, rig, strict=True):
        # Moments far apart: nothing to follow from one to the next.
        detector = make_plate_detector(plates, camera.size, TrackingOptions(enabled=False))
        own = {}
        for index, gray in iter_footage(source, threads=1, stored=True):
            if index % every:
                continue
            found = detector.detect(gray)
            if len(found.pixels):
                own[index] = (found.pixels[0], found.confidence[0])
            if progress is not None:
                progress(f"plates in {camera.name}", index // every + 1, -(-count // every))
        seen.append(own)
    moments = range(0, count, every)
    pixels = np.full((len(rig), len(moments), len(plates.keypoint_names), 2), np.nan)
    confidence = np.zeros(pixels.shape[:3])
    for place, own in enumerate(seen):
        for row, moment in enumerate(moments):
            if moment in own:
                pixels[place, row], confidence[place, row] = own[moment]
    return pixels, confidence, (rates[0] if rates else _RATE_HZ) / every


def _require_step(rig: CameraRig, keypoints: Keypoints2D) -> None:
    """Refuse cameras that the movement of the plates proves out of step: what they saw are different moments."""
    if len(rig) < 2 or keypoints.n_frames < _LEAST_MOMENTS:
        return
    clocks = estimate_offsets(keypoints, rig)
    with np.errstate(invalid="ignore"):
        worse = clocks.error_before_px > _WORSE * clocks.error_after_px
    late = np.flatnonzero(clocks.shifted & worse)
    if len(late):
        raise ReconstructionError(
            f"The cameras are out of step: {' '.join(clocks.words)}",
            f"Cut the footage of {', '.join(rig.names[one] for one in late)} to begin with the others' "
            "(mocap sync tells by how much), or film with one camera alone.",
            code="PLATE_STEP",
        )


def _measured(plates: PlateSet, rig: CameraRig, pixels: NDArray, confidence: NDArray) -> PlateCalibration:
    made, measured, unseen, notes, first = [], {}, [], [], 0
    for plate in plates:
        place = slice(first, first + 4 * len(plate.ids))
        first = place.stop
        used = np.isfinite(pixels[:, :, place, 0]) & (confidence[:, :, place] > 0.2)
        if not used.any():
            unseen.append(plate.name)
            made.append(plate)
            continue
        variance = np.maximum(sd_of_confidence(np.where(used, confidence[:, :, place], 0.5)), _SD_PX) ** 2
        found = measure_plate(rig, plate, Sights(pixels[:, :, place], variance, used))
        require_size(plate, found.size_ratio, found.size_ratio_sd, _SIZE_LIMIT)
        words = said(found)
        made.append(with_corners(plate, found.corners_plate, f"measured: {words}"))
        measured[plate.name] = found
        notes.append(f"{plate.name}: {words}")
    if not measured:
        raise ReconstructionError(
            f"The footage shows the corners of {', '.join(unseen)} too blurred to be measured.",
            "Film nearer, slower and with more light.", code="PLATE_NOT_SEEN",
        )  # fmt: skip
    if unseen:
        notes.append(f"not in the footage, and left as drawn: {', '.join(unseen)}")
    return PlateCalibration(PlateSet(tuple(made)), measured, tuple(unseen), tuple(notes))


def said(found: MeasuredPlate) -> str:
    """Say what was measured, in one line."""
    words = [
        f"folded by {np.rad2deg(angle):.2f} +- {digits(np.rad2deg(sd), 1)} deg (drawn {np.rad2deg(drawn):.2f})"
        for angle, sd, drawn in zip(found.angles, found.angle_sds, found.drawn_angles, strict=True)
    ]
    words.append(f"corners up to {digits(1e3 * found.shift_m)} mm from the drawing")
    words.append(f"{counted(found.n_moments, 'moment')}, seen from {np.rad2deg(found.spread):.0f} deg")
    words.append(f"residual {digits(found.residual_px)} px")
    if np.isfinite(found.size_ratio):
        words.append(f"size by the cameras {100 * found.size_ratio:.2f} +- {100 * found.size_ratio_sd:.2f} %")
    return ", ".join(words)
