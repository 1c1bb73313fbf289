"""The desk of a trial file: what a reviewer decides is in the file before they are told so."""

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING

from numpy.typing import NDArray

from mocap.errors import AssessmentError, MocapError, SourceError
from mocap.pipeline.progress import Progress
from mocap.pipeline.review_history import (
    UNDONE,
    Change,
    brief_words,
    check_overrules,
    check_same_recording,
    decided,
    in_order,
    joined_words,
    new_words,
    reason_in_journal,
    stepped,
    with_decided,
    without,
    words_of,
)
from mocap.pipeline.review_parts import FileParts
from mocap.pipeline.review_raw import FileRaw, raw_key
from mocap.storage import open_trial_file, read_light, read_trial, writing
from mocap.storage.journal import entries
from mocap.storage.links import followed
from mocap.trial import Assessment, Event, PointEdit, Trial
from mocap.trial.edits import IN_VIEWS
from mocap.viewer.freed import give_back_freed
from mocap.viewer.parts import Parts
from mocap.viewer.review import Decision, Footage, Review

if TYPE_CHECKING:
    from mocap.pipeline.edited_views import Views

_EDITS = "edits"  # parameter of an operation that used corrected points
_STALE = ("EDIT", "DECISION_GONE", "DECIDED_ELSEWHERE")  # where what is shown may be no more what the file holds
_NONE_MADE = "no repetition can be made of it"


def _silent(label: str, done: int, total: int | None) -> None:
    """Nobody watches."""


def _no_footage(trial: Trial, folder: Path | None) -> tuple[Footage | None, tuple[str, ...]]:
    return None, ()


FootageOf = Callable[[Trial, Path | None], tuple[Footage | None, tuple[str, ...]]]


