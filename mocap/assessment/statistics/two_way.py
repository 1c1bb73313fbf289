"""Reliability from a table of people by measurements: mean squares, ICC with its interval, SEM, MDC95."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtri, fdtri

from mocap.errors import KinematicsError, ShapeError

Interval = tuple[float, float]
_NAN = float("nan")
_UNKNOWN: Interval = (_NAN, _NAN)
_Z95 = 1.959963984540054
#: What a change between two single measurements has to exceed, in SEM.
MDC_FACTOR = _Z95 * 2.0**0.5


@dataclass(frozen=True)
class MeanSquares:
    """Mean squares of a complete table of people (rows) by measurements (columns), without replication.

    Attributes
    ----------
    n, k : int
        People and measurements of each.
    rows, columns, residual : float
        MSR between people, MSC between measurements, MSE what is left of both; squared units.
    within : float
        MSW, within people whatever the measurement.
    """

    n: int
    k: int
    rows: float
    columns: float
    residual: float
    within: float


@dataclass(frozen=True)
class Coefficient:
    """An intraclass correlation coefficient.

    Attributes
    ----------
    form : str
        `ICC(2,1)`, ... by Shrout and Fleiss.
    value : float
        May be below 0 in a sample; NaN where nothing varies.
    interval : tuple of float
        95 % (or other) confidence interval.
    """

    form: str
    value: float
    interval: Interval


@dataclass(frozen=True)
class Reliability:
    """What a table of people by measurements tells of the error of one measurement.

    Attributes
    ----------
    squares : MeanSquares
    coefficients : tuple of Coefficient
        ICC(1,1), (2,1), (3,1), (1,k), (2,k), (3,k).
    sem_agreement, sem_agreement_interval
        Standard error of one measurement by any of the operators and visits; unit of the table.
    sem_consistency, sem_consistency_interval
        Without the differences between the means of the measurements.
    mdc95, mdc95_interval
        Smallest change between two measurements of one person that exceeds the error with 95 % confidence: 1.96 times
        the root of 2 times the SEM of agreement.
    mean : float
    sd_people : float
        Between people, true part; 0 where the table shows none.
    left_out : tuple of int
        Rows with a missing cell, which took no part.
    """

    squares: MeanSquares
    coefficients: tuple[Coefficient, ...]
    sem_agreement: float
    sem_agreement_interval: Interval
    sem_consistency: float
    sem_consistency_interval: Interval
    mdc95: float
    mdc95_interval: Interval
    mean: float
    sd_people: float
    left_out: tuple[int, ...] = ()

    def icc(self, form: str = "ICC(2,1)") -> Coefficient:
        """Return the coefficient of that form."""
        for one in self.coefficients:
            if one.form == form:
                return one
        raise ShapeError(f"There is no coefficient '{form}'.", f"One of {[one.form for one in self.coefficients]}.")


def mean_squares(table: NDArray) -> MeanSquares:
    """Return the mean squares of a complete table, shape (person, measurement), by two-way analysis of variance."""
    n, k = table.shape
    middle = table.mean()
    rows, columns = table.mean(axis=1) - middle, table.mean(axis=0) - middle
    rest = table - middle - rows[:, None] - columns[None]
    between, across, left = k * float(rows @ rows), n * float(columns @ columns), float(np.sum(rest**2))
    return MeanSquares(
        n, k, between / (n - 1), across / (k - 1), left / ((n - 1) * (k - 1)), (across + left) / (n * (k - 1))
    )


def reliability(table: NDArray, confidence: float = 0.95) -> Reliability:
    """Return ICC, SEM and MDC95 of measurements repeated on people.

    ICC by Shrout and Fleiss (1979) in their names; their intervals by F, that of agreement with Satterthwaite's degrees
    of freedom (McGraw and Wong 1996). The SEM is taken from the mean squares (de Vet et al. 2006), so that it does not
    hang on how different the people were: sqrt(MSE) for consistency, and with the variance between measurements,
    (MSC - MSE) / n where that is positive, for agreement. Intervals of the SEM by chi squared, that of agreement with
    Satterthwaite's degrees of freedom too.

    Parameters
    ----------
    table : ndarray, shape (person, measurement)
        NaN is missing: people with a missing cell take no part, and `left_out` names them.
    confidence : float

    Raises
    ------
    KinematicsError
        RELIABILITY_DESIGN, for fewer than two complete people or two measurements.
    """
    table = np.asarray(table, float)
    if table.ndim != 2:
        raise ShapeError(f"The table has the shape {table.shape}.", "Give (person, measurement).")
    whole = np.isfinite(table).all(axis=1)
    known = table[whole]
    if len(known) < 2 or table.shape[1] < 2:
        raise KinematicsError(
            f"{len(known)} people with all of {table.shape[1]} measurements tell no reliability.",
            "Measure two people or more, each twice or more.",
            code="RELIABILITY_DESIGN",
        )
    squares = mean_squares(known)
    freedom = (squares.n - 1) * (squares.k - 1)
    extra = max((squares.columns - squares.residual) / squares.n, 0.0)
    agreement = extra + squares.residual
    joint = _joint_freedom(squares, extra)
    spread = _spread(agreement, joint, confidence)
    return Reliability(
        squares, coefficients(squares, confidence), float(np.sqrt(agreement)), spread,
        float(np.sqrt(squares.residual)), _spread(squares.residual, freedom, confidence),
        MDC_FACTOR * float(np.sqrt(agreement)), (MDC_FACTOR * spread[0], MDC_FACTOR * spread[1]),
        float(known.mean()), float(np.sqrt(max((squares.rows - squares.residual) / squares.k, 0.0))),
        tuple(int(row) for row in np.flatnonzero(~whole)),
    )  # fmt: skip


def _joint_freedom(squares: MeanSquares, extra: float) -> float:
    """Satterthwaite's degrees of freedom of the variance of agreement, MSC / n + MSE (n - 1) / n."""
    freedom = (squares.n - 1) * (squares.k - 1)
    if not extra > 0:
        return float(freedom)
    parts = squares.columns / squares.n, squares.residual * (squares.n - 1) / squares.n
    total = parts[0] ** 2 / (squares.k - 1) + parts[1] ** 2 / freedom
    return float((parts[0] + parts[1]) ** 2 / total)


