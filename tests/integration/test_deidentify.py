"""A hand-over without names: planted words are sought byte by byte in whatever is written."""

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from calibration import CameraRig
from mocap.errors import ExportError
from mocap.export.privacy import Alias, alias_of, deidentified, forget, places_of
from mocap.export.privacy.assessed import event_without
from mocap.export.privacy.figures import may_be_told
from mocap.export.privacy.key_lock import locked
from mocap.export.privacy.words import Scrubber, Vocabulary
from mocap.pipeline.export import ROWS, export_to_file
from mocap.pipeline.export_privacy import WithoutIdentity, check_no_leak, check_output_name
from mocap.pipeline.privacy_words import vocabulary
from mocap.schema import Status
from mocap.storage import read_trial, write_trial
from mocap.trial import (
    Analog,
    AngleDefinition,
    Assessment,
    Event,
    FileOrigin,
    FileParameter,
    ForcePlate,
    ImportedPoses,
    JointAngles,
    Measure,
    Metric,
    ModelOutputs,
    Operation,
    PointEdit,
    Points3D,
    Rejected,
    Rule,
    Segments,
    SettingRow,
    Step,
    StepInput,
    Table,
    Timeline,
    Trial,
    Verdict,
    Words,
)
from tests.fixtures.planted_words import Planted, rig_of

OWN_LABELS = ("LASI", "RASI", "RPSI", "LPSI", "LKNE")


def planted_trial() -> tuple[Trial, tuple[str, ...]]:
    """A trial in which somebody's words stand wherever words may stand, and these words."""
    plant = Planted()
    labels = (*(f"{plant()}:{label}" for label in OWN_LABELS), *(plant() for _ in range(15)))
    position = np.random.default_rng(1).normal(size=(12, len(labels), 3))
    position[4, 2] = np.nan
    points = Points3D(position, labels, 50.0, status=np.full(position.shape[:2], Status.MEASURED, np.uint8))
    names = ("pelvic_tilt", f"imported_{plant()}", f"imported_{plant()}")
    angles = JointAngles(
        tuple(AngleDefinition(name, f"coordinate of the model behind {plant()}.mot", "s", "p", f"as in {plant()}",
                              "absolute", f"from {labels[0]} and {labels[7]} of {plant()}") for name in names),
        np.full((12, 3), 0.1), 50.0, frame_reason=np.eye(12, 3, dtype=np.uint8),
        frame_reason_words=("", f"points missing: {labels[8]} in {plant()}"),
    )  # fmt: skip
    measure = Measure("heel_rise_r", np.full(12, 0.01), "m", f"height of {labels[9]}", "up", f"as {plant()} said")
    segments = Segments(("pelvis",), np.tile(np.eye(4), (12, 1, 1, 1)), 50.0, (measure,))
    code, note = plant(), plant()
    metric = Metric("depth", "m", f"of {code}", np.array([np.nan]), reasons=(f"{labels[7]} is missing in {plant()}",))
    words = Words("review", f"what {plant()} wrote", (f"see {note}",))
    assessment = Assessment(
        "squat", Table("repetitions", 1, (metric,), (words,)),
        (Rejected(0.0, 0.1, 0.2, f"taken out by a reviewer: {note}"), Rejected(0.0, 0.1, 0.2, f"{labels[6]} is off")),
        screening=(Rule("depth", "not assessable", f"{labels[7]} of {code}", f"evidence of {plant()}"),),
        notes=(f"{code} had pain", f"load as {plant()} stated"), settings={"depth.by": plant()},
    )  # fmt: skip
    subject = {"mass_kg": 71.5, "static_recorded": "2026-03-08", "static_operator": plant(), "nickname": plant(),
               "static_trial": plant(), f"{plant().lower()}_m": 1.0, "leg_length_l_m": 0.9}  # fmt: skip
    context = {"load_kg": 20.0, "footwear": "barefoot", "cue": f"{plant()} said deeper", "pain": plant(),
               plant().lower(): 3.0}  # fmt: skip
    stepped = (
        Operation("import", {"file": f"{plant()}.c3d", "notes": f"title {plant()}; comment {plant()}", "first_frame": 1,
                             "folder": f"/home/{plant()}/{plant()}", "units": "mm"}),
        Operation("kinematics", {"marker_set": "plug-in-gait", "owner": plant(), "notes": plant()}),
    )  # fmt: skip
    trial = Trial(
        f"{code}_{plant()}", points, points_smoothed=points, rig=rig_of(plant), segments=segments, angles=angles,
        subject_code=code, task="squat", created_utc="2026-03-15T10:11:12Z", site=plant(), operator=plant(),
        subject=subject, context=context, bones=((labels[0], labels[1]), (labels[6], labels[7])),
        quality=tuple(Verdict("gap", 1.0, 2.0, "s", True, f"{labels[k]} in {plant()}.c3d") for k in range(10)),
        operations=stepped, inputs={f"{plant()}/{plant()}.c3d": "0" * 64},
        events=(Event(0.1, "squat_bottom", note=f"moved by {note}"), Event(0.2, plant(), note=plant())),
        assessments=(assessment,), **brought_along(plant, labels),
    )  # fmt: skip
    return _with_whatever_else(trial, plant), plant.words


