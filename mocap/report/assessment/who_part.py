"""Who was assessed, in what, when and under which circumstances."""

from mocap.report.page_parts import escaped
from mocap.trial import Assessment, Trial

_CONTEXT = ("load_kg", "bar_position", "footwear", "heel_height_mm", "heel_height_m", "stance", "cue", "pain")
_UNITS = {"kg": "kg", "mm": "mm", "cm": "cm", "m": "m", "deg": "deg", "pct": "%", "s": "s"}


def who_part(trial: Trial, assessment: Assessment) -> str:
    """Return facts of the trial, and its context below them, as definition lists that fit any width."""
    task, protocol = (words.replace("_", " ") for words in (assessment.task, assessment.protocol))
    facts = {
        "Subject": trial.subject_code, "Recorded": trial.created_utc, "Task": task, "Trial": trial.trial_id,
        "Site": trial.site, "Operator": trial.operator, "Length": _length(trial),
        "Protocol": f"{protocol} ({assessment.protocol_sha256[:12]})" if protocol else "",
    }  # fmt: skip
    order = [*(name for name in _CONTEXT if name in trial.context), *(n for n in trial.context if n not in _CONTEXT)]
    context = dict(_stated(name, trial.context[name]) for name in order)
    lacking = "" if context else "<p class='note'>No context (load, bar, footwear, cue) is stored with the trial.</p>"
    return _facts(facts) + (f"<h3>Context</h3>{_facts(context)}" if context else lacking)


def _length(trial: Trial) -> str:
    return f"{(trial.points.n_frames - 1) / trial.points.rate_hz:.2f} s at {trial.points.rate_hz:g} Hz"


def _stated(name: str, value: float | str) -> tuple[str, str]:
    """Return a fact of the context in words, its unit behind its value."""
    side = next((f", {word}" for end, word in (("_r", "right"), ("_l", "left")) if name.endswith(end)), "")
    base, _, unit = (name[:-2] if side else name).rpartition("_")
    if base and unit in _UNITS and not isinstance(value, str):
        return f"{base.replace('_', ' ').capitalize()}{side}", f"{value:g} {_UNITS[unit]}"
    return name.replace("_", " ").capitalize(), value if isinstance(value, str) else f"{value:g}"


def _facts(facts: dict[str, str]) -> str:
    asked = ("Subject", "Recorded", "Operator")
    shown = "".join(
        f"<div><dt>{escaped(name)}</dt><dd>{escaped(value) or '<i>not stated</i>'}</dd></div>"
        for name, value in facts.items() if value or name in asked
    )  # fmt: skip
    return f"<dl class='facts'>{shown}</dl>"
