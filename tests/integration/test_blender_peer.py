"""Blender itself reads our BVH, and its bones move as the segments of the trial.

Needs the package `bpy` (extra `blender`), which the tests do without; it is made for one version of Python each.
"""

import numpy as np
import pytest

from mocap.export.bvh import export_bvh
from mocap.export.bvh_tree import joints_of
from mocap.synthetic import default_subject, squat
from mocap.trial import Trial

bpy = pytest.importorskip("bpy", reason="bpy is not installed (extra `blender`)")


# Blender leaves the file open for a while.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_its_bones_are_where_our_joints_are(tmp_path):
    made = squat(default_subject(), 1, wink_deg=[8.0], rate_hz=20.0)
    segments = made.segments
    path, *_ = export_bvh(Trial("t", made.points, segments=segments), tmp_path / "squat.bvh")
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.preferences.addon_enable(module="io_anim_bvh")
    bpy.ops.import_anim.bvh(filepath=str(path), update_scene_fps=True, update_scene_duration=True)
    scene, armature = bpy.context.scene, bpy.context.object
    assert scene.render.fps / scene.render.fps_base == pytest.approx(20.0)
    joints = joints_of(segments.names, segments.world_from_segment)
    assert {bone.name for bone in armature.pose.bones} == {joint.name for joint in joints}
    # Blender has Z up and -Y ahead, and so X to the left.
    world_from_blender = np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1]], float)
    parted: list[float] = []  # what constant lengths leave out on the way to each joint
    for joint in joints:
        parted.append(joint.parting.max() + (parted[joint.parent] if joint.parent >= 0 else 0.0))
    for frame in range(0, made.points.n_frames, 9):
        scene.frame_set(frame + 1)
        for joint, apart in zip(joints, parted, strict=True):
            bone = armature.pose.bones[joint.name]
            head = world_from_blender @ np.array(armature.matrix_world @ bone.head)
            pose = segments.world_from_segment[frame, segments.names.index(joint.name)]
            expected = pose[:3, 3] + pose[:3, :3] @ joint.in_segment
            # Measured: 12 mm at most, behind the chest.
            assert np.linalg.norm(head - expected) < apart + 1e-5, (frame, joint.name)
            # How the bone turned since the first frame is how the segment turned.
            turned = np.array((armature.matrix_world @ bone.matrix).to_3x3())
            scene.frame_set(1)
            before = np.array((armature.matrix_world @ bone.matrix).to_3x3())
            scene.frame_set(frame + 1)
            own = segments.world_from_segment[[frame, 0], segments.names.index(joint.name), :3, :3]
            found = world_from_blender @ turned @ before.T @ world_from_blender.T
            np.testing.assert_allclose(found, own[0] @ own[1].T, atol=2e-6, err_msg=joint.name)