def brought_along(plant: Planted, labels: tuple[str, ...]) -> dict[str, Any]:
    """What a motion file brings, with somebody's words among it."""
    channels, outputs = ("Force.Fx1", plant()), ("LHipAngles", plant())
    told = FileParameter((f"{plant()} of {plant()}", "x"), (2,), "text", plant())
    return {
        "analog": Analog(np.ones((24, 2)), channels, ("N", plant()), 100.0, (plant(), "")),
        "force_plates": (ForcePlate(2, np.ones((4, 3)), np.zeros(3), (0,)),),
        "model_outputs": (ModelOutputs("angles", outputs, np.ones((12, 2, 3)), plant(), ("", plant())),),
        "imported_poses": ImportedPoses(("pelvis_4X4", plant()), np.tile(np.eye(4), (12, 2, 1, 1)), 50.0),
        "steps": (Step("import", {"file": plant()}, (StepInput("file", plant(), "1" * 64),)),),
        "settings": (SettingRow("kinematics", "marker_set", f'"{plant()}"', f"file of {plant()}"),),
        "edits": (
            PointEdit("moved", 3, 4, (labels[6],), (0.1, 0.2, 0.3), reason=f"as {plant()} said", initials=plant()),
            PointEdit("missing", 5, 5, (labels[0], labels[8]), reason=plant()),
        ),
        "origin": FileOrigin(labels=(*labels, *outputs, plant()), parameters={f"{plant().upper()}:NAME": told}),
    }  # fmt: skip


def _with_whatever_else(trial: Trial, plant: Planted) -> Trial:
    """Bring the number of planted words to 200: the rest among the sources of the provenance."""
    many = {f"{plant()} {number}.mp4": "1" * 64 for number in range(200 - len(plant.words))}
    return replace(trial, inputs={**trial.inputs, **many})


def _forms(word: str) -> Iterator[bytes]:
    """Written here once more, for the test: plain, as 16 bits, and the middle of all three ways of base64."""
    for raw in (word.encode(), word.encode("utf-16-le"), word.encode("utf-16-be")):
        yield raw
        for before in (b"", b"a", b"ab"):
            yield base64.b64encode(before + raw + b"zz")[4:-4]


@pytest.fixture(scope="module")
def exports(tmp_path_factory):
    folder = tmp_path_factory.mktemp("without")
    trial, words = planted_trial()
    write_trial(folder / "t.h5", trial)
    out = folder / "out"
    out.mkdir()
    for name, row in ROWS.items():
        export_to_file(folder / "t.h5", name, out / f"given_{name}{row.endings[0] if row.endings else ''}",
                       key=folder / "apart" / "key.json")  # fmt: skip
    return folder, trial, words


