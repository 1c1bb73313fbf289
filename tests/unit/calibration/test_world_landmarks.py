"""Worlds from landmarks: L-frame, survey, wand, plumb line, feet; exact, refused by name, intervals that hold."""

from collections.abc import Callable, Mapping

import numpy as np
import pytest

from calibration.camera import Camera, CameraRig
from calibration.errors import CalibrationError, FormatError, SourceError
from calibration.rigid import apply, from_rotvec, inverse
from calibration.synthetic.landmarks import observe_landmarks
from calibration.synthetic.rigs import ring_rig
from calibration.world import (
    WorldChoice,
    WorldFrame,
    check_feet,
    fit_floor,
    foot_contacts,
    landmark_frame,
    parse_landmarks,
    read_landmarks,
    rig_in_world,
    world_from_metadata,
)
from calibration.world.estimates import estimate_points

NAMES = ("left", "right")
RIG = ring_rig(4, 1)
ROOT = RIG.cameras[0].cam_from_world  # root_from_world of the truth, the first camera's frame being the root
RIG_ROOT = CameraRig(
    tuple(Camera(c.name, c.size, c.matrix, c.distortion, c.cam_from_world @ inverse(ROOT)) for c in RIG)
)
L_FRAME = {"O": (0, 0, 0.02), "long": (0.6, 0, 0.02), "half": (0.3, 0, 0.02), "short": (0, 0.4, 0.02)}
SURVEY = {
    f"P{i}": tuple(place) for i, place in enumerate(np.random.default_rng(5).uniform([-1, -1, 0], [1, 1, 1.5], (6, 3)))
}
Points = Mapping[str, tuple[tuple[float, ...], dict]]


def landmark_table(points: Points, rng: np.random.Generator, sigma: float = 0.0, **top: object) -> dict:
    """Landmarks at world places as the true cameras see them; the dict of each is added to its table."""
    places = {name: place for name, (place, _) in points.items()}
    return observe_landmarks(RIG, places, {name: more for name, (_, more) in points.items()}, sigma, rng, **top)


def known(places: Mapping[str, tuple], moved: Mapping[str, tuple] | None = None, **more: float) -> dict:
    """Points that stand at `moved` and are said to stand at `places`."""
    return {name: ((moved or places)[name], {"world": list(place), **more}) for name, place in places.items()}


def jittered(places: Mapping[str, tuple], rng: np.random.Generator, sd_m: float) -> dict:
    return {name: tuple(np.array(place) + rng.normal(0, sd_m, 3)) for name, place in places.items()}


def uprights(rng: np.random.Generator, n: int, lean_deg: float) -> dict:
    """A point O on the floor and n vertical lines, each leaning at random."""
    points: dict = {"O": ((0.0, 0.0, 0.0), {})}
    for i, (x, y) in enumerate([(0.2, 0.3), (-0.5, 0.4), (0.6, -0.6), (-0.3, -0.5)][:n]):
        lean = np.deg2rad(lean_deg) / np.sqrt(2) * rng.standard_normal(2)
        for h in (0.1, 0.6, 1.1):
            points[f"{i} at {h}"] = ((x + lean[0] * h, y + lean[1] * h, h), {"line": f"line {i}"})
    return points


def steps(rng: np.random.Generator, n: int, scatter_m: float, n_swing: int = 0) -> dict:
    """Heels and toes of n steps, 3 and 2 cm over the floor, and toes in the air."""
    points = {}
    for i in range(n):
        x, y = rng.uniform(-0.8, 0.8, 2)
        for kind, height, ahead in (("heel", 0.03, 0.0), ("toe", 0.02, 0.2)):
            place = (x + ahead, y, height + scatter_m * rng.standard_normal())
            points[f"{kind} {i}"] = (place, {"kind": kind, "height": height})
    for i in range(n_swing):
        points[f"swing {i}"] = ((*rng.uniform(-0.8, 0.8, 2), rng.uniform(0.06, 0.3)), {"kind": "toe"})
    return points


