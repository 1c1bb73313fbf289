"""A plan of a lab: cameras in a room, and how well points and pelvic tilt would be measured in it."""

import csv
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from calibration import CameraRig
from calibration.files import write_texts
from calibration.planning import PointForecast, choose_places, forecast_points, ideal_camera
from mocap.config.presets import preset_path
from mocap.config.room import Lens, Room, read_room
from mocap.errors import ConfigError
from mocap.kinematics import joint_angles
from mocap.pipeline.output_kinds import PLACES, PLAN
from mocap.pipeline.outputs import check_output, check_outputs
from mocap.synthetic import default_subject
from mocap.trial import Points3D

GRID_STEP_M = 0.25
_PLACES_PER_WALL = 9
_HIGHEST_SHARE = 0.9  # of the height of a low room, at which cameras still hang
_AIM_HEIGHT_M = 1.0
_PELVIS_HEIGHT_M = (0.95, 0.45)  # standing, and at the bottom of a deep squat
_FACINGS_DEG = tuple(range(0, 360, 45))
_LANDMARKS = ("RASIS", "LASIS", "RPSIS", "LPSIS")
# Outward directions of the skin at the landmarks, in the pelvis frame: forward, to the left.
_NORMALS = np.array([[0.9, -0.44, 0.0], [0.9, 0.44, 0.0], [-0.97, -0.26, 0.0], [-0.97, 0.26, 0.0]])


@dataclass(frozen=True, eq=False)
class LabPlan:
    """Where cameras hang, and what to expect.

    Attributes
    ----------
    rig : CameraRig
    suggested : bool
        Whether the places are ours.
    grid_world : ndarray, shape (x, y, z, 3)
        Points of the volume, m.
    points : PointForecast
        At the grid, as if nothing hid them.
    floor_grid : ndarray, shape (x, y, 2)
        Where the person stands, m.
    tilt_sd_deg : ndarray, shape (x, y, height, facing)
        Expected standard deviation of pelvic tilt in one frame, for a pelvis standing and at the bottom of a squat
        and eight facing directions; NaN where the pelvis is not observable.
    facings_deg : tuple of float
    """

    rig: CameraRig
    suggested: bool
    grid_world: NDArray
    points: PointForecast
    floor_grid: NDArray
    tilt_sd_deg: NDArray
    facings_deg: tuple[float, ...]

    def summary(self) -> dict[str, float]:
        """Return the figures one plans by."""
        sd, tilt = self.points.sd_mm, self.tilt_sd_deg
        return {
            "point_sd_median_mm": _percentile(sd, 50),
            "point_sd_p95_mm": _percentile(sd, 95),
            "volume_measured_pct": 100 * float(np.isfinite(sd).mean()),
            "volume_seen_by_3_pct": 100 * float((self.points.n_views >= 3).mean()),
            "pelvic_tilt_sd_median_deg": _percentile(tilt, 50),
            "pelvic_tilt_sd_p95_deg": _percentile(tilt, 95),
            "pelvic_tilt_observable_pct": 100 * float(np.isfinite(tilt).mean()),
        }


def _percentile(values: NDArray, share: float) -> float:
    finite = values[np.isfinite(values)]
    return float(np.percentile(finite, share)) if finite.size else float("nan")


def plan_lab(room: Room) -> LabPlan:
    """Place cameras where the sketch leaves that open, and forecast what they would measure.

    Raises
    ------
    ConfigError
        ROOM when a camera hangs outside the room, or there are fewer places than cameras.
    """
    grid = _volume_grid(room)
    rig = _given(room) if room.cameras else _suggested(room)
    floor = grid[:, :, 0, :2]
    return LabPlan(
        rig, not room.cameras, grid, forecast_points(rig, grid, room.pixel_sd),
        floor, _tilt(rig, floor, room), tuple(float(angle) for angle in _FACINGS_DEG),
    )  # fmt: skip


def _volume_grid(room: Room) -> NDArray:
    x, y = (_axis(-length / 2, length / 2) for length in room.volume[:2])
    z = _axis(0.0, room.volume[2])
    return np.stack(np.meshgrid(x, y, z, indexing="ij"), axis=-1)


def _axis(low: float, high: float, step: float = GRID_STEP_M) -> NDArray:
    return np.linspace(low, high, max(round((high - low) / step), 1) + 1)


