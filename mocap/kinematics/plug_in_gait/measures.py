"""The measures of a person that Plug-in Gait needs, and where each came from."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from mocap.errors import KinematicsError
from mocap.kinematics.option_use import check_used
from mocap.kinematics.options import KinematicsOptions
from mocap.kinematics.plug_in_gait.measure_doubts import measure_verdicts
from mocap.trial import Verdict

VICON_DIAMETER_M = 0.014
# Beyond these no person or marker is; a length in mm or cm is.
_RANGES_M = {
    "leg_length": (0.25, 1.5), "knee_width": (0.03, 0.25), "ankle_width": (0.02, 0.2), "inter_asis": (0.05, 0.5),
    "asis_trochanter": (-0.05, 0.2), "marker_diameter": (0.002, 0.05),
}  # fmt: skip
_DIFFER_M = 0.0005
_OFFSETS = ("thigh_rotation", "shank_rotation", "tibial_torsion")

Stated = Mapping[str, float | str]


@dataclass(frozen=True)
class SideMeasures:
    """Measures of one leg, m."""

    knee_width_m: float
    ankle_width_m: float
    asis_trochanter_m: float


@dataclass(frozen=True)
class Measures:
    """What Plug-in Gait takes from the person, m.

    Attributes
    ----------
    leg_length_m : float
        Mean of both legs.
    inter_asis_m, marker_diameter_m : float
    sides : mapping of str to SideMeasures
        `R`, `L`: the legs whose markers are there.
    words : mapping of str to str
        Each measure with its value and where it came from, by its name (`knee_width_r`, `leg_length`, ...).
    diameter_assumed : bool
        Neither an option nor a file tells the diameter of the markers.
    notes : tuple of str
        What was estimated, assumed or contradictory.
    verdicts : tuple of Verdict
        Whether right and left, and what is given and the files, are near each other.
    """

    leg_length_m: float
    inter_asis_m: float
    marker_diameter_m: float
    sides: Mapping[str, SideMeasures]
    words: Mapping[str, str]
    diameter_assumed: bool
    notes: tuple[str, ...]
    verdicts: tuple[Verdict, ...] = ()


class _Sources:
    """Looks measures up: option, standing trial's file, trial's file; remembers what is missing."""

    def __init__(self, options: KinematicsOptions, static: Stated, trial: Stated) -> None:
        self.options, self.static, self.trial = options, static, trial
        self.missing: list[str] = []
        self.notes: list[str] = []
        self.words: dict[str, str] = {}

    def find(self, name: str, option: str, *stored: str) -> float:
        """Return the measure, the mean of its `stored` names; NaN where nothing tells it."""
        given = getattr(self.options, option)
        if np.isfinite(given):
            return self.keep(name, given, "given")
        found = {
            words: values
            for words, file in (("of the static", self.static), ("of the trial", self.trial))
            if (values := _numbers(file, stored))
        }
        if not found:
            return float("nan")
        means = {words: float(np.mean(values)) for words, values in found.items()}
        if max(means.values()) - min(means.values()) > _DIFFER_M:
            told = ", ".join(f"{1000 * value:.1f} mm {words}" for words, value in means.items())
            self.notes.append(f"{name} differs between the files ({told}): the first is used")
        words, value = next(iter(means.items()))
        return self.keep(name, value, words)

    def need(self, name: str, option: str, *stored: str) -> float:
        value = self.find(name, option, *stored)
        if not np.isfinite(value):
            self.missing.append(option)
        return value

    def keep(self, name: str, value: float, source: str) -> float:
        low, high = _RANGES_M[name.removesuffix("_r").removesuffix("_l")]
        if not low <= value <= high:
            raise KinematicsError(
                f"The {name.replace('_', ' ')} is {value:g} m ({source}), outside of {low:g} to {high:g} m.",
                "Give it in metres, or set it right in the file.",
                code="MEASURE_RANGE",
            )
        plain = name.removesuffix("_r").removesuffix("_l").replace("_", " ").replace("asis", "ASIS")
        self.words[name] = f"{plain} {1000 * value:.1f} mm ({source})"
        return value


def _numbers(file: Stated, names: tuple[str, ...]) -> list[float]:
    found = [file.get(name) for name in names]
    return [float(v) for v in found if isinstance(v, int | float) and np.isfinite(v) and v != 0]


def find_measures(
    options: KinematicsOptions,
    trial: Mapping[str, NDArray],
    static: Mapping[str, NDArray] | None,
    trial_subject: Stated,
    static_subject: Stated,
) -> Measures:
    """Return the measures of a person: an option's, else the standing trial's file's, else the trial's file's.

    Parameters
    ----------
    options : KinematicsOptions
    trial, static : mapping of str to ndarray, shape (time, 3)
        Landmarks, m.
    trial_subject, static_subject : mapping of str to float or str
        What the files say of the person, in SI units (`knee_width_r_m`, `leg_length_l_m`, ...); 0 is not measured.

    Raises
    ------
    KinematicsError
        MODEL_MARKERS without a leg's markers, MEASURE_MISSING, MEASURE_RANGE, ROTATION_OFFSETS, OPTION.
    """
    legs = [side for side in "RL" if all(f"{side}{name}" in trial for name in ("LFE", "THI_WAND"))]
    if not legs or not {"RASIS", "LASIS"} <= set(trial):
        raise KinematicsError(
            "Model plug-in-gait needs the markers RASI, LASI, RPSI, LPSI (or SACR) and of a leg THI, KNE, TIB, ANK, "
            "HEE, TOE; the trial has not those of a pelvis and a thigh.",
            "Use model 'segments', or name the marker set.",
            code="MODEL_MARKERS",
        )
    _check_offsets(static_subject, trial_subject)
    _check_options(options)
    sources = _Sources(options, static_subject, trial_subject)
    leg_length = sources.need("leg_length", "leg_length_m", "leg_length_r_m", "leg_length_l_m")
    sides = {side: _side(sources, side, leg_length) for side in legs}
    if sources.missing:
        raise KinematicsError(
            f"Model plug-in-gait needs {', '.join(sources.missing)}, which neither an option nor a file tells.",
            f"Measure them and give them in metres: `{sources.missing[0]} = ...` in [options.kinematics], or --set "
            f"{sources.missing[0]}=VALUE.",
            code="MEASURE_MISSING",
        )
    inter_asis = _inter_asis(sources, trial, static)
    diameter = sources.find("marker_diameter", "marker_diameter_m", "marker_diameter_m")
    assumed = not np.isfinite(diameter)
    if assumed:
        diameter = sources.keep("marker_diameter", VICON_DIAMETER_M, "assumed")
    used = {
        s: {"knee_width": leg.knee_width_m, "ankle_width": leg.ankle_width_m, "asis_trochanter": leg.asis_trochanter_m}
        for s, leg in sides.items()
    }
    return Measures(
        leg_length, inter_asis, diameter, MappingProxyType(sides), MappingProxyType(sources.words), assumed,
        tuple(sources.notes), measure_verdicts(options, (static_subject, trial_subject), used),
    )  # fmt: skip


def _check_offsets(*files: Stated) -> None:
    names = [f"{name}_{side}_rad" for name in _OFFSETS for side in "rl"]
    found = sorted({name for file in files for name in names if _numbers(file, (name,))})
    if found:
        raise KinematicsError(
            f"The file tells {', '.join(found)} (of a knee alignment device or medial markers), which model "
            "plug-in-gait does not apply: wands alone set its axes.",
            "Process with offsets of 0, or use a marker set with medial markers and model 'segments'.",
            code="ROTATION_OFFSETS",
        )


def _check_options(options: KinematicsOptions) -> None:
    """Refuse choices that this model would not heed."""
    if options.hip_centre not in ("harrington", "davis"):
        raise KinematicsError(
            f"Option hip_centre is {options.hip_centre!r}, and model plug-in-gait has its own hip centre (davis).",
            "Leave hip_centre out, or use model 'segments'.",
            code="OPTION",
        )
    if options.marker_radius_m:
        raise KinematicsError(
            "Option marker_radius_m is not one of model plug-in-gait, which takes the diameter of all markers.",
            "Give marker_diameter_m.",
            code="OPTION",
        )
    check_used(options)


def _side(sources: _Sources, side: str, leg_length: float) -> SideMeasures:
    low = side.lower()
    knee = sources.need(f"knee_width_{low}", f"knee_width_{low}_m", f"knee_width_{low}_m")
    ankle = sources.need(f"ankle_width_{low}", f"ankle_width_{low}_m", f"ankle_width_{low}_m")
    name = f"asis_trochanter_{low}"
    reach = sources.find(name, f"{name}_m", f"asis_trochanter_distance_{low}_m")
    if not np.isfinite(reach) and np.isfinite(leg_length):
        own = [v for file in (sources.static, sources.trial) for v in _numbers(file, (f"leg_length_{low}_m",))]
        leg = leg_length if np.isfinite(sources.options.leg_length_m) or not own else own[0]
        reach = sources.keep(name, 0.1288 * leg - 0.04856, "from the leg length")
    return SideMeasures(knee, ankle, reach)


def _inter_asis(sources: _Sources, trial: Mapping[str, NDArray], static: Mapping[str, NDArray] | None) -> float:
    """Return the distance between the ASIS: given, the static file's, the static's mean, or else the trial's."""
    markers, words = (trial, "mean over the trial") if static is None else (static, "mean over the static")
    stored = sources.trial if static is None else sources.static
    option, name = sources.options.inter_asis_m, "inter_asis"
    found = _numbers(stored, ("inter_asis_distance_m",))
    if np.isfinite(option):
        return sources.keep(name, option, "given")
    if found:
        return sources.keep(name, found[0], "of the trial" if static is None else "of the static")
    if not {"RASIS", "LASIS"} <= set(markers):
        sources.notes.append("the static shows no ASIS: their distance is the mean over the trial")
        markers, words = trial, "mean over the trial"
    lengths = np.linalg.norm(markers["RASIS"] - markers["LASIS"], axis=1)
    lengths = lengths[np.isfinite(lengths)]
    if not len(lengths):
        raise KinematicsError(
            "No frame shows both ASIS, so that their distance is not known.",
            "Give inter_asis_m.",
            code="MEASURE_MISSING",
        )
    return sources.keep(name, float(lengths.mean()), words)
