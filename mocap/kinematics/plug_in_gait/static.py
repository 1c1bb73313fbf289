"""What the standing trial fixes for Plug-in Gait: how each foot lies to the line from toe marker to ankle centre."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.body import SIDES, Setting, Zeros
from mocap.kinematics.observability import NotObservable
from mocap.kinematics.plug_in_gait.body import PlugInGaitBody
from mocap.kinematics.plug_in_gait.foot import FootOffset, mean_offset, standing_foot
from mocap.kinematics.traced import Vec

_PLACEMENT_FRAMES = 50


def foot_offsets(static: Mapping[str, NDArray], setting: Setting, flat: bool) -> dict[str, FootOffset]:
    """Return the offsets of the feet whose markers the static shows.

    Parameters
    ----------
    static : mapping of str to ndarray, shape (time, 3)
        Landmarks in the quiet frames, ISB-turned world, m. Vicon's means are over the whole file, which it takes to be
        quiet: steps in it would turn the foot.
    setting : Setting
        With the measures.
    flat : bool
        The feet stand flat: heel and toe marker are taken as level.
    """
    body = PlugInGaitBody({name: Vec(values) for name, values in static.items()}, {}, setting, Zeros())
    offsets = {}
    for side in SIDES:
        try:
            (toe, heel), plain = body.need(f"{side}MT2", f"{side}HEEL"), body.foot_to_ankle(side)
            found = mean_offset(plain, standing_foot(toe, heel, body.shank_axis(side), flat))
        except NotObservable:
            continue
        if found is not None:
            offsets[side] = FootOffset(*found, flat, _by_placement(static, setting, side, flat))
    return offsets


def _by_placement(
    static: Mapping[str, NDArray], setting: Setting, side: str, flat: bool
) -> dict[str, NDArray]:
    """Return FootOffset.by_placement, the mean over some frames."""
    there = np.flatnonzero(np.all([np.isfinite(values).all(axis=1) for values in static.values()], axis=0))
    if not len(there):
        there = np.arange(len(next(iter(static.values()))))
    frames = there[np.unique(np.linspace(0, len(there) - 1, _PLACEMENT_FRAMES).round().astype(int))]
    identity = np.broadcast_to(np.eye(3), (len(frames), 3, 3))
    points = {name: Vec(values[frames], {name: identity}) for name, values in static.items()}
    body = PlugInGaitBody(points, {}, setting, Zeros())
    toe, heel = body.need(f"{side}MT2", f"{side}HEEL")
    plain, standing = body.foot_to_ankle(side), standing_foot(toe, heel, body.shank_axis(side), flat)
    plain_from_world = np.swapaxes(plain.axes, -1, -2)
    turns = {}
    for name, home in body.homes(side).items():
        if name not in points:
            continue
        turn = standing.grad.get(name, 0.0) - plain.grad.get(name, 0.0)
        found = plain_from_world @ turn @ home.axes
        seen = np.isfinite(found).all(axis=(1, 2))
        if seen.any():
            turns[name] = found[seen].mean(axis=0)
    return turns
