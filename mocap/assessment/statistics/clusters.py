"""Clusters: runs of nodes whose t is beyond a limit, and how heavy they are."""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Cluster:
    """A run of nodes with t beyond the forming limit, all of one sign.

    Attributes
    ----------
    first, last : int
        Nodes, both in it.
    sign : int
        1 or -1.
    mass : float
        Sum of |t| less the limit.
    p : float
        That a cluster as heavy arises anywhere by chance; says that there is a difference, not where it ends.
    """

    first: int
    last: int
    sign: int
    mass: float
    p: float = float("nan")

    def with_p(self, p: float) -> "Cluster":
        """Return it with its p."""
        return replace(self, p=p)


def clusters_of(t: NDArray, limit: float) -> tuple[Cluster, ...]:
    """Return the clusters of one curve, shape (node,); NaN ends a cluster."""
    there = np.nan_to_num(t)
    sign = np.where(np.abs(there) > limit, np.sign(there), 0.0)
    edges = np.flatnonzero(np.diff(np.concatenate([[0.0], sign, [0.0]])))
    return tuple(
        Cluster(int(start), int(stop) - 1, int(sign[start]), float(np.sum(np.abs(there[start:stop]) - limit)))
        for start, stop in pairwise(edges)
        if sign[start] != 0
    )


def cluster_masses(t: NDArray, limit: float, nodes: NDArray) -> NDArray:
    """Return the mass of the heaviest cluster of each of many curves, shape (curve,); 0 without any.

    Parameters
    ----------
    t : ndarray, shape (curve, known node)
    limit : float
    nodes : ndarray of bool, shape (node,)
        Which of all nodes those are: a gap ends a cluster.
    """
    places = np.flatnonzero(nodes)
    heaviest, running, before = np.zeros(len(t)), np.zeros(len(t)), np.zeros(len(t))
    for column in range(t.shape[1]):
        value = t[:, column]
        size = np.abs(value) - limit
        sign = np.where(size > 0, np.sign(value), 0.0)
        joined = column > 0 and places[column] == places[column - 1] + 1
        running = np.where((sign == before) & joined, running, 0.0) + np.maximum(size, 0.0)
        heaviest = np.maximum(heaviest, running)
        before = sign
    return heaviest