def world_of(kind: str, table: dict) -> WorldFrame:
    return landmark_frame(WorldChoice(kind=kind, file="landmarks.toml"), RIG_ROOT, parse_landmarks(table, RIG.names))


def tilt_deg(frame: WorldFrame) -> float:
    up, true = frame.root_from_world[:3, 2], ROOT[:3, 2]
    return float(np.rad2deg(np.arctan2(np.linalg.norm(np.cross(up, true)), up @ true)))


def test_points_are_as_uncertain_as_they_scatter() -> None:
    places = np.array([[0.0, 0.0, 1.0], [0.5, -0.3, 0.2]])
    rng = np.random.default_rng(0)
    again = np.repeat(places, 400, axis=0)
    found = estimate_points(RIG, RIG.project(again) + 0.5 * rng.standard_normal((4, 800, 2)), 0.5)
    for point in (slice(0, 400), slice(400, 800)):
        scatter, foretold = found.points[point] - again[point], found.alone[point].mean(axis=0)
        seen = scatter.T @ scatter / 400
        assert np.sqrt(np.diag(seen)) == pytest.approx(np.sqrt(np.diag(foretold)), rel=0.12)  # measured 7 %
    # And they follow a camera as a fresh triangulation does.
    step = np.zeros((4, 18))
    step[1, 0], step[2, 13], step[3, 16] = 0.5, 1e-4, 1e-4
    moved = CameraRig(tuple(_stepped(camera, own) for camera, own in zip(RIG, step, strict=True)))
    pixels = RIG.project(places)
    base = estimate_points(RIG, pixels, 0.5)
    shift = estimate_points(moved, pixels, 0.5).points - base.points
    assert np.abs(base.by_camera @ step.ravel() - shift).max() < 0.01 * np.abs(shift).max()


def _stepped(camera: Camera, step: np.ndarray) -> Camera:
    matrix = camera.matrix.copy()
    matrix[0, 0] += step[0]
    pose = from_rotvec(step[12:15], step[15:]) @ camera.cam_from_world
    return Camera(camera.name, camera.size, matrix, camera.distortion, pose)


RNG = np.random.default_rng(0)
EXACT = {
    "lframe": landmark_table(known(L_FRAME), RNG),
    "points": landmark_table(known(SURVEY), RNG),
    "wand": landmark_table(uprights(RNG, 3, 0.0), RNG, origin="O"),
    "plumb": landmark_table(uprights(RNG, 1, 0.0), RNG, origin="O"),
    "feet": landmark_table(steps(RNG, 6, 0.0), RNG),
}


@pytest.mark.parametrize("kind", EXACT)
def test_landmarks_without_noise_give_the_world(kind: str) -> None:
    frame = world_of(kind, EXACT[kind])
    there = inverse(ROOT) @ frame.root_from_world
    assert tilt_deg(frame) < 1e-5  # measured 3e-8
    assert abs(there[2, 3]) < 1e-6
    if kind in ("lframe", "points"):
        assert np.abs(there - np.eye(4)).max() < 1e-6
    if kind in ("wand", "plumb"):
        assert np.abs(there[:3, 3]).max() < 1e-6
        towards = RIG.cameras[0].centre_world[:2]
        assert there[:2, 0] == pytest.approx(towards / np.linalg.norm(towards), abs=1e-6)
    assert world_from_metadata(frame.metadata()).metadata() == frame.metadata()  # type: ignore[union-attr]


NOISY: dict[str, Callable[[np.random.Generator], dict]] = {
    "lframe": lambda rng: landmark_table(known(L_FRAME, jittered(L_FRAME, rng, 5e-4), sd_mm=0.5), rng, 0.5),
    "points": lambda rng: landmark_table(known(SURVEY), rng, 0.5),
    "wand": lambda rng: landmark_table(uprights(rng, 4, 0.5), rng, 0.5, origin="O"),
    "plumb": lambda rng: landmark_table(uprights(rng, 1, 0.0), rng, 0.5, origin="O"),
    "feet": lambda rng: landmark_table(steps(rng, 14, 0.004, 4), rng, 0.5),
}
# Measured over 1000 draws: share within the limit, RMS error in deg.
MEASURED = {"lframe": 0.30, "points": 0.056, "wand": 0.26, "plumb": 0.155, "feet": 0.15}


