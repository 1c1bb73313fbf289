"""The page of a lab's plan: where cameras hang, and maps of the errors to expect."""

import base64
import html
import io
from collections.abc import Mapping, Sequence

import matplotlib

matplotlib.use("Agg")  # no display needed, no window ever opens

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from calibration import CameraRig

_STYLE = """body{font:15px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;color:#222}
h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2rem}table{border-collapse:collapse}
td,th{padding:.25rem .8rem;border-bottom:1px solid #ddd;text-align:right}td:first-child,th:first-child{text-align:left}
img{max-width:100%}p.note{color:#555}"""
_LABELS = {
    "point_sd_median_mm": "3D error of a point, 1 sd, median over the volume (mm)",
    "point_sd_p95_mm": "the same, 95th percentile (mm)",
    "volume_measured_pct": "share of the volume seen by two cameras or more (%)",
    "volume_seen_by_3_pct": "share seen by three or more: robust against one wrong view (%)",
    "pelvic_tilt_sd_median_deg": "pelvic tilt, 1 sd of one frame, median over places and facings (deg)",
    "pelvic_tilt_sd_p95_deg": "the same, 95th percentile (deg)",
    "pelvic_tilt_observable_pct": "share of places and facings in which pelvic tilt is observable (%)",
}


def plan_page(
    rig: CameraRig,
    room_m: Sequence[float],
    volume_m: Sequence[float],
    grid_world: NDArray,
    point_sd_mm: NDArray,
    n_views: NDArray,
    tilt_sd_deg: NDArray,
    figures: Mapping[str, float],
    rows: Sequence[Mapping[str, str | float]],
    suggested: bool,
) -> str:
    """Return the page as self-contained HTML.

    Parameters
    ----------
    rig : CameraRig
    room_m, volume_m : sequence of float
        Length, width and height.
    grid_world : ndarray, shape (x, y, z, 3)
        Metres.
    point_sd_mm, n_views : ndarray, shape (x, y, z)
    tilt_sd_deg : ndarray, shape (x, y, height, facing)
    figures : mapping of str to float
    rows : sequence of mapping
        One per camera, all with the same keys.
    suggested : bool
        Whether the places are suggestions.
    """
    picture = _png(_maps(rig, room_m, volume_m, grid_world, point_sd_mm, n_views, tilt_sd_deg))
    head = "".join(f"<th>{html.escape(str(key))}</th>" for key in rows[0])
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(str(value))}</td>" for value in row.values()) + "</tr>" for row in rows
    )
    numbers = "".join(
        f"<tr><td>{html.escape(_LABELS.get(key, key))}</td><td>{_number(value)}</td></tr>"
        for key, value in figures.items()
    )
    origin = "The places along the walls are suggestions." if suggested else "The places are those of the sketch."
    return f"""<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Plan of the lab</title>
<style>{_STYLE}</style></head><body><h1>Plan of the lab</h1>
<p>{len(rows)} cameras in a room of {" x ".join(f"{v:g}" for v in room_m)} m, measuring
{" x ".join(f"{v:g}" for v in volume_m)} m around its middle. {origin}</p>
<img alt="Maps of the expected errors" src="data:image/png;base64,{picture}">
<h2>What to expect</h2><table>{numbers}</table>
<h2>Where the cameras hang</h2><table><tr>{head}</tr>{body}</table>
<p class="note">Origin on the floor in the middle of the room, X along its first side, Z up. Pan is the direction of
view in the floor plane from X, tilt is above the horizon. Ideal lenses, independent noise of every coordinate, and
cameras that are known exactly: a calibration from 120 good views of a board adds about 0.1 mm with eight cameras and
0.4 mm with four, which counts beside the noise of markers alone. Furniture hides nothing. For pelvic tilt the body
itself hides the four pelvic landmarks from cameras that look at their skin at more than 70 deg from its normal;
gravity's uncertainty is included.</p>
</body></html>
"""


def _number(value: float) -> str:
    return f"{value:.3g}" if np.isfinite(value) else "none"


