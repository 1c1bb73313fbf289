"""A recorded session from its `session.toml` to trial files; stages whose inputs did not change are skipped."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import calibration
from calibration import CameraRig
from calibration.files import write_rig
from mocap import __version__
from mocap.config.build import build
from mocap.config.session import Session, TrialEntry, read_session
from mocap.errors import ConfigError, MocapError, SourceError
from mocap.kinematics import KinematicsOptions
from mocap.pipeline.calibration import calibrate_footage
from mocap.pipeline.digests import file_sha256, input_sha256, options_sha256
from mocap.pipeline.motion import analyse
from mocap.pipeline.progress import Progress
from mocap.pipeline.reconstruction import reconstruct_trial
from mocap.signal.filters import smooth_points
from mocap.storage import read_trial, write_trial
from mocap.trial import Trial


@dataclass(frozen=True)
class Outcome:
    """What became of one stage: `done`, `skipped` (nothing changed) or `refused` (with the error)."""

    name: str
    state: str
    text: str = ""


@dataclass(frozen=True)
class SessionSummary:
    """All outcomes of a run."""

    outcomes: tuple[Outcome, ...]

    @property
    def counts(self) -> dict[str, int]:
        """How many outcomes there are of each state."""
        return {state: sum(o.state == state for o in self.outcomes) for state in ("done", "skipped", "refused")}

    @property
    def text(self) -> str:
        """One closing line."""
        counts = self.counts
        return (
            f"{len(self.outcomes)} found, {counts['done']} done, {counts['skipped']} skipped because nothing changed, "
            f"{counts['refused']} refused"
        )


@dataclass(frozen=True)
class FilterOptions:
    """`[options.filter]`: low-pass of the points before the angles; a cut-off of 0 means none."""

    cutoff_hz: float = 6.0
    longest_gap_s: float = 0.1


class StageRecord:
    """Remembers, in `stages.json` of the results, from which inputs each output was made.

    An output counts as up to date when both its inputs' digest and its own bytes are as recorded.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / "stages.json"
        try:
            self._content = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            self._content = {}  # no record, or an unreadable one: everything is made anew

    def is_current(self, output: str, inputs: str) -> bool:
        """Whether the output file exists, unchanged, made from these inputs."""
        entry = self._content.get(output, {})
        path = self._folder / output
        return entry.get("inputs") == inputs and path.is_file() and entry.get("output") == file_sha256(path)

    def store(self, output: str, inputs: str) -> None:
        """Record a freshly written output."""
        self._content[output] = {"inputs": inputs, "output": file_sha256(self._folder / output)}
        part = self._path.with_suffix(".part")
        part.write_text(json.dumps(self._content, indent=1, sort_keys=True), encoding="utf-8")
        part.replace(self._path)


def run_session(folder: Path, out: Path, progress: Progress) -> SessionSummary:
    """Run every stage of a session.

    Parameters
    ----------
    folder : Path
        Holds `session.toml`.
    out : Path
        Receives `calibration.toml`, one `<trial>.h5` per trial and `stages.json`.
    progress : callable
        `progress(label, done, total)`.

    Returns
    -------
    SessionSummary
        A trial that is refused does not stop the others.

    Raises
    ------
    MocapError
        When the session or its calibration is refused.
    """
    session = read_session(folder)
    out.mkdir(parents=True, exist_ok=True)
    record = StageRecord(out)
    outcomes = [_calibrate(session, folder, out, record, progress)]
    rig = calibration.read_rig(out / "calibration.toml")
    static_outcome, others = _static_first(session)
    static: Trial | None = None
    for entry in [*static_outcome, *others]:
        label = f"trial {entry.name}"
        progress("trials", len(outcomes) - 1, len(session.trial))
        try:
            outcomes.append(_make_trial(session, entry, folder, out, rig, static, record))
        except MocapError as error:
            outcomes.append(Outcome(label, "refused", str(error)))
        else:
            if entry in static_outcome:
                static = read_trial(out / f"{entry.name}.h5")
    progress("trials", len(session.trial), len(session.trial))
    return SessionSummary(tuple(outcomes))


def _static_first(session: Session) -> tuple[list[TrialEntry], list[TrialEntry]]:
    name = session.static.trial if session.static else None
    return [e for e in session.trial if e.name == name], [e for e in session.trial if e.name != name]