class TrialDesk:
    """The desk (`mocap.viewer.review.Desk`) of a trial file.

    Every decision is made of the file as it is then, under the lock of its writer: what another process wrote between
    stays. A refused decision leaves the file as it was.

    Parameters
    ----------
    path : Path
    footage_of : callable
        Gets the trial and a folder, None for where they usually are, and returns the cameras' pictures, where there are
        some, and sentences for every review of it.
    folder : Path, optional
        With the cameras' pictures.

    Raises
    ------
    SourceError, TrialFileError
        As `read_trial`.
    """

    def __init__(self, path: Path, footage_of: FootageOf = _no_footage, folder: Path | None = None) -> None:
        self.path = followed(Path(path))
        self._lock = RLock()
        self._undo: list[Change | PointEdit | Event] = []
        self._redo: list[Change] = []
        self._opened: list[FileParts] = []
        self._views: Views | None = None
        self._raw: NDArray | None = None
        self._label_of: dict[str, str] | None = None
        self._raw_of: tuple[str, FileRaw | None] = ("", None)
        self._light = read_light(self.path)
        give_back_freed()
        self._footage_of = footage_of
        self._footage, self._notes = footage_of(self._light, folder)
        self.review = self._opened_anew()
        folder = self.path.absolute().parent
        self._undo += in_order(self._light, entries(folder), self.path.name)

    @property
    def read_only(self) -> str:
        """Why nothing can be decided here; empty where it can."""
        for place in (self.path, self.path.absolute().parent):
            try:
                mode = place.stat().st_mode
            except OSError as error:
                return f"{place} is not there any more ({error.strerror})"
            if not mode & 0o222 or not os.access(place, os.W_OK):
                return f"{place} may only be read"
        return ""

    @property
    def undoable(self) -> str:
        """What `undo` would take back, in words; empty where nothing is left."""
        last = self._undo[-1] if self._undo else None
        return "" if last is None else last.brief if isinstance(last, Change) else brief_words(last)

    @property
    def redoable(self) -> str:
        """What `redo` would do again, in words; empty where nothing is left."""
        return self._redo[-1].brief if self._redo else ""

    def take_pictures(self, folder: Path) -> Review:
        """Return the review with the cameras' pictures in a folder: a video or a folder of images for each.

        Raises
        ------
        SourceError
            Where it holds none of these cameras.
        """
        with self._lock:
            self._footage, self._notes = self._footage_of(self._light, folder)
            self.review = self._reviewed(self._light)
            return self.review

    def preview(self, edits: Sequence[PointEdit]) -> Review:
        """Return the review with more corrections of points, which are not stored: quick, also in a long recording.

        Raises
        ------
        ReconstructionError, ShapeError
            As `correct`.
        """
        with self._lock:
            return self._reviewed(replace(self._light, edits=(*self._light.edits, *edits)))

    def correct(self, edits: Sequence[PointEdit]) -> Review:
        """Add corrections of points; the angles stay as they were, and a verdict says so.

        Raises
        ------
        ReconstructionError
            EDIT_NO_VIEWS, EDIT_PLATES
        ShapeError
            EDIT_WRONG, EDIT_OUTSIDE
        MocapError
            What reading and writing refuse; READ_ONLY.
        """
        from mocap.pipeline.point_edits import with_more

        return self._decide(lambda trial: with_more(trial, edits), joined_words(edits))

    def move_event(
        self, task: str, at_s: float, instant: str, time_s: float, note: str = "", initials: str = "", side: str = ""
    ) -> Review:
        """Move an instant of a repetition, and assess again.

        Parameters
        ----------
        task : str
        at_s : float
            Bottom of the repetition as it is shown, s; of a gait cycle its start.
        instant : str
            `start`, `bottom` or `end`; of a gait cycle also `other_off`, `other_on`, `off`.
        time_s : float
            Where to.
        note, initials, side : str
            Why, and who; of a gait cycle whose foot.

        Raises
        ------
        AssessmentError
            EDIT
        """
        from mocap.pipeline.assess_edits import EventEdit, with_event_edit

        edit = EventEdit(0, at_s, instant, time_s, note.strip(), initials.strip(), side)
        return self._decide(lambda trial: with_event_edit(trial, task, edit))

    def decide(
        self, task: str, at_s: float, accepted: bool, reason: str, initials: str, side: str = ""
    ) -> Review:
        """Accept or reject a repetition, or accept a candidate that was not taken, and assess again.

        Parameters
        ----------
        task : str
        at_s : float
            Bottom of the repetition or candidate as it is shown, s; of a gait cycle its start.
        accepted : bool
        reason, initials, side : str
            Why, and who; of a gait cycle whose foot.

        Raises
        ------
        AssessmentError
            EDIT; NOT_A_REPETITION for a candidate that no repetition can be made of.
        """
        from mocap.pipeline.assess_edits import ACCEPT, REJECT, EventEdit, with_event_edit

        what = ACCEPT if accepted else REJECT
        edit = EventEdit(0, at_s, what, note=reason.strip(), initials=initials.strip(), side=side)
        return self._decide(lambda trial: with_event_edit(trial, task, edit))

    def take_back(self, one: PointEdit | Event) -> Review:
        """Take a decision back, be it the last one or not."""
        after = decided(self._light)
        before = without(after, one)
        return self._decide(lambda trial: with_decided(trial, stepped(decided(trial), after, before)),
                            f"{UNDONE}{words_of(one)}")  # fmt: skip

    def undo(self) -> Review:
        """Take the last decision back: those of this window first, then those that the file holds."""
        with self._lock:
            if not self._undo:
                return self.review
            last = self._undo[-1]
            now = decided(self._light)
            change = last if isinstance(last, Change) else Change(words_of(last), without(now, last), now)
            self._write(lambda trial: with_decided(trial, stepped(decided(trial), change.after, change.before)),
                        f"{UNDONE}{change.words}")  # fmt: skip
            self._undo.pop()
            self._redo.append(change)
            return self.review

    def redo(self) -> Review:
        """Do again what was undone last in this window."""
        with self._lock:
            if not self._redo:
                return self.review
            change = self._redo[-1]
            self._write(lambda trial: with_decided(trial, stepped(decided(trial), change.before, change.after)),
                        change.words)  # fmt: skip
            self._undo.append(self._redo.pop())
            return self.review

    def assess(self, progress: Progress = _silent) -> Review:
        """Compute the angles of the corrected points, and assess again, with the options of the record.

        Raises
        ------
        KinematicsError
            NO_ANGLES
        SourceError
            REPRODUCE_MISSING, REPRODUCE_CHANGED for an input that is gone; READ_ONLY.
        """
        from mocap.pipeline.compute_again import computed_again

        with self._lock:
            self._check_writable()
            check_same_recording(read_light(self.path), self._light)
            computed_again(self.path, "computed and assessed again", progress)
            self.review = self._shown()
            return self.review

    def _decide(self, decision: Callable[[Trial], Trial], words: str = "") -> Review:
        with self._lock:
            change = self._write(decision, words)
            if change is not None:
                self._undo.append(change)
                self._redo.clear()
            return self.review

    def _write(self, decision: Callable[[Trial], Trial], words: str) -> Change | None:
        """Write a decision into the file as it is now; return what changed, None where nothing did.

        Where it is refused since the file holds other decisions than are shown, the review shows them after.
        """
        self._check_writable()
        try:
            with writing(self.path, present=True) as writer:
                stored = read_trial(self.path)
                check_same_recording(stored, self._light)
                before = decided(stored)
                asked = decision(stored)
                after = decided(asked)
                if repr(before) == repr(after):  # a time that is not known is not equal to itself
                    return None
                check_overrules(decided(self._light), before, after)
                made = self._made(asked, stored)
                words = words or new_words(before, after)
                writer.write(made, reason_in_journal(words))
        except AssessmentError as error:
            if error.code in _STALE:
                self._look_again()
            raise
        self.review = self._shown()
        return Change(words, before, after)

    def _look_again(self) -> None:
        """Show what others decided in the file; what this window could undo is counted anew."""
        before = repr(decided(self._light))
        self.review = self._shown()
        if repr(decided(self._light)) == before:
            return
        self._undo = [*in_order(self._light, entries(self.path.absolute().parent), self.path.name)]
        self._redo.clear()

    def _made(self, asked: Trial, stored: Trial) -> Trial:
        """Return a trial with all that follows from its decisions without computing angles again."""
        made = asked
        if asked.edits != stored.edits:
            from mocap.pipeline.point_edits import edited_points, judged

            made = judged(asked)
            edited_points(made)  # refused before anything is written
        tasks = [one.task for one in stored.assessments]
        events = _events_of_tasks(stored, tasks), _events_of_tasks(asked, tasks)
        for before in stored.assessments:
            if events[0].get(before.task) != events[1].get(before.task):
                from mocap.pipeline.assess_again import assessed_again  # loads all that assesses

                made = assessed_again(made, before, self.path)
                _check_taken(made, before)
        return made

    def _shown(self) -> Review:
        self._light = read_light(self.path)
        give_back_freed()
        return self._opened_anew()

    def _opened_anew(self) -> Review:
        self._views, self._raw = None, None
        # What the window still shows of the one before is read no more once it shows the next.
        self._opened.append(FileParts(self.path, self._light))
        for older in self._opened[:-2]:
            older.close()
        del self._opened[:-2]
        return self._reviewed(self._light)

    def _reviewed(self, light: Trial) -> Review:
        if self._label_of is None:
            self._label_of = _labels(light, self._opened[-1])
        made = Review(light, self._opened[-1], self._footage, self._notes, self._label_of,
                      decisions=self._decisions(light), raw=self._raw_angles(self._light))  # fmt: skip
        if not light.edits and not any(_EDITS in one.parameters for one in light.operations):
            return made
        # What corrects points loads all that reconstructs, for which few reviews have a use.
        from mocap.pipeline.point_edits import BEHIND
        from mocap.pipeline.review_corrected import CorrectedParts, corrected

        if self._views is None and any(one.kind in IN_VIEWS for one in light.edits):
            from mocap.pipeline.review_views import file_views

            self._views = file_views(self.path, self._light)
        trial, again = corrected(self._with_raw(light), self._views)
        parts: Parts = CorrectedParts(self._opened[-1], trial, again) if light.edits else self._opened[-1]
        behind = " ".join(f"{one.name}: {one.text}" for one in trial.quality if one.name == BEHIND)
        return replace(made, trial=trial, parts=parts, notes=(*self._notes, *filter(None, [behind])), behind=behind)

    def _decisions(self, light: Trial) -> tuple[Decision, ...]:
        now = decided(light)
        if not now.edits and not now.events:
            return ()
        made = in_order(light, entries(self.path.absolute().parent), self.path.name)
        return tuple(Decision(brief_words(one), one) for one in made)

    def _raw_angles(self, light: Trial) -> FileRaw | None:
        """Return what computes the angles of the raw points; the same while these stay the same."""
        key = raw_key(light)
        if key is None:
            return None
        if key != self._raw_of[0]:
            self._raw_of = key, FileRaw(self.path)
        return self._raw_of[1]

    def _with_raw(self, light: Trial) -> Trial:
        """Return a light trial with the positions of its raw points, which few reviews have a use for."""
        if light.points_smoothed is None:
            return light
        if self._raw is None:
            with open_trial_file(self.path) as file:
                self._raw = file.values("/points/position")
        return replace(light, points=replace(light.points, position=self._raw))

    def _check_writable(self) -> None:
        why = self.read_only
        if why:
            gone = not self.path.exists()
            remedy = ("Put it back, or open it where it is now." if gone
                      else "Copy the trial to a folder that may be written to.")  # fmt: skip
            raise SourceError(f"Nothing can be decided here: {why}.", remedy, code="GONE" if gone else "READ_ONLY")


