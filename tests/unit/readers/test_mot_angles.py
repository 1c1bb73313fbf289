"""Joint angles of MOT files: what is none is left out or refused, and times and units that cannot be right are told."""

import numpy as np
import pytest

from mocap.errors import FormatError
from mocap.readers.motion import read_motion

KNEE = 30 + 20 * np.sin(np.arange(60) / 10)


def mot(path, columns, *, degrees="yes", rate=100.0, digits=5, title="Coordinates"):
    times = np.round(np.arange(60) / rate, digits)
    rows = [f"{time:.{digits}f}\t" + "\t".join(f"{values[place]:.6f}" for values in columns.values())
            for place, time in enumerate(times)]  # fmt: skip
    head = [title, "version=1", "nRows=60", f"nColumns={len(columns) + 1}", f"inDegrees={degrees}", "endheader",
            "time\t" + "\t".join(columns)]  # fmt: skip
    path.write_text("\n".join([*head, *rows]) + "\n")
    return path


@pytest.mark.parametrize("name", [
    "ground_force_vy", "1_ground_torque_x", "ground_force_r_px", "knee_angle_r_moment", "pelvis_tx", "PELVIS_TY",
    "/jointset/ground_pelvis/pelvis_tz/value", "/jointset/knee_r/knee_angle_r/speed", "/forceset/soleus_r/activation",
    "soleus_r.fiber_length", "knee_angle_r_u",
])  # fmt: skip
def test_what_is_no_angle_is_left_out_and_said(tmp_path, name):
    found = read_motion(mot(tmp_path / "a.mot", {"knee_angle_r": KNEE, name: 700 + KNEE}))
    assert [one.name for one in found.angles.definitions] == ["imported_knee_angle_r"]
    assert any(name in note and "left out" in note for note in found.notes)
    with pytest.raises(FormatError, match="MOT_NO_ANGLES"):
        read_motion(mot(tmp_path / "b.mot", {name: 700 + KNEE}))


@pytest.mark.parametrize("name", ["knee_angle_r", "hip_flexion_l", "lumbar_extension", "L5_S1_FE",
                                  "/jointset/knee_r/knee_angle_r/value", "forearm_pronation_r"])  # fmt: skip
def test_coordinates_of_models_stay(tmp_path, name):
    assert len(read_motion(mot(tmp_path / "a.mot", {name: KNEE})).angles.definitions) == 1


def test_standard_deviations_are_no_angles(tmp_path):
    with pytest.raises(FormatError, match=r"MOT_NO_ANGLES.*standard deviations"):
        read_motion(mot(tmp_path / "a_sd.mot", {"knee": KNEE}, title="sd of angles of mocap"))


def test_radians_that_are_called_degrees_are_told(tmp_path):
    notes = read_motion(mot(tmp_path / "a.mot", {"knee": np.deg2rad(KNEE)})).notes
    assert any("are these radians" in note for note in notes)
    assert not any("radians" in note for note in read_motion(mot(tmp_path / "b.mot", {"knee": KNEE})).notes)


@pytest.mark.parametrize(("rate", "digits"), [(120.0, 3), (100.0, 2), (240.0, 4), (59.94005994005994, 3)])
def test_times_of_few_decimals_are_even(tmp_path, rate, digits):
    found = read_motion(mot(tmp_path / "a.mot", {"knee": KNEE}, rate=rate, digits=digits))
    assert found.angles.rate_hz == pytest.approx(rate, rel=2e-3 if rate < 60 else 1e-12)
    assert not any("times" in note for note in found.notes)
