"""Numbers among the choices that no person, marker or recording has are refused before they become angles."""

import math
from pathlib import Path
from types import SimpleNamespace

import pytest

from mocap.config.build import build
from mocap.errors import KinematicsError
from mocap.kinematics import KinematicsOptions
from mocap.kinematics.option_ranges import RANGES, check_stated
from mocap.pipeline.motion import kinematics_to_file
from mocap.pipeline.session_options import stage_options


@pytest.mark.parametrize(
    ("name", "value"),
    [
        # Millimetres and centimetres: 15 as metres moved a hip centre by 11.4 m, and nothing was flagged.
        ("skin_asis_m", 15.0), ("skin_psis_m", 2.0), ("marker_radius_m", 7.0), ("leg_length_m", 900.0),
        ("marker_sd_m", 1.0), ("landmark_sd_m", 5.0), ("inter_asis_m", 240.0), ("knee_width_l_m", 105.0),
        ("skin_asis_m", -0.5), ("bridge_s", -1.0), ("soft_tissue_scale", -3.0), ("marker_sd_m", 0.0),
        ("skin_asis_m", math.nan), ("bridge_s", math.inf), ("heading_rad", 90.0),
    ],
)  # fmt: skip
def test_a_number_out_of_its_range_is_refused(name: str, value: float) -> None:
    with pytest.raises(KinematicsError, match=name) as error:
        KinematicsOptions(**{name: value})
    assert error.value.code == "OPTION"


def test_a_command_line_names_the_choice_and_its_range() -> None:
    with pytest.raises(KinematicsError, match=r"skin_asis_m is 15, outside of 0 to 0\.15"):
        build(KinematicsOptions, {"skin_asis_m": "15"}, "command line", "--set", typed=False)


@pytest.mark.parametrize("stated", [{"heading_rad": "nan"}, {"leg_length_m": math.nan}, {"gravity_sd_deg": " -NaN"}])
def test_what_somebody_wrote_is_a_number(stated: dict[str, object], tmp_path: Path) -> None:
    with pytest.raises(KinematicsError, match=r"OPTION.*which is no number"):
        check_stated(stated)
    check_stated({"heading_rad": "0.5", "model": "segments"})
    with pytest.raises(KinematicsError, match="which is no number"):
        kinematics_to_file(tmp_path / "a.trc", tmp_path / "b.h5", *[None] * 6, choices={"heading_rad": "nan"})
    with pytest.raises(KinematicsError, match="which is no number"):
        stage_options(SimpleNamespace(options={"kinematics": stated}))


def test_what_is_left_out_and_both_ends_of_a_range_are_taken() -> None:
    assert math.isnan(KinematicsOptions().leg_length_m)
    for name, (low, high, _) in RANGES.items():
        assert getattr(KinematicsOptions(**{name: low}), name) == low
        assert getattr(KinematicsOptions(**{name: high}), name) == high


def test_every_number_has_a_range() -> None:
    numbers = {name for name, value in vars(KinematicsOptions()).items() if isinstance(value, float)}
    assert numbers == set(RANGES)
