"""How well footage agrees with a calibration, pair by pair of cameras: by how many pixels rays of one point miss.

Only shared points are needed, be they corners of a board, balls of a wand or keypoints of a person, and nothing is
triangulated: a camera that is wrong spoils its own pairs alone, and so shows which it is.
"""

from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from calibration.arrays import checked_array
from calibration.camera import CameraRig
from calibration.errors import CalibrationError
from calibration.in_use.image_motion import ImageChange, restored
from calibration.triangulation import sampson_distance_px

LEAST_POINTS = 12  # that a pair of cameras has to share
_CAP_SHARE = 0.04  # of the longer side of the image: farther apart is as wrong as can be
_MEDIAN = 0.6745  # of the size of Gaussian noise, in units of sigma


@dataclass(frozen=True)
class Role:
    """Footage taken as that of a camera of the calibration, after a change is undone."""

    footage: int
    camera: int
    change: ImageChange | None = None


@dataclass(frozen=True, eq=False)
class Evidence:
    """Points as the footage shows them, and the calibration that they are held against.

    Attributes
    ----------
    rig : CameraRig
    pixels : ndarray, shape (camera, time, point, 2)
        NaN is missing.
    partner : ndarray of int, shape (point,), optional
        For each point the one that it becomes in a mirrored image: left and right of a person.
    """

    rig: CameraRig
    pixels: NDArray
    partner: NDArray | None = None
    _rays: dict[Role, tuple[NDArray, NDArray]] = field(default_factory=dict, repr=False)
    _distances: dict[tuple[Role, Role], float] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        checked_array(self.pixels, "pixels", (len(self.rig), "time", "point", 2))

    @cached_property
    def cap_px(self) -> float:
        """Distance beyond which two rays are as wrong as can be."""
        return _CAP_SHARE * max(max(camera.size) for camera in self.rig)

    def shared(self) -> NDArray:
        """Return the number of points that two cameras share, shape (camera, camera)."""
        seen = np.isfinite(self.pixels).all(axis=-1).reshape(len(self.rig), -1).astype(float)
        return np.rint(seen @ seen.T).astype(np.int64)

    def rays(self, role: Role) -> tuple[NDArray, NDArray]:
        """Return ideal rays, shape (time * point, 2), NaN where the lens has none, and which points were seen."""
        self.prepare((role,))
        return self._rays[role]

    def prepare(self, roles: tuple[Role, ...]) -> None:
        """Compute the rays of many roles, camera by camera: compiled code inverts the lens where points are many."""
        for index, camera in enumerate(self.rig):
            new = [role for role in roles if role.camera == index and role not in self._rays]
            if new:
                pixels = np.stack([self._restored(role) for role in new]).reshape(len(new), -1, 2)
                for role, rays, seen in zip(
                    new, camera.undistort(pixels)[0], np.isfinite(pixels).all(axis=-1), strict=True
                ):
                    self._rays[role] = rays, seen

    def _restored(self, role: Role) -> NDArray:
        pixels = self.pixels[role.footage]
        if role.change is None:
            return pixels
        pixels = restored(pixels, role.change, self.rig.cameras[role.camera].size)
        return pixels[:, self.partner] if role.change.reflects and self.partner is not None else pixels

    def distance(self, one: Role, other: Role) -> float:
        """Return how far the points that two roles share are apart, px: sigma of Gaussian noise; NaN for too few."""
        known = self._distances.get((one, other))
        if known is None:
            known = self._distances[one, other] = self._distance(one, other)
        return known

    def _distance(self, one: Role, other: Role) -> float:
        self.prepare(tuple(role for role in (one, other) if role not in self._rays))
        rays, seen = zip(self._rays[one], self._rays[other], strict=True)
        both = seen[0] & seen[1]
        if np.count_nonzero(both) < LEAST_POINTS:
            return float("nan")
        cameras = self.rig.cameras[one.camera], self.rig.cameras[other.camera]
        apart = sampson_distance_px(*cameras, rays[0][both], rays[1][both])
        # A ray that the lens cannot have seen counts as wrong.
        return min(_middle(np.where(np.isnan(apart), self.cap_px, apart)) / _MEDIAN, self.cap_px)

    def without_partner(self) -> "Evidence":
        """Return the same points that keep their names in a mirrored image; what is known of the others is kept."""
        rays = {role: known for role, known in self._rays.items() if not _reflects(role)}
        distances = {pair: known for pair, known in self._distances.items() if not any(map(_reflects, pair))}
        return Evidence(self.rig, self.pixels, None, rays, distances)

    def score(self, roles: tuple[Role, ...]) -> float:
        """Return the root mean square over all pairs of roles that share points, px.

        Raises
        ------
        CalibrationError
            NOTHING_SHARED when no two cameras share enough points.
        """
        squares = [self.distance(one, other) ** 2 for one, other in combinations(roles, 2)]
        known = [value for value in squares if np.isfinite(value)]
        if not known:
            raise CalibrationError(
                f"No two cameras share {LEAST_POINTS} points of the footage.",
                "Show the board, the wand or the person where two cameras see it at once.",
                code="NOTHING_SHARED",
            )
        return float(np.sqrt(np.mean(known)))

    def as_named(self) -> tuple[Role, ...]:
        """Return the roles in which each footage is that of its own camera, unchanged."""
        return tuple(Role(index, index) for index in range(len(self.rig)))


def _reflects(role: Role) -> bool:
    return role.change is not None and role.change.reflects


def _middle(values: NDArray) -> float:
    """Median of finite values: a tenth of the time of `numpy.median` for some hundred of them."""
    half = len(values) // 2
    if len(values) % 2:
        return float(np.partition(values, half)[half])
    low, high = np.partition(values, (half - 1, half))[half - 1 : half + 1]
    return float((low + high) / 2)


def median_px(apart: NDArray) -> float:
    """Return the sigma of Gaussian noise with the median of these distances; NaN for too few."""
    known = apart[np.isfinite(apart)]
    return float(np.median(known)) / _MEDIAN if len(known) >= LEAST_POINTS else float("nan")


def pair_table(evidence: Evidence, roles: tuple[Role, ...]) -> NDArray:
    """Return the distance of every pair of roles, shape (role, role), px; NaN for too few and on the diagonal."""
    table = np.full((len(roles), len(roles)), np.nan)
    for i, j in combinations(range(len(roles)), 2):
        table[i, j] = table[j, i] = evidence.distance(roles[i], roles[j])
    return table
