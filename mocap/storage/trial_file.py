"""A trial file that is read piece by piece, each piece verified before it is handed out."""

import contextlib
import weakref
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import product
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from mocap.errors import ShapeError, TrialFileError
from mocap.storage.hdf import THREADS, dims_of, names_of_axes, over_chunks, read_group
from mocap.storage.hdf_open import Opened, SealError, check_signature, opened, read_errors
from mocap.storage.integrity import (
    PATH,
    attribute_items,
    chunk_item,
    chunk_starts,
    described,
    sha256_of,
    stored_digests,
)
from mocap.storage.isolation import inspect_isolated
from mocap.storage.layout import Group
from mocap.storage.refusal import refuse
from mocap.storage.scan import Stored, StoredGroup

_T = TypeVar("_T")


def _close(stack: contextlib.ExitStack) -> None:
    with contextlib.suppress(SealError):  # was told when the piece was read
        stack.close()


def open_trial_file(path: Path | str) -> "TrialFile":
    """Open a trial file to read parts of it; to be used in a `with` statement.

    Opening reads the digests, and nothing that they tell of. Each piece is compared with its digest when it is read,
    and what is damaged is named: `/points/position#512,0,0` is the chunk that begins with frame 512.

    Raises
    ------
    SourceError
        `FILE_MISSING`.
    TrialFileError
        `NOT_A_TRIAL`, `TRIAL_NEWER`, `TRIAL_DAMAGED` (naming the damaged item), `TRIAL_UNSAFE`.
    """
    return TrialFile(Path(path))


