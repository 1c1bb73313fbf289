"""The recipe of `mocap doctor`: read what a session names, look at a few pictures, hold one against the other."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import calibration
from calibration import CameraRig
from calibration.sources import CameraSource
from calibration.world import parse_world
from mocap.config.plates import read_plates
from mocap.config.session import CameraEntry, Session, TrialEntry, read_session
from mocap.doctor.board import board_findings
from mocap.doctor.clips import CALIBRATION, Clip, Row, matched, read_clips, row_of
from mocap.doctor.dry_run import dry_run_findings
from mocap.doctor.finding import STOP, Finding, refused, worst_first
from mocap.doctor.keypoints import keypoint_findings
from mocap.doctor.pictures import picture_findings
from mocap.doctor.plates import plate_findings
from mocap.doctor.ready_calibration import calibration_findings
from mocap.doctor.setup import disk_findings, session_findings
from mocap.doctor.videos import video_findings
from mocap.errors import MocapError
from mocap.pipeline.boards import target_from
from mocap.pipeline.places import located
from mocap.pipeline.progress import Progress
from mocap.pipeline.reconstruction import with_z_up
from mocap.pipeline.session_inputs import existing, places, session_skeleton
from mocap.pipeline.session_options import stage_options
from mocap.readers.keypoints import read_keypoints
from mocap.readers.keypoints_cameras import match_cameras

_BOARD_PICTURES, _TRIAL_PICTURES = 24, 5
_FOLLOWS_FROM = {
    "FEW_VIEWS": ("PERSON_ABSENT", "FEET_NOT_SEEN"),
    "PELVIS_NOT_OBSERVABLE": ("GRAVITY_UNKNOWN",),
}
_MOST_SAMPLES = 20_000_000  # keypoints in all views, of which a run takes half a minute


@dataclass(frozen=True)
class Examination:
    """What the doctor found.

    Attributes
    ----------
    findings : tuple of Finding
        Worst first.
    table : tuple of Row
        Which file was taken for which camera.
    n_checks : int
        Places and files that were looked at.
    """

    findings: tuple[Finding, ...]
    table: tuple[Row, ...]
    n_checks: int


@dataclass
class _Case:
    """A session under examination, and what is known of it so far."""

    session: Session
    folder: Path
    progress: Progress
    findings: list[Finding] = field(default_factory=list)
    table: list[Row] = field(default_factory=list)
    clips: list[Clip] = field(default_factory=list)
    n_checks: int = 0
    n_samples: int = 0
    rig: CameraRig | None = None
    camera_names: tuple[str, ...] = ()

    def tried(self, about: str, work: Callable[[], object]) -> None:
        """Do a part of the examination; what the program refuses there is a finding."""
        self.n_checks += 1
        try:
            work()
        except MocapError as error:
            self.findings.append(refused(error, about))
        except OSError as error:
            self.findings.append(Finding(
                "FILE", STOP, about, f"{error.filename or 'A file'}: {error.strerror or error}.",
                "Check the path and its permissions.",
            ))  # fmt: skip


def examine(
    folder: Path, out: Path, progress: Progress, free_bytes: int | None = None, *, dry_run: bool = True
) -> Examination:
    """Look for what would spoil a run of a session; nothing is written.

    Parameters
    ----------
    folder, out : Path
        Of the session and of its results, there or not.
    progress : callable
    free_bytes : int, optional
        Of the disk of the results; asked of the system when left out.
    dry_run : bool
        Where all is sound so far, run the session into a folder that is thrown away.
    """
    try:
        session = read_session(folder)
    except MocapError as error:
        return Examination((refused(error, "session"),), (), 1)
    case = _Case(session, folder, progress)
    case.tried("options", lambda: stage_options(session))
    case.findings += session_findings(session)
    case.tried("calibration", lambda: _calibration(case))
    for number, entry in enumerate(session.trial):
        progress("trials", number, len(session.trial))
        _trial(case, entry)
    progress("trials", len(session.trial), len(session.trial))
    case.findings += video_findings(case.clips, _rates(session))
    if case.rig is not None:
        _ready(case, case.rig)
    case.tried("disk", lambda: _disk(case, out, free_bytes))
    from_files = case.rig is not None and case.session.keypoints.source == "files"
    if dry_run and from_files and 0 < case.n_samples <= _MOST_SAMPLES:
        sound = not any(one.severity == STOP for one in case.findings)
        case.tried("dry run", lambda: case.findings.extend(_without_consequences(case) if sound else ()))
    return Examination(tuple(worst_first(case.findings)), tuple(case.table), case.n_checks)


def _without_consequences(case: _Case) -> list[Finding]:
    """What a dry run finds, but for what only follows from a fault that is told already."""
    told = {one.code for one in case.findings}
    found = dry_run_findings(case.folder, case.progress)
    return [one for one in found if not told & set(_FOLLOWS_FROM.get(one.code, ()))]


def _calibration(case: _Case) -> None:
    session, source = case.session, case.session.calibration
    if source.file is not None:
        rig = calibration.read_rig(existing(case.folder, source.file, "calibration"))
        case.rig = with_z_up(rig) if source.world == "up:z" else rig
        # Cameras that the calibration does not know are told once, and not by every trial.
        case.camera_names = tuple(name for name in session.camera_patterns if name in rig.names) or rig.names
        return
    footage = existing(case.folder, source.folder or "", "calibration")
    found, findings = matched(footage, CALIBRATION, session.camera_patterns)
    case.findings += findings
    case.camera_names = tuple(found)
    world = parse_world(source.world, tuple(found))
    floor = [frame for first, last in world.spans for frame in {first, (first + last) // 2, last}] if (
        world.on_floor) else []
    case.progress("calibration", 0, 2)
    clips = _looked_at(case, CALIBRATION, found, floor, _BOARD_PICTURES)
    case.progress("calibration", 1, 2)
    board = target_from(Path(source.board or ""), places(session, case.folder))
    case.findings += board_findings(clips, board, world.spans if world.on_floor else ())
    case.progress("calibration", 2, 2)


def _looked_at(
    case: _Case, place: str, found: Mapping[str, CameraSource], wanted: Sequence[int], every: int
) -> list[Clip]:
    clips, findings = read_clips(place, found, wanted, every)
    case.findings += [*findings, *picture_findings(clips)]
    case.clips += clips
    case.table += [row_of(clip) for clip in clips]
    case.n_checks += len(clips)
    return clips


def _trial(case: _Case, entry: TrialEntry) -> None:
    def looked() -> None:
        path = existing(case.folder, entry.files, f"trial '{entry.name}'")
        if case.session.keypoints.source == "video":
            _filmed(case, entry, path)
        else:
            _keypoints(case, entry, path)

    case.tried(entry.name, looked)


def _filmed(case: _Case, entry: TrialEntry, path: Path) -> None:
    found, findings = matched(path, entry.name, case.session.camera_patterns)
    if not case.session.camera_patterns and found and case.camera_names:
        # Without patterns each file is the camera of the calibration that its name tells, as when keypoints are read.
        own = match_cameras(list(found), case.camera_names)
        found = {camera: found[name] for camera, name in own.items()}
    case.findings += findings
    if not findings and 0 < len(found) < 2:
        case.findings.append(_one_camera(entry.name))
    clips = _looked_at(case, entry.name, found, (), _TRIAL_PICTURES)
    named = case.session.keypoints.plates
    if named and clips:
        there = located(named, (case.folder,))
        case.findings += plate_findings(clips, read_plates(there if there.exists() else named))


def _one_camera(about: str) -> Finding:
    return Finding(
        "ONE_CAMERA", STOP, about, "There is footage of one camera alone.",
        "Film with two cameras or more: one alone measures no depth.",
    )  # fmt: skip


def _keypoints(case: _Case, entry: TrialEntry, path: Path) -> None:
    session, asked = case.session, case.session.keypoints
    names = case.camera_names
    if not names:  # what was wrong with the cameras is told
        return
    sizes = {camera.name: camera.size for camera in case.rig} if case.rig else {c.camera: c.size for c in case.clips}
    read = read_keypoints(
        path, source=asked.format, camera_names=names, skeleton=session_skeleton(session, case.folder),
        rate_hz=session.sync.rate_hz, declared=asked.cameras or None, keypoints=asked.names or None,
        image_sizes=sizes or None, leave_others=bool(session.cameras),
    )  # fmt: skip
    count, rate = read.people.pixels.shape[1], read.people.rate_hz
    case.table += [
        Row(entry.name, camera, read.source_of.get(camera, path.name), frames=str(count), rate=f"{rate:.2f} Hz")
        for camera in names
    ]
    case.n_checks += len(names)
    case.n_samples += read.people.confidence.size
    rule = entry.participant or asked.participant
    chosen = rule.zone is not None or rule.frame is not None
    stated = "marker_set" in session.options.get("kinematics", {})
    case.findings += keypoint_findings(entry.name, read.people, names, sizes, chosen, stated)


def _rates(session: Session) -> dict[str, float]:
    """What the session says of the rate of each camera."""
    stated = {
        name: entry.rate_hz if isinstance(entry, CameraEntry) and entry.rate_hz else session.sync.rate_hz
        for name, entry in session.cameras.items()
    }
    return {name: rate for name, rate in stated.items() if rate}


def _ready(case: _Case, rig: CameraRig) -> None:
    try:
        day = date.fromisoformat(str(case.session.session.date)[:10])
    except ValueError:
        day = None
    case.findings += calibration_findings(rig, tuple(case.session.camera_patterns), case.clips, day)


def _disk(case: _Case, out: Path, free_bytes: int | None) -> None:
    above = next(folder for folder in (out, *out.absolute().parents) if folder.is_dir())
    footage = sum(_bytes(case.folder / entry.files) for entry in case.session.trial)
    free = shutil.disk_usage(above).free if free_bytes is None else free_bytes
    case.findings += disk_findings(footage, free, above)


def _bytes(path: Path) -> int:
    if path.is_dir():
        return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    return path.stat().st_size if path.is_file() else 0
