"""The session file, `session.toml`: who, which cameras, which board, which static, which trials."""

from collections.abc import Mapping
from dataclasses import field
from datetime import date as Date
from pathlib import Path
from typing import Any, Literal

import pydantic

from mocap.config.build import build, read_toml
from mocap.config.circumstances import checked_circumstances
from mocap.config.cohort import CohortValue, cohort_file, cohort_values, with_cohort
from mocap.config.consent import Consent
from mocap.config.plain_names import is_code, is_plain, same_files, texts_in
from mocap.config.static_trial import StaticTrial, check_static
from mocap.errors import ConfigError, SourceError

_CONFIG = pydantic.ConfigDict(extra="forbid")
_section = pydantic.dataclasses.dataclass(frozen=True, config=_CONFIG)

_EXAMPLE = "the README shows a whole session file"
STAGES = ("calibration", "reconstruction", "filter", "kinematics", "assessment")


@_section
class SessionInfo:
    """`[session]`: who was recorded, when and where; a code, never a name."""

    id: str
    subject_code: str = ""
    date: Date | str = ""
    site: str = ""
    operator: str = ""


@_section
class CalibrationSource:
    """`[calibration]`: a ready `file`, or a `folder` of board footage with its `board`.

    `world` is `floor:0` or `floor:0-9` (the board lies on the floor in these frames) or `camera:NAME`
    (no gravity: angles against gravity are then not observable); for a ready file `up:z` states that Z is up.
    Files are named from the session folder, or from that of the footage: never from where the program runs.
    """

    folder: str | None = None
    board: str | None = None
    world: str | None = None
    file: str | None = None

    def __post_init__(self) -> None:
        if (self.file is None) == (self.folder is None):
            raise ValueError("give either a ready 'file' or a 'folder' of board footage")
        if self.folder is not None and self.board is None:
            raise ValueError("a 'folder' of board footage needs its 'board'")
        if self.file is not None and (self.board is not None or self.world not in (None, "up:z")):
            raise ValueError("a ready 'file' takes no 'board', and as 'world' only 'up:z'")


@_section
class CameraEntry:
    """One camera of `[cameras]`: which files are its own.

    `rate_hz` is its nominal rate where it is not that of `[sync]`; `timestamps` names the file of its frame times,
    beside the footage of each trial or in the session's folder. `row_time_s` is for rolling shutters: seconds from
    one row of the image to the next (the readout of an image over its rows), negative where rows are read upwards.
    """

    pattern: str
    rate_hz: float | None = None
    timestamps: str | None = None
    row_time_s: float = 0.0

    def __post_init__(self) -> None:
        if not abs(self.row_time_s) < 1e-3:
            raise ValueError(f"'row_time_s' is the time of one row in s, such as 1e-5, not {self.row_time_s:g}")


@_section
class SyncSettings:
    """`[sync]`: the common timeline.

    `method` is how `mocap sync` compares the clocks when it is not told; `clocks` what is done in a trial whose
    cameras are proven out of step: set right and told (`auto`), told alone (`check`), or nothing (`off`).
    """

    rate_hz: float | None = None
    clocks: Literal["auto", "check", "off"] = "auto"
    method: Literal["auto", "motion", "flash", "sound", "timestamps"] = "auto"


@_section
class Participant:
    """`[keypoints.participant]`: who of several people is meant, by zone, by click, or the longest track.

    `zone` is the middle (x, y) of the capture zone on the floor in m, with its `zone_radius_m`; a click is `frame`,
    `camera` and `pixel` (u, v) on the participant. A frame is one of one trial: where there are several, a click is
    said in the `participant` of its `[[trial]]`.
    """

    zone: tuple[float, float] | None = None
    zone_radius_m: float = 1.0
    frame: int | None = None
    camera: str | None = None
    pixel: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        click = [value is not None for value in (self.frame, self.camera, self.pixel)]
        if any(click) and not all(click):
            raise ValueError("a click needs 'frame', 'camera' and 'pixel'")
        if self.zone_radius_m <= 0:
            raise ValueError("'zone_radius_m' is above 0")


