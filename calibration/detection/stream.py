"""Corners of a stream of images on several cores, in order and in bounded memory."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from calibration.boards.board import Board
from calibration.detection.corners import detect_corners

Item = TypeVar("Item")
Answer = TypeVar("Answer")

_AHEAD = 2  # images a worker may have waiting


def detect_stream(frames: Iterable[NDArray], board: Board, workers: int = 2) -> Iterator[NDArray[np.float64]]:
    """Find the corners of a board in one image after the other.

    Parameters
    ----------
    frames : iterable of ndarray of uint8, shape (height, width)
        Taken only as fast as the answers are: at most three images per worker are held.
    board : Board
    workers : int
        Threads that look. Each image is looked at alone, so that the answers depend neither on their number nor on
        what came before.

    Yields
    ------
    ndarray, shape (n_corners, 2)
        As `detect_corners`, in the order of the images.
    """
    yield from in_order(lambda gray: detect_corners(gray, board), frames, workers)


def in_order(function: Callable[[Item], Answer], items: Iterable[Item], workers: int) -> Iterator[Answer]:
    """Apply a function that lets go of the interpreter's lock to a stream, on several threads, answers in order."""
    if workers < 2:
        yield from map(function, items)
        return
    waiting: deque[Future[Answer]] = deque()
    with ThreadPoolExecutor(max_workers=workers) as pool:
        try:
            for item in items:
                waiting.append(pool.submit(function, item))
                del item  # the queue alone holds it, for as long as it needs it
                if len(waiting) > _AHEAD * workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