def _labels(light: Trial, parts: Parts) -> dict[str, str]:
    """Return the labels of landmarks where the points are called otherwise; looked up where there is a use for it."""
    names = light.points.names
    if not parts.segment_names or any(f"{side}HEEL" in names for side in "LR"):
        return {}
    from mocap.pipeline.movement import label_of  # loads all that computes angles

    try:
        return label_of(light)
    except MocapError:
        return {}  # of points that no marker set knows


def _events_of_tasks(trial: Trial, tasks: Sequence[str]) -> dict[str, list[str]]:
    """Return the edited events of each task, by their words."""
    found: dict[str, list[str]] = {}
    for one in decided(trial).events:
        task = one.label.rpartition("_")[0]
        found.setdefault(task if task in tasks else "gait", []).append(repr(one))
    return found


def _check_taken(made: Trial, before: Assessment) -> None:
    """Refuse to accept a candidate that no repetition can be made of."""
    now = next(one for one in made.assessments if one.task == before.task)
    refused = [note for note in now.notes if _NONE_MADE in note and note not in before.notes]
    if refused:
        raise AssessmentError(
            f"{refused[0][0].upper()}{refused[0][1:]}.", "Nothing was stored; a repetition needs a start and an end.",
            code="NOT_A_REPETITION",
        )  # fmt: skip
