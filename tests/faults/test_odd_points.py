"""Points that freeze, leap or stray in a motion file are told by name and time when it is read, and never hidden."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from mocap.cli import app
from mocap.kinematics import kinematics
from mocap.kinematics.faults.odd_points import find_odd_points, odd_verdicts
from mocap.kinematics.marker_sets import resolve
from mocap.readers.trc import read_trc
from mocap.synthetic import default_subject, squat, static_standing, walking
from mocap.trial import Points3D


def write_trc(path, names, position, rate_hz):
    """A TRC file in m with Y up, as other programs write them."""
    rows = [
        f"PathFileType\t4\t(X/Y/Z)\t{path.name}",
        "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\tOrigNumFrames",
        f"{rate_hz}\t{rate_hz}\t{len(position)}\t{len(names)}\tm\t{rate_hz}\t1\t{len(position)}",
        "Frame#\tTime\t" + "\t\t\t".join(names) + "\t\t",
        "\t\t" + "\t".join(f"{axis}{i + 1}" for i in range(len(names)) for axis in "XYZ"),
        "",
    ]
    for frame, points in enumerate(position):
        values = "\t".join(f"{value:.6f}" for value in points[:, [1, 2, 0]].ravel())
        rows.append(f"{frame + 1}\t{frame / rate_hz:.5f}\t{values}")
    path.write_text("\n".join(rows) + "\n")


@pytest.mark.parametrize(
    ("fault", "verdict"), [(None, None), ("frozen", "frozen points"), ("leap", "leaps"), ("stray", "stray samples")]
)
def test_a_planted_fault_is_told_by_name_and_time(tmp_path, fault, verdict):
    points = squat(default_subject(), repetitions=1).points
    position = points.position + np.random.default_rng(0).normal(0, 0.001, points.position.shape)
    column = points.names.index("RHEEL")
    if fault == "frozen":
        position[150:153, column] = position[150, column]
    elif fault == "leap":
        position[150, column] += [0.0, 0.0, 0.35]
    elif fault == "stray":
        position[150, column] += [0.05, 0.0, 0.0]
    write_trc(tmp_path / "a.trc", points.names, position, 100.0)
    out = CliRunner().invoke(app, ["import", str(tmp_path / "a.trc"), "--out", str(tmp_path / "a.h5"), "--json"])
    assert out.exit_code == 0, out.output
    quality = json.loads(out.stdout)["quality"]
    assert [v["name"] for v in quality if not v["passed"]] == ([verdict] if verdict else [])
    if verdict:
        assert "RHEEL" in next(v["text"] for v in quality if v["name"] == verdict)


@pytest.mark.parametrize(("every", "size_m"), [(3, 0.05), (4, 0.1), (5, 0.1), (7, 0.2), (10, 0.5)])
def test_what_limbs_do_between_the_frames_of_slow_recordings_is_no_fault(every, size_m, shared_data):
    # Measured over three persons, eight recordings and both phases: one sample at 33 Hz, which is off, none below. Of
    # single samples 50, 100, 100, 200 mm off at 33, 25, 20, 14 Hz 98 % or more are told.
    made = walking(default_subject(), seconds=6).points
    noise = np.random.default_rng(5).normal(0, 0.001, made.position.shape)
    people = read_trc(shared_data / "squat_markers" / "walking1.trc", up="y").points
    for names, position in ((made.names, made.position + noise), (people.names, people.position)):
        label_of, slow = resolve(names, None).label_of, position[every // 2 :: every].copy()
        odd = find_odd_points(Points3D(slow, names, 100.0 / every), label_of)
        found = {(odd.names[at], every // 2 + every * int(frame)) for mask in odd.masks.values()
                 for frame, at in np.argwhere(mask)}  # fmt: skip
        # That is 58 mm off its course at 100 Hz, too.
        assert found <= ({("RTH3", 10)} if names is people.names else set())
        slow[len(slow) // 2, names.index(label_of["RLFE"]), 2] += size_m
        trial = Points3D(slow, names, 100.0 / every)
        odd = find_odd_points(trial, label_of)
        told = np.any([mask[len(slow) // 2, odd.names.index("RLFE")] for mask in odd.masks.values()])
        if names is made.names:
            assert told
            texts = " ".join(one.text for one in odd_verdicts(odd, trial, trial))
            assert f"at {trial.rate_hz:g} Hz what lies less than" in texts


@pytest.mark.parametrize("length", [1, 2, 3])
def test_a_short_excursion_is_no_marker_that_moved(length):
    person = default_subject()
    made, static = squat(person, repetitions=1).points, static_standing(person, seconds=1.0).points
    kept = [index for index, name in enumerate(made.names) if not name.startswith("SAC")]
    position = made.position[:, kept] + np.random.default_rng(5).normal(0, 0.001, made.position[:, kept].shape)
    names = tuple(made.names[index] for index in kept)
    position[300 : 300 + length, names.index("RASIS"), 2] -= 0.12
    angles = kinematics(Points3D(position, names, 100.0), static=static, measured=False).angles
    flagged = np.flatnonzero(angles.frame_reason[:, angles.names.index("hip_flexion_r")])
    assert flagged.tolist() == list(range(300, 300 + length))
