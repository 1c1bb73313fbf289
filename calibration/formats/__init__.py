"""Calibrations of other programs: one file per format, and a table of who reads and writes what.

`FORMATS` is the table; `read_calibration` and `write_calibration` go by it. Adding a format is one reader (bytes
and metres per unit in, `RigParts` out), perhaps one writer, and one row.
"""

from calibration.formats.combine import check_image_sizes, merge_rigs, rescale_rig
from calibration.formats.exchange import read_calibration, read_parts, write_calibration
from calibration.formats.table import FORMATS, Format, format_named

__all__ = [
    "FORMATS",
    "Format",
    "check_image_sizes",
    "format_named",
    "merge_rigs",
    "read_calibration",
    "read_parts",
    "rescale_rig",
    "write_calibration",
]