class TrialFile:
    """A trial file that is open for reading; see `open_trial_file`.

    Items are named by their path: `/points` is a group, `/points/position` a variable in it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stack = contextlib.ExitStack()
        self._known: dict[str, tuple[str, ...]] = {}
        check_signature(path)
        try:
            self._open(sealed=True)
        except SealError:
            self._open_inspected()

    def __enter__(self) -> Self:
        """Return the file itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, place: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Close the file; what was read of it stays."""
        _close(self._stack)

    @property
    def groups(self) -> tuple[str, ...]:
        """Paths of all groups, the root `/` first."""
        items = [item.removesuffix("@") for item in self._digests if item.endswith("@")]
        return tuple(sorted(item for item in items if item not in self._digests))

    def variables(self, group: str) -> tuple[str, ...]:
        """Return the paths of the variables of a group."""
        self._group(group)
        items = [item for item in self._digests if not item.endswith("@") and "#" not in item.rpartition("/")[2]]
        return tuple(item for item in items if self._split(item)[0] == group)

    def shape(self, item: str) -> tuple[int, ...]:
        """Return the shape of a variable, verified."""
        self.axes(item)
        return self._stored(item).shape

    def dtype(self, item: str) -> np.dtype:
        """Return the type of the values of a variable; object for words."""
        return self._stored(item).dtype

    def axes(self, item: str) -> tuple[str, ...]:
        """Return the names of the axes of a variable, verified."""
        if item not in self._known:
            self._known[item] = self._guarded(lambda: self._described(item))
        return self._known[item]

    def attributes(self, path: str) -> Mapping[str, Any]:
        """Return the attributes of a group or variable, verified."""
        found = (self._group(path) if path in self.groups else self._stored(path)).attributes
        self._compare(attribute_items(path, found))
        return found

    def group(self, path: str, without: Collection[str] = ()) -> Group:
        """Return a group with all its values, verified; the variables named in `without` are left out of it."""

        def read() -> tuple[Group, dict[str, str]]:
            whole = self._looked(path)
            kept = {name: one for name, one in whole.variables.items() if name not in without}
            return read_group(path, replace(whole, variables=kept), self._file.scan.budget, self._pool,
                              names_of_axes(whole))  # fmt: skip

        group, found = self._guarded(read)
        self._compare(found)
        return group

    def values(self, item: str) -> NDArray:
        """Return all values of a variable, verified."""
        if self._stored(item).chunks is not None:
            return self._window(item, [(0, length) for length in self.shape(item)])
        group, name = self._split(item)

        def read() -> tuple[Group, dict[str, str]]:
            whole = self._looked(group)
            return read_group(group, replace(whole, variables={name: whole.variables[name]}), self._file.scan.budget,
                              self._pool, names_of_axes(whole))  # fmt: skip

        found, digests = self._guarded(read)
        self._compare({item: digests[item]})
        return found.variables[name].data

    def frames_per_chunk(self, item: str) -> int:
        """Return how many frames of a variable with the axis `time` are read at once; all where it is in one piece."""
        axis = self.axes(item).index("time")
        stored = self._stored(item)
        return int((stored.shape if stored.chunks is None else stored.chunks)[axis])

    def frames(self, item: str, start: int, stop: int, *, camera: int | None = None) -> NDArray:
        """Return values of the frames from `start` up to before `stop`; only the chunks that hold them are read.

        Parameters
        ----------
        item : str
            Path of a variable with the axis `time`, for example `/points/position`, shape (time, keypoint, 3), in m;
            `/keypoints2d/pixel`, shape (camera, time, keypoint, 2), in pixels.
        start, stop : int
            0 <= start <= stop <= number of frames.
        camera : int, optional
            Of a variable with the axis `camera` first: this one alone, and the axis is gone.

        Returns
        -------
        ndarray
            Shape of the variable, with `stop - start` along `time`.

        Raises
        ------
        ShapeError
            When there are no such frames, or the variable has no axis of time.
        TrialFileError
            `TRIAL_DAMAGED`, naming the chunk.
        """
        axes, shape = self.axes(item), self._stored(item).shape
        if "time" not in axes:
            raise ShapeError(f"{item} has the axes {', '.join(axes) or 'none'}, and no time.", "Read its values.")
        axis = axes.index("time")
        if not 0 <= start <= stop <= shape[axis]:
            raise ShapeError(f"{item} has {shape[axis]} frames, and not {start} to {stop}.", "Ask for those it has.")
        window = [(0, length) for length in shape]
        window[axis] = (start, stop)
        if camera is not None:
            if axes[0] != "camera" or not 0 <= camera < shape[0]:
                raise ShapeError(f"{item} has no camera {camera}.", "Ask for one that it has.")
            window[0] = (camera, camera + 1)
        if self._stored(item).chunks is None:
            found = self.values(item)[tuple(slice(*ends) for ends in window)]
        else:
            found = self._window(item, window)
        return found if camera is None else found[0]

    def frame(self, item: str, index: int) -> NDArray:
        """Return the values of one frame, without the axis of time; see `frames`."""
        found = self.frames(item, index, index + 1)
        return found.take(0, axis=self.axes(item).index("time"))

    def _window(self, item: str, window: list[tuple[int, int]]) -> NDArray:
        return self._guarded(lambda: self._read_window(item, window))

    def _read_window(self, item: str, window: list[tuple[int, int]]) -> NDArray:
        stored = self._stored(item)
        result = np.empty([stop - start for start, stop in window], stored.dtype)

        def taken(first: tuple[int, ...], block: NDArray) -> str:
            own, there = [], []
            for begin, length, (start, stop) in zip(first, block.shape, window, strict=True):
                low, high = max(begin, start), min(begin + length, stop)
                own.append(slice(low - begin, high - begin))
                there.append(slice(low - start, high - start))
            result[tuple(there)] = block[tuple(own)]
            return sha256_of(block)

        steps = zip(window, stored.chunks or (), strict=True)
        starts = product(*(range(start // step * step, stop, step) for (start, stop), step in steps))
        for first, digest in over_chunks(item, stored, taken, self._pool, starts):
            self._compare({chunk_item(item, first): digest})
        return result

    def _described(self, item: str) -> tuple[str, ...]:
        """Return the axes of a variable, after its description was compared with its digest."""
        stored = self._stored(item)
        group, name = self._split(item)
        dims = dims_of(stored, name, names_of_axes(self._group(group)))
        if stored.chunks is not None:
            items = [chunk_item(item, start) for start in chunk_starts(stored.shape, stored.chunks)]
            digests = [self._digests.get(one, "") for one in items]
            kind = stored.dtype.str
            self._compare({item: described(item, dims, kind, stored.shape, stored.chunks, digests)})
        else:
            self.values(item)
        return dims

    def _guarded(self, action: Callable[[], _T]) -> _T:
        """Read something; where the seal is broken, only when nothing is found to be wrong with the file."""
        try:
            with read_errors(self._path, self._file.source):
                return action()
        except SealError:
            self.close()
            self._open_inspected()
        with read_errors(self._path):
            return action()

    def _open_inspected(self) -> None:
        # Changed or damaged since it was written: what exactly is found out where a crash does no harm.
        findings = inspect_isolated(self._path)
        if findings:
            refuse(self._path, [(finding.item, finding.problem) for finding in findings], findings[0].code)
        self._open(sealed=False)

    def _open(self, *, sealed: bool) -> None:
        with contextlib.ExitStack() as stack:
            self._file: Opened = stack.enter_context(opened(self._path, [PATH.strip("/")], sealed=sealed))
            self._pool = stack.enter_context(ThreadPoolExecutor(THREADS))
            with read_errors(self._path, self._file.source):
                self._digests = self._read_digests()
            self._stack = stack.pop_all()
            # HDF5 closes what is still open when the process ends, and then calls Python, which is gone: closed before.
            weakref.finalize(self, _close, self._stack)

    def _read_digests(self) -> dict[str, str]:
        scan = self._file.scan
        if PATH not in scan.groups:
            refuse(self._path, [(PATH, "is missing, so nothing can be verified")])
        group, own = read_group(PATH, scan.groups[PATH], scan.budget, self._pool)
        try:
            return stored_digests(group, own)
        except ValueError as error:
            refuse(self._path, [(PATH, str(error))])

    def _compare(self, found: Mapping[str, str]) -> None:
        wrong = [item for item, digest in found.items() if self._digests.get(item) != digest]
        if wrong:
            refuse(self._path, [(item, "was changed or damaged") for item in wrong])

    def _group(self, path: str) -> StoredGroup:
        return self._guarded(lambda: self._looked(path))

    def _looked(self, path: str) -> StoredGroup:
        """Return a group of the file, looked through when it is asked for first."""
        groups = self._file.scan.groups
        if path not in groups:
            self._file.scan.look([path.split("/")[1] if path.startswith("/") else path])
        if path not in groups:
            raise TrialFileError(f"{self._path} holds no group {path}.", "Ask for what it holds.", code="TRIAL_SCHEMA")
        return groups[path]

    def _stored(self, item: str) -> Stored:
        group, name = self._split(item)
        found = self._group(group).variables
        if name not in found:
            raise TrialFileError(f"{self._path} holds no {item}.", "Ask for what it holds.", code="TRIAL_SCHEMA")
        return found[name]

    @staticmethod
    def _split(item: str) -> tuple[str, str]:
        group, _, name = item.rpartition("/")
        return group or "/", name


