"""The trial file against plain h5py with the same compression: writing, opening, one frame, and what digests cost.

A trial of 10 min: 8 cameras, 100 Hz, 60 keypoints, with all that the reconstruction tells of them. Processor time is
compared, which other programs on the machine change least; the clock is printed as well.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np
import pytest

from mocap.schema import Status
from mocap.storage import open_trial_file, rehearsal, write_trial
from mocap.storage.encode import encode
from mocap.storage.integrity import digests
from mocap.storage.layout import Group
from mocap.storage.seal import seal
from mocap.trial import Keypoints2D, Points3D, Trial

pytestmark = pytest.mark.benchmark

RATE_HZ, MINUTES, N_CAMERAS, N_POINTS = 100.0, 10, 8, 60


def _walk(rng: np.random.Generator, shape: tuple[int, ...], scale: float, dtype: str) -> np.ndarray:
    """Smooth movement along the second last axis but one, with noise: it shrinks as recordings do."""
    time_s = np.arange(shape[-3])[:, None, None] / RATE_HZ
    found = np.empty(shape, dtype)
    for index in np.ndindex(shape[:-3]):
        phase, rate = rng.uniform(0, 6.3, shape[-2:]), rng.uniform(0.2, 1.5, shape[-2:])
        found[index] = scale * (1 + 0.3 * np.sin(phase + 6.3 * rate * time_s))
        found[index] += rng.normal(scale=scale * 1e-3, size=shape[-3:])
    return found


@pytest.fixture(scope="module")
def trial() -> Trial:
    """A trial of ten minutes, with gaps."""
    rng = np.random.default_rng(1)
    n_frames = int(RATE_HZ * 60 * MINUTES)
    names = tuple(f"k{i}" for i in range(N_POINTS))
    position = _walk(rng, (n_frames, N_POINTS, 3), 1.0, "f8")
    gaps = rng.random((n_frames, N_POINTS)) < 0.02
    position[gaps] = np.nan
    root = rng.normal(scale=1e-3, size=(n_frames, N_POINTS, 3)).astype("f4")
    covariance = root[..., :, None] * root[..., None, :]
    covariance[gaps] = np.nan
    status = np.where(gaps, np.uint8(0), np.uint8(Status.MEASURED))
    error = np.abs(rng.normal(size=(N_CAMERAS, n_frames, N_POINTS))).astype("f4")
    points = Points3D(position, names, RATE_HZ, covariance, status, error)
    pixels = _walk(rng, (N_CAMERAS, n_frames, N_POINTS, 2), 500.0, "f4")
    seen = rng.beta(8, 2, (N_CAMERAS, n_frames, N_POINTS)).astype("f4")
    return Trial("ten minutes", points, keypoints=Keypoints2D(pixels, seen, names, RATE_HZ))


def _plain_write(path: Path, groups: dict[str, Group]) -> None:
    """What a careful user of h5py writes: the same chunks and filters, and no digest."""
    with h5py.File(path, "w") as file:
        for name, group in groups.items():
            for key, variable in group.variables.items():
                how = {} if variable.chunks is None else {
                    "chunks": variable.chunks, "compression": "gzip", "compression_opts": 4, "shuffle": True,
                    "fletcher32": True,
                }  # fmt: skip
                dtype = h5py.string_dtype() if variable.is_text else None
                file.create_dataset(f"{name.rstrip('/')}/{key}", data=variable.data, dtype=dtype, **how)


def _timed(action: Callable[[], object]) -> tuple[float, float]:
    """Processor time and time on the clock, in s."""
    clock, processor = time.perf_counter(), time.process_time()
    action()
    return time.process_time() - processor, time.perf_counter() - clock


@contextmanager
def _peak_memory() -> Iterator[list[float]]:
    """Put the largest memory of the process in the block, in MB beyond that at its start, into a list."""
    page, done, found = os.sysconf("SC_PAGE_SIZE"), threading.Event(), [0.0]

    def now() -> float:
        return int(Path("/proc/self/statm").read_text().split()[1]) * page / 1e6

    def watch() -> None:
        while not done.wait(0.02):
            found[0] = max(found[0], now() - start)

    start = now()
    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield found
    finally:
        done.set()
        thread.join()


def _peer(path: Path, trial: Trial) -> tuple[float, float, float, int]:
    """Times of plain h5py, processor time of all digests of values, in s, and bytes of the values."""
    groups = encode(trial)
    plain, clock = _timed(lambda: _plain_write(path, groups))
    digesting, _ = _timed(lambda: digests(groups))
    arrays = [one.data for group in groups.values() for one in group.variables.values() if not one.is_text]
    return plain, clock, digesting, sum(one.nbytes for one in arrays)


def test_writing_opening_and_one_frame_against_plain_h5py(trial: Trial, tmp_path: Path) -> None:
    path, plain_path = tmp_path / "a.h5", tmp_path / "plain.h5"
    plain, plain_clock, digesting, n_bytes = _peer(plain_path, trial)
    with _peak_memory() as peak:
        own, own_clock = _timed(lambda: write_trial(path, trial))
    again = tmp_path / "again.h5"
    again.write_bytes(path.read_bytes())
    with again.open("r+b") as file:
        sealing, _ = _timed(lambda: seal(file))
    print(f"\nvalues {n_bytes / 1e6:.0f} MB, file {path.stat().st_size / 1e6:.0f} MB, plain h5py "
          f"{plain_path.stat().st_size / 1e6:.0f} MB")  # fmt: skip
    print(f"written: {own:.1f} s of the processor, plain h5py {plain:.1f} s: ratio {own / plain:.2f} (<= 3); "
          f"on the clock {own_clock:.1f} and {plain_clock:.1f} s: {own_clock / plain_clock:.2f}")  # fmt: skip
    print(f"digests: {digesting:.2f} s of values, {sealing:.2f} s of blocks: "
          f"{100 * (digesting + sealing) / own:.1f} % of the write (<= 20 %)")  # fmt: skip
    print(f"memory beyond the trial while it is written: {peak[0]:.0f} MB")
    assert own / plain <= 3
    assert (digesting + sealing) / own <= 0.2
    _opening(path)
    _one_frame(path)


def _opening(path: Path) -> None:
    """Metadata: names, shapes, attributes."""

    def own() -> None:
        with open_trial_file(path) as file:
            assert file.shape("/points/position")[1] == N_POINTS and file.attributes("/points")["rate_hz"] == RATE_HZ

    def bare() -> None:
        with h5py.File(path) as file:
            assert file["points/position"].shape[1] == N_POINTS and file["points"].attrs["rate_hz"] == RATE_HZ

    times = np.array([[_timed(one)[0] for one in (own, bare)] for _ in range(11)])
    mine, theirs = np.median(times, axis=0)
    others = np.median([_clocked_as_of_others(path) for _ in range(5)])
    print(f"opened: {1e3 * mine:.1f} ms, a file that somebody else wrote {1e3 * others:.1f} ms on the clock, bare h5py "
          f"{1e3 * theirs:.1f} ms (<= twice that and 300 ms)")  # fmt: skip
    assert max(mine, others) <= 2 * theirs + 0.3


def _clocked_as_of_others(path: Path) -> float:
    """Seconds on the clock to open a file which this process does not know: another one goes through it first."""
    rehearsal._known.cache_clear()
    begun = time.perf_counter()
    with open_trial_file(path) as file:
        assert file.shape("/points/position")[1] == N_POINTS
    return time.perf_counter() - begun


def _one_frame(path: Path) -> None:
    """Frames of chunks that were not read before."""
    rng = np.random.default_rng(2)
    n_frames = int(RATE_HZ * 60 * MINUTES)
    for item in ("/points/position", "/keypoints2d/pixel"):
        times = []
        with open_trial_file(path) as own, h5py.File(path) as plain:
            axis = own.axes(item).index("time")
            for frame in rng.choice(n_frames // 1000, 40, replace=False) * 1000:
                window = (slice(None),) * axis + (frame,)
                found: list[np.ndarray] = []
                mine, _ = _timed(lambda: found.append(own.frame(item, int(frame))))  # noqa: B023
                theirs, _ = _timed(lambda: found.append(plain[item][window]))  # noqa: B023
                assert found[0].tobytes() == np.ascontiguousarray(found[1]).tobytes()
                times.append((mine, theirs))
        mine, theirs = np.median(times, axis=0)
        print(f"one frame of {item}: {1e3 * mine:.2f} ms, plain h5py {1e3 * theirs:.2f} ms: "
              f"ratio {mine / theirs:.2f} (<= 3)")  # fmt: skip
        assert mine / theirs <= 3
