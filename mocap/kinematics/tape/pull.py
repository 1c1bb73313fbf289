"""Writes the code of gradients in reverse: from an angle, or one axis of a node, to the sources."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from mocap.kinematics.tape import operations as op
from mocap.kinematics.tape.graph import Node, NodeGrad, Term
from mocap.kinematics.tape.program import Program

_ALIASES = (op.TURN, op.CENTROID)
Key = Node | str


def _resolve(node: Node) -> tuple[Key, int] | None:
    """Return whose pull a node's own is and the offset in it: a source, or a node; None without any source."""
    offset = 0
    while True:
        if not node.sources:
            return None
        if node.kind == op.LEAF:
            if node.own is not None:
                return node.own, 0
            if not isinstance(node.grad, NodeGrad):
                return node, 0
            node = node.grad.node
        elif node.kind == op.TURN:
            node = node.parents[0]
        elif node.kind == op.CENTROID:
            node, offset = node.parents[0], 3
        else:
            return node, offset


class _Pulls:
    """Pull rows of all that a result depends on."""

    def __init__(self, program: Program, starts: Iterable[Node], given: Iterable[str] = ()) -> None:
        self.program = program
        self.nodes: dict[Node, int] = {}
        found: dict[Key, None] = {}
        waiting = [resolved for node in starts if (resolved := _resolve(node))]
        while waiting:
            key, _ = waiting.pop()
            if key not in found:
                found[key] = None
                if isinstance(key, Node):
                    waiting.extend(_inputs(key))
        names = dict.fromkeys([*given, *(name for key in found for name in _names(key))])
        nodes = [key for key in found if isinstance(key, Node)]
        wide = [6 if node.kind == op.FIT else 3 for node in nodes]
        self.count = sum(wide) + 3 * len(names)
        self.first = at = program.scratch(self.count)
        for node, count in zip(nodes, wide, strict=True):
            self.nodes[node] = at
            at += count
        self.sources = {name: at + 3 * k for k, name in enumerate(names)}

    def of(self, node: Node) -> int:
        """Return the first pull row of a node; -1 where it depends on nothing."""
        found = _resolve(node)
        if found is None:
            return -1
        key, offset = found
        return self.sources[key] if isinstance(key, str) else self.nodes[key] + offset


def _names(key: Key) -> Iterable[str]:
    if isinstance(key, str):
        return (key,)
    return (key.grad or ()) if key.kind == op.LEAF else ()


def _inputs(node: Node) -> list[tuple[Key, int]]:
    if node.kind == op.LEAF:
        return []
    parents = node.parents[:1] if node.kind == op.CHAIN else node.parents
    return [resolved for parent in parents if (resolved := _resolve(parent))]


def _cleared(program: Program, starts: Iterable[Node], given: Iterable[str] = ()) -> _Pulls:
    pulls = _Pulls(program, starts, given)
    program.emit(op.CLEAR, pulls.first, pulls.count)
    return pulls


def _backward(program: Program, pulls: _Pulls) -> dict[str, int]:
    for node in sorted(pulls.nodes, key=lambda node: -node.order):
        _PULLS[node.kind](program, pulls, node)
    return pulls.sources


def pull_terms(program: Program, terms: Sequence[Term]) -> dict[str, int]:
    """Write how a sum of angles changes with its sources; return the first pull row of each."""
    for _, node, _ in terms:
        for parent in node.parents:
            program.value(parent)
        program.value(node)
    given = [name for _, node, _ in terms if node.kind == op.LEAF and not _is_whole(node) for name in node.sources]
    starts = [start for _, node, _ in terms for start in ((node,) if _is_whole(node) else node.parents)]
    pulls = _cleared(program, starts, given)
    for factor, node, which in terms:
        if _is_whole(node):
            if pulls.of(node) >= 0:
                program.emit(op.UNIT, pulls.of(node), which)
        else:
            _SEEDS[node.kind](program, pulls, node, which, program.numbers([factor]))
    return _backward(program, pulls)


def _is_whole(node: Node) -> bool:
    """Tell whether a term takes one axis of a vector or of a frame's small turn, and not an angle."""
    return node.kind not in _SEEDS or (node.kind == op.LEAF and isinstance(node.grad, NodeGrad))


