"""The sketch of a room, `room.toml`: its size, where people move, the lenses, and where cameras hang or may hang."""

from dataclasses import dataclass
from pathlib import Path

from mocap.config.build import build, read_toml
from mocap.errors import ConfigError

_MAX_M = 100.0
_MAX_PX, _MAX_DEG = 1000.0, 90.0


@dataclass(frozen=True)
class Lens:
    """Image size in px and horizontal field of view in degrees, of every camera that does not say otherwise."""

    size: tuple[int, int] = (1920, 1080)
    field_deg: float = 70.0


@dataclass(frozen=True)
class PlacedCamera:
    """A camera with a place: position and the point it aims at, in m; lens as the others unless given."""

    name: str
    position: tuple[float, float, float]
    aim: tuple[float, float, float] | None = None
    size: tuple[int, int] | None = None
    field_deg: float | None = None


@dataclass(frozen=True)
class Room:
    """A sketch of the room. The origin is on the floor in its middle, X along its first side, Z up; metres.

    Attributes
    ----------
    size : tuple of float
        Length along X, along Y, and height.
    volume : tuple of float
        Length, width and height of the space to be measured, on the floor around the origin.
    n_cameras : int, optional
        Places are suggested along the walls when no camera is given.
    mount_heights : tuple of float
        Heights on the walls at which cameras may hang.
    lens : Lens
    cameras : tuple of PlacedCamera
    pixel_sd : float
        Noise of one coordinate of a detected point, px: about 0.2 for markers and plates, 2 to 8 for pose detectors.
    gravity_sd_deg : float
        Of the angle between Z and up, both axes of tilt combined, as a calibration states it; of each axis, and so in
        pelvic tilt, it is less by the root of 2.
    """

    size: tuple[float, float, float]
    volume: tuple[float, float, float] = (2.0, 1.5, 2.0)
    n_cameras: int | None = None
    mount_heights: tuple[float, ...] = (1.0, 2.2)
    lens: Lens = Lens()
    cameras: tuple[PlacedCamera, ...] = ()
    pixel_sd: float = 1.0
    gravity_sd_deg: float = 0.1

    def __post_init__(self) -> None:
        _check(all(0 < length <= _MAX_M for length in self.size), f"size = {list(self.size)} is no room in metres")
        fits = all(0 < inner <= outer for inner, outer in zip(self.volume, self.size, strict=True))
        _check(fits, f"volume = {list(self.volume)} does not fit into the room of {list(self.size)} m")
        high = bool(self.mount_heights) and all(0 < height <= self.size[2] for height in self.mount_heights)
        _check(high, f"mount_heights = {list(self.mount_heights)} are not between the floor and the ceiling")
        _check(0 < self.pixel_sd < _MAX_PX, f"pixel_sd = {self.pixel_sd:g} px is not above 0 and below {_MAX_PX:g}")
        level = 0 <= self.gravity_sd_deg < _MAX_DEG
        _check(level, f"gravity_sd_deg = {self.gravity_sd_deg:g} deg is not between 0 and {_MAX_DEG:g}")
        _check(bool(self.cameras) or self.n_cameras is not None, "neither n_cameras nor any [[cameras]] is given")
        names = [camera.name for camera in self.cameras]
        _check(len(set(names)) == len(names), f"camera names {names} are doubled")
        _check(len(names) != 1, "one camera alone measures nothing")
        counted = self.n_cameras is None or 2 <= self.n_cameras <= 64
        _check(counted, f"n_cameras = {self.n_cameras} is not between 2 and 64")
        _check_lens(self.lens.size, self.lens.field_deg)
        for camera in self.cameras:
            _check_lens(camera.size, camera.field_deg)


def _check_lens(size: tuple[int, int] | None, field_deg: float | None) -> None:
    _check(size is None or min(size) > 0, f"an image of {size} px is none")
    _check(field_deg is None or 5 <= field_deg <= 150, f"field_deg = {field_deg} is not between 5 and 150 deg")


def _check(good: bool, cause: str) -> None:
    if not good:
        raise ConfigError(f"room: {cause}.", "Correct the sketch of the room; lengths are in m.", code="ROOM")


def read_room(path: str | Path) -> Room:
    """Read a `room.toml`.

    Raises
    ------
    SourceError, ConfigError
        FILE_MISSING, TOML, CONFIG_KEY, CONFIG_VALUE or ROOM.
    """
    return build(
        Room, read_toml(Path(path)), Path(path).name, example="configs/rooms/lab_6x5.toml shows all of them"
    )
