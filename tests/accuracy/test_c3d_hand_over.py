"""The 13 Vicon files through a trial and out again: equal for us, and for two other readers of C3D.

Both files are compared as ezc3d and as the package c3d read them, so that no error of ours can hide by being made
twice.
"""

from pathlib import Path

import numpy as np
import pytest

from mocap.export.c3d import export_c3d
from mocap.pipeline.export_back_c3d import c3d_differences
from mocap.pipeline.motion import import_motion
from mocap.storage import read_trial, write_trial
from tests.fixtures.c3d_by_others import by_c3d, by_ezc3d

FILES = (
    "Calibration-FlatFoot-Full", "Calibration-FlatFoot-Hole", "Calibration-FlatFoot-One", "Calibration2-NoOption",
    "Calibration3_FF", "Calibration3_FF_N18", "Calibration3_noFF", "Motion-FlatFoot-Full", "Motion-FlatFoot-Hole",
    "Motion-FlatFoot-One", "Motion3_FF", "Motion3_FF_N18", "Motion3_noFF",
)  # fmt: skip
# Renewed on purpose: who wrote the file, where its samples begin, names of persons; and what ezc3d adds by itself.
RENEWED = {
    ("POINT", "DATA_START"), ("SUBJECTS", "NAMES"), ("EVENT", "SUBJECTS"), ("ANALYSIS", "SUBJECTS"),
    ("POINT", "TYPE_GROUPS"), ("ANALOG", "FORMAT"), ("ANALOG", "BITS"), ("FORCE_PLATFORM", "CAL_MATRIX"),
}  # fmt: skip
_KINDS = ("ANGLES", "FORCES", "MOMENTS", "POWERS")


# One of each sort in the default run: a walk with plates and all kinds of outputs, gaps, no analog channel.
QUICK = ("Motion-FlatFoot-Full", "Calibration-FlatFoot-Hole", "Calibration3_FF")


@pytest.fixture(
    scope="module", params=[name if name in QUICK else pytest.param(name, marks=pytest.mark.heavy) for name in FILES]
)
def handed_over(request, shared_data: Path, tmp_path_factory):
    """A file of Vicon's, the trial, and the file made of the trial as it came out of its own file."""
    original = shared_data / "plug_in_gait" / f"PiG_{request.param}.c3d"
    folder = tmp_path_factory.mktemp("hand_over")
    trial = import_motion(original, None, None)
    write_trial(folder / "trial.h5", trial)
    stored = read_trial(folder / "trial.h5")
    (out,) = export_c3d(stored, folder / "out.c3d")
    return original, stored, out


def test_what_was_imported_goes_out_and_comes_in_equal(handed_over) -> None:
    _, trial, out = handed_over
    assert c3d_differences(trial, out) == ()
    again = import_motion(out, None, None)
    # To the last bit: what was single precision is so again.
    np.testing.assert_array_equal(again.points.position, trial.points.position)
    assert (again.points.names, again.points.rate_hz) == (trial.points.names, trial.points.rate_hz)
    np.testing.assert_array_equal(again.points.status, trial.points.status)
    assert [(one.kind, one.labels, one.unit, one.descriptions) for one in again.model_outputs] == [
        (one.kind, one.labels, one.unit, one.descriptions) for one in trial.model_outputs
    ]
    for one, other in zip(again.model_outputs, trial.model_outputs, strict=True):
        np.testing.assert_array_equal(one.values, other.values)
    assert [(one.label, one.side, one.source, one.time_s) for one in again.events] == [
        (one.label, one.side, one.source, one.time_s) for one in trial.events
    ]
    assert (again.analog is None) == (trial.analog is None)
    if trial.analog is not None:
        np.testing.assert_array_equal(again.analog.values, trial.analog.values)
        assert (again.analog.names, again.analog.units) == (trial.analog.names, trial.analog.units)
        assert again.analog.descriptions == trial.analog.descriptions
    for one, other in zip(again.force_plates, trial.force_plates, strict=True):
        np.testing.assert_array_equal(one.corners_world, other.corners_world)
        np.testing.assert_array_equal(one.origin_plate, other.origin_plate)
        assert (one.kind, one.channels, one.zero_frames) == (other.kind, other.channels, other.zero_frames)
    assert dict(again.subject) == dict(trial.subject)
    assert again.origin.labels == trial.origin.labels and again.origin.first_frame == trial.origin.first_frame


@pytest.mark.parametrize("reader", [by_ezc3d, by_c3d])
def test_another_program_reads_both_files_alike(handed_over, reader) -> None:
    original, _, out = handed_over
    second = reader(out)
    try:
        first = reader(original)
    except KeyError:
        # Vicon wrote PROCESSING:Bodymass three times into four of the files, which the package c3d refuses.
        assert reader is by_c3d
        first = by_ezc3d(original)
    assert first.labels == second.labels and first.units == second.units
    assert (first.rate_hz, first.first_frame) == (second.rate_hz, second.first_frame)
    # Bit for bit: 0 of all samples differ in all 13 files.
    np.testing.assert_array_equal(first.points, second.points)
    np.testing.assert_array_equal(first.residual < 0, second.residual < 0)
    # Vicon names no cameras here; ezc3d tells seven bits of each sample, the package c3d their number.
    assert not first.cameras.any() and not second.cameras.any()
    if first.analog.size:
        assert first.analog_labels == second.analog_labels
        np.testing.assert_array_equal(first.analog, second.analog)
    else:
        assert not second.analog.size


def test_another_program_finds_the_parameters_of_the_file(handed_over) -> None:
    original, _, out = handed_over
    first, second = by_ezc3d(original).parameters, by_ezc3d(out).parameters
    for group, entries in first.items():
        for name, entry in entries.items():
            if name.startswith("__") or group == "EZC3D" or (group, name) in RENEWED:
                continue
            if (group, name) == ("ANALOG", "RATE") and not first["ANALOG"]["USED"]["value"][0]:
                continue  # of no channels
            here, there = entry["value"], second[group][name]["value"]
            if (group, name) in {("POINT", kind) for kind in _KINDS}:
                here, there = sorted(here), sorted(there)
            if (group, name) == ("EVENT", "TIMES"):
                here, there = here.ravel(order="F"), there.ravel(order="F")  # in one row in one of the files
            assert np.array_equal(here, there), (group, name, here, there)


def test_events_of_both_files_are_alike_for_another_program(handed_over) -> None:
    original, _, out = handed_over

    def told(path: Path) -> list[tuple]:
        event = by_ezc3d(path).parameters.get("EVENT", {})
        if not event or not event["USED"]["value"][0]:
            return []
        columns = [event[name]["value"] for name in ("LABELS", "CONTEXTS", "DESCRIPTIONS", "ICON_IDS", "GENERIC_FLAGS")]
        times = np.asarray(event["TIMES"]["value"]).reshape(2, -1, order="F")
        return list(zip(*times.tolist(), *columns, strict=True))

    assert told(out) == told(original)
