"""OpenCap's cameraIntrinsicsExtrinsics.pickle, read without running a pickle's code.

A pickle is a program that may call anything. Here every name it may call is replaced by a harmless stand-in: NumPy's
array, type and scalar become plain records of bytes, and any other name is refused before anything happens. The
dictionary holds `intrinsicMat`, `distortion`, `imageSize` (height, width), `rotation` and `translation`, the pose
of the checkerboard in the camera, mm. Source: OpenCap's processing code. There is no writer.
"""

import io
import pickle
import pickletools
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from calibration.formats import fields
from calibration.formats.parts import CameraParts, RigParts
from calibration.formats.safe_text import check_size

_MAX_STEPS = 20_000
_MAX_VALUES = 10_000
_TYPES = {"f8": "f8", "f4": "f4", "i8": "i8", "i4": "i4", "u1": "u1", "i2": "i2", "u2": "u2", "u4": "u4", "u8": "u8"}
# What plain containers, numbers and arrays are made of: no sets (hashing can be made to last), no extensions,
# no persistent names, no objects of classes.
_STEPS = frozenset((
    "PROTO", "FRAME", "STOP", "MARK", "POP", "POP_MARK", "MEMOIZE", "PUT", "BINPUT", "LONG_BINPUT", "GET", "BINGET",
    "LONG_BINGET", "NONE", "NEWTRUE", "NEWFALSE", "INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "FLOAT",
    "BINFLOAT", "STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8",
    "BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8",
    "EMPTY_LIST", "LIST", "APPEND", "APPENDS", "EMPTY_TUPLE", "TUPLE",
    "TUPLE1", "TUPLE2", "TUPLE3", "EMPTY_DICT", "DICT", "SETITEM", "SETITEMS", "GLOBAL", "STACK_GLOBAL", "REDUCE",
    "BUILD",
))  # fmt: skip


class _Type:
    """Stand-in of numpy.dtype."""

    def __init__(self, *arguments: Any) -> None:
        self.code = str(arguments[0]) if arguments else ""
        self.order = "<"

    def __setstate__(self, state: Any) -> None:
        self.order = ">" if isinstance(state, tuple) and len(state) > 1 and state[1] == ">" else "<"


class _Array:
    """Stand-in of numpy.ndarray and of NumPy's scalars."""

    state: Any = None

    def __init__(self, *_: Any) -> None:
        """Arguments say how large a buffer to reserve: nothing is reserved."""

    def __setstate__(self, state: Any) -> None:
        self.state = state


def _scalar(kind: Any, raw: Any) -> _Array:
    array = _Array()
    array.state = (1, (), kind, False, raw)
    return array


def _buffered(raw: Any, kind: Any, shape: Any, order: Any) -> _Array:
    """Stand-in of numpy's _frombuffer, by which newer pickles hold arrays."""
    array = _Array()
    # Not bytes(raw) of whatever it is: of a number that would reserve as much memory.
    array.state = (1, shape, kind, order == "F", bytes(raw) if isinstance(raw, bytes | bytearray) else None)
    return array


def _latin(text: Any, encoding: Any = "latin1") -> bytes:
    """Stand-in of _codecs.encode, by which older pickles hold bytes."""
    return str(text).encode("latin1", "replace")


_NAMES = {
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _Type,
    ("_codecs", "encode"): _latin,
} | {
    (module, name): stand_in
    for module in ("numpy.core.multiarray", "numpy._core.multiarray")
    for name, stand_in in (("_reconstruct", _Array), ("scalar", _scalar))
} | {
    (module, "_frombuffer"): _buffered for module in ("numpy.core.numeric", "numpy._core.numeric")
}


# The one in Python, whose steps can be replaced; the types do not know it.
_Unpickler: Any = vars(pickle)["_Unpickler"]


class _Reader(_Unpickler):
    dispatch: ClassVar[dict] = dict(_Unpickler.dispatch)

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _NAMES:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}"[:120])
        return _NAMES[module, name]

    def load_setitems(self) -> None:
        self._check(self.stack[::2])
        super().load_setitems()

    def load_setitem(self) -> None:
        self._check(self.stack[-2:-1])
        super().load_setitem()

    def load_dict(self) -> None:
        self._check(self.stack[::2])
        super().load_dict()

    def load_build(self) -> None:
        if type(self.stack[-2]) not in (_Array, _Type):  # else attributes of the stand-ins themselves could be set
            raise pickle.UnpicklingError("it sets the state of something other than an array")
        super().load_build()

    def _check(self, keys: list[Any]) -> None:
        # Nested tuples as a key take time without end to hash.
        if not all(isinstance(key, str | int) for key in keys):
            raise pickle.UnpicklingError("a key is not a text")

    dispatch[pickle.SETITEMS[0]] = load_setitems
    dispatch[pickle.SETITEM[0]] = load_setitem
    dispatch[pickle.DICT[0]] = load_dict
    dispatch[pickle.BUILD[0]] = load_build


