"""A trial without what tells whose it is: names renamed, free words left out, dates shifted, figures kept.

What a user or another program may have put words into is kept only where all words are of the field; sentences that
this program made itself stay, with every name and word taken out that came from outside.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from calibration import CameraRig
from mocap.errors import ExportError
from mocap.export.privacy.assessed import assessment_without, event_without
from mocap.export.privacy.figures import is_known, may_be_figure, may_be_told
from mocap.export.privacy.key import Alias
from mocap.export.privacy.recorded import recorded_without
from mocap.export.privacy.times import timed_from_start
from mocap.export.privacy.words import Scrubber, Vocabulary
from mocap.trial import JointAngles, Operation, PointEdit, Points3D, Segments, Timeline, Trial, Verdict

_AXIS = re.compile(r"[+-]?[xyz]?")
# Recording programs put the name of the person before each label.
_BEFORE_LABEL = re.compile(r"^(.*)[:|]")


@dataclass(frozen=True)
class Deidentified:
    """A trial that may be handed over.

    Attributes
    ----------
    trial : Trial
    identifiers : frozenset of str
        What must be found nowhere in what is written of it.
    renamed : mapping of str to str
        Labels of points that got others, since they are not known: for the one who hands over, not to be handed over.
    """

    trial: Trial
    identifiers: frozenset[str]
    renamed: Mapping[str, str]


def deidentified(trial: Trial, alias: Alias, vocabulary: Vocabulary) -> Deidentified:
    """Return a trial without what tells whose it is.

    Parameters
    ----------
    trial : Trial
    alias : Alias
        Stands for the person and the trial.
    vocabulary : Vocabulary
        Labels and words that may stay.

    Raises
    ------
    ExportError
        `DEIDENTIFY_UNKNOWN` where the trial holds a part of which nothing here knows what it tells.
    """
    _check_known(trial)
    trial = timed_from_start(trial)
    scrubber = Scrubber(vocabulary)
    _learn(trial, scrubber)
    labels = _learned_labels(trial, scrubber)
    recorded = recorded_without(trial, scrubber)  # before any sentence: it learns names, too
    made = replace(
        trial, trial_id=alias.trial, subject_code=alias.subject, created_utc=alias.shifted(trial.created_utc),
        site="", operator="", task=_plain(trial.task, vocabulary), inputs={}, steps=(), settings=(),
        forward_axis=trial.forward_axis if _AXIS.fullmatch(trial.forward_axis) else "x",
        axis_source=scrubber.scrubbed(trial.axis_source),
        points=_points(trial.points, scrubber),
        points_smoothed=None if trial.points_smoothed is None else _points(trial.points_smoothed, scrubber),
        rig=None if trial.rig is None else _rig(trial.rig, scrubber),
        timeline=None if trial.timeline is None else _timeline(trial.timeline, scrubber),
        keypoints=None if trial.keypoints is None else replace(
            trial.keypoints, names=tuple(labels[name] for name in trial.keypoints.names)
        ),
        bones=tuple((labels[first], labels[second]) for first, second in trial.bones),
        segments=None if trial.segments is None else _segments(trial.segments, scrubber),
        angles=None if trial.angles is None else _angles(trial.angles, scrubber),
        subject=_figures(trial.subject, scrubber, alias), context=_figures(trial.context, scrubber, alias),
        quality=tuple(_verdict(one, scrubber) for one in trial.quality),
        operations=tuple(_operation(one, scrubber) for one in trial.operations),
        edits=_edits(trial.edits, labels, scrubber),
        events=tuple(event_without(one, vocabulary) for one in trial.events),
        assessments=tuple(assessment_without(one, scrubber) for one in trial.assessments), **recorded,
    )  # fmt: skip
    changed = {name: new for name, new in labels.items() if name != new}
    return Deidentified(made, frozenset(scrubber.identifiers), changed)


_KNOWN = {
    "trial_id", "points", "points_smoothed", "rig", "timeline", "keypoints", "segments", "angles", "subject_code",
    "task", "created_utc", "site", "operator", "forward_axis", "axis_source", "gravity_known", "subject", "context",
    "bones", "quality", "operations", "inputs", "events", "assessments", "analog", "force_plates", "model_outputs",
    "imported_poses", "origin", "steps", "settings", "edits",
}  # fmt: skip


def _edits(edits: Sequence[PointEdit], labels: Mapping[str, str], scrubber: Scrubber) -> tuple[PointEdit, ...]:
    """Return corrections without who made them and why."""
    return tuple(
        replace(one, points=tuple(labels[name] for name in one.points), reason="", initials="",
                camera=scrubber.renamed.get(one.camera, one.camera))
        for one in edits
    )  # fmt: skip


def _check_known(trial: Trial) -> None:
    later = [one.name for one in fields(trial) if one.name not in _KNOWN]
    unknown = [name for name in later if getattr(trial, name) not in (None, ())]
    if unknown:
        raise ExportError(
            f"The trial holds {', '.join(unknown)}, and nothing here knows what of a person these tell.",
            "Export without them, or with a version that knows them.",
            code="DEIDENTIFY_UNKNOWN",
        )


def _learn(trial: Trial, scrubber: Scrubber) -> None:
    """Take for identifying whatever came from outside, before any sentence is looked at."""
    scrubber.learn(trial.trial_id, trial.subject_code, trial.site, trial.operator)
    scrubber.learn(trial.created_utc, trial.created_utc[:10])
    scrubber.learn(*trial.inputs, *(str(name).rsplit(".", 1)[0] for name in trial.inputs))
    for told in (trial.subject, trial.context):
        others = [value for name, value in told.items() if not may_be_told(name, value, scrubber.vocabulary)]
        scrubber.learn(*(value for value in others if isinstance(value, str)), sentences=True)
        scrubber.learn(*(name for name in told if not is_known(name, scrubber.vocabulary)), sentences=True)
    # The digest of settings is that of figures, the same for all people who were assessed by them, and it stays.
    settings = {one.protocol_sha256 for one in trial.assessments}
    for step in trial.operations:
        said = {name: value for name, value in step.parameters.items() if isinstance(value, str) and name != "notes"}
        outside = [value for value in said.values() if value not in settings and not scrubber.is_said(value)]
        scrubber.learn(*outside, sentences=True)
    protocols = [one.protocol for one in trial.assessments if one.protocol not in scrubber.vocabulary.labels]
    scrubber.learn(*protocols, sentences=True)
    scrubber.learn(*(word for event in trial.events for word in (event.note, event.initials)), sentences=True)
    scrubber.learn(*(word for one in trial.edits for word in (one.reason, one.initials)), sentences=True)
    if trial.origin is not None:
        for parameter in trial.origin.parameters.values():
            words = [one for one in (*parameter.values, parameter.description) if isinstance(one, str)]
            scrubber.learn(*words, sentences=True)
    if trial.rig is not None:
        said_of_rig = [value for value in trial.rig.metadata.values() if isinstance(value, str)]
        scrubber.learn(*(value for value in said_of_rig if not scrubber.is_said(value)), sentences=True)


def _learned_labels(trial: Trial, scrubber: Scrubber) -> dict[str, str]:
    """Name every label anew that is not known; of one behind a person's name that name alone goes."""
    cameras = () if trial.rig is None else trial.rig.names
    for number, name in enumerate(cameras):
        if not scrubber.vocabulary.is_label(name):
            scrubber.rename(name, f"camera_{number + 1}")
    seen = [trial.points.names, *([trial.keypoints.names] if trial.keypoints is not None else [])]
    labels: dict[str, str] = {}
    for name in dict.fromkeys(name for names in seen for name in names):
        labels[name] = new = _label(name, len(labels), set(labels.values()), scrubber)
        if new != name:
            scrubber.rename(name, new)
    return labels


