"""Write a blinded benchmark: trials that any tool can measure, and their truth apart."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from calibration.files import write_rig, write_texts
from mocap.config.presets import preset_path
from mocap.errors import ConfigError, MocapError, SourceError
from mocap.export.keypoints import write_keypoint_table
from mocap.pipeline.aside import folder_aside
from mocap.pipeline.benchmark_files import COMMITMENT, truth_text
from mocap.pipeline.benchmark_videos import film_case
from mocap.pipeline.digests import file_sha256
from mocap.pipeline.outputs import check_output
from mocap.pipeline.progress import Progress
from mocap.synthetic.cases import LEVELS, MadeCase, draw_cases, make_case

RATE_HZ = 50.0
PLATES = "squat_60"
_RECORD = "benchmark.json"
_SESSION = """\
[session]
id = "{name}"
subject_code = "{name}"

[calibration]
file = "calibration.toml"
world = "up:z"

[sync]
rate_hz = {rate:g}

[static]
trial = "standing"

[[trial]]
name = "standing"
task = "static"
files = "standing.csv"

[[trial]]
name = "{name}"
task = "{task}"
files = "{name}.csv"

[options.kinematics]
marker_set = "landmarks"
"""

_FILMED = """\
[session]
id = "{name}-plates"
subject_code = "{name}"

[calibration]
file = "calibration.toml"
world = "up:z"

[sync]
rate_hz = {rate:g}

[keypoints]
source = "video"
detector = "plates"
plates = "{plates}"

[static]
trial = "standing"

[[trial]]
name = "standing"
task = "static"
files = "standing"

[[trial]]
name = "{name}"
task = "{task}"
files = "{name}"
"""


@dataclass(frozen=True)
class BenchmarkMade:
    """What was written."""

    out: Path
    truth: Path
    trials: tuple[str, ...]
    filmed: tuple[str, ...]
    sha256: str


def make_benchmark(
    out: Path, truth: Path, n_trials: int, seed: int, n_filmed: int, progress: Progress,
    levels: tuple[str, ...] = tuple(LEVELS),
) -> BenchmarkMade:  # fmt: skip
    """Write a set into a new folder, and its truth into a file elsewhere.

    Raises
    ------
    ConfigError
        OUTPUT_EXISTS, BENCHMARK_NOT_APART
    SourceError
        OUTPUT_FOLDER, WRITE_FAILED
    """
    _check_places(out, truth)
    made: dict[str, MadeCase] = {}
    filmed: list[str] = []
    try:
        with folder_aside(out) as folder:
            whole = folder / "whole"
            whole.mkdir()
            for number, case in enumerate(draw_cases(n_trials, seed, levels)):
                progress("trials", number, n_trials)
                one = make_case(case, RATE_HZ)
                made[case.name] = one
                _write_case(whole / case.name, one)
                if number < n_filmed:
                    _film(whole / case.name / "plates", one, progress)
                    filmed.append(case.name)
            progress("trials", n_trials, n_trials)
            hidden = folder / "truth.json"
            hidden.write_text(truth_text(seed, made), encoding="utf-8", newline="\n")
            digest = file_sha256(hidden)
            _write_words(whole, made, filmed, digest, truth.name)
            write_texts({truth: hidden.read_text(encoding="utf-8")}, "WRITE_FAILED")
            if out.is_dir():
                out.rmdir()
            whole.replace(out)
    except OSError as error:
        if isinstance(error, MocapError):
            raise
        raise SourceError(
            f"{out} cannot be written: {error.strerror or error}.", "Check the space and rights of the disk.",
            code="WRITE_FAILED",
        ) from error  # fmt: skip
    return BenchmarkMade(out, truth, tuple(made), tuple(filmed), digest)


def _check_places(out: Path, truth: Path) -> None:
    if truth.resolve().is_relative_to(out.resolve()):
        raise ConfigError(f"The truth {truth} would lie in the set, which would then be blind no more.",
                          "Name a file elsewhere with --truth.", code="BENCHMARK_NOT_APART")  # fmt: skip
    for place in (out, truth):
        if place.exists() and not (place is out and place.is_dir() and not any(place.iterdir())):
            raise ConfigError(f"{place} is there already.", "Name a new one.", code="OUTPUT_EXISTS")
    if not out.is_dir():
        check_output(out)
    check_output(truth)


def _write_case(folder: Path, made: MadeCase) -> None:
    name = made.case.name
    folder.mkdir(parents=True)
    write_rig(folder / "calibration.toml", made.rig)
    for keypoints, what in ((made.standing, "standing"), (made.movement, name)):
        short = replace(keypoints, pixels=np.round(keypoints.pixels, 3))  # a third of the bytes
        write_keypoint_table(folder / f"{what}.csv", short, made.rig.names)
    text = _SESSION.format(name=name, task=made.case.task, rate=made.movement.rate_hz)
    (folder / "session.toml").write_text(text, encoding="utf-8", newline="\n")


def _film(folder: Path, made: MadeCase, progress: Progress) -> None:
    name = made.case.name
    film_case(folder, made, PLATES, name, progress)
    write_rig(folder / "calibration.toml", made.rig)
    text = _FILMED.format(name=name, task=made.case.task, rate=made.truth.points.rate_hz, plates=PLATES)
    (folder / "session.toml").write_text(text, encoding="utf-8", newline="\n")


def _write_words(
    folder: Path, made: Mapping[str, MadeCase], filmed: list[str], digest: str, truth_name: str
) -> None:
    rows = "\n".join(
        f"| {name} | {one.case.task} | {one.case.repetitions} | {one.case.level} | {len(one.rig)} | "
        f"{one.movement.n_frames} | {'yes' if name in filmed else ''} |" for name, one in made.items()
    )
    (folder / "README.md").write_text(_README.format(rows=rows, rate=RATE_HZ), encoding="utf-8", newline="\n")
    (folder / COMMITMENT).write_text(f"{digest}  {truth_name}\n", encoding="utf-8", newline="\n")
    if filmed:
        (folder / "plates.toml").write_bytes(preset_path("plates", PLATES).read_bytes())
    told = {"format": "mocap-benchmark", "format_version": 1, "rate_hz": RATE_HZ, "truth_sha256": digest,
            "trials": {name: {"task": one.case.task, "level": one.case.level, "repetitions": one.case.repetitions,
                              "cameras": list(one.rig.names), "frames": int(one.movement.n_frames),
                              "points": list(np.array(one.movement.names)), "filmed": name in filmed}
                       for name, one in made.items()}}  # fmt: skip
    (folder / _RECORD).write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8", newline="\n")


_README = """\
# A blinded benchmark of pelvis and lumbar spine

