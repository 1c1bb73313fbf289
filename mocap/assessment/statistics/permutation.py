"""Permutation tests of curves and of single figures: the largest |t| of a curve, and clusters; by people.

Conditions that make no difference can be exchanged within each person, and groups among all people, without changing
how likely the data are. So each arrangement is as likely as the measured one, and the share of those whose statistic is
at least as large is a p that holds at any number of people, for any distribution and any smoothness of the curves
(Nichols and Holmes 2002). The largest |t| over the curve keeps the chance of a false finding anywhere on it at alpha.
Between groups t is that of Welch, which takes each group's own spread, told by how unlikely it is with its own degrees
of freedom (by the transformation of Wallace 1959): then the test of the means of single figures holds nearly for groups
of unequal spread, too (Janssen 1997; Chung and Romano 2013). Of curves it does not while people are few, and p is
withheld there.
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
_MOST_UNEQUAL = 1.5  # ratio of spreads of curves, with fewer than this many people in a group:
_ENOUGH = 30
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
        Paired t, or that of two samples with a variance each (Welch), as the t of all people less two degrees of
        freedom that is as unlikely; NaN at nodes that somebody lacks.
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
    of false positives of single figures is 0.04 to 0.07 for alpha = 0.05 (3 to 12 people against 5 to 20, four times
    the spread). Of curves it would be 0.09 to 0.24, so that p is withheld where the groups' spreads differ by more than
    1.5 (median over the curve) and a group has fewer than 30 people; with that it is 0.005 to 0.08 (1.4 to 1.8 times
    the spread, 5 to 10 people against 10 to 20), and at equal spread 2 % (6 and 6) to 10 % (4 and 4) are withheld.

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
    unlike = _unlike_spreads(values[: sizes[0]], values[sizes[0] :])
    if unlike > _MOST_UNEQUAL and min(sizes) < _ENOUGH and values.shape[1] > 1:
        reason = (f"withheld: the spread of one group is {unlike:.1f} times that of the other; with fewer than "
                  f"{_ENOUGH} people in a group the p of a curve would be too small")  # fmt: skip
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
    """Welch's t of divisions as r = t / sqrt(t^2 + freedom), of the t of `freedom` degrees that is as unlikely.

    The sum of the values over all people is 0. By z = (8 f + 1) / (8 f + 3) sqrt(f ln(1 + t^2 / f)), inverted for
    Welch's own degrees of freedom and for `freedom` (Wallace 1959).

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
    errors = within[0] / (first * (first - 1)), within[1] / (second * (second - 1))
    error = np.maximum(errors[0] + errors[1], 1e-300)
    own = error**2 / np.maximum(errors[0] ** 2 / (first - 1) + errors[1] ** 2 / (second - 1), 1e-300)
    own = np.clip(own, min(sizes) - 1.0, freedom)
    z = own * np.log1p(np.minimum(apart**2 / error / own, 1e15)) * ((8 * own + 1) / (8 * own + 3)) ** 2
    return np.asarray(np.sign(apart) * np.sqrt(-np.expm1(-z * ((8 * freedom + 3) / (8 * freedom + 1)) ** 2 / freedom)))


def _unlike_spreads(first: NDArray, second: NDArray) -> float:
    """Return the ratio of the larger spread of two groups to the smaller, median over nodes; 1 where none varies."""
    spreads = first.std(axis=0, ddof=1), second.std(axis=0, ddof=1)
    known = (spreads[0] > 0) & (spreads[1] > 0)
    if not known.any():
        return 1.0
    return float(np.exp(abs(np.median(np.log(spreads[0][known] / spreads[1][known])))))


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
