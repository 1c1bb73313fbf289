"""Initial and final contacts of one foot in one pass: found by Zeni's extremes, refined by what the foot does then."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mocap.assessment.gait.extremes import NAN, peaks, summit
from mocap.assessment.gait.instants import Courses, Instant, courses, final_contact, initial_contact
from mocap.assessment.gait.passes import Pass
from mocap.assessment.gait.settings import ContactSettings
from mocap.assessment.gait.walker import Foot, Walker

INITIAL, FINAL = "initial_contact", "final_contact"


@dataclass(frozen=True)
class Contact:
    """One contact, or its end; times by frames of the trial, with their fractions.

    Attributes
    ----------
    frame : float
        NaN where Zeni's extreme is seen and no method that refines it.
    label, side : str
        `initial_contact` or `final_contact`; `right` or `left`.
    zeni : float
        Extreme of heel or forefoot against the pelvis (Zeni et al. 2008); NaN where it is cut off at an edge.
    spread_s, noise_s : float
        Between the refining methods (NaN of fewer than two); what noise of the points leaves in their mean.
    methods : mapping of str to float
        What each method says.
    edge : bool
        The extreme lies at or beyond an edge of what was recorded, or a single method sees the contact.
    forefoot_first : bool
        The forefoot lands before the heel.
    aligned : float
        Frame by all strides of the foot; NaN where these cannot tell it.
    """

    frame: float
    label: str
    side: str
    zeni: float
    spread_s: float
    noise_s: float
    methods: Mapping[str, float]
    edge: bool
    forefoot_first: bool = False
    aligned: float = NAN


def find_contacts(walker: Walker, one: Pass, side: str, settings: ContactSettings) -> tuple[Contact, ...]:
    """Return the contacts of one foot in one pass, in order of time.

    Zeni's extremes find them: the heel is farthest ahead of the pelvis some frames before it meets the floor, the
    forefoot farthest behind when it leaves. See `initial_contact` and `final_contact` for the instants.
    """
    foot = walker.feet[side]
    course = courses(walker, one, foot)
    found = []
    for frame, edge in _extremes(course.heel_ahead, walker, settings):
        zeni = summit(course.heel_ahead, frame)
        instant = initial_contact(walker, course, zeni, settings)
        found.append(_with_forefoot(_contact(INITIAL, side, one, walker, zeni, edge, instant), course, foot, settings))
    for frame, edge in _extremes(course.forefoot_behind, walker, settings):
        zeni = summit(course.forefoot_behind, frame)
        instant = final_contact(walker, course, zeni, one, not edge, settings)
        found.append(_contact(FINAL, side, one, walker, zeni, edge, instant))
    seen = [each for each in found if np.isfinite(each.frame) or np.isfinite(each.zeni)]
    return tuple(sorted(seen, key=lambda each: each.frame if np.isfinite(each.frame) else each.zeni))


def _extremes(curve: NDArray, walker: Walker, settings: ContactSettings) -> list[tuple[int, bool]]:
    """Return the frames of maxima, and of edges where one was cut off."""
    least = settings.least_interval_s * walker.rate_hz
    found, ends = peaks(curve, settings.prominence * walker.leg_m, least)
    if not len(found):
        return []
    shown = curve[np.isfinite(curve)]
    usual = float(np.median(curve[found[~ends]])) if not ends.all() else float(shown.max())
    near = curve[found] >= usual - settings.edge_level * float(np.ptp(shown))
    return [(int(frame), bool(end)) for frame, end in zip(found[near], ends[near], strict=True)]


def _contact(
    label: str, side: str, one: Pass, walker: Walker, zeni: float, edge: bool, instant: Instant
) -> Contact:
    methods = {name: at + one.start for name, at in instant.methods.items()}
    return Contact(
        instant.frame + one.start, label, side, NAN if edge else zeni + one.start, instant.spread / walker.rate_hz,
        instant.noise / walker.rate_hz, methods, edge or not np.isfinite(instant.spread),
    )  # fmt: skip


def _with_forefoot(contact: Contact, course: Courses, foot: Foot, settings: ContactSettings) -> Contact:
    """Return the contact with word whether the forefoot lands first: lower over its lowest than the heel is."""
    if not np.isfinite(contact.frame):
        return contact
    nearest = int(np.clip(round(contact.frame), 0, len(foot.heel) - 1))
    heel = float(foot.heel[nearest, 2]) - course.heel_lowest
    forefoot = float(foot.forefoot[nearest, 2]) - course.forefoot_lowest
    return replace(contact, forefoot_first=heel - forefoot > settings.forefoot_m)
