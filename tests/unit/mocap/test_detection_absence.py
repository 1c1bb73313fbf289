"""What is told where the tags that are looked for are not found: the footage shows others, or a mirror."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from calibration.sources import CameraSource, find_sources
from calibration.synthetic import RenderOptions, ring_rig
from mocap.config.plates import PlateSet, folded_plate, plates_text
from mocap.pipeline.detection import detect_folder
from mocap.pipeline.detection_absence import strange_tags
from mocap.pipeline.detection_footage import DetectionOptions, TrialDetection
from mocap.pipeline.detectors import DetectorRequest
from mocap.synthetic.plates import render_plates

SHOWN = folded_plate("sacrum", "pelvis", 0, 0.12)


@pytest.fixture(scope="module")
def filmed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Footage of a plate with tags 0 and 1, that of the second camera mirrored."""
    folder = tmp_path_factory.mktemp("filmed")
    camera = ring_rig(1, 0, size=(640, 480), radius_m=1.5).cameras[0]
    out = camera.centre_world - [0, 0, 1]
    out = out / np.linalg.norm(out)
    up = np.array([0.0, 0.0, 1.0]) - out[2] * out
    up = up / np.linalg.norm(up)
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = np.column_stack([np.cross(up, out), up, out]), [0, 0, 1]
    for name in ("seen", "mirrored"):
        (folder / name).mkdir()
        for index in range(3):
            image = render_plates(camera, [SHOWN], pose[None, None], index, RenderOptions(noise=2.0))
            cv2.imwrite(str(folder / name / f"{index}.png"), image if name == "seen" else image[:, ::-1])
    return folder


def sources(folder: Path, name: str) -> list[CameraSource]:
    return [source for source in find_sources(folder)[0] if source.name == name]


def test_strange_ids_another_dictionary_and_a_mirror_are_told(filmed: Path) -> None:
    other = PlateSet((folded_plate("sacrum", "pelvis", 20, 0.12),))
    said = ("seen shows tags 0, 1 of DICT_APRILTAG_36h11, which no plate has",)
    assert strange_tags(sources(filmed, "seen"), other, blind=False, elsewhere=False) == said
    known = PlateSet((SHOWN,))
    assert strange_tags(sources(filmed, "seen"), known, blind=False, elsewhere=False) == ()
    (mirror,) = strange_tags(sources(filmed, "mirrored"), known, blind=True, elsewhere=False)
    assert mirror.startswith("mirrored shows tags 0, 1 as in a mirror: switch off the mirror option")
    small = PlateSet((folded_plate("sacrum", "pelvis", 0, 0.12, dictionary="DICT_4X4_50"),))
    assert strange_tags(sources(filmed, "seen"), small, blind=True, elsewhere=False) == ()
    assert strange_tags(sources(filmed, "seen"), small, blind=True, elsewhere=True) == (
        "seen shows tags 0, 1 of DICT_APRILTAG_36h11; the plates are of DICT_4X4_50",
    )


def detected(footage: Path, plates: PlateSet, out: Path) -> TrialDetection:
    (out.parent / "plates.toml").write_text(plates_text(plates), encoding="utf-8")
    request = DetectorRequest(plates=out.parent / "plates.toml")
    return detect_folder(footage, request, lambda *_: None, DetectionOptions(jobs=1), out)


def test_detection_tells_what_cameras_show_instead(filmed: Path, tmp_path: Path) -> None:
    half = detected(filmed, PlateSet((SHOWN, folded_plate("t12", "lumbar", 8, 0.12))), tmp_path / "half")
    assert not half.refused and sum("mirrored shows tags 0, 1 as in a mirror" in note for note in half.notes) == 1
    nothing = detected(filmed, PlateSet((folded_plate("sacrum", "pelvis", 20, 0.12),)), tmp_path / "nothing")
    assert "seen shows tags 0, 1 of DICT_APRILTAG_36h11, which no plate has" in nothing.refused
    assert "correct the description" in nothing.refused
