"""Which cameras saw the board together, and what to film where they did not."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from calibration.initial.extrinsics import MIN_SHARED_VIEWS

_GAP_FRAMES = 15  # a board lost for less than this was not put away
_MOST_SPANS = 4


@dataclass(frozen=True, eq=False)
class ViewGraph:
    """Shared views of the board: cameras are nodes.

    Attributes
    ----------
    names : tuple of str
    views : ndarray of int, shape (camera, camera)
        Frames that two cameras saw the board in; own views on the diagonal.
    corners : ndarray of int, shape (camera, camera)
        Corners of these frames that both saw.
    group : ndarray of int, shape (camera,)
        Cameras of one number are connected by pairs with at least 3 shared views.
    spans : tuple of tuple of (int, int)
        Per camera, first and last frame id of each stretch in which it saw the board.
    """

    names: tuple[str, ...]
    views: NDArray
    corners: NDArray
    group: NDArray
    spans: tuple[tuple[tuple[int, int], ...], ...]

    @property
    def n_groups(self) -> int:
        """1 when all cameras are connected."""
        return int(self.group.max()) + 1

    def weakest_link(self) -> tuple[str, str, int] | None:
        """Return the pair that all hangs on: the weakest link of the strongest tree; None for one camera or groups."""
        if self.n_groups > 1 or len(self.names) < 2:
            return None
        inside, tree = {0}, []
        while len(inside) < len(self.names):
            outside = [camera for camera in range(len(self.names)) if camera not in inside]
            links = [(int(self.views[a, b]), a, b) for a in inside for b in outside]
            tree.append(max(links, key=lambda link: (link[0], -link[1], -link[2])))
            inside.add(tree[-1][2])
        count, a, b = min(tree)
        return self.names[a], self.names[b], count


def view_graph(seen: NDArray, names: tuple[str, ...], frame_ids: NDArray) -> ViewGraph:
    """Return which cameras saw the board together.

    Parameters
    ----------
    seen : ndarray of bool, shape (camera, frame, corner)
        Corners seen in usable views.
    names : tuple of str
    frame_ids : ndarray of int, shape (frame,)
    """
    views = np.asarray(seen.any(axis=2))
    shared = views.astype(np.int64) @ views.T.astype(np.int64)
    flat = seen.reshape(len(names), -1).astype(np.float32)  # exact up to 16 million corners, and fast
    _, group = connected_components(shared >= MIN_SHARED_VIEWS, directed=False)
    spans = tuple(seen_spans(frame_ids[own]) for own in views)
    return ViewGraph(tuple(names), shared, np.rint(flat @ flat.T).astype(np.int64), group.astype(np.int64), spans)


def seen_spans(frame_ids: NDArray) -> tuple[tuple[int, int], ...]:
    """Join frame ids, increasing, into stretches (first, last); gaps of up to 15 frames are bridged."""
    if not len(frame_ids):
        return ()
    cuts = np.flatnonzero(np.diff(frame_ids) > _GAP_FRAMES) + 1
    edges = [0, *cuts.tolist(), len(frame_ids)]
    return tuple((int(frame_ids[a]), int(frame_ids[b - 1])) for a, b in pairwise(edges))


def connection_advice(graph: ViewGraph) -> str:
    """Say which walks would connect groups of cameras; nothing when all are connected.

    For each group that is apart, the pair of cameras (one in it, one in the largest group) between which the board
    was handed over the fastest: they stand next to each other, as far as the footage tells.
    """
    if graph.n_groups == 1:
        return ""
    sizes = np.bincount(graph.group)
    main = int(sizes.argmax())
    sentences = []
    for group in range(graph.n_groups):
        if group == main:
            continue
        apart, others = np.flatnonzero(graph.group == group), np.flatnonzero(graph.group == main)
        _, one, other = min((_hand_over(graph, int(a), int(b)), int(b), int(a)) for a in apart for b in others)
        sentences.append(
            f"Record a walk with the board between {graph.names[one]} and {graph.names[other]} ({_told(graph, one)}; "
            f"{_told(graph, other)}), holding it for a few seconds where both see it."
        )
    return " ".join(sentences)


def _hand_over(graph: ViewGraph, one: int, other: int) -> tuple[float, float]:
    """Order of nearness of two cameras: most shared views first, then the shortest time between their stretches."""
    if graph.views[one, other]:
        return -float(graph.views[one, other]), 0.0
    gaps = [max(b[0] - a[1], a[0] - b[1]) for a in graph.spans[one] for b in graph.spans[other]]
    return 0.0, float(min(gaps)) if gaps else float("inf")


def _told(graph: ViewGraph, camera: int) -> str:
    spans = graph.spans[camera]
    if not spans:
        return f"{graph.names[camera]} never saw it"
    shown = ", ".join(f"{a}-{b}" if a < b else f"{a}" for a, b in spans[:_MOST_SPANS])
    more = f" and {len(spans) - _MOST_SPANS} more" if len(spans) > _MOST_SPANS else ""
    return f"{graph.names[camera]} saw it in frames {shown}{more}"
