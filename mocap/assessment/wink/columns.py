"""All columns of the tuck, one row per repetition."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mocap.assessment.movement import Movement
from mocap.assessment.repetitions import Repetition
from mocap.assessment.wink.course_columns import course_columns, joint_columns
from mocap.assessment.wink.grade import GRADE_MEANING, MODIFIER_MEANING, grade_of, modifiers_of
from mocap.assessment.wink.lumbar_columns import LUMBAR, lumbar_columns
from mocap.assessment.wink.settings import WinkSettings
from mocap.assessment.wink.tilt_columns import magnitude_columns, onset_columns, tilt_columns
from mocap.assessment.wink.trial import RepetitionWink, TrialWinks, winks_of
from mocap.trial.assessment import Metric, Words

_NOT_FROM_LAB = "default, not from this lab"


def wink_columns(
    movement: Movement,
    repetitions: Sequence[Repetition],
    settings: WinkSettings,
    mdc95: float | None = None,
    mdc95_source: str = "",
) -> tuple[Metric | Words, ...]:
    """Return the columns of the butt wink of a trial, rows = repetitions.

    Parameters
    ----------
    movement : Movement
    repetitions : sequence of Repetition
    settings : WinkSettings
    mdc95 : float, optional
        Minimal detectable change of `wink_magnitude`, deg, of the lab's own reliability; left out: the default.
    mdc95_source : str
        Where it is from.
    """
    own = (settings.default_mdc95, _NOT_FROM_LAB) if mdc95 is None else (mdc95, mdc95_source or "of the lab")
    return columns_of(winks_of(movement, repetitions, settings, *own))


def columns_of(trial: TrialWinks) -> tuple[Metric | Words, ...]:
    """Return the columns of tucks that were found."""
    lumbar = lumbar_columns(trial)
    return (
        *magnitude_columns(trial), *onset_columns(trial), *tilt_columns(trial), *joint_columns(trial),
        *course_columns(trial), *lumbar, *_words(trial, lumbar),
    )  # fmt: skip


def _words(trial: TrialWinks, lumbar: tuple[Metric, ...]) -> tuple[Words, ...]:
    settings = trial.settings
    by_name = {one.name: one.values for one in lumbar}
    turned = [trial.smooth(name).values for name in ("pelvic_obliquity", "pelvic_rotation")]
    neutral, load = trial.movement.neutral_deg(LUMBAR), trial.movement.number("load_kg")
    modifiers = [
        modifiers_of(
            by_name["lumbar_bottom"][row], neutral, by_name["lumbar_pctmax"][row], load,
            _asymmetry(one, turned), settings,
        )
        if one.wink is not None and one.wink.detected else ""
        for row, one in enumerate(trial.repetitions)
    ]  # fmt: skip
    kinds = [f"{one.reason}" if one.wink is None else one.wink.kind for one in trial.repetitions]
    told = vars(settings)
    return (
        Words("wink", "What the curve of pelvic tilt against depth shows", tuple(kinds)),
        Words("grade", GRADE_MEANING.format(**told), tuple(grade_of(one.wink, settings) for one in trial.repetitions)),
        Words("grade_modifiers", MODIFIER_MEANING.format(**told), tuple(modifiers)),
    )


def _asymmetry(one: RepetitionWink, turned: list[NDArray]) -> float:
    """Return the largest change of obliquity or rotation from the onset to the bottom, deg."""
    if one.wink is None or one.descent is None or not np.isfinite(one.wink.onset):
        return float("nan")
    curves = [one.descent.at(values) for values in turned]
    changes = [abs(curve[-1] - np.interp(one.wink.onset, one.descent.depth, curve)) for curve in curves]
    known = [change for change in changes if np.isfinite(change)]
    return float(max(known)) if known else float("nan")
