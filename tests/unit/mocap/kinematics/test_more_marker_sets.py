"""Each marker set shows what its points can show; keypoints never a pelvis; a lab's own set is a file."""

import itertools
import json
from collections.abc import Sequence

import numpy as np
import pytest
from typer.testing import CliRunner

from mocap.cli import app
from mocap.config.presets import preset_names
from mocap.errors import KinematicsError
from mocap.kinematics import KinematicsOptions, joint_angles, kinematics
from mocap.kinematics.definitions import ANGLE_NAMES
from mocap.kinematics.marker_sets import find_marker_set, marker_set_of, read_marker_set
from mocap.storage import write_trial
from mocap.synthetic import default_subject, squat, static_standing
from mocap.trial import Points3D, Trial

SUBJECT = default_subject()
TRIAL = squat(SUBJECT, repetitions=1, rate_hz=50.0)
STATIC = static_standing(SUBJECT, seconds=1.0, rate_hz=50.0)
MARKERLESS = tuple(name for name in preset_names("marker_sets") if read_marker_set(name).kind == "keypoints")
SIDED = (
    "hip_flexion", "hip_adduction", "hip_rotation", "knee_flexion", "knee_varus", "knee_rotation",
    "ankle_dorsiflexion", "ankle_inversion", "shank_inclination", "thigh_elevation", "foot_progression",
)  # fmt: skip
CORE = {
    "pelvic_tilt", "pelvic_obliquity", "pelvic_rotation", "pelvic_tilt_conventional", "pelvic_tilt_clinical",
    "lumbar_flexion", "lumbar_lateral_bend", "lumbar_rotation", "thoracopelvic_flexion", "trunk_lean",
    *(f"{name}_{side}" for name in SIDED for side in "rl"),
}  # fmt: skip
NEVER = tuple(name for name in ANGLE_NAMES if name.startswith(("pelvic_", "lumbar_", "hip_", "thoracopelvic_")))


def body_points(trial) -> dict[str, np.ndarray]:
    """Every landmark of the synthetic person, and stand-ins for those that only other sets have, rigid with it."""
    found = {name: trial.points.point(name) for name in trial.points.names} | dict(trial.joint_centres)
    for side in "RL":
        found[f"{side}HIP"] = found[f"{side}HJC"]
        found[f"{side}BTOE"] = found[f"{side}TOE"] = found[f"{side}HALLUX"]
        found[f"{side}STOE"] = found[f"{side}MT5"]
        heel, toe, small = (found[side + name] for name in ("HEEL", "HALLUX", "MT5"))
        found |= {f"{side}FT{i}": heel + a * (toe - heel) + b * (small - heel) + np.cross(toe - heel, small - heel)
                  for i, (a, b) in enumerate(((0.3, 0.2), (0.6, 0.1), (0.4, 0.5)), start=1)}  # fmt: skip
        found[f"{side}MIDFOOT"] = (found[f"{side}MT1"] + found[f"{side}MT5"] + heel) / 3
        found |= {f"{side}{part}4": found[f"{side}{part}1"] for part in ("TH", "SH")}
        found[f"{side}TH5"] = found[f"{side}TH2"]
        found[f"{side}SHOULDER"], found[f"{side}STERNUM"] = found[f"{side}SJC"], found["CLAV"]
        found[f"{side}THI_WAND"], found[f"{side}TIB_WAND"] = found[f"{side}TH2"], found[f"{side}SH2"]
    found["SACR"] = (found["RPSIS"] + found["LPSIS"]) / 2
    found["NECK"], found["HEAD"] = found["C7"], found["VERTEX"]
    found["NOSE"] = found["VERTEX"] + 0.5 * (found["CLAV"] - found["C7"])
    found["MIDHIP"] = (found["RHJC"] + found["LHJC"]) / 2
    down = found["SACR"] - found["T12"]
    for step, name in enumerate(("L1", "L2", "L3", "L4", "L5", "S1"), start=1):
        found[name] = found["T12"] + step / 6 * down
    return found


