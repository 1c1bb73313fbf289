"""Pictures of a calibration's page: coverage, overlays, shared views, residuals over time."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration import CameraRig
from calibration.initial.extrinsics import MIN_SHARED_VIEWS
from calibration.quality.coverage import CameraCoverage
from calibration.quality.view_graph import ViewGraph
from mocap.report.svg import SERIES, colour, haloed, photograph, picture, shape, text, ticks

_GRAY, _ORANGE, _CYAN = "#999", "#ff7f0e", "#00b7c7"
_MOST_POINTS = 400  # of a line over time
_MOST_LABELLED = 12  # cameras with room for numbers beside them
_MAGNIFIED = 10  # residuals in overlays


@dataclass(frozen=True, eq=False)
class Overlay:
    """One view of the board with what was detected and what the model says.

    Attributes
    ----------
    camera : str
    title : str
    gray : ndarray of uint8, shape (height, width)
        The whole frame.
    detected, reprojected : ndarray, shape (corner, 2)
        Px; NaN where there is none.
    """

    camera: str
    title: str
    gray: NDArray
    detected: NDArray
    reprojected: NDArray


def coverage_picture(coverage: CameraCoverage, size: tuple[int, int], name: str, width: float = 250.0) -> str:
    """Draw how many corners fell into each part of an image."""
    rows, columns = coverage.counts.shape
    height = width * size[1] / size[0]
    cell, most = (width / columns, height / rows), max(int(coverage.counts.max()), 1)
    shapes = [shape("rect", x=0.5, y=0.5, width=width - 1, height=height - 1, fill="#f3f3f3", stroke=_GRAY)]
    for row, column in np.argwhere(coverage.counts > 0):
        share = np.log1p(coverage.counts[row, column]) / np.log1p(most)
        shapes.append(shape("rect", x=float(column * cell[0]), y=float(row * cell[1]), width=float(cell[0]),
                            height=float(cell[1]), fill=colour(0.15 + 0.85 * share)))  # fmt: skip
    if coverage.with_ray is not None and not coverage.with_ray.all():
        shapes.append(_hatching(coverage.with_ray, width, height))
    return picture(width, height, shapes, f"Parts of the image of {name} in which corners were seen")


def no_ray(coverage: CameraCoverage) -> str:
    """Return a sentence on what is hatched in a picture of coverage; nothing where nothing is."""
    return f" Hatched: no ray, {100 * (1 - coverage.ray_share):.0f} %." if coverage.ray_share < 1.0 else ""


def _hatching(with_ray: NDArray, width: float, height: float) -> str:
    """Strokes across the places of an image, shape (row, column), for which the lens has no ray."""
    rows, columns = with_ray.shape
    across, down = width / columns, height / rows
    strokes = "".join(
        f"M{column * across:.1f} {(row + 1) * down:.1f}l{across:.1f} {-down:.1f}"
        for row, column in np.argwhere(~with_ray)
    )
    return shape("path", d=strokes, stroke=_ORANGE, stroke_width=1, fill="none")


def overlay_picture(overlay: Overlay, width: float = 400.0) -> str:
    """Draw the part of a frame around the board: rings where corners were detected, crosses where the model has them.

    Lines lead from ring to cross, ten times as long as the residual is.
    """
    known = overlay.detected[np.isfinite(overlay.detected).all(axis=1)]
    left, top, right, bottom = _crop(known, overlay.gray.shape)
    part = overlay.gray[top:bottom, left:right]
    scale = width / (right - left)
    height = (bottom - top) * scale
    shapes = [shape("image", href=photograph(part, round(1.05 * width)), x=0, y=0, width=width, height=float(height))]
    for seen, model in zip(overlay.detected, overlay.reprojected, strict=True):
        if not np.isfinite([seen, model]).all():
            continue
        (x, y), (u, v) = ((place - (left, top) + 0.5) * scale for place in (seen, model))
        far = np.array([x, y]) + _MAGNIFIED * np.array([u - x, v - y])
        shapes += [
            shape("path", d=f"M{x:.1f} {y:.1f}L{far[0]:.1f} {far[1]:.1f}", stroke=_ORANGE, stroke_width=1.2),
            shape("circle", cx=float(x), cy=float(y), r=4, fill="none", stroke=_CYAN, stroke_width=1.4),
            shape("path", d=f"M{u - 3:.1f} {v:.1f}h6M{u:.1f} {v - 3:.1f}v6", stroke=_ORANGE, stroke_width=1.2),
        ]
    return picture(width, height, shapes, f"Detected and reprojected corners in a frame of {overlay.camera}")


def _crop(known: NDArray, size: tuple[int, ...]) -> tuple[int, int, int, int]:
    low, high = known.min(axis=0), known.max(axis=0)
    half = max(0.75 * float((high - low).max()), 40.0)
    middle = (low + high) / 2
    wide = np.array([half * 1.25, half])  # a little wider than high, as pages are
    left, top = np.maximum(np.floor(middle - wide), 0).astype(int)
    right, bottom = np.minimum(np.ceil(middle + wide), [size[1], size[0]]).astype(int)
    return int(left), int(top), int(max(right, left + 2)), int(max(bottom, top + 2))


def graph_picture(rig: CameraRig, graph: ViewGraph, display: NDArray, width: float = 460.0) -> str:
    """Draw which cameras saw the board together: thick lines many views, the number beside them.

    Parameters
    ----------
    rig : CameraRig
    graph : ViewGraph
    display : ndarray, shape (3, 3)
        Rows: right, up and towards the reader of a picture from above. Cameras keep their order around the volume.
    """
    centres = np.stack([camera.centre_world for camera in rig]) @ display.T
    off = centres[:, :2] - centres[:, :2].mean(axis=0)
    order = np.argsort(np.argsort(np.arctan2(off[:, 1], off[:, 0])))
    angle = 2 * np.pi * order / len(rig)
    height = 0.72 * width
    places = np.stack([width / 2 + 0.36 * width * np.cos(angle), height / 2 - 0.4 * height * np.sin(angle)], axis=1)
    most = max(int(np.triu(graph.views, 1).max()), 1) if len(rig) > 1 else 1
    lines, labels = [], []
    for one, other in zip(*np.nonzero(np.triu(graph.views, 1)), strict=True):
        count = int(graph.views[one, other])
        (x, y), (u, v) = places[one], places[other]
        weak = count < MIN_SHARED_VIEWS
        lines.append(shape("line", x1=float(x), y1=float(y), x2=float(u), y2=float(v),
                           stroke="#d62728" if weak else "#6b93b8", stroke_width=1 + 7 * count / most,
                           stroke_dasharray="4 3" if weak else "none", stroke_opacity=0.65))  # fmt: skip
        if len(rig) <= _MOST_LABELLED:
            # A third along, so that lines across the middle do not share a place.
            labels.append(haloed(0.64 * x + 0.36 * u, 0.64 * y + 0.36 * v, count))
    nodes = []
    for (x, y), name, group in zip(places, graph.names, graph.group, strict=True):
        nodes += [shape("circle", cx=float(x), cy=float(y), r=7, fill=SERIES[group % len(SERIES)], stroke="#fff"),
                  haloed(x, y - 12, name, 11)]  # fmt: skip
    return picture(width, height, [*lines, *labels, *nodes], "Cameras that saw the board together")


def residual_picture(residuals: Mapping[str, Mapping[str, NDArray]], width: float = 900.0) -> str:
    """Draw the residual of every view over time, one row per camera, and by its points when the board was seen.

    Parameters
    ----------
    residuals : mapping of str to mapping
        Per camera `frames` and `rms_px`, shape (view,) each.
    """
    left, row, right = 120.0, 44.0 if len(residuals) <= _MOST_LABELLED else 26.0, width - 20
    known = [own for own in residuals.values() if len(own["frames"])]
    if not known:
        return ""
    first, last = min(int(own["frames"][0]) for own in known), max(int(own["frames"][-1]) for own in known)
    top = max(float(np.percentile(np.concatenate([own["rms_px"] for own in known]), 99)), 1e-9)
    height = row * len(residuals) + 26
    span = max(last - first, 1)
    shapes = []
    for value in ticks(float(first), float(last), 9):
        x = left + (value - first) / span * (right - left)
        shapes += [shape("line", x1=float(x), y1=0, x2=float(x), y2=height - 22, stroke="#eee"),
                   text(x, height - 8, f"{value:.0f}", 10, "middle")]  # fmt: skip
    for index, (name, own) in enumerate(residuals.items()):
        base = row * (index + 1)
        shapes += [shape("line", x1=left, y1=base, x2=right, y2=base, stroke="#ccc"),
                   text(left - 8, base - 12, name, 11, "end", "#222"),
                   text(left - 8, base - 2, f"0 to {top:.2g} px", 9, "end", "#888")]  # fmt: skip
        frames, rms = _thinned(np.asarray(own["frames"], float), np.asarray(own["rms_px"], float))
        across = left + (frames - first) / span * (right - left)
        upward = base - (row - 8) * np.minimum(rms / top, 1.0)
        # Points as strokes without length: a tenth of the text of as many circles.
        dots = "".join(f"M{u:.1f} {v:.1f}h0" for u, v in zip(across, upward, strict=True))
        shapes.append(shape("path", d=dots, stroke=SERIES[index % len(SERIES)], stroke_width=3.4,
                            stroke_linecap="round"))  # fmt: skip
    shapes.append(text(left - 10, height - 8, "frame", 10, "end"))
    return picture(width, height, shapes, "Residual of each view over time")


def _thinned(frames: NDArray, rms: NDArray) -> tuple[NDArray, NDArray]:
    """Take the worst of neighbouring views where there are more than a picture can show."""
    if len(frames) <= _MOST_POINTS:
        return frames, rms
    cuts = np.linspace(0, len(frames), _MOST_POINTS + 1).astype(int)[:-1]
    return frames[cuts], np.maximum.reduceat(rms, cuts)