def _maps(
    rig: CameraRig, room_m: Sequence[float], volume_m: Sequence[float], grid: NDArray, sd_mm: NDArray,
    n_views: NDArray, tilt: NDArray,
) -> Figure:  # fmt: skip
    figure, panels = plt.subplots(2, 2, figsize=(11, 9))
    extent = (grid[0, 0, 0, 0], grid[-1, 0, 0, 0], grid[0, 0, 0, 1], grid[0, -1, 0, 1])
    layers = (
        (_over(sd_mm, 2), "3D error, worst over the height (1 sd, mm)", "viridis_r"),
        (_over(np.where(np.isfinite(tilt), tilt, np.inf), (2, 3)), "pelvic tilt, worst facing and depth (1 sd, deg)",
         "viridis_r"),
        (n_views.min(axis=2).astype(float), "cameras that see a point, fewest over the height", "viridis"),
    )  # fmt: skip
    for axis, (values, title, colours) in zip(panels.ravel(), layers, strict=False):
        image = np.where(np.isfinite(values), values, np.nan).T
        drawn = axis.imshow(image, origin="lower", extent=extent, cmap=colours, interpolation="nearest")
        figure.colorbar(drawn, ax=axis, shrink=0.8, ticks=MaxNLocator(integer=values is layers[2][0]))
        _room(axis, rig, room_m, volume_m, (0, 1))
        hole = "\nwhite: somewhere not measured" if np.isnan(image).any() else ""
        axis.set_title(title + hole, loc="left", fontsize=9)
    _room(panels[1, 1], rig, room_m, volume_m, (0, 2))
    panels[1, 1].set_title("from the side", loc="left", fontsize=9)
    figure.tight_layout()
    return figure


def _over(values: NDArray, axes: int | tuple[int, ...]) -> NDArray:
    return np.where(np.isfinite(values), values, np.inf).max(axis=axes)


def _room(
    axis: Axes, rig: CameraRig, room_m: Sequence[float], volume_m: Sequence[float], plane: tuple[int, int]
) -> None:
    for lengths, style in ((room_m, "-"), (volume_m, "--")):
        low = [-lengths[i] / 2 if i < 2 else 0.0 for i in plane]
        axis.add_patch(Rectangle((low[0], low[1]), lengths[plane[0]], lengths[plane[1]], fill=False, ls=style, lw=1))
    for camera in rig:
        centre, forward = camera.centre_world, camera.cam_from_world[2, :3]
        x, y = (float(centre[i]) for i in plane)
        tip_x, tip_y = (float((centre + 0.5 * forward)[i]) for i in plane)
        axis.annotate("", xy=(tip_x, tip_y), xytext=(x, y), arrowprops={"arrowstyle": "->", "color": "#d95f02"})
        axis.scatter(x, y, marker="s", color="#d95f02", s=20, zorder=3)
    for (x, y), names in _names_by_place(rig, plane).items():
        side = -1 if x > 0 else 1  # towards the middle: outside is no room for names
        height = -12 if plane[1] == 1 and y < 0 else 7  # away from the arrows, which point into the room
        axis.annotate(", ".join(names), (x, y), xytext=(6 * side, height), textcoords="offset points", fontsize=7,
                      color="#555555", ha="left" if side > 0 else "right")  # fmt: skip
    margin = 0.4
    axis.set_xlim(-room_m[plane[0]] / 2 - margin, room_m[plane[0]] / 2 + margin)
    bottom = -room_m[1] / 2 if plane[1] == 1 else 0.0
    axis.set_ylim(bottom - margin, bottom + room_m[plane[1]] + margin)
    axis.set_aspect("equal")
    axis.set_xlabel("X (m)")
    axis.set_ylabel("YZ"[plane[1] - 1] + " (m)")


def _names_by_place(rig: CameraRig, plane: tuple[int, int]) -> dict[tuple[float, float], list[str]]:
    """Cameras that hang behind each other share one label."""
    names: dict[tuple[float, float], list[str]] = {}
    for camera in rig:
        x, y = (round(float(camera.centre_world[i]), 1) for i in plane)
        names.setdefault((x, y), []).append(camera.name)
    return names


def _png(figure: Figure) -> str:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110, metadata={"Software": None})
    plt.close(figure)
    return base64.b64encode(buffer.getvalue()).decode()
