"""Which formats there are, which unit of length each implies, and whether a file of the other program was at hand."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from calibration.camera import CameraRig
from calibration.formats import kalibr_yaml, opencap_pickle, opencv_yaml, own_toml, qualisys_xml, toml_tables, vicon_xml
from calibration.formats.fields import refused
from calibration.formats.parts import RigParts

Reader = Callable[[Mapping[str, bytes], float], RigParts]
Writer = Callable[[CameraRig, float], tuple[dict[str, str], tuple[str, ...]]]

METRES = {"m": 1.0, "dm": 0.1, "cm": 0.01, "mm": 0.001, "in": 0.0254}


@dataclass(frozen=True)
class Format:
    """One format.

    Attributes
    ----------
    name : str
        As on the command line.
    what : str
        The program and the file.
    unit : str
        Unit of length that the format implies; empty where the user has to say it.
    proven : str
        Where the file of the other program comes from that the tests read; empty for `unproven`.
    reader : callable
        Bytes by file name, and metres per unit, to `RigParts`.
    writer : callable or None
        Rig, and units per metre, to texts by file name ("" for the one file) and notes.
    pair : tuple of str
        Names of the files where the format is a folder of them.
    remark : str
        What a user has to know.
    """

    name: str
    what: str
    unit: str
    proven: str
    reader: Reader
    writer: Writer | None
    pair: tuple[str, ...] = ()
    remark: str = ""

    def line(self) -> str:
        """Return one line for `--help`."""
        unit = f"in {self.unit}" if self.unit else "unit has to be given"
        state = "proven" if self.proven else "UNPROVEN"
        how = "" if self.writer else ", reading only"
        return f"{self.name}: {self.what}; {unit}; {state}{how}{'; ' + self.remark if self.remark else ''}"


FORMATS = (
    Format("mocap", "this program's calibration.toml", "m", "this program", own_toml.read_own, own_toml.write_own),
    Format(
        "anipose", "aniposelib / Anipose calibration.toml", "", "lambdaloop/aniposelib, BSD-2",
        toml_tables.read_anipose, toml_tables.write_anipose, remark="lengths are in the unit of the board",
    ),
    Format(
        "pose2sim", "Pose2Sim Calib.toml", "m", "perfanalytics/pose2sim, BSD-3",
        toml_tables.read_pose2sim, toml_tables.write_pose2sim,
    ),
    Format(
        "freemocap", "FreeMoCap camera_calibration.toml", "mm", "",
        toml_tables.read_freemocap, toml_tables.write_freemocap,
    ),
    Format(
        "caliscope", "caliscope camera_array.toml", "m", "mprib/caliscope, BSD-2",
        toml_tables.read_caliscope, toml_tables.write_caliscope,
    ),
    Format(
        "opencv", "OpenCV FileStorage YAML, one camera or several", "", "written by OpenCV itself",
        opencv_yaml.read_opencv, opencv_yaml.write_opencv, remark="one camera comes without a pose",
    ),
    Format(
        "kalibr", "Kalibr camchain.yaml", "m", "ethz-asl/kalibr, BSD-3 (lens; the chain of poses is unproven)",
        kalibr_yaml.read_kalibr, kalibr_yaml.write_kalibr,
        remark="proven for the lens, not for the chain of poses; the world is the first camera",
    ),
    Format(
        "qualisys", "Qualisys .qca.txt", "mm", "perfanalytics/pose2sim, BSD-3 (a QTM export, images turned)",
        qualisys_xml.read_qualisys, qualisys_xml.write_qualisys,
        remark="proven but for half a pixel: where its pixels begin is not stated",
    ),
    Format(
        "vicon", "Vicon .xcp", "mm", "", vicon_xml.read_vicon, vicon_xml.write_vicon,
        remark="its lens runs the other way and is fitted, with the residual told",
    ),
    Format(
        "easymocap", "EasyMocap folder of intri.yml and extri.yml", "m", "",
        opencv_yaml.read_easymocap, opencv_yaml.write_easymocap, pair=("intri.yml", "extri.yml"),
        remark="older files do not say the size of the image: give it",
    ),
    Format(
        "opencap", "OpenCap cameraIntrinsicsExtrinsics.pickle", "mm", "", opencap_pickle.read_opencap, None,
        remark="read without running the pickle",
    ),
)  # fmt: skip


def format_named(name: str) -> Format:
    """Return the row of a format.

    Raises
    ------
    FormatError
        CALIBRATION_FORMAT_UNKNOWN, with the names there are.
    """
    for row in FORMATS:
        if row.name == name:
            return row
    names = ", ".join(row.name for row in FORMATS)
    raise refused(f"There is no calibration format '{name}'.", f"Choose one of {names}.", "CALIBRATION_FORMAT_UNKNOWN")


def metres_of(row: Format, units: str | None, what: str) -> float:
    """Return metres per unit of a file.

    Parameters
    ----------
    row : Format
    units : str or None
        As the user gave it; needed where the format implies none, and to agree where it does.
    what : str
        Name of the file.

    Raises
    ------
    FormatError
        CALIBRATION_UNITS
    """
    if units is not None and units not in METRES:
        raise refused(f"'{units}' is no unit of length.", f"Choose one of {', '.join(METRES)}.", "CALIBRATION_UNITS")
    if row.unit and units not in (None, row.unit):
        raise refused(
            f"{what}: the format {row.name} is in {row.unit}, not in {units}.",
            f"Leave --units out, or choose another format: --from anipose takes any unit for tables like {row.name}'s.",
            "CALIBRATION_UNITS",
        )
    unit = row.unit or units
    if not unit:
        raise refused(
            f"{what}: the format {row.name} does not say its unit of length.",
            "Give it (--units, or --out-units where it is written): m, cm, mm or in, as the board was described.",
            "CALIBRATION_UNITS",
        )
    return METRES[unit]
