"""The model `skeleton`: one body of constant lengths, fitted to all markers of all frames together.

Lu and O'Connor 1999 (global optimisation of a chain of segments), with the weights of each marker, a prior on
acceleration in gaps, a last step by what all markers tell of fast movement, and the covariance of the answer. Segments
and joint centres come from the static trial and stay constant: pelvis, femora, shanks and feet hang together in ball
joints with limits, the plate at T12/L1 and the thorax move freely against the pelvis. Where a plate shows the sacrum,
the hip centres of a regression move to where the trial's markers agree best (`mocap.kinematics.fit.hip_place`).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from mocap.errors import KinematicsError
from mocap.kinematics import landmarks as lm
from mocap.kinematics.angles import joint
from mocap.kinematics.body import SIDES, Body, Setting, Zeros
from mocap.kinematics.clusters import ClusterPose
from mocap.kinematics.fit.bridging import Shown, judge
from mocap.kinematics.fit.flags import Doubt, Flags, doubts_of
from mocap.kinematics.fit.hip_place import HipPlace, place_hips, shows_plate, thinned_frames
from mocap.kinematics.fit.hip_shift import hip_shift, landmarks_by_hips
from mocap.kinematics.fit.landmarks import Placer, cluster_in_segment, source_names
from mocap.kinematics.fit.solve import Fit, Observed, solve
from mocap.kinematics.fit.start import acceleration_density, start_poses
from mocap.kinematics.fit.tree import Tree, build_trees, trackers
from mocap.kinematics.fit.verdicts import fit_verdicts
from mocap.kinematics.fit.weights import STEADY_S, soft_tissue_variance, weight_words
from mocap.kinematics.hip_sizes import HipError, error_sources, hip_error
from mocap.kinematics.marker_sets import Matched, match
from mocap.kinematics.observability import Outcome
from mocap.kinematics.options import KinematicsOptions
from mocap.kinematics.person import Person
from mocap.kinematics.static import quiet_part
from mocap.trial import JointAngles, Points3D, Verdict


@dataclass(frozen=True, eq=False)
class Skeleton:
    """The fitted body of a trial.

    Attributes
    ----------
    landmarks : Landmarks
        As those of the trial, but of the model; what the model does not hold is as measured.
    covariances : mapping of str to ndarray, shape (time, 3, 3)
        Of the sources of their gradients.
    verdicts : tuple of Verdict
        Residual RMS of every marker, longest gap, whether the fit settled.
    words : str
        Of the method.
    sources : frozenset of str
        Those of the model.
    flags : Flags
        Of single frames.
    legs : the fitted tree of pelvis and legs
    hips : HipPlace or None
        Where the trial puts the hip centres against a regression.
    """

    landmarks: lm.Landmarks
    covariances: dict[str, NDArray]
    verdicts: tuple[Verdict, ...]
    words: str
    sources: frozenset[str]
    flags: Flags
    legs: "_Part"
    hips: HipPlace | None = None

    def worded(self, outcomes: Mapping[str, Outcome]) -> dict[str, Outcome]:
        """Return the outcomes, those that the model made with its name and weights."""
        return {name: self._worded(outcome) for name, outcome in outcomes.items()}

    def _worded(self, outcome: Outcome) -> Outcome:
        if outcome.angle is None or not self.sources & set(outcome.angle.grad):
            return outcome
        return replace(outcome, method=f"{self.words}; {outcome.method}")

    def by_hips(self, frames: NDArray, sources: Mapping[str, NDArray]) -> lm.Landmarks:
        """Return the landmarks at some frames by what moves the hip centres, of `error_sources`."""
        shift = hip_shift(self.legs.tree, self.legs.fitted, self.legs.observed, frames)
        return landmarks_by_hips(shift, lm.for_placement(self.landmarks, frames, ()), sources)

    def flagged(
        self, angles: JointAngles, body: Body, weaker: Mapping[str, frozenset[str]] = MappingProxyType({})
    ) -> JointAngles:
        """Return the angles with a reason where the model has no pose, and where a value is to be doubted.

        Where it doubts a segment it is told in place of `weaker` reasons about these points of it.
        """
        return self.flags.told(angles, body, self.landmarks, weaker)


@dataclass(frozen=True, eq=False)
class _Part:
    """One fitted tree."""

    tree: Tree
    markers: tuple[str, ...]
    fitted: Fit
    observed: Observed
    shown: tuple[Shown, ...]


def fit_skeleton(
    points: Points3D,
    matched: Matched,
    positions: Mapping[str, NDArray],
    static: Points3D | None,
    person: Person,
    setting: Setting,
    options: KinematicsOptions,
    pointed: Collection[str] = (),
) -> Skeleton:
    """Fit the person's model to a trial.

    Parameters
    ----------
    points, matched : the trial and its marker set
    positions : mapping of str to ndarray, shape (time, 3)
        Landmarks of the trial, ISB-turned world, m.
    static, person
        The static trial, and what it says of the person.
    setting, options
    pointed : collection of str
        Landmarks that were touched with a pointer: they count in place of a marker of the static.

    Raises
    ------
    KinematicsError
        SKELETON_NO_STATIC, SKELETON_STATIC, SKELETON_KEYPOINTS, SKELETON_NO_MARKERS.
    """
    trees, errors = _person_trees(static, matched, person, setting, pointed)
    hips = _placed_hips(trees[0], errors, points, matched, positions, options)
    if hips is not None:
        trees = (hips.moved(trees[0]), *trees[1:])
    parts = []
    for tree in trees:
        part = _fit_tree(tree, points, matched, positions, options)
        if part is not None:
            parts.append(part)
    if not any(part.tree.name == "legs" for part in parts):
        raise KinematicsError(
            "The trial has none of the markers that the static trial shows on pelvis and legs.",
            "Give the static trial of the same marker set, or choose the model 'segments'.",
            code="SKELETON_NO_MARKERS",
        )
    assert person.calibration is not None
    return replace(_assembled(parts, points, matched, positions, person.calibration, options), hips=hips)


def _person_trees(
    static: Points3D | None, matched: Matched, person: Person, setting: Setting, pointed: Collection[str]
) -> tuple[tuple[Tree, ...], dict[str, HipError]]:
    """Return the person's trees, that of pelvis and legs first, and how far their hip centres may be off, by side."""
    if matched.marker_set.kind == "keypoints":
        raise KinematicsError(
            "The skeleton model needs markers on the body; keypoints of a detector do not show its segments' axes.",
            "Choose the model 'segments'.",
            code="SKELETON_KEYPOINTS",
        )
    if static is None or person.calibration is None:
        raise KinematicsError(
            "The skeleton model takes the person's segment lengths and marker places from a static trial; there is "
            "none.",
            "Give a static trial of the same person (--static), or choose the model 'segments'.",
            code="SKELETON_NO_STATIC",
        )
    everything = lm.positions_isb(static, match(matched.marker_set, static.names))
    quiet = quiet_part(everything, static.rate_hz)
    standing = {name: values[quiet] for name, values in everything.items() if name not in pointed}
    standing = {name: values for name, values in standing.items() if np.isfinite(values).all(axis=1).any()}
    found = lm.build_landmarks(lm.traced_points(standing, False), person.calibration, "auto").points
    standing = {name: vector.value for name, vector in found.items()} | standing
    setting = replace(setting, size=person.size, functional=person.functional)
    body = Body(lm.traced_points(standing, False), {}, setting, Zeros())
    return build_trees(standing, body, person.calibration), {side: hip_error(body, side) for side in SIDES}