def _label(name: str, number: int, taken: set[str], scrubber: Scrubber) -> str:
    bare = _BEFORE_LABEL.sub("", name).strip()
    if bare != name:
        scrubber.learn(name[: len(name) - len(bare)].strip(" :|"))
    if scrubber.vocabulary.is_label(bare) and bare not in taken:
        return bare
    return f"point_{number + 1}"


def _plain(text: str, vocabulary: Vocabulary) -> str:
    return text if vocabulary.is_plain(text) else ""


def _points(points: Points3D, scrubber: Scrubber) -> Points3D:
    names = tuple(scrubber.renamed.get(name, name) for name in points.names)
    ties = points.bone_errors
    if ties is not None:
        new = scrubber.renamed
        pairs = tuple((new.get(first, first), new.get(second, second)) for first, second in ties.pairs)
        ties = replace(ties, pairs=pairs)
    return replace(points, names=names, bone_errors=ties)


def _rig(rig: CameraRig, scrubber: Scrubber) -> CameraRig:
    cameras = tuple(replace(camera, name=scrubber.renamed.get(camera.name, camera.name)) for camera in rig)
    up = rig.metadata.get("gravity")
    told = {name: value for name, value in rig.metadata.items() if may_be_told(name, value, scrubber.vocabulary)}
    if isinstance(up, str) and scrubber.is_said(up):
        told["gravity"] = up  # a sentence, without which nothing says that Z is up
    return CameraRig(cameras, told, rig.covariance)


