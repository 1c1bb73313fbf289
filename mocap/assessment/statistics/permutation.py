"""Permutation tests of curves and of single figures: the largest |t| of a curve, and clusters; by people.

Conditions that make no difference can be exchanged within each person, and groups among all people, without changing
how likely the data are. So each arrangement is as likely as the measured one, and the share of those whose statistic is
at least as large is a p that holds at any number of people, for any distribution and any smoothness of the curves
(Nichols and Holmes 2002). The largest |t| over the curve keeps the chance of a false finding anywhere on it at alpha.
Between groups t is that of Welch, which takes each group's own spread: then the test of the means holds also for groups
of unequal spread, nearly for few people and the better the more they are (Janssen 1997; Chung and Romano 2013).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from calibration.digits import counted
from mocap.assessment.statistics.clusters import Cluster, cluster_masses, clusters_of
from mocap.assessment.statistics.resignings import divisions, sign_flips
from mocap.errors import ShapeError

_FEWEST_PAIRS = 6  # five allow no p below 2 / 2^5
_FEWEST_OF_GROUP = 3
_DRAWN = 10_000
_SAME = 1e-9  # of a statistic: sums in another order differ by rounding
_BLOCK = 2_000_000  # numbers of a block of arrangements


@dataclass(frozen=True, eq=False)
class PermutationTest:
    """A test of a difference along a curve, or of one figure (a curve of one node).

    Attributes
    ----------
    n : tuple of int
        People: of pairs, or of both groups.
    reason : str
        Why there is no test (`n too small: ...`); empty otherwise. Then p and limits are NaN.
    p : float
        That a difference as large anywhere on the curve arises by chance.
    t : ndarray, shape (node,)
        Paired t, or that of two samples with a variance each (Welch); NaN at nodes that somebody lacks.
    t_limit : float
        |t| that has to be exceeded for the difference to count, the whole curve taken into account.
    p_nodes : ndarray, shape (node,)
        Of each node, the whole curve taken into account.
    clusters : tuple of Cluster
        Runs of nodes beyond `t_forming`, with a p for their mass.
    t_forming : float
    alpha : float
    attainable : float
        The false positive rate that a test of so many arrangements really has: the largest step at or below alpha.
    arrangements : int
        Exchanges that were looked at, the measured one among them.
    exact : bool
        Whether they are all that there are.
    left_out : int
        Nodes that somebody lacks.
    """

    n: tuple[int, ...]
    reason: str
    p: float
    t: NDArray
    t_limit: float
    p_nodes: NDArray
    clusters: tuple[Cluster, ...]
    t_forming: float
    alpha: float
    attainable: float
    arrangements: int
    exact: bool
    left_out: int

    @property
    def found(self) -> bool:
        """Whether the difference counts anywhere, at alpha."""
        return bool(self.p <= self.alpha)


def paired_test(
    differences: NDArray, alpha: float = 0.05, drawn: int = _DRAWN, seed: int = 0, forming: float = 0.01
) -> PermutationTest:
    """Return the test of differences within people: sign flips of whole people.

    All flips for at most 13 people, `drawn` seeded ones above. Below 6 people no p of 0.05 can be reached: 'n too
    small'.

    Parameters
    ----------
    differences : ndarray, shape (person, node) or (person,)
        One condition minus the other, the mean over the repetitions of each person. NaN is missing: a person without
        any value takes no part, a node that somebody else lacks is left out.
    alpha : float
    drawn : int
    seed : int
    forming : float
        Two-sided p of a single node's t at which clusters begin.
    """
    values, nodes = _prepared(differences)
    n = len(values)
    if n < _FEWEST_PAIRS:
        told = counted(n, "person", "people")
        reason = f"n too small: {told}, and fewer than {_FEWEST_PAIRS} cannot reach p = {alpha:g}"
        return _none((n,), reason, nodes, alpha)
    signs, exact = sign_flips(n, drawn, seed)
    # Flips leave the squares as they are: t rises with |mean| / rms alone.
    size = np.sqrt(np.sum(values**2, axis=0) * n)
    scaled = values / np.where(size > 0, size, 1.0)
    return _tested(lambda part: signs[part] @ scaled, signs.shape[0], n - 1.0, (n,), exact, nodes, alpha, forming)


def two_sample_test(
    first: NDArray, second: NDArray, alpha: float = 0.05, drawn: int = _DRAWN, seed: int = 0, forming: float = 0.01
) -> PermutationTest:
    """Return the test of two groups of people, by divisions of all of them into groups of the same sizes.

    Exact where both groups are of one distribution. Where only their means are alike and their spread is not, the rate
    of false positives is alpha the more nearly the more people there are, as Welch's t is what is compared.

    Parameters
    ----------
    first, second : ndarray, shape (person, node) or (person,)
        Means over the repetitions of each person; positive t where the first is larger.
    alpha, drawn, seed, forming
        As in `paired_test`.
    """
    groups = [one[:, None] if one.ndim == 1 else one for one in (np.asarray(first, float), np.asarray(second, float))]
    if groups[0].shape[1:] != groups[1].shape[1:]:
        raise ShapeError(f"Curves of {groups[0].shape[1]} and {groups[1].shape[1]} nodes.", "Give both the same nodes.")
    sizes = _known_people(groups[0]), _known_people(groups[1])
    values, nodes = _prepared(np.vstack(groups))
    if min(sizes) < _FEWEST_OF_GROUP or sum(sizes) <= 2 * _FEWEST_OF_GROUP:
        reason = f"n too small: {sizes[0]} and {sizes[1]} people cannot reach p = {alpha:g}"
        return _none(sizes, reason, nodes, alpha)
    member, exact = divisions(*sizes, drawn, seed)
    centred = values - values.mean(axis=0)
    spread = np.sqrt(np.sum(centred**2, axis=0) * sizes[0] * sizes[1] / sum(sizes))
    # What all have alike to rounding has no spread.
    nothing = spread <= 1e-12 * np.abs(values).max(axis=0, initial=0.0) * len(values)
    scaled = np.where(nothing, 0.0, centred / np.where(nothing, 1.0, spread))
    squares, freedom = scaled**2, sum(sizes) - 2.0
    total = squares.sum(axis=0)

    def score(part: slice) -> NDArray:
        return _welch(member[part] @ scaled, member[part] @ squares, total, sizes, freedom)

    return _tested(score, len(member), freedom, sizes, exact, nodes, alpha, forming)


def _welch(sums: NDArray, squares: NDArray, total: NDArray, sizes: tuple[int, int], freedom: float) -> NDArray:
    """Welch's t of divisions as t / sqrt(t^2 + freedom), between -1 and 1, of values whose sum over all people is 0.

    Parameters
    ----------
    sums, squares : ndarray, shape (division, node)
        Of the values of the first group, and of their squares.
    total : ndarray, shape (node,)
        Sum of squares of all people.
    """
    first, second = sizes
    apart = sums * (1 / first + 1 / second)
    within = np.maximum(squares - sums**2 / first, 0.0), np.maximum(total - squares - sums**2 / second, 0.0)
    error = within[0] / (first * (first - 1)) + within[1] / (second * (second - 1))
    return apart / np.sqrt(np.maximum(apart**2 + freedom * error, 1e-300))


def _known_people(values: NDArray) -> int:
    return int(np.isfinite(values).any(axis=1).sum())


def _prepared(values: NDArray) -> tuple[NDArray, NDArray]:
    """People with any value, at the nodes that all of them have; and which those are, shape (node,) of bool."""
    values = np.asarray(values, float)
    if values.ndim not in (1, 2):
        raise ShapeError(f"Differences of the shape {values.shape}.", "Give (person, node) or (person,).")
    values = values[:, None] if values.ndim == 1 else values
    people = values[np.isfinite(values).any(axis=1)]
    nodes = np.isfinite(people).all(axis=0)
    return people[:, nodes], nodes


def _none(n: tuple[int, ...], reason: str, nodes: NDArray, alpha: float) -> PermutationTest:
    nan, blank = float("nan"), np.full(len(nodes), np.nan)
    return PermutationTest(
        n, reason, nan, blank, nan, blank, (), nan, alpha, nan, 0, False, int((~nodes).sum())
    )


def _tested(
    score: Callable[[slice], NDArray], arrangements: int, freedom: float, n: tuple[int, ...], exact: bool,
    nodes: NDArray, alpha: float, forming: float,
) -> PermutationTest:  # fmt: skip
    """The test from scores of arrangements: r between -1 and 1, and t = r sqrt(freedom / (1 - r^2))."""
    if not nodes.any():
        return _none(n, "there is no node that everybody has", nodes, alpha)
    t_forming = float(stdtrit(freedom, 1.0 - forming / 2))
    largest, masses = _distribution(score, arrangements, freedom, t_forming, nodes)
    ordered = np.sort(largest)[::-1]
    count = len(ordered)
    allowed = int(np.floor(alpha * count + _SAME))
    limit = float(ordered[min(allowed, count - 1)]) * (1 + _SAME)
    own = score(slice(0, 1))[0]
    p_nodes = np.full(len(nodes), np.nan)
    p_nodes[nodes] = _shares(ordered, np.abs(own))
    t = np.full(len(nodes), np.nan)
    t[nodes] = as_t(own, freedom)
    heavy = np.sort(masses)[::-1]
    found = tuple(
        one.with_p(float(_shares(heavy, np.array([one.mass]))[0])) for one in clusters_of(t, t_forming)
    )
    return PermutationTest(
        n, "", float(np.nanmin(p_nodes)), t, float(as_t(np.array([limit]), freedom)[0]), p_nodes, found, t_forming,
        alpha, _attainable(ordered, alpha) if exact else alpha, count, exact, int((~nodes).sum()),
    )  # fmt: skip


def _distribution(
    score: Callable[[slice], NDArray], arrangements: int, freedom: float, t_forming: float, nodes: NDArray
) -> tuple[NDArray, NDArray]:
    """Largest |r| of every arrangement, and the mass of its heaviest cluster, shape (arrangement,) each."""
    step = max(_BLOCK // int(nodes.sum()), 1)
    largest, masses = np.empty(arrangements), np.empty(arrangements)
    for start in range(0, arrangements, step):
        part = slice(start, start + step)
        r = score(part)
        largest[part] = np.abs(r).max(axis=1)
        masses[part] = cluster_masses(as_t(r, freedom), t_forming, nodes)
    return largest, masses


def as_t(r: NDArray, freedom: float) -> NDArray:
    """Return t of correlations; of a perfect one a very large number that is still finite."""
    return r * np.sqrt(freedom / np.maximum(1.0 - r**2, 1e-15))


def _shares(ordered: NDArray, values: NDArray) -> NDArray:
    """Share of arrangements, largest first, that reach each value, but for rounding."""
    reached = np.searchsorted(-ordered, -values * (1 - _SAME), side="right")
    return reached / len(ordered)


def _attainable(ordered: NDArray, alpha: float) -> float:
    """The largest p at or below alpha that the arrangements can give: ties move together."""
    steps = _shares(ordered, ordered[: int(np.floor(alpha * len(ordered) + _SAME)) + 1])
    below = steps[steps <= alpha + _SAME]
    return float(below.max()) if len(below) else 0.0
