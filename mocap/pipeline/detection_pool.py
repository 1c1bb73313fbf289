"""Cameras on all cores: one process per camera, each on one thread, so that none waits for another."""

import multiprocessing
import os
import queue
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from mocap.errors import SourceError
from mocap.keypoints.pose.drawing import limit_threads
from mocap.pipeline.detection_camera import CameraOutcome, CameraTask, detect_camera, finished
from mocap.pipeline.processes import end_late, end_with_parent, ignore_interrupts, interrupts_held
from mocap.pipeline.progress import Progress

_WAIT_S = 0.1
_GRACE_S = 10.0  # for a worker to clear away what it has not finished
_told: Any = None  # of a worker: the queue to the process that started it
_stopped: Any = None  # of a worker: that process wants no more of it, when the value is not 0


def detect_cameras(tasks: Sequence[CameraTask], progress: Progress, jobs: int | None = None) -> list[CameraOutcome]:
    """Work through the tasks that are not done yet, several at a time; the outcomes are in their order.

    Parameters
    ----------
    tasks : sequence of CameraTask
    progress : callable
        `progress(camera, done, total)`.
    jobs : int, optional
        Processes; by default as many as there are cores, or cameras if they are fewer. 1 works in this process.

    Raises
    ------
    SourceError
        WORKER_LOST, when a process was ended from outside, as by the system when memory runs out.
    """
    known = [finished(task) for task in tasks]  # here, as processes take longer to start than this
    fresh = iter(_worked([task for task, one in zip(tasks, known, strict=True) if one is None], progress, jobs))
    return [next(fresh) if one is None else one for one in known]


def _worked(tasks: Sequence[CameraTask], progress: Progress, jobs: int | None) -> list[CameraOutcome]:
    count = min(len(tasks), jobs or usable_cores())
    if multiprocessing.current_process().daemon:
        count = 1  # a worker of a batch: it may have no processes of its own, and the other cores have their work
    if count <= 1:
        return [detect_camera(task, _teller(progress, task.source.name)) for task in tasks]
    context = multiprocessing.get_context("spawn")  # forked children share locks of libraries that have threads
    told, stopped = context.Queue(), context.RawValue("b", 0)
    others = set(multiprocessing.active_children())
    with ProcessPoolExecutor(count, context, _start_worker, (told, stopped)) as pool:
        try:
            with interrupts_held():
                futures = [pool.submit(_work, task) for task in tasks]
            _follow(futures, told, progress)
            return [future.result() for future in futures]
        except BrokenProcessPool as error:
            raise SourceError(
                "A process that searched the images was ended from outside; most often memory ran out.",
                "Run it again with fewer at a time (--jobs 1); cameras that are finished are kept.", code="WORKER_LOST",
            ) from error  # fmt: skip
        finally:
            stopped.value = 1
            pool.shutdown(wait=False, cancel_futures=True)
            # One that starts late still needs the queue.
            end_late([process for process in multiprocessing.active_children() if process not in others], _GRACE_S)


def usable_cores() -> int:
    """Return how many cores this process may use."""
    affinity: Callable[[int], set[int]] | None = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def _teller(progress: Progress, camera: str) -> Callable[[int, int | None], None]:
    return lambda done, total: progress(camera, done, total)


def _follow(futures: Sequence[Future], told: Any, progress: Progress) -> None:
    while True:
        finished = all(future.done() for future in futures)
        try:
            while True:
                progress(*told.get(timeout=0.0 if finished else _WAIT_S))
        except queue.Empty:
            if finished:
                return


def _start_worker(told: Any, stopped: Any) -> None:
    global _told, _stopped
    ignore_interrupts()
    _told, _stopped = told, stopped
    end_with_parent()
    limit_threads(1)


def _go_on() -> None:
    if _stopped.value:
        raise KeyboardInterrupt  # as in the process that is told: what is not finished is cleared away


def _work(task: CameraTask) -> CameraOutcome:
    from threadpoolctl import threadpool_limits

    def tell(done: int, total: int | None) -> None:
        _go_on()
        _told.put((camera, done, total))

    camera = task.source.name
    _go_on()
    with threadpool_limits(1):
        return detect_camera(task, tell)