@_section
class KeypointSource:
    """`[keypoints]`: where the 2D keypoints come from and how they are named.

    `skeleton` is a preset, or a file of the lab's own in the session's folder; `cameras` gives per camera the name of
    its file or folder, where the names do not tell; `names` reads these keypoints alone. `sides` says what is done
    where left and right are exchanged in a view: told (`flag`), exchanged back (`correct`), or nothing (`off`).

    With `source = "video"` the `files` of a trial are its footage, in which `detector` finds the keypoints: `auto`,
    `mediapipe`, `plates`, `markers` or `onnx`. `model` is an ONNX pose model with its `sha256`; `plates` a
    `plates.toml` or a preset; `marker_set` a standing trial (.h5, .c3d, .trc) whose labelled markers tell round
    markers apart, and `markers` whether these are `bright`, `dark` or whichever of both fits the marker set (`auto`).
    """

    source: Literal["files", "video"] = "files"
    format: Literal[
        "auto", "pose2sim", "mmpose", "alphapose", "coco", "mediapipe", "sleap", "openpose", "deeplabcut", "long"
    ] = "auto"
    skeleton: str | None = None
    detector: Literal["auto", "mediapipe", "plates", "markers", "onnx"] | None = None
    model: str | None = None
    sha256: str | None = None
    plates: str | None = None
    marker_set: str | None = None
    markers: Literal["bright", "dark", "auto"] | None = None
    cameras: dict[str, str] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    sides: Literal["flag", "correct", "off"] = "flag"
    participant: Participant = field(default_factory=Participant)

    def __post_init__(self) -> None:
        asked = [key for key in ("detector", "model", "sha256", "marker_set", "markers") if getattr(self, key)]
        if asked and self.source != "video":
            raise ValueError(f"{', '.join(asked)} are for source = \"video\"")
        if self.sha256 is not None and self.model is None:
            raise ValueError("'sha256' is that of a 'model', and there is none")
        if (self.detector == "onnx") != (self.model is not None) and self.detector not in (None, "auto"):
            raise ValueError("detector = \"onnx\" and a 'model' belong together")


@_section
class TrialEntry:
    """One `[[trial]]`: a name, a task, its keypoint files and its context.

    `participant` says for this trial who is meant, in place of `[keypoints.participant]`.
    """

    name: str
    files: str
    participant: Participant | None = None
    task: Literal["static", "squat", "hinge", "gait", "knee_to_wall", "sit_to_stand", "lunge", "other"] = "other"
    context: dict[str, str | float | int | bool] = field(default_factory=dict)


@_section
class Session:
    """A whole `session.toml`.

    `options` holds per stage the keys of that stage's own options; they are checked where the stage is built.
    """

    session: SessionInfo
    calibration: CalibrationSource
    trial: tuple[TrialEntry, ...]
    cameras: dict[str, str | CameraEntry] = field(default_factory=dict)
    sync: SyncSettings = field(default_factory=SyncSettings)
    keypoints: KeypointSource = field(default_factory=KeypointSource)
    static: StaticTrial | None = None
    consent: Consent = field(default_factory=Consent)
    options: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def camera_patterns(self) -> dict[str, str]:
        """File pattern by camera name; empty when every camera of the calibration is meant."""
        return {name: entry if isinstance(entry, str) else entry.pattern for name, entry in self.cameras.items()}

    @property
    def row_times(self) -> dict[str, float]:
        """Time of an image row, s, by camera; of those with a rolling shutter alone."""
        return {
            name: entry.row_time_s for name, entry in self.cameras.items()
            if isinstance(entry, CameraEntry) and entry.row_time_s
        }  # fmt: skip


