"""Angles of the points before smoothing, for a review: computed when first asked for, by a process of its own.

All that computes angles takes more memory than a review may, and holds the window up while it works.
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import mocap
from mocap import errors
from mocap.errors import KinematicsError, MocapError
from mocap.trial import Step, Trial
from mocap.viewer.review import RawAngles

if TYPE_CHECKING:
    from mocap.pipeline.reproduce_files import Places
    from mocap.trial import JointAngles

_CODE = "from mocap.pipeline.review_raw import main; main()"
_ANGLES, _ERROR = "raw.npz", "error.json"
_CALIBRATION = "calibration.toml"  # the file holds the cameras itself
_LOOK_S, _TELL_S = 0.1, 1.0


class FileRaw:
    """What computes the raw angles of a trial file (`mocap.viewer.review.RawSource`), once.

    Parameters
    ----------
    path : Path
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._made: RawAngles | None = None

    def steps(self) -> Generator[str | RawAngles, None, None]:
        """See `RawSource`.

        Raises
        ------
        KinematicsError
            NO_ANGLES, RAW_LOST
        MocapError
            What reading the file and computing refuse.
        """
        if self._made is None:
            with tempfile.TemporaryDirectory(prefix="mocap-raw-") as folder:
                yield from _waited(_started(self._path, Path(folder)))
                self._made = _answer(Path(folder))
        yield self._made


def raw_key(trial: Trial) -> str | None:
    """Return what raw angles depend on, but for the points; None where there are none beside those that are shown.

    They stay the same while this does, whatever else is decided of a trial.
    """
    if trial.points_smoothed is None or trial.angles is None or not trial.steps:
        return None
    made = [one for one in trial.operations if one.name == "kinematics"]
    return repr((trial.edits, made, sorted(trial.inputs.items())))


def raw_angles(path: Path) -> "JointAngles":
    """Return the angles of a trial file as they would be had its points not been smoothed.

    All else is as its record tells; the same as `mocap kinematics --filter none` gives.

    Raises
    ------
    KinematicsError
        NO_ANGLES, where nothing tells how its angles were computed.
    SourceError
        REPRODUCE_MISSING, REPRODUCE_CHANGED: an input, as the static, is not there any more, or another.
    MocapError
        What reading and computing refuse.
    """
    from mocap.pipeline.compute_again import analysed_by_record, calibrating_inputs, made_by
    from mocap.pipeline.reproduce_files import Places
    from mocap.pipeline.steps_of_commands import KINEMATICS
    from mocap.signal.filter_options import FilterOptions
    from mocap.storage import read_light

    light = read_light(path)  # an input that is missing is told before all is read
    step = light.steps[made_by(light, path)]
    places = Places(path, None)
    if step.command == KINEMATICS:
        none = FilterOptions(method="none")
        made = analysed_by_record(path, calibrating_inputs(step, places), step, none)
    else:
        made = _of_session(path, step, places)
    assert made.angles is not None
    return made.angles


def _of_session(path: Path, step: Step, places: "Places") -> Trial:
    """Return a trial of a session with the angles of its raw points; only what calibrates the person is looked for."""
    from dataclasses import replace

    from mocap.pipeline.compute_again import found_input
    from mocap.pipeline.reproduce_steps import session_work
    from mocap.pipeline.session_record import KEYPOINTS
    from mocap.pipeline.session_trial import with_angles
    from mocap.signal.filter_options import FilterOptions
    from mocap.storage import read_trial

    footage = {str(one["files"]) for one in step.options["session"]["trial"]}
    found = [(one, found_input(one, places)) for one in step.inputs
             if one.role != KEYPOINTS and one.name not in footage | {_CALIBRATION}]  # fmt: skip
    stored = read_trial(path)
    with tempfile.TemporaryDirectory(prefix="mocap-raw-") as folder:
        work = session_work(step.options, found, Path(folder), path, stored.rig)
        options = replace(work.run.options, filter=FilterOptions(method="none"))
        return with_angles(replace(work, run=replace(work.run, options=options)), stored)


def main() -> None:
    """Compute the raw angles of a file, in a process of their own: its path and the folder of the answer are given."""
    path, folder = Path(sys.argv[1]), Path(sys.argv[2])
    threading.Thread(target=_follow, daemon=True).start()
    try:
        angles = raw_angles(path)
    except MocapError as error:
        told = type(error).__name__, error.cause, error.remedy, error.code
        (folder / _ERROR).write_text(json.dumps(told), encoding="utf-8")
        return
    shown = [name for name in angles.names if np.isfinite(angles[name]).any()]
    values = np.stack([angles.deg(name).astype(np.float32) for name in shown], axis=1) if shown else np.empty(
        (len(angles.values), 0), np.float32)  # fmt: skip
    np.savez(folder / _ANGLES, names=np.array(shown, str), values_deg=values)


def _follow() -> None:
    """End with the program that asked: whoever holds the other end of this pipe is gone when it closes."""
    sys.stdin.buffer.read()
    os._exit(1)


def _started(path: Path, folder: Path) -> "subprocess.Popen[bytes]":
    package_folder = str(Path(mocap.__file__).resolve().parents[1])
    search = os.pathsep.join(part for part in (package_folder, os.environ.get("PYTHONPATH", "")) if part)
    return subprocess.Popen(
        [sys.executable, "-P", "-c", _CODE, str(path.absolute()), str(folder)],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": search, "OPENBLAS_NUM_THREADS": "1"},
        start_new_session=True,  # an interrupt by the keyboard is for the window, which ends this one
    )  # fmt: skip


def _waited(process: "subprocess.Popen[bytes]") -> Generator[str, None, None]:
    """Say for how long a process works until it ends; whoever asks no more ends it."""
    begun, told = time.monotonic(), 0.0
    try:
        while process.poll() is None:
            time.sleep(_LOOK_S)
            lasted = time.monotonic() - begun
            if lasted >= told:
                told = lasted + _TELL_S
                yield f"computing, {lasted:.0f} s"
    finally:
        process.kill()
        process.wait()
        if process.stdin is not None:
            process.stdin.close()


def _answer(folder: Path) -> RawAngles:
    if (folder / _ERROR).is_file():
        kind, cause, remedy, code = json.loads((folder / _ERROR).read_text(encoding="utf-8"))
        raise (getattr(errors, kind) if kind in errors.__all__ else KinematicsError)(cause, remedy, code=code)
    if not (folder / _ANGLES).is_file():
        raise KinematicsError(
            "The raw angles could not be computed: the process that computes them ended before it was done.",
            "Give the machine more memory, or close other programs.", code="RAW_LOST",
        )  # fmt: skip
    with np.load(folder / _ANGLES) as made:
        return RawAngles(tuple(str(name) for name in made["names"]), made["values_deg"])