@pytest.fixture(scope="module")
def known() -> Vocabulary:
    return vocabulary()


def test_the_trial_as_such_holds_all_that_is_planted(exports):
    folder, _, words = exports
    content = (folder / "t.h5").read_bytes()
    assert len(words) == 200
    content = content.lower()
    assert sum(word.lower().encode() in content for word in words) == 200


def test_no_planted_word_is_found_in_any_format(exports):
    folder, _, words = exports
    found = []
    for file in (path for path in (folder / "out").rglob("*")):
        content = str(file.relative_to(folder)).encode() + (file.read_bytes() if file.is_file() else b"")
        found += [(file.name, word) for word in words for form in _forms(word) if form in content]
        found += [(file.name, word) for word in words if word.lower().encode() in content.lower()]
    assert found == []


def test_what_is_no_ones_stays(exports):
    folder, trial, _ = exports
    back = read_trial(folder / "out" / "given_h5.h5")
    assert back.points.names[:5] == OWN_LABELS and back.points.names[5] == "point_6"
    np.testing.assert_array_equal(back.points.position, trial.points.position)
    assert back.bones == (("LASI", "RASI"), ("point_7", "point_8"))
    assert back.subject["mass_kg"] == 71.5 and back.subject["leg_length_l_m"] == 0.9
    assert set(back.subject) == {"mass_kg", "leg_length_l_m", "static_recorded"}
    assert dict(back.context) == {"load_kg": 20.0, "footwear": "barefoot"}
    assert [one.name for one in back.operations] == ["import", "kinematics"]
    assert dict(back.operations[0].parameters) == {"first_frame": 1, "units": "mm"}
    assert back.operations[1].parameters["marker_set"] == "plug-in-gait"
    assert back.angles.names == ("pelvic_tilt", "imported_angle_2", "imported_angle_3")
    assert "LASI" in back.angles.definitions[0].method and "point_8" in back.angles.definitions[0].method
    assert back.rig.names[0] == "camera_1" and back.rig.names[1] == "cam_1"
    assert back.analog.names == ("Force.Fx1", "channel_2") and back.analog.units == ("N", "")
    assert back.model_outputs[0].labels == ("LHipAngles", "angles_2") and not back.origin.parameters
    assert back.imported_poses.names == ("pelvis_4X4", "segment_2") and len(back.force_plates) == 1
    assert back.origin.labels == (*back.points.names, "LHipAngles", "angles_2")
    assert [(one.kind, one.points, one.first) for one in back.edits] == [
        ("moved", ("point_7",), 3), ("missing", ("LASI", "point_9"), 5)
    ]  # fmt: skip
    assert back.assessments[0].rejected[0].reason == "taken out by a reviewer"
    assert back.assessments[0].repetitions["depth"].reasons[0].startswith("point_8 is missing")


def test_dates_keep_their_distance_and_move_by_whole_weeks(exports):
    from datetime import date

    folder, _, _ = exports
    back = read_trial(folder / "out" / "given_h5.h5")
    recorded, stood = (date.fromisoformat(text) for text in (back.created_utc, back.subject["static_recorded"]))
    assert (recorded - stood).days == 7
    shift = (recorded - date(2026, 3, 15)).days
    assert shift % 7 == 0 and -5 * 364 <= shift <= -364


def test_the_key_gives_a_person_one_alias_and_can_forget_them(tmp_path):
    key = tmp_path / "apart" / "key.json"
    first, again, other = (alias_of(key, code, trial) for code, trial in (("P1", "a"), ("P1", "b"), ("P2", "a")))
    assert first.subject == again.subject != other.subject
    assert (first.trial, again.trial) == (f"{first.subject}_T01", f"{first.subject}_T02")
    assert first.shift_days == again.shift_days and alias_of(key, "P1", "a") == first
    assert key.stat().st_mode & 0o077 == 0
    assert forget(key, "P1") and not forget(key, "P1") and "P1" not in key.read_text()
    assert alias_of(key, "P1", "a").subject != first.subject