@pytest.mark.parametrize("kind", NOISY)
@pytest.mark.parametrize(
    ("n", "low", "high"), [(60, 0.86, 1.0), pytest.param(1000, 0.93, 0.97, marks=pytest.mark.heavy)]
)
def test_the_stated_interval_of_gravity_holds_the_truth(kind: str, n: int, low: float, high: float) -> None:
    # 60 draws: fewer than 52 within happens by chance once in 1000 runs.
    frames = [world_of(kind, NOISY[kind](np.random.default_rng([7, seed]))) for seed in range(n)]
    errors = np.array([tilt_deg(frame) for frame in frames])
    held = errors < np.array([frame.gravity_limit_deg for frame in frames])
    assert low <= held.mean() <= high
    assert np.sqrt(np.mean(errors**2)) == pytest.approx(MEASURED[kind], rel=0.3)
    sd = np.sqrt(np.mean([frame.gravity_sd_deg**2 for frame in frames]))
    assert sd == pytest.approx(MEASURED[kind], rel=0.15)


def refuse(kind: str, table: dict, match: str) -> None:
    with pytest.raises(CalibrationError, match=match):
        world_of(kind, table)


def test_an_l_frame_with_its_arms_exchanged_is_named() -> None:
    swapped = {**L_FRAME, "long": L_FRAME["short"], "short": L_FRAME["long"]}
    refuse("lframe", landmark_table(known(L_FRAME, swapped), RNG), r"LANDMARKS_SWAPPED.*'long' is 'short'")


def test_an_l_frame_of_other_lengths_is_refused() -> None:
    bent = {**L_FRAME, "short": (0.15, 0.37, 0.02)}
    refuse("lframe", landmark_table(known(L_FRAME, bent), RNG), r"WORLD_RESIDUAL.*(short|half|long|O)")


def test_a_flat_l_frame_with_a_sign_wrong_ends_below_the_cameras() -> None:
    flipped = {name: (x, -y, z) for name, (x, y, z) in L_FRAME.items()}
    refuse("lframe", landmark_table(known(L_FRAME, flipped), RNG), "FLOOR_MIRRORED: All cameras are below")


def test_left_handed_survey_is_refused() -> None:
    mirrored = {name: (x, -y, z) for name, (x, y, z) in SURVEY.items()}
    refuse("points", landmark_table(known(mirrored, SURVEY), RNG), "WORLD_REFLECTED")


def test_two_surveyed_points_exchanged_are_named() -> None:
    swapped = {**SURVEY, "P1": SURVEY["P4"], "P4": SURVEY["P1"]}
    refuse("points", landmark_table(known(SURVEY, swapped), RNG), r"LANDMARKS_SWAPPED.*'P1' is 'P4'")


def test_a_survey_of_another_size_says_by_how_much() -> None:
    one_percent = {name: tuple(1.01 * np.array(place)) for name, place in SURVEY.items()}
    frame = world_of("points", landmark_table(known(SURVEY, one_percent), RNG))
    assert "scale off by +1.00 %" in frame.notes
    half_more = {name: tuple(1.5 * np.array(place)) for name, place in SURVEY.items()}
    refuse("points", landmark_table(known(SURVEY, half_more), RNG), r"WORLD_SCALE.*\+50\.0 %")


def test_too_few_points_and_points_on_a_line_are_refused() -> None:
    two = {name: SURVEY[name] for name in ("P0", "P1")}
    refuse("points", landmark_table(known(two), RNG), "LANDMARKS_TOO_FEW")
    line = {name: (x, 0.001 * x * x, 0.0) for name, x in (("a", 0.0), ("b", 0.5), ("c", 1.0))}
    refuse("points", landmark_table(known(line), RNG), "LANDMARKS_ON_A_LINE")


