"""The kinds of files that are written here, and how one that exists is known: anything else is somebody's own."""

import re
import struct
import zlib
from dataclasses import dataclass
from os import R_OK, access
from pathlib import Path

from mocap.schema import FORMAT

_LOOKED_AT = 8192  # bytes of what would be written over
_MOST_BYTES = 64_000_000
_SIGNATURE, _HEADER = b"\x89PNG\r\n\x1a\n", 33  # a PNG's first chunk ends there
_SOFTWARE = b"Software\0mocap"


@dataclass(frozen=True)
class Kind:
    """A kind of file that is written here, and the bytes by which one that exists is known.

    Attributes
    ----------
    name : str
    mark : bytes
        Pattern that is to be found; what other programs write does not hold it.
    looked_at : int
        Bytes among which the mark is to be found.
    start : bytes
        What the file begins with.
    """

    name: str
    mark: bytes
    looked_at: int = _LOOKED_AT
    start: bytes = b""


_HEAD = b'<!doctype html><html lang="en"><head><meta charset="utf-8">'
# A calibration says what it is behind its cameras.
CALIBRATION = Kind("calibration written here", b'format = "mocap-calibration"', _MOST_BYTES)
PAGE = Kind(
    "page of a calibration",
    b'<meta name="viewport" content="width=device-width"><title>Calibration[^<]*</title><style>', start=_HEAD,
)  # fmt: skip
ANGLE_PAGE = Kind(
    "page of a trial",
    b'<meta name="viewport" content="width=device-width"><title>(Kinematics|Assessment) of [^<]*</title><style>',
    start=_HEAD,
)  # fmt: skip
COMPARISON_PAGE = Kind(
    "page of a comparison",
    b'<meta name="viewport" content="width=device-width"><title>Comparison of [^<]*</title><style>', start=_HEAD,
)  # fmt: skip
BATCH_PAGE = Kind(
    "page of a batch", b'<meta name="viewport" content="width=device-width"><title>Batch of sessions</title><style>',
    start=_HEAD,
)  # fmt: skip
BATCH_TABLE = Kind("table of a batch", b"", start=b"session,subject,trial,task,state,")
RELIABILITY = Kind("reliability file", b'format = "mocap-reliability"')
CONDITIONS_PAGE = Kind(
    "page of conditions",
    b'<meta name="viewport" content="width=device-width"><title>Conditions by [^<]*</title><style>', start=_HEAD,
)  # fmt: skip
FOLLOW_UP_PAGE = Kind(
    "page of a follow-up",
    b'<meta name="viewport" content="width=device-width"><title>Follow-up of [^<]*</title><style>', start=_HEAD,
)  # fmt: skip
CONDITIONS_TABLE = Kind("table of conditions", b"", start=b"condition,against,metric,")
FOLLOW_UP_TABLE = Kind("table of a follow-up", b"", start=b"subject,metric,unit,")
# The comment behind a PDF's end says who wrote it.
PAGE_PRINT = Kind("PDF of a page written here", rb"%mocap report\n\Z", _MOST_BYTES, b"%PDF")
TABLE = Kind("table of a calibration", b'"mocap-calibration-quality"')
# The document says who made it behind its pages.
PRINT = Kind("PDF of a board written here", rb"/Creator \(mocap board\)", _MOST_BYTES, b"%PDF")
# Keypoint files of other programs are HDF5 files too.
TRIAL = Kind("trial file", FORMAT.encode(), start=b"\x89HDF\r\n\x1a\n")
PLAN = Kind("page of a plan", b"<title>Plan of the lab</title>", start=_HEAD)
ASSESSMENT_TABLE = Kind("table of an assessment", b"", start=b"repetition,")
PLACES = Kind("table of cameras' places", b"", start=b"name,x_m,y_m,z_m,pan_deg,tilt_deg")
PICTURE = Kind("picture written here", re.escape(_SOFTWARE), start=_SIGNATURE)
RECORD = Kind(
    "record of a session's results",
    rb'\A\{\}|\A\{\s+"[^"]+": null\s+\}|"inputs": "[0-9a-f]{64}",\s+"output": "[0-9a-f]{64}"',
)
COLUMNS = Kind(
    "table of a trial",
    rb"\A[^\n]*(_x_m\b[^\n]*_status\b|_deg\b[^\n]*_sd_deg\b|_m\b[^\n]*_sd_m\b|_deg_s\b[^\n]*_sd_deg_s\b)",
    start=b"time_s,",
)
_MEANING = rb"\A[^\n]*,unit,definition,"
CONVENTIONS = Kind("table of what angles mean", _MEANING, start=b"angle,column,sd_column,")
MEASURES = Kind("table of what measures mean", _MEANING, start=b"measure,column,sd_column,")
CHECKS = Kind("table of a trial's checks", b"", start=b"check,measured,limit,unit,passed,text")
SYNTHETIC = Kind("record of a demonstration", rb'\A\{"session": "[0-9a-f]{64}"\}')


def is_alike(path: Path, kind: Kind | None) -> bool:
    """Return whether nothing is lost when a file gives way to one of a kind: it is of that kind, or empty.

    Without a kind, any text may give way.
    """
    if not path.is_file():  # a pipe would keep its reader waiting
        return False
    if not access(path, R_OK):
        return kind is None
    with path.open("rb") as file:
        head = file.read(kind.looked_at if kind else _LOOKED_AT)
    if kind is None:
        return b"\0" not in head
    return not head or (head.startswith(kind.start) and re.search(kind.mark, head) is not None)


def signed_picture(png: bytes) -> bytes:
    """Return a PNG that says that it was made here."""
    if not png.startswith(_SIGNATURE):
        raise ValueError("no PNG")
    text = b"tEXt" + _SOFTWARE
    chunk = struct.pack(">I", len(_SOFTWARE)) + text + struct.pack(">I", zlib.crc32(text))
    return png[:_HEADER] + chunk + png[_HEADER:]
