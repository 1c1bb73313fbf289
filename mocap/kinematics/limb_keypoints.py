"""Hip and knee where a pose detector's keypoints, and no markers, show the leg."""

import numpy as np

from mocap.kinematics.angles import angle_between, signed, traced_joint
from mocap.kinematics.body import SIDES, Body
from mocap.kinematics.observability import Outcome
from mocap.kinematics.segments import long_bone_frame
from mocap.kinematics.traced import Vec, carried, difference

NO_AXIS = "three points in a line or plane show no axis of the knee; epicondyles are needed"


def hip_of_thigh_line(body: Body, side: str, hip_words: str) -> dict[str, Outcome]:
    """Return the hip angles of a pelvis that is measured and a thigh of which only the long axis is known.

    `hip_words` says how the hip centre was found.

    Flexion and adduction of Rz(a) Rx(b) Ry(g) are those of the femur's long axis alone: its direction in the pelvis is
    (-sin a cos b, cos a cos b, sin b). Rotation about it is not observable.
    """
    pelvis = body.pelvis()
    # Any direction across the long axis serves: it changes the third angle alone.
    rightward = carried(pelvis, np.array([0.0, 0.0, 1.0]), Vec(np.zeros((body.n_frames, 3))))
    thigh = long_bone_frame(body.hip(side), body.knee(side), rightward)
    a, b, _ = traced_joint(pelvis, thigh)
    method = f"pelvis from {body.setting.pelvis_method}; {hip_words}; long axis of the thigh to the knee keypoint"
    return {
        "hip_flexion": Outcome(a, method),
        "hip_adduction": Outcome(signed(SIDES[side], b), method),
        "hip_rotation": Outcome(None, reason=f"a thigh line does not show rotation about itself: {NO_AXIS}"),
    }


def knee_of_three_points(body: Body, side: str) -> dict[str, Outcome]:
    """Return the bend of the knee as the included angle of hip, knee and ankle; its other angles are not observable."""
    knee, ankle = body.need(f"{side}KJC", f"{side}AJC")
    if body.setting.kind == "keypoints":
        (hip,) = body.need(f"{side}HJC")
        words = "hip, knee and ankle keypoints"
    else:
        hip = body.hip(side)
        words = f"hip {'keypoint' if body.hip_is_keypoint(side) else 'centre'}, knee and ankle keypoints"
    bend = angle_between(difference(knee, hip), difference(ankle, knee))
    flexion = Outcome(
        bend,
        f"three-point: 180 deg minus the included angle of {words}",
        reason="three points do not tell flexion from hyperextension or varus",
        sequence="included angle, no axes",
        zero="hip, knee and ankle in one line",
        positive="any bend",
        definition="Bend of the line hip, knee, ankle.",
    )
    return {"knee_flexion": flexion} | {name: Outcome(None, reason=NO_AXIS) for name in ("knee_varus", "knee_rotation")}
