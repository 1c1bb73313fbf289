"""Ground reaction forces: the closed form, the recordings' own program and a second library, OpenSim's table."""

from dataclasses import replace

import ezc3d
import numpy as np
import pytest

from mocap.errors import ExportError, FormatError
from mocap.export.ground_forces import ground_forces
from mocap.export.mot import export_mot
from mocap.pipeline.export_back_opensim import mot_differences
from mocap.readers import read_motion
from mocap.readers.mot import read_mot
from mocap.trial import Analog, ForcePlate, Points3D, Trial

# A plate that lies askew: x to -X, y to Y, z down; its origin 40 mm below the surface.
CORNERS = np.array([[1.0, 2.4, 0.1], [1.5, 2.4, 0.1], [1.5, 2.0, 0.1], [1.0, 2.0, 0.1]])
UNITS = ("N", "N", "N", "Nmm", "Nmm", "Nmm")


def _pushed(sign, origin_z):
    """Channels of a plate on which a known force pushes at a known place, with a known free moment."""
    world_from_plate = np.diag([-1.0, 1.0, -1.0])
    force = np.array([[30.0, -20.0, 700.0], [0.0, 0.0, 0.0], [-15.0, 40.0, 300.0]])
    place = np.array([[1.1, 2.3, 0.1], [0.0, 0.0, 0.0], [1.4, 2.05, 0.1]])
    free = np.array([4.0, 0.0, -2.0])
    below = np.array([1.25, 2.2, 0.1]) - world_from_plate @ np.array([0.001, 0.002, -0.04])
    moment = np.cross(place - below, force) + np.outer(free, [0, 0, 1.0])
    moment[1] = 0.0
    values = np.concatenate([force @ world_from_plate, 1000 * moment @ world_from_plate], axis=1) * sign
    plate = ForcePlate(2, CORNERS, np.array([0.001, 0.002, -0.04]) * origin_z, tuple(range(6)))
    analog = Analog(values, ("Fx", "Fy", "Fz", "Mx", "My", "Mz"), UNITS, 1000.0)
    return analog, plate, force, place, free


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("origin_z", [1, -1])
def test_the_closed_form_whichever_way_force_and_origin_are_written(sign, origin_z):
    analog, plate, force, place, free = _pushed(sign, origin_z)
    (found,) = ground_forces(analog, (plate,))
    np.testing.assert_allclose(found.force, force, atol=1e-12)
    np.testing.assert_allclose(found.place, place, atol=1e-12)
    np.testing.assert_allclose(found.moment, np.outer(free, [0, 0, 1.0]), atol=1e-10)


def test_what_is_not_known_has_a_reason_and_no_number():
    analog, plate, *_ = _pushed(1, 1)
    for other, channels, why in (
        (replace(plate, kind=3), analog, "type 3"), (replace(plate, channels=(0, 1, 2, 3, 4, 9)), analog, "not in the"),
        (replace(plate, corners_world=np.zeros((4, 3))), analog, "span no surface"),
        (plate, replace(analog, units=("V",) * 6), "in V, V"), (plate, replace(analog, units=("N",) * 3 + ("",) * 3),
                                                               "no unit"),
    ):  # fmt: skip
        (found,) = ground_forces(channels, (other,))
        assert why in found.why and np.isnan(found.force).all() and np.isnan(found.place).all()
    values = analog.values.copy()
    values[1, 2] = np.nan
    (found,) = ground_forces(replace(analog, values=values), (plate,))
    assert np.isnan(found.force[1, 2]) and np.isfinite(found.force[[0, 2]]).all()


def _mot_trial():
    analog, plate, *_ = _pushed(1, 1)
    lost = replace(plate, kind=3)
    points = Points3D(np.ones((3, 1, 3)), ("a",), 1000.0)
    return Trial("t", points, analog=analog, force_plates=(lost, plate), forward_axis="y")


def test_they_become_a_table_of_opensim_in_the_axes_of_the_trc(tmp_path):
    trial = _mot_trial()
    _, _, force, place, free = _pushed(1, 1)
    files = export_mot(trial, tmp_path / "a.mot")
    assert [file.name for file in files] == ["a_grf.mot", "a_plates.csv"]
    table = read_mot(files[0])
    assert list(table.columns)[:3] == ["2_ground_force_vx", "2_ground_force_vy", "2_ground_force_vz"]
    # The person faces Y of the lab: x of the file is Y, y is up, z is X.
    found = np.column_stack([table.columns[f"2_ground_force_v{axis}"] for axis in "xyz"])
    np.testing.assert_allclose(found, force[:, [1, 2, 0]], atol=1e-12)
    found = np.column_stack([table.columns[f"2_ground_force_p{axis}"] for axis in "xyz"])
    np.testing.assert_allclose(found, place[:, [1, 2, 0]], atol=1e-12)
    np.testing.assert_allclose(table.columns["2_ground_torque_y"], free, atol=1e-10)
    assert table.in_degrees is None
    with pytest.raises(FormatError, match="MOT_NO_ANGLES"):
        read_motion(files[0])  # forces are never taken for angles
    assert "type 3" in files[1].read_text().splitlines()[1]
    assert not mot_differences(trial, tmp_path / "a.mot")
    text = files[0].read_text()
    files[0].write_text(text.replace("30.0", "31.0").replace("29.9", "28.9"))
    assert mot_differences(trial, tmp_path / "a.mot")
    files[0].unlink()
    assert mot_differences(trial, tmp_path / "a.mot")
    with pytest.raises(ExportError, match="EXPORT_EMPTY"):
        export_mot(replace(trial, force_plates=()), tmp_path / "b.mot")


@pytest.mark.parametrize("name", ["PiG_Motion-FlatFoot-Full.c3d", "PiG_Motion3_FF.c3d"])
def test_real_plates_bear_the_person_under_the_feet(shared_data, name):
    path = shared_data / "plug_in_gait" / name
    imported = read_motion(path)
    analog, plates = imported.analog, imported.force_plates
    second = ezc3d.c3d(str(path), extract_forceplat_data=True)["data"]["platform"]
    weight = 9.81 * imported.subject["mass_kg"]
    points, rate = imported.points, round(analog.rate_hz / imported.points.rate_hz)
    for one, other, plate in zip(ground_forces(analog, plates), second, plates, strict=True):
        loaded = one.force[:, 2] > 100
        # Another library's forces, places and free moments; measured: 1e-11 N, 1e-15 m, 1e-14 Nm.
        np.testing.assert_allclose(one.force[loaded], other["force"].T[loaded], atol=1e-9)
        np.testing.assert_allclose(one.place[loaded], other["center_of_pressure"].T[loaded] / 1000, atol=1e-9)
        np.testing.assert_allclose(one.moment[loaded], other["Tz"].T[loaded] / 1000, atol=1e-9)
        # One step bears 1.04 to 1.14 of the weight at its peak.
        assert 0.9 < one.force[:, 2].max() / weight < 1.3
        low, high = plate.corners_world.min(axis=0), plate.corners_world.max(axis=0)
        middle = np.flatnonzero(loaded)[loaded.sum() // 2]
        assert (one.place[middle, :2] > low[:2]).all() and (one.place[middle, :2] < high[:2]).all()
        feet = [points.point(f"{side}{end}")[middle // rate] for side in "LR" for end in ("HEE", "TOE")]
        # Measured: the centre of pressure is 13 to 48 mm from a marker of the standing forefoot.
        assert min(np.linalg.norm(foot[:2] - one.place[middle, :2]) for foot in feet) < 0.07