def _may_stay(value: Any, scrubber: Scrubber) -> bool:
    """Whether a parameter of a step of this program, which named it itself, tells nothing of a person."""
    if isinstance(value, Mapping):
        return all(_may_stay(name, scrubber) and _may_stay(inner, scrubber) for name, inner in value.items())
    if isinstance(value, list | tuple):
        return all(_may_stay(inner, scrubber) for inner in value)
    return scrubber.vocabulary.is_plain(value) if isinstance(value, str) else may_be_figure(value)


def _timeline(timeline: Timeline, scrubber: Scrubber) -> Timeline:
    names = tuple(scrubber.renamed.get(name, name) for name in timeline.camera_names)
    return replace(timeline, camera_names=names, source=scrubber.scrubbed(timeline.source))


_OF_A_MEASURE = ("definition", "positive", "method", "reason")
_OF_AN_ANGLE = (*_OF_A_MEASURE, "sequence", "zero")


def _segments(segments: Segments, scrubber: Scrubber) -> Segments:
    measures = []
    for one in segments.measures:
        texts: dict[str, Any] = {name: scrubber.scrubbed(getattr(one, name)) for name in _OF_A_MEASURE}
        words = scrubber.all_scrubbed(one.frame_reason_words)
        measures.append(replace(one, frame_reason_words=words, **texts))
    return replace(
        segments, measures=tuple(measures), frame_reason_words=scrubber.all_scrubbed(segments.frame_reason_words)
    )


def _angles(angles: JointAngles, scrubber: Scrubber) -> JointAngles:
    definitions = []
    for number, one in enumerate(angles.definitions):
        own = scrubber.vocabulary.is_label(one.name.removeprefix("imported_"))
        if not own:
            scrubber.rename(one.name, f"imported_angle_{number + 1}")
            scrubber.learn(one.name.removeprefix("imported_"))
        texts: dict[str, Any] = {name: scrubber.scrubbed(getattr(one, name)) for name in _OF_AN_ANGLE}
        definitions.append(replace(one, name=scrubber.renamed.get(one.name, one.name), **texts))
    words = scrubber.all_scrubbed(angles.frame_reason_words)
    return replace(angles, definitions=tuple(definitions), frame_reason_words=words)


def _figures(told: Mapping[str, float | str], scrubber: Scrubber, alias: Alias) -> dict[str, float | str]:
    """Keep figures under names of the field, dates shifted, and words of the field."""
    kept: dict[str, float | str] = {}
    for name, value in told.items():
        if isinstance(value, str) and name == "static_recorded":
            kept[name] = alias.shifted(value)
        elif may_be_told(name, value, scrubber.vocabulary):
            kept[name] = value
    return {name: value for name, value in kept.items() if value != ""}


def _verdict(verdict: Verdict, scrubber: Scrubber) -> Verdict:
    unit = verdict.unit if scrubber.is_said(verdict.unit) else ""
    return replace(verdict, name=scrubber.scrubbed(verdict.name), unit=unit, text=scrubber.scrubbed(verdict.text))


def _operation(step: Operation, scrubber: Scrubber) -> Operation:
    """Keep figures and words of the field; notes are sentences about files, and go."""
    is_name = scrubber.vocabulary.is_name
    kept = {name: value for name, value in step.parameters.items()
            if name != "notes" and is_name(name) and _may_stay(value, scrubber)}  # fmt: skip
    return Operation(step.name if is_name(step.name) else "step", kept)
