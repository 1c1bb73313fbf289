"""The skeleton of segments as BVH, which Blender and other animation programs read.

Y is up, Z is ahead, X is to the left, lengths are in metres; with all angles at 0 every segment stands upright. A tree
of joints has constant lengths and no gaps: how far segments part at a joint, and where a pose was held because it was
missing, is told beside it.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from calibration.files import write_texts
from mocap.export.bvh_tree import Joint, joints_of
from mocap.export.plain import Cell, beside, csv_text, nothing_to_write, number, plain_names
from mocap.trial import Trial

# X, Y, Z of the file (left, up, ahead) in the axes of a segment (X anterior, Y up, Z right).
_FILE_FROM_SEGMENT = np.array([[0.0, 0, -1], [0, 1, 0], [1, 0, 0]])
_AHEAD = {"x": (1.0, 0, 0), "-x": (-1.0, 0, 0), "y": (0, 1.0, 0), "-y": (0, -1.0, 0)}
# The root turns about the vertical first, all others bend first: the angle in the middle stays below 90 deg.
ROOT_ORDER, ORDER = "YXZ", "XZY"
# Where the last bone of a branch ends, in the axes of the file, m: for the eye alone.
_ENDS = {"foot": (0.0, -0.03, 0.2), "toes": (0.0, 0.0, 0.06), "head": (0.0, 0.15, 0.0), "thorax": (0.0, 0.15, 0.0)}
_END = (0.0, -0.2, 0.0)
JOINTS = ("joint", "segment", "parent", "x_m", "y_m", "z_m", "frames", "held", "parting_mean_mm", "parting_most_mm")
HELD = ("joint", "first_frame", "last_frame", "first_time_s", "last_time_s")


def export_bvh(trial: Trial, path: Path | str) -> tuple[Path, ...]:
    """Write the segments as a BVH skeleton, and beside it what a skeleton cannot hold.

    Parameters
    ----------
    trial : Trial
    path : path
        Ending in `.bvh`. Beside it lie `<stem>_joints.csv` (a row per joint: what it hangs on, where, frames held, how
        far the segments part there) and `<stem>_held.csv` (stretches of frames, counted from 1, in which a pose is
        missing and the one before, or the first one, was held).

    Returns
    -------
    tuple of Path
        What was written.

    Raises
    ------
    ExportError
        `EXPORT_EMPTY` without segments that have a pose.
    SourceError
        `WRITE_FAILED`; what was there before is then as it was.
    """
    path = Path(path)
    poses = np.empty((0, 0, 4, 4)) if trial.segments is None else trial.segments.world_from_segment
    joints = [] if trial.segments is None else joints_of(trial.segments.names, poses)
    if not joints or trial.segments is None:
        raise nothing_to_write("segments with a pose", "Run mocap kinematics first, or export points as trc or c3d.")
    own = poses[:, [trial.segments.names.index(joint.name) for joint in joints]]
    texts: dict[Path, str | bytes] = {
        path: _text(trial, joints, own),
        beside(path, "joints"): csv_text(JOINTS, joint_rows(joints, own)),
        beside(path, "held"): csv_text(HELD, held_rows(joints, own, trial.points.time_s)),
    }
    write_texts(texts, "WRITE_FAILED")
    return tuple(texts)


def file_from_world(forward: str) -> NDArray:
    """Return the rotation (3, 3) from the world into the axes of the file: left, up, ahead of the person."""
    ahead = np.array(_AHEAD.get(forward.strip().lower().removeprefix("+"), _AHEAD["x"]))
    up = np.array([0.0, 0.0, 1.0])
    return np.array([np.cross(up, ahead), up, ahead])


def turned_poses(poses: NDArray, forward: str) -> tuple[NDArray, NDArray]:
    """Return rotations (time, joint, 3, 3) and origins (time, joint, 3) of segments in the axes of the file."""
    turn = file_from_world(forward)
    return turn @ poses[..., :3, :3] @ _FILE_FROM_SEGMENT.T, np.einsum("ij,tkj->tki", turn, poses[..., :3, 3])


def joint_rows(joints: list[Joint], poses: NDArray) -> list[list[Cell]]:
    """Return the cells of `JOINTS`."""
    labels = plain_names([joint.name for joint in joints], "_")
    missing = ~np.isfinite(poses).all(axis=(2, 3))
    rows: list[list[Cell]] = []
    for place, (joint, offset) in enumerate(zip(joints, offsets(joints), strict=True)):
        apart = 1000 * joint.parting[np.isfinite(joint.parting)]
        rows.append([
            labels[place], joint.name, labels[joint.parent] if joint.parent >= 0 else "", *offset.tolist(), len(poses),
            int(missing[:, place].sum()), float(apart.mean()) if apart.size else float("nan"),
            float(apart.max()) if apart.size else float("nan"),
        ])  # fmt: skip
    return rows


def held_rows(joints: list[Joint], poses: NDArray, time_s: NDArray) -> list[list[Cell]]:
    """Return the cells of `HELD`."""
    labels = plain_names([joint.name for joint in joints], "_")
    missing = ~np.isfinite(poses).all(axis=(2, 3))
    rows: list[list[Cell]] = []
    for place, label in enumerate(labels):
        edges = np.flatnonzero(np.diff(np.concatenate([[False], missing[:, place], [False]]).astype(int)))
        for first, behind in edges.reshape(-1, 2).tolist():
            rows.append([label, first + 1, behind, float(time_s[first]), float(time_s[behind - 1])])
    return rows


def offsets(joints: list[Joint]) -> NDArray:
    """Return where each joint is from the one it hangs on, shape (joint, 3), in the axes of the file at rest."""
    places = np.array([
        joint.in_parent - joints[joint.parent].in_segment if joint.parent >= 0 else np.zeros(3) for joint in joints
    ])  # fmt: skip
    return places @ _FILE_FROM_SEGMENT.T


def _text(trial: Trial, joints: list[Joint], poses: NDArray) -> str:
    labels, places = plain_names([joint.name for joint in joints], "_"), offsets(joints)
    order: list[int] = []
    lines = ["HIERARCHY", *_branch(0, joints, labels, places, 0, order), "MOTION", f"Frames: {len(poses)}",
             f"Frame Time: {number(1 / trial.points.rate_hz)}"]  # fmt: skip
    turns, origins = turned_poses(_held(poses), trial.forward_axis)
    columns = [origins[:, 0]]
    for place in order:
        parent = joints[place].parent
        local = turns[:, place] if parent < 0 else turns[:, parent].transpose(0, 2, 1) @ turns[:, place]
        columns.append(_angles(local, ROOT_ORDER if parent < 0 else ORDER))
    table = np.concatenate(columns, axis=1)
    return "\n".join([*lines, *(" ".join(number(value) for value in row) for row in table.tolist())]) + "\n"


def _branch(
    place: int, joints: list[Joint], labels: tuple[str, ...], places: NDArray, depth: int, order: list[int]
) -> list[str]:
    """Lines of a joint and all that hangs on it; `order` is that of the channels."""
    order.append(place)
    tab, root = "\t" * depth, joints[place].parent < 0
    turns = " ".join(f"{axis}rotation" for axis in (ROOT_ORDER if root else ORDER))
    channels = f"CHANNELS 6 Xposition Yposition Zposition {turns}" if root else f"CHANNELS 3 {turns}"
    head = (f"{tab}{'ROOT' if root else 'JOINT'} {labels[place]}", f"{tab}{{")
    lines = [*head, f"{tab}\tOFFSET {_numbers(places[place])}", f"{tab}\t{channels}"]
    children = [child for child, joint in enumerate(joints) if joint.parent == place]
    for child in children:
        lines += _branch(child, joints, labels, places, depth + 1, order)
    if not children:
        name = joints[place].name
        end = np.array(next((end for kind, end in _ENDS.items() if name.startswith(kind)), _END))
        lines += [f"{tab}\tEnd Site", f"{tab}\t{{", f"{tab}\t\tOFFSET {_numbers(end)}", f"{tab}\t}}"]
    return [*lines, f"{tab}}}"]


def _numbers(values: NDArray) -> str:
    return " ".join(number(value) for value in (values + 0.0).tolist())


def _held(poses: NDArray) -> NDArray:
    """Poses without gaps: the one before is held, the first one before it."""
    known = np.isfinite(poses).all(axis=(2, 3))
    frames = np.arange(len(poses))[:, None]
    last = np.maximum.accumulate(np.where(known, frames, -1), axis=0)
    last = np.where(last < 0, known.argmax(axis=0), last)
    return np.take_along_axis(poses, last[..., None, None], axis=0)


def _angles(turns: NDArray, order: str) -> NDArray:
    """Turns about the axes of an order, each about the axes as turned so far, shape (time, 3) in degrees, going on."""
    from scipy.spatial.transform import Rotation

    found = Rotation.from_matrix(turns).as_euler(order)
    return np.rad2deg(np.unwrap(found, axis=0))
