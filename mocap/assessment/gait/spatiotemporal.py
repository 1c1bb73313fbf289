"""Times, lengths and speeds of gait cycles, one row per cycle."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mocap.assessment.gait.cycles import Cycle, heel_at
from mocap.assessment.gait.plate_lag import PLATE_OFF
from mocap.assessment.gait.walker import Walker
from mocap.trial.assessment import Metric, Words

GRAVITY_M_S2 = 9.81
_TIMES = "from the sd of its events"
_PLACES = (
    "each heel where it is at its own initial contact, along the progression; the sd is what that of the events' times "
    "makes, without the noise of the points"
)
_NOT_SEEN = "withheld: the heel is missing at one of the contacts"


@dataclass(frozen=True, eq=False)
class _Course:
    """Times and heel places of one cycle: columns start, other_off, other_on, off, end."""

    time_s: NDArray
    sd_s: NDArray
    heels: NDArray  # at start, other_on, end; m, axes of the floor
    speeds: NDArray  # of those heels then, m/s
    cycle: Cycle


def spatiotemporal(cycles: Sequence[Cycle], walker: Walker) -> tuple[Metric | Words, ...]:
    """Return the columns of the table of cycles.

    Step length, step width and stride length by the places of the heels at successive initial contacts; width is the
    distance of the other heel from the line of the stride (Huxham et al. 2006). Stance from initial to final contact;
    double support is the two parts of the stance with both feet down. Speed made free of size by sqrt(g leg length)
    (Hof 1996).
    """
    rows = [_course(cycle, walker) for cycle in cycles]
    return (*_times(rows), *_shares(rows), *_lengths(rows, walker.leg_m), *_words(rows))


def _course(cycle: Cycle, walker: Walker) -> _Course:
    strikes = (cycle.start, cycle.other_on, cycle.end)
    heels = np.array([heel_at(walker, cycle, event) for event in strikes])
    speeds = []
    for event in strikes:
        heel = walker.feet[event.side].heel
        nearest = int(np.clip(round(walker.frame(event.time_s)), 1, walker.n_frames - 2))
        moved = (heel[nearest + 1] - heel[nearest - 1]) @ cycle.on.ahead * walker.rate_hz / 2.0
        speeds.append(abs(moved - cycle.on.belt_m_s))
    times = np.array([event.time_s for event in cycle.events])
    return _Course(times, np.array([event.sd_s for event in cycle.events]), heels, np.array(speeds), cycle)


def _times(rows: Sequence[_Course]) -> tuple[Metric, ...]:
    at = np.array([row.time_s for row in rows]).reshape(-1, 5)
    sd = np.array([row.sd_s for row in rows]).reshape(-1, 5)
    stride, u_stride = at[:, 4] - at[:, 0], np.hypot(sd[:, 0], sd[:, 4])
    step, u_step = at[:, 4] - at[:, 2], np.hypot(sd[:, 2], sd[:, 4])
    return (
        _metric("start_time", "s", "Initial contact that begins the cycle", at[:, 0], sd[:, 0]),
        _metric("other_off_time", "s", "Final contact of the other foot", at[:, 1], sd[:, 1]),
        _metric("other_on_time", "s", "Initial contact of the other foot", at[:, 2], sd[:, 2]),
        _metric("off_time", "s", "Final contact of the foot", at[:, 3], sd[:, 3]),
        _metric("end_time", "s", "Next initial contact of the foot", at[:, 4], sd[:, 4]),
        _metric("stride_time", "s", f"From initial contact to the next of the foot; sd {_TIMES}", stride, u_stride),
        _metric("step_time", "s", f"From the other foot's initial contact to the end; sd {_TIMES}", step, u_step),
        _metric("cadence", "1/min", f"Steps per minute, 120 / stride time; sd {_TIMES}", 120.0 / stride,
                120.0 / stride**2 * u_stride),
    )  # fmt: skip


def _shares(rows: Sequence[_Course]) -> tuple[Metric, ...]:
    at = np.array([row.time_s for row in rows]).reshape(-1, 5)
    sd = np.array([row.sd_s for row in rows]).reshape(-1, 5)
    stride = at[:, 4] - at[:, 0]

    def share(name: str, meaning: str, weights: Sequence[float]) -> Metric:
        value = 100.0 * (at @ np.array(weights)) / stride
        slopes = 100.0 * np.array(weights)[None] / stride[:, None]
        slopes[:, 0] += value / stride
        slopes[:, 4] -= value / stride
        return _metric(name, "%", f"{meaning}, of the stride time; sd {_TIMES}", value, _root(slopes * sd))

    return (
        share("stance", "From initial to final contact of the foot", (-1, 0, 0, 1, 0)),
        share("swing", "From final contact to the next initial contact", (0, 0, 0, -1, 1)),
        share("other_off", "Until the final contact of the other foot", (-1, 1, 0, 0, 0)),
        share("other_on", "Until the initial contact of the other foot", (-1, 0, 1, 0, 0)),
        share("single_support", "Swing of the other foot", (0, -1, 1, 0, 0)),
        share("double_support", "Both feet down: both parts of the stance", (-1, 1, -1, 1, 0)),
    )


def _lengths(rows: Sequence[_Course], leg_m: float) -> tuple[Metric, ...]:
    found = np.array([_places(row) for row in rows]).reshape(-1, 6)
    step, other, stride, width, u_step, u_stride = found.T
    time_s = np.array([row.time_s[4] - row.time_s[0] for row in rows])
    u_time = np.array([np.hypot(row.sd_s[0], row.sd_s[4]) for row in rows])
    speed = stride / time_s
    u_speed = np.hypot(u_stride / time_s, speed * u_time / time_s)
    unknown = np.full(len(rows), np.nan)
    froude = np.sqrt(GRAVITY_M_S2 * leg_m)
    return (
        _metric("step_length", "m", f"Of the foot, at the end of the cycle; {_PLACES}", step, u_step),
        _metric("other_step_length", "m", f"Of the other foot, within the cycle; {_PLACES}", other, u_step),
        _metric("stride_length", "m", f"From heel to heel of the foot; {_PLACES}", stride, u_stride),
        _metric("step_sum_difference", "mm", "Both steps less the stride: 0 on a straight walk, as the stride is taken "
                "from heel to heel whatever its direction", 1000.0 * (step + other - stride), unknown),
        _metric("step_width", "m", "Distance, level, of the other heel from the line between both heel contacts of the "
                "foot; negative where it crosses over", width, unknown),
        _metric("speed", "m/s", "Stride length / stride time", speed, u_speed),
        _metric("speed_normalised", "1", f"Speed / sqrt(g leg length), leg length {leg_m:.3f} m (Hof 1996)",
                speed / froude, u_speed / froude),
    )  # fmt: skip


def _places(row: _Course) -> tuple[float, ...]:
    """Return step, other step, stride, width and the sd of a step and of the stride, in m."""
    start, other, end = row.heels * [1.0, 1.0, 0.0]
    ahead = row.cycle.on.ahead
    line = end - start
    length = float(np.linalg.norm(line))
    outward = np.cross(line / length, [0.0, 0.0, 1.0]) * (1.0 if row.cycle.side == "left" else -1.0)
    moved = row.speeds * row.sd_s[[0, 2, 4]]
    u_step, u_stride = float(np.hypot(moved[1], moved[2])), float(np.hypot(moved[0], moved[2]))
    steps = float((end - other) @ ahead), float((other - start) @ ahead)
    return *steps, length, float((other - start) @ outward), u_step, u_stride


def _words(rows: Sequence[_Course]) -> tuple[Words, ...]:
    sources = tuple(", ".join(sorted({event.source for event in row.cycle.events})) for row in rows)
    told = [[event for event in row.cycle.events
             if event.note and (event.source != "force_plate" or PLATE_OFF in event.note)] for row in rows]  # fmt: skip
    notes = tuple(
        "; ".join(f"{event.side} {event.label.replace('_', ' ')}: {event.note}" for event in events) for events in told
    )
    return (
        Words("side", "Foot of the cycle", tuple(row.cycle.side for row in rows)),
        Words("events_from", "Where the times of its events come from", sources),
        Words("review", "What is to be looked at", notes),
    )


def _metric(name: str, unit: str, meaning: str, values: NDArray, sd: NDArray) -> Metric:
    reasons = tuple("" if np.isfinite(value) else _NOT_SEEN for value in values)
    return Metric(name, unit, f"{meaning}.", values, sd, reasons=reasons)


def _root(parts: NDArray) -> NDArray:
    return np.asarray(np.sqrt((parts**2).sum(axis=1)))
