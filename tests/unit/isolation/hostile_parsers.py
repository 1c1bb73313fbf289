"""Parsers that do what a damaged or hostile file may make a library do; by the name of the file."""

import ctypes
import os
import signal
import time
from pathlib import Path

import numpy as np

from mocap.errors import KeypointError
from mocap.isolation import Answer


def parse(path: Path, *arguments: object) -> Answer:
    """Do what the file's name says."""
    return _DEEDS[path.stem](path, *arguments)


def _fine(path: Path, *arguments: object) -> Answer:
    arrays = {"a": np.array([[1.5, np.nan, -np.inf]]), "b": np.arange(3, dtype=">i2"), "none": np.zeros((0, 4)),
              "one": np.array(2.5), "t": np.array([True, False]), "turned": np.arange(6.0).reshape(2, 3).T}  # fmt: skip
    return Answer(arrays, {"size": path.stat().st_size, "text": "\udcff ä", "given": arguments})


def _refused(path: Path) -> Answer:
    raise KeypointError(f"{path} is not good.", "Give another.", code="NOT_GOOD")


def _unforeseen(path: Path) -> Answer:
    raise ZeroDivisionError("nobody thought of it")


def _crashes(path: Path) -> Answer:
    ctypes.string_at(0)
    raise AssertionError


def _works(path: Path) -> Answer:
    while True:
        pass


def _sleeps(path: Path) -> Answer:
    time.sleep(600)
    raise AssertionError


def _deaf(path: Path) -> Answer:
    signal.pthread_sigmask(signal.SIG_BLOCK, set(signal.Signals))
    time.sleep(600)
    raise AssertionError


def _hungry(path: Path) -> Answer:
    return Answer({"a": np.ones(1 << 28)})  # 2 GiB


def _floods(path: Path) -> Answer:
    return Answer({"a": np.zeros(1 << 24, np.int64)})  # 128 MiB


def _talks(path: Path) -> Answer:
    line = b"x" * (1 << 16)
    for _ in range(200):
        os.write(1, line)
        os.write(2, line)
    return Answer({}, {"left": os.read(0, 10).decode(), "open": sorted(_open_descriptors())})


def _open_descriptors() -> list[str]:
    names = []
    for number in Path("/proc/self/fd").iterdir():
        try:
            names.append(str(number.readlink()))
        except FileNotFoundError:  # that of the list itself
            continue
    return names


def _leaves(path: Path) -> Answer:
    os._exit(0)


def _objects(path: Path) -> Answer:
    return Answer({"a": np.array([{"a": 1}, None], object)})


_DEEDS = {"fine": _fine, "refused": _refused, "unforeseen": _unforeseen, "crashes": _crashes, "works": _works,
          "sleeps": _sleeps, "deaf": _deaf, "hungry": _hungry, "floods": _floods, "talks": _talks, "leaves": _leaves,
          "objects": _objects}  # fmt: skip
