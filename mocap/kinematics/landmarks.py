"""From labelled points to landmarks: measured where they carry a marker, reconstructed from clusters where not."""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from mocap.errors import KinematicsError
from mocap.kinematics.bone_errors import ties_of
from mocap.kinematics.clusters import (
    MIN_SPREAD_M,
    PLATE_RESIDUAL_M,
    SKIN_RESIDUAL_M,
    Cluster,
    ClusterPose,
    fit,
    mean_shape,
    place,
    second_spread,
)
from mocap.kinematics.marker_sets import Matched
from mocap.kinematics.tape.points import any_finite, split_positions, typical_traces
from mocap.kinematics.traced import NO_GRAD, Vec, evaluate
from mocap.kinematics.uncertainty import ISB_FROM_WORLD as ISB_FROM_WORLD
from mocap.kinematics.uncertainty import Covariances
from mocap.trial import Points3D

_NUMBERS = range(1, 7)
_PLATES = {"pelvis": "SAC", "lumbar": "T12_"}


def _of_side(side: str) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    s, low = side, side.lower()
    thigh, shank = tuple(f"{s}TH{i}" for i in _NUMBERS), tuple(f"{s}SH{i}" for i in _NUMBERS)
    knee, ankle = (f"{s}LFE", f"{s}MFE"), (f"{s}LMAL", f"{s}MMAL")
    foot = tuple(s + name for name in ("HEEL", "MT1", "MT2", "MT5", "TOE"))
    plate = tuple(f"{s}FT{i}" for i in _NUMBERS)
    tracked = {"femur": (thigh + knee, knee), "shank": (shank + ankle, ankle), "foot": (plate + foot, foot)}
    return {f"{segment}_{low}": points for segment, points in tracked.items()}


_TRUNK = ("C7", "T10", "CLAV", "STRN")
TRACKED: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "pelvis": (tuple(f"SAC{i}" for i in _NUMBERS), ("RASIS", "LASIS", "RPSIS", "LPSIS", "SACR")),
    "lumbar": (tuple(f"T12_{i}" for i in _NUMBERS), ()),
    "thorax": (_TRUNK, _TRUNK),
    **_of_side("R"),
    **_of_side("L"),
}
"""Per segment: the points that may track it, and the landmarks that a static trial may tie to them."""

# Residual RMS of four points with isotropic noise: sigma sqrt(chi2_6 / 4), which is 2.64 sigma at 1e-4.
_NOISE_FACTOR = 2.64 / np.sqrt(3.0)
# Segments whose own pose an angle is made of.
_POSED = {"lumbar", "foot_r", "foot_l"}

_WANDS = ("RTHI_WAND", "RTIB_WAND", "LTHI_WAND", "LTIB_WAND")
ANATOMICAL = (*dict.fromkeys(name for _, landmarks in TRACKED.values() for name in landmarks), *_WANDS)
SPINOUS = (*(f"T{level}" for level in range(1, 13)), *(f"L{level}" for level in range(1, 6)), "S1")
PLACED = tuple(dict.fromkeys((*ANATOMICAL, *SPINOUS)))
"""All that somebody palpated: what an error of placement is counted for."""


@dataclass(frozen=True, eq=False)
class Calibration:
    """What a static trial says of the body's rigid parts: cluster shapes, and where landmarks lie in them."""

    clusters: Mapping[str, Cluster]
    places: Mapping[str, tuple[str, NDArray]]


@dataclass(frozen=True, eq=False)
class Landmarks:
    """Landmarks and cluster poses of one trial.

    Attributes
    ----------
    points : mapping of str to Vec
        ISB-turned world, m.
    poses : mapping of str to ClusterPose
    pelvis_method : str
        In words.
    reconstructed : tuple of str
        Landmarks that came from a cluster.
    """

    points: Mapping[str, Vec]
    poses: Mapping[str, ClusterPose]
    pelvis_method: str
    reconstructed: tuple[str, ...]