def read_session(folder: Path) -> Session:
    """Read and check `session.toml` of a session folder, with what a `cohort.csv` above it says of the person.

    Raises
    ------
    SourceError
        When the folder or the file is missing.
    ConfigError
        On unknown keys (with section and nearest valid key), wrong values, doubled or unknown trial names;
        COHORT_TABLE.
    """
    content, values = session_content(folder)
    changed = with_cohort(content, values)
    source = f"session.toml with {values[0].source.partition(' ')[0]}" if values else "session.toml"
    return session_of(changed, source)


def session_content(folder: Path) -> tuple[dict[str, Any], tuple[CohortValue, ...]]:
    """Return the content of `session.toml` as it is written, and what a `cohort.csv` says in place of some of it.

    Raises
    ------
    SourceError, ConfigError
        As `read_session` does, of files that cannot be read.
    """
    path = folder / "session.toml"
    if not path.is_file():
        raise SourceError(
            f"There is no session.toml in {folder}.",
            "Name a session folder; the README shows one.",
            code="SESSION_MISSING",
        )
    content = read_toml(path)
    if any("\0" in text for text in texts_in(content)):
        raise ConfigError("session.toml holds a zero byte in a text.", "Write the text again.", code="CONFIG_VALUE")
    table = cohort_file(folder)
    return content, () if table is None else cohort_values(table, content)


def session_of(content: Mapping[str, Any], source: str = "session.toml") -> Session:
    """Return a session from the content of its file.

    Raises
    ------
    ConfigError
        As `read_session` does.
    """
    session = build(Session, content, source, example=_EXAMPLE)
    _check_trials(session)
    for entry in session.trial:
        checked_circumstances(entry.context, f"session.toml: context of {entry.name}")
    _check_click(session)
    unknown = sorted(set(session.options) - set(STAGES))
    if unknown:
        raise ConfigError(
            f"session.toml: unknown stages {unknown} in [options].", f"Known: {', '.join(STAGES)}.", code="CONFIG_KEY"
        )
    return session


def _check_trials(session: Session) -> None:
    names = [entry.name for entry in session.trial]
    doubles = same_files(names)
    unsafe = [name for name in names if not is_plain(name)]
    if not names or doubles or unsafe:
        raise ConfigError(
            f"session.toml: the trials have doubled names {doubles}, unusable names {unsafe}, or there are none.",
            "Give each [[trial]] its own plain name; it becomes the name of the trial file.",
            code="CONFIG_VALUE",
        )
    _check_codes(session)
    if session.static is not None:
        check_static(session.static, names)


def _check_codes(session: Session) -> None:
    codes = {"id": session.session.id, "subject_code": session.session.subject_code}
    odd = [key for key, code in codes.items() if code and not is_plain(code)]
    if odd:
        raise ConfigError(
            f"session.toml: {odd[0]} = {codes[odd[0]]!a:.80} cannot stand in the name of a file.",
            "Give a short code of letters, digits, - and _.", code="CONFIG_VALUE",
        )  # fmt: skip
    person = session.session.subject_code
    if person and not is_code(person):
        raise ConfigError(
            f"session.toml: subject_code = {person!a:.80} holds a blank, as names of people do.",
            "Give a code, never a name: letters, digits, - and _. Who it is belongs on paper.", code="CONFIG_VALUE",
        )  # fmt: skip


def _check_click(session: Session) -> None:
    """A click that every trial took for its own would choose somebody else where people stand in other places."""
    clicked = session.keypoints.participant
    if clicked.frame is not None and len(session.trial) > 1:
        raise ConfigError(
            f"session.toml: [keypoints.participant] has a click on frame {clicked.frame}, and there are "
            f"{len(session.trial)} trials, each with a frame of that number.",
            f"Move it to its [[trial]]: participant = {{ frame = {clicked.frame}, camera = ..., pixel = ... }}; a zone "
            "may stay there for all.",
            code="CONFIG_VALUE",
        )
