"""What a reviewer said of a trial stays when the trial is made anew."""

from dataclasses import replace
from pathlib import Path

from mocap.errors import TrialFileError
from mocap.storage import read_events
from mocap.storage.read import read_edits
from mocap.trial import Event, PointEdit, Trial


def with_kept_edits(trial: Trial, older: Path) -> Trial:
    """Return a trial with the edited events of its older result, which is about to be replaced."""
    kept = _edits_of(older)
    same = {repr(event) for event in kept}  # by its words: a time that is not known is not equal to itself
    others = [event for event in trial.events if repr(event) not in same]
    return replace(trial, events=(*others, *kept)) if kept else trial


def point_edits_of(path: Path) -> tuple[PointEdit, ...]:
    """Return the corrections of points in an older result, none where it is no whole trial."""
    try:
        return read_edits(path) if path.is_file() else ()
    except TrialFileError:
        return ()


def _edits_of(path: Path) -> tuple[Event, ...]:
    if not path.is_file():
        return ()
    try:
        return tuple(event for event in read_events(path) if event.source == "edited")
    except TrialFileError:
        return ()  # it is no whole trial any more, and nothing can be kept of it
