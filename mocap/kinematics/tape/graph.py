"""The graph of what quantities were made of: nodes with their parents, and gradients as mappings that wait."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.tape import operations as op

Grad = Mapping[str, NDArray]
NO_GRAD: Grad = MappingProxyType({})

_COUNTER = itertools.count()


class Node:
    """One operation on vectors and frames over time.

    Attributes
    ----------
    kind : int
        One of `mocap.kinematics.tape.operations`.
    parents : tuple of Node
    numbers : tuple of float
        Weights, offsets, shapes: what does not change over time.
    choice : tuple of int
        Axes of a frame.
    n_frames : int
    array : ndarray or None
        Value of a leaf, shape (time, 3) or (time, 3, 3).
    grad : mapping or None
        Gradient of a leaf, as it was handed in.
    found : dict of int to ndarray
        What has been computed, by rows: 0 for the value, shape (row, time).
    order : int
        Larger than that of all parents.
    """

    def __init__(
        self,
        kind: int,
        parents: Sequence["Node"] = (),
        numbers: Sequence[float] = (),
        choice: Sequence[int] = (),
        *,
        array: NDArray | None = None,
        grad: Grad | None = None,
    ) -> None:
        self.kind, self.parents, self.numbers, self.choice = kind, tuple(parents), tuple(numbers), tuple(choice)
        self.array, self.grad = array, grad
        self.n_frames: int = len(array) if array is not None else max(parent.n_frames for parent in self.parents)
        self.found: dict[int, NDArray] = {}
        self.order = next(_COUNTER)

    @cached_property
    def sources(self) -> tuple[str, ...]:
        """Names of the sources that the node depends on, in the order in which they were met."""
        if self.kind == op.LEAF:
            return tuple(self.grad or ())
        parents = self.parents[:1] if self.kind in (op.CHAIN, op.CENTROID) else self.parents
        if self.kind in (op.ANCHOR, op.RESIDUAL):
            parents = ()
        return tuple(dict.fromkeys(source for parent in parents for source in parent.sources))

    @cached_property
    def own(self) -> str | None:
        """The source that a leaf is itself, with a unit matrix as its gradient; None otherwise."""
        if self.kind != op.LEAF or not self.grad or len(self.grad) != 1 or isinstance(self.grad, NodeGrad):
            return None
        ((name, matrix),) = self.grad.items()
        still = matrix.ndim == 3 and len(matrix) > 0 and (matrix.strides[0] == 0 or len(matrix) == 1)
        return name if still and np.array_equal(matrix[0], np.eye(3)) else None

    @cached_property
    def still(self) -> bool:
        """Whether a leaf never changes over time."""
        return self.array is not None and len(self.array) > 0 and (self.array.strides[0] == 0 or len(self.array) == 1)


class NodeGrad(Mapping[str, NDArray]):
    """Gradient of a node by source, shape (time, 3, 3) each; computed on asking."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self._kept: dict[str, NDArray] = {}

    def __getitem__(self, source: str) -> NDArray:
        if source not in self.node.sources:
            raise KeyError(source)
        if not self._kept:
            from mocap.kinematics.tape.evaluate import node_gradients

            self._kept = node_gradients(self.node)
        return self._kept[source]

    def __contains__(self, source: object) -> bool:
        return source in self.node.sources

    def __iter__(self) -> Iterator[str]:
        return iter(self.node.sources)

    def __len__(self) -> int:
        return len(self.node.sources)


Term = tuple[float, Node, int]
"""Factor, angles of a frame or line, and which of them; or a vector or frame, with factor 1, and one axis of it."""


class TermGrad(Mapping[str, NDArray]):
    """Gradient of a sum of angles by source, shape (time, 3) each; computed on asking."""

    def __init__(self, terms: Sequence[Term]) -> None:
        self.terms = tuple(terms)
        self.sources = tuple(dict.fromkeys(source for _, node, _ in self.terms for source in node.sources))
        self._kept: dict[str, NDArray] = {}

    def __getitem__(self, source: str) -> NDArray:
        if source not in self.sources:
            raise KeyError(source)
        if not self._kept:
            self.compute([self])
        return self._kept[source]

    @staticmethod
    def compute(grads: "Sequence[TermGrad]") -> None:
        """Have the gradients of many sums at once; all of as many frames."""
        from mocap.kinematics.tape.evaluate import term_gradients

        waiting = [grad for grad in grads if not grad._kept]
        for grad, found in zip(waiting, term_gradients(waiting) if waiting else [], strict=True):
            grad._kept = found

    def __contains__(self, source: object) -> bool:
        return source in self.sources

    def __iter__(self) -> Iterator[str]:
        return iter(self.sources)

    def __len__(self) -> int:
        return len(self.sources)


def leaf(array: Any, grad: Grad | None = None) -> Node:
    """Return a leaf of a value handed in, shape (time, 3), (time, 3, 3) or (time,), with its gradient."""
    return Node(op.LEAF, array=np.asarray(array, float), grad=grad)


def grad_node(grad: Grad) -> Node:
    """Return the node that a gradient belongs to; one of its own for matrices handed in."""
    if isinstance(grad, NodeGrad):
        return grad.node
    n_frames = max(len(matrix) for matrix in grad.values())
    return leaf(np.broadcast_to(np.nan, (n_frames, 3)), grad)