def recorded(trial, marker_set: str, leave_out: tuple[str, ...] = (), prefix: str = "") -> Points3D:
    """The trial under the labels of a marker set."""
    found, labels = body_points(trial), read_marker_set(marker_set).labels
    kept = [name for name in labels if name not in leave_out]
    position = np.stack([found[name] for name in kept], axis=1)
    return Points3D(position, [prefix + labels[name][0] for name in kept], trial.points.rate_hz)


def thinned(points: Points3D) -> Points3D:
    return Points3D(points.position[::10], points.names, points.rate_hz / 10)


def shown(points: Points3D, static: Points3D | None = None, marker_set: str | None = None):
    return kinematics(points, marker_set, static, options=KinematicsOptions(heading_rad=TRIAL.motion.heading))


def observable(result) -> set[str]:
    return {one.name for one in result.angles.definitions if one.observable}


def close(result, name: str, atol_deg: float = 1e-6) -> bool:
    return bool(np.allclose(result.angles.deg(name), TRIAL.truth_deg(name), atol=atol_deg))


@pytest.mark.parametrize("name", preset_names("marker_sets"))
@pytest.mark.parametrize("prefix", ["", "Ben:"])
def test_every_set_is_found_from_its_labels_and_gives_true_angles(name: str, prefix: str) -> None:
    points, static = recorded(TRIAL, name, prefix=prefix), recorded(STATIC, name, prefix=prefix)
    found = find_marker_set(points.names)
    assert found.marker_set.kind == read_marker_set(name).kind
    result = shown(points, static, marker_set=name)
    there = observable(result)
    assert there
    # What does not depend on a set's own idea of lumbar curve, C7 line or bend is the truth, or not there.
    for angle in ("pelvic_tilt", "pelvic_obliquity", "hip_flexion_r", "hip_adduction_l", "thigh_elevation_r"):
        if angle in there:
            assert close(result, angle), angle
    assert ("pelvic_tilt" in there) == (name not in MARKERLESS)


def test_the_cgm2_sets_are_told_from_plug_in_gait() -> None:
    for name in ("cgm2-lower-body", "cgm2.4-lower-body", "plug-in-gait"):
        labels = recorded(TRIAL, name, ("SACR", "RMFE", "LMFE", "RMMAL", "LMMAL")).names
        assert find_marker_set(labels).marker_set.name == name


def test_cgm2_with_medial_markers_in_the_static_shows_the_legs() -> None:
    medial = ("RMFE", "LMFE", "RMMAL", "LMMAL", "RMT2", "LMT2", "SACR")
    points = recorded(TRIAL, "cgm2.4-lower-body", medial)
    result = shown(points, recorded(STATIC, "cgm2.4-lower-body", ("SACR",)))
    assert result.marker_set == "cgm2.4-lower-body"
    for name in ("pelvic_tilt", "hip_flexion_r", "hip_rotation_l", "knee_flexion_r", "knee_varus_l",
                 "ankle_dorsiflexion_r", "ankle_inversion_l"):  # fmt: skip
        assert close(result, name), name
    # Without the static the medial markers are missing, and what they cost is told.
    alone = kinematics(points)
    assert {"RKNM", "RMED", "LKNM", "LMED"} <= set(alone.missing)
    assert "hip_flexion_r" in alone.cost_of_missing["RKNM"]
    assert "ankle_dorsiflexion_l" in alone.cost_of_missing["LMED"]
    assert alone.cost_of_missing["RSMH"] == ()
    assert "SACR" not in alone.cost_of_missing


def test_the_fewest_markers_show_pelvis_spine_and_leg() -> None:
    result = shown(recorded(TRIAL, "pelvis-spine-leg"), recorded(STATIC, "pelvis-spine-leg"))
    assert result.marker_set == "pelvis-spine-leg"
    for name in ("pelvic_tilt", "hip_flexion_r", "knee_flexion_l", "ankle_dorsiflexion_r", "shank_inclination_l"):
        assert close(result, name), name
    assert "L-spine" in result.angles.definition("lumbar_flexion").method


