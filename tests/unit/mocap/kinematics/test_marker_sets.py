"""Marker sets are found from labels, with prefixes, aliases and honest refusals."""

import numpy as np
import pytest

from mocap.config.presets import preset_names
from mocap.errors import ConfigError, KinematicsError
from mocap.kinematics.marker_sets import find_marker_set, match, read_marker_set, resolve
from mocap.skeleton import read_skeleton
from mocap.synthetic import LANDMARKS

PIG = ["LASI", "RASI", "LPSI", "RPSI", "LTHI", "LKNE", "LTIB", "LANK", "LHEE", "LTOE", "RKNE", "RANK", "RHEE", "RTOE"]


@pytest.mark.parametrize("name", preset_names("marker_sets"))
def test_every_preset_reads_and_finds_itself(name: str) -> None:
    marker_set = read_marker_set(name)
    found = find_marker_set([aliases[0] for aliases in marker_set.labels.values()])
    assert found.marker_set.kind == marker_set.kind
    assert found.label_of == {landmark: aliases[0] for landmark, aliases in marker_set.labels.items()}
    assert found.missing == ()


def test_synthetic_landmarks_are_all_known() -> None:
    found = find_marker_set(LANDMARKS)
    assert found.marker_set.name == "landmarks"
    assert set(found.label_of.values()) == set(LANDMARKS)


@pytest.mark.parametrize("prefix", ["", "A22:", "Lab:Subject 3:"])
def test_plug_in_gait_with_a_subject_prefix(prefix: str) -> None:
    found = find_marker_set([prefix + label for label in (*PIG, "C7")])
    assert found.marker_set.name == "plug-in-gait"
    assert found.label_of["RASIS"] == f"{prefix}RASI"
    assert "CLAV" in found.missing


@pytest.mark.parametrize("prefix", ["", "A22:"])
def test_plug_in_gait_of_the_lower_body_misses_no_trunk(prefix: str) -> None:
    found = find_marker_set([prefix + label for label in PIG])
    assert found.marker_set.name == "plug-in-gait-lower"
    assert set(found.missing) == {"RTHI", "RTIB", "SACR", "RKNM", "LKNM", "RANM", "LANM"}


@pytest.mark.parametrize("name", ["coco_17", "body_25", "body_25b", "halpe_26", "coco_wholebody", "mediapipe_33"])
def test_detector_skeletons_are_keypoints(name: str) -> None:
    found = find_marker_set(read_skeleton(name).keypoints)
    assert found.marker_set.kind == "keypoints"
    assert {"RHJC", "LHJC", "RKJC", "RAJC"} <= set(found.label_of)
    assert found.marker_set.name == name or name.startswith("body")


def test_unknown_labels_list_the_candidates() -> None:
    with pytest.raises(KinematicsError, match=r"MARKER_SET_UNKNOWN.*plug-in-gait \(0\)"):
        find_marker_set(["foo", "bar"])


def test_two_readings_of_equal_merit_are_ambiguous() -> None:
    # Four labels of one set and four of another.
    with pytest.raises(KinematicsError, match=r"MARKER_SET_AMBIGUOUS.*pelvis-spine-leg.*plug-in-gait"):
        find_marker_set(["RASI", "LASI", "RPSI", "LPSI", "RASIS", "LASIS", "RPSIS", "LPSIS"])


def test_two_people_are_refused() -> None:
    with pytest.raises(KinematicsError, match="TWO_SUBJECTS"):
        match(read_marker_set("plug-in-gait"), ["A:LASI", "B:LASI"])


def test_given_set_must_exist_and_fit() -> None:
    with pytest.raises(ConfigError, match="plug-in-gait"):
        resolve(PIG, "plugin-gait")
    with pytest.raises(KinematicsError, match="MARKER_SET_MISMATCH"):
        resolve(PIG, "coco_17")
    assert np.all([label in PIG for label in resolve(PIG, "plug-in-gait").label_of.values()])


@pytest.mark.parametrize("trunk", [(), ("C7", "T10", "CLAV", "STRN")])
def test_the_conventional_gait_model_2_1_has_its_medial_ankles(trunk: tuple[str, ...]) -> None:
    medial = [f"{side}{label}" for side in "RL" for label in ("KNM", "MED", "THI", "TIB")]
    found = find_marker_set([*dict.fromkeys([*PIG, *medial, *trunk])])
    assert found.marker_set.name == ("plug-in-gait" if trunk else "plug-in-gait-lower")
    assert [found.label_of[f"{side}MMAL"] for side in "RL"] == ["RMED", "LMED"]
    assert not {"RMMAL", "LMMAL", "RANM", "LANM"} & set(found.missing)
