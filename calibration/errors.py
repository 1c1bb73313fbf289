"""Errors a user can act on: each one names a code, a cause and a remedy.

    MocapError                     the one base to catch
    ├── ShapeError (ValueError)    an array has the wrong shape, dtype or values
    ├── SourceError (OSError)      a file or folder is missing, unreadable or truncated
    ├── FormatError (ValueError)   a file was read, but its content is not what it has to be
    └── CalibrationError           the cameras could not be calibrated
        ├── BoardError             the board is impossible, was not seen, or is another board
        ├── ViewGraphError         the cameras share too few views to be joined
        └── SolverError            the refinement ended without an acceptable answer

`mocap.errors` continues the tree for the later stages.
"""


class MocapError(Exception):
    """Base of every error that this project raises on purpose.

    Parameters
    ----------
    cause : str
        What was wrong, with the found and the expected value, in one line.
    remedy : str
        What the user can do about it, in one line.
    code : str, optional
        Short stable identifier such as ``BOARD_NOT_SEEN``; the class's own when left out.
    """

    code = "MOCAP"

    def __init__(self, cause: str, remedy: str, code: str | None = None) -> None:
        super().__init__(cause, remedy, code)
        self.cause = " ".join(cause.split())
        self.remedy = " ".join(remedy.split())
        self.code = code or type(self).code

    def __str__(self) -> str:
        return f"{self.code}: {self.cause} Remedy: {self.remedy}"


class ShapeError(MocapError, ValueError):
    """An array has the wrong shape, dtype or values."""

    code = "SHAPE"


class SourceError(MocapError, OSError):
    """A file or folder is missing, unreadable or truncated."""

    code = "SOURCE"

    # OSError's own __str__ would print the arguments as errno and strerror.
    __str__ = MocapError.__str__


class FormatError(MocapError, ValueError):
    """A file could be read, but its content is not what it has to be."""

    code = "FORMAT"


class CalibrationError(MocapError):
    """The cameras could not be calibrated."""

    code = "CALIBRATION"


class BoardError(CalibrationError):
    """The board is impossible, was not seen, or is another board than described.

    Attributes
    ----------
    cameras : tuple of str
        Those that it is about, where it is not about all.
    """

    code = "BOARD"
    cameras: tuple[str, ...] = ()


class ViewGraphError(CalibrationError):
    """The cameras share too few views of the board to be joined in one frame."""

    code = "VIEW_GRAPH"


class SolverError(CalibrationError):
    """The refinement ended without an acceptable answer."""

    code = "SOLVER"
