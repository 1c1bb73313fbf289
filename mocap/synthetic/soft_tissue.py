"""Skin that moves over the bones: seeded artefacts of markers that follow the movement, as soft tissue does.

Sizes and sites after the soft-tissue literature of squats: thigh clusters and the ASIS are the worst, and the error
grows with flexion of the hip. It is correlated with the movement, of its frequency, and alike in each repetition.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mocap.synthetic.motion import pose
from mocap.synthetic.rotations import WORLD_FROM_ISB, about, turn
from mocap.synthetic.trial import SyntheticTrial
from mocap.trial import Points3D

WANDER_HZ = 2.0


@dataclass(frozen=True)
class SkinMotion:
    """How far markers leave their place on the bone at the deepest flexion of the trial, m.

    Attributes
    ----------
    thigh : float
        Markers of the thigh clusters.
    asis, psis : float
    condyles, shank : float
        Epicondyles; markers of the shank clusters.
    wander : float
        Part of it that follows not the movement but a slow wander of its own (below 2 Hz).
    """

    thigh: float = 0.010
    asis: float = 0.020
    psis: float = 0.0
    condyles: float = 0.0
    shank: float = 0.0
    wander: float = 0.3


def with_skin_motion(trial: SyntheticTrial, seed: int, skin: SkinMotion | None = None) -> Points3D:
    """Return the points of a trial with markers displaced by soft tissue.

    Parameters
    ----------
    trial : SyntheticTrial
    seed : int
        Draws for every marker its direction in the bone's axes, and its wander.
    skin : SkinMotion, optional

    Returns
    -------
    Points3D
        Each marker is displaced along its own direction by its size times (1 - wander) of the flexion of its hip
        (of its knee, on the shank), scaled from 0 in the first frame to 1 at the trial's greatest, plus `wander`
        times a slow wave. Both ASIS share half of their direction, upwards: the same fold of skin lifts them.
    """
    skin = skin or SkinMotion()
    body = pose(trial.subject, trial.motion)
    world_from_isb = about("z", trial.motion.heading) @ WORLD_FROM_ISB
    position = trial.points.position.copy()
    names = trial.points.names
    for index, name in enumerate(names):
        size, segment, joint = _site(name, skin)
        # One stream per marker: leaving a marker out changes no other.
        rng = np.random.default_rng([seed, index])
        if size == 0:
            continue
        direction = rng.normal(size=3)
        direction /= np.linalg.norm(direction)
        if name.endswith("ASIS"):
            direction += np.array([0.0, 1.0, 0.0])
            direction /= np.linalg.norm(direction)
        how_far = (1 - skin.wander) * _grown(trial.motion.curves[joint]) + skin.wander * _wave(rng, trial)
        offset = turn(body.rotation[segment], direction) * (size * how_far)[:, None]
        position[:, index] += turn(world_from_isb, offset)
    return replace(trial.points, position=position)


def _site(name: str, skin: SkinMotion) -> tuple[float, str, str]:
    """Return how far a marker moves, on which segment, with the flexion of which joint."""
    side = name[0].lower()
    sites: Mapping[str, tuple[float, str, str]] = {
        "ASIS": (skin.asis, "pelvis", f"hip_flexion_{side}"),
        "PSIS": (skin.psis, "pelvis", f"hip_flexion_{side}"),
        "TH": (skin.thigh, f"femur_{side}", f"hip_flexion_{side}"),
        "LFE": (skin.condyles, f"femur_{side}", f"knee_flexion_{side}"),
        "MFE": (skin.condyles, f"femur_{side}", f"knee_flexion_{side}"),
        "SH": (skin.shank, f"shank_dist_{side}", f"knee_flexion_{side}"),
    }
    plain = name[1:].rstrip("123456789")
    return sites[plain] if name[0] in "RL" and plain in sites else (0.0, "", "")


def _grown(flexion: NDArray) -> NDArray:
    """Return flexion scaled from 0 in the first frame to 1 at its greatest; 0 where it never grows."""
    grown = flexion - flexion[0]
    return grown / max(float(np.max(np.abs(grown))), 1e-9)


def _wave(rng: np.random.Generator, trial: SyntheticTrial) -> NDArray:
    """Return a wave within -1 to 1 of three sines below `WANDER_HZ`, 0 in the first frame."""
    time_s = trial.time_s - trial.time_s[0]
    frequency = rng.uniform(0.2, WANDER_HZ, 3)
    return np.sin(2 * np.pi * frequency * time_s[:, None]).mean(axis=1)
