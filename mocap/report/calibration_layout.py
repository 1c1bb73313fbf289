"""Where the cameras hang and how well they measure, place by place: the plan of a calibrated rig."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration import CameraRig
from calibration.quality.error_map import ErrorMap
from mocap.report.svg import colour, colour_bar, haloed, picture, points_text, shape, text, ticks

_ORANGE, _MARGIN, _BAR = "#ff7f0e", 0.07, 58.0
_LABEL = 28.0  # px that a length along the ruler takes
_TALLEST = 0.9  # height over width
_MOST_NAMED = 8


@dataclass(frozen=True, eq=False)
class _Sheet:
    """Places in m to places in the picture."""

    low: NDArray
    high: NDArray
    scale: float

    @property
    def width(self) -> float:
        return float((self.high - self.low)[0] * self.scale)

    @property
    def height(self) -> float:
        return float((self.high - self.low)[1] * self.scale)

    def place(self, points: NDArray) -> NDArray:
        return np.stack([points[..., 0] - self.low[0], self.high[1] - points[..., 1]], axis=-1) * self.scale


def layout_picture(
    rig: CameraRig, errors: ErrorMap, above: bool, path_world: NDArray | None = None, width: float = 440.0
) -> str:
    """Draw cameras, what they see, and the worst error of the calibration over the depth of the picture.

    Parameters
    ----------
    rig : CameraRig
    errors : ErrorMap
    above : bool
        From above, or else from the side.
    path_world : ndarray, shape (frame, 3), optional
        Drawn as a line, with gaps where it is NaN.
    """
    axes = (0, 1, 2) if above else (0, 2, 1)
    flat = list(axes[:2])
    grid = errors.grid_world @ errors.display.T
    centres = (np.stack([camera.centre_world for camera in rig]) @ errors.display.T)[:, flat]
    ahead = (np.stack([camera.cam_from_world[2, :3] for camera in rig]) @ errors.display.T)[:, flat]
    every = np.concatenate([grid.reshape(-1, 3)[:, flat], centres])
    margin = _MARGIN * float(np.ptp(every, axis=0).max()) + 0.1
    low, high = every.min(axis=0) - margin, every.max(axis=0) + margin
    low, high = _not_too_narrow(low, high)
    sheet = _Sheet(low, high, float(min((width - _BAR) / (high - low)[0], _TALLEST * width / (high - low)[1])))
    frame = shape("rect", x=0.5, y=0.5, width=sheet.width - 1, height=sheet.height - 1, fill="none", stroke="#ccc")
    shapes = [*_ruler(sheet), *_map(errors, grid, axes, sheet), frame]
    if path_world is not None:
        shapes.append(_path((path_world @ errors.display.T)[:, flat], sheet))
    # From the side cameras stand one behind the other, and many names would cover them.
    shapes += _cameras(rig, centres, ahead, sheet, above or len(rig) <= _MOST_NAMED)
    view = "from above" if above else "from the side"
    return picture(sheet.width + _BAR, sheet.height, shapes, f"Cameras and the map of errors, {view}")


def _path(path: NDArray, sheet: _Sheet) -> str:
    known = np.isfinite(path).all(axis=1)
    starts = known & ~np.append(False, known[:-1])
    steps = zip(sheet.place(path[known]), starts[known], strict=True)
    line = "".join(f"{'M' if first else 'L'}{x:.1f} {y:.1f}" for (x, y), first in steps)
    return shape("path", d=line, fill="none", stroke="#123f66", stroke_width=0.9, stroke_opacity=0.75)


def _not_too_narrow(low: NDArray, high: NDArray) -> tuple[NDArray, NDArray]:
    """Widen the shorter side of a sheet to a third of the longer one."""
    size = high - low
    lacking = np.maximum(size.max() / 3 - size, 0.0) / 2
    return low - lacking, high + lacking


def _ruler(sheet: _Sheet) -> list[str]:
    shapes = []
    for value in ticks(float(sheet.low[0]), float(sheet.high[0]), 6):
        x = float((value - sheet.low[0]) * sheet.scale)
        shapes.append(shape("line", x1=x, y1=0, x2=x, y2=sheet.height, stroke="#eee"))
        if x + _LABEL <= sheet.width:
            shapes.append(text(x + 2, sheet.height - 4, f"{value:g} m", 9, fill="#888"))
    for value in ticks(float(sheet.low[1]), float(sheet.high[1]), 6):
        y = float((sheet.high[1] - value) * sheet.scale)
        shapes += [shape("line", x1=0, y1=y, x2=sheet.width, y2=y, stroke="#eee"),
                   text(3, y - 2, f"{value:g} m", 9, fill="#888")]  # fmt: skip
    return shapes


def _map(errors: ErrorMap, grid: NDArray, axes: tuple[int, int, int], sheet: _Sheet) -> list[str]:
    sd_mm = errors.calibration_sd_mm
    if not np.isfinite(sd_mm).any():
        return []
    worst = np.where(np.isfinite(sd_mm), sd_mm, -1.0).max(axis=axes[2])
    blind = np.asarray((errors.n_views < 2).any(axis=axes[2]))
    top = float(np.percentile(worst[worst >= 0], 98)) or 1.0
    middles = np.take(grid, 0, axis=axes[2])[..., list(axes[:2])]
    size = np.array([np.diff(middles, axis=k)[..., k].max() if middles.shape[k] > 1 else 0.1 for k in (0, 1)])
    width, height = (float(length) for length in size * sheet.scale)
    shapes = []
    for index in np.ndindex(*worst.shape):
        x, y = (float(value) for value in sheet.place(middles[index]) - np.array([width, height]) / 2)
        fill = colour(worst[index] / top, heat=True) if worst[index] >= 0 else "#ddd"
        shapes.append(shape("rect", x=x, y=y, width=width, height=height, fill=fill))
        if blind[index]:
            shapes.append(shape("path", d=f"M{x:.1f} {y + height:.1f}L{x + width:.1f} {y:.1f}", stroke="#555",
                                stroke_width=0.8))  # fmt: skip
    return [*shapes, colour_bar(sheet.width + 8, 8, min(sheet.height - 16, 160), 0.0, top, "1 sd, mm", heat=True)]


def _cameras(rig: CameraRig, centres: NDArray, ahead: NDArray, sheet: _Sheet, named: bool) -> list[str]:
    shapes, length = [], 0.1 * float((sheet.high - sheet.low).max())
    for camera, centre, forward in zip(rig, centres, ahead, strict=True):
        half = float(np.arctan(0.5 * camera.size[0] / camera.matrix[0, 0]))
        turn = np.arctan2(forward[1], forward[0]) + np.array([-half, half])
        reach = length * max(float(np.linalg.norm(forward)), 0.3)  # short when it looks out of the picture
        ends = centre + reach * np.stack([np.cos(turn), np.sin(turn)], axis=1)
        corners = sheet.place(np.stack([centre, *ends]))
        x, y = (float(value) for value in corners[0])
        shapes += [
            shape("polygon", points=points_text(corners), fill=_ORANGE, fill_opacity=0.3, stroke=_ORANGE),
            shape("circle", cx=x, cy=y, r=3.5, fill="#b35806"),
        ]  # fmt: skip
        if named:
            x, y = min(max(x, 16.0), sheet.width - 16), y - 7 if y > 20 else y + 15
            shapes.append(haloed(x, y, camera.name, 11))
    return shapes
