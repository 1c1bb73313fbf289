"""How many independent samples a curve is worth: neighbouring samples of a movement tell nearly the same."""

import numpy as np
from numpy.typing import NDArray

_ROUNDS = 4  # the correction for the removed mean settles within these
_FREEDOM_SHARE, _LEAST_FREEDOM = 0.25, 0.5


def effective_number(values: NDArray) -> float:
    """Return the number of independent samples whose mean is known as well as that of a series.

    The series is evenly spaced; the sum of its autocorrelations, each with the number of pairs of samples that far
    apart, ends with the first pair of lags that is not positive (initial positive sequence, Geyer 1992; lags that no
    samples show are passed over), and what removing the series' own mean took from them is given back.

    Parameters
    ----------
    values : ndarray, shape (time,)
        NaN is missing.

    Returns
    -------
    float
        From 1 to the number of finite samples; that number where nothing varies, 0 for an empty series.
    """
    there = np.isfinite(values)
    n = int(there.sum())
    if n < 3:
        return float(n)
    found = _autocorrelation(values, there)
    if found is None:
        return float(n)
    rho, pairs = found
    lost = 0.0  # of the variance, by removing the mean
    for _ in range(_ROUNDS):
        time_scale = _integrated((rho + lost) / (1 + lost), pairs / n)
        lost = min(time_scale / n, 0.5)
    return float(np.clip(n / time_scale, 1.0, n))


def standard_error(sd: float, n_effective: float) -> float:
    """Return the standard error of the mean of a series from its own standard deviation.

    The mean of few independent samples takes its share out of their spread, so that one less of them counts.
    """
    return float(sd / np.sqrt(max(n_effective - 1.0, _LEAST_FREEDOM)))


def estimated_freedom(n_effective: float) -> float:
    """Return the degrees of freedom, for Student's t, of a standard error whose effective number was estimated.

    The sum of autocorrelations is known far worse than the spread, so that these are a quarter of n_effective - 1: a
    choice, under which intervals of simulated series of known autocorrelation hold what they promise.
    """
    return max(_FREEDOM_SHARE * (n_effective - 1.0), _LEAST_FREEDOM)


def _autocorrelation(values: NDArray, there: NDArray) -> tuple[NDArray, NDArray] | None:
    """Autocorrelation at all lags that some pair of samples shows, and their number; None where nothing varies."""
    mean = values[there].mean()
    centred = np.where(there, values - mean, 0.0)
    # A spread that rounding alone can make is none.
    if np.sqrt(np.mean(centred[there] ** 2)) <= 1e-12 * max(abs(mean), 1e-300):
        return None
    size = 2 ** int(np.ceil(np.log2(2 * len(values))))
    spectrum, pairs = (np.abs(np.fft.rfft(part, size)) ** 2 for part in (centred, there.astype(float)))
    sums, counts = (np.fft.irfft(part, size)[: len(values)] for part in (spectrum, pairs))
    counts = np.round(counts)
    shown = counts >= 1
    covariance = sums[shown] / counts[shown]
    return np.asarray(covariance / covariance[0]), counts[shown]


def _integrated(rho: NDArray, share: NDArray) -> float:
    """Autocorrelation time in samples, at least 1; `share` is that of the pairs of each lag in the samples."""
    weighted = rho * share
    even = weighted[: len(weighted) // 2 * 2].reshape(-1, 2).sum(axis=1)
    ends = np.flatnonzero(even <= 0)
    kept = even[: ends[0]] if len(ends) else even
    return max(float(2 * kept.sum() - 1.0), 1.0)
