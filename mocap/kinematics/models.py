"""Which body a model builds, and which of its angles it defines in its own way."""

from collections.abc import Mapping
from dataclasses import replace

from numpy.typing import NDArray

from mocap.kinematics.body import Body, Setting, Zeros
from mocap.kinematics.clusters import ClusterPose
from mocap.kinematics.heading import Heading
from mocap.kinematics.observability import Outcome
from mocap.kinematics.options import KinematicsOptions
from mocap.kinematics.plug_in_gait.body import PlugInGaitBody
from mocap.kinematics.plug_in_gait.outcomes import ankle_seconds, own_outcomes
from mocap.kinematics.plug_in_gait.static import foot_offsets
from mocap.kinematics.traced import Vec


def build_body(
    points: Mapping[str, Vec],
    poses: Mapping[str, ClusterPose],
    setting: Setting,
    zeros: Zeros,
    heading: Heading | None = None,
) -> Body:
    """Return the body of the setting's model; see `Body` for the parameters."""
    cls = Body if setting.plug_in_gait is None else PlugInGaitBody
    return cls(points, poses, setting, zeros, heading)


def outcomes_of_model(body: Body, found: Mapping[str, Outcome]) -> dict[str, Outcome]:
    """Return the outcomes that the body's model gives in place of the usual ones, `found` on it."""
    return own_outcomes(body, found) if isinstance(body, PlugInGaitBody) else {}


def hidden_seconds(body: Body) -> dict[tuple[str, ...], NDArray]:
    """Return second angles (rad, shape (time,)) of the body's model that are no angle of the project, by the names of
    the first and third ones, which lose their meaning where it nears a right angle."""
    return ankle_seconds(body) if isinstance(body, PlugInGaitBody) else {}


def with_model_zeros(
    zeros: Zeros, static: Mapping[str, NDArray], setting: Setting, options: KinematicsOptions
) -> Zeros:
    """Return the zeros with what the model takes from the static's quiet frames, positions of shape (time, 3) in m."""
    if setting.plug_in_gait is None:
        return zeros
    flat = options.foot == "flat" and setting.gravity_known
    return replace(zeros, plug_in_gait=foot_offsets(static, setting, flat))
