"""When exactly a foot meets or leaves the floor: what several methods say, and their weighted mean."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mocap.assessment.gait.extremes import NAN, crossing, derivative_noise, highest
from mocap.assessment.gait.passes import Pass
from mocap.assessment.gait.settings import ContactSettings
from mocap.assessment.gait.walker import Foot, Walker


@dataclass(frozen=True)
class Instant:
    """One instant by several methods; frames with their fractions.

    Attributes
    ----------
    frame : float
        Weighted mean; NaN where no method sees it.
    spread : float
        Range of the methods that count; NaN of fewer than two.
    noise : float
        Standard uncertainty of the mean from the noise of the points, frames.
    methods : mapping of str to float
        What each says; NaN where it does not see it or noise drowns it.
    """

    frame: float
    spread: float
    noise: float
    methods: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class Courses:
    """Curves of one foot in one pass, each shape (time,) from the first frame of the pass; per frame, not per second.

    Attributes
    ----------
    heel_ahead : ndarray
        Of the pelvis, along the progression, m.
    forefoot_behind : ndarray
    heel_speed, forefoot_speed : ndarray
        Sagittal, against the floor, m/s.
    heel_rise : ndarray
        Upward acceleration of the heel, m per frame squared.
    heel_lowest, forefoot_lowest : float
        5th percentiles of their heights, m.
    speed_noise, jerk_noise : float
        What the noise of the points leaves in the first derivative, m/s, and in the third, m per frame cubed.
    """

    heel_ahead: NDArray
    forefoot_behind: NDArray
    heel_speed: NDArray
    forefoot_speed: NDArray
    heel_rise: NDArray
    heel_lowest: float
    forefoot_lowest: float
    speed_noise: float
    jerk_noise: float


def courses(walker: Walker, one: Pass, foot: Foot) -> Courses:
    """Return the curves that contacts are found in."""
    inside = slice(one.start, one.stop)
    return Courses(
        ((foot.heel - walker.pelvis) @ one.ahead)[inside], ((walker.pelvis - foot.forefoot) @ one.ahead)[inside],
        sagittal_speed(foot.heel, one, walker.rate_hz)[inside],
        sagittal_speed(foot.forefoot, one, walker.rate_hz)[inside],
        np.gradient(np.gradient(foot.heel[:, 2]))[inside],
        _lowest(foot.heel[inside, 2]), _lowest(foot.forefoot[inside, 2]),
        foot.noise_m * derivative_noise(walker.cutoff_hz, walker.rate_hz, 1) * walker.rate_hz,
        foot.noise_m * derivative_noise(walker.cutoff_hz, walker.rate_hz, 3),
    )  # fmt: skip


def _lowest(heights: NDArray) -> float:
    shown = heights[np.isfinite(heights)]
    return float(np.percentile(shown, 5)) if len(shown) else NAN


def initial_contact(walker: Walker, course: Courses, zeni: float, settings: ContactSettings) -> Instant:
    """Return when the heel meets the floor, from what it does about Zeni's extreme.

    `rise`: greatest upward acceleration of the heel, where the floor stops its fall (Hreljac and Marshall 2000).
    `speed`: the sagittal speed of the heel falls through a threshold (Ghoussayni et al. 2004).
    """
    rate = walker.rate_hz
    window = zeni - settings.window_before_s * rate, zeni + settings.window_after_s * rate
    speed, steep = crossing(course.heel_speed, settings.contact_speed_m_s, *window, zeni, upward=False)
    # The floor stops the fall about when the heel comes to rest; what is jerked later is the heel that lies there.
    stop = speed + settings.window_before_s * rate if np.isfinite(speed) else window[1]
    rise, sharp = highest(course.heel_rise, window[0], min(stop, window[1]))
    found = {
        "rise": (rise, course.jerk_noise / sharp, settings.rise_sd_s),
        "speed": (speed, course.speed_noise / steep, settings.speed_sd_s),
    }  # fmt: skip
    return _together(found, rate, settings)


def final_contact(walker: Walker, course: Courses, zeni: float, one: Pass, seen: bool,
                  settings: ContactSettings) -> Instant:  # fmt: skip
    """Return when the forefoot leaves the floor: the mean of Zeni's extreme and of its speed through a threshold.

    `seen` is whether the extreme lies within what was recorded.
    """
    rate = walker.rate_hz
    window = zeni - settings.window_after_s * rate, zeni + settings.window_after_s * rate
    level = settings.toe_speed_ratio * one.speed_m_s
    speed, steep = crossing(course.forefoot_speed, level, *window, zeni, upward=True)
    zeni_sd, speed_sd = settings.method_sd_s, settings.method_sd_s
    found = {"zeni": (zeni if seen else NAN, 0.0, zeni_sd), "speed": (speed, course.speed_noise / steep, speed_sd)}
    return _together(found, rate, settings)


def _together(
    found: Mapping[str, tuple[float, float, float]], rate_hz: float, settings: ContactSettings
) -> Instant:
    """Return the mean of the methods (frame, noise in frames, own SD in s), weighted by noise and SD.

    One that noise drowns does not count.
    """
    drowned = settings.most_disagreement_s * rate_hz / 2.0
    counted = {name: (at if noise <= drowned else NAN, noise, sd) for name, (at, noise, sd) in found.items()}
    known = np.array([each for each in counted.values() if np.isfinite(each[0])]).reshape(-1, 3)
    methods = {name: each[0] for name, each in counted.items()}
    if not len(known):
        return Instant(NAN, NAN, NAN, methods)
    weights = 1.0 / ((known[:, 2] * rate_hz) ** 2 + known[:, 1] ** 2)
    weights /= weights.sum()
    spread = float(np.ptp(known[:, 0])) if len(known) > 1 else NAN
    return Instant(float(weights @ known[:, 0]), spread, float(np.linalg.norm(weights * known[:, 1])), methods)


def sagittal_speed(point: NDArray, one: Pass, rate_hz: float) -> NDArray:
    """Return the speed of a point, shape (time,) in m/s, in the vertical plane of progression, against the floor."""
    forward = np.gradient(point @ one.ahead) * rate_hz - one.belt_m_s
    return np.asarray(np.hypot(forward, np.gradient(point[:, 2]) * rate_hz))
