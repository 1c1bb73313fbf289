"""Where the measures of a person come from, and what is refused."""

import numpy as np
import pytest

from mocap.errors import KinematicsError
from mocap.kinematics import KinematicsOptions
from mocap.kinematics.plug_in_gait.measures import Measures, find_measures
from mocap.readers.c3d_parts import subject_of

LEG = ("LFE", "THI_WAND", "LMAL", "TIB_WAND", "HEEL", "MT2")


def _markers(width: float = 0.24, sides: str = "RL") -> dict[str, np.ndarray]:
    names = ["RPSIS", "LPSIS", *(side + name for side in sides for name in LEG)]
    points = {name: np.zeros((5, 3)) for name in names}
    return points | {"RASIS": np.tile([0, 0, width / 2], (5, 1)), "LASIS": np.tile([0, 0, -width / 2], (5, 1))}


def _file(**changed: float) -> dict[str, float | str]:
    told = {f"{name}_{side}_m": value for side in "rl"
            for name, value in (("leg_length", 0.9), ("knee_width", 0.1), ("ankle_width", 0.07))}  # fmt: skip
    return {**told, "mass_kg": 70.0, "name": "X", **changed}


def _find(trial=None, static=None, subject=None, static_subject=None, **options) -> Measures:
    chosen = KinematicsOptions(model="plug-in-gait", **options)
    return find_measures(chosen, trial or _markers(), static, subject or {}, static_subject or {})


def test_an_option_goes_before_the_static_and_that_before_the_trial() -> None:
    told = {"subject": _file(knee_width_r_m=0.11), "static_subject": _file(knee_width_r_m=0.12)}
    found = _find(**told, knee_width_r_m=0.13)
    assert found.sides["R"].knee_width_m == 0.13
    assert found.words["knee_width_r"] == "knee width 130.0 mm (given)"
    found = _find(**told)
    assert found.sides["R"].knee_width_m == 0.12
    (note,) = found.notes
    assert "knee_width_r differs" in note
    assert "120.0 mm of the static, 110.0 mm of the trial" in note
    found = _find(subject=told["subject"])
    assert found.sides["R"].knee_width_m == 0.11
    assert found.sides["L"].knee_width_m == 0.1
    assert not found.notes


def test_a_zero_is_a_measure_that_was_not_taken() -> None:
    found = _find(subject=_file(), static_subject=dict.fromkeys(_file(), 0.0))
    assert found.sides["R"].knee_width_m == 0.1
    assert found.words["knee_width_r"].endswith("(of the trial)")


def test_what_nothing_tells_is_named_all_at_once() -> None:
    with pytest.raises(KinematicsError, match=r"MEASURE_MISSING.*leg_length_m, knee_width_r_m, ankle_width_r_m, "):
        _find()
    with pytest.raises(KinematicsError, match=r"needs ankle_width_l_m, .*`ankle_width_l_m = .*--set ankle_width_l_m"):
        _find(subject=_file(ankle_width_l_m=0.0))


def test_leg_length_is_the_mean_of_both_and_the_trochanter_follows_each() -> None:
    found = _find(subject=_file(leg_length_r_m=0.92))
    assert found.leg_length_m == pytest.approx(0.91)
    assert found.sides["R"].asis_trochanter_m == pytest.approx(0.1288 * 0.92 - 0.04856)
    assert found.sides["L"].asis_trochanter_m == pytest.approx(0.1288 * 0.90 - 0.04856)
    found = _find(subject=_file(leg_length_r_m=0.92), leg_length_m=0.8)
    assert found.sides["R"].asis_trochanter_m == pytest.approx(0.1288 * 0.8 - 0.04856)
    stated = _find(subject=_file(asis_trochanter_distance_r_m=0.08), asis_trochanter_l_m=0.06)
    assert (stated.sides["R"].asis_trochanter_m, stated.sides["L"].asis_trochanter_m) == (0.08, 0.06)


def test_distance_of_the_asis() -> None:
    walk, stand = _markers(0.25), _markers(0.23)
    stored = _file(inter_asis_distance_m=0.2)
    assert _find(walk, stand, stored, stored).inter_asis_m == 0.2
    # That of the movement's file may be of another processing: the static's markers go before it.
    assert _find(walk, stand, stored, _file()).inter_asis_m == pytest.approx(0.23)
    assert _find(walk, None, stored).inter_asis_m == 0.2
    assert _find(walk, None, _file()).inter_asis_m == pytest.approx(0.25)
    assert _find(walk, stand, stored, stored, inter_asis_m=0.26).inter_asis_m == 0.26
    without = {name: values for name, values in stand.items() if name != "LASIS"}
    found = _find(walk, without, _file())
    assert found.inter_asis_m == pytest.approx(0.25)
    assert "mean over the trial" in found.notes[0]
    walk["RASIS"] = np.full((5, 3), np.nan)
    with pytest.raises(KinematicsError, match=r"MEASURE_MISSING.*both ASIS"):
        _find(walk, None, _file())


