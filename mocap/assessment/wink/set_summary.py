"""The tuck over a set: mean, scatter, trend from repetition to repetition, and the largest."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from mocap.assessment.wink.settings import WinkSettings
from mocap.trial.assessment import Metric, Words

_SUMMED = ("wink_magnitude", "wink_onset_depth", "lumbar_change")
_SLOPE_UNITS = {"deg": "deg/rep", "1": "1"}


def wink_set(columns: Sequence[Metric | Words], settings: WinkSettings) -> tuple[Metric | Words, ...]:
    """Return the columns of a set, one row, from those of its repetitions.

    Means with 95 % intervals by Student's t over the repetitions; where they are fewer than the settings ask for, the
    scatter and the trend are withheld.
    """
    metrics = {one.name: one for one in columns if isinstance(one, Metric)}
    made: list[Metric | Words] = []
    for name in _SUMMED:
        if name in metrics:
            made += _summary(metrics[name], settings.fewest_repetitions)
    magnitude = metrics["wink_magnitude"]
    grades = next(one.values for one in columns if isinstance(one, Words) and one.name == "grade")
    known = np.flatnonzero(np.isfinite(magnitude.values))
    largest = int(known[magnitude.values[known].argmax()]) if len(known) else -1
    told = sum(1 for grade in grades if grade[:1] in "123")
    lacking = "withheld: no repetition has a magnitude"
    made += [
        _one("wink_largest", "deg", "Largest tuck of the set.",
             *((float(one[largest]) for one in (magnitude.values, magnitude.sd, magnitude.low, magnitude.high))
               if len(known) else (np.nan,) * 4), reason="" if len(known) else lacking, n=1),
        _one("wink_largest_repetition", "1", "Number of the repetition with the largest tuck, 1 first.",
             largest + 1.0 if len(known) else np.nan, reason="" if len(known) else lacking, n=len(known)),
        _one("wink_detected", "1", "Number of repetitions in which a tuck is told from noise; n: of how many.",
             float(told) if len(known) else np.nan, reason="" if len(known) else lacking, n=len(known)),
    ]  # fmt: skip
    return tuple(made)


def _summary(metric: Metric, fewest: int) -> list[Metric]:
    """Return mean, SD and slope of a column over its repetitions."""
    known = np.flatnonzero(np.isfinite(metric.values))
    n, values = len(known), metric.values[known]
    number = metric.name
    few = f"{n} repetitions have a value, and {fewest} are needed"
    first = next((reason for reason in metric.reasons if reason), "")
    nothing = f"withheld: {few}" + (f" ({first})" if first and n < len(metric.values) else "")
    mean = float(values.mean()) if n else np.nan
    if n >= 2:
        spread = float(values.std(ddof=1))
        reach = spread / np.sqrt(n) * float(stdtrit(n - 1, 0.975))
        of_mean = _one(f"{number}_mean", metric.unit, f"Mean of {number} over the repetitions that have it.", mean,
                       spread / np.sqrt(n), mean - reach, mean + reach, n=n)  # fmt: skip
    else:
        of_mean = _one(f"{number}_mean", metric.unit, f"Mean of {number} over the repetitions that have it.", mean,
                       float(metric.sd[known[0]]) if n else np.nan, reason="" if n else nothing, n=n)  # fmt: skip
    slope_unit = _SLOPE_UNITS[metric.unit]
    said = (
        f"Standard deviation of {number} over the repetitions, the noise of each within it.",
        f"Change of {number} per repetition (regression on its number).",
    )
    if n < fewest:
        return [
            of_mean, _one(f"{number}_sd", metric.unit, said[0], np.nan, reason=nothing, n=n),
            _one(f"{number}_slope", slope_unit, said[1], np.nan, reason=nothing, n=n),
        ]  # fmt: skip
    slope, slope_sd = _slope(known.astype(float), values)
    reach = slope_sd * float(stdtrit(n - 2, 0.975))
    return [
        of_mean,
        _one(f"{number}_sd", metric.unit, said[0], spread, spread / np.sqrt(2 * (n - 1)), n=n),
        _one(f"{number}_slope", slope_unit, said[1], slope, slope_sd, slope - reach, slope + reach, n=n),
    ]


def _slope(x: NDArray, y: NDArray) -> tuple[float, float]:
    about = x - x.mean()
    square = float(about @ about)
    slope = float(about @ y) / square
    rest = y - y.mean() - slope * about
    return slope, float(np.sqrt(rest @ rest / max(len(x) - 2, 1) / square))


def _one(
    name: str, unit: str, meaning: str, value: float, sd: float = np.nan, low: float = np.nan, high: float = np.nan,
    *, reason: str = "", n: int = 0,
) -> Metric:
    low = low if np.isfinite(low) else value - 1.959963984540054 * sd
    high = high if np.isfinite(high) else value + 1.959963984540054 * sd
    return Metric(name, unit, meaning, np.array([value]), np.array([sd]), np.array([low]), np.array([high]),
                  (reason,), np.array([n]))  # fmt: skip