Somebody squats, or hinges at the hips, before calibrated cameras. How far is your tool from the truth? The truth is
kept elsewhere; `commitment.sha256` is its digest, so that it can be proven not to have been changed afterwards.

| trial | task | repetitions | level | cameras | frames | filmed |
|---|---|---|---|---|---|---|
{rows}

Levels: *clean* has small noise alone; *lab* noise, gaps and outliers; *skin* the same with markers that slide on the
skin; *hard* more of all with fewer cameras, and left and right exchanged at times.

## What each folder holds

- `calibration.toml`: cameras (matrix, OpenCV's distortion, rotation as Rodrigues vector and translation of camera from
  world, m). aniposelib and Pose2Sim read it. World: Z up, metres; the person faces X.
- `standing.csv` and `T..csv`: columns camera, frame, keypoint, x, y, confidence; the centre of the top-left pixel is
  (0, 0). {rate:g} frames a second; all cameras see frame 0 at time 0. In `standing.csv` the person stands in their
  neutral pose.
- `session.toml`: `mocap run T01` measures the trial.
- `plates/` of filmed trials, a session of its own: videos of a plate on the sacrum and one at T12/L1 (`plates.toml`),
  standing and moving, and `landmarks.csv`: where points of the body are in the world in frame 0 of the standing video,
  as touched with a pointer.

## What is asked

A folder with a file for each trial, `T01.csv`, ...:

| column | |
|---|---|
| `time_s` | 0 is frame 0 |
| `pelvic_tilt_deg` | line from the middle of the PSIS to the middle of the ASIS against the floor, anterior + |
| `lumbar_flexion_deg` | T12/L1 against the pelvis, 0 in the standing pose, flexion + |
| `pelvic_tilt_sd_deg`, `lumbar_flexion_sd_deg` | standard uncertainty, if your tool states one |

Leave cells empty where your tool does not know: that counts as missing, not as wrong. A trial file of mocap (`T01.h5`)
does as well. If your tool finds them, add

- `repetitions.csv`: `trial`, `bottom_time_s`, `wink_magnitude_deg` (greatest anterior tilt in the descent less the tilt
  at the bottom; 0 without a tuck), `wink_onset_depth` (depth at which the tuck begins, in parts of the repetition's own
  drop of the hips);
- `T01_points.csv`: `time_s`, `point`, `x`, `y`, `z` (m).

Whoever has the truth scores it: `mocap benchmark-score ANSWERS --truth truth.json --set DIR`.
"""
