"""Cases of a blinded benchmark: people, movements, labs and faults, drawn from a seed that nobody can guess."""

from dataclasses import dataclass, replace

import numpy as np

from calibration import CameraRig
from calibration.synthetic import ring_rig
from mocap.synthetic.observation import observe
from mocap.synthetic.planted import Tempo, hip_hinge, static_standing
from mocap.synthetic.soft_tissue import with_skin_motion
from mocap.synthetic.squats import SquatStyle, squat
from mocap.synthetic.subject import default_subject
from mocap.synthetic.trial import SyntheticTrial
from mocap.trial import Keypoints2D

#: What each level does to the keypoints: pixel sigma, dropout, outliers, exchanged sides, cameras, soft tissue.
LEVELS = {
    "clean": (0.5, 0.0, 0.0, 0.0, 8, False),
    "lab": (1.0, 0.05, 0.01, 0.0, 6, False),
    "skin": (1.0, 0.05, 0.01, 0.0, 6, True),
    "hard": (2.0, 0.15, 0.05, 0.02, 5, True),
}
_NO_TUCK = 0.25  # part of the squats
_HINGES = 0.25  # part of the trials
_STANDING_S = 4.0


@dataclass(frozen=True)
class Case:
    """One trial of the benchmark.

    Attributes
    ----------
    name, level, task : str
        `level` is one of `LEVELS`, `task` `squat` or `hinge`.
    seed : int
    stature_m : float
    repetitions : int
    wink_deg, wink_onset : tuple of float
        One for each squat; 0 without a tuck.
    lumbar_share, depth, smoothing : float
    tilt_change_deg, lumbar_deg : float
        Of a hinge.
    descent_s : float
    """

    name: str
    level: str
    task: str
    seed: int
    stature_m: float
    repetitions: int
    wink_deg: tuple[float, ...]
    wink_onset: tuple[float, ...]
    lumbar_share: float
    depth: float
    smoothing: float
    tilt_change_deg: float
    lumbar_deg: float
    descent_s: float


@dataclass(frozen=True, eq=False)
class MadeCase:
    """What the cameras of a case saw, and what is true.

    Attributes
    ----------
    case : Case
    rig : CameraRig
    standing, movement : Keypoints2D
    true_standing, truth : SyntheticTrial
    """

    case: Case
    rig: CameraRig
    standing: Keypoints2D
    movement: Keypoints2D
    true_standing: SyntheticTrial
    truth: SyntheticTrial


def draw_cases(n_trials: int, seed: int, levels: tuple[str, ...] = tuple(LEVELS)) -> tuple[Case, ...]:
    """Return cases `T01`, `T02`, ...: levels in turn, all else by chance, so that no order tells a truth."""
    rng = np.random.default_rng(seed)
    digits = max(2, len(str(n_trials)))
    cases = []
    for number in range(n_trials):
        hinge = rng.random() < _HINGES
        repetitions = int(rng.integers(2, 4))
        tucks = np.where(rng.random(repetitions) < _NO_TUCK, 0.0, rng.uniform(3.0, 20.0, repetitions))
        cases.append(Case(
            f"T{number + 1:0{digits}d}", levels[number % len(levels)], "hinge" if hinge else "squat",
            _drawn(rng), float(rng.uniform(1.55, 1.95)), repetitions,
            tuple(float(one) for one in tucks), tuple(float(one) for one in rng.uniform(0.55, 0.92, repetitions)),
            float(rng.uniform(0.4, 0.95)), float(rng.uniform(0.40, 0.56)), float(rng.choice([0.0, 0.06])),
            float(rng.uniform(25.0, 50.0)), float(rng.uniform(0.0, 15.0)), float(rng.uniform(1.2, 2.2)),
        ))  # fmt: skip
    return tuple(cases)


def make_case(case: Case, rate_hz: float = 50.0) -> MadeCase:
    """Return what the cameras of a case saw, with its truth."""
    sigma, dropout, outliers, swaps, n_cameras, skin = LEVELS[case.level]
    own = np.random.default_rng(case.seed)
    seeds = [_drawn(own) for _ in range(6)]
    subject, rig = default_subject(case.stature_m, seed=seeds[0]), ring_rig(n_cameras, seeds[1])
    tempo = Tempo(descent_s=case.descent_s)
    if case.task == "squat":
        truth = squat(subject, case.repetitions, case.depth, case.wink_deg, case.wink_onset, case.lumbar_share,
                      style=SquatStyle(smoothing=case.smoothing), tempo=tempo, rate_hz=rate_hz)  # fmt: skip
    else:
        truth = hip_hinge(subject, case.repetitions, case.tilt_change_deg, case.lumbar_deg, tempo=tempo,
                          rate_hz=rate_hz)  # fmt: skip
    standing = static_standing(subject, _STANDING_S, rate_hz, sway_m=0.002, seed=seeds[2])
    moved = replace(truth, points=with_skin_motion(truth, seeds[3])) if skin else truth
    seen = observe(moved.points, rig, seeds[4], pixel_sigma=sigma, dropout=dropout, dropout_run=3,
                   outlier_fraction=outliers, swap_fraction=swaps, swap_run=5)  # fmt: skip
    # Who stands still is filmed until it is right.
    still = observe(standing.points, rig, seeds[5], pixel_sigma=sigma, dropout=dropout, dropout_run=3)
    return MadeCase(case, rig, still.keypoints, seen.keypoints, standing, truth)


def _drawn(rng: np.random.Generator) -> int:
    """A seed of 128 bits: shorter ones could be tried one by one until the cameras of a case come out."""
    return int.from_bytes(rng.bytes(16), "little")
