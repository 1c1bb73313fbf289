"""The synthetic person: segment lengths and landmark positions in ISB segment frames."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from mocap.errors import KinematicsError
from mocap.synthetic.names import SIDE_SIGN, SIDES
from mocap.synthetic.rotations import about, pelvis_rotation, transposed, turn

SEGMENTS: tuple[str, ...] = (
    "pelvis", "lumbar", "thorax", "head",
    *(f"{segment}_{side}" for side in SIDES
      for segment in ("femur", "shank_prox", "shank_dist", "foot", "upper_arm", "forearm")),
)  # fmt: skip
"""Names of the segment frames; `lumbar` carries the T12/L1 plate."""

_REFERENCE_STATURE = 1.75


@dataclass(frozen=True, eq=False)
class Subject:
    """A symmetric person standing upright in the neutral pose; lengths in m, angles in rad.

    Attributes
    ----------
    stature : float
    pelvis_width, pelvis_depth : float
        Between the ASISs; from mid-ASIS to mid-PSIS.
    thigh, shank, upper_arm, forearm, hand : float
        Between joint centres (hand: wrist to third metacarpal head).
    ankle_height, heel_to_ankle, heel_height : float
        Ankle centre above the floor and ahead of the heel marker; heel marker above the floor.
    foot_length, ball_length : float
        From the heel marker to the hallux tip and to the metatarsal heads, along the sole.
    standing_tilt, thorax_lean, tibial_torsion : float
        Anterior pelvic tilt and forward lean of the thorax's axis in neutral standing; malleoli turned outward
        against the epicondyles.
    landmarks : mapping of str to (mapping of str to ndarray, shape (3,))
        Segment -> landmark -> position in that segment's frame (X anterior, Y up, Z right).
    joints : mapping of str to ndarray, shape (3,)
        `lumbar` (in the pelvis), `thorax` (in the lumbar segment), `thorax_base`, `neck`, `shoulder_r`,
        `shoulder_l` (in the thorax): where the segments hang together.
    """

    stature: float
    pelvis_width: float
    pelvis_depth: float
    thigh: float
    shank: float
    upper_arm: float
    forearm: float
    hand: float
    ankle_height: float
    heel_to_ankle: float
    heel_height: float
    foot_length: float
    ball_length: float
    standing_tilt: float
    thorax_lean: float
    tibial_torsion: float
    landmarks: Mapping[str, Mapping[str, NDArray]]
    joints: Mapping[str, NDArray]

    def hip_centre(self, side: str) -> NDArray:
        """Return the hip centre, shape (3,), in the pelvis frame: Harrington's one-predictor regression."""
        return harrington_hip_centre(self.pelvis_width, self.pelvis_depth, side)

    @property
    def leg(self) -> float:
        """Thigh plus shank, m: hip to ankle centre of a straight leg."""
        return self.thigh + self.shank


def harrington_hip_centre(pelvis_width: float, pelvis_depth: float, side: str) -> NDArray:
    """Return the hip centre, shape (3,), in m in the pelvis frame (origin mid-ASIS).

    Source: Harrington et al. 2007, regression on pelvis depth and width (one predictor per axis).
    """
    return np.array(
        [
            -0.24 * pelvis_depth - 0.0099,
            -0.30 * pelvis_width - 0.0109,
            SIDE_SIGN[side] * (0.33 * pelvis_width + 0.0073),
        ]
    )


