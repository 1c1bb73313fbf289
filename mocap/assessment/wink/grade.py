"""A descriptive grade of a tuck, with its modifiers: what, when and with what, no verdict on the person."""

import numpy as np

from mocap.assessment.wink.repetition import Wink
from mocap.assessment.wink.settings import WinkSettings

NOT_DETECTED = "0 not detected"
TERMINAL = "1 terminal"
MODERATE = "2 moderate"
LARGE_OR_EARLY = "3 large or early"
OPEN = "2 or 3: no definable onset"
WITHHELD = "withheld"

GRADE_MEANING = (
    "Descriptive grade of the tuck, provisional, no verdict: 0 not detected, 1 terminal (onset at {terminal_onset:g} "
    "of the depth or later and below {terminal_below:g} deg), 3 large or early ({large_from:g} deg or more, or onset "
    "before {early_before:g}), 2 what is neither. All limits are ours; healthy people squatting as deep as they can "
    "move the pelvis by 24.2 +- 6.8 deg in all (Lamontagne et al. 2009), so that 2 and 3 are ordinary there."
)
MODIFIER_MEANING = (
    "Beside the grade: F lumbar flexion at the bottom beyond the neutral band of the static trial; F+ beyond "
    "{neutral_zone_percent:g} % of the largest lumbar flexion (weak basis); W weighted; A obliquity or rotation of the "
    "pelvis changes by more than {asymmetry:g} deg after the onset. In brackets: not assessable."
)


def grade_of(wink: Wink | None, settings: WinkSettings) -> str:
    """Return the grade of one repetition; without a definable onset it stays open, unless the magnitude settles it."""
    if wink is None:
        return WITHHELD
    if not wink.detected:
        return NOT_DETECTED
    if wink.magnitude >= settings.large_from or wink.onset < settings.early_before:
        return LARGE_OR_EARLY
    if not np.isfinite(wink.onset):
        return OPEN
    if wink.onset >= settings.terminal_onset and wink.magnitude < settings.terminal_below:
        return TERMINAL
    return MODERATE


def modifiers_of(
    lumbar_bottom: float, neutral: tuple[float, float], percent: float, load_kg: float, asymmetry: float,
    settings: WinkSettings,
) -> str:
    """Return the modifiers of one repetition.

    Parameters
    ----------
    lumbar_bottom : float
        Lumbar flexion at the bottom, deg; NaN is not known, as for the others.
    neutral : tuple of float
        Its mean and SD in the static trial, deg.
    percent : float
        Of the largest lumbar flexion.
    load_kg : float
    asymmetry : float
        Largest change of obliquity or rotation after the onset, deg.
    settings : WinkSettings
    """
    band = neutral[0] + settings.neutral_band_sds * neutral[1]
    asked = {
        "F": (lumbar_bottom - band, 0.0),
        "F+": (percent, settings.neutral_zone_percent),
        "W": (load_kg, 0.0),
        "A": (asymmetry, settings.asymmetry),
    }
    said = [name for name, (value, limit) in asked.items() if value > limit]
    unknown = [name for name, (value, _) in asked.items() if not np.isfinite(value)]
    return " ".join([*said, *([f"({', '.join(unknown)})"] if unknown else [])])