def _calibrate(session: Session, folder: Path, out: Path, record: StageRecord, progress: Progress) -> Outcome:
    source = session.calibration
    output = out / "calibration.toml"
    footage = _existing(folder, source.file or source.folder or "", "calibration")
    board = folder / source.board if source.board else None
    board_digest = input_sha256(board) if board is not None and board.exists() else str(source.board)
    inputs = options_sha256(
        {
            "footage": input_sha256(footage), "board": board_digest, "world": source.world,
            "cameras": session.camera_patterns, "version": __version__,
        }
    )  # fmt: skip
    if record.is_current(output.name, inputs):
        return Outcome("calibration", "skipped")
    if source.file is not None:
        rig, text = calibration.read_rig(footage), "as given"
    else:
        assert source.board is not None
        board_file = board if board is not None and board.exists() else Path(source.board)
        rig = calibrate_footage(footage, board_file, source.world, progress, session.camera_patterns).rig
        text = ""
    rig = _named_cameras(session, rig)
    write_rig(output, rig)
    record.store(output.name, inputs)
    return Outcome("calibration", "done", text or f"{len(rig)} cameras")


def _named_cameras(session: Session, rig: CameraRig) -> CameraRig:
    """Keep the cameras that the session names, in its order; all when it names none."""
    return rig.subset(list(session.camera_patterns)) if session.camera_patterns else rig


def _make_trial(
    session: Session,
    entry: TrialEntry,
    folder: Path,
    out: Path,
    rig: CameraRig,
    static: Trial | None,
    record: StageRecord,
) -> Outcome:
    output = out / f"{entry.name}.h5"
    source = _existing(folder, entry.files, f"trial '{entry.name}'")
    inputs = options_sha256(
        {
            "keypoints": input_sha256(source), "calibration": file_sha256(out / "calibration.toml"),
            "static": file_sha256(out / f"{static.trial_id}.h5") if static else None,
            "session": [repr(session.session), repr(session.keypoints), repr(session.sync), repr(entry)],
            "options": session.options, "version": __version__,
        }
    )  # fmt: skip
    if record.is_current(output.name, inputs):
        return Outcome(f"trial {entry.name}", "skipped")
    trial = _compute_trial(session, entry, source, rig, static)
    write_trial(output, trial)
    record.store(output.name, inputs)
    return Outcome(f"trial {entry.name}", "done", _angle_summary(trial))


def _compute_trial(session: Session, entry: TrialEntry, source: Path, rig: CameraRig, static: Trial | None) -> Trial:
    smoothing = build(FilterOptions, session.options.get("filter", {}), "session.toml", "options.filter")
    choices = dict(session.options.get("kinematics", {}))
    marker_set = choices.pop("marker_set", None)
    kinematics = build(KinematicsOptions, choices, "session.toml", "options.kinematics")
    trial = reconstruct_trial(
        source, rig, session.sync.rate_hz, session.keypoints.skeleton, session.keypoints.format,
        session.options.get("reconstruction", {}),
    )  # fmt: skip
    info = session.session
    trial = replace(
        trial, trial_id=entry.name, task=entry.task, context=_plain_context(entry), subject_code=info.subject_code,
        created_utc=str(info.date), site=info.site, operator=info.operator,
    )  # fmt: skip
    standing = static.points_smoothed or static.points if static else None
    is_static = session.static is not None and session.static.trial == entry.name
    cutoff, gap = smoothing.cutoff_hz or None, smoothing.longest_gap_s
    if is_static:
        # The standing trial is its own reference, smoothed as it will be for the others.
        standing = smooth_points(trial.points, cutoff, gap) if cutoff else trial.points
    return analyse(trial, standing, marker_set, cutoff, gap, kinematics)


def _plain_context(entry: TrialEntry) -> dict[str, float | str]:
    return {key: value if isinstance(value, str) else float(value) for key, value in entry.context.items()}


def _angle_summary(trial: Trial) -> str:
    if trial.angles is None:
        return ""
    shown = sum(definition.observable for definition in trial.angles.definitions)
    return f"{trial.points.n_frames} frames, {shown} of {len(trial.angles.definitions)} angles observable"


def _existing(folder: Path, name: str, owner: str) -> Path:
    if Path(name).is_absolute() or ".." in Path(name).parts:
        raise ConfigError(
            f"session.toml: {owner} points outside the session folder: {name}.",
            "Keep the files inside the session folder.", code="CONFIG_VALUE",
        )  # fmt: skip
    path = folder / name
    if not path.exists():
        raise SourceError(
            f"{owner} names {name}, which is not in {folder}.", "Mend the name in session.toml, or add the file.",
            code="FILE_MISSING",
        )  # fmt: skip
    return path
