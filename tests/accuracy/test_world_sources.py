"""Each source of the world on a calibrated synthetic rig: its error in degrees, and whether its interval holds it.

Gravity's error is that of what the rig measures: true points in the volume are projected by the true cameras,
triangulated by the calibrated ones, and aligned.
"""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import pytest

from calibration.boards.board import Board
from calibration.camera import CameraRig
from calibration.errors import CalibrationError, FormatError
from calibration.observations import BoardObservations
from calibration.quality.figures import aligning
from calibration.recipe import Calibration, calibrate
from calibration.rigid import from_rotvec
from calibration.synthetic.corners import observe_board
from calibration.synthetic.footage import board_poses, floor_pose
from calibration.synthetic.landmarks import observe_landmarks
from calibration.synthetic.rigs import ring_rig
from calibration.triangulation import triangulate
from calibration.world import check_feet, parse_landmarks

BOARD = Board("charuco", 6, 5, 0.1, 0.07, "DICT_4X4_50")
NOISE_PX = 0.5
N_POSES = 32
PLACES = [((-0.3, 0.25, 0.0), 0.0), ((0.4, 0.8, 0.0), 0.5), ((-0.8, -0.4, 0.0), 2.0)]


def small_rig(seed: int) -> CameraRig:
    """Three neighbours of a ring of eight."""
    rig = ring_rig(8, seed)
    return rig.subset(rig.names[:3])


def footage(rig: CameraRig, seed: int, noise_px: float = NOISE_PX):
    """A board in three places on the floor (frames 0, 1 and 2), then moving."""
    lying = [floor_pose(BOARD, spot) @ from_rotvec(np.array([0, 0, turn]), np.zeros(3)) for spot, turn in PLACES]
    poses = np.concatenate([np.stack(lying), board_poses(BOARD, N_POSES, seed)])
    return observe_board(rig, BOARD, poses, noise_px, seed)


def gravity_error_deg(result: Calibration, rig: CameraRig, seed: int) -> float:
    middles = board_poses(BOARD, N_POSES, seed) @ [*np.array(BOARD.size) / 2, 0.0, 1.0]
    pixels = rig.project(middles[:, :3])
    for camera, own in zip(rig, pixels, strict=True):
        own[~((own >= 0) & (own <= np.array(camera.size) - 1)).all(axis=1)] = np.nan
    found = triangulate(result.rig, pixels)
    seen = np.isfinite(found[:, 0])
    world_from_true = aligning(middles[seen, :3], found[seen])
    return float(np.rad2deg(np.arctan2(np.hypot(*world_from_true[:2, 2]), world_from_true[2, 2])))


def l_frame(rig: CameraRig, rng: np.random.Generator) -> dict:
    places = {"O": (0, 0, 0.02), "long": (0.6, 0, 0.02), "half": (0.3, 0, 0.02), "short": (0, 0.4, 0.02)}
    return observe_landmarks(rig, places, {n: {"world": list(p)} for n, p in places.items()}, NOISE_PX, rng)


def survey(rig: CameraRig, rng: np.random.Generator) -> dict:
    places = {f"P{i}": tuple(p) for i, p in enumerate(rng.uniform([-0.5, -0.5, 0], [0.5, 0.5, 1.2], (6, 3)))}
    return observe_landmarks(rig, places, {n: {"world": list(p)} for n, p in places.items()}, NOISE_PX, rng)


def lines(rig: CameraRig, rng: np.random.Generator, lean_deg: float) -> dict:
    places, keys = {"O": (0.0, 0.0, 0.0)}, {}
    for i, (x, y) in enumerate([(0.2, 0.3), (-0.3, 0.4), (0.3, -0.4)]):
        lean = np.deg2rad(lean_deg) / np.sqrt(2) * rng.standard_normal(2)
        for h in (0.1, 0.6, 1.1):
            places[f"{i} at {h}"] = (x + lean[0] * h, y + lean[1] * h, h)
            keys[f"{i} at {h}"] = {"line": f"line {i}"}
    return observe_landmarks(rig, places, keys, NOISE_PX, rng, origin="O")


def feet(rig: CameraRig, rng: np.random.Generator) -> dict:
    places, keys = {}, {}
    for i in range(14):
        x, y = rng.uniform(-0.5, 0.5, 2)
        for kind, height, ahead in (("heel", 0.03, 0.0), ("toe", 0.02, 0.2)):
            places[f"{kind} {i}"] = (x + ahead, y, height + 0.004 * rng.standard_normal())
            keys[f"{kind} {i}"] = {"kind": kind, "height": height}
    for i in range(4):
        places[f"swing {i}"] = (*rng.uniform(-0.5, 0.5, 2), rng.uniform(0.06, 0.3))
        keys[f"swing {i}"] = {"kind": "toe"}
    return observe_landmarks(rig, places, keys, NOISE_PX, rng)