def test_plates_alone_show_all_when_the_static_has_the_landmarks() -> None:
    landmarks = tuple(read_marker_set("plate-protocol").optional)
    result = shown(recorded(TRIAL, "plate-protocol", landmarks), recorded(STATIC, "plate-protocol"))
    assert result.marker_set == "plate-protocol"
    hidden = CORE - observable(result)
    assert hidden == {"thoracopelvic_flexion", "trunk_lean"}
    for name in CORE - hidden:
        assert close(result, name), name
    assert result.missing == ()


def test_mixed_sets_show_a_true_pelvis_and_limbs_by_keypoints() -> None:
    landmarks = ("RASIS", "LASIS", "RPSIS", "LPSIS")
    points = recorded(TRIAL, "mixed", landmarks)
    result = shown(points, recorded(STATIC, "mixed"))
    assert result.marker_set == "mixed"
    assert result.missing == ()
    for name in ("pelvic_tilt", "pelvic_obliquity", "pelvic_rotation", "lumbar_flexion", "lumbar_rotation",
                 "hip_flexion_r", "hip_adduction_l", "thigh_elevation_r"):  # fmt: skip
        assert close(result, name), name
    assert close(result, "knee_flexion_r", 0.5)  # the bend of three points, of a knee without varus
    assert "three-point" in result.angles.definition("knee_flexion_r").method
    assert "hip centre by harrington" in result.angles.definition("hip_flexion_r").method
    hidden = CORE - observable(result)
    assert hidden == {f"{name}_{side}" for side in "rl" for name in (
        "hip_rotation", "knee_varus", "knee_rotation", "ankle_dorsiflexion", "ankle_inversion"
    )} | {"thoracopelvic_flexion"}  # fmt: skip
    # Without the static the plate says nothing of the pelvis; the hips fall back on keypoints.
    alone = shown(points)
    assert not observable(alone) & set(NEVER)
    assert close(alone, "knee_flexion_r", 0.5)
    assert "hip keypoint" in alone.angles.definition("knee_flexion_r").method


CHOICES = list(itertools.product((False, True), ("auto", "plate", "landmarks"), ("flat", "anatomical"),
                                 ("upright", "any"), (False, True), ("harrington", "bell")))  # fmt: skip


def never_a_pelvis(name: str, choices: Sequence[tuple]) -> None:
    points, static = thinned(recorded(TRIAL, name)), recorded(STATIC, name)
    for with_static, pelvis, foot, posture, proxies, hip in choices:
        options = KinematicsOptions(pelvis=pelvis, foot=foot, posture=posture, proxies=proxies, hip_centre=hip)
        angles = joint_angles(points, static=static if with_static else None, options=options)
        for angle in NEVER:
            assert not np.isfinite(angles[angle]).any(), (angle, options)
            assert not angles.definition(angle).observable
            assert angles.definition(angle).reason
        assert ("pelvic_tilt_proxy" in angles.names) == proxies


@pytest.mark.parametrize("name", MARKERLESS)
def test_no_markerless_set_yields_a_pelvis_with_its_share_of_all_options(name: str) -> None:
    # Every combination is tried with one set, and every set with combinations from all over.
    shuffled = np.random.default_rng(0).permutation(len(CHOICES))
    never_a_pelvis(name, [CHOICES[index] for index in shuffled[MARKERLESS.index(name) :: len(MARKERLESS)]])


@pytest.mark.heavy
@pytest.mark.parametrize("name", MARKERLESS)
def test_no_markerless_set_ever_yields_a_pelvis_with_any_option(name: str) -> None:
    never_a_pelvis(name, CHOICES)