@pytest.mark.parametrize("content", ["", "[]", '{"format": "mocap-key", "version": 1, "subjects": {"P": 3}}', "\0"])
def test_a_broken_key_is_refused_and_kept(tmp_path, content):
    (tmp_path / "key.json").write_text(content)
    with pytest.raises(ExportError, match="KEY_BROKEN"):
        alias_of(tmp_path / "key.json", "P1", "a")
    assert (tmp_path / "key.json").read_text() == content


def test_a_name_of_the_output_that_tells_is_refused(exports):
    folder, trial, _ = exports
    with pytest.raises(ExportError, match=r"DEIDENTIFY_NAME.*Name it otherwise, as S[A-Z0-9]{6}_T01\.csv"):
        export_to_file(folder / "t.h5", "csv", folder / f"{trial.subject_code}.csv", key=folder / "apart" / "key.json")


@pytest.mark.parametrize("how", [str.encode, lambda word: word.encode("utf-16-le"),
                                 lambda word: base64.b64encode(b"k" + word.encode("utf-16-be") + b"\0")])  # fmt: skip
def test_a_leak_is_found_in_the_files_themselves(tmp_path, how):
    (tmp_path / "a.bin").write_bytes(b"\0" * ((1 << 22) - 7) + how("Q8x-Vandermolen") + b"\0" * 99)
    without = WithoutIdentity(None, Alias("S", "S_T01", -7), frozenset({"Q8x-Vandermolen", "Other"}), {})
    with pytest.raises(ExportError, match=r"DEIDENTIFY_LEAK.*Q8x-Vandermolen"):
        check_no_leak([tmp_path / "a.bin"], without)
    check_output_name(tmp_path / "a.bin", without)
    assert places_of({"nowhere"}, [tmp_path / "a.bin"]) == ()


def test_a_part_that_nobody_looked_at_is_never_handed_over():
    from dataclasses import make_dataclass

    later = make_dataclass("Later", [("secret", str)], bases=(Trial,), frozen=True, eq=False, kw_only=True)
    trial = later("t", Points3D(np.zeros((1, 1, 3)), ("A",), 50.0), secret="x")
    with pytest.raises(ExportError, match=r"DEIDENTIFY_UNKNOWN.*secret"):
        deidentified(trial, Alias("S", "S_T01", -7), Vocabulary(frozenset(), frozenset()))


def test_a_sentence_keeps_its_figures_and_loses_numbers_of_people(known):
    scrubber = Scrubber(known)
    said = "leaps of 0.1234567 m and 12345 frames at 1/99.99 by RASI, number 31415926 (Dr Zorblatt), 1e-12345678"
    assert scrubber.scrubbed(said) == (
        "leaps of 0.1234567 m and 12345 frames at 1/99.99 by RASI, number [removed] ([removed] [removed]), 1e-[removed]"
    )


