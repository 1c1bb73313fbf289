"""What misplaced spinous markers leave in the curves of the spine, against the same markers moved on the same bones."""

import numpy as np
import pytest

from mocap.kinematics import Kinematics, kinematics
from mocap.synthetic import default_subject, squat, static_standing
from mocap.trial import Points3D

SUBJECT = default_subject()
STATIC, TRIAL = static_standing(SUBJECT, seconds=1.0).points, squat(SUBJECT, repetitions=1).points
BONES = {
    **dict.fromkeys(("RASIS", "LASIS", "RPSIS", "LPSIS", "S1", "L4"), "pelvis"),
    **dict.fromkeys(("L2", "T12", "T10", "C7"), "thorax"),
}
ALL = ("lumbar_curvature", "thoracic_curvature", "lumbar_flexion", "thoracopelvic_flexion")
STEP_M, SD_M = 1e-5, 0.005


def _with_spine(points: Points3D, whole: Kinematics, every: int, trunk: tuple[str, ...]) -> Points3D:
    """The recording without clusters, with spinous markers between the PSIS and T12 that bulge backward."""
    position = points.position
    at = {name: position[:, points.names.index(name)] for name in ("RPSIS", "LPSIS", "T12")}
    axes = whole.segments.world_from_segment[:, whole.segments.names.index("pelvis"), :3, :3]
    s1 = (at["RPSIS"] + at["LPSIS"]) / 2 + 0.005 * axes[..., 0]
    line = at["T12"] - s1
    extra = {"S1": s1, "L4": s1 + 0.3 * line + 0.02 * axes[..., 0], "L2": s1 + 0.65 * line + 0.02 * axes[..., 0]}
    kept = [name for name in points.names if name in (*BONES, *trunk)]
    columns = [*(position[:, points.names.index(name)] for name in kept), *extra.values()]
    return Points3D(np.stack(columns, axis=1)[::every], [*kept, *extra], points.rate_hz / every)


@pytest.mark.parametrize("trunk", [("CLAV", "STRN"), pytest.param((), marks=pytest.mark.heavy)])
def test_misplaced_spinous_markers_leave_what_is_stated(trunk: tuple[str, ...]) -> None:
    wholes, everies = [kinematics(one, "landmarks", STATIC) for one in (TRIAL, STATIC)], (12, 10)
    parts = [_with_spine(*one, trunk) for one in zip((TRIAL, STATIC), wholes, everies, strict=True)]
    result = kinematics(parts[0], "landmarks", parts[1], measured=False)
    angles = result.angles
    columns = [angles.names.index(name) for name in ALL]
    bottom = int(np.argmin(parts[0].point("RASIS")[:, 2]))
    square, change = np.zeros((len(angles.values), len(ALL))), np.zeros(len(ALL))
    for name, bone in BONES.items():
        if name not in parts[0].names:
            continue
        for direction in np.eye(3) * STEP_M:
            moved = []
            for one, whole, every in zip(parts, wholes, everies, strict=True):
                position = np.array(one.position)
                turning = bone if trunk else "pelvis"  # nothing shows the thorax without sternum
                column = whole.segments.names.index(turning)
                axes = whole.segments.world_from_segment[::every, column, :3, :3]
                position[:, one.names.index(name)] += axes @ direction
                moved.append(Points3D(position, one.names, one.rate_hz))
            values = kinematics(moved[0], "landmarks", moved[1], measured=False).angles.values
            shift = (values - angles.values)[:, columns] / STEP_M * SD_M
            square += shift**2
            change += (shift[bottom] - shift[0]) ** 2
    whole_sd = np.sqrt(np.median(square, axis=0))
    assert result.placement is not None
    for place, (name, column) in enumerate(zip(ALL, columns, strict=True)):
        stated = result.placement.change_sd(name, np.array([0]), np.array([bottom]))
        told = np.rad2deg([angles.u_landmark[column], whole_sd[place], stated, change[place] ** 0.5])
        print(trunk, name, told.round(3), np.rad2deg(angles.u_landmark_change[column]).round(3))
        assert angles.u_landmark[column] == pytest.approx(whole_sd[place], rel=0.05, abs=np.deg2rad(0.02)), name
        # Measured within 1 % (deg): with the sternum lumbar 1.76 and thoracic 0.42, without it 2.26 and 5.06. With the
        # places along the spine for known, 1.73 and 0.61, 1.53 and 5.13 were stated.
        assert stated == pytest.approx(change[place] ** 0.5, rel=0.05, abs=np.deg2rad(0.02)), name
        assert angles.u_landmark_change[column] >= 0.95 * change[place] ** 0.5 - np.deg2rad(0.02), name
