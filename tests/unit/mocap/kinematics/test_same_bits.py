"""The same input gives the same bits: again, in another order, with more threads, elsewhere, and just compiled."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from mocap.kinematics import Kinematics, KinematicsOptions, kinematics
from mocap.kinematics.tape import evaluate, fit_kernels, pull_kernels, row_kernels, run_kernels, value_kernels
from mocap.synthetic import default_subject, static_standing
from mocap.trial import Points3D

MODELS = ("segments", "skeleton", "plug-in-gait")
# The last tile of 32 frames would reach back over the end of a span of 1024 frames by 26 and 1.
BESIDE_SPANS = (1030, 1055)
LABELS = {"ASIS": "ASI", "PSIS": "PSI", "TH2": "THI", "LFE": "KNE", "SH2": "TIB", "LMAL": "ANK", "HEEL": "HEE",
          "MT2": "TOE"}  # fmt: skip
PERSON = {"leg_length_r_m": 0.9, "leg_length_l_m": 0.9, "knee_width_r_m": 0.1, "knee_width_l_m": 0.1,
          "ankle_width_r_m": 0.07, "ankle_width_l_m": 0.07}  # fmt: skip


def _moving(n_frames: int) -> tuple[Points3D, Points3D]:
    """A body that sways, with 1 mm of noise, gaps and covariances, and its static."""
    rng = np.random.default_rng(5)
    static = static_standing(default_subject(seed=4), seconds=1.0).points
    position = np.resize(static.position, (n_frames, *static.position.shape[1:])).copy()
    sway = 0.05 * np.cumsum(rng.normal(0, 0.02, (n_frames, 1)), axis=0) * position[:, :, 2]
    position[:, :, 0] += sway
    position += rng.normal(0, 0.001, position.shape)
    for column in range(0, position.shape[1], 5):
        start = int(rng.integers(0, n_frames - 4))
        position[start : start + 4, column] = np.nan
    spread = rng.normal(0, 0.001, (n_frames, position.shape[1], 3, 3))
    covariance = (spread @ np.swapaxes(spread, -1, -2)).astype(np.float32)
    covariance[~np.isfinite(position).all(axis=-1)] = np.nan
    return Points3D(position, static.names, static.rate_hz, covariance), static


def _labelled(points: Points3D) -> Points3D:
    """The same markers under Plug-in Gait's labels."""
    names = [f"{name[0]}{LABELS[name[1:]]}" if name[1:] in LABELS else name for name in points.names]
    return replace(points, names=tuple(names))


def _analysed(model: str, n_frames: int) -> Kinematics:
    points, static = _moving(n_frames)
    if model == "plug-in-gait":
        points, static = _labelled(points), _labelled(static)
    marks = "plug-in-gait-lower" if model == "plug-in-gait" else "landmarks"
    options = KinematicsOptions(model=model)
    return kinematics(points, marks, static, options=options, subject=PERSON, static_subject=PERSON)


def _arrays(thing: object, place: str = "") -> Iterator[tuple[str, bytes]]:
    if isinstance(thing, np.ndarray):
        yield place, thing.tobytes()
    elif is_dataclass(thing):
        for field in fields(thing):
            yield from _arrays(getattr(thing, field.name), f"{place}.{field.name}")
    elif isinstance(thing, Mapping):
        for key, value in thing.items():
            yield from _arrays(value, f"{place}[{key}]")
    elif isinstance(thing, tuple | list):
        for number, value in enumerate(thing):
            yield from _arrays(value, f"{place}[{number}]")
    elif isinstance(thing, float | int | str):
        yield place, repr(thing).encode()


def bits(found: Kinematics) -> dict[str, bytes]:
    """Everything that is kept of a trial, by place."""
    parts = (found.angles, found.segments, found.centres, found.verdicts, found.static_report)
    return dict(_arrays(parts))


def total(model: str, n_frames: int) -> str:
    """One sum over everything that is kept of a trial."""
    return hashlib.sha256(b"".join(bits(_analysed(model, n_frames)).values())).hexdigest()


def _ordered(turn: int) -> Callable[..., None]:
    def for_each(work: Callable[[int], None], items: range, *_: int) -> None:
        for item in list(items)[::turn]:
            work(item)

    return for_each


def _same(first: dict[str, bytes], second: dict[str, bytes], what: object) -> None:
    assert first.keys() == second.keys()
    assert not [place for place in first if first[place] != second[place]], what


@pytest.mark.parametrize("n_frames", BESIDE_SPANS)
def test_the_order_in_which_spans_are_worked_on_changes_nothing(n_frames: int, monkeypatch) -> None:
    found = []
    for turn in (1, -1):
        monkeypatch.setattr(evaluate, "for_each", _ordered(turn))
        found.append(bits(_analysed("segments", n_frames)))
    _same(*found, n_frames)


@pytest.mark.parametrize("model", MODELS)
def test_neither_repetition_nor_threads_change_anything(model: str, monkeypatch) -> None:
    # However few numbers there are, threads take their share.
    monkeypatch.setattr(evaluate, "_WORTH_THREADS", 0)
    first = bits(_analysed(model, 1040 if model == "segments" else 40))
    for threads in (1, 5):
        monkeypatch.setattr(os, "sched_getaffinity", lambda _, n=threads: set(range(n)), raising=False)
        _same(first, bits(_analysed(model, 1040 if model == "segments" else 40)), threads)


def test_what_the_compiler_may_reorder_is_never_called() -> None:
    # A called function is there in several versions: the run that compiles uses another one than later runs.
    for module in (fit_kernels, pull_kernels, row_kernels, run_kernels, value_kernels):
        for name, kernel in vars(module).items():
            options = getattr(kernel, "targetoptions", None)
            if options and name not in ("run_span", "unwrap_angle"):
                assert options.get("forceinline") or not options.get("fastmath"), name


def _in_another_process(hashing: str, cache: Path | None, models: tuple[str, ...]) -> list[str]:
    code = f"import test_same_bits as t\nfor model in {models!r}: print(t.total(model, 40))"
    root = Path(__file__).parents[4]
    environment = {**os.environ, "PYTHONHASHSEED": hashing, "PYTHONPATH": f"{root}:{Path(__file__).parent}"}
    if cache is not None:
        environment["NUMBA_CACHE_DIR"] = str(cache)
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False, timeout=900
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_another_process_gives_the_same() -> None:
    assert _in_another_process("7", None, MODELS) == [total(model, 40) for model in MODELS]


@pytest.mark.heavy
def test_the_process_that_compiles_gives_the_same_as_later_ones(tmp_path: Path) -> None:
    # Takes a minute of compiling. With called functions of loose order the angles differed in their last bits.
    compiled = _in_another_process("1", tmp_path, MODELS)
    assert compiled == _in_another_process("2", tmp_path, MODELS) == _in_another_process("3", tmp_path, MODELS)
