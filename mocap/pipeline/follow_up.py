"""The recipe of `mocap follow-up`: one person over visits, measured in the same way."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from mocap.assessment.several.follow_up import FollowUp, follow_up
from mocap.assessment.several.primary import Primary
from mocap.assessment.several.result import also_differs
from mocap.assessment.statistics.measured import Recording, is_day, units_of
from mocap.config.trial_table import read_trial_table
from mocap.errors import AssessmentError
from mocap.pipeline.assessed_trials import (
    check_different,
    check_method,
    check_subjects,
    chosen_of,
    read_recordings,
    with_table,
)
from mocap.pipeline.change_limits import limits_of
from mocap.pipeline.output_kinds import FOLLOW_UP_PAGE, FOLLOW_UP_TABLE
from mocap.pipeline.page_and_table import check_page_and_table, write_page_and_table
from mocap.pipeline.several_tables import follow_up_csv


def follow_up_of_files(
    paths: Sequence[Path], task: str | None = None, table: Path | None = None, reliability: Path | None = None,
    metrics: Sequence[str] = (),
) -> FollowUp:  # fmt: skip
    """Read the assessed trials of one person and say what changed over the visits.

    Raises
    ------
    AssessmentError
        SUBJECT_DIFFERS, METHOD_DIFFERS, VISIT_MISSING, ONE_VISIT, and what the reading refuses.
    """
    recordings, _ = read_recordings(paths, task)
    if table is not None:
        recordings = with_table(recordings, read_trial_table(table))
    return follow_up_of(recordings, reliability, metrics)


def follow_up_of(
    recordings: Sequence[Recording], reliability: Path | None = None, metrics: Sequence[str] = ()
) -> FollowUp:
    """Return what changed over the visits of one person; see `follow_up_of_files`."""
    check_subjects(recordings)
    first = recordings[0]
    for other in recordings[1:]:
        if other.subject != first.subject:
            raise AssessmentError(
                f"Not the same person: '{first.subject}' in {first.name}, '{other.subject}' in {other.name}.",
                "Give the trials of one person; mocap conditions compares groups.",
                code="SUBJECT_DIFFERS",
            )
    check_method(recordings)
    check_different(recordings)
    _check_days(recordings)
    limits, notes = limits_of(reliability, first.method, units_of(recordings))
    figures = chosen_of([one.metrics for one in recordings], metrics, "metric")
    recordings = [replace(one, metrics=some) for one, some in zip(recordings, figures, strict=True)]
    made = follow_up(recordings, limits, Primary(first.method["task"], bool(metrics)))
    by_day = {f"the visit of {visit.day}": visit.recordings for visit in made.visits}
    return replace(made, notes=(*also_differs("the visit", by_day), *made.notes, *notes))


def _check_days(recordings: Sequence[Recording]) -> None:
    for one in recordings:
        if not is_day(one.date):
            raise AssessmentError(
                f"{one.name} does not say on which day it was recorded"
                + (f" ('{one.created_utc}' is none)." if one.created_utc else "."),
                "Give a table of trials (--table) with the columns file and date, as 2026-03-01.",
                code="VISIT_MISSING",
            )
    if len({one.date for one in recordings}) < 2:
        raise AssessmentError(
            f"All trials are of one day, {recordings[0].date}.",
            "Give trials of two visits or more; mocap conditions compares those of one day.",
            code="ONE_VISIT",
        )


def check_follow_up_outputs(page: Path | None, csv: Path | None, read: Sequence[Path]) -> None:
    """Refuse, before the work, a page or a table that could not be written, or that would cost another file."""
    check_page_and_table(page, csv, (FOLLOW_UP_PAGE, FOLLOW_UP_TABLE), read)


def write_follow_up(made: FollowUp, page: Path | None, csv: Path | None) -> None:
    """Write page and table; `check_follow_up_outputs` comes before the work."""
    from mocap.report.several.follow_up_page import follow_up_page

    write_page_and_table(page, csv, lambda: follow_up_page(made), lambda: follow_up_csv(made))
