"""Vectors, frames and angles that carry their first-order dependence on the measured points.

Every quantity keeps, beside its value, a gradient: for each source (a point label) the matrix that turns a small
displacement of that source (m) into the change of the quantity. For a frame the change is a rotation vector (rad) in
the axes the points are given in.

A quantity remembers what it was made of; values and gradients are computed when they are asked for. Asking for many at
once (`evaluate`, `mocap.kinematics.uncertainty.random_sds`) costs little more than asking for one of them.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.tape import operations as op
from mocap.kinematics.tape.evaluate import compute, unwrapped_sum, unwrapped_sums
from mocap.kinematics.tape.graph import NO_GRAD, Grad, Node, NodeGrad, Term, TermGrad, grad_node, leaf

__all__ = [
    "MIN_ANGLE_DEG", "MIN_LENGTH_M", "NO_GRAD", "Frame", "Grad", "Scalar", "Vec", "add_grads", "carried", "chain",
    "combine", "constant", "difference", "evaluate", "evaluate_gradients", "frame", "mean", "skew", "turned",
    "turned_by",
]  # fmt: skip

MIN_LENGTH_M = 1e-6
MIN_ANGLE_DEG = 10.0
_AXIS = {"x": 0, "y": 1, "z": 2}


class _Traced:
    """A node of the graph, or a value with its gradient as handed in."""

    def __init__(self, value: Any, grad: Grad = NO_GRAD) -> None:
        self.node = leaf(value, grad)
        self._grad = grad if grad else NO_GRAD

    @classmethod
    def of(cls, node: Node) -> Any:
        """Return the quantity of a node."""
        made = cls.__new__(cls)
        made.node = node
        made._grad = NodeGrad(node) if node.sources else NO_GRAD
        return made

    @property
    def grad(self) -> Grad:
        """Gradients by source, shape (time, 3, 3)."""
        return self._grad

    def _rows(self) -> NDArray:
        compute([self.node])
        return self.node.found[0]


class Vec(_Traced):
    """Vectors over time with their gradients by source; NaN is missing.

    Parameters
    ----------
    value : array-like, shape (time, 3)
    grad : mapping of str to ndarray, shape (time, 3, 3), optional
        By source, or the gradient of another quantity.
    """

    @property
    def value(self) -> NDArray:
        """Return the vectors, shape (time, 3)."""
        return self.node.array if self.node.array is not None else self._rows().T


class Frame(_Traced):
    """Orientations over time, axes as columns; gradients are rotation vectors (rad).

    Parameters
    ----------
    axes : array-like, shape (time, 3, 3)
    grad : mapping of str to ndarray, shape (time, 3, 3), optional
        By source, or the gradient of another quantity.
    """

    @property
    def axes(self) -> NDArray:
        """Return the axes, shape (time, 3, 3)."""
        if self.node.array is not None:
            return self.node.array
        return self._rows().reshape(3, 3, -1).transpose(2, 0, 1)


class Scalar:
    """Angles over time in rad, with their gradients by source.

    Parameters
    ----------
    value : array-like, shape (time,)
    grad : mapping of str to ndarray, shape (time, 3), optional
        By source, or the gradient of another angle.
    """

    def __init__(self, value: Any, grad: Grad = NO_GRAD) -> None:
        self._terms: tuple[Term, ...] = ((1.0, leaf(value, grad), 0),)
        self._zero = 0.0
        self._grad = grad if grad else NO_GRAD
        self._value: NDArray | None = np.asarray(value, float)

    @classmethod
    def of(cls, terms: Sequence[Term], zero: float = 0.0, grad: Sequence[Term] | None = None) -> "Scalar":
        """Return the sum of angles less a zero; `grad` is the sum whose gradient it has, the same by default."""
        made = cls.__new__(cls)
        made._terms, made._zero, made._value = tuple(terms), zero, None
        found = TermGrad(made._terms if grad is None else grad)
        made._grad = found if found.sources else NO_GRAD
        return made

    @property
    def grad(self) -> Grad:
        """Gradients by source, shape (time, 3)."""
        return self._grad

    @property
    def grad_terms(self) -> tuple[Term, ...]:
        """Return the sum whose gradient this is; empty without any source."""
        if isinstance(self._grad, TermGrad):
            return self._grad.terms
        return self._terms if self._grad else ()

    @property
    def nodes(self) -> list[Node]:
        """Return what has to be computed for the value."""
        return [] if self._value is not None else [node for _, node, _ in self._terms]

    @property
    def value_nodes(self) -> list[Node]:
        """Return what the value is made of, computed or handed in."""
        return [node for _, node, _ in self._terms]

    @property
    def value(self) -> NDArray:
        """Return the angles, shape (time,)."""
        if self._value is None:
            compute(self.nodes)
            self._value = unwrapped_sum(self._terms, self._zero)
        return self._value

    @staticmethod
    def keep_values(scalars: Sequence["Scalar"], out: Sequence[NDArray] | None = None) -> None:
        """Have the values of several angles at once, whose nodes are computed; each in its place of `out`, if given."""
        waiting = [place for place, scalar in enumerate(scalars) if scalar._value is None]
        sums = [(scalars[place]._terms, scalars[place]._zero) for place in waiting]
        found = unwrapped_sums(sums, None if out is None else [out[place] for place in waiting])
        for place, value in zip(waiting, found, strict=True):
            scalars[place]._value = value

    def scaled(self, factor: float, zero: float) -> "Scalar":
        """Return factor * angle - zero."""
        if self._value is not None and self._terms[0][1].kind == op.LEAF:
            scaled = Scalar(factor * self._value - zero)
            scaled._grad = TermGrad([(factor * f, node, which) for f, node, which in self.grad_terms])
            return scaled
        terms = [(factor * f, node, which) for f, node, which in self._terms]
        return Scalar.of(terms, factor * self._zero + zero, [(factor * f, n, w) for f, n, w in self.grad_terms])

    def less(self, other: "Scalar") -> "Scalar":
        """Return this angle less another."""
        terms = [*self._terms, *((-f, node, which) for f, node, which in other._terms)]
        grad = [*self.grad_terms, *((-f, node, which) for f, node, which in other.grad_terms)]
        return Scalar.of(terms, self._zero - other._zero, grad)


def evaluate(quantities: Iterable[Vec | Frame | Scalar]) -> None:
    """Compute the values of many quantities in one pass; each is kept with its quantity."""
    quantities = list(quantities)
    scalars = [quantity for quantity in quantities if isinstance(quantity, Scalar)]
    nodes = [quantity.node for quantity in quantities if not isinstance(quantity, Scalar)]
    compute([*nodes, *(node for scalar in scalars for node in scalar.nodes)])
    Scalar.keep_values(scalars)


def evaluate_gradients(angles: Iterable[Scalar]) -> None:
    """Compute the gradients by source of many angles of one trial in one pass; each is kept with its angle."""
    TermGrad.compute([angle.grad for angle in angles if isinstance(angle.grad, TermGrad)])


def add_grads(*grads: Grad) -> Grad:
    """Return the sum of gradients (of vectors or frames), source by source."""
    there = [grad for grad in grads if grad]
    if len(there) <= 1:
        return there[0] if there else NO_GRAD
    nodes = [grad_node(grad) for grad in there]
    return NodeGrad(Node(op.SUM, nodes))


def chain(matrix: NDArray, grad: Grad) -> Grad:
    """Return ``matrix @ gradient`` for every source; `matrix` has shape (time, 3, 3) or (3, 3)."""
    if not grad:
        return NO_GRAD
    matrix = np.asarray(matrix, float)
    into = grad_node(grad)
    return NodeGrad(Node(op.CHAIN, (into, leaf(matrix if matrix.ndim == 3 else matrix[None]))))


def combine(weights: Sequence[float], vectors: Sequence[Vec]) -> Vec:
    """Return the linear combination of vectors with constant weights."""
    if len(weights) != len(vectors):
        raise ValueError(f"There are {len(weights)} weights for {len(vectors)} vectors.")
    return Vec.of(Node(op.COMBINE, [vector.node for vector in vectors], [float(weight) for weight in weights]))


def difference(head: Vec, tail: Vec) -> Vec:
    """Return head - tail."""
    return combine((1.0, -1.0), (head, tail))


def mean(vectors: Sequence[Vec]) -> Vec:
    """Return the mean of vectors."""
    return combine([1.0 / len(vectors)] * len(vectors), vectors)


def skew(vectors: NDArray) -> NDArray:
    """Return the cross-product matrices, shape (..., 3, 3), of vectors, shape (..., 3)."""
    x, y, z = np.moveaxis(vectors, -1, 0)
    zero = np.zeros_like(x)
    return np.stack([zero, -z, y, z, zero, -x, -y, x, zero], axis=-1).reshape(*x.shape, 3, 3)


def turned(rotation: NDArray, vectors: NDArray) -> NDArray:
    """Return rotated vectors, shape (..., 3); leading axes broadcast."""
    return np.einsum("...ij,...j->...i", rotation, vectors)


def frame(primary: Vec, secondary: Vec, order: str) -> Frame:
    """Build orientations from two directions.

    Parameters
    ----------
    primary : Vec
        Along the axis named first in `order`.
    secondary : Vec
        Roughly along the axis named second; only its part perpendicular to `primary` counts.
    order : str
        `zx`, `yz`, ...: names of the two axes.

    Returns
    -------
    Frame
        NaN where a vector is missing or shorter than 1e-6 m, or where the two are within 10 deg of parallel.
    """
    i, j = _AXIS[order[0]], _AXIS[order[1]]
    handed = 1.0 if (j - i) % 3 == 1 else -1.0
    return Frame.of(Node(op.FRAME, (primary.node, secondary.node), [handed], (i, j)))


def carried(carrier: Frame, offset: NDArray, origin: Vec) -> Vec:
    """Return origin + carrier @ offset, for an `offset` of shape (3,) that is rigid with the carrier."""
    return Vec.of(Node(op.CARRY, (carrier.node, origin.node), [float(x) for x in np.asarray(offset)]))


def turned_by(carrier: Frame, matrix: NDArray) -> Frame:
    """Return ``carrier @ matrix``, for a rotation of shape (3, 3) that is rigid with the carrier."""
    return Frame.of(Node(op.TURN, (carrier.node,), [float(x) for x in np.asarray(matrix).ravel()]))


def constant(vector: NDArray, n_frames: int) -> Vec:
    """Return a vector, shape (3,), that does not move and is known exactly."""
    return Vec(np.broadcast_to(np.asarray(vector, float), (n_frames, 3)))
