"""What is open, in a few lines: the trial, what was made of it, and which checks did not hold. Needs no display."""

from pathlib import Path

from calibration.digits import digits
from mocap.trial import Trial, Verdict
from mocap.viewer.review import Review


def facts(review: Review, source: str, read_only: str) -> list[str]:
    """Return lines on a review: what it is, what was made of it, what it lacks, and whether it can be decided on.

    Parameters
    ----------
    review : Review
    source : str
        Path of the file, or address of the sample.
    read_only : str
        Why nothing can be decided; empty where it can.
    """
    trial = review.trial
    points = trial.points
    who = f", subject {trial.subject_code}" if trial.subject_code else ""
    views = "no cameras" if trial.rig is None else _counted(len(trial.rig), "camera")
    lines = [
        f"{trial.trial_id}{who}",
        f"{_counted(points.n_frames, 'frame')} at {digits(points.rate_hz, 4)} Hz "
        f"({digits(points.n_frames / points.rate_hz, 3)} s), {_counted(len(points.names), 'point')}, {views}",
        _made(trial),
        f"from {Path(source).name}" if "://" not in source else "a sample, made in memory",
        *checks(trial.quality),
        *review.notes,
    ]
    return [*lines, f"Nothing can be decided here: {read_only}."] if read_only else lines


def checks(quality: tuple[Verdict, ...]) -> list[str]:
    """Return a line for each check that did not hold, or one that says how many did."""
    failed = [one for one in quality if not one.passed]
    if not failed:
        return [f"{_counted(len(quality), 'check')} made, all held"] if quality else ["No checks are stored."]
    return [f"LOOK {one.name}: {_measured(one)}{one.text}".rstrip() for one in failed]


def _made(trial: Trial) -> str:
    known = sum(definition.observable for definition in trial.angles.definitions) if trial.angles is not None else 0
    tasks = ", ".join(made.task for made in trial.assessments)
    return f"{_counted(known, 'angle')} observed; " + (f"assessed as {tasks}" if tasks else "not assessed")


def _measured(verdict: Verdict) -> str:
    if verdict.measured != verdict.measured:
        return ""
    unit = "" if verdict.unit == "1" else f" {verdict.unit}"
    limit = f"limit {digits(verdict.limit, 3)}" if verdict.limit == verdict.limit else ""
    return f"{digits(verdict.measured, 3)}{unit}{f' ({limit})' if limit else ''}. "


def _counted(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