def _placed_hips(
    legs: Tree,
    errors: Mapping[str, HipError],
    points: Points3D,
    matched: Matched,
    positions: Mapping[str, NDArray],
    options: KinematicsOptions,
) -> HipPlace | None:
    """Return where the hip centres lie by some frames of the trial; None without a plate, or a regression of both."""
    by_regression = len(legs.femur_from_pelvis) == len(SIDES) and all(one.shared for one in errors.values())
    if not by_regression or not shows_plate(legs, trackers(legs, positions, options.pelvis)):
        return None
    frames = thinned_frames(points.n_frames)
    few = Points3D(
        points.position[frames], points.names, points.rate_hz * len(frames) / points.n_frames,
        covariance=points.covariance[frames],
    )  # fmt: skip
    part = _fit_tree(legs, few, matched, {name: values[frames] for name, values in positions.items()}, options)
    if part is None:
        return None
    sources = np.concatenate(list(error_sources(errors).values()), axis=1)
    return place_hips(part.tree, part.fitted, part.observed, sources @ sources.T)


def _fit_tree(
    tree: Tree,
    points: Points3D,
    matched: Matched,
    positions: Mapping[str, NDArray],
    options: KinematicsOptions,
) -> _Part | None:
    markers = trackers(tree, positions, options.pelvis)
    if not markers:
        return None
    measured = {name: positions[name] for name in markers}
    root, rotations, own = start_poses(tree, measured)
    observed = Observed(
        segment=np.array([tree.segments.index(tree.places[name][0]) for name in markers]),
        place=np.array([tree.places[name][1] for name in markers]),
        position=np.stack(list(measured.values()), axis=1),
        covariance=_covariances(points, matched, markers, options.marker_sd_m),
        soft_tissue=soft_tissue_variance(
            markers, _hip_flexion(tree, rotations), points.n_frames, options.soft_tissue_scale
        ),
        steady=max(1.0, STEADY_S * points.rate_hz),
    )
    density = acceleration_density(root, rotations, own, points.rate_hz, options.bridge_s)
    fitted = solve(tree, observed, (root, rotations), density, points.rate_hz, options.bridge_s)
    shown = tuple(
        judge(fitted.seen[:, 1 + index], points.rate_hz, options.bridge_s, fitted.restless)
        for index in range(len(tree.segments))
    )
    return _Part(tree, markers, fitted, observed, shown)


