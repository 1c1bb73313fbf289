"""The recipe of `mocap conditions`: assessed trials by what differs between them, each condition against the first."""

import difflib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from mocap.assessment.several.conditions import compare_conditions
from mocap.assessment.several.primary import Primary
from mocap.assessment.several.result import Conditions, also_differs, shown_value
from mocap.assessment.statistics.measured import PARTS, Recording, units_of
from mocap.config.trial_table import read_trial_table
from mocap.errors import AssessmentError, ConfigError
from mocap.pipeline.assessed_trials import (
    check_different,
    check_method,
    check_subjects,
    chosen_of,
    read_recordings,
    with_table,
)
from mocap.pipeline.change_limits import limits_of
from mocap.pipeline.output_kinds import CONDITIONS_PAGE, CONDITIONS_TABLE
from mocap.pipeline.page_and_table import check_page_and_table, write_page_and_table
from mocap.pipeline.several_tables import conditions_csv

_UNEQUAL = (
    "p between groups is of the exchange of people and of Welch's t: exact where both groups are of one distribution, "
    "and nearly so for single figures of groups of unequal spread (3 to 12 people of four times the spread of 5 to 20 "
    "others, without any difference: p below 0.05 in 4 to 7 % of simulated data sets); of curves p is withheld where "
    "the spread differs by more than 1.5 times and a group has fewer than 30 people; below that, p is under 0.05 in up "
    "to 8 %"
)


def conditions_of_files(
    paths: Sequence[Path],
    by: str,
    *,
    first: str = "",
    task: str | None = None,
    part: str = "",
    angles: Sequence[str] = (),
    metrics: Sequence[str] = (),
    table: Path | None = None,
    reliability: Path | None = None,
) -> Conditions:
    """Read assessed trials and compare their conditions.

    Parameters
    ----------
    paths : sequence of Path
    by : str
        An entry of the context: `bar_position`, `heel_height_mm`, ...; or a column of the table.
    first : str
        The condition that the others are compared with; that of the first file when empty.
    task, part
        As in `read_recordings`.
    angles, metrics : sequence of str
        Whose curves, and which figures, are compared; all when empty, and then those that come first of the task are
        tested apart from the others.
    table : Path, optional
        Table of trials.
    reliability : Path, optional

    Raises
    ------
    AssessmentError
        CONDITION_MISSING, CONDITION_UNKNOWN, METRIC_UNKNOWN, and what the reading refuses.
    """
    if part and part not in PARTS:
        raise ConfigError(f"'{part}' is no part of a repetition.", f"One of {', '.join(PARTS)}.", code="PART_UNKNOWN")
    recordings, over = read_recordings(paths, task, part)
    if table is not None:
        recordings = with_table(recordings, read_trial_table(table))
    return conditions_of(recordings, by, over, first, angles, metrics, reliability)


def conditions_of(
    recordings: Sequence[Recording], by: str, part: str, first: str = "", angles: Sequence[str] = (),
    metrics: Sequence[str] = (), reliability: Path | None = None,
) -> Conditions:  # fmt: skip
    """Return every condition of recordings against the first; see `conditions_of_files`."""
    check_subjects(recordings)
    check_method(recordings)
    check_different(recordings)
    recordings = [
        replace(one, curves=curves, metrics=figures)
        for one, curves, figures in zip(
            recordings, chosen_of([one.curves for one in recordings], angles, "angle"),
            chosen_of([one.metrics for one in recordings], metrics, "metric"), strict=True,
        )
    ]  # fmt: skip
    primary = Primary(recordings[0].method["task"], bool(metrics), bool(angles))
    groups = _groups(recordings, by, first)
    limits, notes = limits_of(reliability, recordings[0].method, units_of(recordings))
    levels = tuple(groups)
    comparisons = tuple(
        compare_conditions(by, levels[0], level, groups[levels[0]], groups[level], limits, primary)
        for level in levels[1:]
    )
    if any(not one.paired for one in comparisons):
        notes = (*notes, _UNEQUAL)
    if len(levels) > 2:
        notes = (*notes, "p are adjusted within each pair of conditions, not over the pairs")
    return Conditions(
        by, recordings[0].method["task"], part, levels, comparisons, tuple(recordings), recordings[0].method,
        (*also_differs(by, groups), *notes),
    )  # fmt: skip


def _groups(recordings: Sequence[Recording], by: str, first: str) -> dict[str, list[Recording]]:
    known = sorted({key for one in recordings for key in one.context})
    if by not in known:
        near = difflib.get_close_matches(by, known, n=1)
        told = f"Did you mean {near[0]}? " if near else ""
        raise AssessmentError(
            f"No trial says what its {by} is.",
            f"{told}Their context has {', '.join(known) or 'nothing'}; a table of trials (--table) may add it.",
            code="CONDITION_MISSING",
        )
    lacking = [one.name for one in recordings if by not in one.context]
    if lacking:
        raise AssessmentError(
            f"{', '.join(lacking)} {'does' if len(lacking) == 1 else 'do'} not say what the {by} is.",
            "State it for all, or leave these out.", code="CONDITION_MISSING",
        )  # fmt: skip
    groups: dict[str, list[Recording]] = {}
    for one in recordings:
        groups.setdefault(shown_value(one.context[by]), []).append(one)
    if first and first not in groups:
        raise AssessmentError(
            f"No trial has the {by} '{first}'.", f"Name one of {', '.join(groups)}.", code="CONDITION_UNKNOWN"
        )
    if len(groups) < 2:
        raise AssessmentError(
            f"All trials have the {by} '{next(iter(groups))}'.", "Give trials of two conditions or more.",
            code="CONDITION_MISSING",
        )  # fmt: skip
    return {first: groups[first], **groups} if first else groups


def check_conditions_outputs(page: Path | None, csv: Path | None, read: Sequence[Path]) -> None:
    """Refuse, before the work, a page or a table that could not be written, or that would cost another file."""
    check_page_and_table(page, csv, (CONDITIONS_PAGE, CONDITIONS_TABLE), read)


def write_conditions(made: Conditions, page: Path | None, csv: Path | None) -> None:
    """Write page and table; `check_conditions_outputs` comes before the work."""
    from mocap.report.several.conditions_page import conditions_page

    write_page_and_table(page, csv, lambda: conditions_page(made), lambda: conditions_csv(made))
