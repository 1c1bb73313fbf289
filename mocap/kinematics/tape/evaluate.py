"""Runs programs: values, standard uncertainties and gradients of many nodes in one pass over the frames."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.tape import operations as op
from mocap.kinematics.tape.graph import Node, Term, TermGrad
from mocap.kinematics.tape.program import TILE, Program
from mocap.kinematics.tape.pull import pull_node, pull_terms

# Short enough that threads share the work evenly, long enough that starting costs nothing. A fixed length keeps
# results the same whatever the number of threads.
_SPAN = 1024
# Fewer numbers than this are gone through before a second thread has started.
_WORTH_THREADS = 1 << 17
_SIZE = {op.COMBINE: 3, op.FRAME: 9, op.CARRY: 3, op.PLACE: 3, op.TURN: 9, op.FIT: 9, op.CENTROID: 3, op.ANCHOR: 3,
         op.RESIDUAL: 1, op.JOINT: 3, op.BAKER: 3, op.LEAN: 1, op.ELEVATION: 1, op.BETWEEN: 1}  # fmt: skip
_TURNING = {op.JOINT: (0, 2), op.BAKER: (0, 2), op.LEAN: (0,)}


@dataclass(frozen=True, eq=False)
class Spread:
    """Covariances of sources: shape (time, source, 3, 3) in m², where each source is, and in which axes.

    Attributes
    ----------
    matrices : ndarray of float32 or float64
    columns : mapping of str to int
    in_world : bool
        Whether they are in the Z-up world and not in the axes of the gradients (ISB-turned).
    """

    matrices: NDArray
    columns: Mapping[str, int]
    in_world: bool


def read_only(array: NDArray) -> NDArray:
    """Return a view that cannot be written: kernels are compiled once for such, and again for others."""
    view = array.view()
    view.flags.writeable = False
    return view


_NO_SINGLE, _NO_DOUBLE = read_only(np.empty((0, 0, 9), np.float32)), read_only(np.empty((0, 0, 9)))


def run(program: Program, spread: Spread | None = None, poses: NDArray | None = None) -> None:
    """Run a program over all its frames, in threads."""
    from mocap.kinematics.tape.run_kernels import run_span

    n_frames, length = program.n_frames, max(program.n_frames, TILE)
    covariance = (_NO_SINGLE, _NO_DOUBLE, False) if spread is None else _flat(spread, length)
    out = np.empty((0, 0, 4, 4)) if poses is None else poses
    fixed, code = np.array(program.fixed, np.int64), np.array(program.code, np.int64)
    consts, places = np.array(program.consts, float), np.array(program.places, np.int64).reshape(-1, 2)

    # The last tile of a span reaches back where it is not full. It must not reach into the span before: that would be
    # written by two threads, which differ in the last bits as each fit begins at the frame before.
    starts = range(0, length - TILE + 1 if n_frames else 0, _SPAN)

    def span(start: int) -> None:
        stop = length if start == starts[-1] else start + _SPAN
        run_span(fixed, code, consts, places, covariance, out, program.n_rows, (start, stop, length))

    for_each(span, starts)


def for_each(work: Callable[[int], None], items: Sequence[int], n_numbers: int = _WORTH_THREADS) -> None:
    """Call a function, which lets go of the interpreter, for each item, in as many threads as there are processors.

    Where all items together go through few numbers, one thread does them.
    """
    # Each item is handed to the thread that asks first; this one works, too.
    waiting = iter(items)

    def work_on() -> None:
        for item in waiting:
            work(item)

    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    others = min(processors, len(items)) - 1
    if others < 1 or n_numbers < _WORTH_THREADS:
        work_on()
        return
    with ThreadPoolExecutor(max_workers=others) as pool:
        helping = [pool.submit(work_on) for _ in range(others)]
        work_on()
        for other in helping:
            other.result()


def _flat(spread: Spread, length: int) -> tuple[NDArray, NDArray, bool]:
    matrices = np.ascontiguousarray(spread.matrices)
    matrices = matrices.reshape(*matrices.shape[:2], 9)
    if len(matrices) < length:
        matrices = np.concatenate([matrices, np.zeros((length - len(matrices), *matrices.shape[1:]), matrices.dtype)])
    if spread.in_world and matrices.dtype == np.float32:
        return read_only(matrices), _NO_DOUBLE, True
    return _NO_SINGLE, read_only(np.asarray(matrices, float)), spread.in_world


def compute(nodes: Iterable[Node]) -> None:
    """Compute the values of nodes that have none yet, all in one pass."""
    wanted = [node for node in dict.fromkeys(nodes) if node.kind != op.LEAF and 0 not in node.found]
    if wanted:
        program = Program(max(node.n_frames for node in wanted))
        outputs = write_values(program, wanted)
        run(program)
        keep_values(outputs)


def write_values(program: Program, nodes: Iterable[Node]) -> dict[Node, NDArray]:
    """Have values of nodes written; return the arrays they come in."""
    return {node: program.output(program.value(node), _SIZE[node.kind]) for node in nodes}


def keep_values(outputs: Mapping[Node, NDArray]) -> None:
    """Leave what was computed with its nodes."""
    for node, rows in outputs.items():
        node.found[0] = rows


def node_gradients(node: Node) -> dict[str, NDArray]:
    """Return the gradients of a vector or frame by source, shape (time, 3, 3)."""
    program = Program(node.n_frames)
    program.will_pull([node])
    found: dict[str, list[NDArray]] = {source: [] for source in node.sources}
    for axis in range(3):
        for source, row in pull_node(program, node, axis).items():
            found[source].append(program.output(row, 3))
    run(program)
    return {source: np.stack(rows, axis=0).transpose(2, 0, 1) for source, rows in found.items()}


def term_gradients(grads: Sequence[TermGrad]) -> list[dict[str, NDArray]]:
    """Return the gradients of sums of angles by source, shape (time, 3) each, in one pass."""
    nodes = [node for grad in grads for _, node, _ in grad.terms]
    program = Program(max(node.n_frames for node in nodes))
    program.will_pull(nodes)
    found = [
        {source: program.output(row, 3).T for source, row in pull_terms(program, grad.terms).items()}
        for grad in grads
    ]
    run(program)
    return found


def uncertainties(
    sums: Sequence[Sequence[Term]], spread: Spread, also: Iterable[Node] = (), out: Sequence[NDArray] | None = None
) -> list[NDArray]:
    """Return the standard uncertainty (rad) of sums of angles, shape (time,) each, written to `out` where it is given.

    The values of `also`, which they need, are computed in the same pass and kept.
    """
    also = [node for node in dict.fromkeys(also) if node.kind != op.LEAF and 0 not in node.found]
    nodes = [node for terms in sums for _, node, _ in terms]
    if not nodes:
        compute(also)
        return []
    program = Program(max(node.n_frames for node in [*nodes, *also]), spread.columns)
    program.will_pull(nodes)
    outputs = write_values(program, also)
    into = [None] * len(sums) if out is None or program.n_frames < TILE else [rows[None] for rows in out]
    found = [program.uncertainty(terms, rows)[0] for terms, rows in zip(sums, into, strict=True)]
    run(program, spread)
    keep_values(outputs)
    if out is None or program.n_frames >= TILE:
        return found
    for rows, short in zip(out, found, strict=True):
        rows[:] = short
    return list(out)


def transforms(parts: Sequence[tuple[Node, Node]], n_frames: int) -> NDArray:
    """Return world_from_segment, shape (time, segment, 4, 4), of frames and origins; NaN where a part is missing."""
    out = np.empty((max(n_frames, TILE), len(parts), 4, 4))
    if parts:
        program = Program(n_frames)
        for number, (axes, origin) in enumerate(parts):
            program.segment(axes, origin, number)
        run(program, poses=out)
    return out[:n_frames]


def unwrapped_sum(terms: Sequence[Term], zero: float, out: NDArray | None = None) -> NDArray:
    """Return a sum of computed angles less a zero, shape (time,), each without jumps of a full turn.

    It is written to `out` where that is given.
    """
    from mocap.kinematics.tape.run_kernels import unwrap_angle

    total = np.empty(_length(terms)) if out is None else out
    for number, (factor, node, which) in enumerate(terms):
        raw = _raw(node, which)
        part = np.empty(len(raw)) if number or len(raw) < len(total) else total
        unwrap_angle(raw, factor, 0.0 if number else zero, which in _TURNING.get(node.kind, ()), part)
        if number:
            total += part
        elif part is not total:
            total[:] = part
    return total


def _raw(node: Node, which: int) -> NDArray:
    raw = node.array if node.array is not None else node.found[0][which]
    assert raw is not None
    return raw


def _length(terms: Sequence[Term]) -> int:
    return max(len(_raw(node, which)) for _, node, which in terms)


def unwrapped_sums(
    sums: Sequence[tuple[Sequence[Term], float]], out: Sequence[NDArray] | None = None
) -> list[NDArray]:
    """Return what `unwrapped_sum` does, for many sums, in threads; written to `out` where it is given."""
    lengths = [_length(terms) for terms, _ in sums]
    if out is not None:
        found = list(out)
    else:
        # One large piece of memory is handed out faster than many.
        found = np.split(np.empty(sum(lengths)), np.cumsum(lengths)[:-1]) if lengths else []

    def work(index: int) -> None:
        unwrapped_sum(*sums[index], found[index])

    longest = max((node.n_frames for terms, _ in sums for _, node, _ in terms), default=0)
    for_each(work, range(len(sums)), len(sums) * longest)
    return found