def default_subject(stature_m: float = 1.75, seed: int | None = None) -> Subject:
    """Return a person of average proportions, or with a seed one who differs from the average.

    Parameters
    ----------
    stature_m : float
        1.0 to 2.3 m.
    seed : int, optional
        Varies limbs by about 2 %, the pelvis by 4 %, standing tilt by 3 deg and tibial torsion by 3 deg (SD).

    Returns
    -------
    Subject

    Raises
    ------
    KinematicsError
        When the stature is not that of a person (`SUBJECT_IMPLAUSIBLE`).

    Notes
    -----
    Limb lengths as fractions of stature: Winter 2009 (leg), de Leva 1996 (arm). Standing tilt 10 deg anterior.
    """
    if not 1.0 <= stature_m <= 2.3:
        raise KinematicsError(
            f"A stature of {stature_m} m is not a person's.", "Give 1.0 to 2.3 m.", code="SUBJECT_IMPLAUSIBLE"
        )
    noise = np.zeros(8) if seed is None else np.clip(np.random.default_rng(seed).normal(size=8), -2.0, 2.0)
    scale = stature_m / _REFERENCE_STATURE
    lengths = {
        "stature": stature_m,
        "pelvis_width": 0.245 * scale * (1 + 0.04 * noise[0]),
        "pelvis_depth": 0.152 * scale * (1 + 0.04 * noise[1]),
        "thigh": 0.245 * stature_m * (1 + 0.02 * noise[2]),
        "shank": 0.246 * stature_m * (1 + 0.02 * noise[3]),
        "upper_arm": 0.162 * stature_m * (1 + 0.02 * noise[4]),
        "forearm": 0.154 * stature_m * (1 + 0.02 * noise[4]),
        "hand": 0.0495 * stature_m,
        "ankle_height": 0.075 * scale,
        "heel_to_ankle": 0.055 * scale,
        "heel_height": 0.030 * scale,
        "foot_length": 0.255 * scale * (1 + 0.02 * noise[5]),
        "ball_length": 0.180 * scale * (1 + 0.02 * noise[5]),
        "standing_tilt": np.deg2rad(10.0 + 3.0 * noise[6]),
        "thorax_lean": np.deg2rad(3.0),
        "tibial_torsion": np.deg2rad(12.0 + 3.0 * noise[7]),
    }
    joints = _joints(lengths, scale)
    return Subject(**lengths, landmarks=_landmarks(lengths, joints, scale), joints=MappingProxyType(joints))


def _joints(lengths: dict[str, float], scale: float) -> dict[str, NDArray]:
    # Neutral standing, seen from the middle of the hip centres: the lumbar joint in front of L4, T12/L1 above it.
    hip = harrington_hip_centre(lengths["pelvis_width"], lengths["pelvis_depth"], "r") * [1, 1, 0]
    pelvis = pelvis_rotation(lengths["standing_tilt"], 0.0, 0.0)
    return {
        "lumbar": hip + turn(transposed(pelvis), np.array([-0.045, 0.125, 0.0]) * scale),
        "thorax": np.array([0.005, 0.135, 0.0]) * scale,
        "thorax_base": np.array([-0.085, -0.235, 0.0]) * scale,
        "neck": np.array([-0.075, 0.045, 0.0]) * scale,
        "shoulder_r": np.array([-0.075, -0.015, 0.180]) * scale,
        "shoulder_l": np.array([-0.075, -0.015, -0.180]) * scale,
    }


def _landmarks(
    lengths: dict[str, float], joints: dict[str, NDArray], scale: float
) -> Mapping[str, Mapping[str, NDArray]]:
    tables = {
        "pelvis": _pelvis(lengths, scale),
        "lumbar": _lumbar(scale),
        "thorax": _thorax(scale),
        "head": {"VERTEX": np.array([0.03, 0.275, 0.0]) * scale},
    }
    for side in SIDES:
        for segment, table in _limb_tables(lengths, scale, SIDE_SIGN[side]).items():
            named = {f"{side.upper()}{name}": position for name, position in table.items()}
            tables[f"{segment}_{side}"] = named
    return MappingProxyType({segment: MappingProxyType(table) for segment, table in tables.items()})


def _pelvis(lengths: dict[str, float], scale: float) -> dict[str, NDArray]:
    half, depth = lengths["pelvis_width"] / 2, lengths["pelvis_depth"]
    landmarks = {
        "RASIS": np.array([0.0, 0.0, half]),
        "LASIS": np.array([0.0, 0.0, -half]),
        "RPSIS": np.array([-depth, 0.0, 0.045 * scale]),
        "LPSIS": np.array([-depth, 0.0, -0.045 * scale]),
    }
    # The sacrum slopes backward and down; the plate stands off the skin and is bent a little.
    centre = np.array([-depth - 0.018 * scale, -0.055 * scale, 0.0])
    return landmarks | _plate("SAC", centre, slope=np.deg2rad(15.0))


