"""What a child process may be asked to do: nothing but what stands in this table."""

import math
from dataclasses import dataclass

from mocap.isolation.machine import machine_memory

_GIB = 1 << 30


@dataclass(frozen=True)
class Task:
    """One reader, and what a file may cost it.

    Attributes
    ----------
    module, function : str
        Imported and called in the child with the path and the arguments.
    memory_per_byte : float
        Memory beyond the floor that a byte of a file may ask for: large sound files need more.
    answer_per_byte : float
        Likewise of what is handed back.
    bytes_per_s : float
        Of the processor, several times slower than the slowest sound file.
    libraries : tuple of str
        What the function imports late; the child imports it once, for all copies of itself.
    """

    module: str
    function: str
    memory_per_byte: float
    answer_per_byte: float
    bytes_per_s: float = 2e6
    libraries: tuple[str, ...] = ()


# Named by words, since the readers stand in rooms above this one.
TASKS = {
    # Of header and parameters alone, which the format holds to some hundred blocks.
    "c3d": Task("mocap.readers.c3d_content", "parse", 0.0, 0.0, math.inf),
    # HDF5 may be compressed 1032 to 1 at most; keypoints are found to be 2 to 10 to 1.
    "pandas": Task("mocap.readers.keypoints_pandas_hdf5", "parse_pandas", 40.0, 20.0),
    "sleap": Task(
        "mocap.readers.keypoints_sleap_files", "parse_sleap", 40.0, 20.0,
        libraries=("sleap_io.io.main", "sleap_io.io.slp", "sleap_io.io.analysis_h5"),
    ),
    # Runs of equal values may be a thousand times shorter than what they stand for.
    "parquet": Task(
        "mocap.readers.parquet_probe", "parse_probe", 100.0, 0.0,
        libraries=("pyarrow.parquet",),
    ),
    "trial": Task("mocap.storage.isolation", "parse_findings", 40.0, 1.0),
    # What it says of itself alone: values stay where they are.
    "rehearsal": Task("mocap.storage.rehearsed", "go_through", 4.0, 0.0),
    "video": Task("mocap.readers.video_container", "parse_index", 0.0, 1.0, 20e6),
}  # fmt: skip
# Whatever the file: below this no sound small file fails.
MEMORY_FLOOR = 3 * _GIB // 4
ANSWER_FLOOR = 64 << 20
WORDS_MOST = 16 << 20
SECONDS_FLOOR = 5.0
# However large the file says it is, which costs nothing: a file may have holes.
MEMORY_SHARE = 0.5  # of the machine
SECONDS_MOST = 1800.0
WALL_MOST_S = 3600.0
WALL_PER_SECOND = 6.0  # of the processor: the clock also counts what other programs take
START_S = 60.0  # to import Python and numpy, on a busy machine


@dataclass(frozen=True)
class Allowance:
    """What one file may cost: bytes of memory beyond the start, bytes of the answer, seconds of processor and clock."""

    memory: int
    answer: int
    seconds: float
    wall_s: float


def allowance(task: str, size: int) -> Allowance:
    """Return what a file of so many bytes may cost, at most half the memory of the machine and half an hour."""
    entry = TASKS[task]
    seconds = min(SECONDS_FLOOR + size / entry.bytes_per_s, SECONDS_MOST)
    most = max(MEMORY_FLOOR, int(MEMORY_SHARE * machine_memory()))
    return Allowance(
        min(MEMORY_FLOOR + int(entry.memory_per_byte * size), most),
        min(ANSWER_FLOOR + int(entry.answer_per_byte * size), most),
        seconds,
        min(WALL_PER_SECOND * seconds, WALL_MOST_S),
    )