def read_opencap(files: Mapping[str, bytes], metres: float) -> RigParts:
    """Read one pickle per camera; the folder of the file is the camera's name."""
    cameras = [_camera(name, data, metres) for name, data in files.items()]
    notes = ("Z of OpenCap's checkerboard is not vertical: gravity is unknown",)
    return RigParts(tuple(cameras), {"gravity": "unknown", "world": "opencap checkerboard"}, notes)


def _camera(name: str, data: bytes, metres: float) -> CameraParts:
    table = fields.mapping(plain(data, name), name)
    folder, _, last = name.replace("\\", "/").rpartition("/")
    where = name
    size = _numbers(table, "imageSize", where)
    pose = None
    if "rotation" in table and "translation" in table:
        rotation, translation = _numbers(table, "rotation", where), _numbers(table, "translation", where)
        if rotation.size != 9 or translation.size != 3:
            raise fields.refused(f"{where}: rotation or translation has another shape.")
        pose = fields.pose(rotation.reshape(3, 3), translation.ravel() * metres, where)
    if size.size != 2:
        raise fields.refused(f"{where}: imageSize has {size.size} numbers.")
    height, width = size.ravel()
    return CameraParts(
        name=folder.rpartition("/")[2] or last.partition(".")[0],
        size=fields.size_of([width, height], where),
        matrix=fields.lens_matrix(_numbers(table, "intrinsicMat", where), where),
        distortion=fields.coefficients(_numbers(table, "distortion", where), where),
        cam_from_world=pose,
    )


def plain(data: bytes, name: str) -> Any:
    """Return what a pickle holds as plain containers and stand-ins; nothing of it is executed.

    Raises
    ------
    FormatError
        CALIBRATION_PICKLE when it asks for anything but arrays and plain containers; CALIBRATION_FORMAT when damaged.
    """
    check_size(data, name)
    try:
        for index, (step, _, _) in enumerate(pickletools.genops(data)):
            if step.name not in _STEPS or index > _MAX_STEPS:
                raise pickle.UnpicklingError(f"it uses {step.name} at step {index}")
        return _Reader(io.BytesIO(data)).load()
    except pickle.UnpicklingError as error:
        raise fields.refused(
            f"{name} holds more than arrays and plain containers: {error}.",
            "Do not open this file: it may run programs. Ask for the numbers as text.",
            code="CALIBRATION_PICKLE",
        ) from error
    except (ValueError, TypeError, IndexError, KeyError, EOFError, AttributeError, OverflowError, MemoryError,
            UnicodeError, ImportError) as error:  # fmt: skip
        raise fields.refused(f"{name} is a damaged pickle: {error!r:.120}.", "Download the session again.") from error


def _numbers(table: dict[str, Any], key: str, where: str) -> NDArray:
    value = fields.required(table, key, where)
    if not isinstance(value, _Array):
        return fields.numbers(np.ravel(np.array(value, dtype=object)).tolist()[:_MAX_VALUES],
                              ((np.size(np.array(value, dtype=object)),),), f"{where}: {key}")  # fmt: skip
    state = value.state
    sound = isinstance(state, tuple) and len(state) == 5 and isinstance(state[1], tuple) and isinstance(state[2], _Type)
    if not sound or state[2].code not in _TYPES or not isinstance(state[4], bytes):
        raise fields.refused(f"{where}: {key} is no array of numbers.")
    if not all(isinstance(length, int) and 0 <= length <= _MAX_VALUES for length in state[1]) or len(state[1]) > 4:
        raise fields.refused(f"{where}: {key} has no sound shape.")
    dtype = np.dtype(state[2].order + _TYPES[state[2].code])
    count = int(np.prod(state[1], dtype=np.int64))
    if count > _MAX_VALUES or len(state[4]) != count * dtype.itemsize:
        raise fields.refused(f"{where}: {key} holds {len(state[4])} bytes for {count} numbers.")
    array = np.frombuffer(state[4], dtype).astype(float)
    return fields.numbers(array.reshape(state[1], order="F" if state[3] else "C"), (state[1],), f"{where}: {key}")