def pull_node(program: Program, node: Node, axis: int) -> dict[str, int]:
    """Write how one axis of a vector, or of a frame's rotation vector, changes with its sources."""
    pulls = _cleared(program, [node])
    program.emit(op.UNIT, pulls.of(node), axis)
    return _backward(program, pulls)


def _pull_combine(program: Program, pulls: _Pulls, node: Node) -> None:
    weights = node.numbers if node.kind == op.COMBINE else [1.0] * len(node.parents)
    pairs = [(pulls.of(parent), weight) for parent, weight in zip(node.parents, weights, strict=True)]
    pairs = [pair for pair in pairs if pair[0] >= 0]
    first = program.numbers(weight for _, weight in pairs)
    arguments = (number for k, (row, _) in enumerate(pairs) for number in (row, first + k))
    program.emit(op.PULL_COMBINE, pulls.of(node), len(pairs), *arguments)


def _pull_frame(program: Program, pulls: _Pulls, node: Node) -> None:
    first, second = (pulls.of(parent) for parent in node.parents)
    program.emit(op.PULL_FRAME, pulls.of(node), program.value(node), first, second, *node.choice)


def _pull_arm(program: Program, pulls: _Pulls, node: Node) -> None:
    axes, origin = (pulls.of(parent) for parent in node.parents[:2])
    program.emit(op.PULL_ARM, pulls.of(node), program.value(node) + 3, axes, origin)


def _pull_fit(program: Program, pulls: _Pulls, node: Node) -> None:
    into = [pulls.of(parent) for parent in node.parents]
    program.emit(op.PULL_FIT, pulls.nodes[node], program.value(node), len(into), *into)


def _pull_chain(program: Program, pulls: _Pulls, node: Node) -> None:
    grad, matrix = node.parents
    program.emit(op.PULL_MATRIX, pulls.of(node), program.value(matrix), pulls.of(grad))


def _pull_leaf(program: Program, pulls: _Pulls, node: Node) -> None:
    for name, matrix in (node.grad or {}).items():
        rows = program.array_rows(np.asarray(matrix, float))
        program.emit(op.PULL_MATRIX, pulls.nodes[node], rows, pulls.sources[name])


_PULLS: dict[int, Callable[[Program, _Pulls, Node], None]] = {
    op.COMBINE: _pull_combine, op.SUM: _pull_combine, op.FRAME: _pull_frame, op.CARRY: _pull_arm, op.PLACE: _pull_arm,
    op.FIT: _pull_fit, op.CHAIN: _pull_chain, op.LEAF: _pull_leaf,
}  # fmt: skip


def _seed_turn(program: Program, pulls: _Pulls, node: Node, which: int, factor: int) -> None:
    proximal, distal = node.parents
    kind = op.PULL_JOINT if node.kind == op.JOINT else op.PULL_BAKER
    values = program.value(proximal), program.value(distal)
    program.emit(kind, *values, pulls.of(proximal), pulls.of(distal), which, factor)


def _seed_lean(program: Program, pulls: _Pulls, node: Node, which: int, factor: int) -> None:
    line, axes = node.parents
    values = program.value(node), program.value(line), program.value(axes)
    program.emit(op.PULL_LEAN, *values, pulls.of(line), pulls.of(axes), factor)


def _seed_lines(program: Program, pulls: _Pulls, node: Node, which: int, factor: int) -> None:
    values, into = [program.value(parent) for parent in node.parents], [pulls.of(parent) for parent in node.parents]
    kind = op.PULL_ELEVATION if node.kind == op.ELEVATION else op.PULL_BETWEEN
    program.emit(kind, *values, *into, factor)


def _seed_given(program: Program, pulls: _Pulls, node: Node, which: int, factor: int) -> None:
    """Start from rows by source that were handed in with an angle, shape (time, 3)."""
    for name, rows in (node.grad or {}).items():
        given = program.array_rows(np.asarray(rows, float))
        program.emit(op.PULL_COMBINE, given, 1, pulls.sources[name], factor)


_SEEDS: dict[int, Callable[[Program, _Pulls, Node, int, int], None]] = {
    op.JOINT: _seed_turn, op.BAKER: _seed_turn, op.LEAN: _seed_lean, op.ELEVATION: _seed_lines,
    op.BETWEEN: _seed_lines, op.LEAF: _seed_given,
}  # fmt: skip