def _spread(variance: float, freedom: float, confidence: float) -> Interval:
    """Interval of a standard deviation whose variance has so many degrees of freedom."""
    tail = (1.0 - confidence) / 2
    high, low = chdtri(freedom, tail), chdtri(freedom, 1.0 - tail)  # upper tail first
    return float(np.sqrt(variance * freedom / high)), float(np.sqrt(variance * freedom / low))


def coefficients(squares: MeanSquares, confidence: float = 0.95) -> tuple[Coefficient, ...]:
    """Return ICC(1,1), (2,1), (3,1), (1,k), (2,k) and (3,k) with their confidence intervals."""
    n, k = squares.n, squares.k
    rows, columns, residual, within = squares.rows, squares.columns, squares.residual, squares.within
    one = _ratio(rows - within, rows + (k - 1) * within)
    two = _ratio(rows - residual, rows + (k - 1) * residual + k * (columns - residual) / n)
    three = _ratio(rows - residual, rows + (k - 1) * residual)
    spans = (
        _by_f(_ratio(rows, within), n - 1, n * (k - 1), k, confidence),
        _agreement_interval(squares, two, confidence),
        _by_f(_ratio(rows, residual), n - 1, (n - 1) * (k - 1), k, confidence),
    )
    means = (
        _ratio(rows - within, rows), _ratio(rows - residual, rows + (columns - residual) / n),
        _ratio(rows - residual, rows),
    )  # fmt: skip
    singles = [
        Coefficient(f"ICC({kind},1)", value, span)
        for kind, value, span in zip((1, 2, 3), (one, two, three), spans, strict=True)
    ]
    averages = [
        Coefficient(f"ICC({kind},k)", value, (_stepped_up(span[0], k), _stepped_up(span[1], k)))
        for kind, value, span in zip((1, 2, 3), means, spans, strict=True)
    ]
    return (*singles, *averages)


def _ratio(over: float, under: float) -> float:
    return over / under if abs(under) > 0 else _NAN


def _by_f(ratio: float, first: int, second: int, k: int, confidence: float) -> Interval:
    """Interval of ICC(1,1) or ICC(3,1) from its F."""
    if not np.isfinite(ratio):
        return _UNKNOWN
    quantile = 1.0 - (1.0 - confidence) / 2
    low = ratio / fdtri(first, second, quantile)
    high = ratio * fdtri(second, first, quantile)
    return float((low - 1) / (low + k - 1)), float((high - 1) / (high + k - 1))


def _agreement_interval(squares: MeanSquares, value: float, confidence: float) -> Interval:
    """Interval of ICC(2,1)."""
    n, k, rows, columns, residual = squares.n, squares.k, squares.rows, squares.columns, squares.residual
    if not np.isfinite(value) or not residual > 0 or not value < 1:
        return _UNKNOWN
    a = k * value / (n * (1 - value))
    b = 1 + a * (n - 1)
    under = (a * columns) ** 2 / (k - 1) + (b * residual) ** 2 / ((n - 1) * (k - 1))
    freedom = (a * columns + b * residual) ** 2 / under
    quantile = 1.0 - (1.0 - confidence) / 2
    below, above = fdtri(n - 1, freedom, quantile), fdtri(freedom, n - 1, quantile)
    rest = k * columns + (k * n - k - n) * residual
    low = n * (rows - below * residual) / (below * rest + n * rows)
    high = n * (above * rows - residual) / (rest + n * above * rows)
    return float(low), float(high)


def _stepped_up(value: float, k: int) -> float:
    """Reliability of the mean of k measurements from that of one (Spearman and Brown)."""
    return _ratio(k * value, 1 + (k - 1) * value)