def test_a_vertical_without_an_origin_is_refused() -> None:
    refuse("plumb", landmark_table(uprights(RNG, 1, 0.0), RNG), "WORLD_NO_ORIGIN")
    refuse("plumb", landmark_table(uprights(RNG, 1, 0.0), RNG, origin="Q"), "LANDMARK_UNKNOWN")


def test_a_line_listed_from_the_top_is_refused() -> None:
    table = landmark_table(uprights(RNG, 2, 0.0), RNG, origin="O")
    one = [row for row in table["point"] if row.get("line") == "line 0"]
    rest = [row for row in table["point"] if row.get("line") != "line 0"]
    refuse("wand", {**table, "point": [*rest, *one[::-1]]}, "VERTICAL_INCONSISTENT")
    refuse("wand", {**table, "point": table["point"][::-1]}, "FLOOR_MIRRORED")


def test_lines_that_lean_more_than_stated_widen_the_interval() -> None:
    stated = world_of("wand", landmark_table(uprights(np.random.default_rng(1), 4, 2.0), RNG, 0.5, origin="O"))
    assert "more than stated" in stated.notes
    assert stated.gravity_sd_deg > 0.45  # measured 0.52; half a degree each would be 0.26


def test_a_landmark_at_a_height_puts_the_origin_below_it() -> None:
    points = uprights(RNG, 1, 0.0)
    points["hook"] = ((0.3, -0.2, 0.8), {"height": 0.8})
    points["aim"] = ((0.3, 0.5, 1.2), {})
    frame = world_of("plumb", landmark_table(points, RNG, origin="hook", heading="aim"))
    there = inverse(ROOT) @ frame.root_from_world
    assert there[:3, 3] == pytest.approx([0.3, -0.2, 0.0], abs=1e-6)
    assert there[:3, 0] == pytest.approx([0.0, 1.0, 0.0], abs=1e-6)


def test_a_wrong_pixel_is_named() -> None:
    table = landmark_table(known(SURVEY), RNG)
    table["point"][2]["pixels"]["cam_1"][0] += 80.0
    refuse("points", table, r"LANDMARK_PIXELS.*'P2'.*cam_\d")
    del table["point"][3]["pixels"]["cam_0"], table["point"][3]["pixels"]["cam_1"], table["point"][3]["pixels"]["cam_2"]
    refuse("points", table, r"LANDMARK_NOT_SEEN.*P3 \(1 cameras\)")


def test_feet_on_one_line_do_not_make_a_floor() -> None:
    points = {f"heel {i}": ((0.2 * i, 0.01 * (i % 2), 0.0), {"kind": "heel"}) for i in range(8)}
    refuse("feet", landmark_table(points, RNG), "FEET_TOO_NARROW")
    few = dict(list(points.items())[:4])
    refuse("feet", landmark_table(few, RNG), "FEET_TOO_FEW")


def test_swinging_feet_do_not_lift_the_floor() -> None:
    rng = np.random.default_rng(3)
    floor = np.column_stack([rng.uniform(-1, 1, (30, 2)), 0.003 * rng.standard_normal(30)])
    swing = np.column_stack([rng.uniform(-1, 1, (25, 2)), rng.uniform(0.05, 0.3, 25)])
    cameras = np.array([[3.0, 0, 2], [-3, 0, 2.0]])
    plane = fit_floor(np.concatenate([floor, swing]), np.zeros(55, dtype=int), cameras)
    assert plane.kept[:30].sum() >= 28 and plane.kept[30:].sum() <= 1
    assert abs(plane.point[2]) < 0.002  # measured 0.2 mm
    assert np.rad2deg(np.arccos(plane.up[2])) < 0.3  # measured 0.04


