"""A BVH file parsed anew, its skeleton moved, and every segment held against the trial."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mocap.export.bvh import HELD, JOINTS, held_rows, joint_rows, turned_poses
from mocap.export.bvh_tree import Joint, joints_of
from mocap.export.differences import Difference, number_differences, word_differences
from mocap.export.plain import beside, csv_text, plain_names
from mocap.export.tables_back import text_table_differences
from mocap.trial import Trial

_MOST = 1e-9  # of rotations and metres: sums of angles to the last bit


@dataclass
class _Node:
    name: str
    parent: int
    offset: list[float] = field(default_factory=list)
    channels: list[str] = field(default_factory=list)


def bvh_differences(trial: Trial, path: Path) -> tuple[Difference, ...]:
    """Return what files of `export_bvh` at a path have otherwise than the trial."""
    segments = trial.segments
    assert segments is not None  # or nothing was written
    joints = joints_of(segments.names, segments.world_from_segment)
    poses = segments.world_from_segment[:, [segments.names.index(joint.name) for joint in joints]]
    found: list[Difference] = []
    try:
        nodes, step, table = _parsed(path.read_text(encoding="utf-8"))
        found += number_differences(f"{path.name}, frame time", 1 / trial.points.rate_hz, step)
        found += _moved(path.name, trial, joints, poses, nodes, table)
    except (OSError, ValueError, IndexError, KeyError, StopIteration) as error:
        found.append(Difference(path.name, f"is not read: {error or type(error).__name__}"))
    for what, header, rows in (("joints", JOINTS, joint_rows(joints, poses)),
                               ("held", HELD, held_rows(joints, poses, trial.points.time_s))):  # fmt: skip
        found += text_table_differences(beside(path, what), csv_text(header, rows))
    return tuple(found)


def _moved(
    item: str, trial: Trial, joints: list[Joint], poses: NDArray, nodes: list[_Node], table: NDArray
) -> list[Difference]:
    labels = plain_names([joint.name for joint in joints], "_")
    if sorted(labels) != sorted(node.name for node in nodes):
        return [*word_differences(f"{item}, joints", sorted(labels), sorted(node.name for node in nodes))]
    if table.shape != (len(poses), 6 + 3 * (len(nodes) - 1)):
        return [Difference(item, f"has {table.shape[0]} frames of {table.shape[1]} channels")]
    turns, places = _forward(nodes, table)
    expected, origins = turned_poses(poses, trial.forward_axis)
    found: list[Difference] = []
    for place, (label, joint) in enumerate(zip(labels, joints, strict=True)):
        node = next(index for index, one in enumerate(nodes) if one.name == label)
        known = np.isfinite(poses[:, place]).all(axis=(1, 2))
        found += number_differences(f"{item}, rotation of {label}", expected[known, place], turns[known, node], _MOST)
        parent = nodes[nodes[node].parent].name if nodes[node].parent >= 0 else ""
        found += word_differences(f"{item}, parent of {label}", [labels[joint.parent] if joint.parent >= 0 else ""],
                                  [parent])  # fmt: skip
        if joint.parent < 0:
            found += number_differences(f"{item}, place of {label}", origins[known, place], places[known, node], _MOST)
            continue
        # The joint in the axes of its parent, which is where the tree has it from its parent.
        offset = expected[:, joint.parent].transpose(0, 2, 1) @ (
            places[:, node] - places[:, nodes[node].parent])[..., None]  # fmt: skip
        both = known & np.isfinite(poses[:, joint.parent]).all(axis=(1, 2))
        wanted = joint.in_parent - joints[joint.parent].in_segment
        turned = np.array([-wanted[2], wanted[1], wanted[0]])
        found += number_differences(f"{item}, offset of {label}", np.tile(turned, (both.sum(), 1)), offset[both, :, 0],
                                    _MOST)  # fmt: skip
    return found


def _parsed(text: str) -> tuple[list[_Node], float, NDArray]:
    """Joints in the order of their channels, frame time, and values, shape (frame, channel)."""
    head, motion = text.split("MOTION\n", 1)
    nodes: list[_Node] = []
    stack: list[int] = []
    for line in head.splitlines():
        words = line.split()
        if words[0] in ("ROOT", "JOINT"):
            nodes.append(_Node(words[1], stack[-1] if stack else -1))
            current = len(nodes) - 1
        elif words[0] == "End":
            current = -1
        elif words[0] == "{":
            stack.append(current)
        elif words[0] == "}":
            stack.pop()
        elif words[0] == "OFFSET" and stack[-1] >= 0:
            nodes[stack[-1]].offset = [float(word) for word in words[1:4]]
        elif words[0] == "CHANNELS":
            nodes[stack[-1]].channels = words[2:]
            if len({*words[2:]}) != int(words[1]):
                raise ValueError(f"channels {' '.join(words[1:])}")
    frames, step, *rows = motion.splitlines()
    table = np.array([[float(word) for word in row.split()] for row in rows])
    if int(frames.split(":")[1]) != len(table):
        raise ValueError(f"{frames}, but {len(table)} rows")
    return nodes, float(step.split(":")[1]), table


def _forward(nodes: list[_Node], table: NDArray) -> tuple[NDArray, NDArray]:
    """Rotations (frame, node, 3, 3) and places (frame, node, 3) of a moved skeleton."""
    turns, places = np.empty((len(table), len(nodes), 3, 3)), np.empty((len(table), len(nodes), 3))
    column = 0
    for index, node in enumerate(nodes):
        turn = np.broadcast_to(np.eye(3), (len(table), 3, 3))
        shift = np.tile(node.offset, (len(table), 1))
        for channel in node.channels:
            values, axis = table[:, column], "XYZ".index(channel[0])
            column += 1
            if channel.endswith("position"):
                shift[:, axis] = values
            else:
                turn = turn @ _about(axis, np.deg2rad(values))
        if node.parent >= 0:
            up = turns[:, node.parent]
            turns[:, index], places[:, index] = up @ turn, places[:, node.parent] + np.einsum("tij,tj->ti", up, shift)
        else:
            turns[:, index], places[:, index] = turn, shift
    return turns, places


def _about(axis: int, angles: NDArray) -> NDArray:
    first, second = (axis + 1) % 3, (axis + 2) % 3
    turn = np.tile(np.eye(3), (len(angles), 1, 1))
    turn[:, first, first] = turn[:, second, second] = np.cos(angles)
    turn[:, second, first] = np.sin(angles)
    turn[:, first, second] = -np.sin(angles)
    return turn