def _given(room: Room) -> CameraRig:
    cameras = []
    for camera in room.cameras:
        x, y, z = camera.position
        if abs(x) > room.size[0] / 2 or abs(y) > room.size[1] / 2 or not 0 <= z <= room.size[2]:
            raise ConfigError(
                f"room: camera '{camera.name}' at {list(camera.position)} m is outside the room.",
                "The origin is on the floor in the middle of the room; lengths are in m.",
                code="ROOM",
            )
        aim = np.array(camera.aim or (0.0, 0.0, _AIM_HEIGHT_M))
        size, field = camera.size or room.lens.size, camera.field_deg or room.lens.field_deg
        cameras.append(ideal_camera(camera.name, size, field, np.array(camera.position), aim))
    return CameraRig(tuple(cameras), {"world": "plan"})


def _suggested(room: Room) -> CameraRig:
    n_cameras = room.n_cameras or 0
    places = [(*wall, height) for wall in _wall_places(room) for height in room.mount_heights]
    if n_cameras > len(places):
        raise ConfigError(
            f"room: {n_cameras} cameras are wanted, {len(places)} places were looked at.",
            "Name more mount_heights, or give the cameras their places.",
            code="ROOM",
        )
    aim = np.array([0.0, 0.0, min(_AIM_HEIGHT_M, room.volume[2] / 2)])
    candidates = CameraRig(
        tuple(
            ideal_camera(f"place_{index}", room.lens.size, room.lens.field_deg, np.array(place), aim)
            for index, place in enumerate(places)
        ),
        {"world": "plan"},
    )
    points, normals = _skin(room)
    chosen = choose_places(candidates, n_cameras, points, normals)
    # Numbered in the order in which one walks along the walls.
    order = sorted(chosen, key=lambda camera: float(np.arctan2(*camera.centre_world[1::-1])))
    named = [
        ideal_camera(f"cam_{index:0{len(str(n_cameras - 1))}d}", camera.size, room.lens.field_deg,
                     camera.centre_world, aim)
        for index, camera in enumerate(order)
    ]  # fmt: skip
    return CameraRig(tuple(named), candidates.metadata)


def _skin(room: Room) -> tuple[NDArray, NDArray]:
    """Points of the volume, shape (point, 3), each as skin that faces one of eight directions."""
    x, y = (_axis(-length / 2, length / 2, 2 * GRID_STEP_M) for length in room.volume[:2])
    z = _axis(0.0, room.volume[2], 2 * GRID_STEP_M)
    points = np.stack(np.meshgrid(x, y, z, indexing="ij"), axis=-1).reshape(-1, 3)
    angles = np.deg2rad(_FACINGS_DEG)
    normals = np.stack([np.cos(angles), np.sin(angles), np.zeros(len(angles))], axis=1)
    return np.repeat(points, len(angles), axis=0), np.tile(normals, (len(points), 1))


def _wall_places(room: Room) -> list[tuple[float, float]]:
    x, y = room.size[0] / 2, room.size[1] / 2
    along = np.linspace(-1, 1, _PLACES_PER_WALL)[:-1]
    sides = [[(x * t, -y) for t in along], [(x, y * t) for t in along], [(-x * t, y) for t in along]]
    sides.append([(-x, -y * t) for t in along])
    return [(float(one), float(other)) for side in sides for one, other in side]


def _tilt(rig: CameraRig, floor: NDArray, room: Room) -> NDArray:
    """Standard deviation of pelvic tilt, shape (x, y, height, facing), in deg, gravity's included."""
    pelvis = np.stack([default_subject().landmarks["pelvis"][name] for name in _LANDMARKS])
    # The subject's segment frames have Y up and Z to the right; the world has Z up and Y to the left.
    pelvis = pelvis @ np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])
    angles = np.deg2rad(_FACINGS_DEG)
    turn = np.zeros((len(angles), 3, 3))
    turn[:, 0, 0], turn[:, 0, 1] = np.cos(angles), -np.sin(angles)
    turn[:, 1, 0], turn[:, 1, 1], turn[:, 2, 2] = np.sin(angles), np.cos(angles), 1.0
    places = np.concatenate(
        [np.broadcast_to(floor[:, :, None], (*floor.shape[:2], len(_PELVIS_HEIGHT_M), 2)),
         np.broadcast_to(np.array(_PELVIS_HEIGHT_M)[:, None], (*floor.shape[:2], len(_PELVIS_HEIGHT_M), 1))], axis=-1
    )  # fmt: skip
    turned = np.einsum("fij,kj->fki", turn, pelvis)
    points = places[..., None, None, :] + turned  # (x, y, height, facing, landmark, 3)
    normals = np.broadcast_to(np.einsum("fij,kj->fki", turn, _NORMALS), points.shape)
    forecast = forecast_points(rig, points, room.pixel_sd, normals)
    flat = points.reshape(-1, len(_LANDMARKS), 3)
    covariance = forecast.covariance.reshape(len(flat), len(_LANDMARKS), 3, 3)
    seen = np.isfinite(covariance).all(axis=(2, 3))
    position = np.where(seen[..., None], flat, np.nan)
    sd = np.full(len(flat), np.nan)
    if seen.all(axis=1).any():
        found = joint_angles(Points3D(position, _LANDMARKS, 1.0, covariance), marker_set="landmarks")
        # Of the two horizontal axes that share the vertical's error, the one from side to side tilts the pelvis.
        sd = np.hypot(found.sd_deg("pelvic_tilt"), room.gravity_sd_deg / np.sqrt(2.0))
    return sd.reshape(points.shape[:4])