def positions_isb(points: Points3D, matched: Matched) -> dict[str, NDArray]:
    """Return the landmarks that are ever seen, shape (time, 3) each, in the ISB-turned world."""
    names = tuple(matched.label_of)
    values, seen = split_positions(points.position, [points.names.index(matched.label_of[name]) for name in names])
    return {name: values[k].T for k, name in enumerate(names) if seen[k]}


def covariances_isb(points: Points3D, matched: Matched, names: Iterable[str]) -> Mapping[str, NDArray]:
    """Return the covariances, shape (time, 3, 3) in m², of named landmarks; empty when no point has any."""
    assert points.covariance is not None
    if not any_finite(points.covariance):
        return {}
    columns = {name: points.names.index(matched.label_of[name]) for name in names}
    return Covariances(points.covariance, columns, ties_of(points, columns, ISB_FROM_WORLD))


def noise_of(points: Points3D, matched: Matched) -> dict[str, float]:
    """Return the typical 3D standard uncertainty (m, root of the trace) of landmarks that come with covariance."""
    assert points.covariance is not None
    names = tuple(matched.label_of)
    found = typical_traces(points.covariance, [points.names.index(matched.label_of[name]) for name in names])
    return {name: float(np.sqrt(trace)) for name, trace in zip(names, found, strict=True) if trace >= 0}


def _tolerant(cluster: Cluster, noise: Mapping[str, float]) -> Cluster:
    """Return the cluster with a limit that no more than 1e-4 of its frames exceed by the points' own noise."""
    known = [noise[name] for name in cluster.names if name in noise]
    if not known:
        return cluster
    limit = max(cluster.residual_limit_m, _NOISE_FACTOR * float(np.sqrt(np.mean(np.square(known)))))
    return replace(cluster, residual_limit_m=limit)


def traced_points(positions: Mapping[str, NDArray], with_gradients: bool) -> dict[str, Vec]:
    """Return positions as vectors; with gradients, each one depends on itself."""
    if not with_gradients:
        return {name: Vec(values) for name, values in positions.items()}
    return {name: Vec(v, {name: np.broadcast_to(np.eye(3), (len(v), 3, 3))}) for name, v in positions.items()}


def calibrate(
    static: Mapping[str, NDArray], available: Iterable[str], noise: Mapping[str, float] | None = None
) -> Calibration:
    """Tie landmarks to clusters in a static trial.

    Parameters
    ----------
    static : mapping of str to ndarray, shape (time, 3)
        Landmarks in the quiet frames.
    available : iterable of str
        Points that the other trials have; only these may track.
    noise : mapping of str to float, optional
        Of `noise_of`; widens what a fit may be off.

    Returns
    -------
    Calibration
        A cluster needs three points that are not on one line (second singular value of 10 mm or more).
    """
    available = set(available)
    clusters, places = {}, {}
    for segment, (trackers, landmarks) in TRACKED.items():
        names = tuple(name for name in trackers if name in static and name in available)
        if len(names) < 3:
            continue
        shape = mean_shape(np.stack([static[name] for name in names], axis=1))
        if shape is None or second_spread(shape) < MIN_SPREAD_M:
            continue
        limit = PLATE_RESIDUAL_M if segment in _PLATES else SKIN_RESIDUAL_M
        clusters[segment] = Cluster(names, shape, limit)
        own = traced_points({name: static[name] for name in names}, False)
        pose = fit(_tolerant(clusters[segment], noise or {}), own)
        for landmark in landmarks:
            if landmark in static and landmark not in names:
                spot = _mean_place(pose, static[landmark])
                if spot is not None:
                    places[landmark] = (segment, spot)
    return Calibration(clusters, places)


def _mean_place(pose: ClusterPose, landmark: NDArray) -> NDArray | None:
    """Return the mean place (3,) of a landmark in the cluster's axes: R^T (L - o)."""
    inside = np.einsum("tji,tj->ti", pose.frame.axes, landmark - pose.centroid.value) + pose.anchor_cluster
    there = np.isfinite(inside).all(axis=1)
    return inside[there].mean(axis=0) if there.any() else None