def test_the_proxy_has_its_own_name_and_says_what_it_is_not() -> None:
    options = KinematicsOptions(proxies=True)
    angles = kinematics(recorded(TRIAL, "halpe_26"), options=options).angles
    definition = angles.definition("pelvic_tilt_proxy")
    assert definition.observable
    assert definition.definition.startswith("NOT the tilt of the pelvis")
    np.testing.assert_array_equal(angles["pelvic_tilt_proxy"], angles["trunk_lean"])
    assert not angles.definition("pelvic_tilt").observable
    # Where the true tilt is there, nothing stands in for it.
    angles = kinematics(TRIAL.points, static=STATIC.points, options=options).angles
    assert "itself is observable" in angles.definition("pelvic_tilt_proxy").reason
    assert np.isnan(angles["pelvic_tilt_proxy"]).all()


OWN = """
kind = "markers"
[landmarks]
RASIS = ["hip_front_r"]
LASIS = ["hip_front_l"]
SACR = ["hip_back"]
RLFE = ["knee_r"]
LLFE = ["knee_l"]
"""


def test_a_labs_own_set_is_a_file(tmp_path) -> None:
    (tmp_path / "ours.toml").write_text(OWN)
    found = body_points(TRIAL)
    names = {"hip_front_r": "RASIS", "hip_front_l": "LASIS", "hip_back": "SACR", "knee_r": "RLFE"}
    points = Points3D(np.stack([found[name] for name in names.values()], axis=1), list(names), 50.0)
    write_trial(tmp_path / "a.h5", Trial("a", points=points))
    asked = ["kinematics", str(tmp_path / "a.h5"), "--out", str(tmp_path / "b.h5"), "--json"]
    out = CliRunner().invoke(app, [*asked, "--marker-set", str(tmp_path / "ours.toml")])
    assert out.exit_code == 0, out.output
    result = json.loads(out.stdout)
    tilt = next(one for one in result["angles"] if one["name"] == "pelvic_tilt")
    assert tilt["observable"]
    assert "SACR" in tilt["method"]
    assert any("ours" in note and "knee_l" in note for note in result["notes"])
    out = CliRunner().invoke(app, asked)
    assert isinstance(out.exception, KinematicsError)
    assert "MARKER_SET_UNKNOWN" in str(out.exception)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("kind = 3", "kind is 3"), ("kind = 'markers'", "no landmarks"), ("kind = [", "cannot be read"),
        ("kind = 'markers'\n[landmarks]\nRASIS = ['a']\nLASIS = ['A']", "doubled labels (a)"),
        ("kind = 'markers'\n[landmarks]\nRASIS = 'a'", "no list of labels (RASIS)"),
        ("kind = 'mixed'\n[landmarks]\nRASIS = ['a']", "mixed"),
        ("kind = 'markers'\noptinal = []\n[landmarks]\nRASIS = ['a']", "unknown entries (optinal)"),
        ("kind = 'markers'\ntold_by = ['b']\n[landmarks]\nRASIS = ['a']", "told by labels it has not (b)"),
        ("kind = 'markers'\noptional = 'a'\n[landmarks]\nRASIS = ['a']", "not a list of words (optional)"),
    ],
)  # fmt: skip
def test_a_faulty_file_is_refused_in_words(tmp_path, text: str, told: str) -> None:
    (tmp_path / "ours.toml").write_text(text)
    with pytest.raises(KinematicsError, match="MARKER_SET_FILE") as caught:
        read_marker_set(str(tmp_path / "ours.toml"))
    assert told in str(caught.value)


def test_a_missing_file_is_refused_in_words(tmp_path) -> None:
    with pytest.raises(KinematicsError, match=r"MARKER_SET_FILE.*nowhere\.toml"):
        read_marker_set(str(tmp_path / "nowhere.toml"))
    assert marker_set_of("x", {"kind": "markers", "landmarks": {"C7": ["c7"]}}).labels == {"C7": ("c7",)}
