"""The text of a new `session.toml`, with a comment at each entry that somebody will want to change."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from mocap.config.plain_names import is_plain
from mocap.errors import ConfigError

TASKS = ("static", "squat", "hinge", "gait", "knee_to_wall", "sit_to_stand", "lunge", "other")


_CONSENT = """\
# [consent]               # what the person consented to beside their own assessment
# purposes = ["research"] # research, machine-learning, publication, teaching, commercial
# images = false          # may pictures be handed over"""


@dataclass(frozen=True)
class NewTrial:
    """One trial that is going to be filmed."""

    name: str
    task: str


@dataclass(frozen=True)
class NewSession:
    """What a new session is to say.

    Attributes
    ----------
    id, subject, date, operator, site : str
        Empty where nobody said.
    cameras : tuple of str
        Their names, which are those of their files.
    rate_hz : float
    trials : tuple of NewTrial
    video : bool
        The keypoints are to be found in videos; else they come as files of another program.
    plates : str
        A preset, or a file in the session's folder; empty without plates.
    calibration : str
        A ready calibration in the session's folder; empty where boards are filmed.
    """

    id: str
    subject: str
    date: str
    cameras: tuple[str, ...]
    rate_hz: float
    trials: tuple[NewTrial, ...]
    video: bool = True
    plates: str = ""
    operator: str = ""
    site: str = ""
    calibration: str = ""

    @property
    def static(self) -> str:
        """The standing trial; empty where there is none."""
        return next((one.name for one in self.trials if one.task == "static"), "")


def asked_trials(texts: Sequence[str]) -> tuple[NewTrial, ...]:
    """Return trials from texts such as `squat`, or `squat_loaded:squat`.

    Raises
    ------
    ConfigError
        CONFIG_VALUE for a task that is none, or a name that no file can bear.
    """
    made = []
    for text in texts:
        name, _, task = text.partition(":")
        task = task or next((one for one in TASKS if name == one or name.startswith(f"{one}_")), "")
        task = task or ("static" if name.startswith("stand") else "")
        if task not in TASKS or not is_plain(name):
            raise ConfigError(
                f"'{text}' is no trial.", f"Write NAME:TASK, such as squat_2:squat; tasks: {', '.join(TASKS)}.",
                code="CONFIG_VALUE",
            )  # fmt: skip
        made.append(NewTrial(name, task))
    return tuple(made)


def session_text(new: NewSession) -> str:
    """Return the text of `session.toml`."""
    parts = [
        _info(new), _calibration(new), _cameras(new),
        f"[sync]\n{f'rate_hz = {new.rate_hz:g}':25}# of the cameras; `mocap sync` finds offsets and drifts",
        _keypoints(new),
        f"[static]\ntrial = {_text(new.static)}" if new.static else "# [static]\n# trial = \"standing\"",
        _CONSENT,
        *(_trial(one) for one in new.trials),
    ]
    return "\n\n".join(parts) + "\n"


def _info(new: NewSession) -> str:
    return (
        f"[session]\nid = {_text(new.id)}\nsubject_code = {_text(new.subject)}      # a code, never a name\n"
        f"date = {new.date}\noperator = {_text(new.operator)}\nsite = {_text(new.site)}"
    )


def _calibration(new: NewSession) -> str:
    if new.calibration:
        return f"[calibration]\nfile = {_text(new.calibration)}\n# world = \"up:z\"       # where the file does not say"
    return (
        "[calibration]\nfolder = \"calibration\"   # one video or image folder per camera, all of the board\n"
        "board = \"board.toml\"\nworld = \"floor:0-9\"      # the board lies flat on the floor in these first frames"
    )


def _cameras(new: NewSession) -> str:
    lines = [f"{_text(name) if not is_plain(name) else name} = {_text(f'{name}.*')}" for name in new.cameras]
    return "\n".join(["[cameras]                # camera = pattern of its files", *lines])


def _keypoints(new: NewSession) -> str:
    lines = ["[keypoints]"]
    if new.video:
        detector = "plates" if new.plates else "auto"
        lines += ["source = \"video\"         # the files of a trial are its videos",
                  f"{f'detector = {_text(detector)}':25}# auto, plates, markers, mediapipe, onnx"]
    else:
        lines += ["source = \"files\"", "format = \"auto\"          # that of the program that found the keypoints"]
    if new.plates:
        lines.append(f"plates = {_text(new.plates)}")
    return "\n".join(lines)


def _trial(one: NewTrial) -> str:
    context = "" if one.task == "static" else "\ncontext = { footwear = \"barefoot\", load_kg = 0.0 }"
    return f"[[trial]]\nname = {_text(one.name)}\ntask = {_text(one.task)}\nfiles = {_text(one.name)}{context}"


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