def _has_plate(calibration: Calibration | None, points: Mapping[str, Vec]) -> bool:
    plate = None if calibration is None else calibration.clusters.get("pelvis")
    tied = () if calibration is None else (segment for segment, _ in calibration.places.values())
    return plate is not None and all(name in points for name in plate.names) and "pelvis" in tied


def build_landmarks(
    points: Mapping[str, Vec],
    calibration: Calibration | None,
    pelvis: str,
    noise: Mapping[str, float] | None = None,
) -> Landmarks:
    """Return the landmarks of a trial.

    Parameters
    ----------
    points : mapping of str to Vec
    calibration : Calibration, optional
    pelvis : str
        `plate`, `landmarks`, or `auto`: the sacral plate where it is calibrated, else ASIS and PSIS.
    noise : mapping of str to float, optional
        Of `noise_of`; widens what a fit may be off.

    Raises
    ------
    KinematicsError
        OPTION where the plate is asked for and is not calibrated.
    """
    landmarks = dict(points)
    method = "ASIS and SACR markers" if "SACR" in points and "RPSIS" not in points else "ASIS and PSIS markers"
    # Without them there is no pelvis that would be taken in its place.
    if pelvis == "plate" and {"RASIS", "LASIS"} <= set(points) and not _has_plate(calibration, points):
        raise KinematicsError(
            "Option pelvis is 'plate', and no sacral plate is tied to the pelvis by a static trial.",
            "Give the static trial with plate and ASIS and PSIS, or leave pelvis out.",
            code="OPTION",
        )
    if calibration is None:
        return Landmarks(landmarks, {}, method, ())
    usable = {s: c for s, c in calibration.clusters.items() if all(name in points for name in c.names)}
    by_plate = pelvis != "landmarks" and _has_plate(calibration, points)
    wanted = {
        name: (segment, spot)
        for name, (segment, spot) in calibration.places.items()
        if segment in usable and (by_plate if segment == "pelvis" else name not in points)
    }
    needed = {segment for segment, _ in wanted.values()} | _POSED
    poses = {segment: fit(_tolerant(usable[segment], noise or {}), points) for segment in usable if segment in needed}
    reconstructed = tuple(wanted)
    landmarks |= {name: place(poses[segment], spot) for name, (segment, spot) in wanted.items()}
    if by_plate:
        method = f"sacral plate ({len(usable['pelvis'].names)} points), calibrated to ASIS and PSIS in the static"
        for name in TRACKED["pelvis"][1]:
            # A landmark that the static did not tie to the plate must not mix with those it did.
            if name not in reconstructed:
                landmarks.pop(name, None)
    return Landmarks(landmarks, poses, method, reconstructed)


def for_placement(
    found: Landmarks,
    frames: NDArray,
    sources: Container[str] = PLACED,
    bone_axes: Mapping[str, NDArray] = MappingProxyType({}),
) -> Landmarks:
    """Return the same landmarks at some frames, each of `sources` depending on its own placement alone.

    Its place is told in the axes of its bone, shape (frame, 3, 3), where `bone_axes` has them: a misplaced landmark
    turns with its bone. Else it is told in the axes of the world.
    """
    identity = np.broadcast_to(np.eye(3), (len(frames), 3, 3))
    evaluate([*found.points.values(), *(part for pose in found.poses.values() for part in pose.parts)])
    points = {
        name: Vec(vector.value[frames], {name: bone_axes.get(name, identity)} if name in sources else NO_GRAD)
        for name, vector in found.points.items()
    }
    poses = {
        segment: ClusterPose(
            type(pose.frame)(pose.frame.axes[frames]), Vec(pose.centroid.value[frames]), pose.anchor_cluster[frames],
            pose.residual_m[frames],
        )
        for segment, pose in found.poses.items()
    }  # fmt: skip
    return Landmarks(points, poses, found.pelvis_method, found.reconstructed)