def sketched_room(
    sketch: Path | None,
    size: str | None,
    n_cameras: int,
    volume: str,
    field_deg: float,
    image: str,
    pixel_sd: float,
    gravity_sd_deg: float,
) -> Room:
    """Return the room of a file or preset, or of a few numbers such as '6x5x2.8' m and '1920x1080' px.

    Raises
    ------
    ConfigError
        ROOM when there is neither a file nor a size, or both, or a size is none.
    """
    if (sketch is None) == (size is None):
        raise ConfigError(
            "Give either the sketch of a room or its size.", "mocap plan room.toml, or --room 6x5x2.8.", code="ROOM"
        )
    if sketch is not None:
        named = not sketch.exists() and not sketch.suffix and sketch.name == str(sketch)
        return read_room(preset_path("rooms", sketch.name) if named else sketch)
    width, height = _lengths(image, 2, "--image")
    if width % 1 or height % 1:
        raise ConfigError(f"--image '{image}' is no number of pixels.", "Write it as in 1920x1080.", code="ROOM")
    room = _lengths(str(size), 3, "--room")
    heights = tuple(min(one, _HIGHEST_SHARE * room[2]) for one in Room.mount_heights)
    return Room(
        room, _lengths(volume, 3, "--volume"), n_cameras, heights,  # type: ignore[arg-type]
        lens=Lens((int(width), int(height)), field_deg), pixel_sd=pixel_sd, gravity_sd_deg=gravity_sd_deg,
    )  # fmt: skip


def _lengths(text: str, count: int, option: str) -> tuple[float, ...]:
    try:
        numbers = tuple(float(part) for part in text.lower().split("x"))
    except ValueError:
        numbers = ()
    if len(numbers) != count or not np.isfinite(numbers).all():
        raise ConfigError(
            f"{option} '{text}' is not {count} numbers joined by 'x'.", "Write it as in --room 6x5x2.8.", code="ROOM"
        )
    return numbers


def write_plan(room: Room, out: Path, sketch: Path | None = None) -> LabPlan:
    """Plan a lab and write the page, and beside it the cameras' places as a table.

    Raises
    ------
    ConfigError
        PLAN_OUTPUT when page and table would be one file; OUTPUT_IS_INPUT and OUTPUT_OTHER when one of them would
        be written over the `sketch` or over what is no plan; ROOM as `plan_lab`.
    """
    from mocap.report.plan_page import plan_page

    check_output(out)
    if out.suffix.lower() == ".csv":
        raise ConfigError(
            f"{out} is where the table of the cameras' places goes; the page needs a name of its own.",
            "Name a page, such as --out plan.html.",
            code="PLAN_OUTPUT",
        )
    places = out.with_suffix(".csv")
    check_outputs({out: PLAN, places: PLACES}, [] if sketch is None else [sketch])
    plan = plan_lab(room)
    rows = camera_rows(plan.rig)
    page = plan_page(plan.rig, room.size, room.volume, plan.grid_world, plan.points.sd_mm, plan.points.n_views,
                     plan.tilt_sd_deg, plan.summary(), rows, plan.suggested)  # fmt: skip
    table = io.StringIO()
    writer = csv.DictWriter(table, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_texts({out: page, places: table.getvalue()}, "PLAN_NOT_WRITTEN")
    return plan


def camera_rows(rig: CameraRig) -> list[dict[str, str | float]]:
    """Return one row per camera: where to drill, and where to point it."""
    rows: list[dict[str, str | float]] = []
    for camera in rig:
        x, y, z = (round(float(value), 3) + 0.0 for value in camera.centre_world)  # no -0.0
        forward = camera.cam_from_world[2, :3]
        pan = round(float(np.rad2deg(np.arctan2(forward[1], forward[0]))), 1)
        tilt = round(float(np.rad2deg(np.arcsin(np.clip(forward[2], -1, 1)))), 1)
        rows.append({"name": camera.name, "x_m": x, "y_m": y, "z_m": z, "pan_deg": pan, "tilt_deg": tilt})
    return rows
