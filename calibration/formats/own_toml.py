"""This program's own calibration file as one format among the others."""

from collections.abc import Mapping

from calibration.camera import CameraRig
from calibration.files import rig_from_text, rig_text
from calibration.formats.parts import RigParts, parts_of
from calibration.formats.safe_text import text_of


def read_own(files: Mapping[str, bytes], metres: float) -> RigParts:
    """Read calibration.toml, its covariance included."""
    (name, data), *_ = files.items()
    return parts_of(rig_from_text(text_of(data, name, limit=False), name))


def write_own(rig: CameraRig, per_metre: float) -> tuple[dict[str, str], tuple[str, ...]]:
    """Write calibration.toml."""
    return {"": rig_text(rig)}, ()