def _hip_flexion(tree: Tree, rotations: NDArray) -> dict[str, NDArray]:
    """Return the flexion of the hips, shape (time,) in rad, of the poses that the fit starts from."""
    found = {}
    for side in SIDES:
        segment = f"femur_{side.lower()}"
        if segment in tree.segments:
            relative = np.swapaxes(rotations[:, 0], -1, -2) @ rotations[:, tree.segments.index(segment)]
            found[side] = joint(relative)[0]
    return found


def _covariances(points: Points3D, matched: Matched, markers: tuple[str, ...], marker_sd_m: float) -> NDArray:
    """Return the covariances of markers, shape (time, marker, 3, 3); a marker without takes `marker_sd_m` per axis."""
    plain = np.broadcast_to(marker_sd_m**2 * np.eye(3), (points.n_frames, len(markers), 3, 3)).copy()
    known = lm.covariances_isb(points, matched, markers)
    for index, name in enumerate(markers):
        if name in known:
            there = np.isfinite(known[name]).all(axis=(1, 2))
            plain[there, index] = known[name][there]
    return plain


def _assembled(
    parts: list[_Part],
    points: Points3D,
    matched: Matched,
    positions: Mapping[str, NDArray],
    calibration: lm.Calibration,
    options: KinematicsOptions,
) -> Skeleton:
    held = {name for part in parts for name in (*part.markers, *part.tree.places)}
    others = {name: values for name, values in positions.items() if name not in held}
    landmarks = lm.traced_points(others, True)
    spread = _covariances(points, matched, tuple(others), options.marker_sd_m)
    covariances = {name: spread[:, index] for index, name in enumerate(others)}
    poses: dict[str, ClusterPose] = {}
    unit = np.broadcast_to(np.eye(3), (points.n_frames, 3, 3))
    for part in parts:
        placer = Placer(part.tree, part.fitted, part.shown)
        landmarks |= placer.landmarks()
        covariances |= {name: unit for name in source_names(part.tree)}
        for segment in ("lumbar", "foot_r", "foot_l"):
            if segment not in part.tree.segments or segment not in calibration.clusters:
                continue
            cluster = calibration.clusters[segment]
            inside = cluster_in_segment(cluster, part.tree.places)
            if inside is not None:
                poses[segment] = placer.cluster(segment, cluster, *inside)
    pelvis = [name for name in parts[0].markers if parts[0].tree.places[name][0] == "pelvis"]
    method = f"{', '.join(pelvis)} in the skeleton model"
    all_markers = [name for part in parts for name in part.markers]
    return Skeleton(
        landmarks=lm.Landmarks(landmarks, poses, method, ()),
        covariances=covariances,
        verdicts=fit_verdicts(
            [(part.markers, part.fitted, part.observed, part.tree, part.shown) for part in parts], options.bridge_s
        ),
        words=f"skeleton model, constant lengths from the static, all frames together; soft-tissue sd per axis "
        f"{weight_words(all_markers, options.soft_tissue_scale)}, in the weights and in the sd",
        sources=frozenset(name for part in parts for name in source_names(part.tree)),
        flags=_flags(parts),
        legs=next(part for part in parts if part.tree.name == "legs"),
    )


def _flags(parts: list[_Part]) -> Flags:
    lost: NDArray = np.any([shown.lost for part in parts for shown in part.shown], axis=0)
    bridged: dict[str, NDArray] = {}
    doubts: list[Doubt] = []
    segment_of: dict[str, str] = {}
    for part in parts:
        tree, fitted = part.tree, part.fitted
        bridged |= {segment: shown.bridged for segment, shown in zip(tree.segments, part.shown, strict=True)}
        segment_of |= {name: segment for name, (segment, _) in tree.places.items()}
        doubts += doubts_of(tree.segments, tree.parent, part.observed.segment, fitted.doubted, fitted.left_out)
    return Flags(lost, bridged, doubts, segment_of)