LANDMARKS: dict[str, Callable[[CameraRig, np.random.Generator], dict]] = {
    "lframe": l_frame,
    "points": survey,
    "plumb": lambda rig, rng: lines(rig, rng, 0.0),
    "wand": lambda rig, rng: lines(rig, rng, 0.5),
    "feet": feet,
}


@lru_cache(maxsize=100)  # several tests look at the same rigs
def in_world(kind: str, seed: int) -> tuple[Calibration, float]:
    """Calibrate a rig in the world of a source; return it and gravity's error in degrees."""
    rig = small_rig(seed)
    landmarks = None
    if kind in LANDMARKS:
        landmarks = parse_landmarks(LANDMARKS[kind](rig, np.random.default_rng([3, seed])), rig.names)
    world = f"{kind}:file.toml" if landmarks else kind
    result = calibrate(footage(rig, seed), world=world, landmarks=landmarks)
    return result, gravity_error_deg(result, rig, seed)


# Measured over 300 rigs: RMS error of gravity in deg. Within the interval were of the L-frame 93.7 %; of feet 93.0 % of
# 200, of the plane through their contacts alone 94.2 % of 1500.
ERROR_DEG = {
    "floor:0": 0.21,
    "floor:0,1,2": 0.12,
    "lframe": 0.33,
    "points": 0.14,
    "plumb": 0.11,
    "wand": 0.32,
    "feet": 0.28,
}


@pytest.mark.parametrize("kind", ERROR_DEG)
def test_each_source_calibrates_a_rig_within_its_interval(kind: str) -> None:
    runs = [in_world(kind, seed) for seed in range(8)]
    errors = np.array([error for _, error in runs])
    limits = np.array([result.world.gravity_limit_deg for result, _ in runs])
    assert (errors < limits).sum() >= 6  # two of eight outside: 1 in 20 by chance; seeds are fixed
    assert np.sqrt(np.mean(errors**2)) < 1.6 * ERROR_DEG[kind]
    for result, _ in runs:
        metadata = result.rig.metadata
        assert result.rig.gravity_known and metadata["world_source"] == result.world.source
        assert metadata["world_gravity_sd_deg"] == result.world.gravity_sd_deg < 3 * ERROR_DEG[kind]


@pytest.mark.parametrize(
    ("kind", "n", "low", "high"),
    [
        ("floor:0", 24, 0.79, 1.0),  # fewer than 19 of 24 by chance once in 1000 runs
        pytest.param("floor:0", 60, 0.86, 1.0, marks=pytest.mark.heavy),  # fewer than 52 of 60 once in 350 runs
        pytest.param("floor:0", 1000, 0.93, 0.97, marks=pytest.mark.heavy),
        pytest.param("floor:0,1,2", 1000, 0.93, 0.97, marks=pytest.mark.heavy),
        *(pytest.param(kind, 300, 0.91, 0.985, marks=pytest.mark.heavy) for kind in LANDMARKS),
    ],
)
def test_the_stated_interval_of_gravity_holds_the_truth(kind: str, n: int, low: float, high: float) -> None:
    runs = [in_world(kind, seed) for seed in range(n)]
    held = np.mean([error < result.world.gravity_limit_deg for result, error in runs])
    rms = float(np.sqrt(np.mean([error**2 for _, error in runs])))
    stated = float(np.sqrt(np.mean([result.world.gravity_sd_deg**2 for result, _ in runs])))
    assert low <= held <= high, f"{held}, RMS error {rms:.3f} deg, stated {stated:.3f} deg"
    assert stated == pytest.approx(rms, rel=4 / np.sqrt(n))


def test_several_places_know_gravity_better_than_one() -> None:
    one = np.mean([in_world("floor:0", seed)[0].world.gravity_sd_deg for seed in range(4)])
    three = np.mean([in_world("floor:0,1,2", seed)[0].world.gravity_sd_deg for seed in range(4)])
    assert three < 0.6 * one


SEEDS = [0, *(pytest.param(seed, marks=pytest.mark.heavy) for seed in range(1, 20))]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_floor_board_upside_down_is_refused(seed: int) -> None:
    """Printed side down on a sheet of glass above low cameras."""
    rig = ring_rig(8, seed, height_m=0.5).subset(("cam_0", "cam_1", "cam_2"))
    over = from_rotvec(np.array([np.pi, 0.0, 0.0]), np.array([-0.3, -0.25, 1.95]))
    poses = np.concatenate([(over @ floor_pose(BOARD))[None], board_poses(BOARD, N_POSES, seed)])
    with pytest.raises(CalibrationError, match="WORLD_UPSIDE_DOWN: The board's printed side faces down"):
        calibrate(observe_board(rig, BOARD, poses, NOISE_PX, seed), world="floor:0")