def test_the_diameter_is_assumed_when_nothing_tells_it() -> None:
    found = _find(subject=_file())
    assert found.diameter_assumed
    assert found.marker_diameter_m == 0.014
    assert found.words["marker_diameter"].endswith("(assumed)")
    for told in ({"subject": _file(marker_diameter_m=0.016)}, {"subject": _file(), "marker_diameter_m": 0.016}):
        found = _find(**told)
        assert not found.diameter_assumed
        assert found.marker_diameter_m == 0.016


@pytest.mark.parametrize(
    "changed",
    [{"knee_width_r_m": 102.0}, {"ankle_width_l_m": 7.0}, {"marker_diameter_m": 14.0}, {"leg_length_m": 92.0}],
)
def test_a_length_in_another_unit_is_refused(changed: dict[str, float]) -> None:
    with pytest.raises(KinematicsError, match=r"OPTION.*metres"):
        _find(subject=_file(), **changed)
    stored = {name.replace("leg_length_m", "leg_length_r_m"): value for name, value in changed.items()}
    with pytest.raises(KinematicsError, match=r"MEASURE_RANGE.*metres"):
        _find(subject=_file(**stored))


def test_one_leg_needs_the_measures_of_that_leg_alone() -> None:
    left = {f"{name}_l_m": value for name, value in (("leg_length", 0.9), ("knee_width", 0.1), ("ankle_width", 0.07))}
    found = _find(_markers(sides="L"), subject=left)
    assert list(found.sides) == ["L"]


@pytest.mark.parametrize("without", [("RTHI_WAND", "LTHI_WAND"), ("RASIS",)])
def test_other_markers_are_refused(without: tuple[str, ...]) -> None:
    trial = {name: values for name, values in _markers().items() if name not in without}
    with pytest.raises(KinematicsError, match=r"MODEL_MARKERS.*RASI, LASI.*THI, KNE"):
        _find(trial, subject=_file())


@pytest.mark.parametrize("name", ["thigh_rotation_r_rad", "shank_rotation_l_rad", "tibial_torsion_r_rad"])
def test_offsets_of_an_alignment_device_are_refused_not_ignored(name: str) -> None:
    with pytest.raises(KinematicsError, match=rf"ROTATION_OFFSETS.*{name}"):
        _find(subject=_file(), static_subject={name: 0.1})
    assert _find(subject=_file(**{name: 0.0}))


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"hip_centre": "hara"}, "davis"), ({"marker_radius_m": 0.007}, "marker_diameter_m"),
        ({"skin_asis_m": 0.02}, "skin_asis_m"), ({"skin_psis_m": 0.02}, "skin_psis_m"),
        ({"knee_axis": "functional", "pelvis": "plate"}, "knee_axis, pelvis"),
    ],
)  # fmt: skip
def test_choices_that_the_model_would_not_heed_are_refused(changed: dict, told: str) -> None:
    with pytest.raises(KinematicsError, match=rf"OPTION.*{told}"):
        _find(subject=_file(), **changed)
    assert _find(subject=_file(), hip_centre="davis")


def test_measures_unlike_the_other_side_or_the_file_are_told() -> None:
    def told(**changed) -> dict[str, tuple[bool, float, str]]:
        found = _find(**changed)
        return {one.name: (one.passed, one.measured, one.text) for one in found.verdicts}

    plain = told(subject=_file(ankle_width_l_m=0.076, leg_length_l_m=0.88))
    assert plain["measures_sides"][:2] == (True, pytest.approx(0.020)) and "measures_changed" not in plain
    wide = told(subject=_file(), knee_width_r_m=0.16)
    passed, size, text = wide["measures_sides"]
    assert not passed and size == pytest.approx(0.06) and "knee width 160 mm right, 100 mm left" in text
    passed, size, text = wide["measures_changed"]
    assert not passed and size == pytest.approx(0.06) and "knee width right 160 mm given, 100 mm in the file" in text
    mended = told(subject=_file(), knee_width_r_m=0.105, leg_length_m=0.91, marker_diameter_m=0.016)
    assert mended["measures_sides"][0] and mended["measures_changed"][0]
    assert not told(subject=_file(leg_length_r_m=0.97))["measures_sides"][0]
    left = {f"{name}_l_m": value for name, value in (("leg_length", 0.9), ("knee_width", 0.1), ("ankle_width", 0.07))}
    assert not _find(_markers(sides="L"), subject=left).verdicts


def test_a_files_own_parameters_are_read() -> None:
    stored = {"MarkerDiameter": 16.0, "RKneeWidth": 105.0, "LKneeWidth": 0.0, "InterAsisDistance": 240.0}
    subject, _ = subject_of({"PROCESSING": {name: {"value": [value]} for name, value in stored.items()}})
    told = {"marker_diameter_m": 0.016, "knee_width_r_m": 0.105, "inter_asis_distance_m": 0.24}
    assert subject == pytest.approx(told)
