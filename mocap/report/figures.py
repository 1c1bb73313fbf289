"""Pictures of a result: angles with their bands, measured against a known truth, and where the cameras stand."""

from collections.abc import Mapping
from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # no display needed, no window ever opens

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from numpy.typing import NDArray

from calibration import CameraRig
from mocap.trial import JointAngles

_BLUE, _ORANGE, _GREY = "#1f77b4", "#d95f02", "#777777"


def plot_angles(
    path: Path, angles: JointAngles, names: tuple[str, ...], truth_deg: Mapping[str, NDArray] | None = None
) -> None:
    """Write a picture of angles over time with their 95 % band, and of the truth where it is known.

    Parameters
    ----------
    path : Path
        PNG to write.
    angles : JointAngles
    names : tuple of str
        One panel each, from top to bottom.
    truth_deg : mapping of str to ndarray, shape (time,), optional
        Known answers in degrees.
    """
    figure, axes = plt.subplots(len(names), 1, figsize=(9, 2.3 * len(names)), sharex=True, squeeze=False)
    for axis, name in zip(axes[:, 0], names, strict=True):
        _angle_panel(axis, angles, name, None if truth_deg is None else truth_deg.get(name))
    axes[-1, 0].set_xlabel("time (s)")
    axes[0, 0].legend(loc="upper right", fontsize=8, frameon=False)
    _save(figure, path)


def _angle_panel(axis: Axes, angles: JointAngles, name: str, truth_deg: NDArray | None) -> None:
    definition = angles.definition(name)
    title = f"{name}   (+ {definition.positive})" if definition.observable else f"{name}: not observable"
    axis.set_title(title, loc="left", fontsize=9)
    axis.set_ylabel("deg")
    axis.grid(alpha=0.25)
    values, band = angles.deg(name), 1.96 * angles.sd_deg(name)
    axis.plot(angles.time_s, values, color=_BLUE, lw=1.5, label="measured")
    if np.isfinite(band).any():
        axis.fill_between(angles.time_s, values - band, values + band, color=_BLUE, alpha=0.25, lw=0, label="95 % band")
    if truth_deg is not None:
        axis.plot(angles.time_s, truth_deg, color=_ORANGE, lw=1.0, ls="--", label="truth")


def plot_rig(path: Path, rig: CameraRig, points_world: NDArray) -> None:
    """Write a picture of the cameras around the person, from above and from the side.

    Parameters
    ----------
    path : Path
        PNG to write.
    rig : CameraRig
    points_world : ndarray, shape (point, 3)
        For instance one frame of the person, in metres.
    """
    figure, panels = plt.subplots(1, 2, figsize=(10, 4.6))
    for axis, (across, upward), title in zip(panels, ((0, 1), (0, 2)), ("from above", "from the side"), strict=True):
        axis.scatter(points_world[:, across], points_world[:, upward], s=8, color=_BLUE, label="points")
        for camera in rig:
            centre = camera.centre_world
            forward = camera.cam_from_world[2, :3]  # the viewing direction, in the world
            axis.annotate(
                "", xy=(centre + 0.5 * forward)[[across, upward]], xytext=centre[[across, upward]],
                arrowprops={"arrowstyle": "->", "color": _ORANGE},
            )  # fmt: skip
            axis.text(*centre[[across, upward]], camera.name, fontsize=8, color=_GREY)
            axis.scatter(*centre[[across, upward]], marker="s", color=_ORANGE, s=20)
        axis.set_title(title, loc="left", fontsize=9)
        axis.set_xlabel("X (m)")
        axis.set_ylabel("YZ"[upward - 1] + " (m)")
        axis.set_aspect("equal", adjustable="datalim")
        axis.grid(alpha=0.25)
    _save(figure, path)


def plot_errors(path: Path, errors_mm: NDArray, names: tuple[str, ...], limit_mm: float) -> None:
    """Write a picture of the 3D error per keypoint: median and 95th percentile.

    Parameters
    ----------
    path : Path
        PNG to write.
    errors_mm : ndarray, shape (time, keypoint)
        Distance from the truth; NaN is missing.
    names : tuple of str
    limit_mm : float
        Drawn as a line: the limit of the overall median.
    """
    middle, high = np.nanpercentile(errors_mm, [50, 95], axis=0)
    order = np.argsort(middle)
    figure, axis = plt.subplots(figsize=(9, 0.17 * len(names) + 1.2))
    rows = np.arange(len(names))
    axis.barh(rows, high[order], color=_BLUE, alpha=0.3, label="95th percentile")
    axis.barh(rows, middle[order], color=_BLUE, label="median")
    axis.axvline(limit_mm, color=_ORANGE, ls="--", lw=1, label="limit of the median")
    axis.set_yticks(rows, [names[i] for i in order], fontsize=6)
    axis.set_ylim(-0.6, len(names) - 0.4)
    axis.set_xlabel("3D error (mm)")
    axis.legend(fontsize=8, frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3)
    _save(figure, path)


def _save(figure: "plt.Figure", path: Path) -> None:
    figure.tight_layout()
    # No date and no version: the same result gives the same bytes. By this word our own pictures are known again.
    figure.savefig(path, dpi=110, metadata={"Software": "mocap"})
    plt.close(figure)