def _lumbar(scale: float) -> dict[str, NDArray]:
    centre = np.array([-0.090, 0.145, 0.0]) * scale
    return {"T12": np.array([-0.065, 0.165, 0.0]) * scale} | _plate("T12_", centre, slope=np.deg2rad(-8.0))


def _plate(name: str, centre: NDArray, slope: float) -> dict[str, NDArray]:
    # 90 x 80 mm whatever the stature; corners clockwise from the upper left, seen from behind. The lower edge is
    # 8 mm shorter, so that no two corners can be taken for each other by distances alone.
    corners = np.array([[0.0, 0.045, -0.044], [0.0, 0.045, 0.044], [0.0, -0.045, 0.036], [0.0, -0.045, -0.036]])
    placed = centre + turn(about("z", slope), corners)
    return {f"{name}{number}": corner for number, corner in enumerate(placed, start=1)}


def _thorax(scale: float) -> dict[str, NDArray]:
    # Mid(CLAV, C7) stands straight above mid(STRN, T10): the axis of the thorax frame.
    return {
        "CLAV": np.zeros(3),
        "C7": np.array([-0.120, 0.060, 0.0]) * scale,
        "STRN": np.array([0.035, -0.180, 0.0]) * scale,
        "T10": np.array([-0.155, -0.155, 0.0]) * scale,
    }


def _limb_tables(lengths: dict[str, float], scale: float, s: float) -> dict[str, dict[str, NDArray]]:
    thigh, shank = lengths["thigh"], lengths["shank"]
    # The sole is the plane y = -heel_height; heel, mid-metatarsal and MT2 lie on one line along X, so that the
    # foot's direction does not depend on which of the two forefoot landmarks defines it.
    ball, toe, heel = lengths["ball_length"], lengths["foot_length"], lengths["heel_height"]
    return {
        "femur": {
            "LFE": np.array([0.0, -thigh, s * 0.050 * scale]),
            "MFE": np.array([0.0, -thigh, -s * 0.050 * scale]),
            "TH1": np.array([0.075 * scale, -0.40 * thigh, s * 0.035 * scale]),
            "TH2": np.array([0.050 * scale, -0.55 * thigh, s * 0.075 * scale]),
            "TH3": np.array([0.070 * scale, -0.70 * thigh, s * 0.020 * scale]),
        },
        "shank_dist": {
            "LMAL": np.array([0.0, -shank, s * 0.037 * scale]),
            "MMAL": np.array([0.0, -shank, -s * 0.037 * scale]),
            "SH1": np.array([0.050 * scale, -0.30 * shank, s * 0.020 * scale]),
            "SH2": np.array([0.020 * scale, -0.45 * shank, s * 0.055 * scale]),
            "SH3": np.array([0.042 * scale, -0.62 * shank, s * 0.010 * scale]),
        },
        "foot": {
            "HEEL": np.zeros(3),
            "MT1": np.array([ball + 0.012 * scale, 0.035 * scale - heel, -s * 0.042 * scale]),
            "MT2": np.array([ball + 0.015 * scale, 0.045 * scale - heel, 0.0]),
            "MT5": np.array([ball - 0.012 * scale, 0.022 * scale - heel, s * 0.042 * scale]),
            "HALLUX": np.array([toe, 0.022 * scale - heel, -s * 0.028 * scale]),
        },
        "upper_arm": {"SJC": np.zeros(3), "EJC": np.array([0.0, -lengths["upper_arm"], 0.0])},
        "forearm": {
            "WJC": np.array([0.0, -lengths["forearm"], 0.0]),
            "MET3": np.array([0.0, -lengths["forearm"] - lengths["hand"], 0.0]),
        },
    }
