"""Writes the code that computes values, standard uncertainties and gradients of nodes for every tile of frames."""

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.tape import operations as op
from mocap.kinematics.tape.graph import Node, NodeGrad, Term

TILE = 32
_BLOCK_BYTES = 12_000_000  # more than that the C library gives back to the system at once
_ROWS = {op.COMBINE: 3, op.FRAME: 12, op.CARRY: 6, op.PLACE: 6, op.TURN: 9, op.JOINT: 3, op.BAKER: 3, op.LEAN: 3,
         op.ELEVATION: 1, op.BETWEEN: 1}  # fmt: skip
_FIT_PARTS = {op.CENTROID: 9, op.ANCHOR: 12, op.RESIDUAL: 15}
_FIT_STATE = 22


def fit_rows(n_points: int) -> int:
    """Return how many rows a fit takes, as `mocap.kinematics.tape.fit_kernels` lays them out."""
    return 40 + 4 * n_points


class Program:
    """Code, constants and places in memory, grown by what is asked for.

    Parameters
    ----------
    n_frames : int
    columns : mapping of str to int
        Place of each source's covariance.
    """

    def __init__(self, n_frames: int, columns: Mapping[str, int] | None = None) -> None:
        self.n_frames, self.columns = n_frames, columns or {}
        self.fixed: list[int] = []
        self.code: list[int] = []
        self.consts: list[float] = []
        self.places: list[tuple[int, int]] = []
        self.kept: list[NDArray] = []
        self.n_rows = 0
        self._base: dict[Node, int] = {}
        self._fits: dict[Node, int] = {}
        self._given: dict[int, int] = {}
        self._scratch = (0, 0)
        self._block = np.empty((0, 0))
        self._spread: dict[str, int] = {}
        self._pulled: set[Node] = set()

    def rows(self, count: int) -> int:
        """Return the first of so many new rows."""
        self.n_rows += count
        return self.n_rows - count

    def scratch(self, count: int) -> int:
        """Return the first of so many rows that hold until the next call."""
        if self._scratch[1] < count:
            size = max(count, 2 * self._scratch[1])
            self._scratch = (self.rows(size), size)
        return self._scratch[0]

    def emit(self, kind: int, *arguments: int, fixed: bool = False) -> None:
        """Append an operation."""
        (self.fixed if fixed else self.code).extend((kind, len(arguments), *arguments))

    def numbers(self, values: Iterable[float]) -> int:
        """Return the place of the first of new constants."""
        first = len(self.consts)
        self.consts.extend(float(value) for value in values)
        return first

    def place(self, array: NDArray) -> int:
        """Return the number of an array of rows, shape (row, time), in memory."""
        self.kept.append(array)
        self.places.append((array.ctypes.data, array.strides[0]))
        return len(self.places) - 1

    def output(self, first: int, count: int, into: NDArray | None = None) -> NDArray:
        """Return the array, shape (count, time), that rows are written to; a given one has `TILE` frames or more."""
        array = self._fresh(count) if into is None else into
        self.emit(op.STORE, first, count, self.place(array))
        return array[:, : self.n_frames]

    def _fresh(self, count: int) -> NDArray:
        """Return new rows in memory: cut from large blocks, as an operating system hands out large ones faster."""
        length = max(self.n_frames, TILE)
        if len(self._block) < count:
            self._block = np.empty((max(count, min(64, _BLOCK_BYTES // (8 * length))), length))
        rows, self._block = self._block[:count], self._block[count:]
        return rows

    def _load(self, array: NDArray, count: int) -> int:
        """Return the rows of an array, shape (row, time)."""
        first = self.rows(count)
        if array.shape[1] < TILE:
            full = np.full((count, TILE), np.nan)
            full[:, : array.shape[1]] = array
            array = full
        self.emit(op.LOAD, first, count, self.place(array))
        return first

    def constant(self, values: Sequence[float] | NDArray) -> int:
        """Return rows that hold numbers in all frames."""
        first = self.rows(len(values))
        self.emit(op.CONSTANT, first, len(values), self.numbers(values), fixed=True)
        return first

    def array_rows(self, array: NDArray) -> int:
        """Return the rows of an array, shape (time, ...); constants where it does not change over time."""
        if id(array) not in self._given:
            if len(array) not in (1, self.n_frames):
                raise ValueError(f"Quantities of {len(array)} and of {self.n_frames} frames do not go together.")
            self.kept.append(array)
            if len(array) == 1 or (len(array) and array.strides[0] == 0):
                self._given[id(array)] = self.constant(array[0].ravel())
            else:
                self._given[id(array)] = self._load(as_rows(array), math.prod(array.shape[1:]))
        return self._given[id(array)]

    def value(self, node: Node) -> int:
        """Return the first row of a node's value, computing what it needs."""
        if node in self._base:
            return self._base[node]
        if node.kind == op.LEAF:
            assert node.array is not None
            base = self.array_rows(node.array)
        elif 0 in node.found and node not in self._pulled and node.n_frames == self.n_frames:
            base = self._load(node.found[0], len(node.found[0]))
        elif node.kind in _FIT_PARTS:
            base = self._fit(node.parents[0]) + _FIT_PARTS[node.kind]
        elif node.kind == op.FIT:
            base = self._fit(node)
        else:
            base = self._operation(node)
        self._base[node] = base
        return base

    def _fit(self, node: Node) -> int:
        if node not in self._fits:
            parents = [self.value(parent) for parent in node.parents]
            self._fits[node] = to = self.rows(fit_rows(len(parents)))
            eye = self.numbers(np.eye(3).ravel())
            self.emit(op.CONSTANT, to + _FIT_STATE, 9, eye, fixed=True)
            self.emit(op.FIT, to, len(parents), self.numbers(node.numbers), *parents)
        return self._fits[node]

    def _operation(self, node: Node) -> int:
        parents = [self.value(parent) for parent in node.parents]
        to = self.rows(_ROWS[node.kind])
        if node.kind == op.COMBINE:
            first = self.numbers(node.numbers)
            pairs = (number for k, parent in enumerate(parents) for number in (parent, first + k))
            self.emit(op.COMBINE, to, len(parents), *pairs)
        elif node.numbers:
            self.emit(node.kind, to, *parents, *node.choice, self.numbers(node.numbers))
        else:
            self.emit(node.kind, to, *parents, *node.choice)
        return to

    def segment(self, axes: Node, origin: Node, number: int) -> None:
        """Have a segment's pose written."""
        self.emit(op.POSE, self.value(axes), self.value(origin), number)

    def will_pull(self, nodes: Iterable[Node]) -> None:
        """Have nodes, and all they depend on, computed with what their gradients need."""
        waiting = list(nodes)
        while waiting:
            node = waiting.pop()
            if node not in self._pulled and node.sources:
                self._pulled.add(node)
                waiting.extend(_pull_parents(node))

    def uncertainty(self, terms: Sequence[Term], into: NDArray | None = None) -> NDArray:
        """Have the standard uncertainty of a sum of angles written; return its array, shape (1, time)."""
        from mocap.kinematics.tape.pull import pull_terms

        variance = self.rows(1)
        self.emit(op.CLEAR, variance, 1)
        for source, row in pull_terms(self, terms).items():
            if source not in self._spread:
                self._spread[source] = self.rows(6)
                self.emit(op.COVARIANCE, self._spread[source], self.columns[source])
            self.emit(op.ADD_VARIANCE, variance, row, self._spread[source])
        angles = [self.value(node) + which for _, node, which in terms]
        self.emit(op.VARIANCE_ROOT, variance, len(angles), *angles)
        return self.output(variance, 1, into)


def _pull_parents(node: Node) -> tuple[Node, ...]:
    if node.kind == op.LEAF:
        return (node.grad.node,) if isinstance(node.grad, NodeGrad) else ()
    return node.parents


def as_rows(array: NDArray) -> NDArray:
    """Return an array, shape (time, ...), as rows, shape (row, time), without copying where it is made of such."""
    if not array.size:
        return np.empty((math.prod(array.shape[1:]), 0))
    rows = array.transpose(*range(1, array.ndim), 0)
    step = array.itemsize
    if rows.ndim == 3 and rows.strides[0] != rows.shape[1] * rows.strides[1]:
        rows = np.ascontiguousarray(rows)
    rows = rows.reshape(-1, array.shape[0]) if rows.ndim != 2 else rows
    return rows if rows.strides[-1] == step else np.ascontiguousarray(rows)
