"""Ground reaction forces from the channels of force plates: what the floor does to the person, in the world.

Source of the formulas and the order of channels and corners: the C3D format, type 2 of force plates (c3d.org,
"FORCE_PLATFORM"). The plate's z points down; its origin lies below the surface, so that a positive third component is
taken as written the other way round, as some programs do.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mocap.trial import Analog, ForcePlate

#: Vertical force below which a plate counts as unloaded, N: no force then, and no place of it.
UNLOADED_N = 20.0
_PER_METRE = {"NM": 1.0, "N.M": 1.0, "N*M": 1.0, "NMM": 1e-3, "N.MM": 1e-3, "N*MM": 1e-3}
_SMALLEST_M2 = 1e-3  # nobody stands on less
_MEASURED = 2  # forces and moments in units of their own


@dataclass(frozen=True, eq=False)
class GroundForce:
    """What one plate does to the person.

    Attributes
    ----------
    force : ndarray, shape (sample, 3)
        N, world, up +; 0 while the plate is unloaded.
    place : ndarray, shape (sample, 3)
        Centre of pressure, m, world; 0 while the plate is unloaded.
    moment : ndarray, shape (sample, 3)
        Free moment about the normal of the plate, Nm, world; 0 while the plate is unloaded.
    why : str
        Why nothing is known, then all are NaN; empty otherwise.
    """

    force: NDArray
    place: NDArray
    moment: NDArray
    why: str = ""


def ground_forces(analog: Analog, plates: Sequence[ForcePlate]) -> tuple[GroundForce, ...]:
    """Return the force of each plate on the person, over the samples of the analog channels."""
    return tuple(_ground_force(analog, plate) for plate in plates)


def _ground_force(analog: Analog, plate: ForcePlate) -> GroundForce:
    channels, why = _channels(analog, plate)
    if channels is None:
        nothing = np.full((len(analog.values), 3), np.nan)
        return GroundForce(nothing, nothing, nothing, why)
    world_from_plate, centre = _axes(plate.corners_world)
    origin = plate.origin_plate * (-1.0 if plate.origin_plate[2] > 0 else 1.0)
    force, moment = channels[:, :3], channels[:, 3:]
    loaded = np.abs(force[:, 2]) >= UNLOADED_N
    # The floor pushes: channels of the force on the plate are turned round.
    if np.nansum(force[loaded, 2]) * world_from_plate[2, 2] < 0:
        force, moment = -force, -moment
    with np.errstate(divide="ignore", invalid="ignore"):
        x = (origin[2] * force[:, 0] - moment[:, 1]) / force[:, 2]
        y = (origin[2] * force[:, 1] + moment[:, 0]) / force[:, 2]
    turn = moment[:, 2] - x * force[:, 1] + y * force[:, 0]
    nought = np.zeros(len(force))
    place = np.column_stack([x - origin[0], y - origin[1], nought]) @ world_from_plate.T + centre
    free = np.column_stack([nought, nought, turn]) @ world_from_plate.T
    # What is missing is not unloaded.
    off = (np.isfinite(channels).all(axis=1) & ~loaded)[:, None]
    return GroundForce(
        np.where(off, 0.0, force @ world_from_plate.T), np.where(off, 0.0, place), np.where(off, 0.0, free)
    )


def _channels(analog: Analog, plate: ForcePlate) -> tuple[NDArray | None, str]:
    """Forces in N and moments in Nm about the plate's origin, shape (sample, 6), or why they are not known."""
    if plate.kind != _MEASURED:
        return None, f"force plates of type {plate.kind} are not turned into forces"
    if len(plate.channels) < 6 or min(plate.channels[:6]) < 0 or max(plate.channels[:6]) >= len(analog.names):
        return None, "its channels are not in the file"
    along, across = _edges(plate.corners_world)
    if not np.linalg.norm(np.cross(along, across)) > _SMALLEST_M2 or not np.isfinite(plate.origin_plate).all():
        return None, "its corners span no surface, or its origin is not known"
    values = analog.values[:, list(plate.channels[:6])]
    units = [analog.units[channel].strip().upper() for channel in plate.channels[:6]]
    if set(units[:3]) != {"N"} or not set(units[3:]) <= set(_PER_METRE):
        return None, f"its channels are in {', '.join(unit or 'no unit' for unit in units)}"
    return values * np.array([1.0, 1.0, 1.0, *(_PER_METRE[unit] for unit in units[3:])]), ""


def _edges(corners: NDArray) -> tuple[NDArray, NDArray]:
    """Along x and y of the plate, each twice as long as the edge, m."""
    return corners[0] + corners[3] - corners[1] - corners[2], corners[0] + corners[1] - corners[2] - corners[3]


def _axes(corners: NDArray) -> tuple[NDArray, NDArray]:
    """Rotation from the plate's axes to the world, and the centre of its surface."""
    along, across = _edges(corners)
    x = along / np.linalg.norm(along)
    z = np.cross(x, across)
    z = z / np.linalg.norm(z)
    return np.column_stack([x, np.cross(z, x), z]), corners.mean(axis=0)