def test_words_that_a_c3d_file_brings_are_in_no_hand_over(tmp_path, shared_data, mocap_cli):
    """The whole way from a file of another program, with words in its labels, names, parameters and events."""
    import ezc3d

    plant = Planted()
    file = ezc3d.c3d(str(shared_data / "plug_in_gait" / "PiG_Motion-FlatFoot-One.c3d"))
    parameters = file["parameters"]
    owner = plant()
    parameters["POINT"]["LABELS"]["value"] = [f"{owner}:{one}" for one in parameters["POINT"]["LABELS"]["value"]]
    for group, names in (("TRIAL", ("OPERATOR",)), ("SUBJECTS", ("NAMES", "NOTES")), ("MANUFACTURER", ("COMPANY",))):
        for name in names:
            file.add_parameter(group, name, [f"{plant()} of {plant()}"])
    file.add_parameter("EVENT", "LABELS", [plant(), "Foot Strike"])
    file.add_parameter("EVENT", "CONTEXTS", ["Left", plant()])
    file.add_parameter("EVENT", "TIMES", np.array([[0.0, 0.0], [0.5, 0.9]]))
    parameters["ANALOG"]["LABELS"]["value"][:2] = [plant(), f"{plant()} Fx"]
    parameters["ANALOG"]["DESCRIPTIONS"]["value"][:1] = [plant()]
    name = f"{plant()}_walk"
    file.write(str(tmp_path / f"{name}.c3d"))
    assert mocap_cli("import", tmp_path / f"{name}.c3d", "--out", tmp_path / f"{name}.h5").status == 0
    (tmp_path / "out").mkdir()
    for to in ("h5", "c3d", "json", "trc"):
        out = tmp_path / "out" / f"given.{to}"
        export_to_file(tmp_path / f"{name}.h5", to, out, key=tmp_path / "apart" / "key.json", verify=True)
    written = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert len(written) >= 4 and len(plant.words) > 10
    assert [(path.name, word) for path in written for word in plant.words if word.encode() in path.read_bytes()] == []
    back = read_trial(tmp_path / "out" / "given.h5")
    assert {"LASI", "RKNE"} <= set(back.points.names) and len(back.force_plates) > 0


@pytest.mark.parametrize("text", ["barefoot", "back squat", "heel wedge 20 mm", "plug-in-gait", "Foot Strike", "up z",
                                  ".parquet"])
def test_words_of_the_field_may_stay(known, text):
    assert known.is_plain(text)


@pytest.mark.parametrize("text", ["Miller", "P01", "12345678", "1980-03-01", "01.02.80", "squat of jdoe", "A"])
def test_other_words_may_not(known, text):
    assert not known.is_plain(text)


@pytest.mark.parametrize("label", ["LASI", "r_knee", "R_HJC_reg", "LFEO", "cam_03", "RKneeMarker2", "L.ASIS", "LASI#2",
                                   "T12", "pelvis_4X4", "Force.Fx1", "Left Knee"])  # fmt: skip
def test_labels_of_the_field_are_known(known, label):
    assert known.is_label(label)


@pytest.mark.parametrize("label", ["Young_LASI", "jdoe_knee", "P01", "cam_jdoe", "knee" * 20, "Hand_4711998",
                                   "C19800412", "cam_21340987", "Left 555123456 X", "LASI#Mueller 12.04.1980",
                                   "LASI#1980", "knee@x.y", "1.2.80 knee", "R-12 (knee)"])  # fmt: skip
def test_other_labels_are_not(known, label):
    assert not known.is_label(label)


@pytest.mark.parametrize(("name", "value"), [
    ("load_kg", 20.0), ("static_ankle_width_sd_l_m", 0.07), ("beighton", 4.0), ("passive_hip_flexion_deg_r", 110.0),
    ("footwear", "barefoot"), ("reprojection_rms_px", 0.2), ("n_views", 86), ("world_gravity_sd_deg", None),
    ("static_hip_centre_l", "bell"), ("neutral_pelvic_tilt_clinical_l_sd_deg", 1.0), ("inter_asis_distance_m", 0.24),
    ("static_plantar_flexion_l_rad", 0.1), ("static_quiet_s", 1.0), ("bar_position", "back"),
])  # fmt: skip
def test_measures_may_stay(known, name, value):
    assert may_be_told(name, value, known)


