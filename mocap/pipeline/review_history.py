"""What a reviewer decided of a trial, step by step, so that each step can be taken back."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from mocap.errors import AssessmentError, SourceError
from mocap.pipeline.edit_words import edit_line
from mocap.storage.journal import Entry
from mocap.trial import Event, PointEdit, Trial

BEGINS = "decision: "
"""What the reason of a decision begins with in the journal."""
UNDONE = "undone: "
_BETWEEN = "; "
_POINTS_IN_BRIEF = 4
_T = TypeVar("_T", bound=PointEdit | Event)


@dataclass(frozen=True)
class Decided:
    """All that reviewers decided of a trial: corrections of points, and edited events, in their orders."""

    edits: tuple[PointEdit, ...]
    events: tuple[Event, ...]


@dataclass(frozen=True)
class Change:
    """One decision: what there was before it and after it, and what it is in words."""

    words: str
    before: Decided
    after: Decided

    @property
    def brief(self) -> str:
        """Its words for a line on a screen, with few of many points by name."""
        before, after = (Counter(map(repr, _all_of(one))) for one in (self.before, self.after))
        made, undone = after - before, before - after
        told = [brief_words(one) for one in _all_of(self.after) if repr(one) in made]
        if not made:
            told = [f"{UNDONE}{brief_words(one)}" for one in _all_of(self.before) if repr(one) in undone]
        return _BETWEEN.join(dict.fromkeys(told)) or self.words


def decided(trial: Trial) -> Decided:
    """Return what was decided of a trial."""
    return Decided(trial.edits, tuple(one for one in trial.events if one.source == "edited"))


def with_decided(trial: Trial, wanted: Decided) -> Trial:
    """Return a trial with other decisions; nothing is computed."""
    others = tuple(one for one in trial.events if one.source != "edited")
    return replace(trial, edits=wanted.edits, events=(*others, *wanted.events))


def stepped(now: Decided, start: Decided, goal: Decided) -> Decided:
    """Return decisions with the step from `start` to `goal` done, though others were made since.

    Raises
    ------
    AssessmentError
        DECISION_GONE where what is to be taken out is there no more.
    """
    return Decided(_stepped(now.edits, start.edits, goal.edits), _stepped(now.events, start.events, goal.events))


def _stepped(now: Sequence[_T], start: Sequence[_T], goal: Sequence[_T]) -> tuple[_T, ...]:
    # By their words: a time that is not known is not equal to itself.
    known = [repr(one) for one in now]
    if known == [repr(one) for one in start]:
        return tuple(goal)
    out = _without([repr(one) for one in start], [repr(one) for one in goal])
    added = _without([repr(one) for one in goal], [repr(one) for one in start])
    kept: list[_T] = list(now)
    for one in out:
        if one not in known:
            raise AssessmentError(
                "This decision was changed elsewhere since it was made.", "Look at what is decided now.",
                code="DECISION_GONE",
            )  # fmt: skip
        place = len(known) - 1 - known[::-1].index(one)
        known.pop(place)
        kept.pop(place)
    return (*kept, *(one for one in goal if repr(one) in added))


def _without(some: list[str], others: Sequence[str]) -> list[str]:
    rest = list(some)
    for one in others:
        if one in rest:
            rest.remove(one)
    return rest


def words_of(one: PointEdit | Event) -> str:
    """Return a decision in words, without who made it and why."""
    if isinstance(one, PointEdit):
        return edit_line(_unsigned(one))
    task, _, what = one.label.rpartition("_")
    side = "" if one.side == "general" else f" {one.side}"
    at = f"{one.replaces_s if np.isfinite(one.replaces_s) else one.time_s:.2f} s"
    label = one.label.replace("_", " ")
    if what in ("accepted", "rejected"):
        return f"{task.replace('_', ' ')}{side} at {at}: {what}"
    if np.isnan(one.time_s):
        return f"{task.replace('_', ' ')} at {at}: rejected" if what == "bottom" else f"{label}{side} at {at}: out"
    return f"{label}{side} at {at}: moved to {one.time_s:.2f} s"


def brief_words(one: PointEdit | Event) -> str:
    """Return a decision in words, with few of many points by name."""
    return edit_line(_unsigned(one), _POINTS_IN_BRIEF) if isinstance(one, PointEdit) else words_of(one)


def _all_of(some: Decided) -> list[PointEdit | Event]:
    return [*some.edits, *some.events]


def _unsigned(one: PointEdit) -> PointEdit:
    return replace(one, reason="", initials="")


def reason_in_journal(words: str) -> str:
    """Return what the journal says of a change."""
    return f"{BEGINS}{words}"


def in_order(trial: Trial, entries: Sequence[Entry], file: str) -> list[PointEdit | Event]:
    """Return the decisions of a trial in the order in which the journal tells that they were made.

    What it does not tell of comes first, corrections of points before events.
    """
    told: dict[str, int] = {}
    for number, entry in enumerate(entries):
        if entry.file == file and entry.reason.startswith(BEGINS):
            told |= dict.fromkeys(entry.reason.removeprefix(BEGINS).split(_BETWEEN), number)
    return sorted(_all_of(decided(trial)), key=lambda one: told.get(words_of(one), -1))


def joined_words(some: Sequence[PointEdit | Event]) -> str:
    """Return decisions that are made at once in words."""
    return _BETWEEN.join(dict.fromkeys(map(words_of, some)))


def without(now: Decided, one: PointEdit | Event) -> Decided:
    """Return decisions without one of them, its last where there are several alike."""

    def rest(some: tuple) -> tuple:
        places = [place for place, each in enumerate(some) if repr(each) == repr(one)]
        return tuple(each for place, each in enumerate(some) if place not in places[-1:])

    return Decided(rest(now.edits), rest(now.events))


def new_words(before: Decided, after: Decided) -> str:
    """Return what is decided after and was not before, in words."""
    known = set(map(repr, (*before.edits, *before.events)))
    made: list[PointEdit | Event] = [*after.edits, *after.events]
    return joined_words([one for one in made if repr(one) not in known]) or "taken back"


def check_overrules(shown: Decided, before: Decided, after: Decided) -> None:
    """Refuse to overrule what others decided in the file and this window never showed.

    Raises
    ------
    AssessmentError
        DECIDED_ELSEWHERE
    """
    known = set(map(repr, (*shown.edits, *shown.events)))
    kept = set(map(repr, (*after.edits, *after.events)))
    every: list[PointEdit | Event] = [*before.edits, *before.events]
    lost = [one for one in every if repr(one) not in known and repr(one) not in kept]
    if lost:
        raise AssessmentError(
            f"Elsewhere it was decided since this file was opened: {joined_words(lost)}.",
            "Look at it as it is now, and decide again.", code="DECIDED_ELSEWHERE",
        )  # fmt: skip


def check_same_recording(stored: Trial, shown: Trial) -> None:
    """Refuse a file that holds another recording than the one that is shown.

    Raises
    ------
    SourceError
        OTHER_RECORDING
    """
    one, other = stored.points, shown.points
    same = (
        stored.trial_id == shown.trial_id and one.names == other.names and one.n_frames == other.n_frames
        and (one.rate_hz, one.start_s) == (other.rate_hz, other.start_s)
        and np.array_equal(one.status, other.status)
    )  # fmt: skip
    if not same:
        raise SourceError(
            "The file of this window holds another recording now, or other points of it.",
            "Close this window, and open the file again.",
            code="OTHER_RECORDING",
        )  # fmt: skip
