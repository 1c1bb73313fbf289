"""Where all cameras stand, from points alone: pairwise epipolar poses, joined along the best-connected tree.

Each pair says everything but the length of its baseline. That comes from the points that the new camera's pair and
the cameras placed before have in common, or where there are too few, from a known length that the pair measures.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from calibration.camera import Camera, CameraRig
from calibration.errors import SolverError, ViewGraphError
from calibration.points.epipolar import MIN_SHARED_POINTS, EpipolarPair, epipolar_pair
from calibration.points.tracks import KnownLength, PointTracks
from calibration.rigid import inverse
from calibration.triangulation import triangulate, undistorted

_LEAST_COMMON = 12  # points that chain one baseline to another
_LEAST_LENGTHS = 5
_SCAN_PAIRS = 6
_IRLS_ROUNDS = 4

Pairs = dict[tuple[int, int], EpipolarPair]


@dataclass(frozen=True, eq=False)
class PlacedCameras:
    """A start for the joint refinement.

    Attributes
    ----------
    rig : CameraRig
        In the frame of the first camera placed; metres where a length is known, its first baseline otherwise.
    root : int
        The camera whose frame it is.
    pairs : mapping of (int, int) to EpipolarPair
        What every pair said.
    """

    rig: CameraRig
    root: int
    pairs: Pairs


def check_shared(tracks: PointTracks) -> None:
    """Refuse tracks of which no two cameras can be compared, before anything is computed.

    Raises
    ------
    ViewGraphError
        CAMERA_BLIND when a camera saw nothing at all, TOO_FEW_POINTS when no pair shares enough.
    """
    seen = tracks.seen.reshape(tracks.n_cameras, -1)
    blind = [name for name, own in zip(tracks.camera_names, seen, strict=True) if not own.any()]
    if blind:
        raise ViewGraphError(
            f"Of camera {', '.join(blind)} there is not one point in {tracks.n_frames} frames.",
            "Look into its keypoint file (right camera? confidences? detector run on it?), or calibrate the others "
            "alone: take its files away, and give lenses or image sizes of the others only.",
            code="CAMERA_BLIND",
        )
    shared = seen.astype(int) @ seen.T.astype(int)
    most = int((shared - np.diag(np.diag(shared))).max())
    if most < MIN_SHARED_POINTS:
        raise ViewGraphError(
            f"No two cameras saw more than {most} points at the same moments, {MIN_SHARED_POINTS} at least are needed.",
            "Record for longer, a minute is plenty, and check that the frames of the files count alike.",
            code="TOO_FEW_POINTS",
        )


def camera_pairs(rig: CameraRig, tracks: PointTracks, seed: int = 0) -> Pairs:
    """Return the epipolar pose of every pair of cameras that share enough points; poses of `rig` do not matter."""
    rays = undistorted(rig, tracks.pixels)[0].reshape(len(rig), -1, 2)
    seen = np.isfinite(rays).all(axis=2)
    focal = [float(np.sqrt(camera.matrix[0, 0] * camera.matrix[1, 1])) for camera in rig]
    pairs = {}
    for a in range(len(rig)):
        for b in range(a + 1, len(rig)):
            both = seen[a] & seen[b]
            if both.sum() >= MIN_SHARED_POINTS:
                pairs[a, b] = epipolar_pair(rays[a, both], rays[b, both], focal[a], focal[b], seed)
    return pairs


def misfit_of_lenses(rig: CameraRig, tracks: PointTracks, seed: int = 0) -> float:
    """Return how badly the lenses of a rig fit epipolar geometry: truncated squares of the best pairs, px²."""
    rays = np.isfinite(tracks.pixels).all(axis=-1).reshape(len(rig), -1)
    shared = rays.astype(int) @ rays.T.astype(int)
    upper = [(int(shared[a, b]), a, b) for a in range(len(rig)) for b in range(a + 1, len(rig))]
    total = 0.0
    for count, a, b in sorted(upper, reverse=True)[:_SCAN_PAIRS]:
        if count >= MIN_SHARED_POINTS:
            chosen = (a, b)
            two = CameraRig(tuple(rig.cameras[c] for c in chosen))
            part = PointTracks(
                tracks.pixels[list(chosen)], two.names, tracks.image_sizes[list(chosen)], tracks.point_names,
                tracks.exchanged, tracks.labelled,
            )  # fmt: skip
            total += camera_pairs(two, part, seed)[0, 1].cost
    return total


def place_from_points(
    rig: CameraRig, tracks: PointTracks, lengths: Sequence[KnownLength] = (), seed: int = 0
) -> PlacedCameras:
    """Place all cameras from the points that they share.

    Parameters
    ----------
    rig : CameraRig
        Lenses; its poses do not matter.
    tracks : PointTracks
    lengths : sequence of KnownLength
    seed : int
        Decides the random samples.

    Raises
    ------
    ViewGraphError
        CAMERAS_NOT_CONNECTED when too few points are shared, naming what every pair shares; DEGENERATE_MOTION when
        enough are, but they lie in one plane or show nothing but a rotation; CAMERA_MIRRORED.
    SolverError
        SCALE_UNCHAINED when a camera shares points with one other camera only and no length is known.
    """
    pairs = camera_pairs(rig, tracks, seed)
    strength = np.zeros((len(rig), len(rig)))
    for (a, b), pair in pairs.items():
        strength[a, b] = strength[b, a] = pair.strength
    _check_graph(strength, pairs, tracks)
    first, second = (int(i) for i in np.unravel_index(strength.argmax(), strength.shape))
    cam_from_root = np.full((len(rig), 4, 4), np.nan)
    cam_from_root[first] = np.eye(4)
    order = [first]
    while len(order) < len(rig):
        inside = np.zeros(len(rig), dtype=bool)
        inside[order] = True
        links = np.where(~inside[:, None] & inside[None, :], strength, -1.0)
        new, old = (int(i) for i in np.unravel_index(links.argmax(), links.shape))
        if len(order) == 1:
            new = second if first == old else new
        pose = pairs[old, new].b_from_a if old < new else inverse(pairs[new, old].b_from_a)
        scale = _baseline(rig, tracks, lengths, cam_from_root, (old, new), pose, order)
        step = pose.copy()
        step[:3, 3] *= scale
        cam_from_root[new] = step @ cam_from_root[old]
        order.append(new)
    return PlacedCameras(_posed(rig, cam_from_root), first, pairs)


def _posed(rig: CameraRig, cam_from_world: NDArray) -> CameraRig:
    return CameraRig(
        tuple(
            Camera(c.name, c.size, c.matrix, c.distortion, pose, c.fisheye)
            for c, pose in zip(rig, cam_from_world, strict=True)
        )
    )


def _baseline(
    rig: CameraRig,
    tracks: PointTracks,
    lengths: Sequence[KnownLength],
    cam_from_root: NDArray,
    link: tuple[int, int],
    new_from_old: NDArray,
    order: list[int],
) -> float:
    """Length of the baseline from the camera `link[0]` to the new one, `link[1]`."""
    two = _posed(CameraRig(tuple(rig.cameras[c] for c in link)), np.stack([np.eye(4), new_from_old]))
    unit = triangulate(two, tracks.pixels[list(link)])
    if len(order) >= 2:
        known = robust_points(
            _posed(CameraRig(tuple(rig.cameras[c] for c in order)), cam_from_root[order]), tracks.pixels[order]
        )
        old = cam_from_root[link[0]]
        depth, unit_depth = known @ old[2, :3] + old[2, 3], unit[..., 2]
        with np.errstate(invalid="ignore"):
            both = (depth > 0) & (unit_depth > 0)
        if both.sum() >= _LEAST_COMMON:
            return float(np.median(depth[both] / unit_depth[both]))
    measured = [
        (length.length_m, np.linalg.norm(unit[:, length.one] - unit[:, length.other], axis=1)) for length in lengths
    ]
    ratios = np.concatenate([true / found[found > 0] for true, found in measured]) if measured else np.empty(0)
    if len(ratios) >= _LEAST_LENGTHS:
        return float(np.median(ratios))
    if len(order) == 1:
        return 1.0
    names = tracks.camera_names
    raise SolverError(
        f"Camera '{names[link[1]]}' shares points with '{names[link[0]]}' alone, and the pair does not show the known "
        "length: how far away it stands cannot be told.",
        "Move the wand or the person where three cameras see it at once, or where both see the known length.",
        code="SCALE_UNCHAINED",
    )


def robust_points(rig: CameraRig, pixels: NDArray) -> NDArray:
    """Triangulate with less and less weight on views that are far off, shape (frame, point, 3); NaN without two."""
    # The lenses are undone once, not in every round.
    straight = CameraRig(
        tuple(Camera(c.name, c.size, c.matrix, np.zeros(5), c.cam_from_world) for c in rig)
    )
    rays = undistorted(rig, pixels)[0]
    focal = np.array([c.matrix[[0, 1], [0, 1]] for c in rig]).reshape(-1, *[1] * (rays.ndim - 2), 2)
    centre = np.array([c.matrix[:2, 2] for c in rig]).reshape(focal.shape)
    pixels = rays * focal + centre
    points = triangulate(straight, pixels)
    for _ in range(_IRLS_ROUNDS):
        off = np.linalg.norm(straight.project(points) - pixels, axis=-1)
        seen = np.isfinite(off)
        if not seen.any():
            break
        scale = max(float(np.median(off[seen])), 1e-3)
        weights = np.where(seen, 1.0 / (1.0 + (np.where(seen, off, 0.0) / scale) ** 2) ** 2, 0.0)
        points = triangulate(straight, pixels, weights)
    return points


def _check_graph(strength: NDArray, pairs: Pairs, tracks: PointTracks) -> None:
    n_groups, group = connected_components(strength > 0, directed=False)
    if n_groups == 1:
        return
    names = tracks.camera_names
    listed = [[name for name, own in zip(names, group, strict=True) if own == index] for index in range(n_groups)]
    groups = " | ".join(" ".join(members) for members in listed)
    flat_seen = tracks.seen.reshape(len(names), -1).astype(int)
    shared = flat_seen @ flat_seen.T
    graph = ", ".join(
        f"{names[a]}-{names[b]} {shared[a, b]}" + _why_not(pairs.get((a, b)))
        for a in range(len(names))
        for b in range(a + 1, len(names))
    )
    _check_mirrored(pairs, names)
    linked = np.zeros(strength.shape, dtype=int)
    for (a, b), pair in pairs.items():
        linked[a, b] = int(pair.usable or pair.flat)
    if any(pair.flat for pair in pairs.values()) and connected_components(linked, directed=False)[0] == 1:
        raise ViewGraphError(
            "The points lie in one plane or on one line for pairs of cameras, which then do not show how the cameras "
            f"stand. Groups: {groups}. Shared points: {graph}.",
            "Move the wand (or walk) through the whole volume: to and fro, sideways, and up and down.",
            code="DEGENERATE_MOTION",
        )
    raise ViewGraphError(
        f"The cameras fall into {n_groups} groups: {groups}. A pair needs {MIN_SHARED_POINTS} points seen at the same "
        f"moments that fit one geometry. Shared points: {graph}.",
        "Move the wand (or walk) where cameras of different groups see it at once; check that the cameras are "
        "synchronous, their lenses right and no image mirrored.",
        code="CAMERAS_NOT_CONNECTED",
    )


def _check_mirrored(pairs: Pairs, names: tuple[str, ...]) -> None:
    """Refuse a camera whose epipolar lines fit those of all others, but whose points lie behind one of the two."""
    for camera, name in enumerate(names):
        own = [pair for link, pair in pairs.items() if camera in link and not pair.flat]
        fitting = [pair for pair in own if pair.consistent]
        if len(fitting) >= 2 and not any(pair.sure for pair in fitting):
            raise ViewGraphError(
                f"Camera '{name}' is mirrored: its points fit {len(fitting)} other cameras, but only behind them.",
                "Record this camera without mirroring (a front camera's preview, a mirror in the light path).",
                code="CAMERA_MIRRORED",
            )


def _why_not(pair: EpipolarPair | None) -> str:
    if pair is None or pair.usable:
        return ""
    if pair.flat:
        return " (flat)"
    return " (in front of neither)" if not pair.sure else " (contradictory)"