@pytest.mark.parametrize(("name", "value"), [
    ("patient_number", 47119983), ("id", 47119984.0), ("number", 19800413.0), ("c4711995", 1.0), ("Anna Schmidt", 1.0),
    ("anna_schmidt_m", 1.0), ("height_m", 47119984.0), ("person_m", 3.0), ("age", 19.0), ("footwear", "Miller"),
    ("trial", {"Anna": 1.0}), ("load_kg", [1.0, 47119984.0]), ("load_kg", {"id": 3.0}),
    ("person", "bell"), ("cue", "bell"), ("cue", "hara"), ("bell_m", 1.0), ("long_m", 1.0), ("name", "may"),
])  # fmt: skip
def test_numbers_of_people_may_not(known, name, value):
    assert not may_be_told(name, value, known)


def test_what_a_calibration_and_a_session_say_by_number_is_handed_over_by_nobody(known):
    said = {"Anna Schmidt": 1.0, "patient_number": 47119983, "reprojection_px": 0.2}
    rig, told = CameraRig(rig_of(Planted()).cameras, said), {"id": 47119984.0, "load_kg": 20.0}
    labels = ("LASI#Mueller 12.04.1980", "Hand_4711998", "RASI#2")
    trial = Trial("t", Points3D(np.zeros((2, 3, 3)), labels, 50.0), rig=rig, context=told)
    made = deidentified(trial, Alias("S", "S_T01", -7), known).trial
    assert made.points.names == ("point_1", "point_2", "RASI#2")
    assert dict(made.rig.metadata) == {"reprojection_px": 0.2} and dict(made.context) == {"load_kg": 20.0}


def test_a_key_without_asking_is_refused(tmp_path, mocap_cli):
    done = mocap_cli("export", tmp_path / "t.h5", "--to", "csv", "--out", tmp_path / "o.csv", "--key", tmp_path / "k")
    assert done.status == 1 and "CONFIG_VALUE" in done.error_line


def test_the_command_says_under_which_name_it_went(exports, tmp_path, mocap_cli, monkeypatch):
    folder, _, _ = exports
    monkeypatch.setenv("MOCAP_KEY", str(tmp_path / "apart" / "key.json"))
    asked = ("--to", "h5", "--out", tmp_path / "o.h5", "--deidentify", "--verify", "--json")
    done = mocap_cli("export", folder / "t.h5", *asked)
    told = json.loads(done.out)
    assert done.status == 0 and told["verified"] and told["alias"].endswith("_T01") and len(told["renamed"]) == 20
    assert read_trial(tmp_path / "o.h5").trial_id == told["alias"]


@pytest.mark.parametrize(("label", "kept"), [
    ("Bell", "event"), ("bell", "event"), ("May", "event"), ("Long", "event"), ("Foot 4711998", "event"),
    ("Foot Strike", "Foot Strike"), ("squat_bottom", "squat_bottom"), ("initial_contact", "initial_contact"),
])  # fmt: skip
def test_labels_of_events_are_known_whole(known, label, kept):
    assert event_without(Event(0.1, label), known).label == kept


@pytest.mark.parametrize("date", ["12.04.1980", "12/4/80", "1980-4-12", "1980/04/12", "12 Apr 1980", "12. April 1980",
                                  "Apr 12, 1980", "12.04.80", "12-Apr-80", "May 1980"])  # fmt: skip
def test_dates_go_out_of_sentences_however_they_are_written(known, date):
    assert Scrubber(known).scrubbed(f"points of the squat on {date}, in the static") == (
        "points of the squat on [removed], in the static"
    )


@pytest.mark.parametrize("name", ["Dr Baker", "Kim", "Davis", "Hara", "Bell", "Long", "Brown", "Young Lee", "Green."])
def test_authors_of_papers_and_words_written_like_names_are_not_said_by_themselves(known, name):
    said = Scrubber(known).scrubbed(f"depth as {name} measured it")
    assert not {"Baker", "Kim", "Davis", "Hara", "Bell", "Long", "Brown", "Young", "Lee", "Green"} & set(
        said.replace(".", "").split()
    )


