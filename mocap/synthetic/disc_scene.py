"""Round markers on the skin of the synthetic person, the limbs that hide them, and other round spots in the room."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from calibration.arrays import checked_array
from mocap.errors import ShapeError
from mocap.synthetic.trial import SyntheticTrial

_SIDED = ("LFE", "TH1", "TH2", "TH3", "LMAL", "SH1", "SH2", "SH3", "HEEL", "MT1", "MT5", "SJC", "EJC", "WJC")
MARKERS: tuple[str, ...] = (
    "RASIS", "LASIS", "RPSIS", "LPSIS", "T12", "T10", "C7", "CLAV", "STRN",
    *(f"{side}{name}" for side in "RL" for name in _SIDED),
)  # fmt: skip
"""Landmarks that carry a disc by default."""

# Axis of each limb, from and to (means of points), and its radius in m at both ends.
_TRUNK = (("RHJC", "LHJC"), ("C7", "CLAV"), 0.125, 0.095)
_SIDE_LIMBS = {
    "thigh": (("HJC",), ("KJC",), 0.078, 0.052),
    "shank": (("KJC",), ("AJC",), 0.050, 0.036),
    "foot": (("AJC",), ("MT2",), 0.034, 0.026),
    "arm": (("SJC",), ("EJC",), 0.048, 0.040),
    "forearm": (("EJC",), ("WJC",), 0.038, 0.028),
}
_LIMB_OF = {
    "LFE": "thigh", "TH1": "thigh", "TH2": "thigh", "TH3": "thigh", "LMAL": "shank", "SH1": "shank", "SH2": "shank",
    "SH3": "shank", "HEEL": "foot", "MT1": "foot", "MT5": "foot", "SJC": "arm", "EJC": "arm", "WJC": "forearm",
}  # fmt: skip
_STAND_OFF = 0.002  # m


@dataclass(frozen=True, eq=False)
class DiscScene:
    """Discs and limbs over time, in the world; metres.

    Attributes
    ----------
    names : tuple of str
        Of the discs; those of the room are called `room_0`, ...
    centre_world, normal_world : ndarray, shape (time, disc, 3)
    radius_m : ndarray, shape (disc,)
    limb_world : ndarray, shape (time, limb, 2, 3)
        Ends of the axes.
    limb_radius_m : ndarray, shape (limb, 2)
    own_limb : ndarray of int, shape (disc,)
        The limb that the disc sits on, which does not hide it; -1 for the room.
    rate_hz : float
    """

    names: tuple[str, ...]
    centre_world: NDArray
    normal_world: NDArray
    radius_m: NDArray
    limb_world: NDArray
    limb_radius_m: NDArray
    own_limb: NDArray
    rate_hz: float

    def __post_init__(self) -> None:
        centre = checked_array(self.centre_world, "centre_world", ("time", len(self.names), 3))
        if len(centre) < 2:
            raise ShapeError(f"A scene of {len(centre)} frame.", "Give two frames or more, as discs move.")
        normal = checked_array(self.normal_world, "normal_world", centre.shape)
        object.__setattr__(self, "centre_world", centre)
        object.__setattr__(self, "normal_world", normal)
        object.__setattr__(self, "_centre_at", CubicSpline(np.arange(len(centre)), centre))
        object.__setattr__(self, "_normal_at", CubicSpline(np.arange(len(centre)), normal))

    @property
    def n_frames(self) -> int:
        """Length of the time axis."""
        return len(self.centre_world)

    def at(self, frames: NDArray) -> tuple[NDArray, NDArray]:
        """Return centres and unit normals, shape (instant, disc, 3), at any part of a frame."""
        normal = self._normal_at(frames)  # type: ignore[attr-defined]
        unit = normal / np.linalg.norm(normal, axis=-1, keepdims=True)
        return self._centre_at(frames), unit  # type: ignore[attr-defined]

    @property
    def n_markers(self) -> int:
        """Discs of the person, which come first."""
        return sum(not name.startswith("room_") for name in self.names)


def marker_scene(
    trial: SyntheticTrial,
    names: tuple[str, ...] = MARKERS,
    *,
    radius_m: float = 0.008,
    n_room: int = 6,
    seed: int = 0,
) -> DiscScene:
    """Stick discs on the person: on the skin of the limb nearest each landmark, facing away from its axis.

    Parameters
    ----------
    trial : SyntheticTrial
    names : tuple of str
        Landmarks that carry a disc.
    radius_m : float
    n_room : int
        Discs of the same kind that stand about in the room and do not move.
    seed : int
        Of the room.
    """
    limbs = _limbs(trial)
    order = list(limbs)
    axes = np.stack([np.stack([limbs[name][0], limbs[name][1]], axis=1) for name in order], axis=1)
    radii = np.array([limbs[name][2:] for name in order])
    own = np.array([order.index(_limb_name(name)) for name in names])
    landmark = np.stack([trial.points.position[:, trial.points.names.index(name)] for name in names], axis=1)
    centre, normal = _on_skin(trial, names, landmark, axes[:, own], radii[own])
    rng = np.random.default_rng(seed)
    room = np.column_stack([rng.uniform(-1.2, 1.2, (n_room, 2)), rng.uniform(0.02, 1.8, n_room)])
    # Not where the person stands.
    room[:, :2] += 0.5 * room[:, :2] / np.maximum(np.linalg.norm(room[:, :2], axis=1, keepdims=True), 0.1)
    towards = room * [1, 1, 0] + [0, 0, 0.5]
    still = (trial.points.n_frames, n_room, 3)
    return DiscScene(
        names=(*names, *(f"room_{i}" for i in range(n_room))),
        centre_world=np.concatenate([centre, np.broadcast_to(room, still)], axis=1),
        normal_world=np.concatenate([normal, np.broadcast_to(towards, still)], axis=1),
        radius_m=np.full(len(names) + n_room, radius_m),
        limb_world=axes,
        limb_radius_m=radii,
        own_limb=np.concatenate([own, np.full(n_room, -1)]),
        rate_hz=trial.points.rate_hz,
    )


def _limb_name(marker: str) -> str:
    return f"{marker[0]}{_LIMB_OF[marker[1:]]}" if marker[0] in "RL" and marker[1:] in _LIMB_OF else "trunk"


def _limbs(trial: SyntheticTrial) -> dict[str, tuple[NDArray, NDArray, float, float]]:
    known = {name: trial.points.position[:, i] for i, name in enumerate(trial.points.names)} | dict(trial.joint_centres)

    def mean(ends: tuple[str, ...], side: str = "") -> NDArray:
        return np.mean([known[side + end] for end in ends], axis=0)

    limbs = {"trunk": (mean(_TRUNK[0]), mean(_TRUNK[1]), _TRUNK[2], _TRUNK[3])}
    for side in "RL":
        for name, (start, end, wide, narrow) in _SIDE_LIMBS.items():
            limbs[side + name] = (mean(start, side), mean(end, side), wide, narrow)
    limbs["head"] = (mean(("C7", "CLAV")), known["VERTEX"] - [0, 0, 0.09], 0.06, 0.09)
    return limbs


def _on_skin(
    trial: SyntheticTrial, names: tuple[str, ...], landmark: NDArray, axes: NDArray, radii: NDArray
) -> tuple[NDArray, NDArray]:
    """Centres and normals, shape (time, disc, 3): landmarks moved outward to the skin where they lie within."""
    start, along = axes[:, :, 0], axes[:, :, 1] - axes[:, :, 0]
    share = np.sum((landmark - start) * along, axis=-1) / np.sum(along * along, axis=-1)
    share = np.clip(share, 0.0, 1.0)
    nearest = start + share[..., None] * along
    # Shoulder, elbow and wrist centres lie on the axis: their discs face outward and a little up.
    right = trial.joint_centres["RHJC"] - trial.joint_centres["LHJC"]
    right = right / np.linalg.norm(right, axis=-1, keepdims=True)
    outward = np.array([0.0, 0.0, 0.3]) + np.stack([right if name[0] == "R" else -right for name in names], axis=1)
    away = landmark - nearest
    distance = np.linalg.norm(away, axis=-1, keepdims=True)
    lift = np.array([[0.0, 0.0, 0.6 if name[1:] in ("HEEL", "MT1", "MT5") else 0.0] for name in names])
    direction = np.where(distance > 0.01, away / np.maximum(distance, 1e-9), outward) + lift
    # The normal stands square on the axis, but for the end of a limb.
    direction = direction / np.linalg.norm(direction, axis=-1, keepdims=True)
    skin = (radii[:, 0] + share * (radii[:, 1] - radii[:, 0]))[..., None] + _STAND_OFF
    return nearest + direction * np.maximum(skin, distance), direction