def test_contacts_are_where_feet_stand_still() -> None:
    rate, rng = 100.0, np.random.default_rng(4)
    time = np.arange(400) / rate
    stride = np.clip((time % 1.0 - 0.6) / 0.4, 0.0, 1.0)  # stands 0.6 s, swings 0.4 s
    smooth = stride * stride * (3 - 2 * stride)
    track = np.stack([np.floor(time) + smooth, 0 * time, 0.1 * np.sin(np.pi * stride)], axis=1)
    contacts, key = foot_contacts(track[:, None] + 0.001 * rng.standard_normal((400, 1, 3)), rate)
    assert len(contacts) == 4 and not key.any()
    assert np.abs(contacts - [[0, 0, 0], [1, 0, 0], [2, 0, 0], [3, 0, 0]]).max() < 0.005  # measured 0.7 mm


def test_feet_off_the_floor_are_told() -> None:
    assert check_feet(np.array([0.01, 0.012, np.nan, 0.2])) == pytest.approx(0.012)
    with pytest.raises(CalibrationError, match=r"FEET_OFF_FLOOR: The feet stand -50\.0 cm"):
        check_feet(np.full(5, -0.5))


def test_a_rig_moves_into_its_world_and_tells_of_it() -> None:
    frame = world_of("points", landmark_table(known(SURVEY), RNG))
    moved = rig_in_world(RIG_ROOT, frame)
    for camera, true in zip(moved, RIG, strict=True):
        assert np.abs(camera.cam_from_world - true.cam_from_world).max() < 1e-6
    assert moved.gravity_known and moved.metadata["gravity"] == "surveyed points"
    assert moved.metadata["world"] == "points:landmarks.toml"
    back = world_from_metadata(moved.metadata)
    assert back is not None and back.gravity_limit_deg == pytest.approx(frame.gravity_limit_deg)
    assert world_from_metadata({"world": "synthetic"}) is None
    with pytest.raises(FormatError, match="WORLD_FORMAT"):
        world_from_metadata({**moved.metadata, "world_version": 9})
    with pytest.raises(FormatError, match="WORLD_FORMAT"):
        world_from_metadata({**moved.metadata, "world_root_from_world": "1 0 0"})


def test_positions_stand_in_for_pixels_on_a_calibrated_rig() -> None:
    rows = [
        {"name": name, "world": list(place), "position": apply(ROOT, np.array(place)).tolist(), "position_sd_mm": 1.0}
        for name, place in SURVEY.items()
    ]
    frame = world_of("points", {"point": rows})
    assert np.abs(inverse(ROOT) @ frame.root_from_world - np.eye(4)).max() < 1e-9
    assert "cameras count as known" in frame.notes


def test_landmark_files(tmp_path) -> None:
    path = tmp_path / "l.toml"
    path.write_text(
        'sigma_px = 0.5\n[[point]]\nname = "O"\nworld = [0, 0, 0.02]\n[point.pixels]\nleft = [1.5, 2.5]\n', "utf-8"
    )
    found = read_landmarks(path, NAMES)
    assert found.names == ("O",) and found.pixels[0, 0].tolist() == [1.5, 2.5] and np.isnan(found.pixels[1, 0]).all()
    with pytest.raises(SourceError, match="LANDMARKS_MISSING"):
        read_landmarks(tmp_path / "none.toml", NAMES)
    for wrong, said in [
        ("x = ", "is not TOML"),
        ("sigma_px = 1", "no \\[\\[point\\]\\]"),
        ('[[point]]\nname="a"\nworld=[1, 2]', "world of point 'a'"),
        ('[[point]]\nname="a"\n[point.pixels]\ntop=[1, 2]', "camera 'top'"),
        ('[[point]]\nname="a"\nwrold=[1, 2, 3]', "wrold"),
        ('[[point]]\nname="a"\nsd_mm=-1', "sd_mm = -1"),
        ('[[point]]\nname="a"\n[[point]]\nname="a"', "doubled"),
        ("sigma_px = 0\n[[point]]", "sigma_px = 0"),
    ]:
        path.write_text(wrong, "utf-8")
        with pytest.raises(FormatError, match=f"LANDMARKS_FORMAT.*{said}"):
            read_landmarks(path, NAMES)