@pytest.mark.parametrize("sentence", [
    "Rx(-obliquity) Rz(-tilt) (Baker 2001)", "numpy 1.26.4", "moves 10.2 +- 6.1 mm (Zemp 2014), over the 175 mm",
    "Butterworth filter, order 2 forward and backward, -3 dB at 6 Hz in all (6.874 Hz each pass)",
    "Largest hip flexion, right, in the repetition.", "Z up, as stated by the user",
])  # fmt: skip
def test_what_this_program_says_stays(known, sentence):
    assert Scrubber(known).scrubbed(sentence) == sentence


def test_names_of_protocols_are_those_of_presets_and_what_else_stood_there_is_gone(known):
    def with_protocol(name: str) -> Trial:
        table = Table("repetitions", 0)
        points = Points3D(np.zeros((2, 1, 3)), ("LASI",), 50.0)
        steps = (Operation("smooth", {"points": "Butterworth filter, order 2"}),)
        notes = ("no repetition: Kim moved", "Butterworth filter, order 2")
        noted = Assessment("squat", table, protocol=name, notes=notes)
        trial = Trial("t", points, assessments=(noted,), operations=steps)
        return deidentified(trial, Alias("S", "S_T01", -7), known).trial

    assert with_protocol("squat").assessments[0].protocol == "squat"
    made = with_protocol("Dr Baker Kim 12.04.1980").assessments[0]
    assert made.protocol == "" and made.notes == ("no repetition: [removed] moved", "Butterworth filter, order 2")


def test_where_up_was_stated_is_told_of_a_calibration(known):
    rig = CameraRig(rig_of(Planted()).cameras, {"gravity": "Z up, as stated by the user"})
    trial = Trial("t", Points3D(np.zeros((2, 1, 3)), ("LASI",), 50.0), rig=rig)
    assert dict(deidentified(trial, Alias("S", "S_T01", -7), known).trial.rig.metadata) == dict(rig.metadata)


def test_processes_that_add_people_at_once_lose_none(tmp_path):
    """Threads stand for processes: a lock on a file is that of whoever opened it."""
    from concurrent.futures import ThreadPoolExecutor

    key = tmp_path / "apart" / "key.json"
    with ThreadPoolExecutor(6) as pool:
        given = list(pool.map(lambda number: alias_of(key, f"P{number:03d}", "t"), range(12)))
    assert [alias_of(key, f"P{number:03d}", "t") for number in range(12)] == given
    assert len({one.subject for one in given}) == 12
    assert key.with_name(".key.json.lock").stat().st_mode & 0o077 == 0


def test_a_key_that_is_held_is_waited_for_and_then_left_alone(tmp_path, monkeypatch):
    monkeypatch.setattr("mocap.export.privacy.key_lock._WAIT_S", 0.05)
    known = alias_of(tmp_path / "key.json", "P1", "t")
    with locked(tmp_path / "key.json"):
        with pytest.raises(ExportError, match="KEY_BUSY"):
            alias_of(tmp_path / "key.json", "P2", "t")
        assert alias_of(tmp_path / "key.json", "P1", "t") == known


@pytest.mark.parametrize("place", ["key.json", "out/key.json", "out/deep/key.json", "out"])
def test_a_key_that_would_be_handed_over_too_is_refused(exports, tmp_path, place):
    folder, _, _ = exports
    with pytest.raises(ExportError, match="KEY_NOT_APART"):
        export_to_file(folder / "t.h5", "csv", tmp_path / "out", key=tmp_path / place)
    assert list(tmp_path.iterdir()) == []


