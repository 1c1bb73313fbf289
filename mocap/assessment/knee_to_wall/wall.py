"""Where the wall is: three marked points or more on it, or a statement of the context."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mocap.assessment.movement import Movement

_FEWEST = 3
_THINNEST_M = 0.02  # spread across the line of the points: less, and the plane may turn about it
_PREFIX = "WALL"


@dataclass(frozen=True, eq=False)
class Wall:
    """A plane.

    Attributes
    ----------
    point, normal : ndarray, shape (3,)
        On it, and across it (either way); world, m.
    method : str
        What tells it; where nothing does, why.
    """

    point: NDArray
    normal: NDArray
    method: str

    @property
    def known(self) -> bool:
        """Whether there is a wall."""
        return bool(np.isfinite(self.point).all() and np.isfinite(self.normal).all())

    def before(self, places: NDArray, side_of: NDArray) -> NDArray:
        """Return the distance in m of places, shape (time, 3), in front of the wall; + is where `side_of` is."""
        sign = 1.0 if float((side_of - self.point) @ self.normal) >= 0 else -1.0
        return np.asarray(sign * (places - self.point) @ self.normal)


def find_wall(movement: Movement) -> Wall:
    """Return the wall of a trial.

    Of points named `WALL1`, `WALL2`, `WALL3`, ... the plane of least squares through their medians over the trial; else
    the vertical plane of the context's `wall_x_m` (along x of the world), turned about the vertical by `wall_turn_deg`.
    """
    names = sorted(name for name in movement.places if name.startswith(_PREFIX) and name[len(_PREFIX) :].isdigit())
    points = [np.nanmedian(movement.place(name), axis=0) for name in names
              if np.isfinite(movement.place(name)).all(axis=1).any()]  # fmt: skip
    if len(points) >= _FEWEST:
        return _through(np.array(points), names)
    x = movement.number("wall_x_m")
    if np.isfinite(x):
        turn = np.deg2rad(np.nan_to_num(movement.number("wall_turn_deg")))
        normal = np.array([np.cos(turn), np.sin(turn), 0.0])
        return Wall(np.array([x, 0.0, 0.0]), normal, f"as stated: x = {x:.3f} m, turned by {np.rad2deg(turn):.1f} deg")
    return _nowhere("no wall is known: neither points WALL1, WALL2, WALL3 on it nor `wall_x_m` in the context")


def _through(points: NDArray, names: list[str]) -> Wall:
    middle = points.mean(axis=0)
    _, spread, axes = np.linalg.svd(points - middle)
    if spread[1] / np.sqrt(len(points)) < _THINNEST_M:
        return _nowhere(f"the points {', '.join(names)} lie on a line, and show no plane")
    off = float(np.abs((points - middle) @ axes[2]).max())
    return Wall(middle, axes[2], f"plane through {', '.join(names)}, at most {1000 * off:.1f} mm off")


def _nowhere(why: str) -> Wall:
    unknown = np.full(3, np.nan)
    return Wall(unknown, unknown, why)