@pytest.mark.parametrize("seed", SEEDS)
def test_a_board_on_a_ramp_is_refused_against_the_others(seed: int) -> None:
    rig = small_rig(seed)
    ramp = from_rotvec(np.array([0.0, np.deg2rad(8.0), 0.0]), np.array([0.0, 0.0, 0.1]))
    lying = [floor_pose(BOARD, spot) for spot, _ in PLACES]
    lying[1] = ramp @ lying[1]
    poses = np.concatenate([np.stack(lying), board_poses(BOARD, N_POSES, seed)])
    with pytest.raises(CalibrationError, match=r"FLOOR_INCONSISTENT.*place 2"):
        calibrate(observe_board(rig, BOARD, poses, NOISE_PX, seed), world="floor:0,1,2")


@pytest.fixture(scope="module")
def shown() -> tuple[CameraRig, BoardObservations]:
    rig = small_rig(0)
    return rig, footage(rig, 0)


def test_a_frame_in_which_the_board_was_held_is_no_floor(shown: tuple[CameraRig, BoardObservations]) -> None:
    # Measured before it was refused: gravity off by 52 deg with a limit of 0.5 deg.
    with pytest.raises(CalibrationError, match=r"BOARD_BELOW_FLOOR: In \d+ of \d+ frames .* not in a hand"):
        calibrate(shown[1], world="floor:7")


def bad_landmarks(rig: CameraRig, fault: str) -> tuple[str, dict]:
    rng = np.random.default_rng([3, 0])
    if fault in ("lying person", "sitting person"):
        at = rng.uniform(-0.5, 0.5, (14, 2)) if fault == "lying person" else rng.uniform(-0.05, 0.05, (14, 2))
        high = 0.7 if fault == "lying person" else 0.03
        places = {f"heel {i}": (*own, high) for i, own in enumerate(at)}
        return "feet", observe_landmarks(rig, places, {name: {"kind": "heel"} for name in places}, NOISE_PX, rng)
    kind = {"mm": "points", "inches": "points", "heights in mm": "feet", "in a line": "lframe"}.get(fault, "plumb")
    table = LANDMARKS[kind](rig, rng)
    for number, point in enumerate(table["point"]):
        if fault in ("mm", "inches"):
            point["world"] = [value * {"mm": 1000, "inches": 1 / 0.0254}[fault] for value in point["world"]]
        elif fault == "heights in mm" and "height" in point:
            point["height"] *= 1000
        elif fault == "in a line":
            point["world"] = [0.2 * number, 0.0, 0.02]
        elif fault == "one camera":
            point["pixels"] = dict(list(point["pixels"].items())[:1])
    return kind, table


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("mm", r"WORLD_SCALE.*look like millimetres"),
        ("inches", r"WORLD_SCALE.*look like inches"),
        ("in a line", r"LANDMARKS_ON_A_LINE.*Place one"),
        ("one camera", r"LANDMARK_NOT_SEEN.*two cameras or more"),
        ("heights in mm", r"LANDMARKS_FORMAT.*height = 30, in metres at most 0.5"),
        ("lying person", r"BOARD_BELOW_FLOOR.*not with a bed"),
        ("sitting person", r"FEET_TOO_NARROW.*walk"),
    ],
)
def test_landmarks_that_make_no_world_are_refused_with_what_to_do(
    shown: tuple[CameraRig, BoardObservations], fault: str, said: str
) -> None:
    rig, observations = shown
    kind, table = bad_landmarks(rig, fault)
    with pytest.raises((CalibrationError, FormatError), match=said):
        calibrate(observations, world=f"{kind}:f.toml", landmarks=parse_landmarks(table, rig.names))


def test_feet_stand_on_the_floor_that_the_board_found() -> None:
    rig = small_rig(0)
    result = calibrate(footage(rig, 0), world="floor:0,1,2")
    places = np.array([[0.1, 0.2, 0.03], [-0.4, 0.3, 0.03], [0.3, -0.3, 0.03]])
    heights = triangulate(result.rig, rig.project(places))[:, 2] - 0.03
    assert abs(check_feet(heights)) < 0.005  # measured below
    lifted = calibrate(footage(rig, 0), world="floor:0,1,2@45mm")
    with pytest.raises(CalibrationError, match=r"FEET_OFF_FLOOR: The feet stand \+4\.\d cm"):
        check_feet(triangulate(lifted.rig, rig.project(places))[:, 2] - 0.03)
