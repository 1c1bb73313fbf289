"""The detectors that `mocap detect` knows: each made anew, from plain files, wherever the images of a camera are."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from calibration.sources import CameraSource
from mocap.config.pose_model import PoseModelFile, read_pose_model
from mocap.errors import ConfigError, SourceError
from mocap.keypoints.detector import Detector
from mocap.skeleton import read_skeleton

if TYPE_CHECKING:
    from mocap.config.plates import PlateSet
    from mocap.keypoints.markers.options import BlobOptions
    from mocap.pipeline.detection_markers import MarkerLabelling

#: Skeletons of the usual numbers of keypoints, where a model names none.
_USUAL = {17: "coco_17", 26: "halpe_26", 133: "coco_wholebody"}


@dataclass(frozen=True)
class DetectorRequest:
    """What is to find the keypoints.

    Attributes
    ----------
    detector : str
        `auto`, a key of `DETECTORS`, or the path of an ONNX file.
    sha256 : str, optional
        Of the ONNX file.
    plates : Path or str, optional
        A `plates.toml`, or a preset.
    marker_set : Path, optional
        Standing trial (.h5, .c3d or .trc) whose labelled markers tell round markers apart.
    calibration : Path, optional
        Of the cameras; round markers are told apart through it.
    skeleton : str, optional
        Of an ONNX model, where the file beside it does not name it.
    markers : str, optional
        `bright` round markers on darker surroundings, `dark` ones on brighter, or `auto`: those among which
        the marker set is found; bright when left out.
    """

    detector: str = "auto"
    sha256: str | None = None
    plates: Path | str | None = None
    marker_set: Path | None = None
    calibration: Path | None = None
    skeleton: str | None = None
    markers: str | None = None


@dataclass(frozen=True)
class PreparedDetector:
    """A detector ready to be made for each camera, in whatever process.

    Attributes
    ----------
    name : str
    make : callable
        From the width and height of the images; survives being sent to another process.
    facts : mapping of str to str
        All that its answers depend on: digests of its files, versions.
    notes : tuple of str
        What a user should know of it.
    colour : bool
        Whether it wants colours.
    stored : bool
        Whether gray levels as a video stores them will do.
    labelling : MarkerLabelling, optional
        What names the spots of all cameras, where they have no names of their own.
    drawn : int, optional
        Only the first so many of its keypoints are places in the image; all when left out.
    explain : callable, optional
        From cameras that lack keypoints, whether they have none at all, and whether nobody has any: clauses on what
        they show instead.
    """

    name: str
    make: Callable[[tuple[int, int]], Detector]
    facts: Mapping[str, str]
    notes: tuple[str, ...] = ()
    colour: bool = True
    stored: bool = False
    labelling: "MarkerLabelling | None" = None
    drawn: int | None = None
    explain: Callable[[Sequence[CameraSource], bool, bool], tuple[str, ...]] | None = None


@dataclass(frozen=True)
class DetectorKind:
    """One way to find keypoints: what it is, and how a request is prepared."""

    description: str
    prepare: Callable[[DetectorRequest], PreparedDetector]


def prepare_detector(request: DetectorRequest) -> PreparedDetector:
    """Return the detector of a request; `auto` takes what was named: plates, then markers, else the pose model.

    Raises
    ------
    ConfigError
        DETECTOR_UNKNOWN, EXTRA_MISSING, MODEL_DIGEST, MODEL_MISSING for a digest without an ONNX model, and those of
        the files that are named.
    """
    name = request.detector
    if name == "auto":
        name = "plates" if request.plates is not None else "markers" if request.marker_set else "mediapipe"
    if name.lower().endswith(".onnx"):
        return _prepare_onnx(request)
    if name not in DETECTORS:
        known = ", ".join(f"{key} ({kind.description})" for key, kind in DETECTORS.items())
        raise ConfigError(
            f"There is no detector '{name}'.", f"Known: {known}, or the path of an .onnx file.", code="DETECTOR_UNKNOWN"
        )
    if request.sha256 is not None:
        raise ConfigError(
            f"A digest is given (sha256 {request.sha256[:12]}), and no ONNX model that it could be of: the detector is "
            f"'{name}'.",
            "Name the model, as in --detector rtmpose.onnx, or leave --sha256 out.",
            code="MODEL_MISSING",
        )
    return DETECTORS[name].prepare(request)


def _prepare_mediapipe(request: DetectorRequest) -> PreparedDetector:
    from mocap.keypoints.pose.mediapipe_pose import mediapipe_version, require_mediapipe

    require_mediapipe()
    note = "keypoints of MediaPipe are good for a demonstration and poor for a lab; use an ONNX pose model or plates"
    return PreparedDetector("mediapipe", _make_mediapipe, {"mediapipe": mediapipe_version()}, (note,))


def _make_mediapipe(_size: tuple[int, int]) -> Detector:
    from mocap.keypoints.pose.mediapipe_pose import MediaPipeDetector

    return MediaPipeDetector()


def _prepare_plates(request: DetectorRequest) -> PreparedDetector:
    if request.plates is None:
        raise ConfigError(
            "Plates are to be found, but none are described.",
            "Give --plates PLATES.toml, or plates = \"PLATES.toml\" in [keypoints].", code="PLATES_MISSING",
        )  # fmt: skip
    from mocap.config.plates import read_plates

    plates = read_plates(request.plates)
    facts = {"plates": repr(plates), "levels": "as stored"}
    return PreparedDetector(
        "plates", partial(_make_plates, request.plates), facts, colour=False, stored=True,
        explain=partial(_explain_plates, plates),
    )  # fmt: skip


def _explain_plates(
    plates: "PlateSet", sources: Sequence[CameraSource], blind: bool, elsewhere: bool
) -> tuple[str, ...]:
    from mocap.pipeline.detection_absence import strange_tags

    return strange_tags(sources, plates, blind, elsewhere)


def _make_plates(plates: Path | str, size: tuple[int, int]) -> Detector:
    from mocap.config.plates import read_plates
    from mocap.keypoints.plates import make_plate_detector

    return make_plate_detector(read_plates(plates), size)


def _prepare_onnx(request: DetectorRequest) -> PreparedDetector:
    from mocap.keypoints.pose.model import check_digest

    path = Path(request.detector)
    content = _content(path)
    beside = path.with_suffix(".toml")
    described = read_pose_model(beside) if beside.is_file() else PoseModelFile()
    digest = check_digest(content, request.sha256 or described.sha256, path.name)
    facts = {"model": digest, "described": repr(described), "skeleton": request.skeleton or ""}
    if described.person is not None:
        person = path.parent / described.person.file
        facts["person"] = check_digest(_content(person), described.person.sha256, person.name)
    names, note = _names(request, described, content)
    make = partial(_make_onnx, path, described, names)
    make((64, 64))  # what is wrong with it is told once, and not by every camera
    notes = (note,) if note else ()
    if described.person is None:
        notes = (*notes, "without a person detector one person is followed, who has to fill much of the first image")
    return PreparedDetector(path.stem, make, facts, notes)


def _make_onnx(path: Path, described: PoseModelFile, names: tuple[str, ...], _size: tuple[int, int]) -> Detector:
    from mocap.keypoints.pose.model import PersonModel, PoseModel
    from mocap.keypoints.pose.onnx_pose import OnnxPoseDetector

    model = PoseModel(names=names, **_given(described, ("skeleton", "names", "sha256", "person")))
    person = None
    if described.person is not None:
        how = PersonModel(**_given(described.person, ("file", "sha256")))
        person = (_content(path.parent / described.person.file), how)
    return OnnxPoseDetector(_content(path), model, person)


def _given(described: object, without: Sequence[str]) -> dict:
    return {name: value for name, value in vars(described).items() if name not in without and value is not None}


def _names(request: DetectorRequest, described: PoseModelFile, content: bytes) -> tuple[tuple[str, ...], str]:
    """Return the names of a model's keypoints, and a note where they were told from their number alone."""
    if described.names and request.skeleton is None:
        return described.names, ""
    skeleton = request.skeleton or described.skeleton
    if skeleton is not None:
        return read_skeleton(skeleton).keypoints, ""
    from mocap.keypoints.pose.model import OnnxModel

    count = OnnxModel(content, "The pose model", described.input_size or (192, 256)).n_keypoints
    if count not in _USUAL:
        raise ConfigError(
            f"Nothing names the {count or 'keypoints'} keypoints of {Path(request.detector).name}.",
            "Give --skeleton NAME, or skeleton or names in a .toml of the model's name beside it.",
            code="SKELETON_MISSING",
        )
    usual = _USUAL[count]
    return read_skeleton(usual).keypoints, f"the model has {count} keypoints, taken for those of {usual}"


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SourceError(
            f"The model {path} cannot be read: {error.strerror}.", "Check the path.", code="FILE_MISSING"
        ) from error


def _prepare_markers(request: DetectorRequest) -> PreparedDetector:
    from mocap.keypoints.markers.options import BlobOptions
    from mocap.pipeline.detection_markers import require_labelling, standing_markers

    labelling = require_labelling(request.calibration, request.marker_set)
    standing_markers(labelling.standing)  # what is wrong with it is told before the work
    options = BlobOptions(polarity=request.markers or "bright")
    facts = {"options": repr(options), "kept": "spot, axes, quality, shape"}
    return PreparedDetector(
        "markers", partial(_make_spots, options), facts, colour=False, labelling=labelling, drawn=1
    )


def _make_spots(options: "BlobOptions", _size: tuple[int, int]) -> Detector:
    from mocap.pipeline.detection_markers import SpotDetector

    return SpotDetector(options)


DETECTORS: Mapping[str, DetectorKind] = {
    "mediapipe": DetectorKind("the embedded pose model, for demonstrations", _prepare_mediapipe),
    "plates": DetectorKind("plates with square tags", _prepare_plates),
    "markers": DetectorKind("round markers", _prepare_markers),
}