def test_times_begin_with_the_trial_where_a_clock_told_the_day(known):
    """TRC files of some programs count from 1970; so may the clocks of cameras, each from a day of its own."""
    day = 1772360430.0
    depth = Metric("bottom_time", "s", "of the bottom", np.array([day + 0.5]))
    span = Metric("duration", "s", "of the repetition", np.array([0.25]))
    rejected = (Rejected(day, day + 0.1, day + 0.2, "x"),)
    assessment = Assessment("squat", Table("repetitions", 1, (depth, span)), rejected)
    trial = Trial(
        "t", Points3D(np.zeros((50, 1, 3)), ("LASI",), 50.0, start_s=day), assessments=(assessment,),
        timeline=Timeline(50.0, 50, day, ("cam_1", "cam_2"), np.array([day, day + 0.25]),
                          frame_time_s=day + np.tile(np.arange(50) / 50.0, (2, 1))),
        analog=Analog(np.ones((100, 1)), ("Force.Fx1",), ("N",), 100.0, start_s=day + 0.02),
        events=(Event(day + 0.5, "squat_bottom", replaces_s=day + 0.48), Event(3.0 * day, "squat_end")),
    )  # fmt: skip
    made = deidentified(trial, Alias("S", "S_T01", -7), known).trial
    assert made.points.start_s == made.timeline.start_s == 0.0 and made.analog.start_s == pytest.approx(0.02)
    assert list(made.timeline.offset_s) == [0.0, 0.25] and made.timeline.frame_time_s[1, 1] == pytest.approx(0.02)
    assert [(one.label, one.time_s) for one in made.events] == [("squat_bottom", 0.5)]
    assert made.events[0].replaces_s == pytest.approx(0.48)
    told = made.assessments[0]
    assert told.repetitions["bottom_time"].values == 0.5 and told.repetitions["duration"].values == 0.25
    assert told.rejected[0].start_s == 0.0 and told.rejected[0].end_s == pytest.approx(0.2)


def test_a_start_within_a_recording_stays(known):
    trial = Trial("t", Points3D(np.zeros((50, 1, 3)), ("LASI",), 50.0, start_s=12.5), events=(Event(13.0, "start"),))
    made = deidentified(trial, Alias("S", "S_T01", -7), known).trial
    assert made.points.start_s == 12.5 and made.events[0].time_s == 13.0


def test_names_of_columns_settings_steps_and_rules_are_ours(known):
    theirs = Metric("anna_schmidt", "m", "x", np.array([1.0]))
    ours, said = Metric("depth", "m", "x", np.array([1.0])), Words("schmidt", "x", ("good",))
    table = Table("repetitions", 1, (theirs, ours), (said,))
    settings = {"Anna.x": 1.0, "depth.number": 47119984.0, "depth.half_above": 5.0}
    assessment = Assessment(
        "squat", table, tables=(Table("Schmidt", 1, (theirs,)), Table("set", 1)), settings=settings,
        screening=(Rule("Anna 1980", "supported", "1", "x"), Rule("HIP", "supported", "1", "x")),
        protocol_sha256="Anna Schmidt",
    )  # fmt: skip
    steps = (Operation("Anna Schmidt", {"Anna": 1, "number": 47119984, "min_views": 2}), Operation("smooth"))
    trial = Trial(
        "t", Points3D(np.zeros((2, 1, 3)), ("LASI",), 50.0), assessments=(assessment,), operations=steps,
        quality=(Verdict("gap", 1.0, 2.0, "Schmidt", True, "x"),), events=(Event(0.1, "start", source="Anna"),),
        forward_axis="Anna",
    )  # fmt: skip
    made = deidentified(trial, Alias("S", "S_T01", -7), known).trial
    told = made.assessments[0]
    assert [one.name for one in told.repetitions.metrics] == ["depth"] and told.repetitions.words == ()
    assert [one.name for one in told.tables] == ["set"] and [one.name for one in told.screening] == ["HIP"]
    assert dict(told.settings) == {"depth.half_above": 5.0} and told.protocol_sha256 == ""
    assert [(one.name, dict(one.parameters)) for one in made.operations] == [("step", {"min_views": 2}), ("smooth", {})]
    assert made.quality[0].unit == "" and made.events[0].source == "imported" and made.forward_axis == "x"
